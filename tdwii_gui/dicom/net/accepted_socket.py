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

if TYPE_CHECKING:
    from socket import socket

PDU_SECONDS: Final = 20.0
LONGEST_PDU: Final = 256 * 1024

_HEADER: Final = Struct(">BxL")
_PDU_TYPES: Final = range(1, 8)
# pynetdicom answers a PDU of an unknown type by an abort.
_NO_PDU: Final = b"\xff"
_PORTION: Final = 64 * 1024


class AcceptedSocket(ClosingSocket):
    """Reads ahead, with a time limit for each PDU, and no PDU that is too long.

    pynetdicom makes an `AssociationSocket`, which is then given this class and `begin`.
    """

    def begin(self, received: bytes, longest: int) -> None:
        """Take over.

        Parameters
        ----------
        received : bytes
            What was read already.
        longest : int
            Bytes of a PDU.
        """
        self._received = bytearray(received)
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

    def _take(self, size: int) -> bytearray:
        received = self._received
        waited = False
        while len(received) < size:
            # What has come is there at once; the time limit matters for what has to be waited for.
            if waited:
                self._connected.settimeout(max(self._deadline - time.monotonic(), 0.001))
            portion = self._connected.recv(_PORTION)
            if not portion:
                break
            received += portion
            if waited and time.monotonic() > self._deadline:
                raise TimeoutError("a PDU was not complete in time")
            waited = True
        if waited:
            self._connected.settimeout(PDU_SECONDS)
        data = received[:size]
        del received[:size]
        return data

    def send(self, bytestream: bytes) -> None:
        """Send PDUs, whole, from whichever thread of the association."""
        with self._sending:
            super().send(bytestream)

    @property
    def _connected(self) -> socket:
        if self.socket is None:
            raise ConnectionAbortedError("the connection is closed")
        return self.socket
