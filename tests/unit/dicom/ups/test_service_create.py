"""N-CREATE and N-GET (PS3.4 CC.2.5, CC.2.7)."""

from __future__ import annotations

import logging

import pytest
from pydicom.tag import Tag

from tdwii_gui.dicom.uids import UPS_PUSH, is_valid_uid
from tdwii_gui.dicom.ups.mode import ServiceMode

UID = "1.2.3.100"


def test_created_step_is_as_sent_with_what_the_scp_adds(worklist, new_step) -> None:
    created = worklist.service.create(UID, new_step(), "CREATOR")
    assert (created.sop_instance_uid, created.status) == (UID, 0)
    step = worklist.service.get(UID)
    assert step.SOPInstanceUID == UID
    assert step.SOPClassUID == UPS_PUSH
    assert step.WorklistLabel == "Treatment Delivery"
    assert step.ScheduledProcedureStepModificationDateTime.startswith("20261121")
    assert step.PatientName == "Müller^Jörg"
    assert step.ProcedureStepState == "SCHEDULED"
    assert "TransactionUID" not in step
    assert "TransactionUID" not in created.attributes


def test_creation_is_told_after_the_commit(worklist, new_step) -> None:
    worklist.service.create(UID, new_step(), "CREATOR")
    (change,) = worklist.changes
    assert (change.kind, change.sop_instance_uid) == ("created", UID)
    assert (change.calling_ae, change.state) == ("CREATOR", "SCHEDULED")
    assert change.dataset.PatientID == "A1"
    assert "TransactionUID" not in change.dataset
    assert change.receivers == ()


def test_a_worklist_label_is_kept(worklist, new_step) -> None:
    worklist.service.create(UID, new_step(WorklistLabel="OURS"), "CREATOR")
    assert worklist.service.get(UID).WorklistLabel == "OURS"


@pytest.mark.parametrize("uid", [None, ""])
def test_a_step_without_uid_gets_one(worklist, new_step, uid) -> None:
    created = worklist.service.create(uid, new_step(), "CREATOR")
    assert is_valid_uid(created.sop_instance_uid)
    assert worklist.service.get(created.sop_instance_uid).PatientID == "A1"


@pytest.mark.parametrize("uid", ["../../etc/x", "1.02", "1..2", "1." * 32 + "1", "1.2 "])
def test_what_is_no_uid_is_refused(worklist, new_step, refused, uid) -> None:
    assert refused(worklist.service.create, uid, new_step(), "CREATOR")[0] == 0x0117


@pytest.mark.parametrize("state", ["SCHEDULED", "IN PROGRESS", "COMPLETED", "CANCELED"])
def test_a_taken_uid_is_refused_in_any_state(worklist, new_step, refused, state) -> None:
    worklist.bring_to(state)
    assert refused(worklist.service.create, UID, new_step(), "X")[0] == 0x0111
    assert worklist.state() == state


@pytest.mark.parametrize(
    ("changes", "status", "named"),
    [
        ({"PatientName": None}, 0x0120, "PatientName"),
        ({"TransactionUID": None}, 0x0120, "TransactionUID"),
        ({"ProcedureStepLabel": ""}, 0x0121, "ProcedureStepLabel"),
        ({"ScheduledProcedureStepPriority": "URGENT"}, 0x0106, "ScheduledProcedureStepPriority"),
        ({"ProcedureStepState": "IN PROGRESS"}, 0xC309, "ProcedureStepState"),
        ({"TransactionUID": "1.2.3"}, 0x0106, "TransactionUID"),
    ],
)
def test_attributes_are_checked(worklist, new_step, refused, changes, status, named) -> None:
    answer, comment = refused(worklist.service.create, UID, new_step(**changes), "CREATOR")
    assert answer == status
    assert comment.startswith(named)
    assert refused(worklist.service.get, UID)[0] == 0xC307
    assert worklist.changes == []


def test_elements_of_the_command_are_left_out_and_logged_if_lenient(
    lenient_worklist, new_step, caplog
) -> None:
    worklist = lenient_worklist
    step = new_step(SOPClassUID="1.2.3", SOPInstanceUID="9.9.9")
    step.add_new(0x00000003, "UI", "9.9.9")
    with caplog.at_level(logging.INFO, logger="tdwii_gui"):
        worklist.service.create(UID, step, "CREATOR")
    stored = worklist.service.get(UID)
    assert (stored.SOPInstanceUID, stored.SOPClassUID) == (UID, UPS_PUSH)
    assert 0x00000003 not in stored
    assert "SOPInstanceUID" in caplog.text
    assert "Müller" not in caplog.text


@pytest.mark.parametrize("mode", [ServiceMode.STANDARD, ServiceMode.STRICT])
@pytest.mark.parametrize("keyword", ["SOPClassUID", "SOPInstanceUID", "CommandField"])
def test_elements_of_the_command_are_refused_otherwise(
    make_worklist, tmp_path, new_step, refused, mode, keyword
) -> None:
    worklist = make_worklist(tmp_path / "ups.sqlite", mode)
    step = new_step(**{keyword: 1 if keyword == "CommandField" else UID})
    status, comment = refused(worklist.service.create, UID, step, "CREATOR")
    assert (status, comment.split()[0]) == (0x0105, keyword)


def test_issuer_qualifiers_may_be_left_out_unless_strict(
    worklist, new_step, tmp_path, make_worklist, refused
) -> None:
    step = new_step(IssuerOfPatientIDQualifiersSequence=None)
    worklist.service.create(UID, step, "CREATOR")
    assert list(worklist.service.get(UID).IssuerOfPatientIDQualifiersSequence) == []
    strict = make_worklist(tmp_path / "strict.sqlite", ServiceMode.STRICT)
    assert refused(strict.service.create, UID, step, "CREATOR")[0] == 0x0120


def test_get_returns_the_tags_that_are_asked_for(worklist) -> None:
    worklist.bring_to("IN PROGRESS")
    tags = [Tag("PatientName"), Tag("TransactionUID"), Tag("ExpectedCompletionDateTime")]
    step = worklist.service.get(UID, tags)
    assert [element.keyword for element in step] == ["SpecificCharacterSet", "PatientName"]
    assert step.PatientName == "Müller^Jörg"


def test_the_transaction_uid_is_in_no_answer(worklist, dataset) -> None:
    worklist.bring_to("IN PROGRESS")
    assert "TransactionUID" not in worklist.service.get(UID)
    (found,) = worklist.service.find(dataset(TransactionUID="", PatientName=""))
    assert "TransactionUID" not in found
    assert all("TransactionUID" not in change.dataset for change in worklist.changes)


def test_an_unknown_step_is_refused(worklist, refused) -> None:
    assert refused(worklist.service.get, "1.2.9")[0] == 0xC307


def test_steps_are_there_after_reopening(worklist, make_worklist, tmp_path, new_step) -> None:
    worklist.bring_to("IN PROGRESS")
    # The first connection is still open, as after a kill nobody has closed it.
    again = make_worklist(tmp_path / "ups.sqlite")
    assert again.state() == "IN PROGRESS"
    assert again.store.load(UID).performer_ae == "TDD"
    assert again.change_state("CANCELED") == 0
    assert worklist.state() == "CANCELED"


def test_what_was_sent_is_not_changed(worklist, new_step) -> None:
    sent = new_step()
    worklist.service.create(UID, sent, "CREATOR")
    assert sent == new_step()


def test_what_was_told_is_not_changed_by_later_changes(worklist) -> None:
    worklist.bring_to("IN PROGRESS")
    worklist.change_state("CANCELED")
    states = [change.dataset.ProcedureStepState for change in worklist.changes]
    assert states == ["SCHEDULED", "IN PROGRESS", "CANCELED"]
