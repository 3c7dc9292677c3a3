"""Request UPS Cancel on the wire (PS3.4 CC.2.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tdwii_gui.dicom.uids import UPS_PUSH, UPS_WATCH
from tests.integration.net.ups.messages import code, dataset
from tests.integration.net.ups.wire import CLAIM

if TYPE_CHECKING:
    from tests.integration.net.ups.wire import Tms

REASON = {
    "SpecificCharacterSet": "ISO_IR 192",
    "ReasonForCancellation": "Gerät belegt",
    "ProcedureStepDiscontinuationReasonCodeSequence": [code("110514", "DCM")],
    "ContactURI": "tel:1234",
    "ContactDisplayName": "Büro",
}


def test_a_scheduled_step_is_canceled(tms: Tms) -> None:
    uid = tms.new()
    tms.subscribe(uid)
    assert tms.cancel(uid, **REASON).status == 0
    step = tms.read(uid)
    assert step.ProcedureStepState == "CANCELED"
    (item,) = step.ProcedureStepProgressInformationSequence
    assert item.ReasonForCancellation == "Gerät belegt"
    assert item.ProcedureStepDiscontinuationReasonCodeSequence[0].CodeValue == "110514"
    assert item.ProcedureStepCancellationDateTime
    (contact,) = item.ProcedureStepCommunicationsURISequence
    assert (contact.ContactURI, contact.ContactDisplayName) == ("tel:1234", "Büro")
    told = tms.told()
    assert [each.brief for each in told] == [
        (1, uid, "SCHEDULED"),
        (1, uid, "IN PROGRESS"),
        (1, uid, "CANCELED"),
    ]
    assert told[-1].information.ReasonForCancellation == "Gerät belegt"


def test_without_a_reason_the_final_state_is_met_too(strict: Tms) -> None:
    uid = strict.new()
    assert strict.act(2, uid, None).status == 0
    (item,) = strict.read(uid).ProcedureStepProgressInformationSequence
    assert item.ProcedureStepDiscontinuationReasonCodeSequence[0].CodeValue == "110513"


def test_the_performer_of_a_step_in_progress_is_asked(tms: Tms) -> None:
    uid = tms.bring_to("IN PROGRESS")
    tms.subscribe(uid)
    tms.subscribe(uid, receiving_ae="OTHER")
    tms.told()
    tms.told("OTHER")
    assert tms.cancel(uid, **REASON).status == 0
    assert tms.state(uid) == "IN PROGRESS"
    for receiver in ("WATCHER", "OTHER"):
        (event,) = tms.told(receiver)
        told = event.information
        assert event.event_type == 2
        assert told.RequestingAE == "BARE"
        assert told.ReasonForCancellation == "Gerät belegt"
        assert told.ProcedureStepDiscontinuationReasonCodeSequence[0].CodeValue == "110514"
        assert (told.ContactURI, told.ContactDisplayName) == ("tel:1234", "Büro")
    assert tms.change(uid, "CANCELED", CLAIM).status == 0


@pytest.mark.parametrize("mode", ["tms", "strict", "lenient"])
def test_nobody_who_could_be_told_is_c312(mode: str, request: pytest.FixtureRequest) -> None:
    tms: Tms = request.getfixturevalue(mode)
    uid = tms.bring_to("IN PROGRESS")
    assert tms.cancel(uid).status == 0xC312
    assert tms.state(uid) == "IN PROGRESS"


@pytest.mark.parametrize(("state", "status"), [("COMPLETED", 0xC311), ("CANCELED", 0xB304)])
def test_a_final_step_stays_as_it_is(tms: Tms, state: str, status: int) -> None:
    uid = tms.bring_to(state)
    before = tms.read(uid)
    tms.subscribe(uid)
    assert tms.cancel(uid).status == status
    assert tms.read(uid) == before
    assert [each.brief for each in tms.told()] == [(1, uid, state)]


def test_an_unknown_step_is_c307(tms: Tms) -> None:
    assert tms.cancel("1.2.3.4").status == 0xC307


@pytest.mark.parametrize("context", [UPS_PUSH, UPS_WATCH])
def test_both_sop_classes_have_it(strict: Tms, context: str) -> None:
    uid = strict.new()
    assert strict.act(2, uid, None, context=context).status == 0


@pytest.mark.parametrize("state", ["SCHEDULED", "IN PROGRESS"])
def test_a_reason_code_that_is_none_is_0115(tms: Tms, state: str) -> None:
    uid = tms.bring_to(state)
    tms.subscribe(uid)
    wrong = dataset(CodeMeaning="no code")
    answer = tms.cancel(uid, ProcedureStepDiscontinuationReasonCodeSequence=[wrong])
    assert (answer.status, answer.comment.split()[0]) == (0x0115, "CodeValue")
    assert tms.state(uid) == state
