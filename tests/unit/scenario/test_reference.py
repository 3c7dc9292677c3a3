"""The reference of scenarios in `docs/`."""

from __future__ import annotations

from pathlib import Path

from tdwii_gui.scenario.library import shipped
from tdwii_gui.scenario.reference import scenario_reference

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "scenarios.md"


def test_the_reference_is_up_to_date() -> None:
    """`tdwii run --list --markdown > docs/scenarios.md` writes it anew."""
    assert DOCUMENT.read_text(encoding="utf-8") == scenario_reference(shipped())
