"""A course day by day: what was treated, what is scheduled, and what is going to be. No Qt."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from tdwii_gui.dicom.iod.course_status import FractionState
from tdwii_gui.dicom.iod.rtbdi import TreatmentDeliveryType

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tdwii_gui.dicom.iod.course import CoursePlan, PlannedSession
    from tdwii_gui.dicom.iod.course_status import CourseStatus, FractionStatus

WEEK: Final = 7
_LEAST_WEEKS: Final = 5
_MOST_WEEKS: Final = 300
"""A peer's step in another century does not make a calendar of so many pages."""
_NEAR: Final = timedelta(days=14)


class DayMark(StrEnum):
    """What a day has of a fraction."""

    DELIVERED = "delivered"
    INTERRUPTED = "interrupted"
    IN_PROGRESS = "in progress"
    SCHEDULED = "scheduled"
    NEW = "new"
    MOVED = "moved"
    LEFT = "left"
    MISSED = "missed"


@dataclass(frozen=True, slots=True)
class DayEntry:
    """A fraction on a day.

    Parameters
    ----------
    mark : DayMark
        What of it: `NEW` is to be scheduled, `MOVED` is to come here from another day, and `LEFT`
        is to go from here.
    group, fraction : int
        Fraction Group Number and Current Fraction Number.
    moment : datetime or None
        When, where that is known.
    is_continuation : bool
        Whether the session completes an interrupted fraction.
    """

    mark: DayMark
    group: int
    fraction: int
    moment: datetime | None = None
    is_continuation: bool = False


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the calendar; `entries` are in the order of their time."""

    date: date
    entries: tuple[DayEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class CourseDays:
    """Whole weeks, from Monday to Sunday, that hold a course.

    Parameters
    ----------
    first : date
        A Monday.
    weeks : int
        How many.
    """

    first: date
    weeks: int
    _entries: dict[date, tuple[DayEntry, ...]] = field(default_factory=dict, repr=False)

    def day(self, week: int, weekday: int) -> Day:
        """Return a day by its week, from 0 on, and weekday, 0 for Monday."""
        day = self.first + timedelta(days=WEEK * week + weekday)
        return Day(day, self._entries.get(day, ()))

    def place(self, day: date) -> tuple[int, int] | None:
        """Return week and weekday of a day; None if it is not in the calendar."""
        week, weekday = divmod((day - self.first).days, WEEK)
        return (week, weekday) if 0 <= week < self.weeks else None

    def counts(self) -> dict[DayMark, int]:
        """Return how many fractions there are of each mark."""
        found: dict[DayMark, set[tuple[int, int]]] = defaultdict(set)
        for entries in self._entries.values():
            for entry in entries:
                found[entry.mark].add((entry.group, entry.fraction))
        return {mark: len(found[mark]) for mark in DayMark if found[mark]}


def course_days(
    today: date,
    status: CourseStatus | None = None,
    plan: CoursePlan | None = None,
    done: int = 0,
) -> CourseDays:
    """Return the calendar of a course.

    Parameters
    ----------
    today : date
        It is in sight where the course is not far from it.
    status : CourseStatus or None
        What was treated and is scheduled; None if nobody has asked.
    plan : CoursePlan or None
        The sessions that are going to be scheduled or moved.
    done : int
        So many of them have their steps by now: the new ones come first, then those moved.
    """
    entries: dict[date, list[DayEntry]] = defaultdict(list)
    sessions = (*plan.new, *plan.moved) if plan is not None else ()
    moved = {session.step_uid for session in sessions if session.step_uid}
    for fraction in status.fractions if status is not None else ():
        for entry in (*_treated(fraction), *_expected(fraction, moved)):
            if entry.moment is not None:
                entries[entry.moment.astimezone().date()].append(entry)
    for number, session in enumerate(sessions):
        day = session.start.astimezone().date()
        entries[day].append(_session_entry(session, is_done=number < done))
    ordered = {day: tuple(sorted(found, key=_order)) for day, found in entries.items()}
    first, last = min(ordered, default=today), max(ordered, default=today)
    if first - _NEAR <= today < first:
        first = today
    monday = first - timedelta(days=first.weekday())
    weeks = min(max((last - monday).days // WEEK + 1, _LEAST_WEEKS), _MOST_WEEKS)
    return CourseDays(monday, weeks, ordered)


def _treated(fraction: FractionStatus) -> Iterator[DayEntry]:
    """Yield the sessions of which records tell; only the last of a whole fraction delivered it."""
    last = max(fraction.treated, default=None)
    for moment in fraction.treated:
        is_whole = fraction.state is FractionState.DELIVERED and moment == last
        mark = DayMark.DELIVERED if is_whole else DayMark.INTERRUPTED
        yield DayEntry(mark, fraction.group_number, fraction.number, moment)


def _expected(fraction: FractionStatus, moved: set[str]) -> Iterator[DayEntry]:
    """Yield the session that is scheduled, under way, or has not taken place."""
    step = fraction.open_step
    if step is None:
        return
    if fraction.state is FractionState.MISSED:
        mark = DayMark.MISSED
    elif fraction.state is FractionState.IN_PROGRESS:
        mark = DayMark.IN_PROGRESS
    elif step.sop_instance_uid in moved:
        mark = DayMark.LEFT
    else:
        mark = DayMark.SCHEDULED
    is_continuation = fraction.state is FractionState.INTERRUPTED
    yield DayEntry(mark, fraction.group_number, fraction.number, step.start, is_continuation)


def _session_entry(session: PlannedSession, *, is_done: bool) -> DayEntry:
    mark = DayMark.MOVED if session.step_uid else DayMark.NEW
    return DayEntry(
        DayMark.SCHEDULED if is_done else mark,
        session.group.number,
        session.fraction_number,
        session.start,
        session.delivery_type is TreatmentDeliveryType.CONTINUATION,
    )


def _order(entry: DayEntry) -> tuple[float, int, int]:
    moment = entry.moment.timestamp() if entry.moment is not None else 0.0
    return moment, entry.group, entry.fraction
