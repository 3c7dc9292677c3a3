"""A connection that is closed when it ends, whoever ended it, and that two threads may write to."""

from __future__ import annotations

from contextlib import suppress
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from pynetdicom.transport import AssociationSocket

if TYPE_CHECKING:
    from collections.abc import Sequence
    from socket import socket

_MOST_PARTS: Final = 512
"""So many parts are handed over at once; systems take 1024 at least (IOV_MAX)."""
_CONNECTION_LOST: Final = "Evt17"
_A_ABORT: Final = 7


class ClosingSocket(AssociationSocket):
    """Is closed even if there is no peer any more; sends PDUs whole, from whichever thread.

    WORKAROUND for pynetdicom 3.0: it leaves a connection open that could not be made, or that the
    peer has broken off, until Python happens to collect it.
    """

    _ended = False

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._sending = Lock()

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
