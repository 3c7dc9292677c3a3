"""Writes the outputs in `docs/interrupted_fraction.md` anew: runs its commands on four processes.

Start it from the project's folder: ``PYTHONPATH=. python docs/interrupted_fraction.py``.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.integration.test_interrupted_document import DOCUMENT, fraction_console, played


def main() -> int:
    """Run the commands of the document and write it."""
    with (
        tempfile.TemporaryDirectory(prefix="tdwii-fraction-") as folder,
        fraction_console(Path(folder)) as console,
    ):
        text = played(console, DOCUMENT.read_text(encoding="utf-8"))
    DOCUMENT.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
