"""What travels on connections, told as it travels: who records it is not known here.

Plain bytes: those of a TLS connection after their decryption. What is sent is told before it
leaves, and what is received before it is handled, so that a response is never told before its
request.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from socket import socket


@dataclass(frozen=True, slots=True)
class Connection:
    """A connection, seen from one of its ends.

    Parameters
    ----------
    requestor, acceptor : tuple[str, int]
        Address and port of who has connected, and of who listened.
    is_requestor : bool
        Whether this end has connected.
    tls : bool
        Whether it is encrypted.
    """

    requestor: tuple[str, int]
    acceptor: tuple[str, int]
    is_requestor: bool
    tls: bool


class ConnectionTap(Protocol):
    """Is told what travels on a connection, on the threads that send and receive.

    The parts are not to be used after the return.
    """

    def sent(self, parts: Sequence[bytes | memoryview]) -> None:
        """Take what is about to be sent."""

    def received(self, parts: Sequence[bytes | memoryview]) -> None:
        """Take what came."""

    def closed(self, *, by_peer: bool) -> None:
        """Take note that the connection has ended; more than once is well."""


class Tap(Protocol):
    """Is asked about each connection."""

    def connected(self, connection: Connection) -> ConnectionTap:
        """Return who is told what travels on a new connection."""


class _Nobody:
    """Takes no notice."""

    def connected(self, _connection: Connection) -> ConnectionTap:
        return NOT_TAPPED

    def sent(self, _parts: Sequence[bytes | memoryview]) -> None:
        pass

    def received(self, _parts: Sequence[bytes | memoryview]) -> None:
        pass

    def closed(self, *, by_peer: bool) -> None:
        pass


_NOBODY: Final = _Nobody()
NO_TAP: Final[Tap] = _NOBODY
"""Nothing is told."""
NOT_TAPPED: Final[ConnectionTap] = _NOBODY
"""Of this connection nothing is told."""


def tapped(tap: Tap, connection: socket, *, is_requestor: bool) -> ConnectionTap:
    """Return who is told what travels on a connected socket."""
    try:
        own, peer = connection.getsockname()[:2], connection.getpeername()[:2]
    except OSError:  # it is gone already
        return NOT_TAPPED
    requestor, acceptor = (own, peer) if is_requestor else (peer, own)
    is_tls = hasattr(connection, "pending")
    return tap.connected(Connection(requestor, acceptor, is_requestor, is_tls))
