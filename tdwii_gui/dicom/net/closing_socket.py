"""A connection that is closed when it ends, whoever ended it, and that two threads may write to."""

from __future__ import annotations

from contextlib import suppress
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from pynetdicom.transport import AssociationSocket

from tdwii_gui.dicom.net.tap import NO_TAP, NOT_TAPPED, ConnectionTap, Tap, tapped

if TYPE_CHECKING:
    from collections.abc import Sequence
    from socket import socket

    from pynetdicom.transport import T_CONNECT

_MOST_PARTS: Final = 512
"""So many parts are handed over at once; systems take 1024 at least (IOV_MAX)."""
_CONNECTION_LOST: Final = "Evt17"
_A_ABORT: Final = 7


class ClosingSocket(AssociationSocket):
    """Is closed even if there is no peer any more; sends PDUs whole, from whichever thread.

    WORKAROUND for pynetdicom 3.0: it leaves a connection open that could not be made, or that the
    peer has broken off, until Python happens to collect it.
    """

    tap: Tap = NO_TAP
    _tapped: ConnectionTap = NOT_TAPPED
    _ended = False
    _ended_by_peer = False

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._sending = Lock()

    def connect(self, primitive: T_CONNECT) -> None:
        """Connect with the peer."""
        super().connect(primitive)
        if self.socket is not None and self._is_connected:
            self._tapped = tapped(self.tap, self.socket, is_requestor=True)

    def recv(self, nr_bytes: int) -> bytearray:
        """Return so many bytes, or fewer at the end of the connection."""
        data = super().recv(nr_bytes)
        self._ended_by_peer = len(data) < nr_bytes
        if data:
            self._tapped.received([memoryview(data)])
        return data

    def send(self, bytestream: bytes) -> None:
        """Send PDUs."""
        self.send_parts([memoryview(bytestream)])

    def send_parts(self, parts: Sequence[memoryview]) -> bool:
        """Send PDUs that are in several parts; return whether the connection took them."""
        with self._sending:
            if self._ended and parts[0][0] != _A_ABORT:
                return False
            connection = self.socket
            try:
                if connection is not None:
                    self._tapped.sent(parts)
                    _write(connection, list(parts))
                    return True
            # A TLS connection that another thread closes raises ValueError.
            except (OSError, ValueError):
                pass
            self.event_queue.put(_CONNECTION_LOST)
            return False

    def end_sending(self, seconds: float) -> bool:
        """Take nothing more than an A-ABORT; return whether what is on its way left in time."""
        self._ended = True
        if self._sending.acquire(timeout=seconds):
            self._sending.release()
            return True
        return False

    def _shutdown_socket(self) -> None:
        connection = self.socket
        super()._shutdown_socket()
        if connection is not None:
            with suppress(OSError):
                connection.close()
            self._tapped.closed(by_peer=self._ended_by_peer)


def _write(connection: socket, parts: list[memoryview]) -> None:
    gathered = getattr(connection, "sendmsg", None)
    if gathered is None or hasattr(connection, "pending"):
        # Neither Windows nor TLS has it.
        connection.sendall(b"".join(parts))
        return
    start = 0
    while start < len(parts):
        sent = gathered(parts[start : start + _MOST_PARTS])
        while start < len(parts) and sent >= len(parts[start]):
            sent -= len(parts[start])
            start += 1
        if sent:
            parts[start] = parts[start][sent:]
