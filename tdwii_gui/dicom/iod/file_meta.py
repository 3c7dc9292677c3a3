"""A DICOM file's meta information, read and written without a data set (PS3.10 7.1)."""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING, Final, NamedTuple

from pydicom.uid import PYDICOM_IMPLEMENTATION_UID

if TYPE_CHECKING:
    from collections.abc import Iterator

HEAD_BYTES: Final = 4096
"""So many bytes hold the meta information of most files."""

_PREFIX: Final = b"DICM"
_START: Final = 132
_GROUP: Final = b"\x02\x00"
_GROUP_LENGTH: Final = 0x0000
_VERSION: Final = 0x0001
_CLASS: Final = 0x0002
_INSTANCE: Final = 0x0003
_SYNTAX: Final = 0x0010
_IMPLEMENTATION: Final = 0x0012
_SOURCE_AE: Final = 0x0016
_LONGEST_TEXT: Final = 64
_HEADER: Final = Struct("<HH2sH")
_LONG: Final = Struct("<L")
_LONG_VRS: Final = frozenset({b"OB", b"UN", b"UT", b"OW"})


class FileMeta(NamedTuple):
    """Media Storage SOP Class and Instance UID, Transfer Syntax UID, and where the data set is."""

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    offset: int


def read_file_meta(data: bytes | bytearray | memoryview) -> FileMeta | None:
    """Return the meta information of a file, or None where it is not complete or not plain.

    Parameters
    ----------
    data : bytes-like
        The file's beginning, from its preamble at least to the end of group 0002.
    """
    if bytes(data[_START - len(_PREFIX) : _START]) != _PREFIX:
        return None
    values: dict[int, str] = {}
    end = _START
    for element, start, end in _elements(data):
        if end > len(data):
            return None
        if element in (_CLASS, _INSTANCE, _SYNTAX):
            values[element] = bytes(data[start:end]).decode("ascii", "replace").rstrip("\0 ")
    if not all(values.get(element) for element in (_CLASS, _INSTANCE, _SYNTAX)):
        return None
    if len(data) < end + len(_GROUP):
        return None
    return FileMeta(values[_CLASS], values[_INSTANCE], values[_SYNTAX], end)


def _elements(data: bytes | bytearray | memoryview) -> Iterator[tuple[int, int, int]]:
    """Yield element number, start and end of the values of group 0002; explicit VR, of course."""
    position = _START
    while data[position : position + 2] == _GROUP and position + 12 <= len(data):
        _, element, vr, length = _HEADER.unpack_from(data, position)
        position += _HEADER.size
        if vr in _LONG_VRS:
            (length,) = _LONG.unpack_from(data, position)
            position += _LONG.size
        yield element, position, position + length
        position += length


def encode_file_meta(
    sop_class_uid: str, sop_instance_uid: str, transfer_syntax_uid: str, source_ae: str = ""
) -> bytes:
    """Return what a DICOM file begins with: preamble, prefix and meta information.

    Parameters
    ----------
    source_ae : str
        The AE title that sent the data set; empty if none did.
    """
    texts = {
        _CLASS: (b"UI", sop_class_uid, b"\0"),
        _INSTANCE: (b"UI", sop_instance_uid, b"\0"),
        _SYNTAX: (b"UI", transfer_syntax_uid, b"\0"),
        _IMPLEMENTATION: (b"UI", str(PYDICOM_IMPLEMENTATION_UID), b"\0"),
        _SOURCE_AE: (b"AE", source_ae, b" "),
    }
    group = _HEADER.pack(2, _VERSION, b"OB", 0) + _LONG.pack(2) + b"\0\1"
    for element, (vr, text, padding) in texts.items():
        if text:
            value = text.encode("ascii", "replace")[:_LONGEST_TEXT]
            value += padding * (len(value) % 2)
            group += _HEADER.pack(2, element, vr, len(value)) + value
    length = _HEADER.pack(2, _GROUP_LENGTH, b"UL", _LONG.size) + _LONG.pack(len(group))
    return bytes(_START - len(_PREFIX)) + _PREFIX + length + group
