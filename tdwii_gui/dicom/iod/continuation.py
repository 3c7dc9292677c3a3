"""What remains of an interrupted fraction, from its treatment records (IHE-RO TDW-II)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tdwii_gui.dicom.errors import DatasetError, Finding
from tdwii_gui.dicom.iod.course_status import FractionState
from tdwii_gui.dicom.iod.meterset import meterset_sum
from tdwii_gui.dicom.iod.plan_record import (
    BeamStanding,
    RemainingBeam,
    deliveries,
    exceeds,
    is_record_of,
    read_plan_record,
    read_plan_records,
    remaining_beams,
)
from tdwii_gui.dicom.iod.rtbdi import (
    ALREADY_TREATED,
    METERSET_TOLERANCE,
    BeamTask,
    OmittedBeam,
    SessionTasks,
    TreatmentDeliveryType,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pydicom.dataset import Dataset

    from tdwii_gui.dicom.iod.beam import Beam
    from tdwii_gui.dicom.iod.course_status import CourseStatus, FractionStatus
    from tdwii_gui.dicom.iod.plan import FractionGroup, Plan
    from tdwii_gui.dicom.iod.plan_record import PlanRecord


__all__ = [
    "BeamStanding",
    "ContinuationPlan",
    "RemainingBeam",
    "continuation",
    "continuation_of_course",
    "interrupted_fraction",
    "records_of_fraction",
]


@dataclass(frozen=True, slots=True)
class ContinuationPlan:
    """What the next session of an interrupted fraction delivers.

    Parameters
    ----------
    fraction_number : int
        The fraction that it completes.
    group : FractionGroup
        The fraction group of the plan.
    beams : tuple[RemainingBeam, ...]
        In the group's order; at least one of them is not finished.
    records : tuple[Dataset, ...]
        The fraction's records so far: inputs of the next session.
    replaced_step : str
        SOP Instance UID of the step that was interrupted; empty where it is not known.
    """

    fraction_number: int
    group: FractionGroup = field(repr=False)
    beams: tuple[RemainingBeam, ...]
    records: tuple[Dataset, ...] = field(repr=False)
    replaced_step: str = ""

    @property
    def session(self) -> SessionTasks:
        """The tasks of the session, and the beams omitted from it."""
        return SessionTasks(
            tuple(_task(beam) for beam in self.beams if not beam.is_finished),
            tuple(OmittedBeam(b.number, ALREADY_TREATED) for b in self.beams if b.is_finished),
        )


def continuation(
    plan: Plan, group: FractionGroup, records: Sequence[Dataset], fraction_number: int
) -> ContinuationPlan:
    """Return what completes a fraction: finished beams omitted, the rest to be delivered.

    A record given twice counts once.

    Raises
    ------
    DatasetError
        If nothing remains, a record is of another plan, patient or fraction or is not clear, or
        the records contradict the plan or each other: more delivered than specified, a part
        delivered twice, or a part of which no record tells.
    """
    group.check_fraction_number(fraction_number)
    read = read_plan_records(plan, records)
    for record in read:
        _check_fraction(record, group, fraction_number)
    if not read:
        raise DatasetError(f"has no treatment record of fraction {fraction_number}", plan.source)
    for beam in group.beams:
        _check_deliveries(beam, group, fraction_number, read)
    beams = remaining_beams(group, fraction_number, read)
    if all(beam.is_finished for beam in beams):
        # PS3.3 C.8.8.29: an instruction has at least one beam task.
        raise DatasetError(
            f"nothing remains of fraction {fraction_number}: all beams are delivered", plan.source
        )
    return ContinuationPlan(fraction_number, group, beams, tuple(one.dataset for one in read))


def continuation_of_course(
    plan: Plan,
    status: CourseStatus,
    records: Sequence[Dataset],
    fraction_number: int | None = None,
    group: int | None = None,
) -> ContinuationPlan:
    """Return what completes the interrupted fraction of a course, and the step that is replaced.

    Parameters
    ----------
    status : CourseStatus
        Where the course stands; its steps tell which one is replaced.
    records : Sequence[Dataset]
        The fraction's treatment records.
    fraction_number, group : int or None
        Which fraction; by default the only one that is interrupted.

    Raises
    ------
    DatasetError
        If it is not clear which fraction is meant, its rest is scheduled already or is being
        delivered, a record is missing; else see `continuation`.
    """
    found = interrupted_fraction(plan, status, fraction_number, group)
    fraction_group = plan.fraction_group(found.group_number)
    _check_steps(found, plan.source)
    rest = continuation(plan, fraction_group, records, found.number)
    return replace(rest, replaced_step=found.step_uid)


def interrupted_fraction(
    plan: Plan,
    status: CourseStatus,
    fraction_number: int | None = None,
    group: int | None = None,
) -> FractionStatus:
    """Return the fraction of a course that is to be continued.

    Without a number it is the only one that is interrupted; with one, also one that is not.

    Raises
    ------
    DatasetError
        If there is none such, or it is not clear which one is meant.
    """
    interrupted = [
        one
        for one in status.of(FractionState.INTERRUPTED)
        if fraction_number in (None, one.number) and group in (None, one.group_number)
    ]
    if len(interrupted) == 1:
        return interrupted[0]
    if interrupted:
        names = ", ".join(f"{one.number} (group {one.group_number})" for one in interrupted)
        raise DatasetError(f"fractions {names} are interrupted: name one", plan.source)
    if fraction_number is None:
        raise DatasetError("has no interrupted fraction", plan.source)
    fraction_group = plan.fraction_group(group)
    fraction_group.check_fraction_number(fraction_number)
    found = status.fraction(fraction_group.number, fraction_number)
    if found is None:
        raise DatasetError([Finding("NumberOfFractionsPlanned", "has no value")], plan.source)
    return found


def records_of_fraction(
    plan: Plan, group: FractionGroup, records: Iterable[Dataset], fraction_number: int
) -> list[Dataset]:
    """Return those of many records, of an archive or a step, that are of a fraction of a plan.

    Raises
    ------
    DatasetError
        If a record of the plan does not say clearly of which fraction it is.
    """
    return [
        record
        for record in records
        if is_record_of(plan, record)
        and _is_of_fraction(read_plan_record(plan, record), group, fraction_number)
    ]


def _check_steps(fraction: FractionStatus, source: str) -> None:
    number, step = fraction.number, fraction.open_step
    if fraction.state is FractionState.UNRECORDED:
        raise DatasetError(
            f"fraction {number}: a treatment record of step {fraction.step_uid} is missing", source
        )
    if step is not None:
        words = f"fraction {number} has step {step.sop_instance_uid} already, which is {step.state}"
        raise DatasetError(words, source)


def _is_of_fraction(record: PlanRecord, group: FractionGroup, fraction_number: int) -> bool:
    numbers = [beam.fraction_number for beam in record.beams]
    return record.group.number == group.number and fraction_number in numbers


def _check_fraction(record: PlanRecord, group: FractionGroup, fraction_number: int) -> None:
    if record.group.number != group.number:
        text = f"is {record.group.number}, not {group.number}"
        raise DatasetError([Finding("ReferencedFractionGroupNumber", text)], record.source)
    if not record.beams:
        raise DatasetError(f"tells of no beam of fraction {fraction_number}", record.source)
    findings = [
        Finding(
            f"Beam {beam.beam_number} CurrentFractionNumber",
            f"is {beam.fraction_number}, not {fraction_number}",
        )
        for beam in record.beams
        if beam.fraction_number != fraction_number
    ]
    if findings:
        raise DatasetError(findings, record.source)


def _check_deliveries(
    beam: Beam, group: FractionGroup, fraction_number: int, records: Sequence[PlanRecord]
) -> None:
    """Check that each delivery begins where the ones before it ended, and the last within."""
    found = deliveries(beam, group, fraction_number, records)
    done = 0.0
    for record, delivered in found:
        start = delivered.start
        if start is not None and abs(start - done) > METERSET_TOLERANCE:
            text = f"begins at {start:g}, but the records before tell of {done:g}"
            path = f"Beam {beam.number} DeliveredMeterset"
            raise DatasetError([Finding(path, text)], record.source)
        done = meterset_sum((done, delivered.delivered))
        if exceeds(done, beam):
            text = f"makes {done:g} of this fraction, but {beam.meterset:g} are specified"
            path = f"Beam {beam.number} DeliveredPrimaryMeterset"
            raise DatasetError([Finding(path, text)], record.source)


def _task(beam: RemainingBeam) -> BeamTask:
    if beam.standing is BeamStanding.TREATMENT:
        return BeamTask(beam.number)
    kind = TreatmentDeliveryType.CONTINUATION
    return BeamTask(beam.number, kind, beam.delivered, beam.specified)
