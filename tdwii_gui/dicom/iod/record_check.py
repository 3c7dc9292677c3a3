"""A treatment record against its plan, its instruction and the fraction's earlier records.

The record may be a foreign device's: what cannot be read is a finding, and the rest is compared.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tdwii_gui.dicom import uids
from tdwii_gui.dicom.errors import DatasetError
from tdwii_gui.dicom.iod.meterset import meterset_sum
from tdwii_gui.dicom.iod.plan_record import (
    is_record_of,
    legal_patient_id,
    read_plan_record,
    record_name,
)
from tdwii_gui.dicom.iod.record_check_beam import ExpectedBeam, beam_findings
from tdwii_gui.dicom.iod.record_finding import (
    RecordFinding,
    Verdict,
    guarded,
    judged,
    met,
    missing,
    not_met,
    not_told,
    require_met,
    same_private,
    same_value,
)
from tdwii_gui.dicom.iod.values import integer, items, text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pydicom.dataset import Dataset

    from tdwii_gui.dicom.iod.plan import FractionGroup, Plan
    from tdwii_gui.dicom.iod.plan_record import PlanRecord
    from tdwii_gui.dicom.iod.rtbdi import RtBeamsDeliveryInstruction

__all__ = ("RecordFinding", "Verdict", "check_record", "require_met")

DEFAULT_SHARE: Final = 0.001
"""By which share of a beam's meterset metersets may differ: what a machine may miss it by."""

_PATIENT: Final = ("PatientID", "PatientName", "PatientBirthDate", "PatientSex")


def check_record(
    record: Dataset,
    plan: Plan,
    rtbdi: RtBeamsDeliveryInstruction | None = None,
    prior: Sequence[Dataset] = (),
    *,
    share: float = DEFAULT_SHARE,
) -> list[RecordFinding]:
    """Compare a treatment record with what it is the record of.

    Parameters
    ----------
    record : Dataset
        An RT Beams or RT Ion Beams Treatment Record.
    plan : Plan
        The plan that it should be of.
    rtbdi : RtBeamsDeliveryInstruction or None
        The instruction of its session.
    prior : Sequence[Dataset]
        Earlier records of the same fraction.
    share : float
        By which share of a beam's meterset metersets may differ.

    Returns
    -------
    list[RecordFinding]
        A line per comparison, in the record's order.

    Raises
    ------
    DatasetError
        If the data set is no treatment record, or plan or instruction cannot be used.
    """
    sop_class = text(record, "SOPClassUID")
    if sop_class not in uids.TREATMENT_RECORD_CLASSES:
        found = uids.uid_name(sop_class) or "a data set without SOP Class UID"
        raise DatasetError(f"is no beams treatment record but {found}", record_name(record))
    # What is wrong with the plan is no finding of the record: its control points are read first.
    tuple(beam.control_points for group in plan.fraction_groups for beam in group.beams)
    return list(_Check(record, plan, rtbdi, tuple(prior), share).findings())


@dataclass(frozen=True)
class _Check:
    record: Dataset
    plan: Plan
    rtbdi: RtBeamsDeliveryInstruction | None
    prior: tuple[Dataset, ...]
    share: float

    def findings(self) -> Iterator[RecordFinding]:
        yield from guarded(self._references())
        if self.rtbdi is not None:
            yield from guarded(self._instruction(self.rtbdi))
        yield from guarded(self._session())

    def _references(self) -> Iterator[RecordFinding]:
        record, plan = self.record, self.plan
        wanted = (
            uids.RT_ION_BEAMS_TREATMENT_RECORD if plan.is_ion else uids.RT_BEAMS_TREATMENT_RECORD
        )
        found = uids.uid_name(text(record, "SOPClassUID"))
        yield same_value("SOPClassUID", found, uids.uid_name(wanted), required=True)
        for keyword in _PATIENT:
            yield same_private(record, plan.dataset, keyword)
        study = text(record, "StudyInstanceUID")
        yield same_value("StudyInstanceUID", study, plan.study_instance_uid, required=True)
        yield self._plan_reference()

    def _plan_reference(self) -> RecordFinding:
        subject = "ReferencedRTPlanSequence"
        named = items(self.record, subject)
        if not named:
            return missing(subject, required=True)
        if is_record_of(self.plan, self.record):
            return met(subject, "names the plan")
        uid = text(named[0], "ReferencedSOPInstanceUID")
        return not_met(subject, f"names {uid}, not the plan {self.plan.sop_instance_uid}")

    def _instruction(self, rtbdi: RtBeamsDeliveryInstruction) -> Iterator[RecordFinding]:
        subject = "Instruction's ReferencedRTPlanSequence"
        planned = self.plan.sop_instance_uid
        yield same_value(subject, rtbdi.plan_sop_instance_uid, planned, required=True)
        subject = "Instruction's PatientID"
        is_met = rtbdi.patient_id == legal_patient_id(self.record)
        words = "is that of the record" if is_met else "is not that of the record"
        yield judged(subject, words, is_met=is_met)

    def _session(self) -> Iterator[RecordFinding]:
        record = self.record
        keyword = "TreatmentSessionIonBeamSequence"
        beams = items(record, keyword)
        if not beams:
            keyword = "TreatmentSessionBeamSequence"
            beams = items(record, keyword)
        if not beams:
            yield missing(keyword, required=True)
            return
        group, finding = self._fraction_group(beams)
        yield finding
        if group is None:
            return
        planned = integer(record, "NumberOfFractionsPlanned")
        yield same_value("NumberOfFractionsPlanned", planned, group.fractions_planned or None)
        before, found = self._before(group, beams)
        yield from found
        yield from self._beams(group, beams, before)

    def _fraction_group(
        self, beams: Sequence[Dataset]
    ) -> tuple[FractionGroup | None, RecordFinding]:
        """Return the fraction group: as told, as instructed, or that which has the first beam."""
        subject = "ReferencedFractionGroupNumber"
        number = integer(self.record, subject)
        wanted = self.rtbdi.fraction_group_number if self.rtbdi else None
        groups = {group.number: group for group in self.plan.fraction_groups if group.beams}
        if number is not None:
            if number not in groups:
                return None, not_met(subject, f"is {number}, which the plan does not have")
            return groups[number], same_value(subject, number, wanted or number)
        beam_number = integer(beams[0], "ReferencedBeamNumber")
        for group in groups.values():
            if wanted == group.number or beam_number in [beam.number for beam in group.beams]:
                return group, not_told(subject, f"is not told: taken to be {group.number}")
        return next(iter(groups.values())), missing(subject, required=False)

    def _before(
        self, group: FractionGroup, beams: Sequence[Dataset]
    ) -> tuple[list[PlanRecord], list[RecordFinding]]:
        """Return the earlier records that can be counted, and what is found of all of them."""
        fraction = self._fraction(beams)
        counted: list[PlanRecord] = []
        findings: list[RecordFinding] = []
        named = {
            text(item, "ReferencedSOPInstanceUID")
            for item in items(self.record, "ReferencedTreatmentRecordSequence")
        }
        for record in self.prior:
            uid = text(record, "SOPInstanceUID")
            subject = f"Prior record {record_name(record)}"
            try:
                read = read_plan_record(self.plan, record)
            except DatasetError as error:
                words = "; ".join(map(str, error.findings))
                findings.append(not_met(subject, f"cannot be counted: {words}"))
                continue
            numbers = {beam.fraction_number for beam in read.beams}
            is_same = read.group.number == group.number and numbers <= {fraction}
            if uid == text(self.record, "SOPInstanceUID"):
                findings.append(not_met(subject, "is the record itself"))
            elif not is_same:
                findings.append(not_met(subject, f"is not of fraction {fraction}"))
            else:
                counted.append(read)
                is_named = uid in named
                words = "is" if is_named else "is not"
                words += " named in ReferencedTreatmentRecordSequence"
                finding = met if is_named else not_told
                findings.append(finding(subject, words))
        return counted, findings

    def _fraction(self, beams: Sequence[Dataset]) -> int | None:
        if self.rtbdi is not None:
            return self.rtbdi.fraction_number
        return integer(beams[0], "CurrentFractionNumber")

    def _beams(
        self, group: FractionGroup, beams: Sequence[Dataset], prior: Sequence[PlanRecord]
    ) -> Iterator[RecordFinding]:
        planned = {beam.number: beam for beam in group.beams}
        tasks = {task.beam_number: task for task in self.rtbdi.tasks} if self.rtbdi else {}
        numbers = [integer(item, "ReferencedBeamNumber") for item in beams]
        yield from self._machine([n for n in numbers if n in planned], group)
        told = Counter(numbers)
        for place, (number, item) in enumerate(zip(numbers, beams, strict=True), start=1):
            if number is None:
                yield not_met(f"Beam item {place} ReferencedBeamNumber", "is missing")
                continue
            subject = f"Beam {number} ReferencedBeamNumber"
            yield self._beam_number(subject, number, group, told[number])
            if number in planned:
                expected = ExpectedBeam(
                    planned[number],
                    tasks.get(number),
                    _delivered_before(number, prior),
                    self._fraction(beams),
                    group.fractions_planned,
                    self.share,
                )
                yield from beam_findings(item, expected)
        for number in tasks:
            if number not in numbers:
                yield not_told(f"Beam {number}", "is in the instruction, but not in the record")

    def _beam_number(
        self, subject: str, number: int, group: FractionGroup, count: int
    ) -> RecordFinding:
        if count > 1:
            return not_met(subject, f"is in the record {count} times")
        left_out = {beam.number: beam.reason for beam in group.left_out}
        if number in left_out:
            return not_told(subject, f"is no beam to treat: {left_out[number]}")
        if number not in [beam.number for beam in group.beams]:
            words = f"is not in fraction group {group.number} of the plan"
            return not_met(subject, words)
        if self.rtbdi is not None:
            if number in [omitted.number for omitted in self.rtbdi.omitted]:
                return not_met(subject, "is omitted by the instruction")
            if number not in [task.beam_number for task in self.rtbdi.tasks]:
                return not_met(subject, "is not in the instruction")
        return met(subject, f"is {number}")

    def _machine(
        self, numbers: Sequence[int | None], group: FractionGroup
    ) -> Iterator[RecordFinding]:
        machines = items(self.record, "TreatmentMachineSequence")
        beams = [beam for beam in group.beams if beam.number in numbers]
        unit = text(self.record, "PrimaryDosimeterUnit")
        for beam in beams[:1]:
            found = text(machines[0], "TreatmentMachineName") if machines else ""
            yield same_value("TreatmentMachineName", found, beam.machine)
            yield same_value("PrimaryDosimeterUnit", unit, beam.dosimeter_unit, required=True)
        for beam in beams[1:]:
            if (beam.machine, beam.dosimeter_unit) != (beams[0].machine, beams[0].dosimeter_unit):
                words = "needs a record of its own: its machine or dosimeter unit is another"
                yield not_met(f"Beam {beam.number}", words)


def _delivered_before(number: int, prior: Sequence[PlanRecord]) -> float | None:
    """Return the sum of what earlier records tell of a beam; None where there are none."""
    if not prior:
        return None
    return meterset_sum(
        beam.delivered for record in prior for beam in record.beams if beam.beam_number == number
    )
