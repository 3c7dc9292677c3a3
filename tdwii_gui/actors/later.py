"""Calls that come later, unless they are called off."""

from __future__ import annotations

from threading import Lock, Timer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Later:
    """Calls a function once, some time after `start`, on a thread of its own.

    Parameters
    ----------
    name : str
        The thread's name.
    call : Callable[[], object]
        What is called.
    """

    def __init__(self, name: str, call: Callable[[], object]) -> None:
        self._name = name
        self._call = call
        self._timer: Timer | None = None
        self._lock = Lock()

    @property
    def is_due(self) -> bool:
        """Whether a call is still to come."""
        timer = self._timer
        return timer is not None and timer.is_alive()

    def start(self, seconds: float) -> None:
        """Call after some seconds, in the place of a call that is still to come."""
        timer = Timer(seconds, self._call)
        timer.name = self._name
        timer.daemon = True
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = timer
            timer.start()

    def cancel(self) -> None:
        """Call off what is still to come."""
        with self._lock:
            timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()
