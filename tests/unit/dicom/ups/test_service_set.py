"""N-SET (PS3.4 CC.2.6)."""

from __future__ import annotations

import pytest
from pydicom.dataset import Dataset

from tdwii_gui.dicom.store.encoding import decode, encode

UID = "1.2.3.100"
OWN = "1.2.3.4.1"
OTHER = "1.2.3.4.2"


@pytest.mark.parametrize(
    ("state", "transaction_uid", "status"),
    [
        ("SCHEDULED", "", 0x0000),
        ("SCHEDULED", OWN, 0xC310),
        ("IN PROGRESS", OWN, 0x0000),
        ("IN PROGRESS", "", 0xC301),
        ("IN PROGRESS", OTHER, 0xC301),
        ("COMPLETED", OWN, 0xC300),
        ("COMPLETED", "", 0xC300),
        ("CANCELED", OWN, 0xC300),
    ],
)
def test_state_and_transaction_uid_decide(
    worklist, dataset, refused, state, transaction_uid, status
) -> None:
    worklist.bring_to(state)
    before = worklist.service.get(UID)
    modifications = dataset(ProcedureStepLabel="new")
    if status == 0:
        assert worklist.set(modifications, transaction_uid) == 0
        assert worklist.service.get(UID).ProcedureStepLabel == "new"
    else:
        assert refused(worklist.set, modifications, transaction_uid)[0] == status
        assert worklist.service.get(UID) == before


def test_an_unknown_step_is_refused(worklist, dataset, refused) -> None:
    assert refused(worklist.service.set, "1.2.9", dataset(), "TDD")[0] == 0xC307


@pytest.mark.parametrize(
    ("modifications", "status"),
    [
        ({"ProcedureStepState": "COMPLETED"}, 0x0105),
        ({"PatientName": "Other^Name"}, 0x0105),
        ({"InputReadinessState": "SOON"}, 0x0106),
        ({"ProcedureStepLabel": ""}, 0x0121),
    ],
)
def test_a_refused_attribute_leaves_all_unchanged(
    worklist, dataset, refused, modifications, status
) -> None:
    worklist.bring_to("IN PROGRESS")
    before = worklist.service.get(UID)
    worklist.changes.clear()
    changes = dataset(CommentsOnTheScheduledProcedureStep="fine", **modifications)
    assert refused(worklist.set, changes)[0] == status
    assert worklist.service.get(UID) == before
    assert worklist.changes == []


def test_a_sequence_is_replaced_as_a_whole(worklist, dataset) -> None:
    worklist.bring_to("IN PROGRESS")
    first = dataset(ProcedureStepProgress="10", ProcedureStepProgressDescription="set up")
    worklist.set(dataset(ProcedureStepProgressInformationSequence=[first]))
    second = dataset(ProcedureStepProgress="20")
    worklist.set(dataset(ProcedureStepProgressInformationSequence=[second]))
    (item,) = worklist.service.get(UID).ProcedureStepProgressInformationSequence
    assert item == second


def test_the_same_request_twice_changes_nothing_more(worklist, dataset) -> None:
    worklist.bring_to("IN PROGRESS")
    item = dataset(ProcedureStepProgress="10")
    worklist.set(dataset(ProcedureStepProgressInformationSequence=[item]))
    once = worklist.service.get(UID)
    worklist.set(dataset(ProcedureStepProgressInformationSequence=[item]))
    assert worklist.service.get(UID) == once


def test_the_kind_of_change_is_told(worklist, dataset) -> None:
    worklist.bring_to("IN PROGRESS")
    worklist.changes.clear()
    item = dataset(ProcedureStepProgress="10")
    worklist.set(dataset(ProcedureStepProgressInformationSequence=[item]))
    worklist.set(dataset(ProcedureStepLabel="new"))
    assert [change.kind for change in worklist.changes] == ["progressed", "updated"]
    assert all("TransactionUID" not in change.dataset for change in worklist.changes)


def test_command_elements_are_left_out_if_lenient(lenient_worklist, dataset) -> None:
    worklist = lenient_worklist
    worklist.bring_to("IN PROGRESS")
    worklist.set(dataset(SOPInstanceUID="9.9", SOPClassUID="9.8", ProcedureStepLabel="new"))
    step = worklist.service.get(UID)
    assert (step.SOPInstanceUID, step.ProcedureStepLabel) == (UID, "new")


def test_what_was_not_created_is_not_set(worklist, dataset) -> None:
    worklist.create(PatientComments="of the creator")
    modifications = dataset(PatientComments="new", RTPlanLabel="foreign", ProcedureStepLabel="new")
    assert worklist.set(modifications, "") == 0x0001
    step = worklist.service.get(UID)
    assert (step.PatientComments, step.ProcedureStepLabel) == ("new", "new")
    assert "RTPlanLabel" not in step


def test_what_was_not_created_is_refused_when_strict(strict_worklist, dataset, refused) -> None:
    strict_worklist.create()
    modifications = dataset(RTPlanLabel="foreign", ProcedureStepLabel="new")
    status, comment = refused(strict_worklist.set, modifications, "")
    assert (status, comment) == (0x0105, "RTPlanLabel was not created")
    assert strict_worklist.service.get(UID).ProcedureStepLabel != "new"


@pytest.mark.parametrize("implicit_vr", [False, True])
@pytest.mark.parametrize("given", ["ISO_IR 192", "ISO_IR 144", "ISO_IR 100", None])
def test_character_sets_are_merged(worklist, new_step, dataset, given, implicit_vr) -> None:
    sent = new_step()
    sent.ScheduledStationNameCodeSequence[0].CodeMeaning = "Gerät"
    worklist.service.create(UID, received(sent, implicit_vr=implicit_vr), "CREATOR")
    text = {"ISO_IR 192": "日本", "ISO_IR 144": "Жук", "ISO_IR 100": "Öl", None: "plain"}[given]
    item = dataset(
        ProcedureStepProgress="1",
        ProcedureStepProgressDescription=text,
    )
    modifications = dataset(
        CommentsOnTheScheduledProcedureStep=text, ProcedureStepProgressInformationSequence=[item]
    )
    if given:
        modifications.SpecificCharacterSet = given
    worklist.set(received(modifications, implicit_vr=implicit_vr), "")
    step = worklist.service.get(UID)
    assert step.SpecificCharacterSet == (
        "ISO_IR 100" if given in (None, "ISO_IR 100") else "ISO_IR 192"
    )
    assert step.PatientName == "Müller^Jörg"
    assert step.ScheduledStationNameCodeSequence[0].CodeMeaning == "Gerät"
    assert step.CommentsOnTheScheduledProcedureStep == text
    progress = step.ProcedureStepProgressInformationSequence[0]
    assert progress.ProcedureStepProgressDescription == text


def received(sent: Dataset, *, implicit_vr: bool) -> Dataset:
    """Return a data set as it comes from the network."""
    if implicit_vr:
        sent.set_original_encoding(True, True)
    encoded, is_implicit = encode(sent)
    assert is_implicit is implicit_vr
    return decode(encoded, implicit_vr)


def test_query_keys_follow_a_change(worklist, dataset, code) -> None:
    worklist.create()
    worklist.set(
        dataset(
            ScheduledStationNameCodeSequence=[code("TR2")],
            ScheduledProcedureStepStartDateTime="20261122080000+0000",
        ),
        "",
    )

    def found(station: str, day: str) -> int:
        identifier = dataset(
            ScheduledStationNameCodeSequence=[dataset(CodeValue=station)],
            ScheduledProcedureStepStartDateTime=f"{day}+0000",
        )
        return len(list(worklist.service.find(identifier)))

    assert found("TR2", "20261122") == 1
    assert found("TR1", "20261122") == 0
    assert found("TR2", "20261121") == 0


# The reports of PS3.4 Table CC.2.4-1 that an N-SET raises, by type.
REPORTS = [
    ({"InputReadinessState": "INCOMPLETE"}, [1]),
    ({"InputReadinessState": "READY"}, []),
    ({"ProcedureStepLabel": "new"}, []),
    ({"progress": {"ProcedureStepProgress": "50"}}, [3]),
    ({"progress": {"ProcedureStepProgressDescription": "beam 2"}}, [3]),
    ({"station": "TR2"}, [5]),
    ({"station": "TR1"}, []),
    ({"InputReadinessState": "UNAVAILABLE", "station": "TR2"}, [1, 5]),
]


@pytest.mark.parametrize(("change", "types"), REPORTS)
def test_event_reports(worklist, dataset, code, change, types) -> None:
    worklist.bring_to("IN PROGRESS")
    worklist.subscribe()
    worklist.events()
    worklist.changes.clear()
    modifications = Dataset()
    for keyword, value in change.items():
        if keyword == "progress":
            modifications.ProcedureStepProgressInformationSequence = [dataset(**value)]
        elif keyword == "station":
            modifications.ScheduledStationNameCodeSequence = [code(value)]
        else:
            setattr(modifications, keyword, value)
    worklist.set(modifications)
    assert [event[0] for event in worklist.events()] == types
    assert worklist.changes[0].receivers == (("WATCHER",) if types else ())
