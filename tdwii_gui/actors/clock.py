"""The time of an actor, which a fault may skew."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from tdwii_gui.dicom.ups.change import local_now

if TYPE_CHECKING:
    from datetime import datetime

    from tdwii_gui.dicom.net.faults import Faults


class Clock(Protocol):
    """A time that passes."""

    def now(self) -> datetime:
        """Return the moment, aware."""

    def sleep(self, seconds: float) -> None:
        """Let time pass."""


class WallClock:
    """The real time."""

    def now(self) -> datetime:
        """Return the moment, aware."""
        return local_now()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


class ActorClock:
    """The time as an actor has it: that of the computer, unless a fault skews it."""

    def __init__(self, faults: Faults, clock: Clock | None = None) -> None:
        self._faults = faults
        self._clock = clock or WallClock()

    def over(self, clock: Clock) -> ActorClock:
        """Return another clock with the same skew."""
        return ActorClock(self._faults, clock)

    def now(self) -> datetime:
        """Return the moment, aware."""
        skew = self._faults.skew_seconds if self._faults.is_active else 0.0
        return self._clock.now() + timedelta(seconds=skew) if skew else self._clock.now()

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self._clock.sleep(seconds)
