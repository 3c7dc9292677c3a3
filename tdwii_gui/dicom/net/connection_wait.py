"""A connection's thread waits for data instead of looking for it a thousand times in a second.

WORKAROUND for pynetdicom 3.0: the threads of each association poll. Every look takes the
interpreter, which a window that is being painted then lacks: with ten associations its picture
took six times as long. And each message waited a millisecond at every turn.
"""

from __future__ import annotations

import select
import socket
import weakref
from contextlib import suppress
from ssl import SSLSocket
from typing import TYPE_CHECKING, Any, Final

from tdwii_gui.dicom.net.accepted_socket import AcceptedSocket
from tdwii_gui.dicom.net.broken_connection import contained

if TYPE_CHECKING:
    from collections.abc import Callable

    from pynetdicom.association import Association
    from pynetdicom.dul import DULServiceProvider

_LOOK_SECONDS: Final = 0.1
"""So often are the time limits (ARTIM) looked at, and whether the thread is to end."""
_RINGS: Final = 4096
_IDLE: Final = "Sta1"
_WITHOUT_CONNECTION: Final = frozenset({_IDLE, "Sta13"})
"""States (PS3.8 Table 9-10) in which the thread only has to come to its end."""


class Doorbell:
    """Wakes the thread that waits at a connection."""

    def __init__(self) -> None:
        self._inside, self._outside = socket.socketpair()
        self._inside.setblocking(False)
        self._outside.setblocking(False)

    def ring(self) -> None:
        """Wake the thread, now or when it comes to wait."""
        with suppress(OSError):
            self._outside.send(b"\0")

    def wait(self, connection: socket.socket, seconds: float) -> None:
        """Wait until there is data on the connection, the bell rings, or time is up."""
        # Either may be closed meanwhile, by another thread: then there is nothing to wait for.
        with suppress(OSError, ValueError):
            ready, _, _ = select.select([connection, self._inside], [], [], seconds)
            if self._inside in ready:
                self._inside.recv(_RINGS)

    def close(self) -> None:
        """Ring no more."""
        self._inside.close()
        self._outside.close()


def install_wait(association: Association, done: Callable[[], None]) -> None:
    """Have the thread of a new connection wait for data, and tell when it has handled some.

    Parameters
    ----------
    association : Association
        Its connection is open (EVT_CONN_OPEN).
    done : Callable
        Is called on the connection's thread after each of its actions (PS3.8 9.2.2).
    """
    dul: Any = association.dul
    bell = Doorbell()
    weakref.finalize(association, bell.close)
    send, look = dul.send_pdu, dul._is_transport_event
    act = contained(association, dul.state_machine.do_action)

    def send_pdu(primitive: Any) -> None:
        send(primitive)
        bell.ring()

    def is_transport_event() -> bool:
        connection = _idle_connection(dul)
        if connection is not None:
            bell.wait(connection, _LOOK_SECONDS)
            if dul._process_recv_primitive():
                return False
        return bool(look())

    def do_action(event: str) -> None:
        act(event)
        done()
        # Not every way to the end tells that the connection is closed.
        if dul._kill_thread or dul.state_machine.current_state == _IDLE:
            bell.close()

    dul.send_pdu = send_pdu
    dul._is_transport_event = is_transport_event
    dul.state_machine.do_action = do_action


def _idle_connection(dul: DULServiceProvider) -> socket.socket | None:
    """Return the connection to wait at, or None if there is something to do."""
    if dul._kill_thread or dul.state_machine.current_state in _WITHOUT_CONNECTION:
        return None
    if not dul.event_queue.empty() or not dul.to_provider_queue.empty():
        return None
    if isinstance(dul.socket, AcceptedSocket) and dul.socket.has_received:
        return None
    connection = dul.socket.socket if dul.socket is not None else None
    if isinstance(connection, SSLSocket) and connection.pending():
        return None
    return connection
