"""A capture file with TCP packets made up around what travelled (pcap, link type Ethernet).

Handshakes, sequence and acknowledgement numbers are as TCP would have them; checksums of TCP are
left out (0), as in captures of interfaces that compute them.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address
from struct import Struct
from typing import BinaryIO, Final

LONGEST_SEGMENT: Final = 65_000

_FILE_HEADER: Final = Struct("<LHHlLLL")
_MAGIC: Final = 0xA1B2C3D4
_SNAP_LENGTH: Final = 262_144
_ETHERNET: Final = 1
_PACKET_HEADER: Final = Struct("<LLLL")
_IPV4: Final = Struct(">BBHHHBBH4s4s")
_IPV6: Final = Struct(">LHBB16s16s")
_TCP: Final = Struct(">HHLLBBHHH")
_TCP_HEADER_WORDS: Final = 5
_TCP_PROTOCOL: Final = 6
_HOPS: Final = 64
_DO_NOT_FRAGMENT: Final = 0x4000
_WINDOW: Final = 65_535
_FIN, _SYN, _PUSH, _ACK = 1, 2, 8, 16
_SEQUENCES: Final = 2**32
_STATIONS: Final = (b"\2\0\0\0\0\1", b"\2\0\0\0\0\2")
"""Locally administered addresses of requestor and acceptor."""
_ETHER_TYPES: Final = {4: b"\x08\x00", 6: b"\x86\xdd"}

Address = tuple[str, int]


class Capture:
    """Writes packets to a file.

    Attributes
    ----------
    frames : int
        How many are written.
    size : int
        The bytes of the file.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.frames = 0
        self.size = file.write(_FILE_HEADER.pack(_MAGIC, 2, 4, 0, 0, _SNAP_LENGTH, _ETHERNET))

    def write(self, at: int, headers: bytes, content: bytes | memoryview) -> None:
        """Write a packet, seen at so many nanoseconds since 1970."""
        seconds, nanoseconds = divmod(at, 1_000_000_000)
        length = len(headers) + len(content)
        self._file.write(
            _PACKET_HEADER.pack(seconds & 0xFFFFFFFF, nanoseconds // 1000, length, length) + headers
        )
        self._file.write(content)
        self.frames += 1
        self.size += _PACKET_HEADER.size + length


class TcpStream:
    """A connection in a capture: its handshake is written at once.

    Parameters
    ----------
    requestor, acceptor : tuple[str, int]
        Address and port of both ends.
    """

    def __init__(self, capture: Capture, at: int, requestor: Address, acceptor: Address) -> None:
        self._capture = capture
        addresses = _addresses(requestor[0], acceptor[0])
        self._version = addresses[0].version
        self._hosts = tuple(address.packed for address in addresses)
        self._ports = (requestor[1], acceptor[1])
        self._next = [capture.frames * 7919 % _SEQUENCES, capture.frames * 104_729 % _SEQUENCES]
        self._identification = 0
        self._is_finished = [False, False]
        self._packet(at, 0, _SYN)
        self._packet(at, 1, _SYN | _ACK)
        self._packet(at, 0, _ACK)

    def send(self, at: int, data: bytes, *, by_requestor: bool) -> None:
        """Write what one end has sent, in as many packets as it needs."""
        view = memoryview(data)
        for start in range(0, len(data), LONGEST_SEGMENT):
            self._packet(
                at, 0 if by_requestor else 1, _PUSH | _ACK, view[start : start + LONGEST_SEGMENT]
            )

    def finish(self, at: int, *, by_requestor: bool) -> None:
        """Write the end of the connection."""
        first = 0 if by_requestor else 1
        self._packet(at, first, _FIN | _ACK)
        self._packet(at, 1 - first, _FIN | _ACK)
        self._packet(at, first, _ACK)

    def _packet(self, at: int, sender: int, flags: int, content: bytes | memoryview = b"") -> None:
        receiver = 1 - sender
        acknowledged = self._next[receiver] if flags & _ACK else 0
        tcp = _TCP.pack(
            self._ports[sender],
            self._ports[receiver],
            self._next[sender],
            acknowledged,
            _TCP_HEADER_WORDS << 4,
            flags,
            _WINDOW,
            0,
            0,
        )
        ethernet = _STATIONS[receiver] + _STATIONS[sender] + _ETHER_TYPES[self._version]
        internet = self._internet_header(sender, len(tcp) + len(content))
        self._capture.write(at, ethernet + internet + tcp, content)
        used = len(content) + (1 if flags & (_SYN | _FIN) else 0)
        self._next[sender] = (self._next[sender] + used) % _SEQUENCES

    def _internet_header(self, sender: int, length: int) -> bytes:
        source, destination = self._hosts[sender], self._hosts[1 - sender]
        if self._version == 6:
            return _IPV6.pack(6 << 28, length, _TCP_PROTOCOL, _HOPS, source, destination)
        self._identification = (self._identification + 1) & 0xFFFF
        fields = (
            0x45,
            0,
            _IPV4.size + length,
            self._identification,
            _DO_NOT_FRAGMENT,
            _HOPS,
            _TCP_PROTOCOL,
        )
        checksum = _checksum(_IPV4.pack(*fields, 0, source, destination))
        return _IPV4.pack(*fields, checksum, source, destination)


def _addresses(*hosts: str) -> list[IPv4Address] | list[IPv6Address]:
    """Return addresses of one version."""
    found = [ip_address(host.partition("%")[0]) for host in hosts]
    fours = [one for one in found if isinstance(one, IPv4Address)]
    if len(fours) == len(found):
        return fours
    return [one if isinstance(one, IPv6Address) else IPv6Address(f"::ffff:{one}") for one in found]


def _checksum(header: bytes) -> int:
    """Return the checksum of an IPv4 header (RFC 791)."""
    return 0xFFFF - (int.from_bytes(header, "big") % 0xFFFF or 0xFFFF)
