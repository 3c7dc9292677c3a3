"""Read-only view of a Unified Procedure Step (PS3.4 CC.2.5, IHE-RO TDW-II).

The view tolerates what the field sends: an attribute that is absent or cannot be read is None,
empty text or no items; it never raises.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from tdwii_gui.dicom import uids
from tdwii_gui.dicom.iod import codes, tolerant
from tdwii_gui.dicom.iod.references import InputReference, read_references
from tdwii_gui.dicom.iod.rtbdi import TreatmentDeliveryType

if TYPE_CHECKING:
    from datetime import datetime

    from pydicom.dataset import Dataset

    from tdwii_gui.dicom.iod.codes import Code

__all__ = [
    "Cancellation",
    "InputReadiness",
    "InputReference",
    "Performed",
    "Priority",
    "ProcedureStepState",
    "Progress",
    "TreatmentDeliveryType",
    "Ups",
    "read_progress",
]


class ProcedureStepState(StrEnum):
    """Procedure Step State (0074,1000) (PS3.4 CC.1.1)."""

    SCHEDULED = "SCHEDULED"
    IN_PROGRESS = "IN PROGRESS"
    COMPLETED = "COMPLETED"
    CANCELED = "CANCELED"

    @property
    def is_final(self) -> bool:
        """Whether no further state can follow."""
        return self in (ProcedureStepState.COMPLETED, ProcedureStepState.CANCELED)


class InputReadiness(StrEnum):
    """Input Readiness State (0040,4041)."""

    INCOMPLETE = "INCOMPLETE"
    UNAVAILABLE = "UNAVAILABLE"
    READY = "READY"


class Priority(StrEnum):
    """Scheduled Procedure Step Priority (0074,1200)."""

    HIGH = "HIGH"
    MEDIUM = "MEDIUM"
    LOW = "LOW"


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of a step; the beam is the one about to be or being delivered (RO-62)."""

    percent: float | None = None
    beam_number: int | None = None
    description: str = ""


@dataclass(frozen=True, slots=True)
class Cancellation:
    """Why and when a step was canceled."""

    code: Code | None = None
    reason: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Performed:
    """What was done: Unified Procedure Step Performed Procedure Sequence."""

    machine: str = ""
    start: datetime | None = None
    end: datetime | None = None
    workitem: Code | None = None
    outputs: tuple[InputReference, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Ups:
    """A UPS as its users speak of it.

    Parameters
    ----------
    dataset : Dataset
        A UPS, or a part of one such as a C-FIND match; nobody may change it afterwards.
    """

    dataset: Dataset

    @property
    def sop_instance_uid(self) -> str:
        """SOP Instance UID."""
        return tolerant.text(self.dataset, "SOPInstanceUID")

    @property
    def state(self) -> ProcedureStepState | None:
        """Procedure Step State, or None where it is absent or unknown."""
        value = tolerant.text(self.dataset, "ProcedureStepState")
        return ProcedureStepState(value) if value in set(ProcedureStepState) else None

    @property
    def input_readiness(self) -> InputReadiness | None:
        """Input Readiness State, or None where it is absent or unknown."""
        value = tolerant.text(self.dataset, "InputReadinessState")
        return InputReadiness(value) if value in set(InputReadiness) else None

    @property
    def priority(self) -> Priority | None:
        """Scheduled Procedure Step Priority, or None where it is absent or unknown."""
        value = tolerant.text(self.dataset, "ScheduledProcedureStepPriority")
        return Priority(value) if value in set(Priority) else None

    @property
    def label(self) -> str:
        """Procedure Step Label."""
        return tolerant.text(self.dataset, "ProcedureStepLabel")

    @property
    def worklist_label(self) -> str:
        """Worklist Label."""
        return tolerant.text(self.dataset, "WorklistLabel")

    @property
    def start(self) -> datetime | None:
        """Scheduled Procedure Step Start DateTime."""
        return self._moment(self.dataset, "ScheduledProcedureStepStartDateTime")

    @property
    def modified(self) -> datetime | None:
        """Scheduled Procedure Step Modification DateTime."""
        return self._moment(self.dataset, "ScheduledProcedureStepModificationDateTime")

    @property
    def patient_name(self) -> str:
        """Patient's Name."""
        return tolerant.text(self.dataset, "PatientName")

    @property
    def patient_id(self) -> str:
        """Patient ID."""
        return tolerant.text(self.dataset, "PatientID")

    @property
    def birth_date(self) -> str:
        """Patient's Birth Date as its DA value."""
        return tolerant.text(self.dataset, "PatientBirthDate")

    @property
    def sex(self) -> str:
        """Patient's Sex."""
        return tolerant.text(self.dataset, "PatientSex")

    @property
    def study_instance_uid(self) -> str:
        """Study Instance UID of the results."""
        return tolerant.text(self.dataset, "StudyInstanceUID")

    @property
    def machine(self) -> str:
        """Code Value of the first Scheduled Station Name."""
        station = tolerant.code(self.dataset, "ScheduledStationNameCodeSequence")
        return station.value if station else ""

    @property
    def machines(self) -> tuple[str, ...]:
        """Code Values of all Scheduled Station Names: each of them may perform the step."""
        stations = tolerant.items(self.dataset, "ScheduledStationNameCodeSequence")
        values = (tolerant.text(station, "CodeValue") for station in stations)
        return tuple(value for value in values if value)

    @property
    def workitem(self) -> Code | None:
        """Scheduled Workitem Code."""
        return tolerant.code(self.dataset, "ScheduledWorkitemCodeSequence")

    @property
    def delivery_type(self) -> TreatmentDeliveryType | None:
        """Treatment Delivery Type; the profile's own misspelling of TREATMENT is understood."""
        value = self._parameter(codes.TREATMENT_DELIVERY_TYPE, "TextValue")
        if value == "TREAMENT":
            return TreatmentDeliveryType.TREATMENT
        return TreatmentDeliveryType(value) if value in set(TreatmentDeliveryType) else None

    @property
    def plan_label(self) -> str:
        """Plan Label."""
        return self._parameter(codes.PLAN_LABEL, "TextValue")

    @property
    def fraction_number(self) -> int | None:
        """Current Fraction Number: the fraction to be delivered or completed in the session."""
        return _whole(self._parameter(codes.CURRENT_FRACTION_NUMBER, "NumericValue"))

    @property
    def fractions_planned(self) -> int | None:
        """Number of Fractions Planned."""
        return _whole(self._parameter(codes.NUMBER_OF_FRACTIONS_PLANNED, "NumericValue"))

    @property
    def inputs(self) -> tuple[InputReference, ...]:
        """All instances of the Input Information Sequence."""
        return read_references(self.dataset, "InputInformationSequence")

    @property
    def plan(self) -> InputReference | None:
        """The RT Plan or RT Ion Plan to deliver."""
        return next((each for each in self.inputs if _is_plan(each)), None)

    @property
    def rtbdi(self) -> InputReference | None:
        """The RT Beams Delivery Instruction."""
        return next(iter(self.dynamic_inputs), None)

    @property
    def records(self) -> tuple[InputReference, ...]:
        """The prior treatment records, which a continuation needs."""
        return tuple(r for r in self.inputs if r.sop_class_uid in uids.TREATMENT_RECORD_CLASSES)

    @property
    def static_inputs(self) -> tuple[InputReference, ...]:
        """The instances that RO-59 retrieves: all but the RT Beams Delivery Instruction."""
        return tuple(each for each in self.inputs if not _is_rtbdi(each))

    @property
    def dynamic_inputs(self) -> tuple[InputReference, ...]:
        """The instances that RO-61 retrieves: the RT Beams Delivery Instruction."""
        return tuple(each for each in self.inputs if _is_rtbdi(each))

    @property
    def photos(self) -> tuple[InputReference, ...]:
        """The photographs of the patient."""
        return read_references(self.dataset, "ReferencedPatientPhotoSequence")

    @property
    def replaced_steps(self) -> tuple[str, ...]:
        """SOP Instance UIDs of the steps that this one replaces."""
        replaced = tolerant.items(self.dataset, "ReplacedProcedureStepSequence")
        return tuple(tolerant.text(item, "ReferencedSOPInstanceUID") for item in replaced)

    @property
    def progress(self) -> Progress:
        """The progress last reported."""
        return read_progress(self.dataset)

    @property
    def cancellation(self) -> Cancellation:
        """The reason and moment of the cancellation."""
        item = tolerant.first_item(self.dataset, "ProcedureStepProgressInformationSequence")
        return Cancellation(
            code=tolerant.code(item, "ProcedureStepDiscontinuationReasonCodeSequence"),
            reason=tolerant.text(item, "ReasonForCancellation"),
            at=self._moment(item, "ProcedureStepCancellationDateTime"),
        )

    @property
    def performed(self) -> Performed:
        """What was performed, as far as it was reported."""
        item = tolerant.first_item(self.dataset, "UnifiedProcedureStepPerformedProcedureSequence")
        station = tolerant.code(item, "PerformedStationNameCodeSequence")
        return Performed(
            machine=station.value if station else "",
            start=self._moment(item, "PerformedProcedureStepStartDateTime"),
            end=self._moment(item, "PerformedProcedureStepEndDateTime"),
            workitem=tolerant.code(item, "PerformedWorkitemCodeSequence"),
            outputs=read_references(item, "OutputInformationSequence"),
        )

    def _moment(self, dataset: Dataset, keyword: str) -> datetime | None:
        timezone = tolerant.text(self.dataset, "TimezoneOffsetFromUTC")
        return tolerant.moment(dataset, keyword, timezone)

    def _parameter(self, concept: Code, keyword: str) -> str:
        return _content(self.dataset, "ScheduledProcessingParametersSequence", concept, keyword)


def read_progress(dataset: Dataset) -> Progress:
    """Return the progress that a UPS or an event report carries (RO-62)."""
    item = tolerant.first_item(dataset, "ProcedureStepProgressInformationSequence")
    beam = _content(
        item,
        "ProcedureStepProgressParametersSequence",
        codes.REFERENCED_BEAM_NUMBER,
        "NumericValue",
    )
    return Progress(
        percent=tolerant.number(item, "ProcedureStepProgress"),
        beam_number=_whole(beam),
        description=tolerant.text(item, "ProcedureStepProgressDescription"),
    )


def _content(dataset: Dataset, sequence: str, concept: Code, keyword: str) -> str:
    """Return the value of the content item with a concept name; its value type does not matter."""
    for item in tolerant.items(dataset, sequence):
        name = tolerant.code(item, "ConceptNameCodeSequence")
        if name and (name.value, name.scheme) == (concept.value, concept.scheme):
            return tolerant.text(item, keyword)
    return ""


def _whole(value: str) -> int | None:
    try:
        number = float(value)
    except ValueError:
        return None
    return int(number) if number.is_integer() else None


def _is_plan(reference: InputReference) -> bool:
    return reference.sop_class_uid in uids.PLAN_CLASSES


def _is_rtbdi(reference: InputReference) -> bool:
    return reference.sop_class_uid == uids.RT_BEAMS_DELIVERY_INSTRUCTION
