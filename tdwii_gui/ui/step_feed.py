"""What a PPVS window reads: steps of the TMS, arrivals, and images of a step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from tdwii_gui.dicom.errors import DimseStatusError
from tdwii_gui.dicom.iod.ups_query import WorklistKeys, worklist_query
from tdwii_gui.dicom.status import Status
from tdwii_gui.ui.models.step_input_rows import StepReader

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from tdwii_gui.actors.ppvs import Ppvs
    from tdwii_gui.actors.worker import SerialWorker
    from tdwii_gui.dicom.iod.ups import Ups
    from tdwii_gui.ui.bridge import ActorBridge
    from tdwii_gui.ui.models.step_input_rows import StepReading

_STEPS_MS: Final = 150
_ARRIVALS_MS: Final = 100
_FETCHED_SINGLY: Final = 20


class StepFeed(QObject):
    """Asks the TMS for steps, and the store for what has arrived, a batch at a time.

    Signals
    -------
    loaded : list[StepReading]
        All steps of the TMS.
    changed : list[StepReading]
        Steps that were fetched anew.
    gone : str
        A step that the TMS no longer has.
    arrived : list[InstanceSummary]
        Instances that have been stored.
    too_many
        So many steps have changed that all are better asked for.
    failed : str
        Why a step could not be fetched.
    """

    loaded = Signal(object)
    changed = Signal(object)
    gone = Signal(str)
    arrived = Signal(object)
    too_many = Signal()
    failed = Signal(str)

    def __init__(
        self, ppvs: Ppvs, bridge: ActorBridge, background: SerialWorker, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._ppvs = ppvs
        self._bridge = bridge
        self._background = background
        self._reader = StepReader()
        self._steps: dict[str, None] = {}
        self._fetching: set[str] = set()
        self._instances: list[str] = []
        self._step_timer = self._timer(_STEPS_MS, self._fetch)
        self._arrival_timer = self._timer(_ARRIVALS_MS, self._read_arrivals)

    def query(self) -> Future[list[Ups]]:
        """Ask the TMS for all its steps; when they are there, call `load`."""
        self._reader = StepReader()
        query = worklist_query(WorklistKeys(workitem=None))
        return self._ppvs.query_steps(query, self._reader.take)

    def load(self) -> None:
        """Tell the steps that the last query has returned."""
        self._finish(self._reader, self.loaded.emit)

    def step_told(self, uid: str) -> None:
        """Fetch a step soon, once for all that is told of it until then."""
        self._steps[uid] = None
        if not self._step_timer.isActive():
            self._step_timer.start()

    def step_fetched(self, step: Ups) -> None:
        """Read a step that was fetched, by whomever: what was told of it before is in it."""
        self._steps.pop(step.sop_instance_uid, None)
        self._finish(StepReader(), self.changed.emit, step)

    def instance_told(self, uid: str) -> None:
        """Read what has been stored soon, together with what follows it."""
        self._instances.append(uid)
        if not self._arrival_timer.isActive():
            self._arrival_timer.start()

    def _timer(self, milliseconds: int, call: Callable[[], None]) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(milliseconds)
        timer.timeout.connect(call)
        return timer

    def _finish(self, reader: StepReader, done: Callable[[object], object], *steps: Ups) -> None:
        """Read what has not been read yet, and tell all."""

        def finish() -> list[StepReading]:
            for step in steps:
                reader.take(step)
            return reader.finish(self._ppvs.instances.present)

        future = self._background.submit("steps", "", finish)
        self._bridge.watch(future, done, lambda error: self.failed.emit(str(error)))

    @Slot()
    def _fetch(self) -> None:
        if len(self._steps) > _FETCHED_SINGLY:
            self._steps.clear()
            self.too_many.emit()
            return
        waiting = [uid for uid in self._steps if uid not in self._fetching]
        for uid in waiting:
            del self._steps[uid]
            self._fetching.add(uid)
            self._fetch_one(uid)

    def _fetch_one(self, uid: str) -> None:
        def done(_step: Ups) -> None:
            self._fetched(uid)

        def failed(error: BaseException) -> None:
            self._fetched(uid)
            if isinstance(error, DimseStatusError) and error.status == Status.UPS_UNKNOWN:
                self.gone.emit(uid)
            else:
                self.failed.emit(str(error))

        self._bridge.watch(self._ppvs.fetch_step(uid), done, failed)

    def _fetched(self, uid: str) -> None:
        """Fetch again what has been told of while it was being fetched."""
        self._fetching.discard(uid)
        if self._steps:
            self._step_timer.start()

    @Slot()
    def _read_arrivals(self) -> None:
        uids, self._instances = self._instances, []
        store = self._ppvs.instances
        future = self._background.submit("arrivals", "", lambda: store.summaries(uids))
        self._bridge.watch(future, self.arrived.emit, lambda error: self.failed.emit(str(error)))
