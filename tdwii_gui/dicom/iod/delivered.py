"""What treatment records say was delivered, beam by beam (PS3.3 C.8.8.21, C.8.8.26)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tdwii_gui.dicom import uids
from tdwii_gui.dicom.errors import DatasetError, Finding
from tdwii_gui.dicom.iod.values import integer, items, number, text

if TYPE_CHECKING:
    from pydicom.dataset import Dataset


@dataclass(frozen=True, slots=True)
class DeliveredMeterset:
    """A beam of a treatment record.

    Parameters
    ----------
    beam_number : int
        Referenced Beam Number.
    beam_name : str
        Beam Name; may be empty.
    fraction_number : int or None
        Current Fraction Number.
    specified : float or None
        Specified Primary Meterset of the whole fraction.
    delivered : float
        Meterset delivered by this record alone.
    start : float or None
        Where this delivery started in the whole beam's meterset; None where no control point tells.
    delivery_type, termination : str
        Treatment Delivery Type and Treatment Termination Status; may be empty.
    """

    beam_number: int
    beam_name: str
    fraction_number: int | None
    specified: float | None
    delivered: float
    start: float | None = None
    delivery_type: str = ""
    termination: str = ""


def delivered_metersets(record: Dataset) -> tuple[DeliveredMeterset, ...]:
    """Return the beams of an RT (Ion) Beams Treatment Record.

    Raises
    ------
    DatasetError
        If it is none, or a beam lacks its number or meterset.
    """
    sop_class = text(record, "SOPClassUID")
    if sop_class not in uids.TREATMENT_RECORD_CLASSES:
        found = uids.uid_name(sop_class) or "a data set without SOP Class UID"
        raise DatasetError(f"is no beams treatment record but {found}")
    beams = items(record, "TreatmentSessionBeamSequence")
    beams += items(record, "TreatmentSessionIonBeamSequence")
    return tuple(_read_beam(item) for item in beams)


def _read_beam(item: Dataset) -> DeliveredMeterset:
    beam_number = integer(item, "ReferencedBeamNumber")
    if beam_number is None:
        raise DatasetError([Finding("ReferencedBeamNumber", "is missing")])
    return DeliveredMeterset(
        beam_number=beam_number,
        beam_name=text(item, "BeamName"),
        fraction_number=integer(item, "CurrentFractionNumber"),
        specified=number(item, "SpecifiedPrimaryMeterset"),
        delivered=_delivered_meterset(item),
        start=min(_control_point_metersets(item), default=None),
        delivery_type=text(item, "TreatmentDeliveryType"),
        termination=text(item, "TreatmentTerminationStatus"),
    )


def _delivered_meterset(item: Dataset) -> float:
    """Return the meterset of this item alone: the primary one, or what its control points span."""
    delivered = number(item, "DeliveredPrimaryMeterset")
    if delivered is not None:
        return delivered
    known = _control_point_metersets(item)
    if not known:
        raise DatasetError([Finding("DeliveredPrimaryMeterset", "is missing")])
    return max(known) - min(known)


def _control_point_metersets(item: Dataset) -> list[float]:
    """Return where the control points were reached, in the whole beam's meterset."""
    points = items(item, "ControlPointDeliverySequence")
    points += items(item, "IonControlPointDeliverySequence")
    metersets = [number(point, "DeliveredMeterset") for point in points]
    return [meterset for meterset in metersets if meterset is not None]
