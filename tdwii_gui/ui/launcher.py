"""Brings the launcher's window to life: the suite, the ladder, the guide, the inspector."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from PySide6.QtCore import QObject, QPoint, QUrl, Slot
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QFileDialog

from tdwii_gui.actors.events import (
    AssociationsChanged,
    DeliveryProgressed,
    ExchangeMade,
    InstanceReceived,
    SessionChanged,
    TaskFailed,
)
from tdwii_gui.ui import texts
from tdwii_gui.ui.guide import Guide
from tdwii_gui.ui.guide_steps import demo_steps
from tdwii_gui.ui.ladder_feed import LadderFeed
from tdwii_gui.ui.launcher_faults import LauncherFaults
from tdwii_gui.ui.launcher_window import ROLES
from tdwii_gui.ui.models.arrow import Lane
from tdwii_gui.ui.panels.guide_panel import GuidePanel
from tdwii_gui.ui.panels.ladder_panel import LadderPanel
from tdwii_gui.ui.recording_control import RecordingControl, Recordings
from tdwii_gui.ui.tile_control import TileControl

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QWidget

    from tdwii_gui.actors.events import ActorEvent
    from tdwii_gui.ui.bridge import ActorBridge
    from tdwii_gui.ui.guide_steps import Demo
    from tdwii_gui.ui.launcher_window import LauncherWindow
    from tdwii_gui.ui.panels.inspector import InspectorPanel
    from tdwii_gui.ui.suite_control import SuiteControl

_SUCCESS: Final = 0
_COMPLETED: Final = "COMPLETED"
_GUIDED: Final = ("creator", "tdd")


class SuiteWindows(Protocol):
    """The windows of the actors, which the launcher opens without knowing them."""

    def open(self, role: str) -> QWidget | None:
        """Bring up the window of a role; None while it cannot be opened."""

    def prepare(self) -> None:
        """Import what the windows need, so that they open at once."""

    def may_close(self) -> bool:
        """Return whether all may close; one that asks its user first says no."""

    def close(self) -> None:
        """Close all."""


class Rehearsal(Recordings, Protocol):
    """What the launcher opens for a rehearsal without knowing it."""

    def open_scenarios(self) -> QWidget:
        """Bring up the window of the scenarios."""

    def open_recording(self, folder: Path) -> QWidget:
        """Show a recording in a window of its own."""

    def close(self) -> None:
        """Close the windows and end what runs behind them."""


class Launcher(QObject):
    """Connects window, suite and windows of the actors.

    Parameters
    ----------
    window : LauncherWindow
        On the screen already.
    data_folder : Path
        Where the actors keep their data, each in a folder named after its role.
    diagnostics : Callable[[], str]
        Says versions, paths and known AEs.
    rehearsal : Rehearsal
        Scenarios, recordings and evidence.

    Attributes
    ----------
    ladder : LadderPanel
        What happens on the network.
    guide : Guide
        What leads through a fraction.
    faults : LauncherFaults
        What is broken on purpose.
    recording : RecordingControl
        What is recorded.
    """

    def __init__(
        self,
        window: LauncherWindow,
        control: SuiteControl,
        bridge: ActorBridge,
        windows: SuiteWindows,
        data_folder: Path,
        diagnostics: Callable[[], str],
        rehearsal: Rehearsal,
    ) -> None:
        super().__init__(window)
        self._window = window
        self._control = control
        self._bridge = bridge
        self._windows = windows
        self._data_folder = data_folder
        self._diagnostics = diagnostics
        self._rehearsal = rehearsal
        self._associations: dict[str, int] = {}
        self._closing = False
        self._play: Demo | None = None
        self.ladder = LadderPanel()
        lanes = [Lane(role, name) for role, name in texts.lane_names().items()]
        self.feed = LadderFeed(self.ladder, control, lanes, self)
        self.guide = Guide(windows.open, self)
        self.guide_panel = GuidePanel(self.guide)
        self.guide_panel.hide()
        self._tiles = TileControl(window, control)
        self.faults = LauncherFaults(window, control, bridge)
        self.recording = RecordingControl(window, control, bridge, rehearsal)
        window.put_ladder(self.ladder)
        window.put_right(self.guide_panel)
        self._inspector: InspectorPanel | None = None
        bridge.feed().events.connect(self._on_events)
        self._connect()

    def start(self, play: Demo | None = None) -> None:
        """Start the actors, and once they run auto-play a fraction if one is given."""
        self._play = play
        self._window.show_state(self.tr("Starting the actors …"))
        self._control.start()

    @Slot(object)
    def lead(self, demo: Demo, *, auto_play: bool = False) -> None:
        """Lead through a demonstration; steps in another system's window are left out."""
        if any(self._control.external(role) for role in _GUIDED):
            self._window.messages.warn(
                self.tr("The guide leads through our own creator and treatment delivery only.")
            )
            return
        steps = [s for s in demo_steps(demo) if self._control.external(s.role) is None]
        self._window.welcome.hide()
        self.guide_panel.show()
        self.guide.begin(steps, auto_play=auto_play)

    def _connect(self) -> None:
        window, control = self._window, self._control
        control.started.connect(self._on_started)
        control.failed.connect(self._on_failed)
        control.stopped.connect(self._on_stopped)
        window.close_wanted.connect(self._on_close)
        window.guide_wanted.connect(self._on_welcome)
        window.diagnostics_wanted.connect(self._on_diagnostics)
        window.problems_wanted.connect(self._on_only_problems)
        window.scenarios_wanted.connect(self._on_scenarios)
        window.record.open_wanted.connect(self._on_open_recording)
        window.board.open_wanted.connect(self._windows.open)
        window.board.folder_wanted.connect(self._on_folder)
        window.welcome.guide_wanted.connect(self.lead)
        window.welcome.explore_wanted.connect(window.welcome.hide)
        self.guide_panel.left.connect(self._on_guide_left)
        self.guide.finished.connect(self._on_guide_finished)
        self.ladder.lane_asked.connect(self._on_lane_asked)
        self.ladder.saved.connect(self._on_picture_saved)
        self.ladder.failed.connect(window.messages.fail)
        self.feed.counted.connect(window.show_problems)

    @Slot(object)
    def _on_events(self, events: list[ActorEvent]) -> None:
        exchanges = []
        for event in events:
            role = self._control.role_of(event.ae_title)
            if isinstance(event, ExchangeMade):
                exchanges.append(event)
            if role and not self._closing:
                self._tiles.hear(role, event)
                self._tell_guide(role, event)
            if isinstance(event, AssociationsChanged):
                self._associations[event.ae_title] = len(event.associations)
                self._window.show_associations(sum(self._associations.values()))
        if exchanges:
            self.feed.hear(exchanges)

    def _tell_guide(self, role: str, event: ActorEvent) -> None:
        """Tell the guide what it cannot see in the windows."""
        match event:
            case ExchangeMade(exchange=exchange) if (
                role == "creator" and exchange.message == "N-CREATE" and exchange.status == _SUCCESS
            ):
                self.guide.note_created(exchange.sop_instance_uid)
            case TaskFailed():
                self.guide.note_failure(role, str(event.error))
            case SessionChanged(state=state) if state.name == _COMPLETED:
                self.guide.note_completed(event.sop_instance_uid)
            case DeliveryProgressed() | InstanceReceived():
                self.guide.note_life()

    def _add_inspector(self) -> None:
        """Put the inspector in; what it shows is DICOM, which is imported by now."""
        from tdwii_gui.ui.panels.inspector import InspectorPanel

        self._inspector = InspectorPanel(
            self._control.read, self._bridge.watch, self._control.find_object
        )
        self.feed.chosen.connect(self._inspector.show_exchange)
        self._window.put_right(self._inspector, fills=True)

    @Slot()
    def _on_started(self) -> None:
        self._add_inspector()
        self._window.show_state(self.tr("All actors run in this program"))
        self._window.welcome.set_ready(ready=True)
        self._control.read(self._windows.prepare)
        play, self._play = self._play, None
        if play is not None:
            self.lead(play, auto_play=True)

    @Slot(str)
    def _on_failed(self, reason: str) -> None:
        self._window.show_state(self.tr("The actors do not run"))
        self._window.messages.fail(reason)

    @Slot()
    def _on_close(self) -> None:
        """Ask where a treatment is running, then stop all actors in the background."""
        if self._closing or not self._windows.may_close():
            return
        self._closing = True
        self.guide.leave()
        self._window.show_state(self.tr("Stopping …"))
        self._tiles.show_stopping()
        self.recording.close()
        self._control.stop()

    @Slot()
    def _on_stopped(self) -> None:
        self._windows.close()
        self._rehearsal.close()
        self._window.close_for_good()

    @Slot()
    def _on_welcome(self) -> None:
        if not self.guide_panel.isVisible():
            self._window.welcome.show()

    @Slot()
    def _on_guide_left(self) -> None:
        self.guide.leave()
        self.guide_panel.hide()
        self._window.welcome.show()

    @Slot()
    def _on_guide_finished(self) -> None:
        """Show the ladder of what has just happened."""
        self._window.raise_()
        self._window.activateWindow()

    @Slot()
    def _on_only_problems(self) -> None:
        self.ladder.show_only_problems(True)

    @Slot()
    def _on_scenarios(self) -> None:
        if self._control.suite is not None:
            self._rehearsal.open_scenarios()

    @Slot()
    def _on_open_recording(self) -> None:
        """Let the user choose the folder of a recording, and look at it."""
        dialog = QFileDialog(self._window, self.tr("Open a recording"))
        dialog.setObjectName("recording_dialog")
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.setDirectory(str(self.recording.folder))
        dialog.fileSelected.connect(lambda name: self._rehearsal.open_recording(Path(name)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    @Slot()
    def _on_diagnostics(self) -> None:
        QGuiApplication.clipboard().setText(self._diagnostics())
        self._window.messages.done(self.tr("The diagnostics are in the clipboard"))

    @Slot(str)
    def _on_folder(self, role: str) -> None:
        own = self._data_folder / role
        folder = own if own.is_dir() else self._data_folder
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))

    @Slot(str, QPoint)
    def _on_lane_asked(self, key: str, where: QPoint) -> None:
        """Offer on a lane what its actor's tile offers."""
        if key in ROLES:
            self._window.board.tile(key).show_menu(where)

    @Slot(str)
    def _on_picture_saved(self, path: str) -> None:
        self._window.messages.done(self.tr("Saved: {0}").format(path))
