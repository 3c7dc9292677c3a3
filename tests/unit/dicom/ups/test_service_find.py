"""C-FIND (PS3.4 CC.2.8)."""

from __future__ import annotations

import pytest

UID = "1.2.3.100"


def test_the_query_of_a_treatment_machine(worklist, dataset) -> None:
    worklist.create("1.2.1")
    worklist.create("1.2.2", ScheduledProcedureStepStartDateTime="20261120080000+0000")
    worklist.create("1.2.3", ScheduledProcedureStepStartDateTime="20261121070000+0000")
    identifier = dataset(  # RO-58
        ProcedureStepState="SCHEDULED",
        ScheduledStationNameCodeSequence=[
            dataset(CodeValue="TR1", CodingSchemeDesignator="", CodeMeaning="")
        ],
        ScheduledWorkitemCodeSequence=[
            dataset(CodeValue="121726", CodingSchemeDesignator="DCM", CodeMeaning="")
        ],
        ScheduledProcedureStepStartDateTime="20261121000000+0000-20261121235959+0000",
        PatientName="",
        PatientID="",
        InputInformationSequence=[],
        SOPInstanceUID="",
        SOPClassUID="",
    )
    found = list(worklist.service.find(identifier))
    assert [each.SOPInstanceUID for each in found] == ["1.2.3", "1.2.1"]
    assert found[0].PatientName == "Müller^Jörg"
    assert "ProcedureStepLabel" not in found[0]


@pytest.mark.filterwarnings("ignore::UserWarning")  # pydicom on building the long key
def test_an_unusable_key_is_refused_at_once(worklist, dataset, refused) -> None:
    identifier = dataset(PatientID="X" * 65)
    status, comment = refused(worklist.service.find, identifier)
    assert status == 0xA900
    assert comment.startswith("PatientID")


def test_a_claimed_step_is_scheduled_no_more(worklist, dataset) -> None:
    worklist.bring_to("IN PROGRESS")

    def count(state: str) -> int:
        return len(list(worklist.service.find(dataset(ProcedureStepState=state))))

    assert (count("SCHEDULED"), count("IN PROGRESS"), count("CANCELED")) == (0, 1, 0)
    worklist.change_state("CANCELED")
    assert (count("SCHEDULED"), count("IN PROGRESS"), count("CANCELED")) == (0, 0, 1)


@pytest.mark.parametrize(
    ("keys", "unsupported"),
    [
        ({"PatientName": "", "CommentsOnTheScheduledProcedureStep": "x"}, []),
        ({"SpecificCharacterSet": "ISO_IR 100"}, []),
        ({"QueryRetrieveLevel": "STUDY"}, ["QueryRetrieveLevel"]),
        ({"TransactionUID": ""}, ["TransactionUID"]),
    ],
)
def test_unsupported_keys_are_told(worklist, dataset, keys, unsupported) -> None:
    assert worklist.service.unsupported_keys(dataset(**keys)) == unsupported


def test_a_private_key_is_unsupported(worklist, dataset) -> None:
    identifier = dataset(PatientName="")
    identifier.add_new((0x0011, 0x1001), "LO", "x")
    assert worklist.service.unsupported_keys(identifier) == ["(0011,1001)"]


def test_a_private_key_within_an_item_is_unsupported(worklist, dataset) -> None:
    item = dataset(CodeValue="TR1")
    item.add_new((0x0011, 0x1001), "LO", "x")
    identifier = dataset(ScheduledStationNameCodeSequence=[item])
    assert worklist.service.unsupported_keys(identifier) == ["(0011,1001)"]


def test_the_retrieve_ae_of_an_input_is_a_key(worklist, dataset) -> None:
    retrieval = dataset(RetrieveAETitle="OST")
    inputs = [dataset(DICOMRetrievalSequence=[retrieval])]
    assert worklist.service.unsupported_keys(dataset(InputInformationSequence=inputs)) == []
