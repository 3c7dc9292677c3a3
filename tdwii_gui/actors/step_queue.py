"""What is to be done about steps that events told of: each is fetched once for many events."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from tdwii_gui.dicom.iod.ups import Ups

_QUIET_SECONDS: Final = 0.25
_MANY: Final = 1000
_LATEST: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ToldStep:
    """A step that has to be fetched.

    Parameters
    ----------
    announced : bool
        Whether its inputs may be needed now: an event said that it exists, or whose it is.
    """

    sop_instance_uid: str
    announced: bool


class StepQueue:
    """The steps to be fetched, in the order of their events, then those to be retrieved.

    A step is fetched at once when it is told of, and not again for a quarter of a second: events
    come in bursts, and one fetch answers all of them. Inputs are retrieved one step after the
    other in the order of their scheduled starts.

    Any thread may add; `begin` says who works, one at a time.

    Parameters
    ----------
    clock : Callable[[], float]
        Seconds that only go forward.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._told: dict[str, bool] = {}
        self._quiet_until: dict[str, float] = {}
        self._wanted: dict[str, Ups] = {}
        self._is_worked_on = False

    def tell(self, sop_instance_uid: str, *, announced: bool) -> None:
        """Note that an event told of a step."""
        with self._lock:
            before = self._told.get(sop_instance_uid, False)
            self._told[sop_instance_uid] = before or announced

    def want_inputs(self, step: Ups) -> None:
        """Note that the inputs of a step are to be retrieved."""
        with self._lock:
            self._wanted[step.sop_instance_uid] = step

    def drop_inputs(self, sop_instance_uid: str) -> None:
        """Forget that the inputs of a step are to be retrieved."""
        with self._lock:
            self._wanted.pop(sop_instance_uid, None)

    def begin(self) -> float | None:
        """Return in how many seconds there is something to do; None if it is nobody's turn.

        At 0 it is the caller's turn: it has to call `take`, do that, and call `end`.
        """
        with self._lock:
            if self._is_worked_on or not (self._told or self._wanted):
                return None
            now = self._clock()
            wait = 0.0
            if not self._wanted:
                wait = max(0.0, min(self._due(uid, now) for uid in self._told) - now)
            self._is_worked_on = not wait
            return wait

    def take(self) -> ToldStep | Ups | None:
        """Return what is to be done next: a step to be fetched, or one whose inputs are wanted."""
        with self._lock:
            now = self._clock()
            due = next((uid for uid in self._told if self._due(uid, now) <= now), None)
            if due is not None:
                self._be_quiet(due, now)
                return ToldStep(due, self._told.pop(due))
            if not self._wanted:
                return None
            return self._wanted.pop(min(self._wanted, key=lambda uid: self._start(uid)))

    def end(self) -> None:
        """Note that what was taken is done."""
        with self._lock:
            self._is_worked_on = False

    def _due(self, uid: str, now: float) -> float:
        return self._quiet_until.get(uid, now)

    def _be_quiet(self, uid: str, now: float) -> None:
        if len(self._quiet_until) >= _MANY:
            self._quiet_until = {u: end for u, end in self._quiet_until.items() if end > now}
        self._quiet_until[uid] = now + _QUIET_SECONDS

    def _start(self, uid: str) -> datetime:
        return self._wanted[uid].start or _LATEST
