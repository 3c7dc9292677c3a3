"""Read-only view of a Modality Performed Procedure Step, and its defined terms (PS3.4 Annex F)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING

from pydicom.valuerep import DA, TM

from tdwii_gui.dicom.iod import tolerant

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from tdwii_gui.dicom.iod.codes import Code


class MppsStatus(StrEnum):
    """Performed Procedure Step Status (0040,0252)."""

    IN_PROGRESS = "IN PROGRESS"
    COMPLETED = "COMPLETED"
    DISCONTINUED = "DISCONTINUED"

    @property
    def is_final(self) -> bool:
        """Whether nothing may be changed any more."""
        return self is not MppsStatus.IN_PROGRESS


class MppsEvent(IntEnum):
    """Event Type ID of the MPPS Notification SOP Class (PS3.4 Table F.9.2-1)."""

    IN_PROGRESS = 1
    COMPLETED = 2
    DISCONTINUED = 3
    UPDATED = 4
    DELETED = 5

    @property
    def title(self) -> str:
        """The event's name in the standard."""
        return f"Performed Procedure Step {self.name.replace('_', ' ').title()}"


@dataclass(frozen=True, slots=True)
class PerformedSeries:
    """An item of the Performed Series Sequence.

    Parameters
    ----------
    protocol_name : str
        What was done, in words of the device; never empty.
    images, others : tuple[tuple[str, str], ...]
        SOP Class and Instance UIDs of images, and of objects that are none, such as treatment
        records; a series may have neither.
    """

    series_instance_uid: str
    protocol_name: str
    description: str = ""
    operators_name: str = ""
    performing_physician: str = ""
    retrieve_ae_title: str = ""
    images: tuple[tuple[str, str], ...] = ()
    others: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Mpps:
    """An MPPS as its users speak of it; absent and unreadable values are empty or None.

    Parameters
    ----------
    dataset : Dataset
        Its attributes with the SOP Instance UID; nobody may change it afterwards.
    """

    dataset: Dataset

    @property
    def uid(self) -> str:
        """SOP Instance UID."""
        return tolerant.text(self.dataset, "SOPInstanceUID")

    @property
    def status(self) -> MppsStatus | None:
        """Performed Procedure Step Status, or None where it is absent or unknown."""
        value = tolerant.text(self.dataset, "PerformedProcedureStepStatus")
        return MppsStatus(value) if value in set(MppsStatus) else None

    @property
    def station_ae_title(self) -> str:
        """Performed Station AE Title."""
        return tolerant.text(self.dataset, "PerformedStationAETitle")

    @property
    def step_id(self) -> str:
        """Performed Procedure Step ID."""
        return tolerant.text(self.dataset, "PerformedProcedureStepID")

    @property
    def modality(self) -> str:
        """Modality."""
        return tolerant.text(self.dataset, "Modality")

    @property
    def description(self) -> str:
        """Performed Procedure Step Description."""
        return tolerant.text(self.dataset, "PerformedProcedureStepDescription")

    @property
    def patient_name(self) -> str:
        """Patient's Name."""
        return tolerant.text(self.dataset, "PatientName")

    @property
    def patient_id(self) -> str:
        """Patient ID."""
        return tolerant.text(self.dataset, "PatientID")

    @property
    def patient(self) -> str:
        """Patient's Name and ID, as far as they are known."""
        return " ".join(filter(None, (self.patient_name, self.patient_id)))

    @property
    def study_instance_uid(self) -> str:
        """Study Instance UID of the (first) scheduled step."""
        scheduled = tolerant.first_item(self.dataset, "ScheduledStepAttributesSequence")
        return tolerant.text(scheduled, "StudyInstanceUID")

    @property
    def started(self) -> datetime | None:
        """Start date and time, in local time."""
        return _moment(self.dataset, "PerformedProcedureStepStart")

    @property
    def ended(self) -> datetime | None:
        """End date and time, in local time; None until it has ended."""
        return _moment(self.dataset, "PerformedProcedureStepEnd")

    @property
    def reason(self) -> Code | None:
        """Why it was discontinued."""
        keyword = "PerformedProcedureStepDiscontinuationReasonCodeSequence"
        return tolerant.code(self.dataset, keyword)

    @property
    def series(self) -> tuple[PerformedSeries, ...]:
        """The performed series."""
        items = tolerant.items(self.dataset, "PerformedSeriesSequence")
        return tuple(
            PerformedSeries(
                series_instance_uid=tolerant.text(item, "SeriesInstanceUID"),
                protocol_name=tolerant.text(item, "ProtocolName"),
                description=tolerant.text(item, "SeriesDescription"),
                operators_name=tolerant.text(item, "OperatorsName"),
                performing_physician=tolerant.text(item, "PerformingPhysicianName"),
                retrieve_ae_title=tolerant.text(item, "RetrieveAETitle"),
                images=_pairs(item, "ReferencedImageSequence"),
                others=_pairs(item, "ReferencedNonImageCompositeSOPInstanceSequence"),
            )
            for item in items
        )


def _pairs(item: Dataset, keyword: str) -> tuple[tuple[str, str], ...]:
    return tuple(
        (
            tolerant.text(reference, "ReferencedSOPClassUID"),
            tolerant.text(reference, "ReferencedSOPInstanceUID"),
        )
        for reference in tolerant.items(item, keyword)
    )


def _moment(dataset: Dataset, prefix: str) -> datetime | None:
    date, time = (tolerant.text(dataset, f"{prefix}{part}") for part in ("Date", "Time"))
    try:
        day, clock = DA(date), TM(time or "00")
        return datetime.combine(day, clock).astimezone() if date else None
    except ValueError:
        return None
