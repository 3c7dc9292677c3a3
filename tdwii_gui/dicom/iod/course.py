"""The treatment days of a course: every fraction of a plan at its moment."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final

from tdwii_gui.dicom.errors import ConfigError, DatasetError, Finding
from tdwii_gui.dicom.iod.course_status import FractionState, check_fractions
from tdwii_gui.dicom.iod.rtbdi import TreatmentDeliveryType

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from tdwii_gui.dicom.iod.course_status import CourseStatus, FractionStatus
    from tdwii_gui.dicom.iod.plan import FractionGroup, Plan

_START: Final = "ScheduledProcedureStepStartDateTime"
_DAY: Final = timedelta(days=1)
_WORKING_DAYS: Final = frozenset(range(5))
_MOST_A_DAY: Final = 24
_LAST_YEAR: Final = 9999
_HOLIDAYS: Final = re.compile(r"(\d{4}-\d{2}-\d{2})(?:\s*\.\.\s*(\d{4}-\d{2}-\d{2}))?")
_LONGEST_HOLIDAYS: Final = 366


@dataclass(frozen=True, slots=True)
class CourseRules:
    """On which days, and how often, a patient is treated.

    Parameters
    ----------
    holidays : frozenset[date]
        Days without treatment, besides the weekends.
    per_day : int
        Fractions on a treatment day.
    minimum_interval : timedelta
        Between the beginnings of two sessions, at least.
    weekdays : frozenset[int]
        Treatment days of the week; Monday is 0.
    """

    holidays: frozenset[date] = frozenset()
    per_day: int = 1
    minimum_interval: timedelta = timedelta(hours=6)
    weekdays: frozenset[int] = _WORKING_DAYS

    def __post_init__(self) -> None:
        if not 1 <= self.per_day <= _MOST_A_DAY:
            raise ConfigError(f"{self.per_day} fractions a day are not in 1 to {_MOST_A_DAY}")
        if self.minimum_interval < timedelta():
            raise ConfigError("the minimum interval between fractions must be 0 or more")
        if not self.weekdays & frozenset(range(7)):
            raise ConfigError("a course needs a treatment day of the week")

    def is_treatment_day(self, day: date) -> bool:
        """Whether patients are treated on a day."""
        return day.weekday() in self.weekdays and day not in self.holidays


@dataclass(frozen=True, slots=True)
class PlannedSession:
    """A fraction, or the rest of one, at its moment.

    Parameters
    ----------
    group : FractionGroup
        The fraction group of the plan.
    fraction_number : int
        The fraction's number in the group.
    start : datetime
        When it begins, in local time.
    delivery_type : TreatmentDeliveryType
        CONTINUATION for what remains of an interrupted fraction.
    step_uid : str
        SOP Instance UID of the step that is scheduled already; empty where one is to be created.
    moved_from : datetime or None
        When that step is scheduled now, if that is another moment.
    replaced_step : str
        SOP Instance UID of the step before, which is over; empty where there is none.
    """

    group: FractionGroup = field(repr=False)
    fraction_number: int
    start: datetime
    delivery_type: TreatmentDeliveryType = TreatmentDeliveryType.TREATMENT
    step_uid: str = ""
    moved_from: datetime | None = None
    replaced_step: str = ""

    @property
    def group_number(self) -> int:
        """Fraction Group Number."""
        return self.group.number


@dataclass(frozen=True, slots=True)
class CoursePlan:
    """The sessions of a course in the order of their beginnings."""

    sessions: tuple[PlannedSession, ...]

    @property
    def moved(self) -> tuple[PlannedSession, ...]:
        """The sessions whose steps are to be moved."""
        return tuple(session for session in self.sessions if session.moved_from is not None)

    @property
    def new(self) -> tuple[PlannedSession, ...]:
        """The sessions for which there is no step yet."""
        return tuple(session for session in self.sessions if not session.step_uid)


def plan_course(
    plan: Plan,
    start: datetime,
    rules: CourseRules | None = None,
    *,
    group: int | None = None,
    status: CourseStatus | None = None,
) -> CoursePlan:
    """Return every session of a course, fraction group after fraction group.

    With a status only what remains is planned, from `start` on: interrupted fractions are continued
    in their turn, and what is scheduled already is moved where it cannot stay.

    Parameters
    ----------
    start : datetime
        The earliest beginning; the first session of every treatment day has its time of day. A
        naive moment is local time.
    rules : CourseRules or None
        By default one fraction each weekday.
    group : int or None
        The only fraction group to be planned; by default all, in the plan's order.
    status : CourseStatus or None
        What was delivered and scheduled before.

    Raises
    ------
    DatasetError
        If the plan does not say how many fractions there are, nothing remains, a fraction is in
        progress or not recorded, or the fractions do not fit into a day.
    """
    check_fractions(plan)
    groups = [plan.fraction_group(group)] if group is not None else _treatable(plan)
    for one in groups:
        if one.fractions_planned < 1:
            raise DatasetError([Finding("NumberOfFractionsPlanned", "has no value")], plan.source)
    remaining = [
        (one, number, status.fraction(one.number, number) if status else None)
        for one in groups
        for number in range(1, one.fractions_planned + 1)
    ]
    remaining = [each for each in remaining if _remains(each[2], plan.source)]
    if not remaining:
        raise DatasetError("nothing remains of the course: all is delivered", plan.source)
    moments = treatment_moments(start, rules or CourseRules(), _treated(status))
    return CoursePlan(
        tuple(_session(one, number, fraction, next(moments)) for one, number, fraction in remaining)
    )


def treatment_moments(
    start: datetime, rules: CourseRules, treated: Collection[datetime] = ()
) -> Iterator[datetime]:
    """Yield the moments at which sessions may begin, without end.

    A day's first session has the start's time of day, also where summer time begins or ends between
    them; further ones follow after the minimum interval.

    Parameters
    ----------
    treated : Collection[datetime]
        When fractions were delivered before: they count among those of their day.

    Raises
    ------
    DatasetError
        If the fractions of a day do not fit into it.
    """
    local = start.astimezone().replace(tzinfo=None)
    _check_day(local.time(), rules)
    before = max(treated, default=None)
    day = local.date()
    while day.year < _LAST_YEAR:
        if rules.is_treatment_day(day):
            opening = datetime.combine(day, local.time()).astimezone()
            had = sum(moment.astimezone().date() == day for moment in treated)
            for number in range(rules.per_day - had):
                moment = (opening + number * rules.minimum_interval).astimezone()
                if before is not None and moment - before < rules.minimum_interval:
                    if before.astimezone().date() != day:
                        continue
                    moment = (before + rules.minimum_interval).astimezone()
                if moment.date() != day:
                    break
                yield moment
                before = moment
        day += _DAY
    raise DatasetError([Finding(_START, f"of a session would not be before the year {_LAST_YEAR}")])


def resumed_start(status: CourseStatus, now: datetime) -> datetime:
    """Return from when on a course is resumed: at its usual time of day, not before `now`."""
    starts = [fraction.start for fraction in status.fractions if fraction.start is not None]
    local = now.astimezone()
    if not starts:
        return local
    usual = starts[0].astimezone().time()
    day = local.date() if local.time() <= usual else local.date() + _DAY
    return datetime.combine(day, usual).astimezone()


def read_holidays(path: Path) -> frozenset[date]:
    """Return the days of a text file: ``2026-12-25`` or ``2026-12-24..2027-01-01`` a line.

    What follows a ``#`` is a remark.

    Raises
    ------
    ConfigError
        If the file cannot be read, or a line is no day; the message names file and line.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read as text") from error
    days: set[date] = set()
    for number, line in enumerate(lines, start=1):
        words = line.partition("#")[0].strip()
        if words:
            try:
                days.update(holidays(words))
            except ConfigError as error:
                raise ConfigError(f"{path}, line {number}: {error}") from error
    return frozenset(days)


def holidays(words: str) -> frozenset[date]:
    """Return the days that ``2026-12-25`` or ``2026-12-24..2027-01-01`` means.

    Raises
    ------
    ConfigError
        If it is neither, or a year and more.
    """
    found = _HOLIDAYS.fullmatch(words.strip())
    try:
        days = found.groups() if found else (words, None)
        first, last = (date.fromisoformat(day or str(days[0])) for day in days)
    except ValueError as error:
        raise ConfigError(f"{words!r} is no day (2026-12-25 or 2026-12-24..2027-01-01)") from error
    if not 0 <= (last - first).days < _LONGEST_HOLIDAYS:
        raise ConfigError(f"{words!r} ends before it begins, or is longer than a year")
    return frozenset(first + each * _DAY for each in range((last - first).days + 1))


def _treatable(plan: Plan) -> list[FractionGroup]:
    return [group for group in plan.fraction_groups if group.beams]


def _check_day(first: time, rules: CourseRules) -> None:
    interval = rules.minimum_interval
    last = timedelta(hours=first.hour, minutes=first.minute) + (rules.per_day - 1) * interval
    if rules.per_day > 1 and (last >= _DAY or rules.per_day * interval > _DAY):
        hours = rules.minimum_interval / timedelta(hours=1)
        text = f"does not leave room for {rules.per_day} fractions a day, {hours:g} hours apart"
        raise DatasetError([Finding(_START, text)])


def _remains(fraction: FractionStatus | None, source: str) -> bool:
    if fraction is None:
        return True
    if fraction.state in (FractionState.UNRECORDED, FractionState.IN_PROGRESS):
        problem = {
            FractionState.UNRECORDED: "has a step whose treatment records are not in the archive",
            FractionState.IN_PROGRESS: "is in progress: complete or cancel its step first",
        }[fraction.state]
        number, group = fraction.number, fraction.group_number
        raise DatasetError(f"fraction {number} of group {group} {problem}", source)
    return fraction.state is not FractionState.DELIVERED


def _treated(status: CourseStatus | None) -> list[datetime]:
    """Return when whole fractions were delivered: at their last sessions."""
    if status is None:
        return []
    return [max(one.treated) for one in status.of(FractionState.DELIVERED) if one.treated]


def _session(
    group: FractionGroup, number: int, fraction: FractionStatus | None, moment: datetime
) -> PlannedSession:
    if fraction is None:
        return PlannedSession(group, number, moment)
    step = fraction.open_step
    kind = TreatmentDeliveryType.TREATMENT
    if fraction.state is FractionState.INTERRUPTED:
        kind = TreatmentDeliveryType.CONTINUATION
    if step is None:
        replaced = fraction.step_uid
        return PlannedSession(group, number, moment, kind, replaced_step=replaced)
    moved = step.start if step.start != moment else None
    return PlannedSession(group, number, moment, kind, step.sop_instance_uid, moved)
