"""DICOM files: robust reading, complete and atomic writing (PS3.10 7).

Reading goes through the structure scan, so that nothing truncated or oversized reaches pydicom.
"""

from __future__ import annotations

import copy
import re
import struct
import zlib
from io import BytesIO
from typing import TYPE_CHECKING, Final, NamedTuple

from pydicom import config as pydicom_config
from pydicom.datadict import keyword_for_tag
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.filereader import data_element_generator, read_dataset
from pydicom.filewriter import dcmwrite
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from tdwii_gui.dicom.durable import sync_folder, write_temporary
from tdwii_gui.dicom.errors import DatasetError, Finding, StoreError
from tdwii_gui.dicom.iod.structure import DEFAULT_LIMITS, Limits, has_vr, scan
from tdwii_gui.dicom.uids import is_valid_uid

if TYPE_CHECKING:
    from pathlib import Path

PYDICOM_ERRORS: Final = (
    ArithmeticError,
    AttributeError,
    BytesLengthException,
    EOFError,
    InvalidDicomError,
    LookupError,
    NotImplementedError,
    OSError,
    RecursionError,
    TypeError,
    UserWarning,
    ValueError,
    struct.error,
)
"""What pydicom raises on content it cannot decode or encode; warnings, where they are errors."""

_PREFIX_AT: Final = 128
_PREFIX: Final = b"DICM"
_HIGHEST_FIRST_GROUP: Final = 0x0020

_TAG_IN_MESSAGE: Final = re.compile(r"With tag \(([0-9A-Fa-f]{4}),([0-9A-Fa-f]{4})\)")

_SYNTAX_OF_ENCODING: Final = {
    (True, True): ImplicitVRLittleEndian,
    (False, True): ExplicitVRLittleEndian,
    (False, False): ExplicitVRBigEndian,
}


class Salvaged(NamedTuple):
    """What can be read of a file, and what is wrong with it in words; empty if nothing is."""

    meta: Dataset
    dataset: Dataset
    problem: str


class _Encoding(NamedTuple):
    implicit: bool
    little_endian: bool


def read_part10(path: Path, *, limits: Limits = DEFAULT_LIMITS) -> FileDataset:
    """Return the whole data set of a DICOM file, with complete file meta information.

    Preamble and file meta information may be missing; the encoding is then guessed from the first
    element. A deflated data set is inflated and counts as explicit VR little endian.

    Raises
    ------
    DatasetError
        If the file cannot be read, is no DICOM file, is truncated, too large or nested too deep,
        or holds no SOP Class and Instance UID.
    """
    source = str(path)
    try:
        if path.stat().st_size > limits.size:
            raise DatasetError(f"has more than {limits.size} bytes", source)
        data = path.read_bytes()
    except OSError as error:
        raise DatasetError(f"cannot be read: {error.strerror}", source) from error
    return decode_part10(data, source=source, limits=limits)


def decode_part10(data: bytes, *, source: str = "", limits: Limits = DEFAULT_LIMITS) -> FileDataset:
    """Return the data set of the bytes of a DICOM file; see `read_part10`."""
    start = _meta_start(data, source)
    meta_end = _meta_end(data, start, source)
    meta = _read_meta(data[start:meta_end], limits, source)
    body = data[meta_end:]
    if meta.get("TransferSyntaxUID") == DeflatedExplicitVRLittleEndian:
        body = _inflate(body, limits, source)
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
    encoding = _guess_encoding(body, meta, source)
    dataset = _parse(body, encoding, limits, source)
    _complete_meta(meta, dataset, source)
    if not _is_compressed(meta):
        meta.TransferSyntaxUID = _SYNTAX_OF_ENCODING[encoding]
    return FileDataset(
        source,
        dataset,
        preamble=b"\0" * _PREFIX_AT,
        file_meta=meta,
        is_implicit_VR=encoding.implicit,
        is_little_endian=encoding.little_endian,
    )


def salvage_part10(data: bytes) -> Salvaged:
    """Return what can be read of the bytes of a file, for people to look at; never fails.

    The elements up to the first one that cannot be read are there. The last one may be cut short.
    """
    meta = dataset = Dataset()
    try:
        whole = decode_part10(data)
        return Salvaged(whole.file_meta, whole, "")
    except DatasetError as error:
        problem = str(error)
    try:
        start = _meta_start(data, "")
        meta_end = _meta_end(data, start, "")
        meta = _read_meta(data[start:meta_end], DEFAULT_LIMITS, "")
        dataset = _readable(data[meta_end:], _guess_encoding(data[meta_end:], meta, ""))
    except DatasetError:
        pass  # the first problem says it
    return Salvaged(meta, dataset, problem)


def encode_part10(dataset: Dataset) -> bytes:
    """Return a data set as the bytes of a DICOM file; the data set is not changed.

    The transfer syntax is that of its file meta information, or the encoding it was read in, or
    explicit VR little endian.

    Raises
    ------
    DatasetError
        If it lacks its SOP Class or Instance UID, or a value cannot be encoded.
    """
    meta = FileMetaDataset()
    meta.update(getattr(dataset, "file_meta", None) or {})
    _complete_meta(meta, dataset, "")
    if _transfer_syntax(meta) is None:
        implicit, little_endian = dataset.original_encoding
        encoding = (implicit is True, little_endian is not False)
        meta.TransferSyntaxUID = _SYNTAX_OF_ENCODING.get(encoding, ExplicitVRLittleEndian)
    complete = copy.copy(dataset)
    complete.file_meta = meta
    complete.preamble = None
    buffer = BytesIO()
    try:
        dcmwrite(buffer, complete, enforce_file_format=True)
    except PYDICOM_ERRORS as error:
        # pydicom's own message quotes the value, which may be patient data.
        tags = _TAG_IN_MESSAGE.findall(str(error))
        attribute = _attribute_name(tags[-1]) if tags else ""
        raise DatasetError([Finding(attribute, "cannot be encoded")]) from None
    return buffer.getvalue()


def write_part10(path: Path, dataset: Dataset) -> None:
    """Write a data set as a DICOM file: atomically, flushed to disk, readable by its owner alone.

    Raises
    ------
    DatasetError
        If the data set cannot be encoded; nothing is written.
    StoreError
        If the file cannot be written; a file already there stays as it is.
    """
    data = encode_part10(dataset)
    try:
        temporary = write_temporary(path.parent, data)
        try:
            temporary.replace(path)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise
        sync_folder(path.parent)
    except OSError as error:
        raise StoreError(f"{path}: cannot be written: {error.strerror}") from error


def _attribute_name(tag: tuple[str, str]) -> str:
    return keyword_for_tag(int("".join(tag), 16)) or f"({tag[0]},{tag[1]})"


def accept_foreign_values() -> None:
    """Let pydicom take the values of others as they are, instead of warning at each access.

    pydicom decodes a value when it is first asked for, on any thread, and knows only this
    process-wide setting. Real exports hold illegal values; the views check what they use.
    """
    pydicom_config.settings.reading_validation_mode = pydicom_config.IGNORE


def _meta_start(data: bytes, source: str) -> int:
    if data[_PREFIX_AT : _PREFIX_AT + 4] == _PREFIX:
        return _PREFIX_AT + 4
    if len(data) < 8:
        raise DatasetError("is no DICOM file", source)
    if min(struct.unpack("<H", data[:2])[0], struct.unpack(">H", data[:2])[0]) > (
        _HIGHEST_FIRST_GROUP
    ):
        raise DatasetError("is no DICOM file", source)
    return 0


def _meta_end(data: bytes, start: int, source: str) -> int:
    """Return where group 0002, always explicit VR little endian, ends (PS3.10 7.1)."""
    position = start
    while data[position : position + 2] == b"\x02\x00":
        vr = data[position + 4 : position + 6]
        if vr in (b"OB", b"UN"):
            position += 12 + int.from_bytes(data[position + 8 : position + 12], "little")
        elif has_vr(vr):
            position += 8 + int.from_bytes(data[position + 6 : position + 8], "little")
        else:
            position += 8 + int.from_bytes(data[position + 4 : position + 8], "little")
    if position > len(data):
        raise DatasetError("is cut short in its file meta information", source)
    return position


def _read_meta(data: bytes, limits: Limits, source: str) -> FileMetaDataset:
    implicit = len(data) >= 8 and not has_vr(data[4:6])
    meta = _parse(data, _Encoding(implicit, True), limits, source)
    try:
        meta.decode()
        return FileMetaDataset(meta)
    except PYDICOM_ERRORS as error:
        raise DatasetError("its file meta information cannot be decoded", source) from error


def _inflate(data: bytes, limits: Limits, source: str) -> bytes:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        inflated = inflater.decompress(data, limits.size)
    except zlib.error as error:
        raise DatasetError("cannot be inflated", source) from error
    if inflater.unconsumed_tail:
        raise DatasetError(f"inflates to more than {limits.size} bytes", source)
    if not inflater.eof:
        raise DatasetError("is cut short: its deflated data set does not end", source)
    return inflated


def _guess_encoding(data: bytes, meta: FileMetaDataset, source: str) -> _Encoding:
    """Return the encoding that the first element shows; its transfer syntax may be wrong."""
    if len(data) < 8:
        raise DatasetError("holds no data set", source)
    group = data[:2]
    little_endian = int.from_bytes(group, "little") <= int.from_bytes(group, "big")
    encoding = _Encoding(not has_vr(data[4:6]), little_endian)
    if encoding not in _SYNTAX_OF_ENCODING:
        raise DatasetError("is no DICOM file: implicit VR big endian", source)
    if _is_compressed(meta) and encoding != (False, True):
        raise DatasetError("is compressed but not explicit VR little endian", source)
    return encoding


def _parse(data: bytes, encoding: _Encoding, limits: Limits, source: str) -> Dataset:
    scan(
        data,
        implicit=encoding.implicit,
        little_endian=encoding.little_endian,
        limits=limits,
        source=source,
    )
    accept_foreign_values()
    try:
        return read_dataset(BytesIO(data), encoding.implicit, encoding.little_endian)
    except PYDICOM_ERRORS as error:
        raise DatasetError(f"cannot be decoded: {type(error).__name__}", source) from error


def _readable(body: bytes, encoding: _Encoding) -> Dataset:
    """Return the elements before the first one that cannot be read."""
    accept_foreign_values()
    dataset = Dataset()
    try:
        for element in data_element_generator(BytesIO(body), *encoding):
            dataset[element.tag] = element
    except PYDICOM_ERRORS:
        return dataset
    return dataset


def _complete_meta(meta: FileMetaDataset, dataset: Dataset, source: str) -> None:
    """Fill in the UIDs from the data set, which wins where both have them."""
    for in_meta, in_dataset in (
        ("MediaStorageSOPClassUID", "SOPClassUID"),
        ("MediaStorageSOPInstanceUID", "SOPInstanceUID"),
    ):
        try:
            uid = str(dataset.get(in_dataset) or meta.get(in_meta) or "")
        except PYDICOM_ERRORS as error:
            raise DatasetError([Finding(in_dataset, "cannot be decoded")], source) from error
        if not uid:
            raise DatasetError([Finding(in_dataset, "is missing")], source)
        if not is_valid_uid(uid):
            raise DatasetError([Finding(in_dataset, "is no UID")], source)
        setattr(meta, in_meta, UID(uid))


def _transfer_syntax(meta: FileMetaDataset) -> UID | None:
    syntax = UID(str(meta.get("TransferSyntaxUID", "")))
    return syntax if syntax.is_transfer_syntax else None


def _is_compressed(meta: FileMetaDataset) -> bool:
    syntax = _transfer_syntax(meta)
    return syntax is not None and syntax.is_encapsulated
