"""What the windows of all actors have in common."""

from __future__ import annotations

from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeVar

from PySide6.QtCore import QSettings, Qt, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QLabel, QMainWindow, QTabBar, QTabWidget, QVBoxLayout, QWidget

from tdwii_gui.actors.events import (
    AssociationsChanged,
    ExchangeMade,
    ListenFailed,
    Listening,
    Stopped,
)
from tdwii_gui.actors.worker import SerialWorker
from tdwii_gui.dicom.status import status_words
from tdwii_gui.ui import texts
from tdwii_gui.ui.fault_control import FaultControl, bar_of
from tdwii_gui.ui.paint_turns import paint_in_turns
from tdwii_gui.ui.panels.banner import Identity, PatientBanner
from tdwii_gui.ui.panels.log_dock import LogDock
from tdwii_gui.ui.panels.messages import MessageArea
from tdwii_gui.ui.panels.peers_dock import PeersDock
from tdwii_gui.ui.panels.state_strip import StateStrip, StepStates
from tdwii_gui.ui.panels.status_line import RunningJob, ScpLight, status_label
from tdwii_gui.ui.panels.view_menu import ViewMenu
from tdwii_gui.ui.window_frame import framed

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent

    from tdwii_gui.actors.actor import Actor
    from tdwii_gui.actors.events import ActorEvent, AssociationInfo
    from tdwii_gui.ui.bridge import ActorBridge

R = TypeVar("R")

_LAYOUT_VERSION: Final = 1
_SIZE: Final = (1280, 720)
_DOCK_HEIGHT: Final = 190


class ActorWindow(QMainWindow):
    """A window over one actor: strip, banner, states, work, actions, log, peers and status.

    Subclasses set their work in and hear the actor's events.

    Parameters
    ----------
    actor : Actor
        Started and stopped by the window only if it owns it.
    bridge : ActorBridge
        The actor's listener.
    name : str
        Object name, and the key of what is remembered of the window.
    title : str
        What the window is, translated.
    owns_actor : bool
        Whether closing the window stops the actor (else the window only hides).

    Attributes
    ----------
    banner : PatientBanner
        Who is treated.
    messages : MessageArea
        What the user should know.
    background : SerialWorker
        For local work that would keep the GUI thread from its own.
    faults : FaultControl
        What is broken on purpose.

    Signals
    -------
    agreed_to_close
        The window of a suite's actor has asked its user, and no longer keeps the suite open.
    """

    agreed_to_close = Signal()

    accepts_files: ClassVar[bool] = False
    follows_steps: ClassVar[bool] = False

    def __init__(
        self, actor: Actor, bridge: ActorBridge, *, name: str, title: str, owns_actor: bool = True
    ) -> None:
        super().__init__()
        self.bridge = bridge
        self._actor = actor
        self._owns_actor = owns_actor
        self._stopping = False
        self._stopped = False
        self.setObjectName(name)
        self.setWindowTitle(self.tr("{0} – emulator, not for clinical use").format(title))
        self.setAcceptDrops(self.accepts_files)
        paint_in_turns(self)
        self.background = SerialWorker(f"{actor.ae_title}-files", lambda _name, _error: None)
        self.banner = PatientBanner()
        self.messages = MessageArea()
        self.states: StateStrip | None = None
        self.faults = FaultControl(name, title, actor, bridge, self)
        self._build_frame()
        self._build_status_bar()
        self.log = LogDock(self)
        self.peers = PeersDock(actor, bridge, self)
        for dock in (self.log, self.peers):
            self.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, dock)
            dock.hide()
            dock.visibilityChanged.connect(self._name_tabs)
        self.tabifyDockWidget(self.log, self.peers)
        self.setTabPosition(Qt.DockWidgetArea.BottomDockWidgetArea, QTabWidget.TabPosition.North)
        self.menus = ViewMenu(self, [self.log, self.peers], reset=self.reset_layout)
        faults = action(self, self.tr("Faults…"), "Ctrl+Shift+F", self.faults.open)
        self.menus.view.insertAction(self.log.toggleViewAction(), faults)
        feed = self.bridge.feed(lambda event: event.ae_title == self._actor.ae_title)
        feed.events.connect(self._on_events)
        self._show_light()

    def set_states(self, stages: list[str]) -> StateStrip:
        """Put a strip of states under the banner and return it."""
        self.states = StateStrip(stages)
        self._head.addWidget(self.states)
        return self.states

    def show_patient(self, identity: Identity | None) -> None:
        """Show in banner and strip whom and which step the work is about; None for nobody."""
        self.banner.show_patient(identity)
        if isinstance(self.states, StepStates):
            self.states.show_state(identity.state if identity else None)

    def set_work(self, widget: QWidget) -> None:
        """Set the work area in."""
        self._work.addWidget(widget, 1)

    def set_actions(self, widget: QWidget) -> None:
        """Set the bar of actions in, below the work."""
        self._actions.addWidget(widget)

    def on_event(self, event: ActorEvent) -> None:
        """Hear an event of the window's actor."""

    def dropped(self, paths: list[Path]) -> None:
        """Take files and folders that were dropped on the window."""

    def may_close(self) -> bool:
        """Return whether the window may close now; one that asks first returns False."""
        return True

    def job(
        self,
        future: Future[R],
        text: str,
        done: Callable[[R], Any] | None = None,
        failed: Callable[[BaseException], Any] | None = None,
        cancel: Callable[[], object] | None = None,
    ) -> int:
        """Show in the status bar what a future does until it has ended; return the job's number.

        Parameters
        ----------
        done, failed : Callable or None
            Called on the GUI thread; without `failed` the message area tells the error.
        cancel : Callable or None
            Ends the future early.
        """
        number = self.running.begin(text, cancel)

        def on_done(result: R) -> None:
            self.running.end(number)
            if done is not None:
                done(result)

        def on_failed(error: BaseException) -> None:
            self.running.end(number)
            if failed is not None:
                failed(error)
            else:
                self.messages.fail(str(error))

        self.bridge.watch(future, on_done, on_failed)
        if future.cancelled():
            self.running.end(number)
        return number

    def reset_layout(self) -> None:
        """Forget where docks and borders were."""
        QSettings().remove(f"windows/{self.objectName()}")
        self.restoreState(self._first_state, _LAYOUT_VERSION)
        self.resize(*_SIZE)

    def restore_layout(self) -> None:
        """Put window and docks where they were; called once the work is set in."""
        self.resizeDocks([self.log], [_DOCK_HEIGHT], Qt.Orientation.Vertical)
        self._first_state = self.saveState(_LAYOUT_VERSION)
        settings = QSettings()
        geometry = settings.value(f"windows/{self.objectName()}/geometry")
        if geometry is None or not self.restoreGeometry(geometry):
            self.resize(*_SIZE)
        state = settings.value(f"windows/{self.objectName()}/state")
        if state is not None:
            self.restoreState(state, _LAYOUT_VERSION)

    def start_actor(self) -> None:
        """Have the actor listen, away from the GUI thread."""
        self.light.show_waiting(self.tr("Starting"))
        self.bridge.watch(
            self.background.submit("start", "", self._actor.start),
            lambda _none: None,
            lambda error: self.light.show_refused(str(error)),
        )

    def stop_for_good(self) -> None:
        """Stop the window's own work; the window is not to be used any more."""
        self.background.stop()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Hide, or stop the actor on a thread and close when it has stopped."""
        if self._stopped:
            event.accept()
            return
        if self._stopping:
            event.ignore()
            return
        self._remember_layout()
        if not self._owns_actor:
            event.accept()
            return
        event.ignore()
        if self.may_close():
            self.shut_down()

    def shut_down(self) -> None:
        """Stop the actor in the background, then close; one of a suite only agrees to it."""
        if not self._owns_actor:
            self.agreed_to_close.emit()
            return
        self._stopping = True
        self.setEnabled(False)
        self.light.show_waiting(self.tr("Stopping…"))
        Thread(target=self._stop, name=f"{self._actor.ae_title}-stop", daemon=True).start()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files and folders."""
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Hand dropped files and folders on."""
        paths = [Path(u.toLocalFile()) for u in event.mimeData().urls() if u.isLocalFile()]
        if paths:
            event.acceptProposedAction()
            self.dropped(paths)

    def _build_frame(self) -> None:
        inner = QVBoxLayout()
        inner.setContentsMargins(14, 12, 14, 12)
        inner.setSpacing(12)
        self._head = QVBoxLayout()
        self._head.setSpacing(12)
        self._head.addWidget(self.banner)
        if self.follows_steps:
            self.states = StepStates()
            self._head.addWidget(self.states)
        self._work = QVBoxLayout()
        self._actions = QVBoxLayout()
        inner.addLayout(self._head)
        inner.addWidget(self.messages)
        inner.addLayout(self._work, 1)
        inner.addLayout(self._actions)
        self.setCentralWidget(framed(inner, bar_of(self.faults)))

    def _build_status_bar(self) -> None:
        bar = self.statusBar()
        bar.setSizeGripEnabled(False)
        self.light = ScpLight()
        self.light.listen.triggered.connect(self.start_actor)
        self.light.stop.triggered.connect(self._on_stop_listening)
        self.light.restart.triggered.connect(self._on_restart)
        self._associations = status_label("associations")
        self._last: QLabel = status_label("last_exchange")
        self.running = RunningJob()
        bar.addWidget(self.light)
        bar.addWidget(self._associations)
        bar.addWidget(self._last, 1)
        bar.addPermanentWidget(self.running)
        self._show_associations(())

    @Slot()
    def _name_tabs(self) -> None:
        """Name the tab bar of the docks, which Qt makes when it needs one."""
        for bar in self.findChildren(QTabBar, "", Qt.FindChildOption.FindDirectChildrenOnly):
            bar.setAccessibleName(self.tr("Log and peers"))

    def _show_light(self) -> None:
        if self._actor.listening:
            self.light.show_listening(self._actor.ae_title, *self._actor.address)
        else:
            self.light.show_stopped()

    @Slot(object)
    def _on_events(self, events: list[ActorEvent]) -> None:
        for event in events:
            self._hear(event)

    def _hear(self, event: ActorEvent) -> None:
        self.log.hear(event)
        match event:
            case Listening():
                self.light.show_listening(event.ae_title, event.host, event.port)
                self.peers.refresh()
            case ListenFailed():
                self.light.show_refused(event.reason)
            case Stopped():
                self.light.show_stopped()
            case AssociationsChanged():
                self._show_associations(event.associations)
            case ExchangeMade():
                self._show_exchange(event)
        self.on_event(event)

    def _show_associations(self, associations: tuple[AssociationInfo, ...]) -> None:
        one, many = self.tr("{0} association"), self.tr("{0} associations")
        self._associations.setText(texts.counted(len(associations), one, many))
        who = (f"{a.calling_ae} {a.host}:{a.port} {texts.clock(a.since)}" for a in associations)
        self._associations.setToolTip(texts.tooltip(", ".join(who)))

    def _show_exchange(self, event: ExchangeMade) -> None:
        exchange = event.exchange
        words = self.tr("no answer") if exchange.status is None else status_words(exchange.status)
        said = " ".join(filter(None, (event.transaction, exchange.message, words)))
        self._last.setText(self.tr("last: {0}").format(texts.plain(said)))

    def _on_stop_listening(self) -> None:
        self.light.show_waiting(self.tr("Stopping…"))
        self.job(
            self.background.submit("stop", "", self._actor.stop_listening),
            self.tr("Stopping the server"),
            lambda _none: self.light.show_stopped(),
        )

    def _on_restart(self) -> None:
        self._on_stop_listening()
        self.start_actor()

    def _stop(self) -> None:
        self.background.stop()
        self._actor.stop()
        self.bridge.post(self._on_stopped)

    def _on_stopped(self) -> None:
        self._stopped = True
        self.bridge.close()
        self.close()

    def _remember_layout(self) -> None:
        settings = QSettings()
        settings.setValue(f"windows/{self.objectName()}/geometry", self.saveGeometry())
        settings.setValue(f"windows/{self.objectName()}/state", self.saveState(_LAYOUT_VERSION))


def action(window: QMainWindow, text: str, shortcut: str, call: Callable[[], None]) -> QAction:
    """Return an action of a window with a shortcut."""
    made = QAction(text, window)
    made.setShortcut(shortcut)
    made.triggered.connect(call)
    window.addAction(made)
    return made
