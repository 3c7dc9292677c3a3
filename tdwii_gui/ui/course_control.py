"""The course and the records of the plan that is open: read when looked at, shown, and told."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from tdwii_gui.dicom.iod.course import read_holidays, resumed_start
from tdwii_gui.dicom.iod.course_status import FractionState
from tdwii_gui.ui import texts
from tdwii_gui.ui.course_reading import CourseReader

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tdwii_gui.actors.rtbdi_creator import RtbdiCreator
    from tdwii_gui.dicom.errors import Finding
    from tdwii_gui.dicom.iod.course import CoursePlan, CourseRules
    from tdwii_gui.dicom.iod.course_status import CourseStatus
    from tdwii_gui.dicom.iod.plan import Plan
    from tdwii_gui.ui.actor_window import ActorWindow
    from tdwii_gui.ui.course_reading import CourseKnowledge
    from tdwii_gui.ui.fraction_draft import Draft
    from tdwii_gui.ui.panels.fraction_form import FormValues
    from tdwii_gui.ui.panels.plan_page import PlanPage


class CourseControl(QObject):
    """Keeps calendar, records and form of a plan's page in step with what is known.

    Parameters
    ----------
    creator : RtbdiCreator
        Asks OST and TMS.
    window : ActorWindow
        Shows that it is asking.
    page : PlanPage
        Has the calendar and the records.

    Signals
    -------
    changed
        Something else is known, or the rules of the course are other ones.
    """

    changed = Signal()

    def __init__(self, creator: RtbdiCreator, window: ActorWindow, page: PlanPage) -> None:
        super().__init__(window)
        self._creator = creator
        self._window = window
        self._page = page
        self._course: CoursePlan | None = None
        self._done = 0
        self._job = 0
        self._reader = CourseReader(creator, window.bridge, window.background, self)
        self._reader.changed.connect(self._on_read)
        preview = page.preview
        preview.looked_at.connect(self.ask)
        preview.course.rules_changed.connect(self._on_rules)
        preview.course.read_asked.connect(self.read)
        preview.course.holidays_chosen.connect(self._read_holidays)
        preview.records.fetch_asked.connect(self.read)
        preview.records.files_chosen.connect(self._reader.add_files)
        page.form.course_asked.connect(self._on_course_asked)
        page.form.continuation_asked.connect(self._on_continuation_asked)
        rules = creator.course_settings
        preview.course.show_rules(rules.fractions_per_day, rules.minimum_interval_hours)
        if rules.holidays_path:
            self._read_holidays(Path(rules.holidays_path))

    @property
    def known(self) -> CourseKnowledge:
        """What is known of the plan's course."""
        return self._reader.known

    @property
    def rules(self) -> CourseRules:
        """On which days a course is treated."""
        return self._page.preview.course.rules

    def show_plan(self, plan: Plan) -> None:
        """Begin with a plan of which nothing is known."""
        self._end_job()
        self._reader.show_plan(plan)
        self._page.preview.records.show_archive(self._creator.ost_ae_title)
        self.show_draft(None)
        self._show_known()

    def waits_for(self, values: FormValues) -> bool:
        """Whether what is asked for needs to know what is being read."""
        return self._reader.is_reading and (values.whole_course or values.is_continuation)

    @Slot()
    def ask(self) -> None:
        """Read what became of the plan, unless that is known."""
        if not self.known.asked:
            self.read()

    @Slot()
    def read(self) -> None:
        """Read what became of the plan, again if it is known."""
        if self._reader.is_reading:
            return
        self._job = self._window.running.begin(
            self.tr("Reading records and steps"), self._reader.stop
        )
        self._reader.read()

    def show_draft(self, draft: Draft | None) -> None:
        """Show what is going to be scheduled."""
        self._course = draft.course if draft is not None else None
        self._done = 0
        if self._course is not None and self._course.sessions:
            starts = [session.start for session in self._course.sessions]
            self._page.form.show_course_days(min(starts), max(starts))
        self._show_course()
        rest = draft.continuation if draft is not None else None
        self._page.preview.records.show_continuation(rest)

    def show_refused(self, findings: Sequence[Finding], values: FormValues) -> None:
        """Say why there is no course, or nothing to be continued."""
        why = "; ".join(map(str, findings))
        self._course = None
        self._show_course()
        self._page.preview.course.show_note(why if values.whole_course else "", is_problem=True)
        words = texts.plain(why) if values.is_continuation else ""
        self._page.preview.records.show_continuation(None, words)

    def show_done(self, count: int) -> None:
        """Show how many sessions of the course have their steps."""
        if self._course is not None:
            self._done = count
            self._show_course()

    def allow(self, values: FormValues, *, is_running: bool) -> None:
        """Let rules and records be changed while nothing runs."""
        self._page.preview.course.allow(is_planning=values.whole_course, is_running=is_running)
        self._page.preview.records.allow(is_running=is_running)

    def _show_course(self) -> None:
        self._page.preview.course.show_course(self.known.status, self._course, self._done)

    def _show_known(self) -> None:
        known, preview = self.known, self._page.preview
        if self._reader.is_reading:
            empty = self.tr("The records are being fetched …")
        elif known.asked:
            ost = texts.plain(self._creator.ost_ae_title, 16)
            empty = self.tr("{0} has no treatment record of this plan.").format(ost)
        else:
            empty = self.tr("The records have not been fetched yet.")
        preview.records.show_records(known.rows, empty)
        problems = "; ".join(known.refused)
        preview.records.show_note(problems, is_problem=True)
        preview.course.show_note(problems, is_problem=True)
        self._show_course()

    @Slot()
    def _on_read(self) -> None:
        self._show_known()
        if not self._reader.is_reading:
            self._end_job()
            self._choose_interrupted()
            self._resume()
        self.changed.emit()

    def _resume(self) -> None:
        """Go on with a course that has begun at its usual time of day."""
        status = self.known.status
        if self._page.form.values().whole_course and status is not None and _has_begun(status):
            self._page.form.show_start(resumed_start(status, datetime.now().astimezone()))

    def _choose_interrupted(self) -> None:
        """Ask for the fraction that was interrupted, where the form asks for another one."""
        values, status = self._page.form.values(), self.known.status
        if not values.is_continuation or status is None:
            return
        found = status.of(FractionState.INTERRUPTED)
        asked = (self._page.form.group.number, values.first.fraction_number)
        if found and asked not in [(one.group_number, one.number) for one in found]:
            self._page.form.show_rest_of(found[0].group_number, found[0].number)

    @Slot(object)
    def _read_holidays(self, path: Path) -> None:
        self._window.job(
            self._window.background.submit("holidays", "", partial(read_holidays, path)),
            self.tr("Reading the holidays"),
            self._page.preview.course.add_holidays,
        )

    @Slot()
    def _on_rules(self) -> None:
        self._show_course()
        self.changed.emit()

    @Slot()
    def _on_course_asked(self) -> None:
        self._page.preview.show_course()
        self.ask()
        self._resume()

    @Slot()
    def _on_continuation_asked(self) -> None:
        self._page.preview.show_records()
        self.ask()
        self._choose_interrupted()

    def _end_job(self) -> None:
        if self._job:
            self._window.running.end(self._job)
            self._job = 0


def _has_begun(status: CourseStatus) -> bool:
    return any(fraction.start is not None for fraction in status.fractions)
