"""Composite instances as Part 10 files in a folder, with their index beside them.

An instance counts as stored when its file is on disk under its final name and its row is
committed, in this order; only then `InstanceStore.add` returns. Names on disk are digests: nothing
that a peer sends reaches a path.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from tdwii_gui.dicom.durable import TEMPORARY_SUFFIX, sync_folder, write_temporary
from tdwii_gui.dicom.errors import DatasetError, DimseStatusError, StoreError
from tdwii_gui.dicom.iod.part10 import decode_part10, encode_part10, read_part10
from tdwii_gui.dicom.status import Status
from tdwii_gui.dicom.store import instance_index as index
from tdwii_gui.dicom.store import instance_tables as tables
from tdwii_gui.dicom.store.database import open_database, read, write
from tdwii_gui.dicom.store.instance_content import Content, file_name, read_content
from tdwii_gui.dicom.store.instance_summary import InstanceSummary, summaries
from tdwii_gui.dicom.store.matching import Matcher

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from pydicom.dataset import Dataset, FileDataset
    from sqlalchemy import RowMapping

_FOREIGN_TEMPORARY_SECONDS: Final = 60


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
        Is created, readable by its owner alone.
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
        self._objects = folder / "objects"
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _make_private(self._objects)
            self._sweep()
        except OSError as error:
            raise StoreError(f"{folder}: cannot be used: {error.strerror}") from error
        self._engine = open_database(folder / "instances.sqlite")
        with write(self._engine) as connection:
            tables.METADATA.create_all(connection)

    def close(self) -> None:
        """Close the index; the store is not to be used any more."""
        self._engine.dispose()

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
        with _as_out_of_resources():
            temporary = self._write_temporary(part10, content)
            try:
                return self._commit(temporary, part10, content)
            finally:
                temporary.unlink(missing_ok=True)

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
            A900 if the level or a UID key is not usable.
        """
        level = index.query_level(identifier, root)
        with read(self._engine) as connection:
            found = index.candidates(connection, identifier, level)
        matcher = Matcher(identifier)
        for dataset in found:
            if matcher.matches(dataset):
                answer = matcher.return_keys(dataset)
                answer.QueryRetrieveLevel = level.value
                yield answer

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

    def _write_temporary(self, part10: bytes, content: Content) -> Path:
        folder = (self._objects / file_name(content.uid)).parent
        _make_private(folder.parent)
        _make_private(folder)
        return write_temporary(folder, part10)

    def _commit(self, temporary: Path, part10: bytes, content: Content) -> AddOutcome:
        this = tables.INSTANCES.c.sop_instance_uid == content.uid
        with write(self._engine) as connection:
            known = next(map(self._stored, index.instance_rows(connection, this)), None)
            if known is not None and known.path.is_file():
                if _same_content(known, part10, content):
                    return AddOutcome(known, added=False, replaced=False)
                if self.on_conflict is Conflict.REFUSE:
                    raise DimseStatusError(
                        Status.DUPLICATE_SOP_INSTANCE, "stored before with another content"
                    )
            tables.write_entry(connection, content.entry)
            final = self._objects / file_name(content.uid)
            temporary.replace(final)
            sync_folder(final.parent)
            row = next(index.instance_rows(connection, this))
            return AddOutcome(self._stored(row), added=known is None, replaced=known is not None)

    def _stored(self, row: RowMapping) -> StoredInstance:
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

    def _sweep(self) -> None:
        """Remove what a crash left half written; what is younger may be of another process."""
        limit = datetime.now(UTC).timestamp() - _FOREIGN_TEMPORARY_SECONDS
        for temporary in self._objects.rglob(f".*{TEMPORARY_SUFFIX}"):
            try:
                if temporary.stat().st_mtime < limit:
                    temporary.unlink()
            except FileNotFoundError:
                continue


def _make_private(folder: Path) -> None:
    """Make a folder that its owner alone can read, and that survives a power loss."""
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        return
    sync_folder(folder.parent)


@contextmanager
def _as_out_of_resources() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise DimseStatusError(Status.OUT_OF_RESOURCES, f"cannot be written: {reason}") from error
    except StoreError as error:
        raise DimseStatusError(Status.OUT_OF_RESOURCES, "index cannot be written") from error


def _same_content(known: StoredInstance, part10: bytes, content: Content) -> bool:
    if known.digest == content.digest:
        return True
    # Another transfer syntax, or other lengths of sequences: the decoded values decide.
    try:
        return bool(read_part10(known.path) == decode_part10(part10))
    except DatasetError:
        return False
