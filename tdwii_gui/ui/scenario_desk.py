"""What the window of the scenarios asks for: files, other systems, evidence, a closer look."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QObject, QSettings, Slot
from PySide6.QtWidgets import QDialog, QFileDialog, QVBoxLayout

from tdwii_gui.actors.suite import Role
from tdwii_gui.scenario.library import shipped
from tdwii_gui.scenario.reading import read_scenario
from tdwii_gui.ui.bridge import ActorBridge
from tdwii_gui.ui.models.scenario_rows import ScenarioRow
from tdwii_gui.ui.panels.external_dialog import ExternalDialog
from tdwii_gui.ui.panels.inspector import InspectorPanel
from tdwii_gui.ui.panels.open_folder import open_folder
from tdwii_gui.ui.scenario_control import ScenarioControl
from tdwii_gui.ui.scenario_window import ScenarioWindow

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from tdwii_gui.config.ae_directory import ApplicationEntity
    from tdwii_gui.config.settings import Settings
    from tdwii_gui.judging.verdict import Verdict
    from tdwii_gui.scenario.document import Scenario
    from tdwii_gui.scenario.results import ScenarioResult
    from tdwii_gui.ui.models.exchange_log import LoggedExchange

    Echo = Callable[
        [str, ApplicationEntity, Callable[[float], Any], Callable[[BaseException], Any]], None
    ]
    OpenRecording = Callable[[Path, int], object]
    WriteEvidence = Callable[[Path, ScenarioResult | None, Sequence[Verdict]], Path]

_FIRST: Final = "nominal_photon"
_OWN_FILES: Final = "scenarios/own_files"
_MOST_FILES: Final = 20
_MESSAGE_SIZE: Final = (560, 660)


class ScenarioDesk(QObject):
    """The window of the scenarios with all that stands behind it.

    Parameters
    ----------
    settings : Settings
        The actors' settings where a scenario does not say otherwise.
    folder : Path
        Where the recordings of runs go.
    echo : Callable
        As `SuiteControl.echo`.
    write_evidence : Callable
        Writes a pack from the folder of a recording, a result and verdicts; returns its report.
        Takes seconds.
    room : Callable
        As of `ScenarioControl`.
    open_recording : Callable
        Shows a recording's folder, and in it the message of a number.

    Attributes
    ----------
    window : ScenarioWindow
        On the screen when `open` is called.
    control : ScenarioControl
        Plays the scenarios.
    """

    def __init__(
        self,
        settings: Settings,
        folder: Path,
        echo: Echo,
        write_evidence: WriteEvidence,
        room: Callable[[], AbstractContextManager[None]],
        open_recording: OpenRecording,
    ) -> None:
        super().__init__()
        self._bridge = ActorBridge(self)
        self.control = ScenarioControl(settings, folder, self._bridge, room, self)
        self.window = ScenarioWindow(self.control, self._bridge)
        self._echo = echo
        self._write_evidence = write_evidence
        self._open_recording = open_recording
        self._result: ScenarioResult | None = None
        self._look: QDialog | None = None
        self._inspector: InspectorPanel | None = None
        window = self.window
        window.file_wanted.connect(self._on_file_wanted)
        window.external_wanted.connect(self._on_external_wanted)
        window.evidence_wanted.connect(self._on_evidence_wanted)
        window.message_wanted.connect(self._on_message_wanted)
        window.verdict.message_wanted.connect(self._on_proof_wanted)
        self.control.ended.connect(self._on_ended)
        self.control.submit(shipped, self._on_read, self._on_unread)

    def open(self) -> None:
        """Bring the window up."""
        self.window.show()
        self.window.raise_()
        self.window.activateWindow()

    def open_file(self, path: Path) -> None:
        """Add a scenario of the user's own, and choose it."""
        self.control.submit(
            lambda: read_scenario(path),
            lambda scenario: self._add_own(path, scenario),
            lambda error: self.window.messages.fail(str(error)),
        )

    def play(self, scenario: Scenario) -> None:
        """Bring the window up, choose a scenario and have it played, as the user would."""
        self.open()
        # On the thread that reads the shipped ones, and after that.
        self.control.submit(lambda: scenario, self._play_read, self._on_unread)

    def close(self) -> None:
        """End what runs; the window is not to be used any more."""
        self._bridge.close()
        self.control.close()
        self.window.close()

    def _on_read(self, scenarios: Sequence[Scenario]) -> None:
        ordered = sorted(scenarios, key=lambda scenario: not scenario.name.startswith(_FIRST))
        rows = [ScenarioRow(scenario.name, scenario) for scenario in ordered]
        self.window.scenarios.show_rows(rows)
        if rows:
            self.window.scenarios.select(rows[0].key)
        for path in _own_files():
            self._read_own(path)

    def _play_read(self, scenario: Scenario) -> None:
        keys = {row.scenario.source: row.key for row in self.window.scenarios.rows}
        if scenario.source not in keys:
            self._put_own(Path(scenario.source), scenario)
        self.window.scenarios.select(keys.get(scenario.source, scenario.source))
        self.window.card.run.click()

    def _on_unread(self, error: BaseException) -> None:
        self.window.messages.fail(str(error))

    def _read_own(self, path: Path) -> None:
        """Show a file that was opened before, if it is still there and can be read."""
        if path.is_file():
            self.control.submit(
                lambda: read_scenario(path), lambda scenario: self._put_own(path, scenario)
            )

    def _put_own(self, path: Path, scenario: Scenario) -> None:
        self.window.scenarios.put(ScenarioRow(str(path), scenario, is_own=True))

    def _add_own(self, path: Path, scenario: Scenario) -> None:
        self.window.scenarios.forget(str(path))
        self._put_own(path, scenario)
        self.window.scenarios.select(str(path))
        files = [str(path), *(str(each) for each in _own_files() if each != path)]
        QSettings().setValue(_OWN_FILES, files[:_MOST_FILES])

    @Slot()
    def _on_file_wanted(self) -> None:
        dialog = QFileDialog(self.window, self.tr("Open a scenario"))
        dialog.setObjectName("scenario_file_dialog")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilter(self.tr("Scenarios (*.toml)"))
        dialog.fileSelected.connect(lambda name: self.open_file(Path(name)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    @Slot(str)
    def _on_external_wanted(self, name: str) -> None:
        """Ask which system takes the place of an actor; what is typed can be tested first."""
        role = Role(name)
        dialog = ExternalDialog(
            name.upper(), self.control.external.get(role), name.upper(), self.window
        )
        dialog.test_by(partial(self._echo, name))
        dialog.saved.connect(lambda entity: self._use(role, entity))
        dialog.own_wanted.connect(lambda: self._use(role, None))
        dialog.open()

    def _use(self, role: Role, entity: ApplicationEntity | None) -> None:
        if entity is None:
            self.control.external.pop(role, None)
        else:
            self.control.external[role] = entity
        self.window.show_actors()

    @Slot(object)
    def _on_ended(self, result: ScenarioResult) -> None:
        self._result = result

    @Slot()
    def _on_evidence_wanted(self) -> None:
        recording, result, verdicts = self.control.recording, self._result, self.control.verdicts
        if recording is None or result is None:
            return
        self.window.messages.say(self.tr("Writing the evidence …"))
        self.window.result.evidence.setEnabled(False)
        self.control.submit(
            lambda: self._write_evidence(recording, result, verdicts),
            self._on_written,
            self._on_unwritten,
        )

    def _on_written(self, report: Path) -> None:
        messages = self.window.messages
        messages.clear()
        messages.done(self.tr("Evidence: {0}").format(report))
        self.window.result.evidence.setEnabled(True)
        open_folder(report)

    def _on_unwritten(self, error: BaseException) -> None:
        self.window.messages.fail(self.tr("The evidence was not written: {0}").format(error))
        self.window.result.evidence.setEnabled(True)

    @Slot(int)
    def _on_proof_wanted(self, number: int) -> None:
        if self.control.recording is not None:
            self._open_recording(self.control.recording, number)

    @Slot(object)
    def _on_message_wanted(self, entry: LoggedExchange) -> None:
        """Show a message in a window beside the ladder."""
        if self._look is None:
            self._look = QDialog(self.window)
            self._look.setObjectName("message_dialog")
            self._look.setWindowTitle(self.tr("Message"))
            self._look.resize(*_MESSAGE_SIZE)
            self._inspector = InspectorPanel(self.control.background, self._bridge.watch)
            layout = QVBoxLayout(self._look)
            layout.addWidget(self._inspector)
        if self._inspector is not None:
            self._inspector.show_exchange(entry)
        self._look.show()
        self._look.raise_()


def _own_files() -> list[Path]:
    stored: Any = QSettings().value(_OWN_FILES, [])
    names = [stored] if isinstance(stored, str) else stored or []
    return [Path(str(name)) for name in names]
