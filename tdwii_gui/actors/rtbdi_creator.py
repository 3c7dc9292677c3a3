"""The RTBDI/UPS creator: from a plan to a scheduled fraction."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from tdwii_gui.actors.actor import Actor, Surroundings
from tdwii_gui.actors.worker import task
from tdwii_gui.dicom.errors import DatasetError, Finding
from tdwii_gui.dicom.iod.part10 import write_part10
from tdwii_gui.dicom.iod.rtbdi import build_rtbdi
from tdwii_gui.dicom.iod.ups import Priority
from tdwii_gui.dicom.iod.ups_create import StepRequest, as_storable, build_ups
from tdwii_gui.dicom.net.storage_scu import StorageScu
from tdwii_gui.dicom.net.ups_scu import UpsScu
from tdwii_gui.dicom.uids import is_valid_uid, new_uid

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from pydicom.dataset import Dataset

    from tdwii_gui.config.settings import CreatorSettings
    from tdwii_gui.dicom.iod.plan import FractionGroup, Plan

_SATURDAY = 5


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
    """

    fraction_number: int
    start: datetime
    fraction_group: int | None = None
    machine: str | None = None
    priority: Priority = Priority.MEDIUM


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
    """

    def __init__(self, settings: CreatorSettings, surroundings: Surroundings) -> None:
        super().__init__(settings, surroundings)
        self.tms_ae_title = settings.tms_ae_title
        self.ost_ae_title = settings.ost_ae_title
        self.plan_folder = settings.plan_path
        self.export_folder = settings.export_staging_directory

    def build(self, plan: Plan, request: FractionRequest) -> ScheduledFraction:
        """Build the RTBDI and the UPS of a fraction, without sending them.

        Raises
        ------
        DatasetError
            If the plan cannot be treated so; nothing has been sent then.
        """
        group = plan.fraction_group(request.fraction_group)
        rtbdi = build_rtbdi(plan, group, request.fraction_number)
        ups = build_ups(
            plan,
            rtbdi,
            StepRequest(
                fraction_number=request.fraction_number,
                group=group,
                start=request.start,
                static_ae=self.ost_ae_title,
                dynamic_ae=self.tms_ae_title,
                machine=request.machine,
                priority=request.priority,
            ),
        )
        return ScheduledFraction(new_uid(), rtbdi, ups)

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
    def schedule(self, plan: Plan, fractions: Sequence[ScheduledFraction]) -> list[str]:
        """Store the plan, then store and schedule each fraction; return the steps' UIDs.

        Both peers are asked for an echo first, so that a dead TMS does not leave a stored plan
        without a step.
        """
        peers = (self.ost_ae_title, self.tms_ae_title)
        for peer in [self.directory.lookup(ae_title) for ae_title in peers]:
            self.echo(peer.ae_title).result()
        self.store_static([plan.dataset]).result()
        uids = []
        for fraction in fractions:
            self.store_rtbdi(fraction.rtbdi).result()
            uids.append(self.create_step(fraction).result())
        return uids

    def _store(self, ae_title: str, objects: Sequence[Dataset]) -> None:
        with StorageScu(self.local, self.directory.lookup(ae_title), objects) as scu:
            for dataset in objects:
                scu.c_store(dataset)


def course(group: FractionGroup, first: FractionRequest) -> Iterator[FractionRequest]:
    """Yield a request for every fraction of a group, one a weekday from that of `first` on."""
    moment = first.start
    for number in range(1, group.fractions_planned + 1):
        while moment.weekday() >= _SATURDAY:
            moment += timedelta(days=1)
        yield replace(first, fraction_number=number, start=moment)
        moment += timedelta(days=1)


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
