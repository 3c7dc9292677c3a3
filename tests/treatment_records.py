"""Treatment records as a foreign device may write them: small, and of its own making."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydicom.dataset import Dataset

from tdwii_gui.dicom.iod.macros import decimal_string, sop_reference
from tdwii_gui.dicom.uids import (
    RT_BEAMS_TREATMENT_RECORD,
    RT_ION_BEAMS_TREATMENT_RECORD,
    RT_ION_PLAN,
    new_uid,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tdwii_gui.dicom.iod.plan import FractionGroup, Plan

_OF_PATIENT = ("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyInstanceUID")


def foreign_record(
    plan: Plan,
    beams: Mapping[int, tuple[float, float]],
    fraction: int,
    *,
    group: FractionGroup | None = None,
    day: str = "20260102",
    **attributes: object,
) -> Dataset:
    """Return the record of {beam: (start, end meterset)}; attributes by keyword win."""
    is_ion = plan.sop_class_uid == RT_ION_PLAN
    kind = "Ion" if is_ion else ""
    of_group = group or plan.fraction_group()
    record = Dataset()
    record.SOPClassUID = RT_ION_BEAMS_TREATMENT_RECORD if is_ion else RT_BEAMS_TREATMENT_RECORD
    record.SOPInstanceUID, record.SeriesInstanceUID = new_uid(), new_uid()
    for keyword in _OF_PATIENT:
        setattr(record, keyword, plan.dataset.get(keyword))
    record.Modality, record.InstanceNumber = "RTRECORD", 1
    record.TreatmentDate, record.TreatmentTime = day, "100000"
    record.ReferencedRTPlanSequence = [sop_reference(plan.sop_class_uid, plan.sop_instance_uid)]
    record.ReferencedFractionGroupNumber = of_group.number
    record.PrimaryDosimeterUnit = "MU"
    items = []
    for number, (start, end) in beams.items():
        meterset = of_group.beam(number).meterset
        item = Dataset()
        item.ReferencedBeamNumber = number
        item.CurrentFractionNumber = fraction
        item.TreatmentDeliveryType = "CONTINUATION" if start else "TREATMENT"
        item.TreatmentTerminationStatus = "NORMAL" if end >= meterset else "MACHINE"
        item.SpecifiedPrimaryMeterset = decimal_string(meterset)
        item.DeliveredPrimaryMeterset = decimal_string(end - start)
        points = []
        for index, (specified, delivered) in enumerate(((0.0, start), (meterset, end))):
            point = Dataset()
            point.ReferencedControlPointIndex = index
            point.SpecifiedMeterset = decimal_string(specified)
            point.DeliveredMeterset = decimal_string(delivered)
            points.append(point)
        setattr(item, f"{kind}ControlPointDeliverySequence", points)
        items.append(item)
    setattr(record, f"TreatmentSession{kind}BeamSequence", items)
    for keyword, value in attributes.items():
        setattr(record, keyword, value)
    return record
