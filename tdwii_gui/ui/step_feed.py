"""What a PPVS window reads: steps of the TMS, and arrivals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from tdwii_gui.dicom.errors import DimseStatusError
from tdwii_gui.dicom.iod.ups_query import WorklistKeys, worklist_query
from tdwii_gui.dicom.status import Status
from tdwii_gui.ui import texts
from tdwii_gui.ui.models.step_input_rows import StepReader

if TYPE_CHECKING:
    from collections.abc import Callable

    from tdwii_gui.actors.ppvs import Ppvs
    from tdwii_gui.dicom.iod.ups import Ups
    from tdwii_gui.ui.actor_window import ActorWindow
    from tdwii_gui.ui.models.step_input_rows import StepReading

_ARRIVALS_MS: Final = 100


class StepFeed(QObject):
    """Asks the TMS for steps, and the store for what has arrived, a batch at a time.

    Attributes
    ----------
    is_asking : bool
        Whether the TMS is being asked for its steps.
    why_none : str
        Why it could not be asked the last time; empty if it could.

    Signals
    -------
    answered
        The question for all steps has ended, somehow.
    loaded : list[StepReading]
        All steps of the TMS.
    changed : list[StepReading]
        Steps that were fetched anew.
    gone : str
        A step that the TMS no longer has.
    arrived : list[InstanceSummary]
        Instances that have been stored.
    failed : str
        Why a step could not be fetched.
    """

    answered = Signal()
    loaded = Signal(object)
    changed = Signal(object)
    gone = Signal(str)
    arrived = Signal(object)
    failed = Signal(str)

    def __init__(self, ppvs: Ppvs, window: ActorWindow) -> None:
        super().__init__(window)
        self._ppvs = ppvs
        self._window = window
        self._bridge = window.bridge
        self._background = window.background
        self.is_asking = False
        self.why_none = ""
        self._ask_again = False
        self._reader = StepReader()
        self._fetching: set[str] = set()
        self._instances: list[str] = []
        self._arrival_timer = QTimer(self)
        self._arrival_timer.setSingleShot(True)
        self._arrival_timer.setInterval(_ARRIVALS_MS)
        self._arrival_timer.timeout.connect(self._read_arrivals)

    def ask(self, *, is_wanted: bool) -> None:
        """Ask the TMS for all its steps, after a question under way once more.

        A failure of what nobody has wanted is told by `why_none` alone.
        """
        if self.is_asking:
            self._ask_again = True
            return
        self.is_asking, self.why_none = True, ""
        self._reader = StepReader()
        query = worklist_query(WorklistKeys(workitem=None))
        self._window.job(
            self._ppvs.query_steps(query, self._reader.take),
            self.tr("Asking {0} for its steps").format(texts.plain(self._ppvs.tms_ae_title, 16)),
            lambda _steps: self._on_steps(),
            lambda error: self._on_no_steps(error, is_wanted=is_wanted),
            self._ppvs.cancel_request,
        )

    def fetch(self, uid: str) -> None:
        """Ask the TMS for a step, unless that is under way; it comes by `step_fetched`."""
        if uid in self._fetching:
            return
        self._fetching.add(uid)

        def failed(error: BaseException) -> None:
            self._fetching.discard(uid)
            if isinstance(error, DimseStatusError) and error.status == Status.UPS_UNKNOWN:
                self.gone.emit(uid)
            else:
                self.failed.emit(str(error))

        fetching = self._ppvs.fetch_step(uid)
        self._bridge.watch(fetching, lambda _step: self._fetching.discard(uid), failed)

    def step_fetched(self, step: Ups) -> None:
        """Read a step that was fetched, by whomever."""
        self._finish(StepReader(), self.changed.emit, step)

    def instance_told(self, uid: str) -> None:
        """Read what has been stored soon, together with what follows it."""
        self._instances.append(uid)
        if not self._arrival_timer.isActive():
            self._arrival_timer.start()

    def _on_steps(self) -> None:
        self._finish(self._reader, self.loaded.emit)
        self._end()

    def _on_no_steps(self, error: BaseException, *, is_wanted: bool) -> None:
        self.why_none = str(error)
        if is_wanted:
            self._window.messages.fail(str(error))
        self._end()

    def _end(self) -> None:
        self.is_asking = False
        self.answered.emit()
        again, self._ask_again = self._ask_again, False
        if again:
            self.ask(is_wanted=False)

    def _finish(self, reader: StepReader, done: Callable[[object], object], *steps: Ups) -> None:
        """Read what has not been read yet, and tell all."""

        def finish() -> list[StepReading]:
            for step in steps:
                reader.take(step)
            return reader.finish(self._ppvs.instances.present)

        future = self._background.submit("steps", "", finish)
        self._bridge.watch(future, done, lambda error: self.failed.emit(str(error)))

    @Slot()
    def _read_arrivals(self) -> None:
        uids, self._instances = self._instances, []
        store = self._ppvs.instances
        future = self._background.submit("arrivals", "", lambda: store.summaries(uids))
        self._bridge.watch(future, self.arrived.emit, lambda error: self.failed.emit(str(error)))
