"""A run of a scenario: all actors in one process, step after step, as fast as they can."""

from __future__ import annotations

import logging
import platform
import threading
import time
from datetime import datetime
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Self

from tdwii_gui import __version__
from tdwii_gui.actors.events import ignore
from tdwii_gui.dicom.errors import ConfigError, TdwiiError
from tdwii_gui.dicom.iod.plan import read_plan
from tdwii_gui.scenario.performing import awaits, perform
from tdwii_gui.scenario.results import ScenarioResult, StepOutcome, StepResult
from tdwii_gui.scenario.stage import Stage, plan_path, roles_of
from tdwii_gui.scenario.witness import RunStopped, Witness

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from types import TracebackType

    from tdwii_gui.actors.events import Listener
    from tdwii_gui.actors.suite import Role
    from tdwii_gui.config.ae_directory import AeDirectory, ApplicationEntity
    from tdwii_gui.config.settings import Settings
    from tdwii_gui.recording.switch import RecordingSwitch
    from tdwii_gui.scenario.document import Scenario, ScenarioStep

logger = logging.getLogger(__name__)


def _unheard(_run: ScenarioRun) -> None:
    """Take no notice of a change."""


class ScenarioRun:
    """A run of a scenario; a context manager starts and stops its actors.

    `step` and `run` wait on the calling thread; `pause` and `stop` return at once, from any thread.

    Parameters
    ----------
    scenario : Scenario
        What is played.
    settings : Settings
        The actors' settings where the scenario does not say otherwise. Without another system
        every actor takes any free port.
    data_folder : Path
        An empty folder for the actors' data.
    external : Mapping[Role, ApplicationEntity]
        The systems in the places of our actors, besides those that the scenario names; what it
        asks of them is awaited.
    directory : AeDirectory or None
        Who else is known.
    recording : RecordingSwitch or None
        By what all that travels is recorded, where somebody begins that before the actors start.
    listener : Listener
        Hears all actors, on their threads.
    on_changed : Callable[[ScenarioRun], None]
        Is called when a step begins or has ended, on the thread of `step` or `run`.

    Attributes
    ----------
    external : dict[Role, ApplicationEntity]
        The systems in the places of our actors.
    roles : dict[str, str]
        The role by AE title of all who take part.

    Raises
    ------
    ConfigError
        If the scenario asks of another system what nobody can ask of it.
    DatasetError
        If its plan cannot be used.
    """

    def __init__(
        self,
        scenario: Scenario,
        settings: Settings,
        data_folder: Path,
        *,
        external: Mapping[Role, ApplicationEntity] | None = None,
        directory: AeDirectory | None = None,
        recording: RecordingSwitch | None = None,
        listener: Listener = ignore,
        on_changed: Callable[[ScenarioRun], None] = _unheard,
    ) -> None:
        self.scenario = scenario
        own = {one.role: one.external for one in scenario.actors if one.external}
        self.external: dict[Role, ApplicationEntity] = {**own, **(external or {})}
        _require_possible(scenario, self.external)
        self._on_changed = on_changed
        self._results: list[StepResult] = []
        self._is_busy = False
        self._pausing = threading.Event()
        self._started: datetime | None = None
        self._seconds = 0.0
        self._witness = Witness(listener)
        self._stage: Stage | None = None
        read_plan(plan_path(scenario))
        self._make_stage = partial(
            Stage,
            scenario,
            settings,
            data_folder,
            self._witness,
            directory=directory,
            external=self.external,
            recording=recording,
        )
        self.roles = roles_of(scenario, settings, self.external)
        if recording is not None:
            recording.actors = lambda: self.roles

    @property
    def stage(self) -> Stage:
        """The actors, and what the steps have made; there once it was entered."""
        assert self._stage is not None
        return self._stage

    @property
    def position(self) -> int:
        """The index of the step that is under way or comes next; how many there are at the end."""
        return len(self._results)

    @property
    def busy(self) -> bool:
        """Whether a step is under way."""
        return self._is_busy

    @property
    def results(self) -> tuple[StepResult, ...]:
        """What came of the steps so far."""
        return tuple(self._results)

    @property
    def ended(self) -> bool:
        """Whether all steps are over."""
        return len(self._results) == len(self.scenario.steps)

    def __enter__(self) -> Self:
        self._stage = self._make_stage()
        self._stage.__enter__()
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.stop()
        self.stage.__exit__()

    def step(self) -> StepResult | None:
        """Do the next step and return what came of it; None at the end.

        After a step that has failed, and after `stop`, those that follow are skipped.
        """
        if self.ended:
            return None
        if self._started is None:
            self._started = datetime.now().astimezone()
        self._is_busy = True
        self._on_changed(self)
        begin = time.perf_counter()
        try:
            result = self._result(self.scenario.steps[self.position])
            self._results.append(result)
        finally:
            self._is_busy = False
            self._seconds += time.perf_counter() - begin
        self._on_changed(self)
        return result

    def run(self) -> ScenarioResult:
        """Do the steps that are left, until the end or `pause`; return what came of all so far."""
        self._pausing.clear()
        while not self._pausing.is_set() and self.step() is not None:
            pass
        return self.result()

    def pause(self) -> None:
        """Have `run` return after the step that is under way; `run` goes on with the next one."""
        self._pausing.set()

    def stop(self) -> None:
        """End the step that is under way, and skip all others."""
        self._witness.stop()

    def result(self) -> ScenarioResult:
        """Return what came of the steps so far; those that are not over count as skipped."""
        now = datetime.now().astimezone()
        left = [
            StepResult(index, step.title, StepOutcome.SKIPPED, "was not reached", now, 0.0)
            for index, step in enumerate(self.scenario.steps)
        ][self.position :]
        passed = not left and all(one.outcome is not StepOutcome.FAILED for one in self._results)
        return ScenarioResult(
            scenario=self.scenario,
            steps=(*self._results, *left),
            passed=passed and not self._was_stopped,
            started=self._started or now,
            seconds=self._seconds,
            environment=self._environment(),
        )

    @property
    def _was_stopped(self) -> bool:
        return self._witness.stopped and any(
            one.outcome is StepOutcome.SKIPPED and one.words == _STOPPED for one in self._results
        )

    def _result(self, step: ScenarioStep) -> StepResult:
        started, begin = datetime.now().astimezone(), time.perf_counter()
        outcome, words = self._outcome(step)
        seconds = time.perf_counter() - begin
        logger.info("%s: %s: %s", self.scenario.name, step.title, outcome)
        if words:
            logger.debug("%s", words)  # may hold values of data sets
        return StepResult(self.position, step.title, outcome, words, started, seconds)

    def _outcome(self, step: ScenarioStep) -> tuple[StepOutcome, str]:
        if self._witness.stopped:
            return StepOutcome.SKIPPED, _STOPPED
        if any(one.outcome is StepOutcome.FAILED for one in self._results):
            return StepOutcome.SKIPPED, "a step before has failed"
        if awaits(self.stage, step) and not _is_seen(step):
            return StepOutcome.SKIPPED, "nothing of it is seen of another system"
        try:
            problem = perform(self.stage, step)
        except RunStopped:
            return StepOutcome.SKIPPED, _STOPPED
        except TdwiiError as error:
            problem = str(error)
        return (StepOutcome.FAILED, problem) if problem else (StepOutcome.PASSED, "")

    def _environment(self) -> dict[str, str]:
        environment = {
            "program": f"tdwii {__version__}",
            "python": platform.python_version(),
            "pydicom": version("pydicom"),
            "pynetdicom": version("pynetdicom"),
            "system": platform.platform(),
        }
        for name in self.stage.actors:
            external = self.stage.external(name)
            environment[name] = f"{external}, not ours" if external else self.stage.ae_title(name)
        return environment


_STOPPED = "the run was stopped"


def _is_seen(step: ScenarioStep) -> bool:
    return step.operation.awaited is not None and bool(step.operation.awaited.messages)


def _require_possible(scenario: Scenario, external: Mapping[Role, ApplicationEntity]) -> None:
    """Raise if a step asks of another system what nobody can ask of it."""
    for step in scenario.steps:
        for role in external:
            operation = step.operation
            is_possible = operation.awaited is not None or operation.observes
            is_asked = step.actor == role.value and not is_possible
            if is_asked or role.value in _must_be_ours(step):
                raise ConfigError(
                    f"{scenario.source}, line {step.line}: {step.title!r} cannot be asked of"
                    f" another {role.value.upper()}: {step.name} is ours alone"
                )


def _must_be_ours(step: ScenarioStep) -> list[str]:
    """Return the names of the actors that a step works on from the inside."""
    named = (step.arguments[name] for name in step.operation.ours)
    return [one for each in named for one in ([each] if isinstance(each, str) else each or ())]
