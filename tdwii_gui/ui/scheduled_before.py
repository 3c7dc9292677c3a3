"""What is said of a fraction that was scheduled or treated before, and which comes next."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from tdwii_gui.dicom.iod.course import treatment_moments
from tdwii_gui.dicom.iod.course_status import FractionState
from tdwii_gui.ui import texts

if TYPE_CHECKING:
    from datetime import datetime

    from tdwii_gui.dicom.iod.course_status import CourseStatus
    from tdwii_gui.dicom.iod.plan import Plan
    from tdwii_gui.ui.fraction_draft import Draft, Wanted


class ScheduledBefore:
    """Remembers scheduled fractions as long as the window lives."""

    def __init__(self) -> None:
        self._starts: dict[tuple[str, int, int], datetime] = {}

    def add(self, draft: Draft) -> str:
        """Remember the fractions of a draft; return words that tell of it."""
        plan, requests = draft.wanted.plan, draft.requests
        for request in requests:
            group = request.fraction_group or draft.wanted.group.number
            self._starts[_key(plan, group, request.fraction_number)] = request.start
        tms = texts.plain(draft.peers[1], 16)
        if draft.moves and not requests:
            return _tr("Fractions moved at {0}: {1}").format(tms, len(draft.moves))
        first, last = requests[0], requests[-1]
        if draft.continuation is not None:
            words = _tr("The rest of fraction {0} is scheduled at {1} for {2}")
            return words.format(first.fraction_number, tms, texts.moment(first.start))
        if len(requests) > 1:
            words = _tr("{0} fractions are scheduled at {1}, from {2} to {3}")
            ends = texts.moment(first.start), texts.moment(last.start)
            told = words.format(len(requests), tms, *ends)
            if draft.moves:
                told = _tr("{0}; {1} moved").format(told, len(draft.moves))
            return told
        words = _tr("Fraction {0} is scheduled at {1} for {2}")
        return words.format(first.fraction_number, tms, texts.moment(first.start))

    def following(self, draft: Draft) -> tuple[int, datetime] | None:
        """Return the next fraction that is not scheduled yet and its weekday; None if all are."""
        wanted = draft.wanted
        if draft.course is not None:
            return None
        number = draft.requests[-1].fraction_number
        start = draft.requests[-1].start + timedelta(days=1)
        for following in range(number + 1, wanted.group.fractions_planned + 1):
            if _key(wanted.plan, wanted.group.number, following) not in self._starts:
                return following, next(treatment_moments(start, wanted.rules))
        return None

    def words(self, wanted: Wanted) -> str:
        """Return what became of the fraction that is asked for; empty if nothing did."""
        number, group = wanted.values.first.fraction_number, wanted.group.number
        if wanted.values.whole_course or wanted.values.is_continuation:
            return ""
        told = _status_words(wanted.known.status, group, number)
        start = self._starts.get(_key(wanted.plan, group, number))
        if told or start is None:
            return told
        return _tr("has been scheduled before, for {0}").format(texts.moment(start))


def _status_words(status: CourseStatus | None, group: int, number: int) -> str:
    """Return what records and steps tell of a fraction."""
    found = status.fraction(group, number) if status is not None else None
    if found is None:
        return ""
    treated = texts.moment(max(found.treated, default=None))
    match found.state:
        case FractionState.DELIVERED:
            return _tr("was delivered, {0}").format(treated)
        case FractionState.INTERRUPTED:
            return _tr("was interrupted, {0}; its rest can be continued").format(treated)
        case FractionState.SCHEDULED | FractionState.MISSED:
            return _tr("has been scheduled before, for {0}").format(texts.moment(found.start))
        case FractionState.IN_PROGRESS:
            return _tr("is in progress")
        case FractionState.UNRECORDED:
            return _tr("has a step whose records are not in the archive")
        case _:
            return ""


def _key(plan: Plan, group: int, number: int) -> tuple[str, int, int]:
    return plan.sop_instance_uid, group, number


def _tr(text: str) -> str:
    return QCoreApplication.translate("CreatorWindow", text)
