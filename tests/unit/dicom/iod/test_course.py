"""The treatment days of a course: weekdays, holidays, several a day, groups one after the other."""

from __future__ import annotations

import time
from collections import Counter
from datetime import date, datetime, timedelta
from itertools import islice, pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tdwii_gui.dicom.errors import ConfigError, DatasetError
from tdwii_gui.dicom.iod.course import (
    CourseRules,
    holidays,
    plan_course,
    read_holidays,
    resumed_start,
    treatment_moments,
)
from tdwii_gui.dicom.iod.course_status import CourseStep, FractionState, course_status
from tdwii_gui.dicom.iod.rtbdi import TreatmentDeliveryType
from tdwii_gui.dicom.iod.ups import ProcedureStepState
from tests.treatment_records import foreign_record

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FRIDAY = datetime(2026, 11, 20, 9, 30)
SCHEDULED, CANCELED = ProcedureStepState.SCHEDULED, ProcedureStepState.CANCELED
COMPLETED, IN_PROGRESS = ProcedureStepState.COMPLETED, ProcedureStepState.IN_PROGRESS
SLOW = settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)


@pytest.fixture
def boosted(make_plan, make_beam):
    """A plan of 16 fractions and a boost of 4, as a real one has it."""
    plan = make_plan(make_beam(1), make_beam(2), groups={1: {1: 100}, 2: {2: 50}})
    for item, fractions in zip(plan.dataset.FractionGroupSequence, (16, 4), strict=True):
        item.NumberOfFractionsPlanned = fractions
    return plan.from_dataset(plan.dataset, source="plan.dcm")


@pytest.fixture
def short(make_plan, make_beam):
    """A plan of five fractions of one beam of 100 MU."""
    plan = make_plan(make_beam(1))
    plan.dataset.FractionGroupSequence[0].NumberOfFractionsPlanned = 5
    return plan.from_dataset(plan.dataset, source="plan.dcm")


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have this process live where summer time ends on 2026-10-25 and begins on 2026-03-29."""
    if not hasattr(time, "tzset"):
        pytest.skip("the local time zone cannot be chosen here")
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def local(*parts: int) -> datetime:
    return datetime(*parts).astimezone()


def days_of(sessions) -> list[tuple[int, int, str]]:
    return [(s.group_number, s.fraction_number, f"{s.start:%m-%d %H:%M}") for s in sessions]


@SLOW
@given(
    start=st.datetimes(datetime(2025, 1, 1), datetime(2030, 1, 1)),
    off=st.frozensets(st.dates(date(2025, 1, 1), date(2030, 3, 1)), max_size=60),
    per_day=st.integers(1, 3),
    hours=st.integers(0, 8),
)
def test_every_course_keeps_the_rules(boosted, start, off, per_day, hours) -> None:
    rules = CourseRules(off, per_day, timedelta(hours=hours))
    if (start + (per_day - 1) * rules.minimum_interval).date() != start.date():
        with pytest.raises(DatasetError, match=f"does not leave room for {per_day} fractions"):
            plan_course(boosted, start, rules)
        return
    sessions = plan_course(boosted, start, rules).sessions
    planned = [(1, n) for n in range(1, 17)] + [(2, n) for n in range(1, 5)]
    assert [(s.group_number, s.fraction_number) for s in sessions] == planned
    days = Counter(session.start.date() for session in sessions)
    assert not [day for day in days if day.weekday() > 4 or day in off]
    assert max(days.values()) <= per_day
    for one, other in pairwise(sessions):
        assert other.start - one.start >= rules.minimum_interval
        assert other.start >= one.start
    assert sessions[0].start >= start.astimezone()
    # No treatment day between the first and the last is left out.
    first, last = min(days), max(days)
    between = [first + timedelta(days=n) for n in range((last - first).days)]
    assert [d for d in between if rules.is_treatment_day(d)] == sorted(days)[:-1]


@SLOW
@given(
    interval=st.integers(1, 60),
    treated=st.lists(st.datetimes(datetime(2026, 11, 17), datetime(2026, 11, 20, 9)), max_size=3),
    per_day=st.integers(1, 2),
)
def test_what_was_treated_before_counts(interval, treated, per_day) -> None:
    rules = CourseRules(per_day=per_day, minimum_interval=timedelta(hours=interval))
    before = [moment.astimezone() for moment in treated]
    if per_day == 2 and interval > 12:
        with pytest.raises(DatasetError, match="does not leave room for 2 fractions a day"):
            next(treatment_moments(FRIDAY, rules, before))
        return
    moments = list(islice(treatment_moments(FRIDAY, rules, before), 6))
    for one, other in pairwise([max(before, default=local(2026, 1, 1)), *moments]):
        assert other - one >= rules.minimum_interval
    had = sum(moment.date() == FRIDAY.date() for moment in before)
    assert sum(moment.date() == FRIDAY.date() for moment in moments) <= max(per_day - had, 0)


def test_one_each_weekday_but_on_holidays(short) -> None:
    rules = CourseRules(frozenset({date(2026, 11, 24)}))
    assert days_of(plan_course(short, FRIDAY, rules).sessions) == [
        (1, 1, "11-20 09:30"),
        (1, 2, "11-23 09:30"),
        (1, 3, "11-25 09:30"),
        (1, 4, "11-26 09:30"),
        (1, 5, "11-27 09:30"),
    ]


def test_two_a_day_with_an_interval(short) -> None:
    rules = CourseRules(per_day=2, minimum_interval=timedelta(hours=6))
    assert days_of(plan_course(short, FRIDAY, rules).sessions)[:3] == [
        (1, 1, "11-20 09:30"),
        (1, 2, "11-20 15:30"),
        (1, 3, "11-23 09:30"),
    ]
    for start, hours in ((FRIDAY.replace(hour=18), 6), (FRIDAY, 13)):
        rules = CourseRules(per_day=2, minimum_interval=timedelta(hours=hours))
        with pytest.raises(DatasetError, match=r"StartDateTime does not leave room for 2"):
            plan_course(short, start, rules)


def test_one_group_alone(boosted) -> None:
    boost = plan_course(boosted, FRIDAY, group=2)
    assert [s.group_number for s in boost.sessions] == [2] * 4
    assert boost.new == boost.sessions
    assert boost.moved == ()


def test_the_time_of_day_stays_when_summer_time_ends(short, berlin) -> None:
    sessions = plan_course(short, datetime(2026, 10, 22, 8)).sessions
    assert {session.start.hour for session in sessions} == {8}
    assert [session.start.utcoffset() for session in sessions[1:3]] == [
        timedelta(hours=2),
        timedelta(hours=1),
    ]
    rules = CourseRules(weekdays=frozenset({6}), per_day=2, minimum_interval=timedelta(hours=6))
    night = list(islice(treatment_moments(datetime(2026, 3, 29, 1), rules), 2))
    assert (night[1] - night[0], night[1].hour) == (timedelta(hours=6), 8)


def test_a_plan_that_does_not_say_how_many(short) -> None:
    del short.dataset.FractionGroupSequence[0].NumberOfFractionsPlanned
    plan = short.from_dataset(short.dataset, source="plan.dcm")
    with pytest.raises(DatasetError, match=r"plan\.dcm: NumberOfFractionsPlanned has no value"):
        plan_course(plan, FRIDAY)


def test_a_plan_that_says_too_many(short) -> None:
    short.dataset.FractionGroupSequence[0].NumberOfFractionsPlanned = 2_000_000_000
    plan = short.from_dataset(short.dataset, source="plan.dcm")
    for look in (lambda: plan_course(plan, FRIDAY), lambda: course_status(plan, [])):
        with pytest.raises(DatasetError, match="NumberOfFractionsPlanned of group 1 is more than"):
            look()


def test_rules_and_starts_that_cannot_be(short) -> None:
    for wrong in (
        {"per_day": 0},
        {"per_day": 25},
        {"minimum_interval": timedelta(-1)},
        {"weekdays": frozenset()},
    ):
        with pytest.raises(ConfigError):
            CourseRules(**wrong)
    with pytest.raises(DatasetError, match="not be before the year"):
        plan_course(short, datetime(9998, 12, 29))


def test_where_each_fraction_stands(short) -> None:
    records = [
        foreign_record(short, {1: (0, 100)}, 1, day="20261116"),
        foreign_record(short, {1: (0, 30)}, 2, day="20261117"),
        foreign_record(short, {1: (30, 60)}, 2, day="20261118"),
    ]
    steps = [
        CourseStep("1", 1, 1, COMPLETED, local(2026, 11, 16, 9), (records[0].SOPInstanceUID,)),
        CourseStep("2", 1, 2, CANCELED, local(2026, 11, 17, 9)),
        CourseStep("3", 1, 3, SCHEDULED, local(2026, 11, 18, 9)),
        CourseStep("4", None, 4, SCHEDULED, local(2026, 11, 20, 9)),
    ]
    status = course_status(short, records, steps, now=local(2026, 11, 20, 12))
    assert [one.state for one in status.fractions] == [
        FractionState.DELIVERED,
        FractionState.INTERRUPTED,
        FractionState.MISSED,
        FractionState.SCHEDULED,
        FractionState.PLANNED,
    ]
    second = status.fraction(1, 2)
    assert (second.delivered, second.specified, second.step_uid) == (60, 100, "2")
    assert [f"{moment:%m-%d}" for moment in second.treated] == ["11-17", "11-18"]
    (total,) = status.groups[0].metersets
    assert (total.unit, total.planned, total.delivered, total.remaining) == ("MU", 500, 160, 340)
    assert status.fraction(1, 6) is None


@pytest.mark.parametrize(
    ("state", "outputs", "becomes"),
    [
        (COMPLETED, (), FractionState.UNRECORDED),
        (CANCELED, ("2.25.5",), FractionState.UNRECORDED),
        (CANCELED, (), FractionState.MISSED),
        (IN_PROGRESS, (), FractionState.IN_PROGRESS),
    ],
)
def test_a_step_without_its_records(short, state, outputs, becomes) -> None:
    steps = [CourseStep("1", 1, 1, state, local(2026, 11, 16, 9), outputs)]
    status = course_status(short, [], steps, now=local(2026, 11, 20, 12))
    assert status.fractions[0].state is becomes
    if becomes is not FractionState.MISSED:
        with pytest.raises(DatasetError, match="fraction 1 of group 1"):
            plan_course(short, FRIDAY, status=status)


def test_steps_of_unknown_groups_go_to_one_after_the_other(make_plan, make_beam) -> None:
    plan = make_plan(make_beam(1), make_beam(2), groups={1: {1: 100}, 2: {2: 50}})
    steps = [
        CourseStep("later", None, 1, SCHEDULED, local(2026, 12, 1)),
        CourseStep("sooner", None, 1, SCHEDULED, local(2026, 11, 1)),
    ]
    status = course_status(plan, [], steps, now=local(2026, 10, 1))
    assert status.fraction(1, 1).step_uid == "sooner"
    assert status.fraction(2, 1).step_uid == "later"


def test_missed_fractions_are_made_up_for_and_the_others_move(short) -> None:
    """Fraction 1 was delivered, 2 interrupted, 3 missed, 4 and 5 are scheduled."""
    records = [
        foreign_record(short, {1: (0, 100)}, 1, day="20261116"),
        foreign_record(short, {1: (0, 30)}, 2, day="20261117"),
    ]
    steps = [
        CourseStep(str(number), 1, number, state, local(2026, 11, 15 + number, 9))
        for number, state in enumerate((COMPLETED, CANCELED, SCHEDULED, SCHEDULED, SCHEDULED), 1)
    ]
    now = local(2026, 11, 19, 7)
    status = course_status(short, records, steps, now)
    start = resumed_start(status, now)
    assert start == local(2026, 11, 19, 9)
    resumed = plan_course(short, start, status=status)
    assert days_of(resumed.sessions) == [
        (1, 2, "11-19 09:00"),
        (1, 3, "11-20 09:00"),
        (1, 4, "11-23 09:00"),
        (1, 5, "11-24 09:00"),
    ]
    assert resumed.sessions[0].delivery_type is TreatmentDeliveryType.CONTINUATION
    assert [(one.fraction_number, one.replaced_step) for one in resumed.new] == [(2, "2")]
    assert [(s.step_uid, s.moved_from.day) for s in resumed.moved] == [
        ("3", 18),
        ("4", 19),
        ("5", 20),
    ]
    assert resumed_start(status, local(2026, 11, 19, 10)) == local(2026, 11, 20, 9)
    assert resumed_start(course_status(short, []), now) == now


def test_what_can_stay_is_not_moved(short) -> None:
    steps = [CourseStep("1", 1, 1, SCHEDULED, FRIDAY.astimezone())]
    status = course_status(short, [], steps, FRIDAY.astimezone())
    planned = plan_course(short, FRIDAY, status=status)
    assert planned.moved == ()
    assert [session.fraction_number for session in planned.new] == [2, 3, 4, 5]


def test_a_course_that_is_over_has_no_sessions(short) -> None:
    records = [foreign_record(short, {1: (0, 100)}, number) for number in range(1, 6)]
    with pytest.raises(DatasetError, match="nothing remains of the course"):
        plan_course(short, FRIDAY, status=course_status(short, records))


def test_days_without_treatment_are_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "holidays.txt"
    path.write_text("# the clinic's\n2026-12-24..2026-12-26  # Christmas\n\n2027-01-01\n")
    assert sorted(read_holidays(path)) == [
        date(2026, 12, 24),
        date(2026, 12, 25),
        date(2026, 12, 26),
        date(2027, 1, 1),
    ]
    path.write_text("2026-12-24\n2026-13-01\n")
    with pytest.raises(ConfigError, match=r"holidays\.txt, line 2: '2026-13-01' is no day"):
        read_holidays(path)
    with pytest.raises(ConfigError, match="cannot be read"):
        read_holidays(tmp_path / "absent.txt")


@pytest.mark.parametrize(
    "words", ["Christmas", "2026-12-26..2026-12-24", "2020-01-01..2026-01-01", "2026-12-24..", ""]
)
def test_what_is_no_day(words: str) -> None:
    with pytest.raises(ConfigError):
        holidays(words)
