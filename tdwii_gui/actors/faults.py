"""What goes wrong with an actor as a whole on purpose: its port is closed, it restarts.

What goes wrong with its messages is seen to where they travel, in `dicom.net`.
"""

from __future__ import annotations

import logging
from threading import Lock, Thread
from typing import TYPE_CHECKING, Final, Protocol

from tdwii_gui.dicom.errors import TdwiiError
from tdwii_gui.dicom.net.fault import MESSAGES, Fault, FaultKind
from tdwii_gui.dicom.net.faults import Faults, FaultState

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "MESSAGES",
    "Fault",
    "FaultKind",
    "FaultState",
    "Faults",
    "Upsets",
]

LOGGER = logging.getLogger(__name__)

_RESTARTS: Final = (FaultKind.RESTART_WARM, FaultKind.RESTART_COLD)


class Listens(Protocol):
    """What an actor can do with its port."""

    @property
    def listening(self) -> bool:
        """Whether its SCP answers."""

    def close_port(self) -> None:
        """Close the port alone."""

    def open_port(self) -> None:
        """Open it again."""

    def restart_by_fault(self, *, cold: bool) -> None:
        """Stop listening and start again; wait until it is done."""


class Upsets:
    """Closes the port of an actor and restarts it as its faults say, on threads of its own.

    Such a fault strikes as soon as it is set and the actor listens.
    """

    def __init__(self, actor: Listens, faults: Faults) -> None:
        self._actor = actor
        self._faults = faults
        self._lock = Lock()
        self._ending = False
        self._running: dict[Fault, Thread] = {}

    def look(self) -> None:
        """See to what was set; returns at once."""
        for state in self._faults.states:
            act = self._action(state)
            if act is None or not self._actor.listening:
                continue
            with self._lock:
                if self._ending or state.fault in self._running:
                    continue
                thread = Thread(
                    target=self._run, args=(act, state.fault), name=str(state.fault), daemon=True
                )
                self._running[state.fault] = thread
                thread.start()

    def end(self) -> None:
        """Wait until nothing is under way, now that the faults are cleared; nothing follows."""
        with self._lock:
            self._ending = True
            threads = list(self._running.values())
        for thread in threads:
            thread.join()

    def _action(self, state: FaultState) -> Callable[[Fault], None] | None:
        if state.hits:
            return None
        if state.fault.kind is FaultKind.CLOSE_PORT:
            return self._close_port
        return self._restart if state.fault.kind in _RESTARTS else None

    def _run(self, act: Callable[[Fault], None], fault: Fault) -> None:
        try:
            act(fault)
        except TdwiiError as error:
            LOGGER.warning("fault %s: %s", fault, error)
        finally:
            with self._lock:
                self._running.pop(fault, None)
        # It may have been set again meanwhile.
        self.look()

    def _close_port(self, fault: Fault) -> None:
        self._actor.close_port()
        self._faults.strike(fault.kind, applies=fault.__eq__)
        is_removed = self._faults.wait_for_removal(fault, fault.seconds or None)
        if not self._ending:
            self._actor.open_port()
        if not is_removed:
            self._faults.remove(fault)

    def _restart(self, fault: Fault) -> None:
        self._actor.restart_by_fault(cold=fault.kind is FaultKind.RESTART_COLD)
        self._faults.strike(fault.kind, applies=fault.__eq__)
