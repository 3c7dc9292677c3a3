"""What a session has brought: the delivered beams, their records, and where these are."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tdwii_gui.dicom.iod.modules import Identity
from tdwii_gui.dicom.iod.rtbdi import METERSET_TOLERANCE, BeamTask, TreatmentDeliveryType
from tdwii_gui.dicom.iod.treatment_record import (
    DeliveredBeam,
    SessionInfo,
    TerminationStatus,
    build_treatment_records,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pydicom.dataset import Dataset

    from tdwii_gui.dicom.iod.plan import FractionGroup, Plan


@dataclass(slots=True)
class SessionResults:
    """What was delivered and recorded so far.

    Attributes
    ----------
    runs : list[tuple[DeliveredBeam, ...]]
        What earlier deliveries of the session have brought, each with records of its own: a beam
        that was interrupted is in two of them.
    records : tuple[Dataset, ...]
        The records that are or were to be stored.
    stored : dict[str, Dataset]
        Those that the archive has, by their UIDs.
    waived : bool
        Whether it is done without those that the archive does not have.
    store_failure : str
        Why they could not be stored at the last attempt; empty if they could.
    """

    runs: list[tuple[DeliveredBeam, ...]] = field(default_factory=list)
    records: tuple[Dataset, ...] = ()
    stored: dict[str, Dataset] = field(default_factory=dict)
    waived: bool = False
    store_failure: str = ""

    @property
    def beams(self) -> tuple[DeliveredBeam, ...]:
        """All that was delivered, in its order."""
        return tuple(beam for run in self.runs for beam in run)

    @property
    def unsent(self) -> list[Dataset]:
        """The records that the archive does not have."""
        return [one for one in self.records if str(one.SOPInstanceUID) not in self.stored]

    @property
    def owes_records(self) -> bool:
        """Whether there is something of which the archive lacks a record."""
        return not self.waived and bool(self.unsent if self.records else self.beams)

    def build_records(self, plan: Plan, group: FractionGroup, session: SessionInfo) -> None:
        """Make the records of all that was delivered.

        Raises
        ------
        DatasetError
            If nothing was delivered, or it contradicts the plan.
        """
        built: list[Dataset] = []
        series_uid, created = session.identity.series_instance_uid, session.identity.created
        for run in filter(None, self.runs):
            number = len(built) + 1
            identity = Identity(
                series_instance_uid=series_uid, instance_number=number, created=created
            )
            prior = (*session.prior_records, *built)
            info = replace(session, prior_records=prior, identity=identity)
            built += build_treatment_records(plan, group, run, info)
        self.records = tuple(built)


def remaining_tasks(
    tasks: Iterable[BeamTask], group: FractionGroup, delivered: Sequence[DeliveredBeam]
) -> tuple[BeamTask, ...]:
    """Return what remains of tasks after beams were delivered, perhaps in part."""
    remaining: list[BeamTask] = []
    for task in tasks:
        of_task = [beam for beam in delivered if beam.beam_number == task.beam_number]
        if any(beam.termination is TerminationStatus.NORMAL for beam in of_task):
            continue
        end = task.end_meterset
        if end is None:
            end = group.beam(task.beam_number).meterset
        reached = max((beam.end_meterset for beam in of_task), default=task.start_meterset or 0.0)
        if reached >= end - METERSET_TOLERANCE and of_task:
            continue
        if of_task:
            task = replace(
                task,
                delivery_type=TreatmentDeliveryType.CONTINUATION,
                start_meterset=reached,
                end_meterset=end,
            )
        remaining.append(task)
    return tuple(remaining)
