"""Change UPS State and Request UPS Cancel (PS3.4 CC.2.1, CC.2.2, Table CC.1.1-2)."""

from __future__ import annotations

import pytest

from tdwii_gui.dicom.ups.mode import ServiceMode

UID = "1.2.3.100"
OWN = "1.2.3.4.1"
OTHER = "1.2.3.4.2"
STATES = ("SCHEDULED", "IN PROGRESS", "COMPLETED", "CANCELED")

# requested: status in (SCHEDULED, IN PROGRESS, COMPLETED, CANCELED) with the right UID
WITH_UID = {
    "SCHEDULED": (0xC303, 0xC303, 0xC303, 0xC303),
    "IN PROGRESS": (0x0000, 0xC302, 0xC300, 0xC300),
    "COMPLETED": (0xC310, 0x0000, 0xB306, 0xC300),
    "CANCELED": (0xC310, 0x0000, 0xC300, 0xB304),
}
CELLS = [
    pytest.param(current, requested, uid, status, id=f"{current}-{requested}-{name}")
    for requested, row in WITH_UID.items()
    for current, right in zip(STATES, row, strict=True)
    for name, uid, status in (
        ("right", OWN, right),
        ("missing", None, 0xC303 if requested == "SCHEDULED" else 0xC301),
        ("empty", "", 0xC303 if requested == "SCHEDULED" else 0xC301),
        # In SCHEDULED none is recorded, so that any is right.
        ("wrong", OTHER, right)
        if current == "SCHEDULED"
        else ("wrong", OTHER, 0xC303 if requested == "SCHEDULED" else 0xC301),
    )
]


@pytest.mark.parametrize(("current", "requested", "transaction_uid", "status"), CELLS)
def test_the_whole_transition_table(
    worklist, performed, reason, refused, current, requested, transaction_uid, status
) -> None:
    worklist.bring_to(current)
    if current == "IN PROGRESS":
        modifications = performed()
        modifications.update(reason())
        worklist.set(modifications)
    worklist.changes.clear()
    if status in (0x0000, 0xB304, 0xB306):
        assert worklist.change_state(requested, transaction_uid) == status
    else:
        assert refused(worklist.change_state, requested, transaction_uid)[0] == status
    assert worklist.state() == (requested if status == 0 else current)
    assert [change.state for change in worklist.changes] == ([requested] if status == 0 else [])


@pytest.mark.parametrize("requested", STATES)
def test_an_unknown_step_is_refused(worklist, dataset, refused, requested) -> None:
    information = dataset(ProcedureStepState=requested, TransactionUID=OWN)
    assert refused(worklist.service.change_state, "1.2.9", information, "TDD")[0] == 0xC307


@pytest.mark.parametrize("state", ["", "DONE", "IN_PROGRESS"])
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_an_unknown_state_is_an_invalid_argument(worklist, refused, state) -> None:
    worklist.create()
    assert refused(worklist.change_state, state)[0] == 0x0115


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_claim_needs_a_uid(worklist, refused) -> None:
    worklist.create()
    assert refused(worklist.change_state, "IN PROGRESS", "no uid")[0] == 0x0115
    assert worklist.state() == "SCHEDULED"


def test_completed_needs_what_the_standard_asks_for(worklist, performed, refused) -> None:
    worklist.bring_to("IN PROGRESS")
    status, comment = refused(worklist.change_state, "COMPLETED")
    assert status == 0xC304
    assert comment
    assert worklist.state() == "IN PROGRESS"
    worklist.set(performed())
    assert worklist.change_state("COMPLETED") == 0


def test_canceled_without_reason_gets_the_unspecified_one(worklist) -> None:
    worklist.bring_to("IN PROGRESS")
    assert worklist.change_state("CANCELED") == 0
    (item,) = worklist.service.get(UID).ProcedureStepProgressInformationSequence
    assert item.ProcedureStepDiscontinuationReasonCodeSequence[0].CodeValue == "110513"
    assert item.ProcedureStepCancellationDateTime.startswith("20261121")


def test_canceled_without_reason_is_refused_when_strict(strict_worklist, reason, refused) -> None:
    strict_worklist.bring_to("IN PROGRESS")
    assert refused(strict_worklist.change_state, "CANCELED")[0] == 0xC304
    strict_worklist.set(reason())
    assert strict_worklist.change_state("CANCELED") == 0
    (item,) = strict_worklist.service.get(UID).ProcedureStepProgressInformationSequence
    assert item.ProcedureStepCancellationDateTime.startswith("20261121")  # the SCP's to fill


def test_a_cancellation_keeps_what_the_performer_said(worklist, dataset, reason) -> None:
    worklist.bring_to("IN PROGRESS")
    modifications = reason()
    item = modifications.ProcedureStepProgressInformationSequence[0]
    item.ProcedureStepProgress = "40"
    item.ProcedureStepCancellationDateTime = "20261121074500+0000"
    worklist.set(modifications)
    worklist.change_state("CANCELED")
    (kept,) = worklist.service.get(UID).ProcedureStepProgressInformationSequence
    assert kept == item


def test_every_change_of_state_is_reported(worklist, performed) -> None:
    worklist.create()
    worklist.subscribe()
    worklist.change_state("IN PROGRESS")
    worklist.set(performed())
    worklist.change_state("COMPLETED")
    worklist.change_state("COMPLETED")  # B306: no change, no report
    assert worklist.events() == [
        (1, UID, "SCHEDULED"),
        (1, UID, "IN PROGRESS"),
        (1, UID, "COMPLETED"),
    ]


def cancel(worklist, dataset, code, uid: str = UID) -> int:
    information = dataset(
        SpecificCharacterSet="ISO_IR 192",
        ReasonForCancellation="日本",
        ProcedureStepDiscontinuationReasonCodeSequence=[code("110514", "DCM")],
        ContactURI="tel:1234",
        ContactDisplayName="Desk",
    )
    return worklist.service.request_cancel(uid, information, "DESK")


def test_request_cancel_of_a_scheduled_step_cancels_it(worklist, dataset, code) -> None:
    worklist.create()
    worklist.subscribe()
    worklist.events()
    worklist.changes.clear()
    assert cancel(worklist, dataset, code) == 0
    step = worklist.service.get(UID)
    assert step.ProcedureStepState == "CANCELED"
    (item,) = step.ProcedureStepProgressInformationSequence
    assert item.ReasonForCancellation == "日本"
    assert item.ProcedureStepDiscontinuationReasonCodeSequence[0].CodeValue == "110514"
    assert item.ProcedureStepCancellationDateTime.startswith("20261121")
    assert item.ProcedureStepCommunicationsURISequence[0].ContactURI == "tel:1234"
    assert step.PatientName == "Müller^Jörg"
    events = worklist.outbox.next("WATCHER")
    assert [event.event_type for event in events] == [1, 1]
    states = [event.information.ProcedureStepState for event in events]
    assert states == ["IN PROGRESS", "CANCELED"]
    assert events[1].information.ReasonForCancellation == "日本"
    assert [change.state for change in worklist.changes] == ["CANCELED"]


@pytest.mark.parametrize("mode", list(ServiceMode))
def test_request_cancel_without_reason_meets_the_final_requirements(
    make_worklist, tmp_path, dataset, mode
) -> None:
    worklist = make_worklist(tmp_path / "ups.sqlite", mode)
    worklist.create()
    assert worklist.service.request_cancel(UID, dataset(), "DESK") == 0
    (item,) = worklist.service.get(UID).ProcedureStepProgressInformationSequence
    assert item.ProcedureStepDiscontinuationReasonCodeSequence[0].CodeValue == "110513"


@pytest.mark.parametrize("transaction_uid", [OWN, ""])
def test_nobody_owns_a_step_canceled_while_scheduled(
    worklist, dataset, refused, transaction_uid
) -> None:
    worklist.create()
    worklist.service.request_cancel(UID, dataset(), "DESK")
    for state in ("IN PROGRESS", "COMPLETED", "CANCELED"):
        assert refused(worklist.change_state, state, transaction_uid)[0] == 0xC301


def test_request_cancel_of_a_step_in_progress_asks_the_performer(worklist, dataset, code) -> None:
    worklist.bring_to("IN PROGRESS")
    worklist.subscribe("WATCHER")
    worklist.subscribe("OTHER")
    worklist.events()
    worklist.changes.clear()
    assert cancel(worklist, dataset, code) == 0
    assert worklist.state() == "IN PROGRESS"
    (event,) = worklist.outbox.next("WATCHER")
    assert event.event_type == 2
    assert event.information.RequestingAE == "DESK"
    assert event.information.ReasonForCancellation == "日本"
    assert event.information.ContactURI == "tel:1234"
    (change,) = worklist.changes
    assert (change.kind, change.state) == ("cancel requested", "IN PROGRESS")
    assert set(change.receivers) == {"WATCHER", "OTHER"}


@pytest.mark.parametrize(
    ("state", "status"), [("IN PROGRESS", 0xC312), ("COMPLETED", 0xC311), ("CANCELED", 0xB304)]
)
def test_request_cancel_that_has_no_effect(worklist, dataset, code, refused, state, status) -> None:
    worklist.bring_to(state)
    worklist.changes.clear()
    if status == 0xB304:
        assert cancel(worklist, dataset, code) == status
    else:
        assert refused(cancel, worklist, dataset, code)[0] == status
    assert worklist.state() == state
    assert worklist.changes == []


def test_request_cancel_of_an_unknown_step(worklist, dataset, code, refused) -> None:
    assert refused(cancel, worklist, dataset, code, "1.2.9")[0] == 0xC307
