"""The connection of an association that a peer requested: PDUs with limits (PS3.8 9.3).

WORKAROUND for pynetdicom 3.0: it waits without end for the rest of a PDU that was begun, and reads
4 GB if a PDU says that it has them.
"""

from __future__ import annotations

import time
from struct import Struct
from threading import Lock
from typing import TYPE_CHECKING, Final

from tdwii_gui.dicom.net.closing_socket import ClosingSocket
from tdwii_gui.dicom.net.tap import NOT_TAPPED, ConnectionTap

if TYPE_CHECKING:
    from collections.abc import Callable
    from socket import socket

PDU_SECONDS: Final = 20.0
LONGEST_PDU: Final = 256 * 1024

_HEADER: Final = Struct(">BxL")
_PDU_TYPES: Final = range(1, 8)
# pynetdicom answers a PDU of an unknown type by an abort.
_NO_PDU: Final = b"\xff"
_PORTION: Final = 128 * 1024


class AcceptedSocket(ClosingSocket):
    """Reads ahead, with a time limit for each PDU, and no PDU that is too long.

    pynetdicom makes an `AssociationSocket`, which is then given this class and `begin`.
    """

    def begin(self, received: bytes, longest: int, told: ConnectionTap = NOT_TAPPED) -> None:
        """Take over.

        Parameters
        ----------
        received : bytes
            What was read already.
        longest : int
            Bytes of a PDU.
        told : ConnectionTap
            Is told what travels from now on; what was read already is known to it.
        """
        self._tapped = told
        self._received = memoryview(received)
        self._buffer = memoryview(bytearray(_PORTION))
        self._longest = longest
        self._at_header = True
        self._deadline = 0.0
        self._refused = ""
        self._sending = Lock()
        self._connected.settimeout(PDU_SECONDS)

    @property
    def has_received(self) -> bool:
        """Whether there is something to read that `select` does not know about."""
        return bool(self._received) or bool(self._refused)

    @property
    def ready(self) -> bool:
        """Whether there is something to read."""
        if self._refused:
            return False
        return bool(self._received) or bool(super().ready)

    @property
    def refused(self) -> str:
        """Why nothing more is read; empty while all is well."""
        return self._refused

    def refuse(self, reason: str) -> None:
        """Read no more: pynetdicom then closes the connection as soon as it has aborted."""
        self._refused = self._refused or reason

    def recv(self, nr_bytes: int) -> bytearray:
        """Return so many bytes, or fewer at the end of the connection.

        Raises
        ------
        TimeoutError
            If a PDU is not complete in time.
        """
        if self._at_header:
            self._deadline = time.monotonic() + PDU_SECONDS
        data = self._take(nr_bytes)
        self._settle()
        if self._at_header and len(data) == _HEADER.size:
            kind, length = _HEADER.unpack(data)
            if kind not in _PDU_TYPES:
                self.refuse("sent something that is no PDU")
            elif length > self._longest:
                self.refuse("sent a PDU that is too long")
                data[:1] = _NO_PDU
            self._at_header = bool(self._refused)
        else:
            self._at_header = True
        return data

    def put_back(self, header: bytes | bytearray) -> None:
        """Have the header of a PDU, which `recv` has just returned, read again."""
        self._received = memoryview(bytes(header) + bytes(self._received))
        self._at_header = True

    def read_part(self, size: int) -> bytes:
        """Return so many bytes of a PDU whose header was read.

        Raises
        ------
        OSError
            If the connection ends before, or the PDU is not complete in time.
        """
        data = self._take(size)
        if len(data) < size:
            raise ConnectionAbortedError("the connection has ended within a PDU")
        return bytes(data)

    def pour(self, size: int, take: Callable[[memoryview], None]) -> None:
        """Hand over so many bytes of a PDU as they come, without a copy; see `read_part`."""
        while size:
            if not self._received and not self._read_on():
                raise ConnectionAbortedError("the connection has ended within a PDU")
            part = self._received[:size]
            self._received = self._received[len(part) :]
            size -= len(part)
            take(part)

    def end_pdu(self) -> None:
        """Expect the header of a PDU: the last one was read in parts."""
        self._at_header = True
        self._settle()

    def _take(self, size: int) -> bytearray:
        data = bytearray(self._received[:size])
        self._received = self._received[len(data) :]
        while len(data) < size and self._read_on():
            part = self._received[: size - len(data)]
            self._received = self._received[len(part) :]
            data += part
        return data

    def _read_on(self) -> bool:
        """Wait for what comes next; return whether there is something."""
        connection = self._connected
        connection.settimeout(max(self._deadline - time.monotonic(), 0.001))
        count = connection.recv_into(self._buffer)
        self._received = self._buffer[:count]
        if count:
            self._tapped.received([self._received])
        self._ended_by_peer = not count
        return bool(count)

    def _settle(self) -> None:
        """Let what is sent have all the time again."""
        if self.socket is not None:
            self.socket.settimeout(PDU_SECONDS)

    @property
    def _connected(self) -> socket:
        if self.socket is None:
            raise ConnectionAbortedError("the connection is closed")
        return self.socket
