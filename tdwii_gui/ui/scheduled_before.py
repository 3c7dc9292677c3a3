"""Which fractions a window has scheduled: what is said of them, and which comes next."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from tdwii_gui.actors.rtbdi_creator import course
from tdwii_gui.ui import texts

if TYPE_CHECKING:
    from datetime import datetime

    from tdwii_gui.dicom.iod.plan import FractionGroup, Plan
    from tdwii_gui.ui.fraction_draft import Draft
    from tdwii_gui.ui.panels.fraction_form import FormValues


class ScheduledBefore:
    """Remembers scheduled fractions as long as the window lives."""

    def __init__(self) -> None:
        self._starts: dict[tuple[str, int, int], datetime] = {}

    def add(self, draft: Draft) -> str:
        """Remember the fractions of a draft; return words that tell of it."""
        requests = draft.values.requests(draft.group)
        for request in requests:
            self._starts[_key(draft.plan, draft.group, request.fraction_number)] = request.start
        first, last, tms = requests[0], requests[-1], texts.plain(draft.peers[1], 16)
        if len(requests) > 1:
            return QCoreApplication.translate(
                "CreatorWindow", "{0} fractions are scheduled at {1}, from {2} to {3}"
            ).format(len(requests), tms, texts.moment(first.start), texts.moment(last.start))
        return QCoreApplication.translate(
            "CreatorWindow", "Fraction {0} is scheduled at {1} for {2}"
        ).format(first.fraction_number, tms, texts.moment(first.start))

    def following(self, draft: Draft) -> tuple[int, datetime] | None:
        """Return the next fraction that is not scheduled yet and its weekday; None if all are."""
        last = draft.values.requests(draft.group)[-1]
        for number in range(last.fraction_number + 1, draft.group.fractions_planned + 1):
            if _key(draft.plan, draft.group, number) not in self._starts:
                after = replace(last, start=last.start + timedelta(days=1))
                return number, next(course(draft.group, after)).start
        return None

    def words(self, plan: Plan, group: FractionGroup, values: FormValues) -> str:
        """Return that what is asked for was scheduled before; empty if it was not."""
        number = values.first.fraction_number
        asked = range(1, group.fractions_planned + 1) if values.whole_course else (number,)
        known = [key for key in (_key(plan, group, n) for n in asked) if key in self._starts]
        if not known:
            return ""
        if values.whole_course:
            return QCoreApplication.translate(
                "CreatorWindow", "{0} of these fractions have been scheduled before"
            ).format(len(known))
        return QCoreApplication.translate(
            "CreatorWindow", "has been scheduled before, for {0}"
        ).format(texts.moment(self._starts[known[0]]))


def _key(plan: Plan, group: FractionGroup, number: int) -> tuple[str, int, int]:
    return plan.sop_instance_uid, group.number, number
