"""Checks of UPS data sets, against the text of PS3.4 CC.2.5 (typed here, not read from it)."""

from __future__ import annotations

from copy import deepcopy

import pytest
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from tdwii_gui.dicom.iod.requirements import (
    Violation,
    check_create,
    check_final,
    check_set,
)
from tdwii_gui.dicom.status import Status

EMPTY_TEXTS = [
    "TransactionUID",
    "WorklistLabel",
    "CommentsOnTheScheduledProcedureStep",
    "PatientName",
    "IssuerOfPatientID",
    "PatientBirthDate",
    "PatientSex",
    "AdmissionID",
    "AdmittingDiagnosesDescription",
]
EMPTY_SEQUENCES = [
    "ScheduledProcessingParametersSequence",
    "ScheduledStationNameCodeSequence",
    "ScheduledStationClassCodeSequence",
    "ScheduledStationGeographicLocationCodeSequence",
    "ScheduledWorkitemCodeSequence",
    "InputInformationSequence",
    "IssuerOfPatientIDQualifiersSequence",
    "OtherPatientIDsSequence",
    "IssuerOfAdmissionIDSequence",
    "AdmittingDiagnosesCodeSequence",
    "ReferencedRequestSequence",
    "ProcedureStepProgressInformationSequence",
    "UnifiedProcedureStepPerformedProcedureSequence",
]
VALUED = {
    "ScheduledProcedureStepPriority": "MEDIUM",
    "ProcedureStepLabel": "RT treatment",
    "ScheduledProcedureStepStartDateTime": "20260102080000",
    "InputReadinessState": "READY",
    "ProcedureStepState": "SCHEDULED",
}


def item(**values: object) -> Dataset:
    dataset = Dataset()
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    return dataset


def code(value: str = "FX1", scheme: str = "99IHERO2008", meaning: str = "FX1") -> Dataset:
    return item(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=meaning)


@pytest.fixture
def creation() -> Dataset:
    """Return the smallest attribute list of an N-CREATE (PS3.4 CC.2.5)."""
    dataset = item(**VALUED)
    for keyword in EMPTY_TEXTS:
        setattr(dataset, keyword, "")
    for keyword in EMPTY_SEQUENCES:
        setattr(dataset, keyword, [])
    return dataset


@pytest.fixture
def performed() -> Dataset:
    return item(
        PerformedStationNameCodeSequence=[code()],
        PerformedProcedureStepStartDateTime="20260102080000",
        PerformedWorkitemCodeSequence=[code("121726", "DCM", "x")],
        PerformedProcedureStepEndDateTime="20260102081500",
        OutputInformationSequence=[],
    )


@pytest.fixture
def complete(creation: Dataset, performed: Dataset) -> Dataset:
    """Return a UPS as a TMS keeps it before COMPLETED."""
    creation.SOPClassUID = "1.2.840.10008.5.1.4.34.6.1"
    creation.SOPInstanceUID = "1.2.3"
    creation.ScheduledProcedureStepModificationDateTime = "20260102080000"
    creation.UnifiedProcedureStepPerformedProcedureSequence = [performed]
    return creation


def found(violations: list[Violation]) -> list[tuple[int, str]]:
    return [(violation.status, violation.attribute) for violation in violations]


# N-CREATE (PS3.4 CC.2.5)


def test_smallest_creation_is_accepted(creation: Dataset) -> None:
    assert check_create(creation) == []


@pytest.mark.parametrize("keyword", [*VALUED, *EMPTY_TEXTS, *EMPTY_SEQUENCES])
def test_missing_type_1_or_2_is_0120(creation: Dataset, keyword: str) -> None:
    del creation[keyword]
    assert found(check_create(creation)) == [(0x0120, keyword)]


@pytest.mark.parametrize("keyword", VALUED)
def test_empty_type_1_is_0121(creation: Dataset, keyword: str) -> None:
    setattr(creation, keyword, "")
    assert found(check_create(creation)) == [(0x0121, keyword)]


@pytest.mark.parametrize(
    ("keyword", "value", "status"),
    [
        ("ScheduledProcedureStepPriority", "URGENT", 0x0106),
        ("InputReadinessState", "MAYBE", 0x0106),
        ("ProcedureStepState", "IN PROGRESS", 0xC309),
        ("ScheduledProcedureStepStartDateTime", "20261332", 0x0106),
        ("TransactionUID", "1.2.3", 0x0106),  # present and empty
        ("ProcedureStepProgressInformationSequence", [Dataset()], 0x0106),
        ("SOPClassUID", "1.2.840.10008.5.1.4.34.6.1", 0x0105),  # travels in the command
        ("SOPInstanceUID", "1.2.3", 0x0105),
    ],
)
@pytest.mark.filterwarnings("ignore:Invalid value for VR DT:UserWarning")
def test_value_that_a_creation_must_not_have(
    creation: Dataset, keyword: str, value: object, status: int
) -> None:
    setattr(creation, keyword, value)
    assert found(check_create(creation)) == [(status, keyword)]


def test_progress_is_not_allowed_at_creation(creation: Dataset) -> None:
    creation.ProcedureStepProgressInformationSequence = [item(ProcedureStepProgress="0")]
    path = "ProcedureStepProgressInformationSequence[1].ProcedureStepProgress"
    assert found(check_create(creation)) == [(0x0105, path)]


@pytest.mark.parametrize("keyword", ["PatientID", "StudyInstanceUID"])
@pytest.mark.parametrize("value", [None, ""])
def test_conditional_attributes_may_be_absent_or_empty(
    creation: Dataset, keyword: str, value: str | None
) -> None:
    if value is not None:
        setattr(creation, keyword, value)
    assert check_create(creation) == []


def test_scheduled_human_performers_need_their_content(creation: Dataset) -> None:
    creation.ScheduledHumanPerformersSequence = [item(HumanPerformerName="A^B")]
    assert found(check_create(creation)) == [
        (0x0120, "ScheduledHumanPerformersSequence[1].HumanPerformerCodeSequence"),
        (0x0120, "ScheduledHumanPerformersSequence[1].HumanPerformerOrganization"),
    ]


@pytest.mark.parametrize(
    ("left_out", "expected"),
    [
        ("CodeValue", "CodeValue"),
        ("CodingSchemeDesignator", "CodingSchemeDesignator"),
        ("CodeMeaning", "CodeMeaning"),
    ],
)
def test_code_macro(creation: Dataset, left_out: str, expected: str) -> None:
    station = code()
    del station[left_out]
    if left_out == "CodeValue":  # no code value of any kind: no scheme needed either
        del station.CodingSchemeDesignator
    creation.ScheduledStationNameCodeSequence = [station]
    path = f"ScheduledStationNameCodeSequence[1].{expected}"
    assert found(check_create(creation)) == [(0x0120, path)]


def test_long_code_value_stands_for_the_code_value(creation: Dataset) -> None:
    station = item(LongCodeValue="x" * 20, CodingSchemeDesignator="99X", CodeMeaning="x")
    creation.ScheduledStationNameCodeSequence = [station]
    assert check_create(creation) == []


@pytest.mark.parametrize("value_type", ["NUMERIC", "NUM"])  # NUM: field quirk
def test_numeric_content_needs_its_number(creation: Dataset, value_type: str) -> None:
    parameter = item(
        ValueType=value_type,
        ConceptNameCodeSequence=[code("2018002", "99IHERO2018", "x")],
        MeasurementUnitsCodeSequence=[code("1", "UCUM", "no units")],
    )
    creation.ScheduledProcessingParametersSequence = [parameter]
    path = "ScheduledProcessingParametersSequence[1].NumericValue"
    assert found(check_create(creation)) == [(0x0120, path)]


def test_unknown_value_type_is_0106(creation: Dataset) -> None:
    parameter = item(ValueType="FOO", ConceptNameCodeSequence=[code()])
    creation.ScheduledProcessingParametersSequence = [parameter]
    path = "ScheduledProcessingParametersSequence[1].ValueType"
    assert found(check_create(creation)) == [(0x0106, path)]


def test_input_needs_reference_and_retrieval(creation: Dataset) -> None:
    creation.InputInformationSequence = [item(TypeOfInstances="DICOM", StudyInstanceUID="1.2")]
    assert found(check_create(creation)) == [
        (0x0120, "InputInformationSequence[1].SeriesInstanceUID"),
        (0x0120, "InputInformationSequence[1].ReferencedSOPSequence"),
        (0x0120, "InputInformationSequence[1].DICOMRetrievalSequence"),
    ]


def test_wado_retrieval_stands_for_dicom_retrieval(creation: Dataset) -> None:
    creation.InputInformationSequence = [
        item(
            TypeOfInstances="DICOM",
            StudyInstanceUID="1.2",
            SeriesInstanceUID="1.3",
            ReferencedSOPSequence=[
                item(ReferencedSOPClassUID="1.4", ReferencedSOPInstanceUID="1.5")
            ],
            WADORSRetrievalSequence=[item(RetrieveURL="https://host/x")],
        )
    ]
    assert check_create(creation) == []


def test_extended_text_needs_a_character_set(creation: Dataset) -> None:
    creation.PatientName = "Müller^Eva"
    assert found(check_create(creation)) == [(0x0120, "SpecificCharacterSet")]
    creation.SpecificCharacterSet = "ISO_IR 100"
    assert check_create(creation) == []


def test_unreadable_value_is_0106_and_does_not_raise(creation: Dataset) -> None:
    tag = Tag("ScheduledProcessingParametersSequence")
    creation[tag] = RawDataElement(tag, "SQ", 4, b"\xff\xff\xff\xff", 0, True, True)
    status, path = found(check_create(creation))[0]
    assert (status, path) == (0x0106, "ScheduledProcessingParametersSequence")


def test_attributes_beyond_the_table_are_accepted(creation: Dataset) -> None:
    creation.EthnicGroup = "x"
    creation.add_new(0x00091001, "LO", "private")
    assert check_create(creation) == []


def test_comment_fits_the_error_comment() -> None:
    violations = check_create(Dataset())
    assert len(violations) > 20
    assert all(len(violation.text) <= 64 for violation in violations)
    assert all(violation.text.startswith(violation.attribute) for violation in violations)


# N-SET (PS3.4 CC.2.6)


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("ProcedureStepState", "IN PROGRESS"),
        ("SOPInstanceUID", "1.2.3"),
        ("PatientName", "Doe^John"),
        ("PatientID", "1"),
        ("ReferencedRequestSequence", []),
        ("ReplacedProcedureStepSequence", []),
    ],
)
def test_attribute_that_n_set_must_not_hold_is_0105(keyword: str, value: object) -> None:
    modification = item(TransactionUID="1.2.3", **{keyword: value})
    assert found(check_set(modification)) == [(0x0105, keyword)]


def test_n_set_of_progress_is_accepted() -> None:
    progress = item(ProcedureStepProgress="50", ProcedureStepProgressDescription="half")
    modification = item(TransactionUID="1.2.3", ProcedureStepProgressInformationSequence=[progress])
    assert check_set(modification) == []


@pytest.mark.parametrize("keyword", [k for k in VALUED if k != "ProcedureStepState"])
def test_n_set_does_not_empty_type_1_attributes(keyword: str) -> None:
    assert found(check_set(item(**{keyword: ""}))) == [(0x0121, keyword)]


def test_n_set_of_a_communication_needs_its_uri() -> None:
    contact = item(ContactDisplayName="x")
    progress = item(ProcedureStepCommunicationsURISequence=[contact])
    modification = item(ProcedureStepProgressInformationSequence=[progress])
    path = (
        "ProcedureStepProgressInformationSequence[1]."
        "ProcedureStepCommunicationsURISequence[1].ContactURI"
    )
    assert found(check_set(modification)) == [(0x0120, path)]


def test_performed_procedure_needs_its_output_sequence(performed: Dataset) -> None:
    modification = item(UnifiedProcedureStepPerformedProcedureSequence=[performed])
    assert check_set(modification) == []
    del performed.OutputInformationSequence
    modification = item(UnifiedProcedureStepPerformedProcedureSequence=[performed])
    path = "UnifiedProcedureStepPerformedProcedureSequence[1].OutputInformationSequence"
    assert found(check_set(modification)) == [(0x0120, path)]


# Final state (PS3.4 CC.2.5.1.1)


def test_complete_step_may_be_completed(complete: Dataset) -> None:
    assert check_final(complete, "COMPLETED") == []


@pytest.mark.parametrize(
    "keyword",
    [
        "PerformedStationNameCodeSequence",
        "PerformedProcedureStepStartDateTime",
        "PerformedWorkitemCodeSequence",
        "PerformedProcedureStepEndDateTime",
        "OutputInformationSequence",
    ],
)
def test_completed_needs_the_performed_procedure(complete: Dataset, keyword: str) -> None:
    del complete.UnifiedProcedureStepPerformedProcedureSequence[0][keyword]
    path = f"UnifiedProcedureStepPerformedProcedureSequence[1].{keyword}"
    assert found(check_final(complete, "COMPLETED")) == [(Status.UPS_FINAL_STATE_UNMET, path)]


@pytest.mark.parametrize(
    "keyword",
    [
        "SOPClassUID",
        "SOPInstanceUID",
        "ScheduledProcedureStepPriority",
        "ScheduledProcedureStepStartDateTime",
        "ScheduledProcedureStepModificationDateTime",
        "InputReadinessState",
        "ProcedureStepState",
    ],
)
@pytest.mark.parametrize("state", ["COMPLETED", "CANCELED"])
def test_both_final_states_need_code_r(complete: Dataset, keyword: str, state: str) -> None:
    progress = item(
        ProcedureStepCancellationDateTime="20260102080000",
        ProcedureStepDiscontinuationReasonCodeSequence=[code("110513", "DCM", "x")],
    )
    complete.ProcedureStepProgressInformationSequence = [progress]
    before = deepcopy(complete)
    del complete[keyword]
    assert check_final(before, state) == []
    assert found(check_final(complete, state)) == [(Status.UPS_FINAL_STATE_UNMET, keyword)]


@pytest.mark.parametrize(
    ("progress", "lacking"),
    [
        ([], ["ProcedureStepProgressInformationSequence"]),
        (
            [Dataset()],
            [
                "ProcedureStepProgressInformationSequence[1].ProcedureStepCancellationDateTime",
                "ProcedureStepProgressInformationSequence[1]."
                "ProcedureStepDiscontinuationReasonCodeSequence",
            ],
        ),
    ],
)
def test_canceled_needs_time_and_reason_but_no_performed_procedure(
    complete: Dataset, progress: list[Dataset], lacking: list[str]
) -> None:
    complete.UnifiedProcedureStepPerformedProcedureSequence = []
    complete.ProcedureStepProgressInformationSequence = progress
    violations = check_final(complete, "CANCELED")
    assert {violation.attribute for violation in violations} == set(lacking)
