"""The program with windows: one for an actor, or the launcher with all of them.

What brings DICOM is imported when the launcher is on the screen.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from tdwii_gui import __version__
from tdwii_gui.dicom.errors import ConfigError, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import FrameType

    from PySide6.QtWidgets import QApplication, QMainWindow, QWidget

    from tdwii_gui.actors.actor import Actor
    from tdwii_gui.actors.events import Listener
    from tdwii_gui.actors.suite import Suite
    from tdwii_gui.app.rehearsal import Rehearsal
    from tdwii_gui.config.ae_directory import AeDirectory
    from tdwii_gui.config.settings import Settings
    from tdwii_gui.recording.switch import RecordingSwitch
    from tdwii_gui.scenario.document import Scenario
    from tdwii_gui.ui.actor_window import ActorWindow
    from tdwii_gui.ui.bridge import ActorBridge
    from tdwii_gui.ui.guide_steps import Demo
    from tdwii_gui.ui.launcher import Launcher
    from tdwii_gui.ui.suite_control import SuiteControl

_NAME: Final = "tdwii_gui"
_SIGNAL_LOOK_MS: Final = 200
_SWITCH_SECONDS: Final = 0.001
_PAINT_MS: Final = 20

_WINDOWS: Final = {
    "creator": ("tdwii_gui.ui.creator_window", "CreatorWindow"),
    "tms": ("tdwii_gui.ui.tms_window", "TmsWindow"),
    "ost": ("tdwii_gui.ui.ost_window", "OstWindow"),
    "tdd": ("tdwii_gui.ui.tdd_window", "TddWindow"),
    "ppvs": ("tdwii_gui.ui.ppvs_window", "PpvsWindow"),
}
"""Module and class of the window of each role."""


_LATE: Final = ("tdwii_gui.ui.models.exchange_log", "tdwii_gui.ui.panels.inspector")
"""What the launcher shows of DICOM."""


def has_display() -> bool:
    """Whether windows can be shown: a screen is there, or Qt was told to do without."""
    if os.environ.get("QT_QPA_PLATFORM"):
        return True
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def has_screen() -> bool:
    """Whether a person would see the windows; an offscreen Qt shows them to tests alone."""
    platform_name = os.environ.get("QT_QPA_PLATFORM", "").partition(":")[0]
    return has_display() and platform_name not in ("offscreen", "minimal")


def make_application(*, is_dressed: bool = True) -> QApplication:
    """Return the application with our look, or about to get it: see `Appearance`.

    Raises
    ------
    ConfigError
        If no window can be shown; the message names ``--headless``.
    """
    if not has_display():
        raise ConfigError(
            "there is no display (neither DISPLAY nor WAYLAND_DISPLAY is set); "
            "add --headless to do without windows"
        )
    try:
        from PySide6.QtWidgets import QApplication
    except ImportError as error:
        raise ConfigError(
            f"PySide6 cannot be loaded ({error}); install it, or add --headless to do without "
            "windows"
        ) from error
    from tdwii_gui.ui.theme import Appearance, appearance

    present = QApplication.instance()
    application = present if isinstance(present, QApplication) else QApplication(sys.argv[:1])
    application.setOrganizationName(_NAME)
    application.setApplicationName(_NAME)
    application.setApplicationDisplayName("TDW-II")
    application.setQuitOnLastWindowClosed(True)
    if appearance() is None:
        Appearance(application, is_applied=is_dressed)
    return application


class SuiteProgram:
    """The launcher, its suite, and the windows of the actors, which are made when wanted.

    Parameters
    ----------
    settings : Settings
        The actors' settings.
    directory : AeDirectory
        Who else is known.
    data_folder : Path
        Where the actors keep their data.
    recording : RecordingSwitch or None
        By what their associations are recorded.

    Attributes
    ----------
    launcher : LauncherWindow
        The first window; all else is made when it is wanted first.
    """

    def __init__(
        self,
        settings: Settings,
        directory: AeDirectory,
        data_folder: Path,
        recording: RecordingSwitch | None = None,
    ) -> None:
        from tdwii_gui.ui.launcher_window import LauncherWindow

        self._settings = settings
        self._directory = directory
        self._data_folder = data_folder
        self._recording = recording
        self.launcher = LauncherWindow()

    @cached_property
    def bridge(self) -> ActorBridge:
        """What hears all actors."""
        from tdwii_gui.ui.bridge import ActorBridge

        return ActorBridge()

    @cached_property
    def control(self) -> SuiteControl:
        """What starts and stops the actors."""
        from tdwii_gui.ui.suite_control import SuiteControl

        return SuiteControl(self._make_suite, self.bridge)

    @cached_property
    def windows(self) -> Windows:
        """The windows of the actors."""
        return Windows(self.control, self.bridge, self.launcher.close)

    @cached_property
    def rehearsal(self) -> Rehearsal:
        """Scenarios, recordings and evidence."""
        from tdwii_gui.app.rehearsal import Rehearsal

        return Rehearsal(self._settings, self._data_folder, self.control)

    @cached_property
    def life(self) -> Launcher:
        """What brings the launcher's window to life."""
        from tdwii_gui.ui.launcher import Launcher

        return Launcher(
            self.launcher,
            self.control,
            self.bridge,
            self.windows,
            self._data_folder,
            self._diagnostics,
            self.rehearsal,
        )

    def start(self, play: Demo | None = None, scenario: Scenario | None = None) -> None:
        """Show the launcher, then have the actors start and a fraction or a scenario played."""
        from PySide6.QtCore import QTimer

        def start() -> None:
            self.life.start(play)
            if scenario is not None:
                self.rehearsal.desk.play(scenario)

        # All parts of the window are painted before the imports begin.
        self.launcher.painted.connect(lambda: QTimer.singleShot(_PAINT_MS, start))
        self.launcher.show()

    def close(self) -> None:
        """Delete the windows, once they are closed; nothing is heard any more.

        Left to Python, their parts would be destroyed in any order, which Qt does not survive.
        """
        from shiboken6 import delete, isValid

        self.bridge.close()
        for window in (*self.windows.all, *self.rehearsal.windows, self.launcher):
            if isValid(window):
                delete(window)

    def _make_suite(self, listener: Listener) -> Suite:
        """Import what takes long, on the thread of the control, and make the actors."""
        from tdwii_gui.actors.suite import Suite

        for module in _LATE:
            importlib.import_module(module)
        # Before any actor has a thread that nobody could stop.
        try:
            self._data_folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"{self._data_folder}: cannot be used: {error.strerror}") from error
        return Suite(
            _live(self._settings), self._data_folder, listener, self._directory, self._recording
        )

    def _diagnostics(self) -> str:
        return diagnostics(self._settings, self._directory, self._data_folder)


def _live(settings: Settings) -> Settings:
    """Return settings with which TDD and PPVS follow the TMS from the start.

    In one process there is somebody to follow, and a launcher in which nothing happens by itself
    shows nothing.
    """
    return replace(
        settings,
        tdd=replace(settings.tdd, subscribe=True),
        ppvs=replace(settings.ppvs, subscribe=True, auto_download=True),
    )


class Windows:
    """The windows of the suite's actors; closing one only hides it.

    Parameters
    ----------
    close_suite : Callable[[], object]
        Tries to close the launcher again, when a window that had to ask its user agrees.
    """

    def __init__(
        self, control: SuiteControl, bridge: ActorBridge, close_suite: Callable[[], object]
    ) -> None:
        self._control = control
        self._bridge = bridge
        self._close_suite = close_suite
        self._open: dict[str, ActorWindow] = {}

    @property
    def all(self) -> tuple[ActorWindow, ...]:
        """The windows that were opened so far, hidden or not."""
        return tuple(self._open.values())

    def open(self, role: str) -> QWidget | None:
        """Bring up the window of a role; None while there is no actor, or not ours."""
        actor = self._control.actor(role)
        if actor is None or self._control.external(role) is not None:
            return None
        window = self._open.get(role)
        if window is None:
            window = self._open[role] = make_window(role, actor, self._bridge, owns_actor=False)
            window.agreed_to_close.connect(self._close_suite)
        window.show()
        window.raise_()
        window.activateWindow()
        return window

    def prepare(self) -> None:
        """Import what the windows need; on any thread, for it only defines classes."""
        for module, _ in _WINDOWS.values():
            importlib.import_module(module)

    def may_close(self) -> bool:
        """Return whether all may close; the one that asks its user comes up."""
        for role, window in self._open.items():
            if not window.may_close():
                self.open(role)
                return False
        return True

    def close(self) -> None:
        """Close all, and end their own work."""
        for window in self._open.values():
            window.close()
            window.stop_for_good()


def make_window(role: str, actor: Actor, bridge: ActorBridge, *, owns_actor: bool) -> ActorWindow:
    """Return the window of an actor."""
    module, name = _WINDOWS[role]
    window: ActorWindow = getattr(importlib.import_module(module), name)(
        actor, bridge, owns_actor=owns_actor
    )
    return window


def run_suite(
    settings: Settings,
    directory: AeDirectory,
    data_folder: Path,
    play: Demo | None = None,
    recording: RecordingSwitch | None = None,
    scenario: Scenario | None = None,
) -> int:
    """Show the launcher until it is closed; return the exit code."""
    application = make_application(is_dressed=False)
    from tdwii_gui.ui.theme import appearance

    program = SuiteProgram(settings, directory, data_folder, recording)
    look = appearance()
    if look is not None:
        look.apply()
    program.start(play, scenario)
    try:
        return run_window(application, program.launcher)
    finally:
        program.close()


def run_actor(role: str, make_actor: Callable[[Listener], Actor]) -> int:
    """Show the window of one actor until it is closed; return the exit code."""
    application = make_application()
    from shiboken6 import delete

    from tdwii_gui.ui.bridge import ActorBridge
    from tdwii_gui.ui.port_offer import PortOffer

    bridge = ActorBridge()
    actor = make_actor(bridge.hear)
    try:
        window = make_window(role, actor, bridge, owns_actor=True)
        PortOffer(actor, bridge, window)
        window.show()
        window.start_actor()
        code = run_window(application, window)
        delete(window)
    finally:
        # Closing the window has stopped it, unless something went wrong before.
        actor.stop()
    return code


def diagnostics(settings: Settings, directory: AeDirectory, data_folder: Path) -> str:
    """Return what helps to find a fault: versions, paths, known AEs; no patient data."""
    import platform
    from importlib import metadata

    import PySide6

    lines = [
        f"tdwii_gui {__version__} - emulator, not for clinical use",
        f"Python {platform.python_version()} on {platform.platform()}",
        f"Qt {PySide6.__version__}",
        *(f"{name} {metadata.version(name)}" for name in ("pydicom", "pynetdicom", "SQLAlchemy")),
        f"settings: {settings.source or 'defaults'}",
        f"AE directory: {directory.source or 'none'}",
        f"data: {data_folder}",
        *(f"{entity.ae_title:16} {entity.host}:{entity.port}" for entity in directory),
    ]
    return "\n".join(lines) + "\n"


def run_window(application: QApplication, window: QMainWindow) -> int:
    """Run the event loop; SIGINT and SIGTERM close the window as its user would."""
    from PySide6.QtCore import QTimer

    from tdwii_gui.ui.garbage import GarbageCollector

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        QTimer.singleShot(0, window.close)

    previous: dict[int, Any] = {
        number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)
    }
    # Python runs its signal handlers only between two of its own instructions.
    looking = QTimer()
    looking.timeout.connect(lambda: None)
    looking.start(_SIGNAL_LOOK_MS)
    # A window that is being painted gets the interpreter back soon from a network thread.
    sys.setswitchinterval(_SWITCH_SECONDS)
    collector = GarbageCollector()
    try:
        return application.exec()
    finally:
        collector.close()
        looking.stop()
        for number, handler in previous.items():
            signal.signal(number, handler)
