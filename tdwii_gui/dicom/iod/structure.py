"""Structure scan of an encoded data set: bounds, nesting and amount, before it is parsed.

pydicom accepts a truncated last element silently, recurses into nested sequences and has no limit
on their number. This scan walks the raw bytes once, without recursion, and refuses what is cut
short, nested too deep or made of too many parts.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from struct import Struct
from typing import TYPE_CHECKING, Final, NoReturn

from pydicom.datadict import dictionary_VR, keyword_for_tag
from pydicom.valuerep import EXPLICIT_VR_LENGTH_32, STANDARD_VR

from tdwii_gui.dicom.errors import DatasetError, Finding

if TYPE_CHECKING:
    from collections.abc import Collection


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a data set may be.

    Parameters
    ----------
    depth : int
        Levels of sequences inside sequences.
    items, elements : int
        Sequence items and data elements in all.
    size : int
        Bytes of an encoded data set, after inflation.
    """

    depth: int = 32
    items: int = 100_000
    elements: int = 1_000_000
    size: int = 2**30


DEFAULT_LIMITS: Final = Limits()


_ITEM: Final = (0xFFFE, 0xE000)
_ITEM_END: Final = (0xFFFE, 0xE00D)
_SEQUENCE_END: Final = (0xFFFE, 0xE0DD)
_UNDEFINED: Final = 0xFFFFFFFF
_LONG_VRS: Final = frozenset(str(vr).encode("ascii") for vr in EXPLICIT_VR_LENGTH_32)
_SHORT_VRS: Final = frozenset(
    str(vr).encode("ascii") for vr in STANDARD_VR if vr not in EXPLICIT_VR_LENGTH_32
)


@dataclass(slots=True)
class _DataSet:
    end: int
    closed_by_delimiter: bool
    implicit: bool


@dataclass(slots=True)
class _Sequence:
    end: int
    closed_by_delimiter: bool
    implicit: bool
    tag: int


@dataclass(slots=True)
class _Fragments:
    end: int
    closed_by_delimiter: bool
    tag: int


def scan(
    data: bytes | memoryview,
    *,
    implicit: bool,
    little_endian: bool,
    limits: Limits = DEFAULT_LIMITS,
    source: str = "",
    wanted: Collection[int] = (),
) -> dict[int, bytes]:
    """Check the structure of an encoded data set without file meta information (PS3.5 7).

    Values are passed over by their length; no byte of them is looked at.

    Parameters
    ----------
    wanted : Collection[int]
        Tags of elements.

    Returns
    -------
    dict[int, bytes]
        The values of the wanted elements that the data set has, if they hold no others. Elements
        of items do not count.

    Raises
    ------
    DatasetError
        If an element is cut short or reaches beyond its container, a sequence is not closed, or a
        limit is exceeded.
    """
    if len(data) > limits.size:
        raise DatasetError(f"has more than {limits.size} bytes", source)
    run = _Scan(memoryview(data), little_endian, limits, source, wanted)
    run.run(implicit)
    return run.values


def has_vr(field: bytes | bytearray | memoryview) -> bool:
    """Return whether the two bytes after a tag are a VR, as in explicit VR (PS3.5 7.1.2)."""
    return len(field) == 2 and 0x41 <= field[0] <= 0x5A and 0x41 <= field[1] <= 0x5A


class _Scan:
    def __init__(
        self,
        data: memoryview,
        little_endian: bool,
        limits: Limits,
        source: str,
        wanted: Collection[int],
    ) -> None:
        self.values: dict[int, bytes] = {}
        self._wanted = wanted
        order = "<" if little_endian else ">"
        self._data = data
        self._tag = Struct(f"{order}HH").unpack_from
        self._short = Struct(f"{order}H").unpack_from
        self._long = Struct(f"{order}L").unpack_from
        self._implicit = Struct(f"{order}HHL").unpack_from
        self._explicit = Struct(f"{order}HH2sH").unpack_from
        self._limits = limits
        self._source = source
        self._position = 0
        self._elements = 0
        self._items = 0
        self._open: list[_DataSet | _Sequence | _Fragments] = []

    def run(self, implicit: bool) -> None:
        self._open.append(_DataSet(len(self._data), False, implicit))
        while self._open:
            container = self._open[-1]
            if self._position >= container.end:
                if container.closed_by_delimiter:
                    self._fail("", "ends inside a sequence that is not closed")
                self._open.pop()
            elif isinstance(container, _DataSet):
                self._plain_elements(container)
                if self._position < container.end:
                    self._element(container)
            elif isinstance(container, _Sequence):
                self._item(container)
            else:
                self._fragment(container)

    def _plain_elements(self, container: _DataSet) -> None:
        """Pass over the elements that hold no other and are whole: most, so this has to be quick.

        The first one that is not, or that breaks a rule, is left to `_element`.
        """
        data, end, position = self._data, container.end, self._position
        room = self._limits.elements - self._elements
        count = 0
        wanted = self._wanted if len(self._open) == 1 else ()
        implicit = container.implicit
        header = self._implicit if implicit else self._explicit
        while position + 8 <= end and count < room:
            if implicit:
                group, element, length = header(data, position)
                following = position + 8 + length
                if following > end or not _holds_no_element(group << 16 | element):
                    break
            else:
                group, element, vr, length = header(data, position)
                following = position + 8 + length
                if following > end or vr not in _SHORT_VRS:
                    break
            if group == 0xFFFE:
                break
            if wanted and (tag := group << 16 | element) in wanted:
                self.values[tag] = bytes(data[position + 8 : following])
            position = following
            count += 1
        self._position = position
        self._elements += count

    def _element(self, container: _DataSet) -> None:
        tag = self._next_tag(container.end)
        if tag[0] == 0xFFFE:
            if tag == _ITEM_END and container.closed_by_delimiter:
                self._close(8)
                return
            self._fail("", f"has an item or delimiter out of place at byte {self._position}")
        self._elements += 1
        if self._elements > self._limits.elements:
            self._fail("", f"has more than {self._limits.elements} elements")
        number = tag[0] << 16 | tag[1]
        vr, start, length = self._header(container, number)
        if length == _UNDEFINED:
            self._open_undefined(container, number, vr, start)
            return
        end = start + length
        if end > container.end:
            self._cut_short(number, length, container.end - start)
        if length and self._is_sequence(number, vr, start, end):
            self._position = start
            self._open.append(_Sequence(end, False, container.implicit, number))
        else:
            self._position = end
            if number in self._wanted and len(self._open) == 1:
                self.values[number] = bytes(self._data[start:end])

    def _header(self, container: _DataSet, tag: int) -> tuple[bytes, int, int]:
        """Return VR (empty where implicit), start and length of the value at the position."""
        position = self._position
        vr = bytes(self._data[position + 4 : position + 6])
        # The very test of pydicom, which takes an element without a VR for implicit.
        if container.implicit or not b"AA" <= vr <= b"ZZ":
            return b"", position + 8, self._long(self._data, position + 4)[0]
        if vr not in _LONG_VRS:
            return vr, position + 8, self._short(self._data, position + 6)[0]
        if position + 12 > container.end:
            self._cut_short(tag, 12, container.end - position)
        return vr, position + 12, self._long(self._data, position + 8)[0]

    def _open_undefined(self, container: _DataSet, tag: int, vr: bytes, start: int) -> None:
        self._position = start
        if vr in (b"SQ", b"UN") or (not vr and registered_vr(tag) in ("SQ", "")):
            self._open.append(_Sequence(container.end, True, container.implicit, tag))
        else:
            self._open.append(_Fragments(container.end, True, tag))

    def _is_sequence(self, tag: int, vr: bytes, start: int, end: int) -> bool:
        if vr not in (b"", b"UN"):
            return vr == b"SQ"
        known = registered_vr(tag)
        if known:
            return known == "SQ"
        if end - start < 8 or self._tag(self._data, start) != _ITEM:
            return False
        length: int = self._long(self._data, start + 4)[0]
        return length == _UNDEFINED or start + 8 + length <= end

    def _item(self, container: _Sequence) -> None:
        tag = self._next_tag(container.end)
        if tag == _SEQUENCE_END and container.closed_by_delimiter:
            self._close(8)
            return
        if tag != _ITEM:
            self._fail(_name(container.tag), f"has no item at byte {self._position}")
        self._items += 1
        if self._items > self._limits.items:
            self._fail("", f"has more than {self._limits.items} sequence items")
        if len(self._open) // 2 > self._limits.depth:
            self._fail(_name(container.tag), f"is nested deeper than {self._limits.depth} levels")
        length: int = self._long(self._data, self._position + 4)[0]
        start = self._position + 8
        end = container.end if length == _UNDEFINED else start + length
        if end > container.end:
            self._cut_short(container.tag, length, container.end - start)
        # Items of a UN sequence are implicit inside an explicit data set (PS3.5 6.2.2).
        implicit = container.implicit or not has_vr(self._data[start + 4 : start + 6])
        self._position = start
        self._open.append(_DataSet(end, length == _UNDEFINED, implicit))

    def _fragment(self, container: _Fragments) -> None:
        tag = self._next_tag(container.end)
        if tag == _SEQUENCE_END:
            self._close(8)
            return
        length: int = self._long(self._data, self._position + 4)[0]
        start = self._position + 8
        if tag != _ITEM or length == _UNDEFINED:
            self._fail(_name(container.tag), f"has no fragment at byte {self._position}")
        self._items += 1
        if self._items > self._limits.items:
            self._fail(_name(container.tag), f"has more than {self._limits.items} fragments")
        if start + length > container.end:
            self._cut_short(container.tag, length, container.end - start)
        self._position = start + length

    def _next_tag(self, end: int) -> tuple[int, int]:
        if self._position + 8 > end:
            self._fail("", f"is cut short: {end - self._position} bytes at byte {self._position}")
        group, element = self._tag(self._data, self._position)
        return group, element

    def _close(self, size: int) -> None:
        self._position += size
        self._open.pop()

    def _cut_short(self, tag: int, length: int, left: int) -> NoReturn:
        self._fail(_name(tag), f"is cut short: {length} bytes announced, {left} there")

    def _fail(self, attribute: str, text: str) -> NoReturn:
        raise DatasetError([Finding(attribute, text)], self._source)


@lru_cache(maxsize=4096)
def registered_vr(tag: int) -> str:
    """Return the registered VR of a tag; empty for private and unknown ones."""
    try:
        return dictionary_VR(tag)
    except KeyError:
        return ""


@lru_cache(maxsize=4096)
def _holds_no_element(tag: int) -> bool:
    """Whether a tag is registered with a VR other than SQ."""
    return registered_vr(tag) not in ("", "SQ")


def _name(tag: int) -> str:
    return keyword_for_tag(tag) or f"({tag >> 16:04X},{tag & 0xFFFF:04X})"
