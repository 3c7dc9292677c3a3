from __future__ import annotations

import pytest

from tdwii_gui.actors.session_state import SessionAction, SessionState, why_not

WAY = (
    (SessionState.SELECTED, SessionAction.RETRIEVE),
    (SessionState.INPUTS_READY, SessionAction.CONFIRM),
    (SessionState.CONFIRMED, SessionAction.START),
    (SessionState.CLAIMED, SessionAction.START),
    (SessionState.READY, SessionAction.BEAM_ON),
    (SessionState.BEAM_ON, SessionAction.PAUSE),
    (SessionState.PAUSED, SessionAction.RESUME),
    (SessionState.DELIVERED, SessionAction.STORE_RECORDS),
    (SessionState.STOPPED, SessionAction.STORE_RECORDS),
    (SessionState.STOPPED, SessionAction.CONTINUE),
    (SessionState.STOPPED, SessionAction.WAIVE_RECORDS),
    (SessionState.DELIVERED, SessionAction.WAIVE_RECORDS),
    (SessionState.RECORDED, SessionAction.FINAL_UPDATE),
    (SessionState.UPDATED, SessionAction.COMPLETE),
)
CANCELABLE = {
    SessionState.CLAIMED,
    SessionState.READY,
    SessionState.BEAM_ON,
    SessionState.PAUSED,
    SessionState.DELIVERED,
    SessionState.STOPPED,
    SessionState.RECORDED,
    SessionState.UPDATED,
}


@pytest.mark.parametrize(("state", "action"), WAY)
def test_the_way_of_a_session_is_allowed(state: SessionState, action: SessionAction) -> None:
    assert why_not(action, state) == ""


def test_what_is_not_allowed_has_a_reason_in_every_state() -> None:
    for state in SessionState:
        for action in SessionAction:
            assert isinstance(why_not(action, state), str)
        if state.is_final:
            assert all(why_not(action, state) for action in SessionAction)


def test_a_step_can_be_canceled_once_it_is_claimed() -> None:
    assert {s for s in SessionState if not why_not(SessionAction.CANCEL, s)} == CANCELABLE
    for state in (SessionState.SELECTED, SessionState.INPUTS_READY, SessionState.CONFIRMED):
        assert why_not(SessionAction.CANCEL, state) == "the step is not claimed yet"


@pytest.mark.parametrize(
    ("action", "state", "words"),
    [
        (SessionAction.BEAM_ON, SessionState.SELECTED, "the inputs are not here yet"),
        (SessionAction.START, SessionState.INPUTS_READY, "the patient is not confirmed yet"),
        (SessionAction.BEAM_ON, SessionState.STOPPED, "the delivery was stopped"),
        (SessionAction.COMPLETE, SessionState.RECORDED, "the final update is not sent yet"),
        (SessionAction.STORE_RECORDS, SessionState.PAUSED, "the delivery is paused, not ended"),
        (SessionAction.PAUSE, SessionState.COMPLETED, "the step is completed"),
        (SessionAction.CONTINUE, SessionState.RECORDED, "the treatment records are stored already"),
    ],
)
def test_the_reason_says_what_is_missing_or_done(
    action: SessionAction, state: SessionState, words: str
) -> None:
    assert why_not(action, state) == words
