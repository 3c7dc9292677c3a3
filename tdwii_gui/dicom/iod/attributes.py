"""A data set's attributes as they are encoded, for checks that look at many of them.

pydicom decodes each element into an object, finds it by a tag that is an object too, and keeps
what it decoded in the data set. Here nothing is decoded before it is looked at, what is in items
is skipped until then, and the data set stays as it came.
"""

from __future__ import annotations

import struct
from functools import lru_cache
from struct import Struct
from typing import TYPE_CHECKING, Final, NamedTuple, NoReturn, TypeAlias

from pydicom.datadict import dictionary_VR
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence as ItemSequence
from pydicom.valuerep import EXPLICIT_VR_LENGTH_32

from tdwii_gui.dicom.errors import DatasetError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydicom.dataset import Dataset

_ITEM: Final = 0xFFFEE000
_ITEM_END: Final = 0xFFFEE00D
_SEQUENCE_END: Final = 0xFFFEE0DD
_DELIMITERS: Final = frozenset({_ITEM_END, _SEQUENCE_END})
_UNDEFINED: Final = 0xFFFFFFFF
_HEADER: Final = {True: Struct("<HHL").unpack_from, False: Struct(">HHL").unpack_from}
_SHORT: Final = {True: Struct("<H").unpack_from, False: Struct(">H").unpack_from}
_LONG: Final = {True: Struct("<L").unpack_from, False: Struct(">L").unpack_from}
_LONG_VRS: Final = frozenset(str(vr).encode("ascii") for vr in EXPLICIT_VR_LENGTH_32)
_TEXT_WITH_CHARACTER_SET: Final = frozenset({"LO", "LT", "PN", "SH", "ST", "UC", "UT"})
_BINARY: Final = {"US": "H", "SS": "h", "UL": "L", "SL": "l", "FL": "f", "FD": "d"}
_CHARACTER_SET: Final = 0x00080005
_PADDING: Final = " \0"
_SHARED_BYTES: Final = 4096
_SHARED_SEQUENCES: Final = 1024


class Encoded(NamedTuple):
    """An encoded value; `vr` is empty where the encoding does not tell it."""

    vr: str
    value: bytes
    implicit: bool
    little_endian: bool


_Element: TypeAlias = Encoded | DataElement


class Attributes:
    """The attributes of a data set (see `attributes_of`) or of one of its items, by tag."""

    __slots__ = ("_elements", "_read")

    def __init__(self, elements: Mapping[int, _Element]) -> None:
        self._elements = elements
        self._read: dict[int, list[Attributes]] = {}

    def __contains__(self, tag: int) -> bool:
        return tag in self._elements

    def is_valued(self, tag: int) -> bool:
        """Return whether an attribute is there and has a value other than padding, or an item."""
        found = self._elements.get(tag)
        if found is None:
            return False
        if isinstance(found, Encoded):
            value = found.value
            return bool(value.strip(b" \0")) or (bool(value) and _vr(tag, found) in _BINARY)
        if isinstance(found.value, ItemSequence):
            return len(found.value) > 0
        return found.value is not None and found.value != [] and bool(_stripped(found.value))

    def texts(self, tag: int) -> list[str]:
        """Return the values of an attribute as texts without padding; none where it is absent.

        Characters outside the default repertoire are not decoded.

        Raises
        ------
        DatasetError
            If they cannot be read.
        """
        found = self._elements.get(tag)
        if found is None:
            return []
        if isinstance(found, Encoded):
            return _decoded(found, tag)
        value = found.value
        return [_stripped(each) for each in (value if isinstance(value, MultiValue) else [value])]

    def text(self, tag: int) -> str:
        """Return the values of an attribute in one; empty where it is absent or cannot be read."""
        try:
            return "\\".join(self.texts(tag)) if self.is_valued(tag) else ""
        except DatasetError:
            return ""

    def items(self, tag: int) -> list[Attributes]:
        """Return the items of a sequence; none where it is absent.

        Raises
        ------
        DatasetError
            If it is no sequence, or cannot be read.
        """
        items = self._read.get(tag)
        if items is None:
            found = self._elements.get(tag)
            items = self._read[tag] = [] if found is None else _items(tag, found)
        return items

    def shared(self, tag: int) -> Encoded | None:
        """Return an encoded value that may be that of many data sets, e.g. a code; or None.

        What was found about one is true of all that are equal to it.
        """
        found = self._elements.get(tag)
        if isinstance(found, Encoded) and len(found.value) <= _SHARED_BYTES:
            return found
        return None

    def lacks_character_set(self) -> bool:
        """Return whether a text is outside the default repertoire, and no character set is told.

        That of the data set counts (PS3.3 C.12.1.1.2). What cannot be read is left out.
        """
        return not self.text(_CHARACTER_SET) and not self.is_ascii()

    def is_ascii(self) -> bool:
        """Return whether no text is outside the default repertoire."""
        return all(self._are_ascii())

    def _are_ascii(self) -> Iterator[bool]:
        for tag, found in self._elements.items():
            vr = _vr(tag, found)
            if vr == "SQ":
                shared = self.shared(tag)
                if shared is not None:
                    yield _shared_is_ascii(tag, shared)
                    continue
                try:
                    yield from (item.is_ascii() for item in self.items(tag))
                except DatasetError:
                    continue
            elif vr in _TEXT_WITH_CHARACTER_SET:
                value = found.value
                yield (value if isinstance(value, bytes) else str(value)).isascii()


def attributes_of(dataset: Dataset | Attributes) -> Attributes:
    """Return the attributes of a data set; those that are read already stay so."""
    if isinstance(dataset, Attributes):
        return dataset
    return Attributes({int(tag): _element(found) for tag, found in dataset.items()})


def _element(found: DataElement | RawDataElement) -> _Element:
    if isinstance(found, DataElement):
        return found
    value = found.value or b""
    return Encoded(found.VR or "", value, found.is_implicit_VR, found.is_little_endian)


def _vr(tag: int, found: _Element) -> str:
    if isinstance(found, Encoded):
        return found.vr if found.vr not in ("", "UN") else _registered_vr(tag)
    return found.VR


@lru_cache(maxsize=4096)
def _registered_vr(tag: int) -> str:
    try:
        return dictionary_VR(tag)
    except KeyError:
        return "UN"


def _stripped(value: object) -> str:
    return "" if value is None else str(value).strip(_PADDING)


def _decoded(found: Encoded, tag: int) -> list[str]:
    form = _BINARY.get(found.vr or _registered_vr(tag))
    if form is None:
        return [each.strip(_PADDING) for each in found.value.decode("latin-1").split("\\")]
    order = "<" if found.little_endian else ">"
    try:
        numbers = struct.iter_unpack(order + form, found.value)
    except struct.error:
        _unreadable()
    return [str(number) for (number,) in numbers]


def _items(tag: int, found: _Element) -> list[Attributes]:
    if isinstance(found, DataElement):
        if not isinstance(found.value, ItemSequence):
            _unreadable()
        return [attributes_of(item) for item in found.value]
    if len(found.value) <= _SHARED_BYTES:
        return _shared_items(tag, found)
    return _read_items(tag, found)


def _read_items(tag: int, found: Encoded) -> list[Attributes]:
    if _vr(tag, found) != "SQ":
        _unreadable()
    try:
        return list(_Reader(found).items())
    except (struct.error, IndexError):
        _unreadable()


# Most sequences of a worklist's steps are codes, and the same in many of them.
_shared_items = lru_cache(maxsize=_SHARED_SEQUENCES)(_read_items)


@lru_cache(maxsize=_SHARED_SEQUENCES)
def _shared_is_ascii(tag: int, found: Encoded) -> bool:
    try:
        return all(item.is_ascii() for item in _items(tag, found))
    except DatasetError:
        return True


def _unreadable() -> NoReturn:
    raise DatasetError("cannot be read")


class _Reader:
    """Reads the items of one encoded sequence (PS3.5 7.5), not those inside of them."""

    def __init__(self, sequence: Encoded) -> None:
        self._data = sequence.value
        self._little_endian = sequence.little_endian
        self._header = _HEADER[sequence.little_endian]
        # The items of a sequence of unknown VR are implicit (PS3.5 6.2.2).
        self._implicit = sequence.implicit or sequence.vr == "UN"

    def items(self) -> Iterator[Attributes]:
        position = 0
        while position < len(self._data):
            group, number, length = self._header(self._data, position)
            tag = group << 16 | number
            if tag == _SEQUENCE_END:
                return
            position += 8
            if tag != _ITEM or (length != _UNDEFINED and position + length > len(self._data)):
                _unreadable()
            elements, position = self._item(position, length)
            yield Attributes(elements)

    def _item(self, position: int, length: int) -> tuple[dict[int, _Element], int]:
        data, header = self._data, self._header
        implicit, little_endian = self._implicit, self._little_endian
        end = len(data) if length == _UNDEFINED else position + length
        elements: dict[int, _Element] = {}
        vr = ""
        while position < end:
            group, number, length = header(data, position)
            tag = group << 16 | number
            position += 8
            if tag == _ITEM_END:
                return elements, position
            if not implicit:
                vr, length, position = self._explicit(position, length)
            start = position
            if length == _UNDEFINED:
                position = self._after_undefined(position)
            else:
                position += length
            if position > end:
                _unreadable()
            elements[tag] = Encoded(vr, data[start:position], implicit, little_endian)
        return elements, position

    def _explicit(self, position: int, length: int) -> tuple[str, int, int]:
        """Return VR, length and position of the value after a header of eight bytes."""
        vr = self._data[position - 4 : position - 2]
        # The very test of pydicom, which takes an element without a VR for implicit.
        if not b"AA" <= vr <= b"ZZ":
            return "", length, position
        if vr in _LONG_VRS:
            (length,) = _LONG[self._little_endian](self._data, position)
            return vr.decode("ascii", "replace"), length, position + 4
        (length,) = _SHORT[self._little_endian](self._data, position - 2)
        return vr.decode("ascii", "replace"), length, position

    def _after_undefined(self, position: int) -> int:
        """Return where a value of undefined length ends, behind its delimiter."""
        open_ends = 1
        while open_ends:
            group, number, length = self._header(self._data, position)
            tag = group << 16 | number
            position += 8
            if tag in _DELIMITERS:
                open_ends -= 1
                continue
            if tag != _ITEM and not self._implicit:
                _, length, position = self._explicit(position, length)
            if length == _UNDEFINED:
                open_ends += 1
            else:
                position += length
        return position
