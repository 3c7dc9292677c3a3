"""The objects of what the form asks for, built in the background as it changes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QTimer, Signal

from tdwii_gui.actors.plan_history import CourseHistory
from tdwii_gui.dicom.errors import DatasetError, Finding
from tdwii_gui.dicom.iod.continuation import (
    ContinuationPlan,
    continuation,
    continuation_of_course,
    records_of_fraction,
)
from tdwii_gui.dicom.iod.course import CoursePlan, CourseRules, plan_course
from tdwii_gui.ui.course_reading import NOTHING_KNOWN, CourseKnowledge

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from tdwii_gui.actors.rtbdi_creator import FractionRequest, RtbdiCreator, ScheduledFraction
    from tdwii_gui.actors.worker import SerialWorker
    from tdwii_gui.dicom.iod.course import PlannedSession
    from tdwii_gui.dicom.iod.plan import FractionGroup, Plan
    from tdwii_gui.ui.bridge import ActorBridge
    from tdwii_gui.ui.panels.fraction_form import FormValues

_QUIET_MS: Final = 200
"""The objects are built when the form has been left alone for so long."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for, and what is known of the course.

    Parameters
    ----------
    plan, group, values : Plan, FractionGroup, FormValues
        What the form says.
    rules : CourseRules
        On which days a course is treated.
    known : CourseKnowledge
        What was delivered and scheduled before.
    """

    plan: Plan
    group: FractionGroup
    values: FormValues
    rules: CourseRules = field(default_factory=CourseRules)
    known: CourseKnowledge = NOTHING_KNOWN


@dataclass(frozen=True, slots=True)
class Draft:
    """Objects ready to be sent.

    Parameters
    ----------
    wanted : Wanted
        What they are built from.
    peers : tuple[str, str]
        OST and TMS at that time: the step names them.
    requests : tuple[FractionRequest, ...]
        The sessions that are to be scheduled.
    fractions : tuple[ScheduledFraction, ...]
        Their objects, in the same order.
    course : CoursePlan or None
        The course that they belong to, if it was asked for.
    continuation : ContinuationPlan or None
        What they continue, if that was asked for.
    """

    wanted: Wanted
    peers: tuple[str, str]
    requests: tuple[FractionRequest, ...]
    fractions: tuple[ScheduledFraction, ...]
    course: CoursePlan | None = None
    continuation: ContinuationPlan | None = None

    @property
    def records(self) -> tuple[Dataset, ...]:
        """The records in files that the session continues: the OST may not have them."""
        if self.continuation is None:
            return ()
        own = self.wanted.known.in_files
        return tuple(one for one in self.continuation.records if str(one.SOPInstanceUID) in own)

    @property
    def moves(self) -> tuple[PlannedSession, ...]:
        """The sessions whose steps are to be moved to another moment."""
        return self.course.moved if self.course is not None else ()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to be sent."""
        return not self.fractions and not self.moves


class Drafting(QObject):
    """Builds a draft a moment after the last change; earlier ones are dropped.

    Signals
    -------
    built : Draft
        The objects are there.
    refused : tuple[Finding, ...]
        The plan cannot be treated as the form says.
    """

    built = Signal(object)
    refused = Signal(object)

    def __init__(
        self,
        creator: RtbdiCreator,
        bridge: ActorBridge,
        background: SerialWorker,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.draft: Draft | None = None
        self._creator = creator
        self._bridge = bridge
        self._background = background
        self._number = 0
        self._wanted: Wanted | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_QUIET_MS)
        self._timer.timeout.connect(self._build)

    @property
    def peers(self) -> tuple[str, str]:
        """OST and TMS as they are now."""
        return self._creator.ost_ae_title, self._creator.tms_ae_title

    def renew(self, wanted: Wanted) -> None:
        """Drop the draft, and build another one soon."""
        self.drop()
        self._wanted = wanted
        self._timer.start()

    def drop(self) -> None:
        """Have no draft."""
        self._number += 1
        self._timer.stop()
        self.draft = None

    def _build(self) -> None:
        if self._wanted is None:
            return
        number = self._number
        call = partial(_build, self._creator, self._wanted, self.peers)
        self._bridge.watch(
            self._background.submit("build", "", call),
            lambda draft: self._on_built(draft, number),
            lambda error: self._on_failed(error, number),
        )

    def _on_built(self, draft: Draft, number: int) -> None:
        if number == self._number:
            self.draft = draft
            self.built.emit(draft)

    def _on_failed(self, error: BaseException, number: int) -> None:
        if number == self._number:
            if isinstance(error, DatasetError):
                self.refused.emit(error.findings)
            else:
                self.refused.emit((Finding("", str(error)),))


def _build(creator: RtbdiCreator, wanted: Wanted, peers: tuple[str, str]) -> Draft:
    first = wanted.values.first
    if wanted.values.whole_course:
        return _build_course(creator, wanted, peers)
    if wanted.values.is_continuation:
        rest = _rest(wanted)
        fraction = creator.build_continuation(wanted.plan, rest, first)
        return Draft(wanted, peers, (first,), (fraction,), continuation=rest)
    return Draft(wanted, peers, (first,), (creator.build(wanted.plan, first),))


def _build_course(creator: RtbdiCreator, wanted: Wanted, peers: tuple[str, str]) -> Draft:
    plan, known, first = wanted.plan, wanted.known, wanted.values.first
    course = plan_course(plan, first.start, wanted.rules, status=known.status)
    history = CourseHistory(known.status, tuple(known.records)) if known.status else None
    requests = [
        replace(
            first,
            fraction_number=session.fraction_number,
            start=session.start,
            fraction_group=session.group.number,
        )
        for session in course.new
    ]
    fractions = creator.build_course(plan, course.new, first, history)
    return Draft(wanted, peers, tuple(requests), tuple(fractions), course)


def _rest(wanted: Wanted) -> ContinuationPlan:
    """Return what remains of a fraction, by what is known of its records and steps."""
    plan, group, known = wanted.plan, wanted.group, wanted.known
    number = wanted.values.first.fraction_number
    records = records_of_fraction(plan, group, known.records, number)
    if known.status is None:
        return continuation(plan, group, records, number)
    return continuation_of_course(plan, known.status, records, number, group.number)
