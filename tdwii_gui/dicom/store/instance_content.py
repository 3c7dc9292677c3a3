"""What the store needs to know of an instance before it keeps it, read from its bytes.

Only the header is decoded; the structure of all of it is checked (see `structure`).
"""

from __future__ import annotations

import struct
from datetime import UTC, datetime
from hashlib import sha256
from io import BytesIO
from typing import TYPE_CHECKING, Final, NamedTuple

from pydicom.filereader import read_partial
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian

from tdwii_gui.dicom.errors import DatasetError, DimseStatusError
from tdwii_gui.dicom.iod.part10 import PYDICOM_ERRORS, accept_foreign_values
from tdwii_gui.dicom.iod.structure import scan
from tdwii_gui.dicom.status import Status
from tdwii_gui.dicom.store import instance_tables as tables
from tdwii_gui.dicom.uids import is_valid_uid

if TYPE_CHECKING:
    from pydicom.dataset import Dataset, FileDataset
    from pydicom.tag import BaseTag

_PREAMBLE: Final = 132
_LAST_INDEXED_GROUP: Final = 0x0020


class Content(NamedTuple):
    """What is read of an instance: its rows, the digest of its data set, its UID."""

    entry: tables.Entry
    digest: str
    uid: str


def read_content(part10: bytes, source_ae: str) -> Content:
    """Check the bytes of a DICOM file, and return what the index keeps of it.

    Raises
    ------
    DimseStatusError
        C000 if it cannot be decoded; A900 if a UID is missing, no UID, or not that of the file
        meta information, which repeats the C-STORE command.
    """
    start = _dataset_start(part10)
    dataset = _read_header(part10)
    syntax = UID(str(dataset.file_meta.get("TransferSyntaxUID", "")))
    _check_structure(part10, start, syntax)
    for keyword in ("SOPInstanceUID", "SOPClassUID", "StudyInstanceUID", "SeriesInstanceUID"):
        _check_uid(dataset, keyword)
    for in_meta, keyword in (
        ("MediaStorageSOPInstanceUID", "SOPInstanceUID"),
        ("MediaStorageSOPClassUID", "SOPClassUID"),
    ):
        if str(dataset.file_meta.get(in_meta, "")) != str(dataset[keyword].value):
            raise DimseStatusError(Status.DATASET_MISMATCH, f"{keyword} differs from the command")
    digest = sha256(memoryview(part10)[start:]).hexdigest()
    uid = str(dataset.SOPInstanceUID)
    instance = {
        **tables.attribute_texts(dataset, tables.INSTANCE_KEYWORDS),
        "transfer_syntax_uid": str(syntax),
        "file_name": file_name(uid),
        "size": len(part10),
        "digest": digest,
        "received": datetime.now(UTC).isoformat(timespec="microseconds"),
        "source_ae": source_ae,
    }
    entry = tables.Entry(
        study=tables.attribute_texts(dataset, (*tables.PATIENT_KEYWORDS, *tables.STUDY_KEYWORDS)),
        series=tables.attribute_texts(dataset, tables.SERIES_KEYWORDS),
        instance=instance,
    )
    return Content(entry, digest, uid)


def _dataset_start(part10: bytes) -> int:
    """Return where the data set begins, by the length of group 0002 (PS3.10 7.1)."""
    if part10[128:132] != b"DICM" or part10[132:136] != b"\x02\x00\x00\x00":
        raise DimseStatusError(Status.CANNOT_UNDERSTAND, "no file meta information")
    length = int.from_bytes(part10[140:144], "little")
    start = _PREAMBLE + 12 + length
    if start >= len(part10):
        raise DimseStatusError(Status.CANNOT_UNDERSTAND, "no data set")
    return start


def _read_header(part10: bytes) -> FileDataset:
    def beyond_header(tag: BaseTag, _vr: str | None, _length: int) -> bool:
        return tag.group > _LAST_INDEXED_GROUP

    accept_foreign_values()
    try:
        dataset = read_partial(BytesIO(part10), stop_when=beyond_header)
        dataset.decode()
    except (*PYDICOM_ERRORS, struct.error) as error:
        raise DimseStatusError(Status.CANNOT_UNDERSTAND, "cannot be decoded") from error
    return dataset


def _check_structure(part10: bytes, start: int, syntax: UID) -> None:
    if not syntax.is_transfer_syntax or syntax == DeflatedExplicitVRLittleEndian:
        raise DimseStatusError(Status.CANNOT_UNDERSTAND, "transfer syntax not usable")
    try:
        scan(
            memoryview(part10)[start:],
            implicit=syntax.is_implicit_VR,
            little_endian=syntax.is_little_endian,
        )
    except DatasetError as error:
        raise DimseStatusError(Status.CANNOT_UNDERSTAND, str(error)) from error


def _check_uid(dataset: Dataset, keyword: str) -> None:
    value = dataset.get(keyword)
    if not value:
        raise DimseStatusError(Status.DATASET_MISMATCH, f"{keyword} is missing")
    if not isinstance(value, str) or not is_valid_uid(value):
        raise DimseStatusError(Status.DATASET_MISMATCH, f"{keyword} is no UID")


def file_name(uid: str) -> str:
    """Return the file of an instance, relative to the folder of all."""
    digest = sha256(uid.encode("ascii")).hexdigest()
    return f"{digest[:2]}/{digest[2:4]}/{digest}.dcm"
