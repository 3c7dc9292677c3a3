"""Takes the screenshots of all windows in their main states: `make screenshots`.

Plays a fraction of the demo patient in the real windows, offscreen, and saves each state in both
themes and two sizes to `docs/screenshots`.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QSettings
from PySide6.QtGui import QAction, QFont, QFontDatabase
from PySide6.QtWidgets import QAbstractButton, QComboBox, QTabBar

from tdwii_gui.actors.suite import on_free_ports
from tdwii_gui.app.desktop import SuiteProgram, make_application
from tdwii_gui.config.ae_directory import AeDirectory
from tdwii_gui.config.settings import Settings
from tdwii_gui.ui.theme import ThemeChoice, appearance
from tests.ui.hand import Hand

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QApplication, QWidget

SIZES: Final = ((1366, 768), (1920, 1080))
PATIENCE_SECONDS: Final = 15
ROLES: Final = ("creator", "tms", "tdd", "ppvs", "ost")
FOLDER: Final = Path(__file__).parent / "screenshots"


class Studio:
    """Plays the states and takes the pictures."""

    def __init__(self, application: QApplication, program: SuiteProgram, folder: Path) -> None:
        self._application = application
        self._program = program
        self._folder = folder
        self.hand = Hand(self.wait_until)

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Run the event loop until a condition holds."""
        end = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            if time.monotonic() > end:
                raise TimeoutError("the window does not come to its state")
            self.run(0.01)

    def run(self, seconds: float) -> None:
        """Run the event loop for a while."""
        end = time.monotonic() + seconds
        while True:
            self._application.processEvents()
            if time.monotonic() >= end:
                return
            time.sleep(0.002)

    def take(self, window: QWidget, name: str) -> None:
        """Save a window in both themes and all sizes."""
        look = appearance()
        assert look is not None
        self.run(0.4)
        for choice in (ThemeChoice.DARK, ThemeChoice.LIGHT):
            look.choose(choice)
            for width, height in SIZES:
                window.resize(width, height)
                self.run(0.15)
                self._save(window, f"{name}-{choice.value}-{width}x{height}")

    def take_as_it_is(self, window: QWidget, name: str) -> None:
        """Save a dialog in both themes, in its own size."""
        look = appearance()
        assert look is not None
        for choice in (ThemeChoice.DARK, ThemeChoice.LIGHT):
            look.choose(choice)
            self.run(0.15)
            self._save(window, f"{name}-{choice.value}")

    def _save(self, window: QWidget, name: str) -> None:
        window.grab().save(str(self._folder / f"{name}.png"))

    def play(self) -> None:
        """Play two fractions and take all pictures."""
        hand = self.hand
        launcher = hand.window("launcher")
        hand.find(launcher, QAbstractButton, "guide_photon")
        self.take(launcher, "launcher-start")
        hand.click(launcher, "guide_photon")
        self.run(0.5)
        self.take(launcher, "launcher-guide")
        hand.click(launcher, "explore")
        for role in ROLES:
            hand.click(launcher, f"open_{role}")
        creator, tms, tdd, ppvs, ost = (hand.window(role) for role in ROLES)
        for role, window in zip(ROLES, (creator, tms, tdd, ppvs, ost), strict=True):
            self.take(window, f"{role}-empty")
        hand.click(creator, "demo_photon")
        hand.find(creator, QAbstractButton, "schedule")
        self.take(creator, "creator-plan")
        hand.click(creator, "schedule")
        hand.wait(lambda: hand.cells(tms, "worklist"))
        self.run(3)
        self.take(creator, "creator-scheduled")
        self.take(ppvs, "ppvs-arrived")
        self.take(ost, "ost-filled")
        self._treat(tdd, tms, launcher)
        self._operate(creator, tms)
        self._meet_problems(tdd, launcher)

    def _treat(self, tdd: QWidget, tms: QWidget, launcher: QWidget) -> None:
        hand = self.hand
        hand.click(tdd, "refresh")
        hand.choose_row(tdd, "worklist")
        self.take(tdd, "tdd-worklist")
        hand.choose_row(tms, "worklist")
        self.take(tms, "tms-scheduled")
        hand.click(tdd, "select_patient")
        hand.find(tdd, QAbstractButton, "confirm_name")
        self.take(tdd, "tdd-verify")
        for box in ("confirm_photo", "confirm_name", "confirm_birth_date", "confirm_id"):
            hand.tick(tdd, box)
        hand.click(tdd, "confirm_patient")
        hand.click(tdd, "claim")
        hand.find(tdd, QAbstractButton, "beam_on")
        self.take(tdd, "tdd-ready")
        hand.click(tdd, "beam_on")
        hand.find(tdd, QAbstractButton, "pause")
        self.run(4)
        hand.click(tdd, "pause")
        self.run(1)
        hand.click(tdd, "pause")
        self.take(tdd, "tdd-beam-on")
        self.take(tms, "tms-in-progress")
        self.take(launcher, "launcher-beam-on")
        hand.fastest(tdd, "speed")
        hand.find(tdd, QAbstractButton, "store_record")
        self.take(tdd, "tdd-delivered")
        hand.click(tdd, "store_record")
        hand.click(tdd, "final_update")
        hand.click(tdd, "complete")
        hand.find(tdd, QAbstractButton, "complete_treatment")
        dialog = hand.find(tdd, QAbstractButton, "complete_treatment").window()
        self.take_as_it_is(dialog, "tdd-complete-dialog")
        hand.click(tdd, "complete_treatment")
        hand.find(tdd, QAbstractButton, "next_patient")
        self.take(tdd, "tdd-completed")
        self.take(tms, "tms-completed")
        self.take(launcher, "launcher-completed")
        self._inspect(launcher)
        hand.click(tdd, "next_patient")
        self.run(1)

    def _operate(self, creator: QWidget, tms: QWidget) -> None:
        """Look at the operator's side of the TMS: its day, its dialogs, whom it tells."""
        hand = self.hand
        hand.click(creator, "schedule")
        hand.wait(lambda: len(hand.cells(tms, "worklist")) > 1)
        hand.choose_row(tms, "worklist", 1)
        hand.find(tms, QTabBar, "step_tabs").setCurrentIndex(2)
        hand.find(tms, QTabBar, "telling_tabs").setCurrentIndex(1)
        self.take(tms, "tms-subscriptions")
        hand.find(tms, QTabBar, "work_tabs").setCurrentIndex(1)
        hand.click(tms, "timeline_today")
        self.run(1)
        self.take(tms, "tms-timeline")
        hand.find(tms, QTabBar, "work_tabs").setCurrentIndex(0)
        hand.click(tms, "edit")
        dialog = hand.find(tms, QAbstractButton, "keep_step").window()
        hand.find(dialog, QComboBox, "edit_readiness").setCurrentIndex(0)
        hand.find(dialog, QAbstractButton, "confirm_edit")
        self.take_as_it_is(dialog, "tms-edit-dialog")
        hand.click(dialog, "keep_step")
        hand.click(tms, "request_cancel")
        dialog = hand.find(tms, QAbstractButton, "keep_step").window()
        hand.find(dialog, QAbstractButton, "confirm_request_cancel")
        self.take_as_it_is(dialog, "tms-cancel-dialog")
        hand.click(dialog, "keep_step")
        self._restart_dialog(tms)

    def _restart_dialog(self, tms: QWidget) -> None:
        """Ask for a cold restart, and leave it at that."""
        action = tms.findChild(QAction, "restart_cold")
        action.trigger()
        self.hand.find(tms, QAbstractButton, "confirm_restart")
        dialog = self.hand.find(tms, QAbstractButton, "keep_running").window()
        self.take_as_it_is(dialog, "tms-restart-dialog")
        self.hand.click(dialog, "keep_running")

    def _inspect(self, launcher: QWidget) -> None:
        """Look at the final update in the inspector."""
        hand = self.hand
        hand.click(launcher, "ladder_as_table")
        row = next(
            number
            for number, cells in enumerate(hand.cells(launcher, "ladder_table"))
            if "RO-64" in cells
        )
        hand.choose_row(launcher, "ladder_table", row)
        self.run(1)
        self.take(launcher, "launcher-table")
        hand.click(launcher, "ladder_as_table")
        self.take(launcher, "launcher-inspector")

    def _meet_problems(self, tdd: QWidget, launcher: QWidget) -> None:
        """Ask a TMS that does not listen, and look at what the launcher shows of it."""
        hand = self.hand
        hand.click(launcher, "toggle_tms")
        self.run(1)
        hand.click(tdd, "refresh")
        self.run(2)
        self.take(tdd, "tdd-tms-down")
        hand.click(launcher, "problems")
        self.run(0.5)
        self.take(launcher, "launcher-problem")


def main() -> int:
    """Take them all; return the exit code."""
    FOLDER.mkdir(exist_ok=True)
    application = make_application()
    families = QFontDatabase.families()
    if "Inter" in families:
        application.setFont(QFont("Inter"))
    with tempfile.TemporaryDirectory(prefix="tdwii-screenshots-") as folder:
        QSettings.setDefaultFormat(QSettings.Format.IniFormat)
        QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, folder)
        program = SuiteProgram(on_free_ports(Settings()), AeDirectory(), Path(folder) / "data")
        started: list[bool] = []
        stopped: list[bool] = []
        program.control.started.connect(lambda: started.append(True))
        program.control.stopped.connect(lambda: stopped.append(True))
        program.start()
        studio = Studio(application, program, FOLDER)
        studio.wait_until(lambda: bool(started))
        try:
            studio.play()
        finally:
            program.control.stop()
            studio.wait_until(lambda: bool(stopped))
            studio.run(0.2)
    return 0


if __name__ == "__main__":
    sys.exit(main())
