"""Data sets as a foreign device writes them, made of pydicom alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid
from pynetdicom.sop_class import RTBeamsTreatmentRecordStorage

if TYPE_CHECKING:
    from collections.abc import Mapping


def dataset(**attributes: object) -> Dataset:
    """Return a data set of attributes by keyword."""
    made = Dataset()
    for keyword, value in attributes.items():
        setattr(made, keyword, value)
    return made


item = dataset


def code(value: str, scheme: str, meaning: str) -> Dataset:
    """Return the item of a Code Sequence."""
    return item(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=meaning)


def progress(percent: float, beam: int | None) -> Dataset:
    """Return the item of the progress (RO-62)."""
    made = item(ProcedureStepProgress=f"{percent:.6g}")
    if beam is not None:
        made.ProcedureStepProgressParametersSequence = [
            item(
                ValueType="NUMERIC",
                ConceptNameCodeSequence=[code("2018004", "99IHERO2018", "Referenced Beam Number")],
                NumericValue=str(beam),
                MeasurementUnitsCodeSequence=[code("1", "UCUM", "no units")],
            )
        ]
    return made


def content(step: Dataset, code_value: str) -> str:
    """Return the number of a scheduled processing parameter."""
    return next(
        str(each.NumericValue)
        for each in step.ScheduledProcessingParametersSequence
        if each.ConceptNameCodeSequence[0].CodeValue == code_value
    )


def record_of(
    step: Dataset, delivered: Mapping[int, float], planned: Mapping[int, float], fraction: int
) -> Dataset:
    """Return the treatment record of a step."""
    plan = next(
        reference
        for each in step.InputInformationSequence
        for reference in each.ReferencedSOPSequence
        if "Plan" in reference.ReferencedSOPClassUID.name
    )
    record = dataset(
        SOPClassUID=RTBeamsTreatmentRecordStorage,
        SOPInstanceUID=generate_uid(),
        PatientName=step.PatientName,
        PatientID=step.PatientID,
        PatientBirthDate="",
        PatientSex="",
        StudyInstanceUID=step.StudyInstanceUID,
        SeriesInstanceUID=generate_uid(),
        Modality="RTRECORD",
        InstanceNumber=1,
        TreatmentDate="20260102",
        TreatmentTime="100000",
        ReferencedRTPlanSequence=[
            item(
                ReferencedSOPClassUID=plan.ReferencedSOPClassUID,
                ReferencedSOPInstanceUID=plan.ReferencedSOPInstanceUID,
            )
        ],
        PrimaryDosimeterUnit="MU",
        TreatmentSessionBeamSequence=[
            item(
                ReferencedBeamNumber=number,
                CurrentFractionNumber=fraction,
                TreatmentDeliveryType="TREATMENT",
                TreatmentTerminationStatus="NORMAL",
                SpecifiedPrimaryMeterset=f"{planned[number]:.6g}",
                DeliveredPrimaryMeterset=f"{meterset:.6g}",
                ControlPointDeliverySequence=[
                    item(DeliveredMeterset="0"),
                    item(DeliveredMeterset=f"{meterset:.6g}"),
                ],
            )
            for number, meterset in delivered.items()
        ],
    )
    return sendable(record)


def sendable(instance: Dataset) -> Dataset:
    """Return an instance as pynetdicom can send it."""
    instance.file_meta = FileMetaDataset()
    instance.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return instance
