"""Who hears all actors of a run, and lets its steps wait for what they expect."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from tdwii_gui.actors.events import ActorEvent, ExchangeMade, ignore
from tdwii_gui.dicom.errors import TdwiiError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tdwii_gui.actors.events import Listener

R = TypeVar("R")
E = TypeVar("E", bound=ActorEvent)

_LOOK_SECONDS = 0.2
_KEPT = 20_000
"""How many events are kept; a step waits for what has just happened."""


class StepFailed(TdwiiError):
    """A step did not bring what it is to bring; the message says what."""


class RunStopped(TdwiiError):
    """The run was stopped."""


@dataclass(frozen=True, slots=True)
class Heard:
    """An event, and its number in the run."""

    number: int
    event: ActorEvent


class Witness:
    """Hears events on any thread; waits on the run's.

    Parameters
    ----------
    listener : Listener
        Hears them too, on the thread on which they happen.
    """

    def __init__(self, listener: Listener = ignore) -> None:
        self._listener = listener
        self._changed = threading.Condition()
        self._heard: list[Heard] = []
        self._count = 0
        self._deadline = 0.0
        self._stopped = False

    def hear(self, event: ActorEvent) -> None:
        """Take an event."""
        with self._changed:
            self._heard.append(Heard(self._count, event))
            self._count += 1
            if len(self._heard) > _KEPT:
                del self._heard[: _KEPT // 2]
            self._changed.notify_all()
        self._listener(event)

    @property
    def count(self) -> int:
        """How many events were heard: the number of the next one."""
        return self._count

    @property
    def stopped(self) -> bool:
        """Whether the run was stopped."""
        return self._stopped

    def stop(self) -> None:
        """End all waits, now and from now on; from any thread."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def begin(self, seconds: float) -> None:
        """Set the time limit for the waits of a step."""
        self._deadline = time.monotonic() + seconds

    @property
    def seconds_left(self) -> float:
        """How long the step may still take."""
        return max(self._deadline - time.monotonic(), 0.0)

    def events(self, since: int = 0) -> list[Heard]:
        """Return what was heard, from a number on."""
        with self._changed:
            return self._heard[self._index(since) :]

    def exchanges(self, since: int, ae_title: str) -> list[ExchangeMade]:
        """Return the exchanges that an AE has told of, from a number on."""
        return [
            heard.event
            for heard in self.events(since)
            if isinstance(heard.event, ExchangeMade) and heard.event.ae_title == ae_title
        ]

    def wait_for(
        self,
        kind: type[E],
        accept: Callable[[E], bool],
        since: int,
        words: str,
    ) -> tuple[int, E]:
        """Return the first event of a kind that is accepted, and the number after it.

        Parameters
        ----------
        since : int
            The number of the first event that is looked at.
        words : str
            What is awaited, for the error.

        Raises
        ------
        StepFailed
            If it does not come within the step's time limit.
        RunStopped
            If the run is stopped.
        """
        with self._changed:
            while True:
                for heard in self._heard[self._index(since) :]:
                    since = heard.number + 1
                    if isinstance(heard.event, kind) and accept(heard.event):
                        return since, heard.event
                left = self.seconds_left
                if self._stopped:
                    raise RunStopped("the run was stopped")
                if left <= 0:
                    raise StepFailed(f"not in time: {words}")
                self._changed.wait(min(left, _LOOK_SECONDS))

    def outcome(self, future: Future[R]) -> R:
        """Return what a future brings, or raise its error.

        Raises
        ------
        StepFailed
            If it is not done within the step's time limit.
        RunStopped
            If the run is stopped.
        """
        while not future.done():
            if self._stopped:
                raise RunStopped("the run was stopped")
            left = self.seconds_left
            if left <= 0:
                raise StepFailed("not done in time")
            wait([future], min(left, _LOOK_SECONDS))
        return future.result()

    def _index(self, number: int) -> int:
        """Return where the event of a number is among those that are kept."""
        return max(number - (self._count - len(self._heard)), 0)

    def pause(self, seconds: float) -> None:
        """Wait a while, unless the run is stopped.

        Raises
        ------
        StepFailed, RunStopped
            If that is beyond the step's time limit, or the run is stopped.
        """
        if seconds > self.seconds_left:
            raise StepFailed("not in time")
        end = time.monotonic() + seconds
        with self._changed:
            while not self._stopped and (left := end - time.monotonic()) > 0:
                self._changed.wait(left)
        if self._stopped:
            raise RunStopped("the run was stopped")
