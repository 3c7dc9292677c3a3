"""N-SET on the wire (PS3.4 CC.2.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tdwii_gui.dicom.uids import UPS_PULL, UPS_PUSH, UPS_WATCH
from tests.integration.net.ups.messages import attribute_list, dataset, final_update, progress
from tests.integration.net.ups.wire import CLAIM, STATES, WRONG

if TYPE_CHECKING:
    from tests.integration.net.ups.wire import Tms

PROGRESS = "ProcedureStepProgressInformationSequence"


@pytest.mark.parametrize(
    ("state", "statuses"),
    [
        ("SCHEDULED", (0x0000, 0xC310, 0xC310)),
        ("IN PROGRESS", (0xC301, 0x0000, 0xC301)),
        ("COMPLETED", (0xC300, 0xC300, 0xC300)),
        ("CANCELED", (0xC300, 0xC300, 0xC300)),
    ],
)
def test_state_and_transaction_uid(tms: Tms, state: str, statuses: tuple[int, ...]) -> None:
    uid = tms.bring_to(state)
    for given, status in zip((None, CLAIM, WRONG), statuses, strict=True):
        before = tms.read(uid)
        label = f"with {given}"
        assert tms.set(uid, dataset(ProcedureStepLabel=label), given).status == status
        after = tms.read(uid)
        assert after.ProcedureStepLabel == label if status == 0 else after == before


def test_an_unknown_step_is_c307(tms: Tms) -> None:
    assert tms.set("1.2.3.4", dataset(ProcedureStepLabel="x")).status == 0xC307


@pytest.mark.parametrize(
    ("modifications", "status", "named"),
    [
        (dataset(ProcedureStepState="COMPLETED"), 0x0105, "ProcedureStepState"),
        (dataset(PatientName="Other"), 0x0105, "PatientName"),
        (dataset(SOPInstanceUID="1.2"), 0x0105, "SOPInstanceUID"),
        (dataset(InputReadinessState="SOON"), 0x0106, "InputReadinessState"),
        (dataset(ProcedureStepLabel=""), 0x0121, "ProcedureStepLabel"),
    ],
)
def test_it_is_all_or_nothing(tms: Tms, modifications: object, status: int, named: str) -> None:
    uid = tms.bring_to("IN PROGRESS")
    before = tms.read(uid)
    changes = progress()
    changes.update(modifications)
    answer = tms.set(uid, changes, CLAIM)
    assert (answer.status, answer.comment.split()[0]) == (status, named)
    assert len(answer.comment) <= 64
    assert tms.read(uid) == before


def test_a_sequence_is_replaced_as_a_whole(tms: Tms) -> None:
    uid = tms.bring_to("IN PROGRESS")
    tms.set(uid, progress("10", ProcedureStepProgressDescription="beam 1"), CLAIM)
    tms.set(uid, progress("20"), CLAIM)
    (item,) = tms.read(uid)[PROGRESS].value
    assert item == progress("20")[PROGRESS].value[0]


def test_the_same_request_twice_changes_nothing_more(tms: Tms) -> None:
    uid = tms.bring_to("IN PROGRESS")
    assert tms.set(uid, progress("10"), CLAIM).status == 0
    once = tms.read(uid)
    assert tms.set(uid, progress("10"), CLAIM).status == 0
    twice = tms.read(uid)
    for each in (once, twice):
        del each.ScheduledProcedureStepModificationDateTime
    assert once == twice


def test_the_modification_date_time_is_the_scps(tms: Tms) -> None:
    uid = tms.new()
    before = tms.read(uid).ScheduledProcedureStepModificationDateTime
    tms.set(uid, dataset(ProcedureStepLabel="new"))
    after = tms.read(uid).ScheduledProcedureStepModificationDateTime
    assert after > before


@pytest.mark.parametrize("character_set", ["ISO_IR 144", "ISO_IR 192"])
def test_character_sets_are_merged(tms: Tms, character_set: str) -> None:
    uid = tms.new(SpecificCharacterSet="ISO_IR 100")
    changes = dataset(SpecificCharacterSet=character_set, ProcedureStepLabel="Жук")
    assert tms.set(uid, changes).status == 0
    step = tms.read(uid)
    assert (step.PatientName, step.ProcedureStepLabel) == ("Müller^Jörg", "Жук")


def test_the_transaction_uid_is_no_data(tms: Tms) -> None:
    uid = tms.bring_to("IN PROGRESS")
    tms.set(uid, progress(), CLAIM)
    assert "TransactionUID" not in tms.read(uid)


def test_what_was_not_created_is_0001(tms: Tms, strict: Tms) -> None:
    """Attributes of the table are created with each step, others by their creator only."""
    changes = {"RTPlanLabel": "foreign", "PatientComments": "new", "WorklistLabel": "new"}
    uid = tms.new(PatientComments="old")
    assert tms.set(uid, dataset(**changes)).status == 0x0001
    step = tms.read(uid)
    assert (step.PatientComments, step.WorklistLabel) == ("new", "new")
    assert "RTPlanLabel" not in step
    uid = strict.new(PatientComments="old")
    answer = strict.set(uid, dataset(**changes))
    assert (answer.status, answer.comment) == (0x0105, "RTPlanLabel was not created")
    assert strict.read(uid).WorklistLabel == attribute_list().WorklistLabel


@pytest.mark.parametrize("keyword", ["ExpectedCompletionDateTime", "MedicalAlerts"])
def test_what_the_scp_must_support_can_be_set(tms: Tms, keyword: str) -> None:
    uid = tms.new()
    value = "20261121090000" if keyword.endswith("DateTime") else "latex"
    assert tms.set(uid, dataset(**{keyword: value})).status == 0
    assert tms.read(uid)[keyword].value == value


@pytest.mark.parametrize(
    ("sop_class", "context", "status"),
    [
        (UPS_PUSH, UPS_PULL, 0x0000),
        (UPS_PULL, UPS_PULL, 0x0000),
        (UPS_PULL, UPS_PUSH, 0x0119),
        (UPS_WATCH, UPS_PULL, 0x0119),
    ],
)
def test_the_sop_class_of_the_message(
    tms: Tms, lenient: Tms, sop_class: str, context: str, status: int
) -> None:
    """PS3.4 CC.3.1.1: UPS Push on each context; what the samples swap is for the lenient."""
    change = dataset(ProcedureStepLabel="new")
    uid = tms.new()
    assert tms.set(uid, change, sop_class=sop_class, context=context).status == status
    assert (tms.read(uid).ProcedureStepLabel == "new") is (status == 0)
    uid = lenient.new()
    assert lenient.set(uid, change, sop_class=sop_class, context=context).status == 0


def test_strict_demands_the_beam_of_a_progress_update(strict: Tms, tms: Tms) -> None:
    """RO-62; otherwise a warning in the log."""
    item = dataset(ProcedureStepProgress="10")
    for service, status in ((strict, 0x0120), (tms, 0x0000)):
        uid = service.bring_to("IN PROGRESS")
        changes = dataset(ProcedureStepProgressInformationSequence=[item])
        assert service.set(uid, changes, CLAIM).status == status
        assert service.set(uid, progress(), CLAIM).status == 0


def test_strict_demands_the_workitem_of_a_final_update(strict: Tms, tms: Tms) -> None:
    """RO-64; otherwise a warning in the log."""
    for service, status in ((strict, 0x0120), (tms, 0x0000)):
        uid = service.bring_to("IN PROGRESS")
        changes = final_update(PerformedWorkitemCodeSequence=None)
        assert service.set(uid, changes, CLAIM).status == status


@pytest.mark.parametrize("state", STATES[2:])
def test_a_final_step_stays_as_it_is(tms: Tms, state: str) -> None:
    uid = tms.bring_to(state)
    before = tms.read(uid)
    assert tms.set(uid, progress(), CLAIM).status == 0xC300
    assert tms.read(uid) == before
