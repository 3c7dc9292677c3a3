"""Reads a capture file, without anything of ours."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Packet:
    """A TCP packet."""

    FIN: ClassVar[int] = 1
    SYN: ClassVar[int] = 2
    ACK: ClassVar[int] = 16

    source: int
    destination: int
    sequence: int
    acknowledgement: int
    flags: int
    content: bytes


def packets(path: Path) -> list[Packet]:
    """Return the packets of a file; checks their lengths and the checksums of IPv4."""
    data = path.read_bytes()
    assert data[:4] == b"\xd4\xc3\xb2\xa1"
    position, found = 24, []
    while position < len(data):
        captured, length = struct.unpack_from("<8xLL", data, position)
        assert captured == length
        frame = data[position + 16 : position + 16 + length]
        assert len(frame) == length
        position += 16 + length
        found.append(_packet(frame))
    return found


def _packet(frame: bytes) -> Packet:
    if frame[12:14] == b"\x08\x00":
        header, rest = frame[14:34], frame[34:]
        assert struct.unpack(">H", header[2:4])[0] == len(frame) - 14
        assert _sum(header) == 0xFFFF
    else:
        assert frame[12:14] == b"\x86\xdd"
        rest = frame[54:]
        assert struct.unpack(">H", frame[18:20])[0] == len(rest)
    source, destination, sequence, acknowledgement, offset, flags = struct.unpack_from(
        ">HHLLBB", rest
    )
    return Packet(source, destination, sequence, acknowledgement, flags, rest[4 * (offset >> 4) :])


def _sum(header: bytes) -> int:
    total = sum(struct.unpack(f">{len(header) // 2}H", header))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return total
