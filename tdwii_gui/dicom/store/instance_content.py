"""What the store needs to know of an instance before it keeps it, read from its bytes.

The structure of all of it is checked (see `structure`); only what the index keeps is decoded.
"""

from __future__ import annotations

import struct
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Final, NamedTuple

from pydicom.datadict import tag_for_keyword
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian

from tdwii_gui.dicom.errors import DatasetError, DimseStatusError
from tdwii_gui.dicom.iod.file_meta import FileMeta, read_file_meta
from tdwii_gui.dicom.iod.part10 import PYDICOM_ERRORS, accept_foreign_values
from tdwii_gui.dicom.iod.structure import scan
from tdwii_gui.dicom.status import Status
from tdwii_gui.dicom.store import instance_tables as tables
from tdwii_gui.dicom.uids import is_valid_uid

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_STUDY: Final = (*tables.PATIENT_KEYWORDS, *tables.STUDY_KEYWORDS)
_TAGS: Final[Mapping[str, int]] = {
    word: tag_for_keyword(word) or 0
    for word in (
        "SpecificCharacterSet",
        *_STUDY,
        *tables.SERIES_KEYWORDS,
        *tables.INSTANCE_KEYWORDS,
    )
}
_WANTED: Final = frozenset(_TAGS.values())
_COLUMNS: Final = {word: tables.column_name(word) for word in _TAGS}
_LONGEST_REMEMBERED: Final = 256


class Content(NamedTuple):
    """What is read of an instance: its rows, the digest of its data set, its UID."""

    entry: tables.Entry
    digest: str
    uid: str


def read_content(part10: bytes | memoryview, source_ae: str, digest: str = "") -> Content:
    """Check the bytes of a DICOM file, and return what the index keeps of it.

    Parameters
    ----------
    digest : str
        SHA-256 of its data set, where it is known already.

    Raises
    ------
    DimseStatusError
        C000 if it cannot be decoded; A900 if a UID is missing, no UID, or not that of the file
        meta information, which repeats the C-STORE command.
    """
    meta = read_file_meta(part10)
    if meta is None:
        raise DimseStatusError(Status.CANNOT_UNDERSTAND, "no file meta information")
    dataset = memoryview(part10)[meta.offset :]
    if not dataset:
        raise DimseStatusError(Status.CANNOT_UNDERSTAND, "no data set")
    syntax = UID(meta.transfer_syntax_uid)
    values = _values(dataset, syntax)
    study, series, instance = (
        _texts(values, words)
        for words in (_STUDY, tables.SERIES_KEYWORDS, tables.INSTANCE_KEYWORDS)
    )
    _check_uids(meta, {**study, **series, **instance})
    digest = digest or sha256(dataset).hexdigest()
    uid = instance["sop_instance_uid"]
    row = {
        **instance,
        "transfer_syntax_uid": str(syntax),
        "file_name": file_name(uid),
        "size": len(part10),
        "digest": digest,
        "received": datetime.now(UTC).isoformat(timespec="microseconds"),
        "source_ae": source_ae,
    }
    return Content(tables.Entry(study, series, row), digest, uid)


def _values(dataset: memoryview, syntax: UID) -> dict[int, bytes]:
    """Check the structure of a data set; return the encoded values of what the index keeps."""
    if not syntax.is_transfer_syntax or syntax == DeflatedExplicitVRLittleEndian:
        raise DimseStatusError(Status.CANNOT_UNDERSTAND, "transfer syntax not usable")
    try:
        return scan(
            dataset,
            implicit=syntax.is_implicit_VR,
            little_endian=syntax.is_little_endian,
            wanted=_WANTED,
        )
    except DatasetError as error:
        raise DimseStatusError(Status.CANNOT_UNDERSTAND, str(error)) from error


def _texts(values: Mapping[int, bytes], keywords: Iterable[str]) -> dict[str, str]:
    """Return values as column texts."""
    character_set = values.get(_TAGS["SpecificCharacterSet"], b"")
    texts = {}
    for word in keywords:
        value = values.get(_TAGS[word], b"")
        # Most attributes of two instances of a series are the same.
        decode = _text if len(value) <= _LONGEST_REMEMBERED else _text.__wrapped__
        texts[_COLUMNS[word]] = decode(word, value, character_set) if value else ""
    return texts


@lru_cache(maxsize=1024)
def _text(keyword: str, value: bytes, character_set: bytes) -> str:
    accept_foreign_values()
    dataset = Dataset()
    for word, encoded in (("SpecificCharacterSet", character_set), (keyword, value)):
        if encoded:
            tag = BaseTag(_TAGS[word])
            # Without a VR pydicom takes the registered one; it is a text, in whatever byte order.
            dataset[tag] = RawDataElement(tag, None, len(encoded), encoded, 0, True, True)
    try:
        dataset.set_original_encoding(True, True, dataset._character_set)
        return tables.column_text(keyword, dataset.get(keyword))
    except (*PYDICOM_ERRORS, struct.error) as error:
        raise DimseStatusError(Status.CANNOT_UNDERSTAND, "cannot be decoded") from error


def _check_uids(meta: FileMeta, texts: Mapping[str, str]) -> None:
    for keyword in ("SOPInstanceUID", "SOPClassUID", "StudyInstanceUID", "SeriesInstanceUID"):
        value = texts[_COLUMNS[keyword]]
        if not value:
            raise DimseStatusError(Status.DATASET_MISMATCH, f"{keyword} is missing")
        if not is_valid_uid(value):
            raise DimseStatusError(Status.DATASET_MISMATCH, f"{keyword} is no UID")
    for said, keyword in (
        (meta.sop_instance_uid, "SOPInstanceUID"),
        (meta.sop_class_uid, "SOPClassUID"),
    ):
        if said != texts[_COLUMNS[keyword]]:
            raise DimseStatusError(Status.DATASET_MISMATCH, f"{keyword} differs from the command")


def file_name(uid: str) -> str:
    """Return the file of an instance, relative to the folder of all.

    There are few folders: making one costs more than writing a file.
    """
    digest = sha256(uid.encode("utf-8", "replace")).hexdigest()
    return f"{digest[:1]}/{digest}.dcm"


def is_file_of(name: str, uid: str) -> bool:
    """Return whether a file has the name of an instance, in whichever folder.

    Earlier versions had two levels of folders.
    """
    return name.rpartition("/")[2] == file_name(uid).rpartition("/")[2]
