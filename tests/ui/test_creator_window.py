"""The creator's window: from a plan to a scheduled fraction, by clicks, against real actors."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

import pytest
from pydicom import dcmread
from PySide6.QtCore import QCoreApplication, QDateTime, QEvent, QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDateTimeEdit,
    QDoubleSpinBox,
    QFileDialog,
    QLabel,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QTabWidget,
    QTreeView,
    QWidget,
)

from tdwii_gui.actors.actor import Surroundings
from tdwii_gui.actors.ost import Ost
from tdwii_gui.actors.rtbdi_creator import RtbdiCreator
from tdwii_gui.actors.tms import Tms
from tdwii_gui.config.ae_directory import AeDirectory
from tdwii_gui.config.resources import resource_path
from tdwii_gui.config.settings import CreatorSettings, OstSettings, TmsSettings
from tdwii_gui.dicom import uids
from tdwii_gui.dicom.iod.plan import read_plan
from tdwii_gui.dicom.iod.ups import Priority, Ups
from tdwii_gui.ui.creator_window import CreatorWindow
from tdwii_gui.ui.models.beam_rows import beam_model, beam_rows
from tdwii_gui.ui.panels.archive_dialog import ArchiveDialog
from tdwii_gui.ui.panels.recent_plans import MOST_RECENT, RecentPlans
from tdwii_gui.ui.scheduling import ScheduleStep

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from tdwii_gui.ui.bridge import ActorBridge

W = TypeVar("W", bound=QWidget)
DEMO = resource_path("demo_patient")
RELATED = 33
SATURDAY = 5


@dataclass
class Clinic:
    """The window with its peers, and hands to use it."""

    qtbot: QtBot
    window: CreatorWindow
    ost: Ost
    tms: Tms

    def find(self, kind: type[W], name: str) -> W:
        found = self.window.findChild(kind, name)
        assert found is not None, f"no {kind.__name__} {name}"
        return found

    def button(self, name: str) -> QPushButton:
        return self.find(QPushButton, name)

    def click(self, name: str) -> None:
        self.until(lambda: self.window.findChild(QPushButton, name) is not None)
        button = self.button(name)
        self.until(lambda: button.isVisible() and button.isEnabled())
        self.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)

    def until(self, condition: Callable[[], object], seconds: int = 15) -> None:
        self.qtbot.waitUntil(lambda: bool(condition()), timeout=1000 * seconds)

    def text(self, name: str) -> str:
        return self.find(QLabel, name).text()

    def ready(self) -> None:
        """Wait until the objects are built."""
        self.until(lambda: self.button("export").isVisible() and self.button("export").isEnabled())

    def open(self, path: Path) -> None:
        """Open a plan file as the dialog does."""
        self.window.choose_plan()
        dialog = self.window.findChild(QFileDialog, "open_dialog")
        dialog.fileSelected.emit(str(path))
        dialog.reject()
        self.ready()

    def drop(self, *paths: Path) -> None:
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
        where = QPointF(self.window.rect().center())
        event = QDropEvent(
            where,
            Qt.DropAction.CopyAction,
            data,
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )
        self.window.dropEvent(event)

    def steps(self) -> list[str]:
        return [self.window.page.steps.outcome(step) for step in ScheduleStep]

    def scheduled(self) -> list[Ups]:
        return self.tms.steps().result(10)

    def said(self, words: str) -> None:
        """Wait for a message."""
        self.until(lambda: any(words in text for text in self.window.messages.shown_texts))


@pytest.fixture
def clinic(qtbot: QtBot, bridge: ActorBridge, tmp_path: Path) -> Iterator[Clinic]:
    around = Surroundings(AeDirectory(), tmp_path / "data", listener=bridge.hear)
    ost = Ost(OstSettings(port=0), around)
    tms = Tms(TmsSettings(port=0), around)
    creator = RtbdiCreator(CreatorSettings(port=0), around)
    for actor in (ost, tms, creator):
        actor.start()
    window = CreatorWindow(creator, bridge, owns_actor=False)
    qtbot.addWidget(window)
    window.resize(1366, 768)
    window.show()
    yield Clinic(qtbot, window, ost, tms)
    window.stop_for_good()
    for actor in (creator, tms, ost):
        actor.stop()
    window.close()


def copy_of(name: str, folder: Path, **values: object) -> Path:
    """Copy a demo file with other values."""
    folder.mkdir(parents=True, exist_ok=True)
    dataset = dcmread(DEMO / name)
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    dataset.save_as(folder / name)
    return folder / name


def without_metersets(folder: Path) -> Path:
    path = copy_of("electron_plan.dcm", folder)
    dataset = dcmread(path)
    for reference in dataset.FractionGroupSequence[0].ReferencedBeamSequence:
        del reference.BeamMeterset
    dataset.save_as(path)
    return path


def test_without_a_plan_the_window_invites_to_open_one(clinic: Clinic) -> None:
    for name in ("open_plan", "demo_photon", "demo_electron", "demo_ion"):
        assert clinic.button(name).isVisible()
    assert not clinic.button("schedule").isVisible()
    assert not clinic.window.banner.identity


def test_the_demo_plan_is_shown_with_all_its_beams(clinic: Clinic) -> None:
    clinic.click("demo_photon")
    clinic.ready()
    card = clinic.window.page.card
    assert card.text_of("fractions") == "35 fractions, 3 beams"
    assert card.text_of("dose") == "2.00 Gy × 35"
    assert card.text_of("machine") == "DEMO-LINAC"
    assert clinic.text("plan_approval") == "✓ Approved"
    rows = clinic.window.page.preview.beams.model.rows
    assert [row.number for row in rows] == [1, 2, 3, 4]
    assert rows[3].reason
    assert "Beam 4 is left out" in clinic.text("left_out")
    identity = clinic.window.banner.identity
    assert identity is not None
    assert (identity.patient_id, identity.fraction_number) == ("DEMO-0001", 1)
    assert identity.photo is not None
    assert not clinic.window.messages.shown_texts


@pytest.mark.parametrize(
    ("kind", "words"), [("electron", "electron"), ("ion", "RT Ion Plan  ·  proton")]
)
def test_the_other_demo_plans_are_shown(clinic: Clinic, kind: str, words: str) -> None:
    clinic.click(f"demo_{kind}")
    clinic.ready()
    assert words in clinic.window.page.card.text_of("type")


def test_a_fraction_is_scheduled_by_one_click(clinic: Clinic) -> None:
    clinic.click("demo_photon")
    clinic.click("schedule")
    clinic.said("Fraction 1 is scheduled at TMS for ")
    assert clinic.steps() == ["✓"] * 5
    (step,) = clinic.scheduled()
    assert (step.fraction_number, step.machine) == (1, "DEMO-LINAC")
    inputs = {reference.sop_class_uid: reference for reference in step.inputs}
    plan = read_plan(DEMO / "photon_plan.dcm")
    assert clinic.ost.instances.read(plan.sop_instance_uid).RTPlanLabel == "PHOTON"
    rtbdi = inputs[uids.RT_BEAMS_DELIVERY_INSTRUCTION].sop_instance_uid
    assert clinic.tms.instances.read(rtbdi)
    stored = clinic.ost.instances.present(
        dcmread(path, stop_before_pixels=True).SOPInstanceUID for path in DEMO.rglob("*.dcm")
    )
    assert len(stored) == RELATED + 1
    assert clinic.button("schedule").text() == "&Schedule fraction 2"
    start = clinic.find(QDateTimeEdit, "start").dateTime().toPython()
    assert start.date() > datetime.now().date()
    assert start.weekday() < SATURDAY


def found_labels(dialog: ArchiveDialog) -> list[str]:
    model = dialog.table.model()
    return [model.index(row, 1).data() for row in range(model.rowCount())]


def test_a_plan_is_found_in_the_ost_and_scheduled(clinic: Clinic) -> None:
    clinic.ost.import_files([DEMO]).result(20)
    clinic.click("find_plan")
    dialog = clinic.find(ArchiveDialog, "archive_dialog")
    clinic.until(lambda: sorted(found_labels(dialog)) == ["ELECTRON", "PHOTON", "PROTON"])
    clinic.until(lambda: clinic.text("archive_said") == "3 found")
    assert "Select what to fetch first" in clinic.button("archive_fetch").toolTip()
    label = clinic.find(QLineEdit, "archive_label")
    clinic.qtbot.keyClicks(label, "nothing so called")
    clinic.qtbot.keyClick(label, Qt.Key.Key_Return)
    clinic.until(lambda: clinic.text("archive_said") == "0 found")
    assert dialog._empty_words() == "OST has none that match: “nothing so called”."
    first = clinic.find(QLineEdit, "archive_first")
    clinic.qtbot.keyClicks(first, "yesterday")
    clinic.click("archive_search")
    assert "A date is written as" in clinic.text("archive_said")
    first.clear()
    label.setText("photon")
    clinic.click("archive_search")
    clinic.until(lambda: found_labels(dialog) == ["PHOTON"])
    clinic.click("archive_fetch")
    clinic.until(lambda: clinic.window.page.isVisible())
    assert not RecentPlans().paths()
    clinic.click("schedule")
    clinic.said("Fraction 1 is scheduled at TMS for ")
    (step,) = clinic.scheduled()
    assert step.plan_label == "PHOTON"


def test_a_dead_archive_is_told_in_the_dialog(clinic: Clinic) -> None:
    clinic.ost.stop_listening()
    clinic.click("find_plan")
    clinic.until(lambda: clinic.text("archive_said").startswith("✕ OST"))
    clinic.click("archive_close")
    assert clinic.button("open_plan").isVisible()


def test_the_next_fraction_does_not_store_the_images_again(clinic: Clinic) -> None:
    clinic.click("demo_electron")
    clinic.click("schedule")
    clinic.said("Fraction 1 is scheduled")
    assert not clinic.find(QCheckBox, "store_related").isChecked()
    clinic.click("schedule")
    clinic.said("Fraction 2 is scheduled")
    assert clinic.steps() == ["✓", "–", "✓", "✓", "✓"]
    assert sorted(step.fraction_number for step in clinic.scheduled()) == [1, 2]
    clinic.find(QSpinBox, "fraction_number").setValue(1)
    clinic.until(lambda: "has been scheduled before" in clinic.text("number_note"))


def test_a_dead_tms_is_told_and_tried_again(clinic: Clinic) -> None:
    clinic.tms.stop_listening()
    clinic.click("demo_photon")
    clinic.click("schedule")
    clinic.until(lambda: clinic.button("try_again").isVisible())
    assert clinic.steps() == ["✕", "○", "○", "○", "○"]
    assert "TMS" in clinic.text("check_peers_detail")
    assert not clinic.button("schedule").isVisible()
    clinic.tms.start()
    clinic.click("try_again")
    clinic.said("Fraction 1 is scheduled")
    assert clinic.steps() == ["✓"] * 5
    assert len(clinic.scheduled()) == 1


def test_after_a_failure_another_value_begins_anew(clinic: Clinic) -> None:
    clinic.tms.stop_listening()
    clinic.click("demo_photon")
    clinic.click("schedule")
    clinic.until(lambda: clinic.button("try_again").isVisible())
    clinic.find(QSpinBox, "fraction_number").setValue(3)
    assert not clinic.button("try_again").isVisible()
    assert clinic.steps() == ["○"] * 5
    assert clinic.button("schedule").text() == "&Schedule fraction 3"


def test_a_whole_course_is_scheduled_one_each_weekday(clinic: Clinic) -> None:
    clinic.click("demo_electron")
    clinic.ready()
    clinic.find(QCheckBox, "whole_course").setChecked(True)
    clinic.find(QCheckBox, "store_related").setChecked(False)
    clinic.until(lambda: clinic.button("schedule").text() == "&Schedule 10 fractions")
    clinic.click("schedule")
    clinic.said("10 fractions are scheduled at TMS")
    steps = clinic.scheduled()
    assert sorted(step.fraction_number for step in steps) == list(range(1, 11))
    days = {step.start.date() for step in steps if step.start}
    assert len(days) == 10
    assert all(day.weekday() < SATURDAY for day in days)


def test_what_the_form_says_is_in_the_step(clinic: Clinic) -> None:
    clinic.click("demo_ion")
    clinic.ready()
    clinic.find(QSpinBox, "fraction_number").setValue(7)
    clinic.find(QLineEdit, "machine").setText("GANTRY 2")
    priority = clinic.find(QComboBox, "priority")
    priority.setCurrentIndex(priority.findData(Priority.HIGH))
    moment = QDateTime.currentDateTime().addDays(3)
    clinic.find(QDateTimeEdit, "start").setDateTime(moment)
    clinic.find(QCheckBox, "store_related").setChecked(False)
    assert not clinic.button("schedule").isEnabled()
    clinic.click("schedule")
    clinic.said("Fraction 7 is scheduled")
    (step,) = clinic.scheduled()
    assert (step.fraction_number, step.machine, step.priority) == (7, "GANTRY 2", Priority.HIGH)
    assert step.start is not None
    wanted = datetime.fromtimestamp(moment.toSecsSinceEpoch()).astimezone()
    assert abs(step.start - wanted) < timedelta(minutes=1)


def test_a_fraction_beyond_the_plan_cannot_be_asked_for(clinic: Clinic) -> None:
    clinic.click("demo_photon")
    clinic.ready()
    number = clinic.find(QSpinBox, "fraction_number")
    number.setValue(36)
    assert number.value() == 35
    number.setValue(0)
    assert number.value() == 1
    assert number.suffix() == " of 35"


def test_a_value_that_is_not_legal_is_told_at_its_field(clinic: Clinic) -> None:
    clinic.click("demo_photon")
    clinic.ready()
    clinic.find(QLineEdit, "machine").setText("TR1\\TR2")
    clinic.until(lambda: clinic.text("machine_note"))
    assert clinic.text("machine_note") == "✕ is no legal SH value"
    assert not clinic.button("schedule").isEnabled()
    assert "TreatmentMachineName" in clinic.button("schedule").toolTip()
    clinic.find(QLineEdit, "machine").clear()
    clinic.ready()
    assert not clinic.find(QLabel, "machine_note").isVisible()


def test_each_step_can_be_done_alone(clinic: Clinic) -> None:
    clinic.click("demo_photon")
    clinic.ready()
    assert not clinic.button("create_step_alone").isVisible()
    clinic.find(QCheckBox, "single_steps").setChecked(True)
    clinic.click("store_plan_alone")
    clinic.until(lambda: clinic.steps() == ["○", "○", "✓", "○", "○"])
    assert not clinic.scheduled()
    clinic.click("create_step_alone")
    clinic.until(lambda: clinic.steps() == ["○", "○", "✓", "○", "✓"])
    assert len(clinic.scheduled()) == 1
    # The TMS answers a second N-CREATE of the same step as it must.
    clinic.click("create_step_alone")
    clinic.until(lambda: clinic.steps()[-1] == "✕")
    assert "0111H" in clinic.text("create_step_detail")


def test_the_objects_are_shown_before_they_are_sent(clinic: Clinic) -> None:
    clinic.click("demo_photon")
    clinic.ready()
    tabs = clinic.find(QTabWidget, "preview_tabs")
    for number, name in enumerate(("rtbdi_view", "ups_view", "plan_view"), start=1):
        tabs.setCurrentIndex(number)
        model = clinic.find(QTreeView, name).model()
        clinic.until(lambda model=model: model.rowCount() > 10)


def test_objects_are_exported(clinic: Clinic, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    clinic.click("demo_photon")
    clinic.click("export")
    dialog = clinic.window.findChild(QFileDialog, "export_dialog")
    dialog.fileSelected.emit(str(folder))
    dialog.reject()
    clinic.said("3 files written")
    kinds = sorted(path.name.partition(".")[0] for path in folder.glob("*.dcm"))
    assert kinds == ["plan", "rtbdi", "ups"]


def test_a_plan_of_somebody_else_is_warned_of_and_remembered(
    clinic: Clinic, tmp_path: Path
) -> None:
    path = copy_of("photon_plan.dcm", tmp_path / "own", PatientID="4711")
    clinic.open(path)
    clinic.said("may hold patient data")
    assert clinic.window.banner.identity is not None
    assert clinic.window.banner.identity.photo is None
    clinic.click("close_plan")
    clinic.click("recent_0")
    clinic.ready()
    path.unlink()
    clinic.click("close_plan")
    clinic.until(lambda: not RecentPlans().paths())
    clinic.until(lambda: clinic.window.findChild(QPushButton, "recent_0") is None)


def test_no_more_than_eight_plans_are_remembered(clinic: Clinic, tmp_path: Path) -> None:
    del clinic
    recent = RecentPlans()
    for number in range(MOST_RECENT + 3):
        recent.add(tmp_path / f"{number}.dcm")
    recent.add(tmp_path / "10.dcm")
    assert len(recent.paths()) == MOST_RECENT
    assert recent.paths()[0] == tmp_path / "10.dcm"
    assert recent.folder == str(tmp_path)


def test_a_folder_is_dropped_with_what_belongs_to_the_plan(clinic: Clinic, tmp_path: Path) -> None:
    folder = tmp_path / "case"
    copy_of("photon_plan.dcm", folder)
    copy_of("structure_set.dcm", folder / "more")
    copy_of("photo.dcm", folder, PatientID="SOMEBODY ELSE")
    (folder / "notes.txt").write_text("no DICOM")
    clinic.drop(folder)
    clinic.ready()
    assert "1 related object" in clinic.find(QCheckBox, "store_related").text()


def test_no_field_takes_a_file_for_text(clinic: Clinic) -> None:
    """A field that accepts drops would keep a plan from the window."""
    assert not [edit for edit in clinic.window.findChildren(QLineEdit) if edit.acceptDrops()]


def test_one_of_several_plans_is_chosen(clinic: Clinic, tmp_path: Path) -> None:
    for name in ("electron_plan.dcm", "ion_plan.dcm"):
        copy_of(name, tmp_path / "two")
    clinic.drop(tmp_path / "two")
    clinic.ready()
    choice = clinic.find(QComboBox, "plan_choice")
    assert choice.count() == 2
    assert clinic.window.page.card.text_of("type").endswith("electron")
    choice.setCurrentIndex(1)
    choice.activated.emit(1)
    clinic.until(lambda: clinic.window.page.card.text_of("type").endswith("proton"))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("notes.txt", "notes.txt cannot be used: "),
        ("photo.dcm", "photo.dcm is no RT Plan but VL Photographic Image Storage"),
        ("nothing here", "nothing here cannot be used: cannot be read"),
    ],
)
def test_what_is_no_plan_is_told(clinic: Clinic, tmp_path: Path, name: str, words: str) -> None:
    (tmp_path / "notes.txt").write_text("no DICOM")
    shutil.copy(DEMO / "photo.dcm", tmp_path)
    clinic.drop(tmp_path / name)
    clinic.said(words)
    assert clinic.button("open_plan").isVisible()


def test_a_plan_without_metersets_is_opened_once_they_are_given(
    clinic: Clinic, tmp_path: Path
) -> None:
    clinic.drop(without_metersets(tmp_path / "own"))
    clinic.until(lambda: clinic.button("use_meterset").isVisible())
    clinic.find(QDoubleSpinBox, "meterset_per_beam").setValue(55)
    clinic.click("use_meterset")
    clinic.ready()
    assert [row.meterset for row in clinic.window.page.preview.beams.model.rows] == [55, 55]
    assert not clinic.button("use_meterset").isVisible()


def test_real_plans_with_two_fraction_groups_are_understood(
    clinic: Clinic, shared_data: Path
) -> None:
    clinic.open(shared_data / "photon_monaco" / "multi_fraction_groups.dcm")
    group = clinic.find(QComboBox, "fraction_group")
    assert [group.itemText(row) for row in range(2)] == [
        "1  ·  16 fractions, 3 beams",
        "2  ·  4 fractions, 3 beams",
    ]
    group.setCurrentIndex(1)
    assert clinic.find(QSpinBox, "fraction_number").maximum() == 4
    numbers = [row.number for row in clinic.window.page.preview.beams.model.rows]
    assert numbers == [4, 5, 6]
    clinic.click("schedule")
    clinic.said("Fraction 1 is scheduled")


def test_scheduling_is_stopped_between_two_requests(clinic: Clinic) -> None:
    clinic.click("demo_photon")
    clinic.click("schedule")
    clinic.click("cancel_job")
    clinic.until(lambda: clinic.button("try_again").isVisible())
    assert "⊘" in clinic.steps()
    clinic.click("try_again")
    clinic.said("Fraction 1 is scheduled")


def test_other_peers_are_named_by_the_step(clinic: Clinic) -> None:
    clinic.click("demo_photon")
    clinic.ready()
    clinic.window.creator.ost_ae_title = "TMS"
    clinic.find(QCheckBox, "store_related").setChecked(False)
    clinic.click("schedule")
    clinic.said("The peers have changed")
    clinic.click("schedule")
    clinic.said("Fraction 1 is scheduled")
    (step,) = clinic.scheduled()
    assert {reference.retrieve_ae_title for reference in step.inputs} == {"TMS"}


def test_the_window_is_no_larger_than_a_small_screen(clinic: Clinic) -> None:
    clinic.click("demo_photon")
    clinic.click("schedule")
    clinic.said("Fraction 1 is scheduled")
    least = clinic.window.minimumSizeHint()
    assert least.width() <= 1340
    assert least.height() <= 700


def test_the_beam_model_keeps_the_rules_of_models(qtbot: QtBot) -> None:
    del qtbot
    plan = read_plan(DEMO / "photon_plan.dcm")
    model = beam_model()
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    model.replace_all(beam_rows(plan, plan.fraction_group()))
    shown = [model.data(model.index(2, column)) for column in range(model.columnCount())]
    assert shown == [
        "3",
        "ARC",
        "dynamic",
        "Photon 6 MV",
        "214.2 MU",
        "179° ↺ 359°",
        "DEMO-LINAC",
        "37",
    ]
    model.sort(4, Qt.SortOrder.DescendingOrder)
    assert [row.number for row in model.rows] == [3, 2, 1, 4]


def test_icons_follow_the_theme(clinic: Clinic) -> None:
    before = clinic.button("demo_ion").icon().cacheKey()
    start = clinic.button("demo_ion").parentWidget().parentWidget()
    QCoreApplication.sendEvent(start, QEvent(QEvent.Type.PaletteChange))
    assert clinic.button("demo_ion").icon().cacheKey() != before
