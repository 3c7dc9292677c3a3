"""The window of the RTBDI/UPS creator: from a plan to a scheduled fraction."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from threading import Event
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QLineEdit, QStackedWidget, QVBoxLayout, QWidget

from tdwii_gui.actors.rtbdi_creator import export
from tdwii_gui.ui import texts
from tdwii_gui.ui.actor_window import ActorWindow, action
from tdwii_gui.ui.archive_search import plan_dialog
from tdwii_gui.ui.course_control import CourseControl
from tdwii_gui.ui.fraction_draft import Drafting, Wanted
from tdwii_gui.ui.panels.banner import Identity
from tdwii_gui.ui.panels.file_dialogs import ask_for_export, ask_for_plan
from tdwii_gui.ui.panels.meterset_question import MetersetQuestion
from tdwii_gui.ui.panels.plan_page import PlanPage
from tdwii_gui.ui.panels.recent_plans import RecentPlans, StartPage
from tdwii_gui.ui.panels.schedule_actions import ScheduleActions, verb
from tdwii_gui.ui.plan_source import (
    MetersetMissing,
    NoPlan,
    Source,
    demo_folder,
    open_plan,
    source_of,
)
from tdwii_gui.ui.scheduled_before import ScheduledBefore
from tdwii_gui.ui.scheduling import ScheduleStep, Scheduling, Work

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tdwii_gui.actors.archive_search import FoundObject
    from tdwii_gui.actors.rtbdi_creator import RtbdiCreator
    from tdwii_gui.dicom.errors import Finding
    from tdwii_gui.ui.bridge import ActorBridge
    from tdwii_gui.ui.fraction_draft import Draft
    from tdwii_gui.ui.plan_source import OpenedPlan
    from tdwii_gui.ui.scheduling import StepReport


class CreatorWindow(ActorWindow):
    """Opens a plan, asks for a fraction, and schedules it step by step.

    Parameters
    ----------
    creator : RtbdiCreator
        The actor.
    bridge : ActorBridge
        Its listener.
    owns_actor : bool
        Whether closing the window stops the actor.

    Attributes
    ----------
    creator : RtbdiCreator
        The actor.
    page : PlanPage
        What is shown of a plan, its form and the steps.
    """

    accepts_files = True

    def __init__(
        self, creator: RtbdiCreator, bridge: ActorBridge, *, owns_actor: bool = True
    ) -> None:
        title = QCoreApplication.translate("CreatorWindow", "RTBDI/UPS creator")
        super().__init__(creator, bridge, name="creator", title=title, owns_actor=owns_actor)
        self.creator = creator
        self._recent = RecentPlans()
        self._source: Source | None = None
        self._stop_opening = Event()
        self._opened: OpenedPlan | None = None
        self._drafting = Drafting(creator, bridge, self.background, self)
        self._why_not = ""
        self._run: Scheduling | None = None
        self._is_alone = False
        self._has_failed = False
        self._job = 0
        self._before = ScheduledBefore()
        self._make_panels()
        self._course = CourseControl(creator, self, self.page)
        self._connect_panels()
        action(self, self.tr("Open a plan…"), "Ctrl+O", self.choose_plan)
        action(self, self.tr("Find a plan in the OST…"), "Ctrl+Shift+O", self.find_plan)
        self.close_plan()
        self.restore_layout()

    def open(self, source: Source) -> None:
        """Read a plan in the background and show it."""
        if self._is_running:
            self.messages.warn(self.tr("Another plan can be opened when scheduling has ended."))
            return
        self._stop_opening.set()
        stop = self._stop_opening = Event()
        self._source = source
        self._meterset.hide()
        name = texts.plain(source.title or (source.prefer or source.paths[0]).name, 60)
        self.job(
            self.background.submit("open_plan", "", partial(open_plan, source, stop)),
            self.tr("Reading {0}").format(name),
            lambda opened: self._on_opened(opened, stop),
            lambda error: self._on_not_opened(error, stop),
            cancel=stop.set,
        )

    def choose_plan(self) -> None:
        """Let the user choose a plan file."""
        folder = self._recent.folder or self.creator.plan_folder
        ask_for_plan(self, folder, lambda path: self.open(source_of(path)))

    def find_plan(self) -> None:
        """Let the user find a plan in the OST."""
        dialog = plan_dialog(self.creator, self.bridge, self)
        dialog.fetched.connect(self._on_fetched)
        dialog.open()

    def open_demo(self, kind: str) -> None:
        """Open the demo patient's plan: ``photon``, ``electron`` or ``ion``."""
        self.open(source_of(demo_folder() / f"{kind}_plan.dcm"))

    def dropped(self, paths: list[Path]) -> None:
        """Open the plan among files and folders that were dropped."""
        self.open(Source(tuple(paths)))

    def close_plan(self) -> None:
        """Go back to the page that invites to open a plan."""
        self._opened = None
        self._drafting.drop()
        self.banner.show_patient(None)
        self._pages.setCurrentWidget(self._start)
        self._start.setFocus()
        self._bar.hide()
        remembered = self._recent.paths()
        self.bridge.watch(
            self.background.submit("recent", "", lambda: [p for p in remembered if p.is_file()]),
            self._on_recent_known,
        )

    def schedule(self) -> None:
        """Do all steps that are not done yet."""
        draft = self._drafting.draft
        if draft is None or self._is_running:
            return
        if draft.peers != self._drafting.peers:
            # The step would name peers that are no longer ours.
            self._on_form_changed()
            self.messages.warn(self.tr("The peers have changed: the objects are built anew."))
            return
        run = self._current_run(draft)
        self._begin(run.run, alone=False)

    def do_alone(self, step: ScheduleStep) -> None:
        """Do one step, whatever is done or not done before."""
        draft = self._drafting.draft
        if draft is not None and not self._is_running:
            self._begin(partial(self._current_run(draft).run_alone, step), alone=True)

    def export_to(self, folder: Path) -> None:
        """Write plan, RTBDI and UPS of all fractions that are asked for into a folder."""
        draft = self._drafting.draft
        if draft is None:
            return

        def write() -> int:
            plan = draft.wanted.plan
            written = [export(plan, fraction, folder) for fraction in draft.fractions]
            return len({path for paths in written for path in paths})

        words = self.tr("{0} files written to {1}")
        self.job(
            self.background.submit("export", "", write),
            self.tr("Writing files"),
            lambda count: self.messages.done(words.format(count, folder)),
        )

    def stop_for_good(self) -> None:
        """End scheduling after the request that is under way, then the window's own work."""
        self._stop_run()
        super().stop_for_good()

    @property
    def _is_running(self) -> bool:
        return self._run is not None and self._run.is_running

    def _make_panels(self) -> None:
        self._start = StartPage()
        self._meterset = MetersetQuestion()
        self.page = PlanPage()
        self._form, self._steps = self.page.form, self.page.steps
        self._pages = QStackedWidget()
        self._pages.addWidget(self._start)
        self._pages.addWidget(self.page)
        self._bar = ScheduleActions()
        work = QWidget()
        rows = QVBoxLayout(work)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(12)
        rows.addWidget(self._meterset)
        rows.addWidget(self._pages, 1)
        self.set_work(work)
        self.set_actions(self._bar)
        for field in work.findChildren(QLineEdit):
            # A plan that is dropped on a field is not meant as its text.
            field.setAcceptDrops(False)

    def _connect_panels(self) -> None:
        self._start.open_asked.connect(self.choose_plan)
        self._start.find_asked.connect(self.find_plan)
        self._start.demo_asked.connect(self.open_demo)
        self._start.recent_asked.connect(lambda path: self.open(source_of(path)))
        self._meterset.answered.connect(self._on_meterset_given)
        self.page.card.other_chosen.connect(self._on_other_plan_chosen)
        self._drafting.built.connect(self._on_built)
        self._drafting.refused.connect(self._on_refused)
        self._form.changed.connect(self._on_form_changed)
        self._course.changed.connect(self._on_form_changed)
        self._steps.alone_asked.connect(self.do_alone)
        self._steps.related_toggled.connect(self._on_related_toggled)
        self._bar.schedule_asked.connect(self.schedule)
        self._bar.try_again_asked.connect(self.schedule)
        self._bar.start_over_asked.connect(self._on_form_changed)
        self._bar.export_asked.connect(self._choose_export_folder)
        self._bar.open_asked.connect(self.choose_plan)
        self._bar.close_asked.connect(self.close_plan)

    def _on_fetched(self, fetched: list[tuple[FoundObject, Path]]) -> None:
        ((found, path),) = fetched
        self.open(Source((path,), path, title=found.label))

    def _on_recent_known(self, present: list[Path]) -> None:
        self._recent.keep(present)
        self._start.show_recent(present)

    def _on_opened(self, opened: OpenedPlan, stop: Event) -> None:
        if stop is not self._stop_opening:
            return
        self.messages.clear()
        self._opened = opened
        self._run = None
        self._steps.show_peers(*self._drafting.peers)
        self._pages.setCurrentWidget(self.page)
        self._bar.show()
        self._course.show_plan(opened.plan)
        self.page.show_plan(opened)
        self._form.setFocus()
        if not opened.is_demo:
            # What was fetched is found again in the archive.
            if not opened.path.is_relative_to(self.creator.instances.folder):
                self._recent.add(opened.path)
            self.messages.warn(
                self.tr("This is not the demo patient: the plan may hold patient data.")
            )

    def _on_not_opened(self, error: BaseException, stop: Event) -> None:
        if stop is not self._stop_opening:
            return
        if isinstance(error, MetersetMissing) and self._source is not None:
            self._source = replace(self._source, prefer=error.path)
            self._meterset.ask(str(error))
        elif isinstance(error, NoPlan) and stop.is_set():
            self.messages.say(str(error))
        else:
            self.messages.fail(str(error))

    def _on_meterset_given(self, meterset: float) -> None:
        if self._source is not None:
            self.open(replace(self._source, meterset=meterset))

    def _on_other_plan_chosen(self, path: Path) -> None:
        if self._source is not None:
            self.open(replace(self._source, prefer=path, meterset=None))

    def _on_form_changed(self) -> None:
        """Forget what was built, and build anew soon."""
        opened = self._opened
        if opened is None or self._is_running:
            return
        if self._run is not None and not self._run.is_complete:
            self._run = None
            self._steps.reset()
        self._has_failed = False
        self._why_not = self.tr("The objects are being built.")
        group, values = self._form.group, self._form.values()
        wanted = Wanted(opened.plan, group, values, self._course.rules, self._course.known)
        self._form.show_scheduled(self._before.words(wanted))
        self.page.preview.beams.show_beams(opened.beams[group.number])
        identity = replace(
            Identity.of_plan(opened.plan, values.first.fraction_number),
            fractions_planned=group.fractions_planned or None,
            photo=opened.photo,
        )
        if values.first.machine:
            identity = replace(identity, machine=values.first.machine)
        self.banner.show_patient(identity)
        if self._course.waits_for(values):
            self._drafting.drop()
            self._why_not = self.tr("What was treated and scheduled before is being read.")
        else:
            self._drafting.renew(wanted)
        self._show_actions()

    def _on_related_toggled(self, _is_on: bool) -> None:
        if self._run is not None and not self._run.is_complete:
            self._on_form_changed()
            return
        if self._run is None:
            self._steps.reset()
        self._show_actions()

    def _on_built(self, draft: Draft) -> None:
        self._why_not = self.tr("All is delivered or scheduled.") if draft.is_empty else ""
        self.page.preview.show_fractions(draft.fractions)
        self._course.show_draft(draft)
        self._show_actions()

    def _on_refused(self, findings: Sequence[Finding]) -> None:
        self._form.show_findings(findings)
        self._why_not = "; ".join(map(str, findings))
        self.page.preview.show_fractions(())
        self._course.show_refused(findings, self._form.values())
        self._show_actions()

    def _current_run(self, draft: Draft) -> Scheduling:
        """Return the run of a draft: the one that was begun, or a new one."""
        if self._run is None or self._run.work.fractions is not draft.fractions:
            opened = self._opened
            related = opened.related if opened is not None and self._steps.with_related else ()
            plan = draft.wanted.plan
            work = Work(plan, draft.fractions, related, draft.records, draft.moves)
            self._run = Scheduling(self.creator, self.bridge, self.background, work)
            self._run.reported.connect(self._on_reported)
            self._run.ended.connect(self._on_ended)
            self._steps.show_peers(*draft.peers)
            self._steps.reset()
        return self._run

    def _begin(self, call: Callable[[], None], *, alone: bool) -> None:
        self._is_alone = alone
        self._has_failed = False
        self._form.setEnabled(False)
        self.page.show_steps()
        self._job = self.running.begin(self.tr("Scheduling"), self._stop_run)
        call()
        self._show_actions()

    def _stop_run(self) -> None:
        if self._run is not None:
            self._run.stop()

    def _on_reported(self, report: StepReport) -> None:
        self._steps.show_report(report)
        if self._run is not None and report.step is ScheduleStep.CREATE_STEP:
            self._course.show_done(self._run.done(report.step))

    def _on_ended(self, is_good: bool) -> None:
        self.running.end(self._job)
        self._form.setEnabled(True)
        draft, run = self._drafting.draft, self._run
        self._has_failed = not is_good and not self._is_alone
        if is_good and run is not None and run.is_complete and draft is not None:
            self._on_scheduled(draft)
        self._show_actions()

    def _on_scheduled(self, draft: Draft) -> None:
        """Say what was scheduled, and ask for what comes next."""
        self.messages.done(self._before.add(draft))
        self._steps.leave_out_related()
        following = self._before.following(draft)
        if following is not None:
            self._form.show_next(*following)
        else:
            self._on_form_changed()
        if self._course.known.asked:
            self._course.read()

    def _show_actions(self) -> None:
        values = self._form.values()
        self._bar.show_state(
            verb(values, self._drafting.draft),
            self._why_not,
            is_running=self._is_running,
            has_failed=self._has_failed,
        )
        self._steps.set_ready(self._why_not, is_running=self._is_running)
        self._course.allow(values, is_running=self._is_running)

    def _choose_export_folder(self) -> None:
        ask_for_export(self, self.creator.export_folder, self.export_to)
