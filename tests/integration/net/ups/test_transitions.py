"""Change UPS State on the wire (PS3.4 CC.1.1, Table CC.1.1-2; CC.2.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tdwii_gui.dicom.uids import UPS_PULL, UPS_PUSH
from tests.integration.net.ups.messages import attribute_list, dataset, final_update
from tests.integration.net.ups.wire import CLAIM, STATES, WRONG

if TYPE_CHECKING:
    from tests.integration.net.ups.wire import Tms

RIGHT = {
    # state: to SCHEDULED, IN PROGRESS, COMPLETED, CANCELED with the right Transaction UID
    "SCHEDULED": (0xC303, 0x0000, 0xC310, 0xC310),
    "IN PROGRESS": (0xC303, 0xC302, 0xC304, 0x0000),
    "COMPLETED": (0xC303, 0xC300, 0xB306, 0xC300),
    "CANCELED": (0xC303, 0xC300, 0xC300, 0xB304),
}
TABLE = [
    (state, requested, claim, right if claim == "right" or right == 0xC303 else 0xC301)
    for state, row in RIGHT.items()
    for requested, right in zip(STATES, row, strict=True)
    for claim in ("right", "wrong", "missing")
    # Of a SCHEDULED step no Transaction UID is recorded: any is right, none is wrong.
    if not (state == "SCHEDULED" and claim == "wrong")
]
GIVEN = {"right": CLAIM, "wrong": WRONG, "missing": None}


@pytest.mark.parametrize(("state", "requested", "claim", "status"), TABLE)
def test_state_requested_state_and_transaction_uid(
    tms: Tms, state: str, requested: str, claim: str, status: int
) -> None:
    uid = tms.bring_to(state)
    before = tms.read(uid)
    answer = tms.change(uid, requested, GIVEN[claim])
    assert answer.status == status
    assert len(answer.comment) <= 64
    if status == 0:
        assert tms.state(uid) == requested
    else:
        assert tms.read(uid) == before


def test_each_change_is_told_and_no_refusal_is(tms: Tms) -> None:
    uid = tms.new()
    tms.subscribe(uid)
    tms.change(uid, "COMPLETED")
    tms.change(uid, "IN PROGRESS", None)
    tms.change(uid, "IN PROGRESS")
    tms.change(uid, "IN PROGRESS")
    tms.change(uid, "IN PROGRESS", WRONG)
    tms.change(uid, "COMPLETED")
    tms.set(uid, final_update(), CLAIM)
    tms.change(uid, "COMPLETED")
    tms.change(uid, "COMPLETED")
    tms.change(uid, "CANCELED")
    assert [each.state for each in tms.told()] == ["SCHEDULED", "IN PROGRESS", "COMPLETED"]


@pytest.mark.parametrize("requested", STATES)
def test_an_unknown_step_is_c307(tms: Tms, requested: str) -> None:
    assert tms.change("1.2.3.4", requested).status == 0xC307


@pytest.mark.parametrize("state", STATES)
def test_a_taken_uid_is_0111_in_any_state(tms: Tms, state: str) -> None:
    uid = tms.bring_to(state)
    assert tms.create(attribute_list(), uid).status == 0x0111
    assert tms.state(uid) == state


def test_a_claim_of_somebody_else_is_c301(tms: Tms) -> None:
    uid = tms.bring_to("IN PROGRESS")
    assert tms.change(uid, "IN PROGRESS", WRONG).status == 0xC301
    assert tms.change(uid, "IN PROGRESS", CLAIM).status == 0xC302


@pytest.mark.parametrize("given", [CLAIM, WRONG, None])
@pytest.mark.parametrize("requested", STATES[1:])
def test_nobody_owns_a_step_canceled_while_scheduled(
    tms: Tms, requested: str, given: str | None
) -> None:
    uid = tms.new()
    tms.cancel(uid)
    assert tms.change(uid, requested, given).status == 0xC301


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({}, "ProcedureStepState"),
        ({"ProcedureStepState": "PAUSED", "TransactionUID": CLAIM}, "ProcedureStepState"),
        ({"ProcedureStepState": "IN PROGRESS", "TransactionUID": "no uid"}, "TransactionUID"),
    ],
)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_bad_argument_is_0115(tms: Tms, values: dict[str, str], named: str) -> None:
    uid = tms.new()
    # pynetdicom announces an empty data set and does not send it.
    answer = tms.act(1, uid, dataset(**values) if values else None)
    assert (answer.status, answer.comment.split()[0]) == (0x0115, named)
    assert tms.state(uid) == "SCHEDULED"


@pytest.mark.parametrize("action_type", [0, 6, 99])
def test_an_unknown_action_is_0123(tms: Tms, action_type: int) -> None:
    uid = tms.new()
    assert tms.act(action_type, uid, dataset(ReceivingAE="WATCHER")).status == 0x0123


def test_who_asks_does_not_matter_but_the_transaction_uid(tms: Tms) -> None:
    """PS3.4 CC.1.1: rights are not bound to an AE."""
    uid = tms.bring_to("IN PROGRESS")
    other = tms.associate([UPS_PULL], "COLLEAGUE")
    information = dataset(ProcedureStepState="CANCELED", TransactionUID=CLAIM)
    command, _ = other.send_n_action(
        information,
        1,
        UPS_PUSH,
        uid,
        meta_uid=UPS_PULL,
    )
    assert command.Status == 0
    assert tms.state(uid) == "CANCELED"
