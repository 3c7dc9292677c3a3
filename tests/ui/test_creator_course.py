"""Course and records in the creator's window, by clicks, against real OST and TMS."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QDateTime
from PySide6.QtWidgets import QCheckBox, QDateTimeEdit, QFileDialog, QSpinBox, QTableView

from tdwii_gui.actors.rtbdi_creator import FractionRequest
from tdwii_gui.dicom.iod.part10 import write_part10
from tdwii_gui.dicom.iod.plan import read_plan
from tdwii_gui.dicom.iod.treatment_record import (
    DeliveredBeam,
    SessionInfo,
    build_treatment_records,
)
from tdwii_gui.dicom.iod.ups import TreatmentDeliveryType
from tdwii_gui.ui.views.course_calendar import CourseCalendar
from tests.ui.test_creator_window import DEMO, Clinic, clinic

if TYPE_CHECKING:
    from pathlib import Path

    from pydicom.dataset import Dataset

__all__ = ["clinic"]

PLAN = DEMO / "electron_plan.dcm"


def record(fraction: int, share: float, moment: datetime, plan: Path = PLAN) -> Dataset:
    """Return the record of a session that delivered a share of each beam."""
    read = read_plan(plan)
    group = read.fraction_group()
    beams = [
        DeliveredBeam(beam.number, beam.meterset * share, moment, moment) for beam in group.beams
    ]
    return build_treatment_records(read, group, beams, SessionInfo(fraction))[0]


def store(clinic: Clinic, *records: Dataset) -> None:
    clinic.window.creator.store_static(records).result(20)


def cells(clinic: Clinic, name: str) -> list[list[str]]:
    model = clinic.find(QTableView, name).model()
    return [
        [str(model.index(row, column).data() or "") for column in range(model.columnCount())]
        for row in range(model.rowCount())
    ]


def open_plan(clinic: Clinic) -> None:
    clinic.click("demo_electron")
    clinic.ready()
    clinic.find(QCheckBox, "store_related").setChecked(False)


def choose_files(clinic: Clinic, *paths: Path) -> None:
    clinic.click("record_files")
    dialog = clinic.window.findChild(QFileDialog, "record_dialog")
    dialog.filesSelected.emit([str(path) for path in paths])
    dialog.reject()


@pytest.fixture
def yesterday() -> datetime:
    return datetime.now().astimezone() - timedelta(days=1)


def test_what_was_interrupted_is_continued_from_the_records_of_the_ost(
    clinic: Clinic, yesterday: datetime
) -> None:
    store(clinic, record(1, 1.0, yesterday), record(2, 0.25, yesterday))
    open_plan(clinic)
    clinic.find(QCheckBox, "continue_fraction").setChecked(True)
    # The fraction that is interrupted is found; nobody has to know its number.
    clinic.until(lambda: clinic.button("schedule").text() == "&Schedule the rest of fraction 2")
    clinic.until(lambda: len(cells(clinic, "remaining_beams")) == 2)
    assert [row[1] for row in cells(clinic, "records")] == ["2", "1"]
    for row in cells(clinic, "remaining_beams"):
        assert row[-1].startswith("▶ continuation")
    clinic.click("schedule")
    clinic.said("The rest of fraction 2 is scheduled")
    (step,) = clinic.scheduled()
    assert step.fraction_number == 2
    assert step.delivery_type is TreatmentDeliveryType.CONTINUATION
    # Its rest is scheduled: it is not offered again.
    clinic.find(QCheckBox, "continue_fraction").setChecked(True)
    clinic.until(lambda: "is SCHEDULED" in clinic.text("schedule_hint"))
    assert not clinic.button("schedule").isEnabled()


def test_what_was_interrupted_is_continued_from_records_in_files(
    clinic: Clinic, tmp_path: Path, yesterday: datetime
) -> None:
    own, other = tmp_path / "own.dcm", tmp_path / "other.dcm"
    mine = record(3, 0.5, yesterday)
    write_part10(own, mine)
    write_part10(other, record(3, 0.5, yesterday, DEMO / "photon_plan.dcm"))
    open_plan(clinic)
    clinic.find(QSpinBox, "fraction_number").setValue(3)
    clinic.find(QCheckBox, "continue_fraction").setChecked(True)
    clinic.until(lambda: "no treatment record" in clinic.text("schedule_hint"))
    choose_files(clinic, own, other, DEMO / "photo.dcm")
    clinic.until(lambda: clinic.button("schedule").isEnabled())
    note = clinic.text("records_note")
    assert "other.dcm cannot be used: ReferencedRTPlanSequence" in note
    assert "photo.dcm cannot be used: is no beams treatment record" in note
    clinic.click("schedule")
    clinic.said("The rest of fraction 3 is scheduled")
    (step,) = clinic.scheduled()
    # What the step names among its inputs is in the OST.
    assert str(mine.SOPInstanceUID) in {each.sop_instance_uid for each in step.inputs}
    assert clinic.ost.instances.present([str(mine.SOPInstanceUID)])


def test_the_check_of_a_record_is_shown_with_what_is_not_met_first(
    clinic: Clinic, yesterday: datetime
) -> None:
    bad = record(1, 1.0, yesterday)
    bad.TreatmentSessionBeamSequence[0].RadiationType = "PHOTON"
    store(clinic, bad)
    open_plan(clinic)
    clinic.window.page.preview.show_records()
    clinic.until(lambda: cells(clinic, "records"))
    assert cells(clinic, "records")[0][-1] == "✕ 1 not met"
    clinic.find(QTableView, "records").selectRow(0)
    result, attribute, found = cells(clinic, "record_findings")[0]
    assert (result, attribute) == ("✕ not met", "Beam 1 RadiationType")
    assert found == "is PHOTON, not ELECTRON"


def test_a_course_keeps_off_holidays_and_is_scheduled_once(clinic: Clinic, tmp_path: Path) -> None:
    open_plan(clinic)
    monday = date.today() + timedelta(days=7 - date.today().weekday())
    start = QDateTime(monday.year, monday.month, monday.day, 9, 0, 0)
    clinic.find(QCheckBox, "whole_course").setChecked(True)
    clinic.find(QDateTimeEdit, "start").setDateTime(start)
    file = tmp_path / "holidays.txt"
    file.write_text(f"{monday + timedelta(days=1)}  # closed\n")
    clinic.click("holiday_file")
    dialog = clinic.window.findChild(QFileDialog, "holiday_dialog")
    dialog.fileSelected.emit(str(file))
    dialog.reject()
    # One more by the calendar itself.
    clinic.find(CourseCalendar, "course_calendar").choose(monday + timedelta(days=2))
    clinic.click("holiday")
    clinic.until(lambda: clinic.button("schedule").text() == "&Schedule 10 fractions")
    clinic.click("schedule")
    clinic.said("10 fractions are scheduled")
    days = sorted(step.start.date() for step in clinic.scheduled() if step.start)
    assert [(day - monday).days for day in days[:4]] == [0, 3, 4, 7]
    assert len(set(days)) == 10
    clinic.until(lambda: clinic.text("schedule_hint") == "All is delivered or scheduled.")
    assert clinic.text("count_scheduled") == "○ 10 scheduled"


def test_missed_fractions_are_moved(clinic: Clinic, yesterday: datetime) -> None:
    creator = clinic.window.creator
    plan = read_plan(PLAN)
    day = yesterday - timedelta(days=3)
    missed = creator.build(plan, FractionRequest(1, day))
    creator.schedule(plan, [missed]).result(20)
    open_plan(clinic)
    clinic.find(QCheckBox, "whole_course").setChecked(True)
    clinic.until(lambda: "move 1" in clinic.button("schedule").text())
    assert clinic.text("count_missed") == "✕ 1 missed"
    clinic.click("schedule")
    clinic.said("9 fractions are scheduled")
    first = min(clinic.scheduled(), key=lambda step: step.fraction_number or 0)
    assert first.sop_instance_uid == missed.sop_instance_uid
    assert first.start is not None
    assert first.start.date() >= date.today()


def test_a_dead_tms_is_told_and_the_records_are_there(clinic: Clinic, yesterday: datetime) -> None:
    store(clinic, record(1, 1.0, yesterday))
    clinic.tms.stop_listening()
    open_plan(clinic)
    clinic.window.page.preview.show_records()
    clinic.until(lambda: cells(clinic, "records"))
    assert "TMS" in clinic.text("records_note")
    clinic.tms.start()
    clinic.click("fetch_records")
    clinic.until(lambda: not clinic.text("records_note"))
