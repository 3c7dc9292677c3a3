"""Where an association's reactor waits for messages, and halts while we send a request.

WORKAROUND for pynetdicom 3.0: its reactor marks itself as running only some time after its wait
has ended. A request sent in between takes it for halted, and the reactor then takes the response
from the queue and drops it; the request waits in vain until its time limit. Requests in quick
succession on one association hit this under load. And it looks for messages a thousand times in a
second instead of waiting for them.
"""

from __future__ import annotations

import time
from threading import Condition, Event
from typing import TYPE_CHECKING, Final

from tdwii_gui.dicom.net.connection_wait import install_wait

if TYPE_CHECKING:
    from collections.abc import Callable

    from pynetdicom.association import Association

_HALT_SECONDS: Final = 0.0003
_DATA_TRANSFER: Final = "Sta6"
_LOOK_SECONDS: Final = 0.1
"""So often the reactor looks at its time limits, and whether it is to end."""


class ReactorCheckpoint(Event):
    """The event at which a reactor waits; passing it and marking so are one step.

    Parameters
    ----------
    has_come : Callable
        Whether there is something for the reactor to look at.
    """

    def __init__(self, association: Association, has_come: Callable[[], bool]) -> None:
        super().__init__()
        self._association = association
        self._has_come = has_come
        self._passing = Condition()
        self._is_open = True
        self._may_look = True
        self._stands = False

    def is_set(self) -> bool:
        """Return whether the reactor may pass."""
        return self._is_open

    def set(self) -> None:
        """Let the reactor pass."""
        with self._passing:
            self._is_open = self._may_look = True
            self._passing.notify_all()

    def resume(self) -> None:
        """Let the reactor pass as soon as something has come; it is not woken for nothing."""
        with self._passing:
            self._is_open = True
            self._may_look = self._has_come()
            if self._may_look or self._stands:
                self._passing.notify_all()

    def clear(self) -> None:
        """Halt the reactor the next time that it comes here."""
        with self._passing:
            self._is_open = False

    def tell(self) -> None:
        """Have the reactor look at what has come, unless it is halted."""
        with self._passing:
            self._may_look = True
            if self._is_open:
                self._passing.notify_all()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait, on the reactor's thread, until it may pass and something has come."""
        with self._passing:
            self._passing.wait_for(lambda: self._is_open and self._may_look, _LOOK_SECONDS)
            self._stands = True
            passed = self._passing.wait_for(lambda: self._is_open, timeout)
            self._stands = False
            if passed:
                self._may_look = False
                self._association._is_paused = False
            return passed

    def halt(self) -> None:
        """Halt the reactor and wait until it stands.

        pynetdicom's own requests do this too, but look only every 10 ms.
        """
        self.clear()
        while not self._association._is_paused and self._association.is_alive():
            time.sleep(_HALT_SECONDS)


def install_checkpoint(association: Association) -> ReactorCheckpoint:
    """Give an association that is not yet established its checkpoint, and return it."""
    messages, primitives = association.dimse.msg_queue, association.dul.to_user_queue
    connection = association.dul.state_machine

    def has_come() -> bool:
        # A part of a message, or one that was sent, is nothing to wake the reactor for.
        state = connection.current_state
        return state != _DATA_TRANSFER or bool(messages.qsize() or primitives.qsize())

    checkpoint = ReactorCheckpoint(association, has_come)
    association._reactor_checkpoint = checkpoint

    def tell() -> None:
        if has_come():
            checkpoint.tell()

    install_wait(association, tell)
    return checkpoint
