"""Connections that have not associated yet (half-open): how many there may be."""

from __future__ import annotations

import socket
from contextlib import suppress
from threading import Lock
from typing import Final

MAXIMUM_ARRIVALS: Final = 64


class Arrivals:
    """The connections that have not associated yet, the oldest first.

    When there are too many, the oldest is ended: it had the most time to say what it wants, and
    who asks at once is served even in a flood.
    """

    def __init__(self, maximum: int = MAXIMUM_ARRIVALS) -> None:
        self._maximum = maximum
        self._lock = Lock()
        self._connections: dict[int, socket.socket] = {}
        self._last = 0
        self._is_over = False

    def __len__(self) -> int:
        with self._lock:
            return len(self._connections)

    def add(self, connection: socket.socket) -> int:
        """Add a connection; return its number. After `end_all` it is ended at once."""
        with self._lock:
            if self._is_over:
                _end(connection)
            if len(self._connections) >= self._maximum:
                oldest = next(iter(self._connections))
                _end(self._connections.pop(oldest))
            self._last += 1
            self._connections[self._last] = connection
            return self._last

    def replace(self, number: int, connection: socket.socket) -> None:
        """Put another socket, with TLS, in the place of a connection."""
        with self._lock:
            if number in self._connections:
                self._connections[number] = connection
                return
        _end(connection)

    def remove(self, number: int) -> None:
        """Remove a connection: it is associated or closed."""
        with self._lock:
            self._connections.pop(number, None)

    def end_all(self) -> None:
        """End all connections, and those to come; who reads from them notices at once."""
        with self._lock:
            self._is_over = True
            for connection in self._connections.values():
                _end(connection)


def _end(connection: socket.socket) -> None:
    with suppress(OSError):
        # Not that of a TLS socket, which changes what its reading thread uses.
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
