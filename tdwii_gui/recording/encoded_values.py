"""The values of an encoded data set, where they stand in its bytes (PS3.5 7)."""

from __future__ import annotations

from dataclasses import dataclass
from struct import Struct
from typing import TYPE_CHECKING, Final, NamedTuple

from pydicom.valuerep import EXPLICIT_VR_LENGTH_32

from tdwii_gui.dicom.iod.structure import DEFAULT_LIMITS, has_vr, registered_vr

if TYPE_CHECKING:
    from collections.abc import Iterator

_ITEM: Final = 0xFFFEE000
_ITEM_TAG: Final = (0xFFFE, 0xE000)
_ITEM_END: Final = 0xFFFEE00D
_SEQUENCE_END: Final = 0xFFFEE0DD
_DELIMITERS: Final = 0xFFFE
_UNDEFINED: Final = 0xFFFFFFFF
_LONG_VRS: Final = frozenset(str(vr) for vr in EXPLICIT_VR_LENGTH_32)


class EncodedValue(NamedTuple):
    """A value that holds no other elements: of an element, or a fragment of one.

    Parameters
    ----------
    vr : str
        As it is encoded; empty if it is not (implicit VR).
    start, end : int
        Its bytes.
    sequences : tuple[int, ...]
        The tags of the sequences around it, from outside.
    """

    tag: int
    vr: str
    start: int
    end: int
    sequences: tuple[int, ...]


@dataclass(slots=True)
class _DataSet:
    end: int
    delimited: bool
    implicit: bool
    sequences: tuple[int, ...]


@dataclass(slots=True)
class _Sequence:
    end: int
    delimited: bool
    implicit: bool
    sequences: tuple[int, ...]


@dataclass(slots=True)
class _Fragments:
    end: int
    tag: int
    vr: str
    sequences: tuple[int, ...]


class EncodedValues:
    """Goes through the values of an encoded data set, whatever its bytes are.

    Parameters
    ----------
    data : bytes or bytearray
        Without file meta information. Values may be replaced by others of their length meanwhile.

    Attributes
    ----------
    readable : int
        How many bytes were understood so far: after the last value, what follows is no element,
        reaches beyond its container, or is nested too deep.
    """

    def __init__(
        self, data: bytes | bytearray, *, implicit: bool, little_endian: bool = True
    ) -> None:
        order = "<" if little_endian else ">"
        self._data = data
        self._tag = Struct(f"{order}HH").unpack_from
        self._short = Struct(f"{order}H").unpack_from
        self._long = Struct(f"{order}L").unpack_from
        self._damaged = False
        self._open: list[_DataSet | _Sequence | _Fragments] = [
            _DataSet(len(data), False, implicit, ())
        ]
        self.readable = 0

    def __iter__(self) -> Iterator[EncodedValue]:
        """Give the values in their order."""
        while self._open and not self._damaged:
            inner = self._open[-1]
            if self.readable >= inner.end:
                self._open.pop()
            elif self.readable + 8 > inner.end:
                self._damaged = True
            elif isinstance(inner, _DataSet):
                if value := self._element(inner):
                    yield value
            elif isinstance(inner, _Sequence):
                self._item(inner)
            elif value := self._fragment(inner):
                yield value

    def _element(self, inner: _DataSet) -> EncodedValue | None:
        data, position = self._data, self.readable
        tag = self._next_tag()
        if tag >> 16 == _DELIMITERS:
            if tag == _ITEM_END and inner.delimited:
                self._close()
            else:
                self._damaged = True
            return None
        vr, start = "", position + 8
        if inner.implicit or not has_vr(data[position + 4 : position + 6]):
            length = self._long(data, position + 4)[0]
        else:
            vr = data[position + 4 : position + 6].decode("ascii")
            if vr not in _LONG_VRS:
                length = self._short(data, position + 6)[0]
            elif position + 12 > inner.end:
                self._damaged = True
                return None
            else:
                start = position + 12
                length = self._long(data, position + 8)[0]
        if length == _UNDEFINED:
            self._open_undefined(inner, tag, vr, start)
            return None
        end: int = start + length
        if end > inner.end:
            self._damaged = True
        elif length and self._is_sequence(tag, vr, start, end):
            self._open_sequence(inner, tag, start, end, delimited=False)
        else:
            self.readable = end
            return EncodedValue(tag, vr, start, end, inner.sequences)
        return None

    def _open_undefined(self, inner: _DataSet, tag: int, vr: str, start: int) -> None:
        if vr in ("SQ", "UN") or (not vr and registered_vr(tag) in ("SQ", "")):
            self._open_sequence(inner, tag, start, inner.end, delimited=True)
        else:
            self.readable = start
            self._open.append(_Fragments(inner.end, tag, vr, inner.sequences))

    def _open_sequence(
        self, inner: _DataSet, tag: int, start: int, end: int, *, delimited: bool
    ) -> None:
        sequences = (*inner.sequences, tag)
        if len(sequences) > DEFAULT_LIMITS.depth:
            self._damaged = True
            return
        self.readable = start
        self._open.append(_Sequence(end, delimited, inner.implicit, sequences))

    def _is_sequence(self, tag: int, vr: str, start: int, end: int) -> bool:
        if vr not in ("", "UN"):
            return vr == "SQ"
        known = registered_vr(tag)
        if known:
            return known == "SQ"
        if end - start < 8 or self._tag(self._data, start) != _ITEM_TAG:
            return False
        length: int = self._long(self._data, start + 4)[0]
        return length == _UNDEFINED or start + 8 + length <= end

    def _item(self, inner: _Sequence) -> None:
        tag = self._next_tag()
        if tag == _SEQUENCE_END and inner.delimited:
            self._close()
            return
        length: int = self._long(self._data, self.readable + 4)[0]
        start, undefined = self.readable + 8, length == _UNDEFINED
        end = inner.end if undefined else start + length
        if tag != _ITEM or end > inner.end:
            self._damaged = True
            return
        # Items of a UN sequence are implicit inside an explicit data set (PS3.5 6.2.2).
        implicit = inner.implicit or not has_vr(self._data[start + 4 : start + 6])
        self.readable = start
        self._open.append(_DataSet(end, undefined, implicit, inner.sequences))

    def _fragment(self, inner: _Fragments) -> EncodedValue | None:
        tag = self._next_tag()
        if tag == _SEQUENCE_END:
            self._close()
            return None
        length: int = self._long(self._data, self.readable + 4)[0]
        start = self.readable + 8
        if tag != _ITEM or start + length > inner.end:
            self._damaged = True
            return None
        self.readable = start + length
        return EncodedValue(inner.tag, inner.vr, start, start + length, inner.sequences)

    def _next_tag(self) -> int:
        group, element = self._tag(self._data, self.readable)
        tag: int = group << 16 | element
        return tag

    def _close(self) -> None:
        self.readable += 8
        self._open.pop()
