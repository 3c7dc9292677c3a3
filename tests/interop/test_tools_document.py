"""`docs/tools.md` shows what the tools do: its commands are run on Orthanc, with real data."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.command_line import CommandLine, free_ports
from tests.interop.console_document import ConsoleDocument
from tests.interop.peers import orthanc

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.interop

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "tools.md"


@contextmanager
def tools_console(folder: Path, data: Path) -> Iterator[ConsoleDocument]:
    """Run Orthanc, and yield a console with the real data below the folder as `cases`."""
    with CommandLine(folder) as tdwii:
        tdwii.add_entity("TDWII", free_ports(1)[0])
        with orthanc(tdwii.ports) as archive:
            tdwii.add_entity("ORTHANC", archive.port)
            (folder / "cases").symlink_to(data)
            yield ConsoleDocument(tdwii, folder)


def test_the_document_shows_what_the_tools_do(tmp_path: Path, shared_data: Path) -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    with tools_console(tmp_path, shared_data) as console:
        assert console.played(text).splitlines() == text.splitlines(), (
            "python docs/tools.py writes it anew"
        )
