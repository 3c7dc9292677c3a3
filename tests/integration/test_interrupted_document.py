"""`docs/interrupted_fraction.md` shows what happens: its commands are run on four processes."""

from __future__ import annotations

import re
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tdwii_gui.config.resources import resource_path
from tests.command_line import CommandLine
from tests.interop.console_document import ConsoleDocument

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "interrupted_fraction.md"

# What stands in columns keeps its place: UIDs differ in length, and masks from what they mask.
_COLUMNS: Final = (
    (r"(?m)^UPS {3,}", "UPS".ljust(17)),
    (r"(?m)^(2\.25\.1234567890) {2,}", r"\1  "),
    (r"(2026-11-21 10:30:00) {2,}(?=DEMO)", r"\1     "),
    (r"(?<!\d)20\d\d-\d\d-\d\d(?!\d|T| \d\d:)", "2026-11-21"),
    (r"(2026-11-21 10:30:00) +(?=2026-11-21 )", r"\1     "),
    (r"(\d{4}H) +\d+\.\d  ", r"\1       7.0  "),
)


@contextmanager
def fraction_console(folder: Path) -> Iterator[ConsoleDocument]:
    """Yield a console with the demo patient below the folder; its servers end with it."""
    with CommandLine(folder) as tdwii:
        (folder / "demo_patient").symlink_to(resource_path("demo_patient"))
        yield ConsoleDocument(tdwii, folder)


def played(console: ConsoleDocument, text: str) -> str:
    """Return the document with the outputs of its commands as they are now."""
    shown = console.played(text)
    for pattern, instead in _COLUMNS:
        shown = re.sub(pattern, instead, shown)
    # How often progress is told depends on how long a beam takes.
    once = (line for line, _alike in groupby(shown.splitlines()))
    return "\n".join(once) + "\n"


def test_the_document_shows_what_happens(tmp_path: Path) -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    with fraction_console(tmp_path) as console:
        assert played(console, text).splitlines() == text.splitlines(), (
            "PYTHONPATH=. python docs/interrupted_fraction.py writes it anew"
        )
