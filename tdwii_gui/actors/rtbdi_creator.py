"""The RTBDI/UPS creator: from a plan to a scheduled fraction."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tdwii_gui.actors.actor import Actor, Surroundings
from tdwii_gui.actors.archive_search import ArchiveSearch, no_notice
from tdwii_gui.actors.inputs import InputRetriever
from tdwii_gui.actors.plan_history import PlanHistory
from tdwii_gui.actors.worker import task
from tdwii_gui.dicom.errors import DatasetError, Finding
from tdwii_gui.dicom.iod.continuation import (
    continuation_of_course,
    interrupted_fraction,
    records_of_fraction,
)
from tdwii_gui.dicom.iod.course import CourseRules, treatment_moments
from tdwii_gui.dicom.iod.modules import Identity
from tdwii_gui.dicom.iod.part10 import write_part10
from tdwii_gui.dicom.iod.related import Kind
from tdwii_gui.dicom.iod.rtbdi import TreatmentDeliveryType, build_rtbdi
from tdwii_gui.dicom.iod.ups import Priority
from tdwii_gui.dicom.iod.ups_create import StepRequest, as_storable, build_ups
from tdwii_gui.dicom.iod.ups_update import rescheduled
from tdwii_gui.dicom.net.storage_scp import StorageScp
from tdwii_gui.dicom.net.storage_scu import StorageScu
from tdwii_gui.dicom.net.ups_scu import UpsScu
from tdwii_gui.dicom.store.instance_store import Conflict, InstanceStore
from tdwii_gui.dicom.uids import is_valid_uid, new_uid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from pydicom.dataset import Dataset

    from tdwii_gui.actors.archive_search import FoundObject, ObjectQuery
    from tdwii_gui.actors.plan_history import CourseHistory
    from tdwii_gui.config.settings import CreatorSettings
    from tdwii_gui.dicom.iod.continuation import ContinuationPlan
    from tdwii_gui.dicom.iod.course import PlannedSession
    from tdwii_gui.dicom.iod.course_status import CourseStep
    from tdwii_gui.dicom.iod.plan import FractionGroup, Plan


@dataclass(frozen=True, slots=True)
class FractionRequest:
    """Which fraction is to be scheduled, and when.

    Parameters
    ----------
    fraction_number : int
        1 to the number of fractions planned.
    start : datetime
        When the session is to begin.
    fraction_group : int or None
        The plan's fraction group; None for its first.
    machine : str or None
        The treatment machine; None for the plan's.
    priority : Priority
        Of the step.
    replaced_step : str or None
        SOP Instance UID of the step that this one replaces.
    """

    fraction_number: int
    start: datetime
    fraction_group: int | None = None
    machine: str | None = None
    priority: Priority = Priority.MEDIUM
    replaced_step: str | None = None


@dataclass(frozen=True, slots=True)
class ScheduledFraction:
    """The objects of a fraction.

    Parameters
    ----------
    sop_instance_uid : str
        Of the Unified Procedure Step.
    rtbdi, ups : Dataset
        The instruction, and the attributes with which the step is created.
    """

    sop_instance_uid: str
    rtbdi: Dataset
    ups: Dataset


class RtbdiCreator(Actor):
    """Builds the RTBDI and the UPS of a fraction, stores and schedules them.

    Attributes
    ----------
    tms_ae_title, ost_ae_title : str
        Where steps are scheduled and plans are stored; they may be changed at run time.
    plan_folder, export_folder : str
        Where plans are looked for first, and where exported objects go; empty for anywhere.
    instances : InstanceStore
        Where plans and records arrive that were fetched from an archive.
    retriever : InputRetriever
        Fetches them.
    course_settings : CreatorSettings
        Holidays, fractions a day and their interval, where nobody says others.
    """

    def __init__(self, settings: CreatorSettings, surroundings: Surroundings) -> None:
        super().__init__(settings, surroundings)
        self.tms_ae_title = settings.tms_ae_title
        self.ost_ae_title = settings.ost_ae_title
        self.plan_folder = settings.plan_path
        self.export_folder = settings.export_staging_directory
        self.course_settings = settings
        self.instances = InstanceStore(
            surroundings.data_folder / "creator", on_conflict=Conflict.REPLACE
        )
        self.retriever = InputRetriever(self.local, self.directory, self.instances, self.running)
        self._archives = ArchiveSearch(self.retriever)
        self.serve(StorageScp(self.instances))

    def build(self, plan: Plan, request: FractionRequest) -> ScheduledFraction:
        """Build the RTBDI and the UPS of a fraction, without sending them.

        Raises
        ------
        DatasetError
            If the plan cannot be treated so; nothing has been sent then.
        """
        return self._build(plan, plan.fraction_group(request.fraction_group), request)

    def build_continuation(
        self, plan: Plan, rest: ContinuationPlan, request: FractionRequest
    ) -> ScheduledFraction:
        """Build the RTBDI and the UPS of the session that continues a fraction.

        The request's fraction is not looked at; where it names no step that is replaced, it is the
        one that was interrupted.

        Raises
        ------
        DatasetError
            If the plan cannot be treated so.
        """
        request = replace(
            request,
            fraction_number=rest.fraction_number,
            replaced_step=request.replaced_step or rest.replaced_step or None,
        )
        return self._build(plan, rest.group, request, rest)

    def build_course(
        self,
        plan: Plan,
        sessions: Iterable[PlannedSession],
        like: FractionRequest,
        history: CourseHistory | None = None,
    ) -> list[ScheduledFraction]:
        """Build the RTBDIs and the UPSs of sessions of a course, without sending them.

        Parameters
        ----------
        like : FractionRequest
            Machine and priority of all of them.
        history : CourseHistory or None
            What was delivered before; sessions that continue a fraction need it.

        Raises
        ------
        DatasetError
            If the plan cannot be treated so.
        """
        made = []
        for session in sessions:
            number, group = session.fraction_number, session.group
            request = replace(
                like,
                fraction_number=number,
                start=session.start,
                fraction_group=group.number,
                replaced_step=session.replaced_step or None,
            )
            if history is None or session.delivery_type is TreatmentDeliveryType.TREATMENT:
                made.append(self.build(plan, request))
            else:
                records = records_of_fraction(plan, group, history.records, number)
                rest = continuation_of_course(plan, history.status, records, number, group.number)
                made.append(self.build_continuation(plan, rest, request))
        return made

    @task()
    def find_plans(
        self, query: ObjectQuery, on_found: Callable[[FoundObject], None] = no_notice
    ) -> list[FoundObject]:
        """Return the plans of the OST that match (C-FIND).

        `on_found` is called with each while they are found, on the worker's thread.
        """
        return self._archives.find(self.ost_ae_title, Kind.PLAN, query, on_found)

    @task()
    def fetch_plan(self, found: FoundObject) -> Path:
        """Fetch a plan that was found, unless it is here already; return its file."""
        return self._archives.fetch(found)

    @task()
    def store_static(self, objects: Sequence[Dataset]) -> None:
        """Store plans and other static objects to the OST (C-STORE)."""
        self._store(self.ost_ae_title, objects)

    @task()
    def store_rtbdi(self, rtbdi: Dataset) -> None:
        """Store an instruction to the TMS (C-STORE)."""
        self._store(self.tms_ae_title, [rtbdi])

    @task()
    def create_step(self, fraction: ScheduledFraction) -> str:
        """Create the step at the TMS (N-CREATE); return its SOP Instance UID."""
        with UpsScu(self.local, self.directory.lookup(self.tms_ae_title)) as scu:
            uid, _, _ = scu.n_create(fraction.sop_instance_uid, fraction.ups)
        return uid

    @task()
    def schedule(
        self, plan: Plan, fractions: Sequence[ScheduledFraction], records: Sequence[Dataset] = ()
    ) -> list[str]:
        """Store the plan, then store and schedule each fraction; return the steps' UIDs.

        Both peers are asked for an echo first, so that a dead TMS does not leave a stored plan
        without a step.

        Parameters
        ----------
        records : Sequence[Dataset]
            Treatment records that the OST does not have yet; they are stored with the plan.
        """
        peers = (self.ost_ae_title, self.tms_ae_title)
        for peer in [self.directory.lookup(ae_title) for ae_title in peers]:
            self.echo(peer.ae_title).result()
        self.store_static([plan.dataset, *records]).result()
        uids = []
        for fraction in fractions:
            self.store_rtbdi(fraction.rtbdi).result()
            uids.append(self.create_step(fraction).result())
        return uids

    @task()
    def fetch_records(self, plan: Plan) -> list[Dataset]:
        """Return the treatment records of a plan, fetched from the OST."""
        return self._history.records(plan)

    @task()
    def course_steps(self, plan: Plan) -> list[CourseStep]:
        """Return the steps of a plan, as the TMS has them."""
        return self._history.course_steps(plan, self._history.steps(plan))

    @task()
    def course_history(
        self, plan: Plan, records: Sequence[Dataset] | None = None, *, asks_tms: bool = True
    ) -> CourseHistory:
        """Return what was delivered and scheduled of a plan; see `PlanHistory.read`."""
        return self._history.read(plan, records, asks_tms=asks_tms)

    @task()
    def plan_continuation(
        self,
        plan: Plan,
        fraction_number: int | None = None,
        group: int | None = None,
        records: Sequence[Dataset] | None = None,
        *,
        asks_tms: bool = True,
    ) -> ContinuationPlan:
        """Return what completes an interrupted fraction.

        Parameters
        ----------
        fraction_number, group : int or None
            Which fraction; by default the only one that is interrupted.
        records : Sequence[Dataset] or None
            The fraction's treatment records; None for those of the OST.
        asks_tms : bool
            Whether the TMS is asked which step was interrupted, and whether the rest is scheduled.

        Raises
        ------
        DatasetError
            See `continuation_of_course`.
        """
        history = self._history.read(plan, records, asks_tms=asks_tms)
        if records is None:
            chosen = interrupted_fraction(plan, history.status, fraction_number, group)
            fraction_number, group = chosen.number, chosen.group_number
            records = records_of_fraction(
                plan, plan.fraction_group(group), history.records, fraction_number
            )
        return continuation_of_course(plan, history.status, records, fraction_number, group)

    @task()
    def schedule_continuation(
        self, plan: Plan, rest: ContinuationPlan, request: FractionRequest
    ) -> str:
        """Schedule the session that continues a fraction; return the step's UID.

        The fraction's records have to be in the OST.
        """
        return self.schedule(plan, [self.build_continuation(plan, rest, request)]).result()[0]

    @task()
    def move_steps(self, sessions: Sequence[PlannedSession]) -> list[str]:
        """Move steps that are scheduled to the starts of their sessions (N-SET); return their UIDs.

        Raises
        ------
        DimseStatusError
            If the TMS refuses one, for example because it was claimed meanwhile.
        """
        moved = []
        with UpsScu(self.local, self.directory.lookup(self.tms_ae_title)) as scu:
            for session in sessions:
                scu.n_set(session.step_uid, rescheduled(session.start))
                moved.append(session.step_uid)
        return moved

    def close(self) -> None:
        """Close the store of fetched plans."""
        self.instances.close()

    @property
    def _history(self) -> PlanHistory:
        return PlanHistory(self.retriever, self.ost_ae_title, self.tms_ae_title)

    def _build(
        self,
        plan: Plan,
        group: FractionGroup,
        request: FractionRequest,
        rest: ContinuationPlan | None = None,
    ) -> ScheduledFraction:
        session, identity = rest.session if rest else None, Identity(created=self.clock.now())
        rtbdi = build_rtbdi(plan, group, request.fraction_number, session, identity)
        kind = TreatmentDeliveryType.CONTINUATION if rest else TreatmentDeliveryType.TREATMENT
        step = StepRequest(
            fraction_number=request.fraction_number,
            group=group,
            start=request.start,
            static_ae=self.ost_ae_title,
            dynamic_ae=self.tms_ae_title,
            machine=request.machine,
            priority=request.priority,
            delivery_type=kind,
            records=rest.records if rest else (),
            replaced_step=request.replaced_step,
        )
        return ScheduledFraction(new_uid(), rtbdi, build_ups(plan, rtbdi, step))

    def _store(self, ae_title: str, objects: Sequence[Dataset]) -> None:
        with StorageScu(self.local, self.directory.lookup(ae_title), objects) as scu:
            for dataset in objects:
                scu.c_store(dataset)


def course(group: FractionGroup, first: FractionRequest) -> Iterator[FractionRequest]:
    """Yield a request for every fraction of a group, one a weekday from that of `first` on."""
    moments = treatment_moments(first.start, CourseRules())
    for number in range(1, group.fractions_planned + 1):
        yield replace(first, fraction_number=number, start=next(moments))


def export(plan: Plan, fraction: ScheduledFraction, folder: Path) -> list[Path]:
    """Write plan, RTBDI and UPS of a fraction as Part 10 files; return their paths.

    Raises
    ------
    DatasetError
        If the plan's SOP Instance UID is none, for it names the file.
    OSError
        If a file cannot be written.
    """
    if not is_valid_uid(plan.sop_instance_uid):
        raise DatasetError([Finding("SOPInstanceUID", "is no UID")], plan.source)
    objects = {
        folder / f"plan.{plan.sop_instance_uid}.dcm": plan.dataset,
        folder / f"rtbdi.{fraction.rtbdi.SOPInstanceUID}.dcm": fraction.rtbdi,
        folder / f"ups.{fraction.sop_instance_uid}.dcm": as_storable(
            fraction.ups, fraction.sop_instance_uid
        ),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for path, dataset in objects.items():
        write_part10(path, dataset)
    return list(objects)
