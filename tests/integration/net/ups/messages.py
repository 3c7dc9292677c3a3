"""The data sets of requests, as TDW-II wants them unless a test wants something else."""

from __future__ import annotations

from pydicom.dataset import Dataset

from tdwii_gui.dicom.iod import codes
from tdwii_gui.dicom.iod.macros import (
    code_item,
    numeric_item,
    reference_and_access_item,
    sop_reference,
    text_item,
)
from tdwii_gui.dicom.uids import (
    RT_BEAMS_DELIVERY_INSTRUCTION,
    RT_BEAMS_TREATMENT_RECORD,
    RT_PLAN,
    new_uid,
)


def dataset(**values: object) -> Dataset:
    built = Dataset()
    for keyword, value in values.items():
        setattr(built, keyword, value)
    return built


def code(value: str, scheme: str = "99X") -> Dataset:
    return code_item(codes.Code(value, scheme, f"meaning of {value}"))


def _reference(sop_class_uid: str, retrieve_ae_title: str) -> Dataset:
    instances = [sop_reference(sop_class_uid, new_uid())]
    return reference_and_access_item("1.2.3.4.5", "1.2.3.4.6", instances, retrieve_ae_title)


def attribute_list(**changes: object) -> Dataset:
    """Return the attribute list of an N-CREATE as TDW-II wants it; None takes one out."""
    built = dataset(
        SpecificCharacterSet="ISO_IR 192",
        TransactionUID="",
        ScheduledProcedureStepPriority="MEDIUM",
        ProcedureStepLabel="Fraction 1",
        WorklistLabel="TDW",
        ScheduledProcessingParametersSequence=[
            text_item(codes.TREATMENT_DELIVERY_TYPE, "TREATMENT"),
            text_item(codes.PLAN_LABEL, "PLAN"),
            numeric_item(codes.CURRENT_FRACTION_NUMBER, 1),
            numeric_item(codes.NUMBER_OF_FRACTIONS_PLANNED, 5),
        ],
        ScheduledStationNameCodeSequence=[code("TR1")],
        ScheduledStationClassCodeSequence=[],
        ScheduledStationGeographicLocationCodeSequence=[],
        ScheduledProcedureStepStartDateTime="20261121080000",
        ScheduledWorkitemCodeSequence=[code_item(codes.RT_TREATMENT_INTERNAL_VERIFICATION)],
        CommentsOnTheScheduledProcedureStep="",
        InputReadinessState="READY",
        InputInformationSequence=[
            _reference(RT_PLAN, "OST"),
            _reference(RT_BEAMS_DELIVERY_INSTRUCTION, "TMS"),
        ],
        StudyInstanceUID="1.2.3.4.5",
        PatientName="Müller^Jörg",
        PatientID="P1",
        IssuerOfPatientID="",
        IssuerOfPatientIDQualifiersSequence=[],
        OtherPatientIDsSequence=[],
        PatientBirthDate="",
        PatientSex="",
        AdmissionID="",
        IssuerOfAdmissionIDSequence=[],
        AdmittingDiagnosesDescription="",
        AdmittingDiagnosesCodeSequence=[],
        ReferencedRequestSequence=[],
        ProcedureStepState="SCHEDULED",
        ProcedureStepProgressInformationSequence=[],
        UnifiedProcedureStepPerformedProcedureSequence=[],
    )
    for keyword, value in changes.items():
        if value is None:
            delattr(built, keyword)
        else:
            setattr(built, keyword, value)
    return built


def performed(**changes: object) -> Dataset:
    """Return the Performed Procedure item that COMPLETED needs; None takes an attribute out."""
    item = dataset(
        PerformedStationNameCodeSequence=[code("TR1")],
        PerformedProcedureStepStartDateTime="20261121080100",
        PerformedWorkitemCodeSequence=[code_item(codes.RT_TREATMENT_INTERNAL_VERIFICATION)],
        PerformedProcedureStepEndDateTime="20261121081500",
        OutputInformationSequence=[_reference(RT_BEAMS_TREATMENT_RECORD, "OST")],
    )
    for keyword, value in changes.items():
        if value is None:
            delattr(item, keyword)
        else:
            setattr(item, keyword, value)
    return item


def final_update(**changes: object) -> Dataset:
    return dataset(UnifiedProcedureStepPerformedProcedureSequence=[performed(**changes)])


def progress(percent: str = "50", **values: object) -> Dataset:
    parameters = [numeric_item(codes.REFERENCED_BEAM_NUMBER, 1)]
    item = dataset(
        ProcedureStepProgress=percent, ProcedureStepProgressParametersSequence=parameters, **values
    )
    return dataset(ProcedureStepProgressInformationSequence=[item])


def reason() -> Dataset:
    item = dataset(ProcedureStepDiscontinuationReasonCodeSequence=[code("110501", "DCM")])
    return dataset(ProcedureStepProgressInformationSequence=[item])
