"""Objects that are to be sent: what they are, and their bytes (PS3.4 B, PS3.10 7)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)
from pynetdicom.dsutils import encode

from tdwii_gui.dicom.errors import DatasetError, Finding
from tdwii_gui.dicom.iod.file_meta import HEAD_BYTES, read_file_meta
from tdwii_gui.dicom.iod.part10 import decode_part10, encode_part10, read_part10
from tdwii_gui.dicom.net.message_writer import BytesDataset
from tdwii_gui.dicom.store.instance_store import StoredInstance

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from pydicom.dataset import Dataset

    from tdwii_gui.dicom.iod.file_meta import FileMeta
    from tdwii_gui.dicom.net.message_writer import EncodedDataset

Source: TypeAlias = "Dataset | Path | StoredInstance"
"""An object: a data set, a DICOM file, or an instance of a store."""

READ_WHOLE_BYTES: Final = 4 * 1024 * 1024
"""A file that is not longer is in memory before it is sent, a longer one is read on the way."""

UNCOMPRESSED: Final = frozenset(
    {
        ImplicitVRLittleEndian,
        ExplicitVRLittleEndian,
        ExplicitVRBigEndian,
        DeflatedExplicitVRLittleEndian,
    }
)


class ObjectKind(NamedTuple):
    """What decides the presentation context of an object, and its SOP Instance UID."""

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str


def object_kind(source: Source) -> ObjectKind:
    """Return what an object is; of a file no more than its beginning is read.

    Raises
    ------
    DatasetError
        If it has no SOP Class and Instance UID, or cannot be read.
    """
    if isinstance(source, StoredInstance):
        return ObjectKind(source.sop_class_uid, source.sop_instance_uid, source.transfer_syntax_uid)
    if isinstance(source, Path):
        meta = _meta_of(source)
        return ObjectKind(*meta[:3]) if meta is not None else object_kind(read_part10(source))
    for keyword in ("SOPClassUID", "SOPInstanceUID"):
        if not source.get(keyword):
            raise DatasetError([Finding(keyword, "is missing")])
    file_meta = getattr(source, "file_meta", None) or {}
    syntax = file_meta.get("TransferSyntaxUID") or ExplicitVRLittleEndian
    return ObjectKind(str(source.SOPClassUID), str(source.SOPInstanceUID), str(syntax))


class OutgoingObject:
    """An object that is about to be sent.

    Attributes
    ----------
    source : Dataset or Path or StoredInstance
    kind : ObjectKind

    Raises
    ------
    DatasetError
        If it cannot be read.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self._as_it_is: EncodedDataset | None = None
        self._dataset: Dataset | None = None
        if isinstance(source, (Path, StoredInstance)):
            path = source if isinstance(source, Path) else source.path
            self.kind = self._read(path)
        else:
            self._dataset = source
            self.kind = object_kind(source)

    def syntax_among(self, accepted: Collection[str]) -> str | None:
        """Return the accepted transfer syntax to send it in; None where there is none.

        What is compressed is not decompressed, and no pixel data change their byte order.
        """
        own = self.kind.transfer_syntax_uid
        if own in accepted:
            return own
        if own not in UNCOMPRESSED - {ExplicitVRBigEndian}:
            return None
        for syntax in (
            ExplicitVRLittleEndian,
            ImplicitVRLittleEndian,
            DeflatedExplicitVRLittleEndian,
        ):
            if syntax in accepted:
                return str(syntax)
        return None

    def encoded(self, syntax: str) -> EncodedDataset:
        """Return the data set in a transfer syntax: a file's own bytes if it is theirs.

        Raises
        ------
        DatasetError
            If it cannot be decoded or encoded.
        """
        if self._as_it_is is not None and syntax == self.kind.transfer_syntax_uid:
            return self._as_it_is
        dataset = self._decoded()
        uid = UID(syntax)
        encoded = encode(dataset, uid.is_implicit_VR, uid.is_little_endian, uid.is_deflated)
        if encoded is None:
            raise DatasetError("cannot be encoded")
        return BytesDataset(encoded)

    def _read(self, path: Path) -> ObjectKind:
        try:
            # A buffered file would be read into four times the memory, and copied.
            with path.open("rb", buffering=0) as file:
                size = os.fstat(file.fileno()).st_size
                wanted = size if size <= READ_WHOLE_BYTES else HEAD_BYTES
                head = file.read(wanted)
        except OSError as error:
            raise DatasetError(f"cannot be read: {error.strerror}", str(path)) from error
        if len(head) < wanted:
            raise DatasetError("has changed while it was read", str(path))
        meta = read_file_meta(head)
        if meta is None:
            self._dataset = read_part10(path)
            return object_kind(self._dataset)
        if size <= READ_WHOLE_BYTES:
            self._as_it_is = BytesDataset(memoryview(head)[meta.offset :])
        else:
            self._as_it_is = _FileDataset(path, size, meta)
        return ObjectKind(*meta[:3])

    def _decoded(self) -> Dataset:
        if self._dataset is None:
            source = self.source
            if isinstance(source, StoredInstance):
                source = source.path
            self._dataset = read_part10(source) if isinstance(source, Path) else source
        if "TransferSyntaxUID" in (getattr(self._dataset, "file_meta", None) or {}):
            return self._dataset
        return decode_part10(encode_part10(self._dataset))


class _FileDataset:
    """The encoded data set of a file, read while it is sent."""

    def __init__(self, path: Path, size: int, meta: FileMeta) -> None:
        self._path = path
        self._meta = meta
        self.size = size - meta.offset

    def portions(self, length: int) -> Iterator[memoryview]:
        """Yield it in portions; OSError if the file is not what it was."""
        buffer = memoryview(bytearray(length))
        with self._path.open("rb", buffering=0) as file:
            if read_file_meta(file.read(HEAD_BYTES)) != self._meta:
                raise OSError("the file has changed")
            file.seek(self._meta.offset)
            left = self.size
            while left:
                read = file.readinto(buffer[: min(length, left)])
                if not read:
                    raise OSError("the file has become shorter")
                left -= read
                yield buffer[:read]


def _meta_of(path: Path) -> FileMeta | None:
    try:
        with path.open("rb", buffering=0) as file:
            return read_file_meta(file.read(HEAD_BYTES))
    except OSError as error:
        raise DatasetError(f"cannot be read: {error.strerror}", str(path)) from error
