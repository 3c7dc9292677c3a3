"""The index of an instance store, rebuilt from its files alone.

Files without rows are adopted, rows without readable files are removed, and all that a row says of
a file is read from it again; when an instance came and from whom stays as it was noted, where it
was. Stores may go on meanwhile, in this process and in others: what is written of a file is
written in a transaction that excludes them, and only if the file is still the one that was read.
"""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import bindparam, delete, select, update

from tdwii_gui.dicom.errors import DimseStatusError
from tdwii_gui.dicom.status import Status
from tdwii_gui.dicom.store import instance_tables as tables
from tdwii_gui.dicom.store.database import open_database, read, write
from tdwii_gui.dicom.store.instance_content import Content, is_file_of, read_content

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from sqlalchemy import Connection, Engine, Row

LOGGER = logging.getLogger(__name__)

INDEX_FILE: Final = "instances.sqlite"
OBJECTS_FOLDER: Final = "objects"

_FILES_AT_ONCE: Final = 64
_ROWS_AT_ONCE: Final = 1000
_READERS: Final = 2
_LATEST: Final = "9"

_UID: Final = "uid"
_NOTED: Final = select(
    tables.INSTANCES.c.file_name, tables.INSTANCES.c.received, tables.INSTANCES.c.source_ae
).where(tables.INSTANCES.c.sop_instance_uid == bindparam(_UID))


@dataclass(frozen=True, slots=True)
class ReindexResult:
    """What became of an index.

    Parameters
    ----------
    indexed : int
        How many files are in it now.
    removed : int
        How many rows were removed, as their files are gone or cannot be read.
    failed : tuple[tuple[Path, str], ...]
        The files that cannot be read, with the reasons; they stay where they are.
    canceled : bool
        Whether it was ended early; what was not looked at is as before.
    """

    indexed: int
    removed: int
    failed: tuple[tuple[Path, str], ...]
    canceled: bool = False


def no_progress(_done: int, _total: int) -> None:
    """Take no notice of how far it is."""


def never() -> bool:
    """Return that it is not canceled."""
    return False


def reindex(
    folder: Path,
    on_progress: Callable[[int, int], None] = no_progress,
    canceled: Callable[[], bool] = never,
) -> ReindexResult:
    """Rebuild the index of the instance store in a folder.

    Parameters
    ----------
    on_progress : Callable[[int, int], None]
        Is called with how many files are done, and of how many.
    canceled : Callable[[], bool]
        Whether to end early; is asked every few files.

    Raises
    ------
    StoreError
        If the index cannot be used.
    """
    engine = open_database(folder / INDEX_FILE, derived=True)
    try:
        with write(engine) as connection:
            tables.prepare(connection)
        return rebuild(engine, folder / OBJECTS_FOLDER, on_progress, canceled)
    finally:
        engine.dispose()


def rebuild(
    engine: Engine,
    objects: Path,
    on_progress: Callable[[int, int], None] = no_progress,
    canceled: Callable[[], bool] = never,
    *,
    names: Sequence[str] | None = None,
) -> ReindexResult:
    """Rebuild an index that is open; see `reindex`.

    Parameters
    ----------
    objects : Path
        The folder of the files.
    names : Sequence[str] or None
        The files to read, relative to that folder, where the rows of the others are right.
    """
    run = _Run(engine, objects)
    is_whole = names is None
    names = sorted(_names(objects)) if names is None else names
    on_progress(0, len(names))
    with ThreadPoolExecutor(_READERS, thread_name_prefix="reindex") as readers:
        for start in range(0, len(names), _FILES_AT_ONCE):
            if canceled():
                return run.result(canceled=True)
            part = names[start : start + _FILES_AT_ONCE]
            run.put(list(readers.map(run.read, part)))
            on_progress(start + len(part), len(names))
    run.remove_rows_without_files()
    if is_whole:
        with write(engine) as connection:
            tables.mark_complete(connection)
    return run.result()


class _Read(NamedTuple):
    """A file as it was read: what the index keeps of it, or why there is nothing."""

    name: str
    stamp: tuple[int, ...] | None
    content: Content | None
    reason: str = ""


@dataclass(slots=True)
class _Run:
    engine: Engine
    objects: Path
    indexed: int = 0
    removed: int = 0
    failed: dict[str, _Read] = field(default_factory=dict)
    first_received: dict[str, str] = field(default_factory=dict)

    def result(self, *, canceled: bool = False) -> ReindexResult:
        failed = tuple((self.objects / name, one.reason) for name, one in self.failed.items())
        return ReindexResult(self.indexed, self.removed, failed, canceled)

    def read(self, name: str) -> _Read:
        """Read a file; on one of several threads."""
        path = self.objects / name
        stamp = _stamp(path)
        try:
            content = read_content(path.read_bytes(), "")
        except OSError as error:
            return _Read(name, stamp, None, f"cannot be read: {error.strerror}")
        except DimseStatusError as error:
            return _Read(name, stamp, None, error.comment)
        if not is_file_of(name, content.uid):
            return _Read(name, stamp, None, "is not under the name of its SOP Instance UID")
        return _Read(name, stamp, content)

    def put(self, files: Sequence[_Read]) -> None:
        """Write the rows of some files."""
        with write(self.engine) as connection:
            for one in files:
                if one.stamp is None or _stamp(self.objects / one.name) != one.stamp:
                    continue  # it was replaced or removed meanwhile, and its row with it
                if one.content is None:
                    self._fail(one)
                    continue
                try:
                    self._write(connection, one.name, one.content)
                except DimseStatusError as error:
                    self._fail(one._replace(reason=error.comment))
                else:
                    self.indexed += 1

    def remove_rows_without_files(self) -> None:
        """Remove the rows whose files are gone, or could not be read."""
        for rows in self._pages_of_rows():
            if not any(self._is_gone(row.file_name) for row in rows):
                continue
            with write(self.engine) as connection:
                gone = [row for row in rows if self._is_gone(row.file_name)]
                for row in gone:
                    this = tables.INSTANCES.c.sop_instance_uid == row.sop_instance_uid
                    connection.execute(delete(tables.INSTANCES).where(this))
                tables.remove_empty(connection, {row.series_instance_uid for row in gone})
                self.removed += len(gone)

    def _is_gone(self, name: str) -> bool:
        stamp = _stamp(self.objects / name)
        return stamp is None or (name in self.failed and self.failed[name].stamp == stamp)

    def _pages_of_rows(self) -> Iterator[Sequence[Row[Any, Any, Any]]]:
        uid = tables.INSTANCES.c.sop_instance_uid
        columns = (uid, tables.INSTANCES.c.series_instance_uid, tables.INSTANCES.c.file_name)
        last = ""
        while True:
            query = select(*columns).where(uid > last).order_by(uid).limit(_ROWS_AT_ONCE)
            with read(self.engine) as connection:
                rows = connection.execute(query).all()
            if not rows:
                return
            last = rows[-1].sop_instance_uid
            yield rows

    def _write(self, connection: Connection, name: str, content: Content) -> None:
        """Write the row of a file; what is not in the file is taken from the row before."""
        known = connection.execute(_NOTED, {_UID: content.uid}).first()
        if known is None:
            when = datetime.fromtimestamp((self.objects / name).stat().st_mtime, UTC)
            noted = {"received": when.isoformat(timespec="microseconds")}
        else:
            if known.file_name != name and (self.objects / known.file_name).is_file():
                raise DimseStatusError(Status.DUPLICATE_SOP_INSTANCE, "is there twice")
            noted = {"received": known.received, "source_ae": known.source_ae}
        values = {**content.entry.instance, **noted, "file_name": name}
        tables.write_entry(connection, replace(content.entry, instance=values))
        self._refresh(connection, content.entry, noted["received"])

    def _refresh(self, connection: Connection, entry: tables.Entry, received: str) -> None:
        """Write study and series anew as the instance has them that came first."""
        study_uid = entry.study["study_instance_uid"]
        if received < self.first_received.get(study_uid, _LATEST):
            self.first_received[study_uid] = received
            key = tables.name_key(entry.study["patient_name"])
            connection.execute(
                update(tables.STUDIES)
                .where(tables.STUDIES.c.study_instance_uid == study_uid)
                .values(**entry.study, patient_name_key=key)
            )
        series_uid = entry.series["series_instance_uid"]
        if received < self.first_received.get(series_uid, _LATEST):
            self.first_received[series_uid] = received
            connection.execute(
                update(tables.SERIES)
                .where(tables.SERIES.c.series_instance_uid == series_uid)
                .values(**entry.series)
            )

    def _fail(self, one: _Read) -> None:
        LOGGER.warning("%s: %s", self.objects / one.name, one.reason)
        self.failed[one.name] = one


def _names(objects: Path) -> Iterator[str]:
    """Yield the files of a store, relative to their folder; not those that are being written."""
    for path in objects.rglob("*.dcm"):
        if not path.name.startswith("."):
            yield path.relative_to(objects).as_posix()


def _stamp(path: Path) -> tuple[int, ...] | None:
    """Return what changes when a file is replaced; None if there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
