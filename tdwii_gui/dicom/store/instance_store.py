"""Composite instances as Part 10 files in a folder, with their index beside them.

An instance counts as stored when its file is on disk under its final name and its row is
committed, in this order; only then `InstanceStore.add` or `keep` returns. Names on disk are
digests: nothing that a peer sends reaches a path.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import bindparam, delete, select

from tdwii_gui.dicom.errors import DimseStatusError, StoreError
from tdwii_gui.dicom.iod.file_meta import encode_file_meta
from tdwii_gui.dicom.iod.part10 import encode_part10, read_part10
from tdwii_gui.dicom.status import Status
from tdwii_gui.dicom.store import instance_index as index
from tdwii_gui.dicom.store import instance_tables as tables
from tdwii_gui.dicom.store.arriving_instance import ArrivingInstance
from tdwii_gui.dicom.store.database import open_database, read, write
from tdwii_gui.dicom.store.instance_content import Content, file_name, read_content
from tdwii_gui.dicom.store.instance_files import (
    Placement,
    make_private,
    same_content,
    unlink,
)
from tdwii_gui.dicom.store.instance_query import InstanceQuery
from tdwii_gui.dicom.store.instance_recovery import (
    ProcessMark,
    dead_marks,
    living_processes,
    recover,
)
from tdwii_gui.dicom.store.instance_summary import InstanceSummary, summaries
from tdwii_gui.dicom.store.reindex import (
    INDEX_FILE,
    OBJECTS_FOLDER,
    ReindexResult,
    never,
    no_progress,
    rebuild,
)
from tdwii_gui.dicom.store.text_conditions import any_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from pydicom.dataset import Dataset, FileDataset
    from sqlalchemy import Connection

    from tdwii_gui.dicom.store.instance_answer import InstanceAnswer

_KNOWN: Final = (
    select(tables.INSTANCES, tables.SERIES.c.study_instance_uid)
    .join_from(tables.INSTANCES, tables.SERIES)
    .where(tables.INSTANCES.c.sop_instance_uid == bindparam("uid"))
)


class Conflict(StrEnum):
    """What happens to an instance whose UID is already stored with another content."""

    REFUSE = "refuse"
    REPLACE = "replace"


@dataclass(frozen=True, slots=True)
class StoredInstance:
    """A stored instance.

    Parameters
    ----------
    path : Path
        Its Part 10 file.
    size : int
        Bytes of the file.
    digest : str
        SHA-256 of the encoded data set, without the file meta information.
    source_ae : str
        The AE title that sent it; empty if it came from a file.
    """

    sop_instance_uid: str
    sop_class_uid: str
    transfer_syntax_uid: str
    study_instance_uid: str
    series_instance_uid: str
    path: Path
    size: int
    digest: str
    received: datetime
    source_ae: str


@dataclass(frozen=True, slots=True)
class AddOutcome:
    """What became of an instance: added, replaced, or (neither) already there."""

    instance: StoredInstance
    added: bool
    replaced: bool


class InstanceStore:
    """A folder of composite instances.

    Safe to use from several threads, and from several processes on one folder: the index decides,
    and its write transactions exclude each other.

    Parameters
    ----------
    folder : Path
        Is created, readable by its owner alone. An index that is missing or of an older version
        is rebuilt from the files, which takes a while.
    on_conflict : Conflict
        What happens to other content under a known SOP Instance UID.

    Raises
    ------
    StoreError
        If the folder or its index cannot be used.
    """

    def __init__(self, folder: Path, *, on_conflict: Conflict = Conflict.REFUSE) -> None:
        self.folder = folder
        self.on_conflict = on_conflict
        self._objects = folder / OBJECTS_FOLDER
        self._mark: ProcessMark | None = None
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            make_private(self._objects)
            self._engine = open_database(folder / INDEX_FILE, derived=True)
            try:
                self._open()
            except (OSError, StoreError):
                self.close()
                raise
        except OSError as error:
            raise StoreError(f"{folder}: cannot be used: {error.strerror}") from error

    def _open(self) -> None:
        with write(self._engine) as connection:
            is_outdated = tables.prepare(connection)
            self._mark = ProcessMark(self.folder)
            dead, living = dead_marks(self.folder), living_processes(self.folder)
        if dead:
            recover(self._engine, self._objects, living)
        if is_outdated:
            self.reindex()
        for mark in dead:
            mark.unlink(missing_ok=True)

    def reindex(
        self,
        on_progress: Callable[[int, int], None] = no_progress,
        canceled: Callable[[], bool] = never,
    ) -> ReindexResult:
        """Rebuild the index from the files; see `reindex.reindex`.

        Raises
        ------
        StoreError
            If the index cannot be used.
        """
        return rebuild(self._engine, self._objects, on_progress, canceled)

    def close(self) -> None:
        """Close the index; the store is not to be used any more."""
        self._engine.dispose()
        mark, self._mark = self._mark, None
        if mark is not None:
            mark.remove()

    def add(self, part10: bytes, source_ae: str = "") -> AddOutcome:
        """Store the bytes of a DICOM file, as they are.

        Raises
        ------
        DimseStatusError
            C000 if it cannot be decoded, A900 if a UID is missing or no UID, 0111 if another
            content is stored under its UID (and is not to be replaced), A700 if it cannot be
            written.
        """
        content = read_content(part10, source_ae)
        with _as_out_of_resources(), self._arriving(content.uid, source_ae) as arriving:
            arriving.begin(part10)
            return self._commit(arriving, content)

    def receive(
        self,
        sop_class_uid: str,
        sop_instance_uid: str,
        transfer_syntax_uid: str,
        source_ae: str = "",
    ) -> ArrivingInstance:
        """Begin to store an instance whose data set is about to come; `keep` or discard it then.

        Nothing is checked before it is to be kept.
        """
        arriving = self._arriving(sop_instance_uid, source_ae)
        arriving.begin(
            encode_file_meta(sop_class_uid, sop_instance_uid, transfer_syntax_uid, source_ae)
        )
        return arriving

    def keep(self, arriving: ArrivingInstance) -> AddOutcome:
        """Store an instance that has arrived; see `add`.

        Its temporary file stays if that fails, until it is discarded.
        """
        known = self.get(arriving.uid) if not arriving.is_whole else None
        if known is not None and known.digest == arriving.digest and known.path.is_file():
            outcome = AddOutcome(known, added=False, replaced=False)  # it need not be written
        else:
            with _as_out_of_resources():
                outcome = self._commit(arriving, arriving.content())
        arriving.discard()
        return outcome

    def add_dataset(self, dataset: Dataset, source_ae: str = "") -> AddOutcome:
        """Store a data set; see `add`."""
        return self.add(encode_part10(dataset), source_ae)

    def add_file(self, path: Path) -> AddOutcome:
        """Store a copy of a DICOM file, which may lack its file meta information; see `add`.

        Raises
        ------
        DatasetError
            If it is no usable DICOM file.
        """
        return self.add_dataset(read_part10(path))

    def get(self, sop_instance_uid: str) -> StoredInstance | None:
        """Return a stored instance, or None."""
        this = tables.INSTANCES.c.sop_instance_uid == sop_instance_uid
        with read(self._engine) as connection:
            return next(map(self._stored, index.instance_rows(connection, this)), None)

    def read(self, sop_instance_uid: str) -> FileDataset:
        """Return the data set of a stored instance.

        Raises
        ------
        StoreError
            If it is not stored.
        DatasetError
            If its file is no longer readable.
        """
        instance = self.get(sop_instance_uid)
        if instance is None:
            raise StoreError(f"{self.folder}: holds no instance {sop_instance_uid}")
        return read_part10(instance.path)

    def instances(self) -> list[StoredInstance]:
        """Return all instances in order of their reception."""
        with read(self._engine) as connection:
            return [self._stored(row) for row in index.instance_rows(connection)]

    def summaries(self, uids: Iterable[str] | None = None) -> list[InstanceSummary]:
        """Return instances with what they belong to, these or all, in order of reception."""
        with read(self._engine) as connection:
            return list(summaries(connection, uids))

    def count(self) -> int:
        """Return how many instances there are."""
        with read(self._engine) as connection:
            return index.count_instances(connection)

    def present(self, uids: Iterable[str]) -> set[str]:
        """Return those of the SOP Instance UIDs that are stored."""
        with read(self._engine) as connection:
            return index.present_uids(connection, uids)

    def find(self, identifier: Dataset, root: index.Root) -> Iterator[Dataset]:
        """Return the matches of a C-FIND identifier (PS3.4 C.4.1).

        Raises
        ------
        DimseStatusError
            A900 if the level or a key is not usable; at once, not at the first match.
        """
        found = self.search(InstanceQuery(identifier, root))
        return (answer.dataset() for answer in found if answer is not None)

    def search(self, query: InstanceQuery) -> Iterator[InstanceAnswer | None]:
        """Yield the matches of a query; see `InstanceQuery.run`."""
        return query.run(self._engine, self._objects)

    def select(self, identifier: Dataset, root: index.Root) -> list[StoredInstance]:
        """Return the instances that a C-MOVE or C-GET identifier asks for (PS3.4 C.4.2.1.4.1).

        Raises
        ------
        DimseStatusError
            A900 if the level or its unique key is missing or not usable.
        """
        conditions = index.retrieve_conditions(identifier, root)
        with read(self._engine) as connection:
            return [self._stored(row) for row in index.selected_rows(connection, conditions)]

    def remove(self, sop_instance_uids: Iterable[str]) -> list[str]:
        """Remove instances; return the SOP Instance UIDs of those that were here.

        Raises
        ------
        StoreError
            If the index cannot be written, or a file cannot be removed.
        """
        rows, files = tables.INSTANCES.c, []
        removed: list[str] = []
        with write(self._engine) as connection:
            these = any_of(rows.sop_instance_uid, set(sop_instance_uids))
            found = list(index.instance_rows(connection, these))
            for row in found:
                removed.append(row["sop_instance_uid"])
                files.append(self._objects / row["file_name"])
            connection.execute(delete(tables.INSTANCES).where(these))
            tables.remove_empty(connection, {row["series_instance_uid"] for row in found})
            # While nobody else can store them anew.
            for file in files:
                unlink(file)
        return removed

    def _arriving(self, uid: str, source_ae: str) -> ArrivingInstance:
        folder = (self._objects / file_name(uid)).parent
        with suppress(OSError):  # which shows when the file is written
            make_private(folder)
        process = self._mark.name if self._mark is not None else ""
        return ArrivingInstance(folder, process, uid, source_ae)

    def _commit(self, arriving: ArrivingInstance, content: Content) -> AddOutcome:
        # In its place before the row: what waits for the disk here keeps no other writer waiting.
        with (
            Placement(arriving, self._objects / file_name(content.uid)) as placement,
            write(self._engine) as connection,
        ):
            return self._enter(connection, arriving, content, placement)

    def _enter(
        self,
        connection: Connection,
        arriving: ArrivingInstance,
        content: Content,
        placement: Placement,
    ) -> AddOutcome:
        row = connection.execute(_KNOWN, {"uid": content.uid}).mappings().first()
        known = self._stored(row) if row is not None else None
        if known is not None and known.path.is_file() and not placement.has(known.path):
            if known.digest == content.digest or same_content(known.path, arriving.path):
                return AddOutcome(known, added=False, replaced=False)
            if self.on_conflict is Conflict.REFUSE:
                raise DimseStatusError(
                    Status.DUPLICATE_SOP_INSTANCE, "stored before with another content"
                )
        tables.write_entry(connection, content.entry)
        placement.complete()
        stored = self._stored(
            {**content.entry.series, **content.entry.study, **content.entry.instance}
        )
        return AddOutcome(stored, added=known is None, replaced=known is not None)

    def _stored(self, row: Mapping[Any, Any]) -> StoredInstance:
        return StoredInstance(
            sop_instance_uid=row["sop_instance_uid"],
            sop_class_uid=row["sop_class_uid"],
            transfer_syntax_uid=row["transfer_syntax_uid"],
            study_instance_uid=row["study_instance_uid"],
            series_instance_uid=row["series_instance_uid"],
            path=self._objects / row["file_name"],
            size=row["size"],
            digest=row["digest"],
            received=datetime.fromisoformat(row["received"]),
            source_ae=row["source_ae"],
        )


@contextmanager
def _as_out_of_resources() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise DimseStatusError(Status.OUT_OF_RESOURCES, f"cannot be written: {reason}") from error
    except StoreError as error:
        raise DimseStatusError(Status.OUT_OF_RESOURCES, "index cannot be written") from error
