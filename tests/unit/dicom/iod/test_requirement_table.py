"""The table of UPS requirements, against the text of PS3.4 CC.2.5, typed here anew."""

from __future__ import annotations

import pytest
from pydicom.tag import Tag

from tdwii_gui.dicom.iod.requirements import (
    Usage,
    is_match_key,
    match_key_type,
    return_keys,
    ups_requirements,
)


def test_table_names_its_edition() -> None:
    assert "PS3.4 2020c" in ups_requirements().edition
    assert "Treatment Delivery Workflow II" in ups_requirements().profile_edition


@pytest.mark.parametrize(
    ("path", "create", "change", "final", "match", "returned"),
    [
        ("TransactionUID", "2/2 empty", "key", "O", "-", "-"),
        ("SOPInstanceUID", "N", "N", "R", "U", "1"),
        ("ScheduledProcedureStepPriority", "1/1", "3/1", "R", "R", "1"),
        ("WorklistLabel", "2/1", "3/1", "O", "R", "1"),
        ("StudyInstanceUID", "1C/2", "3/2", "O", "O", "2"),
        ("PatientID", "1C/2", "N", "O", "R", "2"),
        ("ScheduledHumanPerformersSequence.HumanPerformerName", "1/1", "1/1", "O", "O", "3"),
        ("ReferencedRequestSequence.AccessionNumber", "2/2", "N", "O", "R", "2"),
        ("ProcedureStepState", "1/1", "N", "R", "R", "1"),
        ("UnifiedProcedureStepPerformedProcedureSequence", "2/2 empty", "3/2", "P", "-", "-"),
        (
            "ProcedureStepProgressInformationSequence.ProcedureStepCancellationDateTime",
            *("N", "3/1", "X", "-", "-"),
        ),
    ],
)
def test_rows_are_those_of_the_standard(
    path: str, create: str, change: str, final: str, match: str, returned: str
) -> None:
    row = ups_requirements().lookup(path)
    assert row is not None
    assert row.n_create == Usage.parse(create)
    assert row.n_set == Usage.parse(change)
    assert row.final == Usage.parse(final)
    assert (row.match_key, row.return_key) == (match, returned)


def test_macros_are_expanded_with_tag_and_vr_of_the_dictionary() -> None:
    path = "InputInformationSequence.DICOMRetrievalSequence.RetrieveAETitle"
    row = ups_requirements().lookup(path)
    assert row is not None
    assert (row.tag, row.vr, row.n_create.scu) == (Tag(0x0008, 0x0054), "AE", "1")


def test_unknown_path_has_no_row() -> None:
    assert ups_requirements().lookup("BeamSequence") is None


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("PatientName", "R"),
        ("SOPInstanceUID", "U"),
        ("InputInformationSequence", "O"),
        ("ScheduledStationNameCodeSequence.CodeValue", "R"),  # * follows the sequence
        ("ScheduledStationNameCodeSequence.CodeMeaning", "-"),  # never matched
        ("InputInformationSequence.ReferencedSOPSequence.ReferencedSOPInstanceUID", "O"),
        ("ScheduledProcessingParametersSequence", "-"),
        ("TransactionUID", "-"),
        ("ProcedureStepProgressInformationSequence", "-"),
        ("EthnicGroup", "-"),
    ],
)
def test_match_keys(path: str, kind: str) -> None:
    assert match_key_type(path) == kind
    assert is_match_key(path) is (kind != "-")


def test_return_keys_leave_out_what_c_find_never_returns() -> None:
    keywords = {requirement.keyword for requirement in return_keys()}
    assert {"ProcedureStepState", "SOPInstanceUID", "InputInformationSequence"} <= keywords
    never = {"TransactionUID", "UnifiedProcedureStepPerformedProcedureSequence"}
    assert keywords.isdisjoint(never)
