"""A beam of a treatment record against its plan, task and earlier records (PS3.3 C.8.8.21)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tdwii_gui.dicom.iod.record_check_devices import device_findings
from tdwii_gui.dicom.iod.record_check_points import RecordedPoints, point_findings
from tdwii_gui.dicom.iod.record_finding import (
    guarded,
    judged,
    met,
    missing,
    not_met,
    same_number,
    same_value,
)
from tdwii_gui.dicom.iod.rtbdi import METERSET_TOLERANCE, TreatmentDeliveryType
from tdwii_gui.dicom.iod.treatment_record_beam import TerminationStatus, VerificationStatus
from tdwii_gui.dicom.iod.values import integer, number, text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from enum import StrEnum

    from pydicom.dataset import Dataset

    from tdwii_gui.dicom.iod.beam import Beam
    from tdwii_gui.dicom.iod.record_finding import RecordFinding
    from tdwii_gui.dicom.iod.rtbdi import BeamTask


@dataclass(frozen=True, slots=True)
class ExpectedBeam:
    """What a session should have delivered of a beam.

    Parameters
    ----------
    beam : Beam
        The planned beam.
    task : BeamTask or None
        Its task; None where there is no instruction, or it asks for no such beam.
    before : float or None
        What earlier records of the fraction tell of it; None where none are known.
    fraction_number : int or None
        The fraction of the session; None where it is not known.
    fractions_planned : int
        Number of Fractions Planned; 0 where the plan does not say.
    share : float
        By which share of the beam's meterset metersets may differ.
    """

    beam: Beam
    task: BeamTask | None
    before: float | None
    fraction_number: int | None
    fractions_planned: int
    share: float

    @property
    def tolerance(self) -> float:
        """By how much metersets may differ."""
        return max(METERSET_TOLERANCE, self.beam.meterset * self.share)

    @property
    def start(self) -> float | None:
        """The meterset at which the delivery should have started; None where it is not known."""
        if self.task is not None:
            return self.task.start_meterset or 0.0
        return self.before

    @property
    def end(self) -> float:
        """The meterset at which the delivery should have ended."""
        end = self.task.end_meterset if self.task is not None else None
        return self.beam.meterset if end is None else end


def beam_findings(item: Dataset, expected: ExpectedBeam) -> Iterator[RecordFinding]:
    """Yield what is found of a beam's item of the session beam sequence."""
    beam = expected.beam
    path = f"Beam {beam.number}"
    yield from guarded(_planned_findings(path, item, beam), path)
    yield from guarded(_session_findings(path, item, expected), path)
    yield from guarded(_delivery_findings(path, item, expected), path)
    yield from guarded(device_findings(path, item, beam), path)


def _planned_findings(path: str, item: Dataset, beam: Beam) -> Iterator[RecordFinding]:
    yield same_value(f"{path} BeamName", text(item, "BeamName"), beam.name)
    for keyword, planned in (("BeamType", beam.beam_type), ("RadiationType", beam.radiation_type)):
        yield same_value(f"{path} {keyword}", text(item, keyword), planned, required=True)
    if beam.is_ion:
        planned = text(beam.item, "ScanMode", beam.source)
        yield same_value(f"{path} ScanMode", text(item, "ScanMode"), planned, required=True)


def _session_findings(path: str, item: Dataset, expected: ExpectedBeam) -> Iterator[RecordFinding]:
    yield _fraction_finding(f"{path} CurrentFractionNumber", item, expected)
    subject = f"{path} TreatmentDeliveryType"
    kind = text(item, "TreatmentDeliveryType")
    if expected.task is not None:
        yield same_value(subject, kind, str(expected.task.delivery_type))
    elif expected.before is not None:
        yield same_value(subject, kind, str(_delivery_type(expected.before)))
    else:
        yield _one_of(subject, kind, TreatmentDeliveryType)
    yield _one_of(
        f"{path} TreatmentTerminationStatus",
        text(item, "TreatmentTerminationStatus"),
        TerminationStatus,
        required=True,
    )
    yield _one_of(
        f"{path} TreatmentVerificationStatus",
        text(item, "TreatmentVerificationStatus"),
        VerificationStatus,
    )


def _fraction_finding(subject: str, item: Dataset, expected: ExpectedBeam) -> RecordFinding:
    fraction, planned = integer(item, "CurrentFractionNumber"), expected.fractions_planned
    if expected.fraction_number is not None or fraction is None:
        return same_value(subject, fraction, expected.fraction_number, required=True)
    is_met = fraction >= 1 and (not planned or fraction <= planned)
    return judged(subject, f"is {fraction} of {planned or 'an unknown number'}", is_met=is_met)


def _delivery_type(before: float) -> TreatmentDeliveryType:
    if before > METERSET_TOLERANCE:
        return TreatmentDeliveryType.CONTINUATION
    return TreatmentDeliveryType.TREATMENT


def _one_of(
    subject: str, value: str, terms: type[StrEnum], *, required: bool = False
) -> RecordFinding:
    if not value:
        return missing(subject, required=required)
    if value in list(terms):
        return met(subject, f"is {value}")
    return not_met(subject, f"is {value}, none of {', '.join(terms)}")


def _delivery_findings(path: str, item: Dataset, expected: ExpectedBeam) -> Iterator[RecordFinding]:
    beam, tolerance = expected.beam, expected.tolerance
    points = RecordedPoints.of(item, beam)
    specified = number(item, "SpecifiedPrimaryMeterset")
    yield same_number(f"{path} SpecifiedPrimaryMeterset", specified, beam.meterset, tolerance)
    told = number(item, "DeliveredPrimaryMeterset")
    start, end = points.start, points.end
    spanned = None if start is None or end is None else end - start
    yield same_number(f"{path} DeliveredPrimaryMeterset", told, spanned, tolerance)
    if start is not None and end is not None:
        subject = f"{path} DeliveredMeterset"
        if (wanted := _start(item, expected)) is not None:
            yield same_number(f"{subject} (start)", start, wanted, tolerance)
        yield _end_finding(f"{subject} (end)", item, end, expected)
    delivered = spanned if told is None else told
    if expected.before is not None and delivered is not None:
        total = expected.before + delivered
        words = f"makes {total:.10g} of the fraction's {beam.meterset:.10g}"
        is_met = total <= beam.meterset + tolerance
        yield judged(f"{path} DeliveredPrimaryMeterset (all records)", words, is_met=is_met)
    adjustment = expected.task.adjustment if expected.task else None
    yield from point_findings(path, points, adjustment, tolerance)


def _start(item: Dataset, expected: ExpectedBeam) -> float | None:
    """Return where the delivery should have started; a whole treatment does at 0."""
    if expected.start is None and text(item, "TreatmentDeliveryType") == "TREATMENT":
        return 0.0
    return expected.start


def _end_finding(subject: str, item: Dataset, end: float, expected: ExpectedBeam) -> RecordFinding:
    """Return whether the delivery ended where its termination status says."""
    status = text(item, "TreatmentTerminationStatus")
    words = f"is {end:.10g} of {expected.end:.10g}, {status or 'for no reason told'}"
    if status == TerminationStatus.NORMAL:
        return judged(subject, words, is_met=abs(end - expected.end) <= expected.tolerance)
    return judged(subject, words, is_met=end <= expected.end + expected.tolerance)
