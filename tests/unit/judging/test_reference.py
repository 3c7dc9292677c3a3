"""The page of what is judged in `docs/`."""

from __future__ import annotations

from pathlib import Path

from tdwii_gui.judging.reference import requirements_reference

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "judging.md"


def test_the_reference_is_up_to_date() -> None:
    """`tdwii judge --markdown > docs/judging.md` writes it anew."""
    assert DOCUMENT.read_text(encoding="utf-8") == requirements_reference()
