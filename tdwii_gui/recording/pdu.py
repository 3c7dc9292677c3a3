"""PDUs of the DICOM Upper Layer as they travel (PS3.8 9.3), from recorded bytes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from struct import Struct
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_PDU: Final = 64 * 2**20
"""Bytes; what says that it is longer is no PDU."""

_HEADER: Final = Struct(">BBL")
_FRAGMENT: Final = Struct(">LBB")
_ITEM: Final = Struct(">BxH")
_CONTROL_BYTES: Final = 2
_TITLES_END: Final = 36
_FIXED_BYTES: Final = 68
_PROPOSED_CONTEXT: Final = 0x20
_ACCEPTED_CONTEXT: Final = 0x21
_ABSTRACT_SYNTAX: Final = 0x30
_TRANSFER_SYNTAX: Final = 0x40
_USER_INFORMATION: Final = 0x50
_IDENTITIES: Final = (0x58, 0x59)
_CONTEXT_HEADER_BYTES: Final = 4
_ACCEPTED: Final = 0


class PduType(IntEnum):
    """The types of PDUs."""

    ASSOCIATE_RQ = 1
    ASSOCIATE_AC = 2
    ASSOCIATE_RJ = 3
    P_DATA_TF = 4
    RELEASE_RQ = 5
    RELEASE_RP = 6
    ABORT = 7


class Pdu(NamedTuple):
    """A PDU; `reserved` is the byte after its type."""

    kind: PduType
    reserved: int
    content: bytes

    @property
    def encoded(self) -> bytes:
        """It as it travels."""
        return _HEADER.pack(self.kind, self.reserved, len(self.content)) + self.content


class Fragment(NamedTuple):
    """A presentation data value: a part of a command set or data set (PS3.8 9.3.5.1, E.2)."""

    context_id: int
    control: int
    data: bytes

    @property
    def is_command(self) -> bool:
        """Whether it is of a command set."""
        return bool(self.control & 1)

    @property
    def is_last(self) -> bool:
        """Whether no other follows."""
        return bool(self.control & 2)


class NotAPduError(ValueError):
    """What came is no PDU, or one that does not hold what it has to."""


class PduReader:
    """Cuts PDUs out of what travels in one direction."""

    def __init__(self) -> None:
        self._received = bytearray()

    def feed(self, data: bytes) -> Iterator[Pdu]:
        """Yield the PDUs that are whole now.

        Raises
        ------
        NotAPduError
            If something else comes; it is in `take_rest`.
        """
        received = self._received
        received += data
        while len(received) >= _HEADER.size:
            kind, reserved, length = _HEADER.unpack_from(received)
            if not PduType.ASSOCIATE_RQ <= kind <= PduType.ABORT or length > LONGEST_PDU:
                raise NotAPduError(f"type {kind} with {length} bytes")
            end = _HEADER.size + length
            if len(received) < end:
                return
            content = bytes(memoryview(received)[_HEADER.size : end])
            del received[:end]
            yield Pdu(PduType(kind), reserved, content)

    def take_rest(self) -> bytes:
        """Return what is no whole PDU, and forget it."""
        rest = bytes(self._received)
        self._received.clear()
        return rest


def fragments(content: bytes) -> list[Fragment]:
    """Return the presentation data values of a P-DATA-TF PDU.

    Raises
    ------
    NotAPduError
        If they do not fill it.
    """
    found = []
    position = 0
    while position < len(content):
        if len(content) - position < _FRAGMENT.size:
            raise NotAPduError("a presentation data value is cut short")
        length, context_id, control = _FRAGMENT.unpack_from(content, position)
        start = position + _FRAGMENT.size
        position = start + length - _CONTROL_BYTES
        if length < _CONTROL_BYTES or position > len(content):
            raise NotAPduError("a presentation data value has no possible length")
        found.append(Fragment(context_id, control, content[start:position]))
    return found


def data_transfer(parts: list[Fragment]) -> bytes:
    """Return the content of a P-DATA-TF PDU."""
    encoded = []
    for context_id, control, data in parts:
        encoded += [_FRAGMENT.pack(len(data) + _CONTROL_BYTES, context_id, control), data]
    return b"".join(encoded)


@dataclass(frozen=True, slots=True)
class ProposedContext:
    """A presentation context of an A-ASSOCIATE-RQ (PS3.8 9.3.2.2)."""

    abstract_syntax: str
    transfer_syntaxes: tuple[str, ...]


def ae_titles(content: bytes) -> tuple[str, str]:
    """Return called and calling AE title of an A-ASSOCIATE-RQ, without outer spaces.

    Raises
    ------
    NotAPduError
        If it is too short.
    """
    if len(content) < _FIXED_BYTES:
        raise NotAPduError("an A-ASSOCIATE-RQ is cut short")
    called, calling = content[4:20], content[20:_TITLES_END]
    return _text(called).strip(" "), _text(calling).strip(" ")


def proposed_contexts(content: bytes) -> dict[int, ProposedContext]:
    """Return the presentation contexts of an A-ASSOCIATE-RQ by ID; those that can be read."""
    contexts = {}
    for kind, start, end in _items(content, _FIXED_BYTES, len(content)):
        if kind != _PROPOSED_CONTEXT or end - start < _CONTEXT_HEADER_BYTES:
            continue
        syntaxes = [*_items(content, start + _CONTEXT_HEADER_BYTES, end)]
        abstract = [content[a:b] for item, a, b in syntaxes if item == _ABSTRACT_SYNTAX]
        transfer = [content[a:b] for item, a, b in syntaxes if item == _TRANSFER_SYNTAX]
        contexts[content[start]] = ProposedContext(
            _uid(abstract[0]) if abstract else "", tuple(map(_uid, transfer))
        )
    return contexts


def accepted_contexts(content: bytes) -> dict[int, str]:
    """Return the transfer syntaxes of the accepted contexts of an A-ASSOCIATE-AC by ID."""
    contexts = {}
    for kind, start, end in _items(content, _FIXED_BYTES, len(content)):
        if kind != _ACCEPTED_CONTEXT or end - start < _CONTEXT_HEADER_BYTES:
            continue
        if content[start + 2] != _ACCEPTED:
            continue
        for item, begin, stop in _items(content, start + _CONTEXT_HEADER_BYTES, end):
            if item == _TRANSFER_SYNTAX:
                contexts[content[start]] = _uid(content[begin:stop])
    return contexts


def without_identity(content: bytes) -> bytes:
    """Return an A-ASSOCIATE PDU's content with user names and passwords as zeros (PS3.7 D.3.3.7).

    Its length is the same.
    """
    clean = bytearray(content)
    for kind, start, end in _items(content, _FIXED_BYTES, len(content)):
        if kind == _USER_INFORMATION:
            for item, begin, stop in _items(content, start, end):
                if item in _IDENTITIES:
                    _blank_identity(clean, begin, stop)
    return bytes(clean)


def _blank_identity(content: bytearray, start: int, end: int) -> None:
    """Blank the fields of a user identity item; of an answer the one field."""
    is_request = content[start - _ITEM.size] == _IDENTITIES[0]
    position = start + 2 if is_request else start
    while position + 2 <= end:
        length = int.from_bytes(content[position : position + 2], "big")
        stop = min(position + 2 + length, end)
        content[position + 2 : stop] = bytes(max(stop - position - 2, 0))
        position += 2 + length


def _items(content: bytes, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Yield type, start and end of the items of a PDU or item, up to one that is cut short."""
    while start + _ITEM.size <= end:
        kind, length = _ITEM.unpack_from(content, start)
        start += _ITEM.size
        if start + length > end:
            return
        yield kind, start, start + length
        start += length


def _uid(value: bytes) -> str:
    return _text(value).rstrip("\0 ")


def _text(value: bytes) -> str:
    return value.decode("ascii", "replace")
