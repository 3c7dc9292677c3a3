"""Treatment records of a plan: whether they are its own, and what they say of its beams."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from pydicom.dataset import Dataset

from tdwii_gui.dicom import uids
from tdwii_gui.dicom.errors import DatasetError, Finding
from tdwii_gui.dicom.iod import tolerant
from tdwii_gui.dicom.iod.delivered import delivered_metersets
from tdwii_gui.dicom.iod.meterset import meterset_between, meterset_sum
from tdwii_gui.dicom.iod.rtbdi import METERSET_TOLERANCE
from tdwii_gui.dicom.iod.values import copy_legal, integer, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tdwii_gui.dicom.iod.beam import Beam
    from tdwii_gui.dicom.iod.delivered import DeliveredMeterset
    from tdwii_gui.dicom.iod.plan import FractionGroup, Plan

# Of what else a record tells, nothing belongs to the Beam Meterset: setup, port films.
_TREATING: Final = ("", "TREATMENT", "CONTINUATION")
_ENDING_SHARE: Final = 0.0005
"""A machine that ends a beam as planned may miss its meterset by this share of it."""
_SAME: Final = 1e-9
"""What metersets differ by at most that have been the same text."""


@dataclass(frozen=True, slots=True)
class PlanRecord:
    """A treatment record that belongs to a plan.

    Parameters
    ----------
    dataset : Dataset
        The record itself.
    source : str
        Its file or name, for messages.
    group : FractionGroup
        The plan's fraction group of which it tells.
    beams : tuple[DeliveredMeterset, ...]
        What was delivered of the group's treatable beams, each with its fraction number.
    started : datetime or None
        Treatment Date and Time, in local time.
    """

    dataset: Dataset = field(repr=False)
    source: str
    group: FractionGroup
    beams: tuple[DeliveredMeterset, ...]
    started: datetime | None


def is_record_of(plan: Plan, dataset: Dataset) -> bool:
    """Whether a data set is a treatment record that names a plan."""
    if tolerant.text(dataset, "SOPClassUID") not in uids.TREATMENT_RECORD_CLASSES:
        return False
    named = tolerant.items(dataset, "ReferencedRTPlanSequence")
    return plan.sop_instance_uid in [tolerant.text(n, "ReferencedSOPInstanceUID") for n in named]


def read_plan_records(plan: Plan, records: Iterable[Dataset]) -> tuple[PlanRecord, ...]:
    """Return the view of records of a plan; one that is given twice counts once.

    Raises
    ------
    DatasetError
        See `read_plan_record`.
    """
    return tuple(
        read_plan_record(plan, record)
        for record in {text(record, "SOPInstanceUID"): record for record in records}.values()
    )


def read_plan_record(plan: Plan, dataset: Dataset) -> PlanRecord:
    """Return the view of a treatment record, checked against the plan.

    Raises
    ------
    DatasetError
        If it is none, or of another plan or patient, or does not tell clearly what was delivered
        of which beam in which fraction and dosimeter unit; the error names the record, the beam
        and the attribute.
    """
    source = record_name(dataset)
    try:
        delivered = delivered_metersets(dataset)
    except DatasetError as error:
        raise DatasetError(error.findings, source) from error
    findings = _plan_findings(plan, dataset)
    if findings:
        raise DatasetError(findings, source)
    treating = [beam for beam in delivered if beam.delivery_type in _TREATING]
    group = _group(plan, dataset, treating, source)
    left_out = {beam.number for beam in group.left_out}
    treating = [beam for beam in treating if beam.beam_number not in left_out]
    unit = text(dataset, "PrimaryDosimeterUnit", source)
    findings = [found for beam in treating for found in _beam_findings(beam, group, unit)]
    if findings:
        raise DatasetError(findings, source)
    return PlanRecord(dataset, source, group, tuple(treating), _started(dataset))


def legal_patient_id(dataset: Dataset) -> str:
    """Return the Patient ID as objects that are made of this one have it."""
    legal_form = Dataset()
    copy_legal(dataset, legal_form, ["PatientID"])
    return tolerant.text(legal_form, "PatientID")


def record_name(dataset: Dataset) -> str:
    """Return by what messages name a record: its file, else its SOP Instance UID."""
    file = getattr(dataset, "filename", None)
    return str(file or f"treatment record {tolerant.text(dataset, 'SOPInstanceUID')}")


class BeamStanding(StrEnum):
    """What the next session of a fraction does with a beam (PS3.3 C.8.8.29)."""

    ALREADY_TREATED = "ALREADY_TREATED"
    CONTINUATION = "CONTINUATION"
    TREATMENT = "TREATMENT"


@dataclass(frozen=True, slots=True)
class RemainingBeam:
    """A beam of a fraction, with what was delivered of it and what remains.

    Parameters
    ----------
    number : int
        Beam Number.
    name, unit : str
        Beam Name and Primary Dosimeter Unit.
    specified, delivered : float
        Metersets of the fraction: as planned, and the sum over its records.
    standing : BeamStanding
        Finished, interrupted or untouched.
    """

    number: int
    name: str
    unit: str
    specified: float
    delivered: float
    standing: BeamStanding

    @property
    def is_finished(self) -> bool:
        """Whether nothing of it remains."""
        return self.standing is BeamStanding.ALREADY_TREATED

    @property
    def remaining(self) -> float:
        """The meterset that is still to be delivered."""
        return 0.0 if self.is_finished else meterset_between(self.delivered, self.specified)


def remaining_beams(
    group: FractionGroup, fraction_number: int, records: Sequence[PlanRecord]
) -> tuple[RemainingBeam, ...]:
    """Return how far each beam of a fraction was delivered, in the group's order."""
    return tuple(_remaining(beam, group, fraction_number, records) for beam in group.beams)


def deliveries(
    beam: Beam, group: FractionGroup, fraction_number: int, records: Sequence[PlanRecord]
) -> list[tuple[PlanRecord, DeliveredMeterset]]:
    """Return what records tell of a beam of a fraction, in the order of their metersets."""
    found = [
        (record, delivered)
        for record in records
        if record.group.number == group.number
        for delivered in record.beams
        if (delivered.beam_number, delivered.fraction_number) == (beam.number, fraction_number)
    ]
    return sorted(found, key=lambda pair: (pair[1].start or 0.0, pair[1].delivered))


def exceeds(delivered: float, beam: Beam) -> bool:
    """Whether more was delivered than a beam has, beyond what a machine may miss it by."""
    return delivered > beam.meterset + _tolerance(beam)


def _tolerance(beam: Beam) -> float:
    return max(beam.meterset * _ENDING_SHARE, METERSET_TOLERANCE)


def _remaining(
    beam: Beam, group: FractionGroup, fraction_number: int, records: Sequence[PlanRecord]
) -> RemainingBeam:
    found = [delivered for _, delivered in deliveries(beam, group, fraction_number, records)]
    total = meterset_sum(delivered.delivered for delivered in found)
    missing = beam.meterset - total
    ended_as_planned = bool(found) and found[-1].termination == "NORMAL"
    if missing <= (_tolerance(beam) if ended_as_planned else _SAME):
        standing = BeamStanding.ALREADY_TREATED
    elif total > 0:
        standing = BeamStanding.CONTINUATION
    else:
        standing = BeamStanding.TREATMENT
    return RemainingBeam(
        beam.number, beam.name, beam.dosimeter_unit, beam.meterset, total, standing
    )


def _plan_findings(plan: Plan, dataset: Dataset) -> list[Finding]:
    findings = []
    if not is_record_of(plan, dataset):
        findings.append(Finding("ReferencedRTPlanSequence", "does not name the plan"))
    if legal_patient_id(dataset) != legal_patient_id(plan.dataset):
        findings.append(Finding("PatientID", "is not that of the plan"))
    return findings


def _group(
    plan: Plan, dataset: Dataset, beams: Sequence[DeliveredMeterset], source: str
) -> FractionGroup:
    number = integer(dataset, "ReferencedFractionGroupNumber", source)
    groups = plan.fraction_groups
    if number is not None:
        groups = tuple(group for group in groups if group.number == number)
        if not groups:
            text_ = f"is {number}, which the plan does not have"
            raise DatasetError([Finding("ReferencedFractionGroupNumber", text_)], source)
    elif len(groups) > 1:
        numbers = {beam.beam_number for beam in beams}
        groups = tuple(
            group
            for group in groups
            if numbers <= {b.number for b in group.beams} | {b.number for b in group.left_out}
        )
    if len(groups) != 1:
        text_ = "is missing, and the beams do not tell which group of the plan is meant"
        raise DatasetError([Finding("ReferencedFractionGroupNumber", text_)], source)
    return groups[0]


def _beam_findings(delivered: DeliveredMeterset, group: FractionGroup, unit: str) -> list[Finding]:
    path = f"Beam {delivered.beam_number}"
    beam = next((beam for beam in group.beams if beam.number == delivered.beam_number), None)
    if beam is None:
        text_ = f"is not in fraction group {group.number} of the plan"
        return [Finding(f"{path} ReferencedBeamNumber", text_)]
    findings = []
    if unit != beam.dosimeter_unit:
        text_ = f"is {unit}" if unit else "is missing"
        text_ += f", in the plan {beam.dosimeter_unit}"
        findings.append(Finding(f"{path} PrimaryDosimeterUnit", text_))
    if delivered.fraction_number is None:
        findings.append(Finding(f"{path} CurrentFractionNumber", "has no value"))
    if delivered.delivered < 0:
        text_ = f"is {delivered.delivered:g}"
        findings.append(Finding(f"{path} DeliveredPrimaryMeterset", text_))
    specified = delivered.specified
    if specified is not None and abs(specified - beam.meterset) > _tolerance(beam):
        text_ = f"is {specified:g}, in the plan {beam.meterset:g}"
        findings.append(Finding(f"{path} SpecifiedPrimaryMeterset", text_))
    return findings


def _started(dataset: Dataset) -> datetime | None:
    """Return Treatment Date and Time; a time that nobody can read is midnight."""
    day = tolerant.text(dataset, "TreatmentDate")
    time = tolerant.text(dataset, "TreatmentTime").partition(".")[0].ljust(6, "0")[:6]
    for digits, form in ((day + time, "%Y%m%d%H%M%S"), (day, "%Y%m%d")):
        try:
            return datetime.strptime(digits, form).astimezone()
        except (ValueError, OverflowError):
            continue
    return None
