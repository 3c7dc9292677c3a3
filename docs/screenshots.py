"""Takes the screenshots of all windows in their main states: `make screenshots`.

Plays a `treatment` of the demo patient, or a `rehearsal`, in the real windows, offscreen, and saves
each state in both themes and two sizes to `docs/screenshots`.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QSettings
from PySide6.QtGui import QAction, QFont, QFontDatabase
from PySide6.QtWidgets import (
    QAbstractButton,
    QComboBox,
    QDoubleSpinBox,
    QListView,
    QSpinBox,
    QTabBar,
    QTabWidget,
    QTreeView,
)

from docs.rehearsal_scenes import play_rehearsal
from tdwii_gui.actors.suite import on_free_ports
from tdwii_gui.app.desktop import SuiteProgram, make_application
from tdwii_gui.config.ae_directory import AeDirectory
from tdwii_gui.config.resources import resource_path
from tdwii_gui.config.settings import Settings
from tdwii_gui.ui.actor_window import ActorWindow
from tdwii_gui.ui.panels.image_view import ImageView
from tdwii_gui.ui.theme import ThemeChoice, appearance
from tdwii_gui.ui.views.course_calendar import CourseCalendar
from tests.ui.hand import Hand

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QApplication, QWidget

SIZES: Final = ((1366, 768), (1920, 1080))
PATIENCE_SECONDS: Final = 30
ROLES: Final = ("creator", "tms", "tdd", "ppvs", "ost")
FOLDER: Final = Path(__file__).parent / "screenshots"


class Studio:
    """Plays the states and takes the pictures."""

    def __init__(
        self, application: QApplication, program: SuiteProgram, folder: Path, scratch: Path
    ) -> None:
        self._application = application
        self._program = program
        self._folder = folder
        self._scratch = scratch
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

    def rehearse(self) -> None:
        """Record, break and rehearse, and take the pictures of it."""
        play_rehearsal(self, self._program, self._scratch)

    def play(self) -> None:
        """Play fractions and a course, and take the pictures of them."""
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
        self._verify_position(ppvs)
        self._browse(ost)
        self._treat(tdd, tms, launcher)
        self._interrupt(creator, tdd, tms)
        self._operate(creator, tms)
        self._find_plan(creator)
        self._continue(creator, launcher)
        self._plan_course(creator)
        self._meet_problems(tdd, launcher)

    def _verify_position(self, ppvs: QWidget) -> None:
        """Look at what has come for the step, and check the patient's position."""
        hand = self.hand
        image = hand.find(ppvs, ImageView, "image")
        hand.wait(lambda: image.marks.outlines)
        self.take(ppvs, "ppvs-arrived")
        structures = hand.find(ppvs, QListView, "structures")
        structures.setCurrentIndex(structures.model().index(1, 0))
        hand.click(ppvs, "start_imaging")
        for name, value in (("lateral_mm", -1.5), ("vertical_mm", 0.5), ("pitch_deg", 0.4)):
            hand.find(ppvs, QDoubleSpinBox, name).setValue(value)
        self.take(ppvs, "ppvs-imaging")
        hand.type(ppvs, "position_comment", "Bones match")
        hand.click(ppvs, "accept_position")
        hand.wait(lambda: hand.find(ppvs, QAbstractButton, "start_imaging"))
        self.take(ppvs, "ppvs-accepted")

    def _browse(self, ost: QWidget) -> None:
        """Look at a patient, a series, and what would follow if it were deleted."""
        hand = self.hand
        tree = hand.find(ost, QTreeView, "instances")
        patient = tree.model().index(0, 0)
        tree.setCurrentIndex(patient)
        self.take(ost, "ost-filled")
        tree.setCurrentIndex(tree.model().index(0, 0, tree.model().index(0, 0, patient)))
        hand.find(ost, QListView, "thumbnails")
        self.run(1)
        self.take(ost, "ost-series")
        hand.click(ost, "remove")
        hand.find(ost, QAbstractButton, "confirm_remove")
        dialog = hand.find(ost, QAbstractButton, "keep_instances").window()
        self.take_as_it_is(dialog, "ost-delete-dialog")
        hand.click(dialog, "keep_instances")

    def _find_plan(self, creator: QWidget) -> None:
        """Look for a plan in the archive."""
        hand = self.hand
        action = next(a for a in creator.actions() if a.shortcut().toString() == "Ctrl+Shift+O")
        action.trigger()
        dialog = hand.find(creator, QAbstractButton, "archive_close").window()
        hand.wait(lambda: hand.cells(dialog, "found"))
        self.take_as_it_is(dialog, "creator-find-dialog")
        hand.click(dialog, "archive_close")

    def _continue(self, creator: QWidget, launcher: QWidget) -> None:
        """Interrupt a fraction, and look at its record and at what remains."""
        hand = self.hand
        hand.click(creator, "close_plan")
        hand.click(creator, "demo_photon")
        hand.find(creator, QSpinBox, "fraction_number").setValue(3)
        hand.click(creator, "schedule")
        hand.read(creator, "is scheduled at")
        hand.interrupt(launcher)
        hand.tick(creator, "continue_fraction")
        hand.rows(creator, "remaining_beams")
        hand.find(creator, QAbstractButton, "schedule")
        self.take(creator, "creator-continue")
        hand.choose_row(creator, "records")
        hand.find(creator, QTabWidget, "record_tabs").setCurrentIndex(1)
        self.take(creator, "creator-record-check")

    def _plan_course(self, creator: QWidget) -> None:
        """Look at the course before and after it is scheduled."""
        hand = self.hand
        hand.tick(creator, "whole_course")
        calendar = hand.find(creator, CourseCalendar, "course_calendar")
        hand.find(creator, QAbstractButton, "schedule")
        calendar.choose(date.today())
        self.take(creator, "creator-course")
        hand.click(creator, "schedule")
        hand.read(creator, "fractions are scheduled")
        self.run(3)
        self.take(creator, "creator-course-scheduled")

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
        hand.click(tdd, "view_as_table")
        self.take(tdd, "tdd-table")
        hand.click(tdd, "view_as_table")
        self.take(tms, "tms-in-progress")
        self.take(launcher, "launcher-beam-on")
        hand.fastest(tdd, "speed")
        hand.find(tdd, QAbstractButton, "store_record")
        self.take(tdd, "tdd-delivered")
        self._look_at_records(tdd)
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

    def _interrupt(self, creator: QWidget, tdd: QWidget, tms: QWidget) -> None:
        """Treat an ion plan until the TMS asks to cancel it, and the operator ends the session."""
        hand = self.hand
        self._load(creator, "ion_plan.dcm", "PROTON")
        hand.click(creator, "schedule")
        hand.wait(lambda: _row_of(hand, tms, "PROTON") is not None)
        hand.click(tdd, "refresh")
        hand.wait(lambda: _row_of(hand, tdd, "PROTON") is not None)
        hand.choose_row(tdd, "worklist", _row_of(hand, tdd, "PROTON") or 0)
        hand.click(tdd, "select_patient")
        for box in ("confirm_name", "confirm_birth_date"):
            hand.tick(tdd, box)
        hand.click(tdd, "confirm_patient")
        hand.click(tdd, "claim")
        hand.find(tdd, QComboBox, "speed").setCurrentIndex(0)
        hand.click(tdd, "beam_on")
        self.run(9)
        hand.click(tdd, "pause")
        self.run(0.5)
        hand.click(tdd, "pause")
        self.take(tdd, "tdd-ion")
        hand.click(tdd, "all_layers")
        self.take(tdd, "tdd-ion-layers")
        hand.choose_row(tms, "worklist", _row_of(hand, tms, "PROTON") or 0)
        hand.click(tms, "request_cancel")
        hand.click(hand.find(tms, QAbstractButton, "keep_step").window(), "confirm_request_cancel")
        hand.find(tdd, QAbstractButton, "decline_cancellation")
        self.take(tdd, "tdd-cancel-request")
        hand.click(tdd, "decline_cancellation")
        hand.click(tdd, "end_session")
        hand.find(tdd, QAbstractButton, "confirm_end_session")
        self.take_as_it_is(
            hand.find(tdd, QAbstractButton, "keep_treating").window(), "tdd-end-session-dialog"
        )
        hand.click(tdd, "confirm_end_session")
        hand.find(tdd, QAbstractButton, "store_record")
        self.take(tdd, "tdd-interrupted")
        hand.click(tdd, "cancel_treatment")
        hand.find(tdd, QAbstractButton, "confirm_cancel")
        self.take_as_it_is(
            hand.find(tdd, QAbstractButton, "confirm_cancel").window(), "tdd-cancel-dialog"
        )
        hand.click(tdd, "confirm_cancel")
        hand.find(tdd, QAbstractButton, "next_patient")
        self.take(tdd, "tdd-canceled")
        hand.click(tdd, "next_patient")
        self._load(creator, "photon_plan.dcm", "PHOTON")

    def _load(self, creator: QWidget, plan: str, label: str) -> None:
        """Drop a plan of the demo patient on the creator."""
        assert isinstance(creator, ActorWindow)
        creator.dropped([resource_path("demo_patient", plan)])
        self.hand.wait(
            lambda: creator.banner.identity and creator.banner.identity.plan_label == label
        )

    def _look_at_records(self, tdd: QWidget) -> None:
        """Look at manual mode, where earlier records can be fetched."""
        manual = self.hand.find(tdd, QAbstractButton, "manual_mode")
        manual.click()
        self.hand.find(tdd, QAbstractButton, "archive_records")
        self.take(tdd, "tdd-manual")
        manual.click()

    def _operate(self, creator: QWidget, tms: QWidget) -> None:
        """Look at the operator's side of the TMS: its day, its dialogs, whom it tells."""
        hand = self.hand
        hand.find(creator, QSpinBox, "fraction_number").setValue(2)
        hand.click(creator, "schedule")
        hand.wait(lambda: _row_of(hand, tms, "○ Scheduled") is not None)
        hand.choose_row(tms, "worklist", _row_of(hand, tms, "○ Scheduled") or 0)
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


def _row_of(hand: Hand, window: QWidget, words: str) -> int | None:
    """Return the row of a worklist with a plan or in a state; None without one."""
    rows = enumerate(hand.cells(window, "worklist"))
    return next((number for number, cells in rows if words in cells), None)


def main(wanted: str) -> int:
    """Take the pictures of a treatment or of a rehearsal; return the exit code."""
    FOLDER.mkdir(exist_ok=True)
    application = make_application()
    families = QFontDatabase.families()
    if "Inter" in families:
        application.setFont(QFont("Inter"))
    with tempfile.TemporaryDirectory(prefix="tdwii-screenshots-") as folder:
        QSettings.setDefaultFormat(QSettings.Format.IniFormat)
        QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, folder)
        scenes = {"treatment": Studio.play, "rehearsal": Studio.rehearse}
        _show(application, Path(folder), scenes[wanted])
    return 0


def _show(application: QApplication, folder: Path, play: Callable[[Studio], None]) -> None:
    """Start the suite, play scenes in it, and stop it."""
    program = SuiteProgram(on_free_ports(Settings()), AeDirectory(), folder / "data")
    started: list[bool] = []
    stopped: list[bool] = []
    program.control.started.connect(lambda: started.append(True))
    program.control.stopped.connect(lambda: stopped.append(True))
    program.start()
    studio = Studio(application, program, FOLDER, folder)
    studio.wait_until(lambda: bool(started))
    try:
        play(studio)
    finally:
        program.control.stop()
        studio.wait_until(lambda: bool(stopped))
        studio.run(0.2)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
