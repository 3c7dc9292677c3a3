"""Scheduling as a chain of the actor's tasks, each of which can fail and be tried again."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QObject, Signal

from tdwii_gui.dicom.errors import DimseStatusError
from tdwii_gui.dicom.iod.part10 import read_part10
from tdwii_gui.dicom.status import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Future
    from pathlib import Path

    from pydicom.dataset import Dataset

    from tdwii_gui.actors.rtbdi_creator import RtbdiCreator, ScheduledFraction
    from tdwii_gui.actors.worker import SerialWorker
    from tdwii_gui.dicom.iod.course import PlannedSession
    from tdwii_gui.dicom.iod.plan import Plan
    from tdwii_gui.ui.bridge import ActorBridge

_AT_ONCE: Final = 25
"""Related objects are stored so many at a time, so that it can be stopped in between."""


class ScheduleStep(StrEnum):
    """What is done, in this order."""

    CHECK_PEERS = "check_peers"
    STORE_RELATED = "store_related_objects"
    STORE_PLAN = "store_plan"
    STORE_RTBDI = "store_rtbdi"
    CREATE_STEP = "create_step"


class Outcome(StrEnum):
    """How far a step is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"
    LEFT_OUT = "left out"


@dataclass(frozen=True, slots=True)
class StepReport:
    """How far a step is.

    Parameters
    ----------
    milliseconds : float or None
        How long the peers took so far; None where none was asked.
    detail : str
        Why it failed, or how much of it is done.
    """

    step: ScheduleStep
    outcome: Outcome
    milliseconds: float | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Work:
    """What is sent: built once, and the same at every try.

    Parameters
    ----------
    plan : Plan
        The plan.
    fractions : tuple[ScheduledFraction, ...]
        One, or those of a course.
    related : tuple[Path, ...]
        Files to be stored besides the plan.
    records : tuple[Dataset, ...]
        Treatment records to be stored with the plan: those that a session continues.
    moves : tuple[PlannedSession, ...]
        Sessions whose steps are moved to another moment.
    """

    plan: Plan
    fractions: tuple[ScheduledFraction, ...]
    related: tuple[Path, ...] = ()
    records: tuple[Dataset, ...] = ()
    moves: tuple[PlannedSession, ...] = ()


class Scheduling(QObject):
    """Runs the steps one after the other; remembers how far it has come.

    A step is a list of requests (one for each peer, fraction or handful of files), which are made
    one after the other by the worker for files. A failure ends the chain; `run` goes on with the
    request that failed, with the same objects.

    Signals
    -------
    reported : StepReport
        A step has begun, come further or ended.
    ended : bool
        Nothing runs any more; whether all steps that were asked for are done.
    """

    reported = Signal(object)
    ended = Signal(bool)

    def __init__(
        self,
        creator: RtbdiCreator,
        bridge: ActorBridge,
        background: SerialWorker,
        work: Work,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.work = work
        self._creator = creator
        self._bridge = bridge
        self._background = background
        self._requests = self._all_requests()
        self._done = dict.fromkeys(ScheduleStep, 0)
        self._times = dict.fromkeys(ScheduleStep, 0.0)
        self._failed_creation = -1
        self._stopping = False
        self._queue: list[ScheduleStep] = []

    @property
    def is_running(self) -> bool:
        """Whether a step is under way."""
        return bool(self._queue)

    @property
    def is_complete(self) -> bool:
        """Whether everything is done."""
        return all(map(self.is_done, ScheduleStep))

    def is_done(self, step: ScheduleStep) -> bool:
        """Return whether all requests of a step have succeeded."""
        return self._done[step] >= len(self._requests[step])

    def done(self, step: ScheduleStep) -> int:
        """Return how many requests of a step have succeeded."""
        return self._done[step]

    def run(self) -> None:
        """Do all that is not done yet, in order."""
        self._begin([step for step in ScheduleStep if not self.is_done(step)])

    def run_alone(self, step: ScheduleStep) -> None:
        """Do one step, once more if it is done."""
        if self.is_done(step):
            self._done[step] = 0
            self._times[step] = 0.0
        self._begin([step])

    def stop(self) -> None:
        """End after the request that is under way."""
        self._stopping = True

    def _begin(self, steps: list[ScheduleStep]) -> None:
        self._queue = steps
        self._stopping = False
        self._next()

    def _all_requests(self) -> dict[ScheduleStep, list[Callable[[], Future[Any]]]]:
        creator, work = self._creator, self.work
        peers = dict.fromkeys((creator.ost_ae_title, creator.tms_ae_title))
        starts = range(0, len(work.related), _AT_ONCE)
        return {
            ScheduleStep.CHECK_PEERS: [partial(creator.echo, peer) for peer in peers],
            ScheduleStep.STORE_RELATED: [
                partial(self._store, work.related[start : start + _AT_ONCE]) for start in starts
            ],
            ScheduleStep.STORE_PLAN: [
                partial(creator.store_static, [work.plan.dataset, *work.records])
            ],
            ScheduleStep.STORE_RTBDI: [
                partial(creator.store_rtbdi, fraction.rtbdi) for fraction in work.fractions
            ],
            ScheduleStep.CREATE_STEP: [
                *(partial(creator.create_step, fraction) for fraction in work.fractions),
                *(partial(creator.move_steps, [move]) for move in work.moves),
            ],
        }

    def _store(self, paths: Sequence[Path]) -> Future[None]:
        return self._creator.store_static([read_part10(path) for path in paths])

    def _next(self) -> None:
        """Begin the next step, or end."""
        while self._queue and self.is_done(self._queue[0]):
            step = self._queue.pop(0)
            if self._requests[step]:
                self._report(step, Outcome.DONE)
        if not self._queue:
            self.ended.emit(True)
        elif self._stopping:
            step = self._queue[0]
            self._queue = []
            self._report(step, Outcome.STOPPED)
            self.ended.emit(False)
        else:
            self._request(self._queue[0])

    def _request(self, step: ScheduleStep) -> None:
        self._report(step, Outcome.RUNNING)

        def failed(error: BaseException) -> None:
            if step is ScheduleStep.CREATE_STEP:
                self._failed_creation = self._done[step]
            self._queue = []
            self._report(step, Outcome.FAILED, str(error))
            self.ended.emit(False)

        future = self._background.submit("schedule", "", partial(self._perform, step))
        self._bridge.watch(future, lambda _none: self._next(), failed)

    def _perform(self, step: ScheduleStep) -> None:
        """Make the requests of a step that are not done yet; not on the GUI thread."""
        for number in range(self._done[step], len(self._requests[step])):
            if self._stopping:
                return
            begin = perf_counter()
            try:
                self._requests[step][number]().result()
            except DimseStatusError as error:
                if not self._was_created_before(step, number, error):
                    raise
            finally:
                milliseconds = 1000 * (perf_counter() - begin)
                self._bridge.post(partial(self._add_time, step, milliseconds))
            self._bridge.post(partial(self._on_done, step))

    def _add_time(self, step: ScheduleStep, milliseconds: float) -> None:
        self._times[step] += milliseconds

    def _on_done(self, step: ScheduleStep) -> None:
        self._done[step] += 1
        if not self.is_done(step):
            self._report(step, Outcome.RUNNING)

    def _was_created_before(self, step: ScheduleStep, number: int, error: DimseStatusError) -> bool:
        """Return whether the answer to an earlier try was lost, but the step is there.

        The UID is new and only ours, so a duplicate can be nothing but our own step.
        """
        return (
            step is ScheduleStep.CREATE_STEP
            and self._failed_creation == number
            and error.status == Status.DUPLICATE_SOP_INSTANCE
        )

    def _report(self, step: ScheduleStep, outcome: Outcome, reason: str = "") -> None:
        count, done = len(self._requests[step]), self._done[step]
        parts = []
        if count > 1 and step is not ScheduleStep.CHECK_PEERS and outcome is not Outcome.DONE:
            parts.append(self.tr("{0} of {1}").format(done, count))
        parts.extend(filter(None, [reason]))
        time = self._times[step] if outcome is not Outcome.RUNNING or done else None
        self.reported.emit(StepReport(step, outcome, time, ": ".join(parts)))
