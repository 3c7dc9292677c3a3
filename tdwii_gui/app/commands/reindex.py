"""`tdwii ost --reindex`: rebuild the index of the archive from its files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tdwii_gui.app.console import complain, say
from tdwii_gui.dicom.store.reindex import reindex

if TYPE_CHECKING:
    from pathlib import Path

_STEPS: Final = 10


def run_reindex(folder: Path) -> int:
    """Rebuild the index of the archive in a folder, and say what it did; 1 if a file failed.

    The archive may be in use.

    Raises
    ------
    StoreError
        If the index cannot be used.
    """
    told = 0

    def tell(done: int, total: int) -> None:
        nonlocal told
        step = _STEPS * done // total if total else 0
        if step > told:
            told = step
            say(f"{done} of {total} files")

    result = reindex(folder, tell)
    for path, reason in result.failed:
        complain(f"{path}: {reason}")
    say(
        f"{folder}: {result.indexed} objects indexed, {result.removed} rows without a readable "
        f"file removed, {len(result.failed)} files not usable"
    )
    return 1 if result.failed else 0
