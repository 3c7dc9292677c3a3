"""Waiting for a TMS that cannot be reached: what has to be told is tried again, with pauses."""

from __future__ import annotations

import logging
import time
from threading import Event
from typing import TYPE_CHECKING, Final, TypeVar

from tdwii_gui.dicom.errors import AssociationError, NotAccepted

if TYPE_CHECKING:
    from collections.abc import Callable

R = TypeVar("R")

logger = logging.getLogger(__name__)

_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 8.0


class TmsWait:
    """Tries again what a TMS has to hear, until it does, the time is over, or somebody gives up.

    Parameters
    ----------
    seconds : float
        How long.
    on_change : Callable[[str], None]
        Is told why there is a wait, each time it begins or goes on, and an empty text at its end.
    """

    def __init__(self, seconds: float, on_change: Callable[[str], None]) -> None:
        self._seconds = seconds
        self._on_change = on_change
        self._given_up = Event()
        self._reason = ""

    @property
    def reason(self) -> str:
        """Why there is a wait; empty if there is none."""
        return self._reason

    def allow(self) -> None:
        """Forget that an earlier wait was given up."""
        self._given_up.clear()

    def give_up(self) -> None:
        """End the wait; from any thread."""
        self._given_up.set()

    def until_heard(self, ask: Callable[[], R]) -> R:
        """Return what a request brings, tried again while the TMS cannot be reached.

        Raises
        ------
        AssociationError
            Why it could not be reached the last time.
        """
        deadline = time.monotonic() + self._seconds
        pause = _FIRST_PAUSE
        try:
            while True:
                try:
                    return ask()
                except NotAccepted:
                    raise
                except AssociationError as error:
                    left = deadline - time.monotonic()
                    if left <= 0 or self._given_up.is_set():
                        raise
                    logger.warning("tried again in %.3g s: %s", min(pause, left), error)
                    self._tell(str(error))
                    if self._given_up.wait(min(pause, left)):
                        raise
                pause = min(2 * pause, _LONGEST_PAUSE)
        finally:
            self._tell("")

    def _tell(self, reason: str) -> None:
        changed, self._reason = self._reason != reason, reason
        if changed or reason:
            self._on_change(reason)
