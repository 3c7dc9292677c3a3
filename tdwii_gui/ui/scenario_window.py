"""The window in which a connectathon is rehearsed: scenarios, step by step, beside their ladder."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMainWindow, QVBoxLayout

from tdwii_gui.actors.events import ExchangeMade, FaultsChanged
from tdwii_gui.judging.verdict import Outcome
from tdwii_gui.scenario.results import StepOutcome
from tdwii_gui.ui import texts
from tdwii_gui.ui.ladder_feed import LadderFeed
from tdwii_gui.ui.models.arrow import Lane
from tdwii_gui.ui.models.fault_rows import summary
from tdwii_gui.ui.models.scenario_rows import Mark, ScenarioRow
from tdwii_gui.ui.models.verdict_rows import verdict_summary
from tdwii_gui.ui.paint_turns import paint_in_turns
from tdwii_gui.ui.panels.fault_bar import FaultBar
from tdwii_gui.ui.panels.labels import set_primary
from tdwii_gui.ui.panels.ladder_panel import LadderPanel
from tdwii_gui.ui.panels.messages import MessageArea
from tdwii_gui.ui.panels.result_bar import ResultBar
from tdwii_gui.ui.panels.scenario_card import ScenarioCard
from tdwii_gui.ui.panels.scenario_list import ScenarioList
from tdwii_gui.ui.panels.verdict_panel import VerdictPanel
from tdwii_gui.ui.panels.view_menu import ViewMenu
from tdwii_gui.ui.scenario_control import RunState
from tdwii_gui.ui.window_frame import framed, panes
from tdwii_gui.ui.window_layout import WindowLayout

if TYPE_CHECKING:
    from PySide6.QtGui import QCloseEvent, QShowEvent
    from PySide6.QtWidgets import QWidget

    from tdwii_gui.actors.events import ActorEvent
    from tdwii_gui.judging.verdict import Verdict
    from tdwii_gui.scenario.document import Scenario
    from tdwii_gui.scenario.results import ScenarioResult, StepResult
    from tdwii_gui.ui.bridge import ActorBridge
    from tdwii_gui.ui.scenario_control import ScenarioControl

_SIZE: Final = (1342, 720)
_COLUMNS: Final = [226, 424, 664]
_RIGHT: Final = [290, 350]
_KEY: Final = "windows/scenarios"
_MARKS: Final = {
    StepOutcome.PASSED: Mark.PASSED,
    StepOutcome.FAILED: Mark.FAILED,
    StepOutcome.SKIPPED: Mark.SKIPPED,
}


class ScenarioWindow(QMainWindow):
    """Scenarios on the left, the chosen one's steps beside them, the ladder on the right.

    Parameters
    ----------
    control : ScenarioControl
        Plays the scenarios.
    bridge : ActorBridge
        What hears the actors of a run; the window's alone.

    Attributes
    ----------
    scenarios : ScenarioList
        What there is to run.
    card : ScenarioCard
        The chosen one.
    verdict : VerdictPanel
        What is said of another system.
    result : ResultBar
        How the last run has ended.
    fault_bar : FaultBar
        What is broken on purpose in the run.

    Signals
    -------
    file_wanted
        A scenario of the user's own is to be opened.
    external_wanted : str
        Another system is to take the place of the actor of a role.
    evidence_wanted
        An evidence pack of the last run is wanted.
    message_wanted : LoggedExchange
        A message is to be looked at.
    """

    file_wanted = Signal()
    external_wanted = Signal(str)
    evidence_wanted = Signal()
    message_wanted = Signal(object)

    def __init__(
        self, control: ScenarioControl, bridge: ActorBridge, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._control = control
        self._cast: dict[str, str] = {}
        self._faults: dict[str, str] = {}
        self._row: ScenarioRow | None = None
        self.setObjectName("scenarios")
        self.setWindowTitle(self.tr("Scenarios – emulator, not for clinical use"))
        paint_in_turns(self)
        self.messages = MessageArea()
        self.scenarios = ScenarioList()
        self.card = ScenarioCard()
        self.ladder = LadderPanel()
        self.ladder.set_title(self.tr("Ladder"))
        self.verdict = VerdictPanel()
        self.verdict.hide()
        self.result = ResultBar()
        self.fault_bar = FaultBar(can_act=False)
        self.feed = LadderFeed(self.ladder, self, [], self)
        self._build()
        self._add_actions()
        self._connect(bridge)
        self._layout = WindowLayout(self, self._columns, _KEY, _SIZE, _COLUMNS)
        self._layout.restore()
        self._show_chosen(None)

    def role_of(self, ae_title: str) -> str:
        """Return the name in the scenario of who has an AE title; empty if nobody has."""
        return self._cast.get(ae_title, "")

    def is_ours(self, ae_title: str) -> bool:
        """Whether an AE title is that of an actor of ours in the run."""
        run, name = self._control.run, self.role_of(ae_title)
        return bool(run and name and run.stage.external(name) is None)

    @property
    def scenario(self) -> Scenario | None:
        """The scenario that is chosen."""
        return self._row.scenario if self._row else None

    def show_actors(self) -> None:
        """Show who takes part in the chosen scenario, and which of them are other systems."""
        scenario = self.scenario
        roles = {actor.role.value for actor in scenario.actors} if scenario else set()
        names = {role: name for role, name in texts.lane_names().items() if role in roles}
        told = {actor.role: actor.external for actor in scenario.actors} if scenario else {}
        external = {
            role.value: entity
            for role, entity in {**told, **self._control.external}.items()
            if entity is not None
        }
        self.card.show_actors(names, external)

    def reset_layout(self) -> None:
        """Forget size and borders."""
        self._layout.reset()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Hide; a scenario that runs goes on."""
        self._layout.remember()
        event.accept()

    def showEvent(self, event: QShowEvent) -> None:
        """Give the list of scenarios the keyboard."""
        super().showEvent(event)
        self.scenarios.table.setFocus(Qt.FocusReason.OtherFocusReason)

    def _build(self) -> None:
        right = panes(Qt.Orientation.Vertical, "right", self.ladder, self.verdict)
        right.setSizes(_RIGHT)
        columns = (self.scenarios, self.card, right)
        self._columns = panes(Qt.Orientation.Horizontal, "columns", *columns)
        self._columns.setStretchFactor(1, 1)
        self._columns.setStretchFactor(2, 2)
        inner = QVBoxLayout()
        inner.setContentsMargins(14, 10, 14, 10)
        inner.setSpacing(10)
        inner.addWidget(self.messages)
        inner.addWidget(self._columns, 1)
        inner.addWidget(self.result)
        self.setCentralWidget(framed(inner, self.fault_bar))

    def _add_actions(self) -> None:
        """Give the buttons their keys, and a menu that tells them."""
        menus = ViewMenu(self, [], reset=self.reset_layout)
        menu = self.menuBar().addMenu(self.tr("&Scenario"))
        self.menuBar().insertMenu(menus.view.menuAction(), menu)
        for name, words, keys, button in (
            ("run_scenario", self.tr("Run"), "Ctrl+R", self.card.run),
            ("step_scenario", self.tr("Step"), "Space", self.card.step),
            ("pause_scenario", self.tr("Pause"), "Ctrl+P", self.card.pause),
            ("stop_scenario", self.tr("Stop"), "Ctrl+.", self.card.stop),
            ("write_evidence", self.tr("Evidence"), "Ctrl+E", self.result.evidence),
        ):
            action = QAction(words, self)
            action.setObjectName(name)
            action.setShortcut(QKeySequence(keys))
            action.triggered.connect(button.click)
            menu.addAction(action)
            if keys == "Space":
                # Elsewhere it presses the button that has the keyboard.
                action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
                self.scenarios.table.addAction(action)
                self.card.steps.addAction(action)
            button.setToolTip(texts.tooltip(self.tr("{0} ({1})").format(words, keys)))
        opening = menu.addAction(self.tr("Open file…"))
        opening.setShortcut("Ctrl+O")
        opening.triggered.connect(self.file_wanted)

    def _connect(self, bridge: ActorBridge) -> None:
        feed = bridge.feed(lambda event: isinstance(event, ExchangeMade | FaultsChanged))
        feed.events.connect(self._on_events)
        control, card = self._control, self.card
        self.scenarios.chosen.connect(self._show_chosen)
        self.scenarios.open_wanted.connect(self.file_wanted)
        card.external_wanted.connect(self.external_wanted)
        card.run.clicked.connect(self._on_run)
        card.step.clicked.connect(self._on_step)
        card.pause.clicked.connect(control.pause)
        card.stop.clicked.connect(control.stop)
        self.result.evidence.clicked.connect(self.evidence_wanted)
        self.ladder.saved.connect(self._on_saved)
        self.ladder.failed.connect(self.messages.fail)
        self.feed.chosen.connect(self.message_wanted)
        control.changed.connect(self._show_state)
        control.entered.connect(self._on_entered)
        control.began.connect(lambda index: card.mark(index + 1, Mark.RUNNING))
        control.stepped.connect(self._on_stepped)
        control.ended.connect(self._on_ended)
        control.judged.connect(self._on_judged)
        control.failed.connect(self._on_failed)

    @Slot(object)
    def _show_chosen(self, row: ScenarioRow | None) -> None:
        """Show another scenario, which has not run here yet."""
        if row is not None and self._row is not None and row.key == self._row.key:
            self._row = row
            return
        self._row = row
        self.card.show_scenario(self.scenario)
        self.show_actors()
        self.verdict.hide()
        self.result.show_nothing()
        self.feed.begin([Lane(key, name) for key, name in texts.lane_names().items()])
        self._show_state()

    @Slot()
    def _show_state(self) -> None:
        """Enable what can be done now."""
        state, card = self._control.state, self.card
        is_idle = state is RunState.IDLE
        can_go = (is_idle or state is RunState.PAUSED) and self.scenario is not None
        card.run.setEnabled(can_go)
        card.step.setEnabled(can_go)
        has_proof = is_idle and self.result.evidence.isEnabled()
        set_primary(card.run, not has_proof)
        set_primary(self.result.evidence, has_proof)
        card.run.setText(self.tr("Continue") if state is RunState.PAUSED else self.tr("Run"))
        card.pause.setEnabled(state is RunState.RUNNING)
        card.stop.setEnabled(state in (RunState.RUNNING, RunState.PAUSED))
        self.scenarios.allow(is_idle)
        words = {
            RunState.STARTING: self.tr("Starting the actors …"),
            RunState.ENDING: self.tr("Stopping the actors …"),
            RunState.PAUSED: self.tr("Paused"),
            RunState.RUNNING: self.tr("Running"),
        }
        if state in words:
            self.result.show_progress(words[state], paused=state is RunState.PAUSED)

    @Slot()
    def _on_run(self) -> None:
        self._prepare()
        if self.scenario is not None:
            self._control.play(self.scenario)

    @Slot()
    def _on_step(self) -> None:
        self._prepare()
        if self.scenario is not None:
            self._control.step(self.scenario)

    def _prepare(self) -> None:
        """Forget the run before, if this is the first step of another one."""
        if self._control.state is RunState.IDLE and self._row is not None:
            self.messages.clear()
            self.verdict.hide()
            self.card.show_scenario(self.scenario)
            self._mark(Mark.RUNNING)
        # Else the space bar would press the button that is enabled next.
        self.card.steps.setFocus(Qt.FocusReason.OtherFocusReason)

    def _mark(self, mark: Mark) -> None:
        if self._row is not None:
            self._row = replace(self._row, mark=mark)
            self.scenarios.put(self._row)

    @Slot()
    def _on_entered(self) -> None:
        """Give each actor of the run its lane."""
        run = self._control.run
        if run is None:
            return
        known = texts.lane_names()
        names = list(run.stage.actors)
        self._faults.clear()
        self._cast = {run.stage.ae_title(name): name for name in names}
        self.feed.begin([Lane(name, known.get(name, name.upper())) for name in names])

    @Slot(object)
    def _on_events(self, events: list[ActorEvent]) -> None:
        for event in events:
            if isinstance(event, FaultsChanged):
                self._show_faults(event)
        self.feed.hear([event for event in events if isinstance(event, ExchangeMade)])

    def _show_faults(self, event: FaultsChanged) -> None:
        """Show what is broken on purpose in this run."""
        self._faults[event.ae_title] = summary(event.states)
        said = [f"{self._lane_title(ae)}: {words}" for ae, words in self._faults.items() if words]
        self.fault_bar.show_words("   |   ".join(said))

    def _lane_title(self, ae_title: str) -> str:
        name = self.role_of(ae_title)
        return texts.lane_names().get(name, name.upper())

    @Slot(object)
    def _on_stepped(self, result: StepResult) -> None:
        self.card.mark(result.index + 1, _MARKS[result.outcome], result.words, result.seconds)

    @Slot(object)
    def _on_ended(self, result: ScenarioResult) -> None:
        self.fault_bar.show_words("")
        failed = next((one for one in result.steps if one.outcome is StepOutcome.FAILED), None)
        skipped = any(one.outcome is StepOutcome.SKIPPED for one in result.steps)
        for one in result.steps:
            self.card.mark(one.index + 1, _MARKS[one.outcome], one.words, one.seconds)
        is_stopped = failed is None and not result.passed and skipped
        self._mark(Mark.PASSED if result.passed else Mark.SKIPPED if is_stopped else Mark.FAILED)
        self.result.show_result(result, can_prove=self._control.recording is not None)
        self._show_state()
        if failed is not None:
            self.card.select(failed.index + 1)

    @Slot(object)
    def _on_judged(self, verdicts: list[Verdict]) -> None:
        self.verdict.show_verdicts(verdicts)
        systems = ", ".join(sorted({texts.plain(verdict.ae_title) for verdict in verdicts}))
        words = self.tr("Verdict on {0}: {1}").format(systems, verdict_summary(verdicts))
        conforms = all(verdict.outcome is not Outcome.NOT_MET for verdict in verdicts)
        self.result.add_verdict(words, conforms=conforms)
        self.verdict.show()

    @Slot(str)
    def _on_failed(self, reason: str) -> None:
        self._mark(Mark.WAITING)
        self.result.show_nothing()
        self.messages.fail(reason)

    @Slot(str)
    def _on_saved(self, path: str) -> None:
        self.messages.done(self.tr("Saved: {0}").format(path))
