"""Plays a scenario away from the GUI thread, step by step."""

from __future__ import annotations

from contextlib import ExitStack, nullcontext
from enum import Enum
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import TYPE_CHECKING, Any, Final, TypeVar

from PySide6.QtCore import QObject, Signal

from tdwii_gui.actors.worker import SerialWorker
from tdwii_gui.recording.switch import RecordingSwitch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from concurrent.futures import Future
    from contextlib import AbstractContextManager

    from tdwii_gui.actors.suite import Role
    from tdwii_gui.config.ae_directory import ApplicationEntity
    from tdwii_gui.config.settings import Settings
    from tdwii_gui.judging.verdict import Verdict
    from tdwii_gui.scenario.document import Scenario
    from tdwii_gui.scenario.results import ScenarioResult, StepResult
    from tdwii_gui.scenario.run import ScenarioRun
    from tdwii_gui.ui.bridge import ActorBridge

R = TypeVar("R")

_PATIENCE: Final = 5.0


class RunState(Enum):
    """How far a run has come."""

    IDLE = "idle"
    STARTING = "starting"
    RUNNING = "running"
    PAUSED = "paused"
    ENDING = "ending"


class ScenarioControl(QObject):
    """Has a scenario played on a thread, recorded, and judged where another system took part.

    Parameters
    ----------
    settings : Settings
        The actors' settings where a scenario does not say otherwise.
    folder : Path
        Where the recordings of runs go.
    bridge : ActorBridge
        Hears the actors of a run.
    room : Callable
        Frees the ports of the settings while it is entered, on the thread of the runs: another
        system knows our actors by them.

    Attributes
    ----------
    external : dict[Role, ApplicationEntity]
        The systems in the places of our actors, in the runs to come.
    verdicts : list[Verdict]
        What the run that ended last has shown of all who took part.

    Signals
    -------
    changed
        `state` is another one.
    entered
        The actors of a run listen; `run` is there.
    began : int
        The step of this index is under way.
    stepped : StepResult
        A step is over.
    ended : ScenarioResult
        A run is over, and its recording is written.
    judged : list[Verdict]
        What a run has shown of other systems.
    failed : str
        A scenario cannot be played.
    """

    changed = Signal()
    entered = Signal()
    began = Signal(int)
    stepped = Signal(object)
    ended = Signal(object)
    judged = Signal(object)
    failed = Signal(str)

    def __init__(
        self,
        settings: Settings,
        folder: Path,
        bridge: ActorBridge,
        room: Callable[[], AbstractContextManager[None]] = nullcontext,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.external: dict[Role, ApplicationEntity] = {}
        self.verdicts: list[Verdict] = []
        self._settings = settings
        self._folder = folder
        self._bridge = bridge
        self._room = room
        self._left = ExitStack()
        self._worker = SerialWorker("scenario", lambda _name, _error: None)
        self._reader = SerialWorker("scenario-reader", lambda _name, _error: None)
        self._state = RunState.IDLE
        self._goes_on = False
        self._others: set[str] = set()
        self._run: ScenarioRun | None = None
        self._switch = RecordingSwitch()
        self._recording: Path | None = None

    @property
    def state(self) -> RunState:
        """How far the run has come."""
        return self._state

    @property
    def run(self) -> ScenarioRun | None:
        """The run; None where there is none."""
        return self._run

    @property
    def recording(self) -> Path | None:
        """The recording of the run that ended last."""
        return self._recording

    def play(self, scenario: Scenario) -> None:
        """Play a scenario, or what is left of it, to its end."""
        self._go(scenario, goes_on=True)

    def step(self, scenario: Scenario) -> None:
        """Do the next step of a scenario."""
        self._go(scenario, goes_on=False)

    def pause(self) -> None:
        """Stop after the step that is under way."""
        self._goes_on = False

    def stop(self) -> None:
        """End the run at once; what is left of it is skipped."""
        if self._state in (RunState.RUNNING, RunState.PAUSED):
            was_paused = self._state is RunState.PAUSED
            self._goes_on = True
            if self._run is not None:
                self._run.stop()
            if was_paused:
                self._finish()

    def close(self) -> None:
        """End the run and the thread, on another one; nothing is told any more."""
        if self._run is not None:
            self._run.stop()
        # No daemon: the program ends when the actors have stopped and the recording is written.
        Thread(target=self._take_down, name="scenario-close").start()

    def submit(
        self,
        call: Callable[[], R],
        done: Callable[[R], Any],
        failed: Callable[[BaseException], Any] | None = None,
    ) -> None:
        """Have something done on the thread of the runs, and its outcome told."""
        self._bridge.watch(self._worker.submit("call", "", call), done, failed)

    def background(self, call: Callable[[], R]) -> Future[R]:
        """Have something computed away from the GUI thread and the run; return its future."""
        return self._reader.submit("read", "", call)

    def _go(self, scenario: Scenario, *, goes_on: bool) -> None:
        self._goes_on = goes_on
        if self._state is RunState.PAUSED:
            self._next()
        elif self._state is RunState.IDLE:
            self._become(RunState.STARTING)
            external = dict(self.external)
            self._bridge.watch(
                self._worker.submit("start", "", lambda: self._enter(scenario, external)),
                self._on_entered,
                self._on_failed,
            )

    def _become(self, state: RunState) -> None:
        self._state = state
        self.changed.emit()

    def _on_entered(self, run: ScenarioRun) -> None:
        self._run = run
        self.entered.emit()
        self._next()

    def _next(self) -> None:
        run = self._run
        if run is None:
            return
        self._become(RunState.RUNNING)
        self.began.emit(run.position)
        self._bridge.watch(
            self._worker.submit("step", "", run.step), self._on_stepped, self._on_failed
        )

    def _on_stepped(self, result: StepResult | None) -> None:
        run = self._run
        if result is not None:
            self.stepped.emit(result)
        if run is None or run.ended or result is None:
            self._finish()
        elif self._goes_on:
            self._next()
        else:
            self._become(RunState.PAUSED)

    def _finish(self) -> None:
        self._become(RunState.ENDING)
        self._bridge.watch(
            self._worker.submit("finish", "", self._end), self._on_ended, self._on_failed
        )

    def _on_ended(self, outcome: tuple[ScenarioResult, list[Verdict]]) -> None:
        result, self.verdicts = outcome
        self._become(RunState.IDLE)
        self.ended.emit(result)
        theirs = [verdict for verdict in self.verdicts if verdict.ae_title in self._others]
        if theirs:
            self.judged.emit(theirs)

    def _on_failed(self, error: BaseException) -> None:
        """Tell why a run cannot go on, and take it down."""
        self._bridge.watch(
            self._worker.submit("leave", "", self._leave),
            lambda _none: self._become(RunState.IDLE),
            lambda _error: self._become(RunState.IDLE),
        )
        self.failed.emit(str(error))

    # on the thread

    def _take_down(self) -> None:
        self._reader.stop(_PATIENCE)
        self._worker.stop(_PATIENCE)
        self._leave()

    def _enter(self, scenario: Scenario, external: Mapping[Role, ApplicationEntity]) -> ScenarioRun:
        from tdwii_gui.scenario.run import ScenarioRun

        self._recording = None
        left = self._left = ExitStack()
        data = left.enter_context(
            TemporaryDirectory(prefix="tdwii-scenario-", ignore_cleanup_errors=True)
        )
        if external or any(actor.external for actor in scenario.actors):
            left.enter_context(self._room())
        self._switch.begin(self._folder)
        left.callback(self._end_recording)
        run = ScenarioRun(
            scenario,
            self._settings,
            Path(data),
            external=external,
            recording=self._switch,
            listener=self._bridge.hear,
        )
        self._run = left.enter_context(run)
        return run

    def _end(self) -> tuple[ScenarioResult, list[Verdict]]:
        run = self._run
        assert run is not None
        result = run.result()
        roles = dict(run.roles)
        self._others = {entity.ae_title for entity in run.external.values()}
        self._leave()
        return result, self._judge(roles)

    def _leave(self) -> None:
        """Stop the actors and the recording, and forget the run."""
        self._run = None
        self._left.close()

    def _end_recording(self) -> None:
        self._recording = self._switch.end()

    def _judge(self, roles: Mapping[str, str]) -> list[Verdict]:
        """Return the verdicts on all who took part; ours go into the evidence."""
        from tdwii_gui.judging.judge import REQUIREMENTS, judge
        from tdwii_gui.recording.reading import Recording

        judged = {ae_title: role for ae_title, role in roles.items() if role in REQUIREMENTS}
        if not judged or self._recording is None:
            return []
        return judge(Recording(self._recording), judged, recorded=set(roles) - self._others)
