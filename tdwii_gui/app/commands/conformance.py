"""`tdwii conformance`: the DICOM conformance and IHE integration statements of this suite."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tdwii_gui.app.conformance.integration import integration_statement
from tdwii_gui.app.conformance.statement import conformance_statement
from tdwii_gui.app.console import say
from tdwii_gui.app.options import add_common_options

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping

DOCUMENTS: Final[Mapping[str, Callable[[], str]]] = {
    "conformance_statement.md": conformance_statement,
    "ihe_integration_statement.md": integration_statement,
}
"""File names, and what makes the texts."""


def add_arguments(parser: argparse.ArgumentParser, _command: str) -> None:
    """Add the options."""
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="write the documents to a folder, not to the screen"
    )
    add_common_options(parser)


def run(options: argparse.Namespace) -> int:
    """Print or write the documents."""
    if options.out is None:
        for make in DOCUMENTS.values():
            sys.stdout.write(make())
        return 0
    options.out.mkdir(parents=True, exist_ok=True)
    for name, make in DOCUMENTS.items():
        path = options.out / name
        path.write_text(make(), encoding="utf-8", newline="\n")
        say(str(path))
    return 0
