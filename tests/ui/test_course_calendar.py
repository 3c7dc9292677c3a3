"""The calendar of a course: which fraction stands on which day, and how a person uses it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester, QTest

from tdwii_gui.config.resources import resource_path
from tdwii_gui.dicom.iod.course import CourseRules, plan_course
from tdwii_gui.dicom.iod.course_status import CourseStep, course_status
from tdwii_gui.dicom.iod.plan import read_plan
from tdwii_gui.dicom.iod.treatment_record import (
    DeliveredBeam,
    SessionInfo,
    build_treatment_records,
)
from tdwii_gui.dicom.iod.ups import ProcedureStepState
from tdwii_gui.ui.models.calendar_model import CalendarModel
from tdwii_gui.ui.models.course_days import DayMark, course_days
from tdwii_gui.ui.views.course_calendar import CourseCalendar

if TYPE_CHECKING:
    from pydicom.dataset import Dataset
    from pytestqt.qtbot import QtBot

    from tdwii_gui.dicom.iod.plan import Plan
    from tdwii_gui.ui.models.course_days import CourseDays

MONDAY = date(2026, 11, 2)
NOW = datetime(2026, 11, 11, 8).astimezone()


def at(days: int) -> datetime:
    return datetime(2026, 11, 2, 10, 30).astimezone() + timedelta(days=days)


@pytest.fixture(scope="module")
def plan() -> Plan:
    return read_plan(resource_path("demo_patient", "electron_plan.dcm"))


def record(plan: Plan, fraction: int, day: int, share: float = 1.0) -> Dataset:
    group = plan.fraction_group()
    beams = [DeliveredBeam(b.number, b.meterset * share, at(day), at(day)) for b in group.beams]
    return build_treatment_records(plan, group, beams, SessionInfo(fraction))[0]


def step(fraction: int, day: int) -> CourseStep:
    return CourseStep(f"2.25.{fraction}", 1, fraction, ProcedureStepState.SCHEDULED, at(day))


@pytest.fixture(scope="module")
def days(plan: Plan) -> CourseDays:
    """Return a course of ten: 1 delivered, 2 interrupted, 3 missed, 4 moved, the rest is new."""
    records = [record(plan, 1, 0), record(plan, 2, 1, 0.5)]
    status = course_status(plan, records, [step(3, 2), step(4, 10)], NOW)
    rules = CourseRules(frozenset({date(2026, 11, 12)}))
    return course_days(NOW.date(), status, plan_course(plan, at(9), rules, status=status))


def marks(days: CourseDays, day: date) -> list[tuple[str, int]]:
    place = days.place(day)
    assert place is not None
    return [(entry.mark, entry.fraction) for entry in days.day(*place).entries]


def test_each_fraction_stands_on_its_day(days: CourseDays) -> None:
    assert days.first == MONDAY
    assert marks(days, date(2026, 11, 2)) == [("delivered", 1)]
    assert marks(days, date(2026, 11, 3)) == [("interrupted", 2)]
    assert marks(days, date(2026, 11, 4)) == [("missed", 3)]
    assert marks(days, date(2026, 11, 11)) == [("new", 2)]
    # The 12th is a holiday: what was to be there goes away, and nothing comes.
    assert marks(days, date(2026, 11, 12)) == [("left", 4)]
    assert marks(days, date(2026, 11, 13)) == [("moved", 3)]
    assert marks(days, date(2026, 11, 14)) == []
    assert marks(days, date(2026, 11, 16)) == [("moved", 4)]
    assert marks(days, date(2026, 11, 17)) == [("new", 5)]
    counts = days.counts()
    assert (counts[DayMark.NEW], counts[DayMark.MOVED]) == (7, 2)


def test_the_rest_of_a_fraction_is_told_as_continuation(days: CourseDays) -> None:
    place = days.place(date(2026, 11, 11))
    assert place is not None
    (entry,) = days.day(*place).entries
    assert entry.is_continuation


def test_days_tick_as_their_steps_come(plan: Plan) -> None:
    course = plan_course(plan, at(0))
    for done in (0, 3, 10):
        counts = course_days(MONDAY, None, course, done).counts()
        assert counts.get(DayMark.SCHEDULED, 0) == done
        assert counts.get(DayMark.NEW, 0) == 10 - done


def test_an_odd_step_does_not_make_a_calendar_of_centuries(plan: Plan) -> None:
    far = replace(step(2, 0), start=datetime(2400, 1, 3, 12).astimezone())
    days = course_days(MONDAY, course_status(plan, [record(plan, 1, 0)], [far], NOW))
    assert days.weeks <= 300
    assert days.place(MONDAY) is not None
    assert days.place(date(2400, 1, 3)) is None


def test_the_calendar_keeps_the_rules_of_models(qtbot: QtBot, days: CourseDays) -> None:
    del qtbot
    model = CalendarModel()
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    model.show_days(days, frozenset({date(2026, 11, 12)}))
    assert model.data(model.index(0, 2)) == "4 ✕ 3"
    words = model.data(model.index(1, 3), Qt.ItemDataRole.AccessibleTextRole)
    assert words.endswith("12 Nov 2026: holiday; fraction 4 to be moved away, 10:30")
    model.show_days(days, frozenset(), with_group=True)
    assert model.data(model.index(0, 2)) == "4 ✕ 1·3"


def test_days_are_chosen_with_the_keyboard(qtbot: QtBot, days: CourseDays) -> None:
    model = CalendarModel()
    calendar = CourseCalendar(model)
    qtbot.addWidget(calendar)
    model.show_days(days, frozenset())
    calendar.resize(700, 300)
    calendar.show()
    calendar.choose(MONDAY)
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Down):
        QTest.keyClick(calendar, key)
    assert calendar.chosen == date(2026, 11, 10)
    # Another course has other days.
    model.show_days(course_days(date(2027, 3, 1)), frozenset())
    assert calendar.chosen is None
