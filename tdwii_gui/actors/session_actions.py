"""The actions of a session, one after the other on its own thread."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, TypeVar

from tdwii_gui.actors.session_state import SessionAction
from tdwii_gui.actors.worker import SerialWorker
from tdwii_gui.dicom.errors import ActionNotAllowed

if TYPE_CHECKING:
    from collections.abc import Callable

    from tdwii_gui.actors.session_state import SessionState

R = TypeVar("R")

_DELIVERING = (SessionAction.BEAM_ON, SessionAction.CONTINUE)


class SessionActions:
    """Runs actions, and knows which one is under way or queued.

    Parameters
    ----------
    name : str
        Name of the thread.
    on_end : Callable[[SessionState or None], None]
        Is told the state that follows from an action, at its end; None if it has failed.

    Attributes
    ----------
    lock : RLock
        Is held while an action is queued or ends.
    """

    def __init__(self, name: str, on_end: Callable[[SessionState | None], None]) -> None:
        self.worker = SerialWorker(name, lambda _name, _error: None)
        self.lock = threading.RLock()
        self._on_end = on_end
        self._busy: SessionAction | None = None
        self._canceling: Future[object] | None = None

    @property
    def canceling(self) -> Future[object] | None:
        """The cancellation that is under way, or was the last; None if there was none."""
        return self._canceling

    def why_not(self, *, delivering: bool) -> str:
        """Return what has to end first; empty if nothing does.

        Parameters
        ----------
        delivering : bool
            Whether a beam is on: then its state says what can be done.
        """
        is_on = delivering and self._busy in _DELIVERING
        return "" if self._busy is None or is_on else f"wait for the end of: {self._busy}"

    def submit(
        self, action: SessionAction, call: Callable[[], tuple[SessionState, R]]
    ) -> Future[R]:
        """Queue an action, which returns the state after it and its result."""
        with self.lock:
            self._busy = action
            future = self.worker.submit(action, "", lambda: self._run(action, call))
            if action is SessionAction.CANCEL:
                self._canceling = future  # type: ignore[assignment] # nobody sets its result
        return future

    def _run(self, action: SessionAction, call: Callable[[], tuple[SessionState, R]]) -> R:
        state: SessionState | None = None
        try:
            state, result = call()
            return result
        finally:
            with self.lock:
                # A cancellation may have been queued behind a delivery.
                if self._busy is action:
                    self._busy = None
                self._on_end(state)


def refused(reason: str) -> Future[R]:
    """Return the future of an action that is not allowed."""
    future: Future[R] = Future()
    future.set_exception(ActionNotAllowed(reason))
    return future


def done(result: R) -> Future[R]:
    """Return the future of an action that needs no time."""
    future: Future[R] = Future()
    future.set_result(result)
    return future
