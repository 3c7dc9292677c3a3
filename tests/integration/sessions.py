"""Treatment sessions in a time that tests let pass."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tdwii_gui.actors.events import DeliveryProgressed, SessionChanged

if TYPE_CHECKING:
    from tdwii_gui.actors.session_state import SessionState
    from tdwii_gui.actors.treatment_session import TreatmentSession

SECONDS = 20
TWO = ("Photograph", "Birth date")


class SampleClock:
    """A clock of which a test lets the samples pass."""

    def __init__(self) -> None:
        self._moment = datetime(2026, 11, 21, 10, tzinfo=UTC)
        self._samples = threading.Semaphore(0)
        self._free = threading.Event()

    def now(self) -> datetime:
        return self._moment

    def sleep(self, seconds: float) -> None:
        while not self._free.is_set() and not self._samples.acquire(timeout=0.01):
            pass
        self._moment += timedelta(seconds=seconds)

    def pass_samples(self, count: int) -> None:
        self._samples.release(count)

    def free(self) -> None:
        """Let time pass as fast as it may."""
        self._free.set()


def make_ready(session: TreatmentSession) -> None:
    session.retrieve_inputs().result(SECONDS)
    session.confirm_patient(TWO)
    session.start().result(SECONDS)


def wait_for_samples(recorder, count: int) -> None:
    """Wait until so many progress values are told; the delivery then waits for its clock."""
    recorder.wait_for(DeliveryProgressed, lambda _: len(recorder.of(DeliveryProgressed)) >= count)


def states(recorder) -> list[SessionState]:
    told = [event.state for event in recorder.of(SessionChanged)]
    return [state for state, before in zip(told, [None, *told], strict=False) if state != before]
