"""Files that are whole after a crash: written beside their place, flushed, then renamed."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Final

TEMPORARY_SUFFIX: Final = ".part"
"""Ending of the names of files that are not yet in their place; they begin with a dot."""


def write_temporary(folder: Path, data: bytes) -> Path:
    """Write a file under a temporary name, on the disk and readable by its owner alone.

    Renaming it, and then `sync_folder`, puts it in its place; both have to be in one folder.

    Raises
    ------
    OSError
        If it cannot be written; nothing is left then.
    """
    descriptor, name = tempfile.mkstemp(dir=folder, prefix=".", suffix=TEMPORARY_SUFFIX)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk; only POSIX systems need and know that."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
