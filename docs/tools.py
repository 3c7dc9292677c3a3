"""Writes the outputs in `docs/tools.md` anew: runs its commands on Orthanc, with the real data.

Start it from the project's folder: ``PYTHONPATH=. python docs/tools.py``.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.conftest import SHARED_DATA
from tests.interop.test_tools_document import DOCUMENT, tools_console


def main() -> int:
    """Run the commands of the document and write it."""
    if not SHARED_DATA.is_dir():
        sys.stderr.write(f"real test data are not here: {SHARED_DATA}\n")
        return 1
    with (
        tempfile.TemporaryDirectory(prefix="tdwii-tools-") as folder,
        tools_console(Path(folder), SHARED_DATA) as console,
    ):
        text = console.played(DOCUMENT.read_text(encoding="utf-8"))
    DOCUMENT.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
