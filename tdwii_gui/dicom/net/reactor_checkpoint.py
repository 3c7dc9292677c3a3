"""Where an association's reactor halts while one of our threads sends a request.

WORKAROUND for pynetdicom 3.0: its reactor marks itself as running only some time after its wait
has ended. A request sent in between takes it for halted, and the reactor then takes the response
from the queue and drops it; the request waits in vain until its time limit. Requests in quick
succession on one association hit this under load.
"""

from __future__ import annotations

import time
from threading import Condition, Event
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pynetdicom.association import Association

_LOOK_SECONDS: Final = 0.0003


class ReactorCheckpoint(Event):
    """The event at which a reactor waits; passing it and marking so are one step."""

    def __init__(self, association: Association) -> None:
        super().__init__()
        self._association = association
        self._passing = Condition()
        self._is_open = True

    def is_set(self) -> bool:
        """Return whether the reactor may pass."""
        return self._is_open

    def set(self) -> None:
        """Let the reactor pass."""
        with self._passing:
            self._is_open = True
            self._passing.notify_all()

    def clear(self) -> None:
        """Halt the reactor the next time that it comes here."""
        with self._passing:
            self._is_open = False

    def wait(self, timeout: float | None = None) -> bool:
        """Wait, on the reactor's thread, until it may pass."""
        with self._passing:
            passed = self._passing.wait_for(lambda: self._is_open, timeout)
            if passed:
                self._association._is_paused = False
            return passed

    def halt(self) -> None:
        """Halt the reactor and wait until it stands.

        pynetdicom's own requests do this too, but look only every 10 ms.
        """
        self.clear()
        while not self._association._is_paused and self._association.is_alive():
            time.sleep(_LOOK_SECONDS)


def install_checkpoint(association: Association) -> ReactorCheckpoint:
    """Give an association that is not yet established its checkpoint, and return it."""
    checkpoint = ReactorCheckpoint(association)
    association._reactor_checkpoint = checkpoint
    return checkpoint
