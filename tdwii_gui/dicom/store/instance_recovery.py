"""Files and index of an instance store, brought to agree after a process was killed.

A file is in its place before its row is committed. So what a killed process leaves behind is a
temporary file, a whole file without a row, or a file that was replaced and has the row of the
former one. Each process has a mark while it has the store open; where one of a dead process is
found, the names of all files are compared with the index.
"""

from __future__ import annotations

import logging
import os
import secrets
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from tdwii_gui.dicom.durable import TEMPORARY_SUFFIX
from tdwii_gui.dicom.store import instance_tables as tables
from tdwii_gui.dicom.store.arriving_instance import writing_process
from tdwii_gui.dicom.store.database import read
from tdwii_gui.dicom.store.process_lock import ProcessLock, is_held
from tdwii_gui.dicom.store.reindex import rebuild

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from sqlalchemy import Engine

LOGGER = logging.getLogger(__name__)

_MARKS: Final = "processes"
_SECONDS: Final = 0.01
"""File systems round the times of files."""


class ProcessMark:
    """Says that a process has the store open; it is removed at an orderly end.

    Marks are made and looked at in a write transaction of the index, one process at a time.

    Attributes
    ----------
    name : str
        Names the process; no other has it.
    """

    def __init__(self, folder: Path) -> None:
        marks = folder / _MARKS
        marks.mkdir(mode=0o700, exist_ok=True)
        self.name = secrets.token_hex(8)
        self._path = marks / self.name
        self._lock = ProcessLock(self._path)

    def remove(self) -> None:
        """Remove it: the process leaves the store in order."""
        self._lock.release()
        with suppress(OSError):
            self._path.unlink(missing_ok=True)


def dead_marks(folder: Path) -> list[Path]:
    """Return the marks of processes that are no more."""
    return [mark for mark in (folder / _MARKS).glob("*") if not is_held(mark)]


def living_processes(folder: Path) -> set[str]:
    """Return the names of the processes that have the store open."""
    return {mark.name for mark in (folder / _MARKS).glob("*") if is_held(mark)}


def recover(engine: Engine, objects: Path, living: Collection[str]) -> None:
    """Bring files and index to agree.

    Parameters
    ----------
    objects : Path
        The folder of the files.
    living : Collection[str]
        The processes whose temporary files stay.

    Raises
    ------
    StoreError
        If the index cannot be used.
    """
    files: dict[str, os.stat_result] = {}
    for path in _all_files(objects):
        if path.name.endswith(TEMPORARY_SUFFIX) and path.name.startswith("."):
            if writing_process(path.name) not in living:
                path.unlink(missing_ok=True)
        elif path.suffix == ".dcm":
            with suppress(FileNotFoundError):
                files[path.relative_to(objects).as_posix()] = path.stat()
    result = rebuild(engine, objects, names=sorted(_not_as_indexed(engine, files)))
    LOGGER.warning(
        "%s: was not left in order: %d files were put into the index, %d rows were removed",
        objects,
        result.indexed,
        result.removed,
    )


def _all_files(objects: Path) -> Iterator[Path]:
    for folder, _, names in os.walk(objects):
        for name in names:
            yield Path(folder, name)


def _not_as_indexed(engine: Engine, files: dict[str, os.stat_result]) -> set[str]:
    """Return the files without a row, and those that are younger than their row."""
    table = tables.INSTANCES.c
    wanted = set(files)
    with read(engine) as connection:
        for name, size, received in connection.execute(
            select(table.file_name, table.size, table.received)
        ):
            found = files.get(name)
            if found is None:
                continue
            written = datetime.fromisoformat(received).timestamp() + _SECONDS
            if found.st_size == size and found.st_mtime <= written:
                wanted.discard(name)
    return wanted
