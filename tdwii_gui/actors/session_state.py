"""The states of a treatment session, and what can be done in each."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class SessionState(StrEnum):
    """How far a session is."""

    SELECTED = "selected"
    INPUTS_READY = "inputs ready"
    CONFIRMED = "confirmed"
    CLAIMED = "claimed"
    READY = "ready"
    BEAM_ON = "beam on"
    PAUSED = "paused"
    DELIVERED = "delivered"
    STOPPED = "stopped"
    RECORDED = "recorded"
    UPDATED = "updated"
    COMPLETED = "completed"
    CANCELED = "canceled"

    @property
    def is_final(self) -> bool:
        """Whether no further state can follow."""
        return self in (SessionState.COMPLETED, SessionState.CANCELED)

    @property
    def is_delivering(self) -> bool:
        """Whether a delivery has begun and not ended."""
        return self in (SessionState.BEAM_ON, SessionState.PAUSED)


class SessionAction(StrEnum):
    """What can be done in a session."""

    RETRIEVE = "retrieve"
    CONFIRM = "confirm"
    START = "start"
    BEAM_ON = "beam on"
    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"
    CONTINUE = "continue the delivery"
    STORE_RECORDS = "store records"
    WAIVE_RECORDS = "do without records"
    FINAL_UPDATE = "final update"
    COMPLETE = "complete"
    CANCEL = "cancel"


_S = SessionState
_A = SessionAction

_ALLOWED: Final = {
    _A.RETRIEVE: (_S.SELECTED, _S.INPUTS_READY),
    _A.CONFIRM: (_S.INPUTS_READY,),
    _A.START: (_S.CONFIRMED, _S.CLAIMED),
    _A.BEAM_ON: (_S.READY,),
    _A.PAUSE: (_S.BEAM_ON,),
    _A.RESUME: (_S.PAUSED,),
    _A.STOP: (_S.BEAM_ON, _S.PAUSED),
    _A.CONTINUE: (_S.STOPPED,),
    _A.STORE_RECORDS: (_S.DELIVERED, _S.STOPPED),
    _A.WAIVE_RECORDS: (_S.DELIVERED, _S.STOPPED),
    _A.FINAL_UPDATE: (_S.RECORDED,),
    _A.COMPLETE: (_S.UPDATED,),
    _A.CANCEL: (
        _S.CLAIMED,
        _S.READY,
        _S.BEAM_ON,
        _S.PAUSED,
        _S.DELIVERED,
        _S.STOPPED,
        _S.RECORDED,
        _S.UPDATED,
    ),
}

_MISSING: Final = {
    _S.SELECTED: "the inputs are not here yet",
    _S.INPUTS_READY: "the patient is not confirmed yet",
    _S.CONFIRMED: "the step is not claimed yet",
    _S.CLAIMED: "the instruction is not here yet, or does not agree with the step",
    _S.READY: "the beam has not been on yet",
    _S.BEAM_ON: "the beam is still on",
    _S.PAUSED: "the delivery is paused, not ended",
    _S.DELIVERED: "the treatment records are not stored yet",
    _S.STOPPED: "the treatment records are not stored yet",
    _S.RECORDED: "the final update is not sent yet",
}
"""What each state still lacks for what comes later."""

_DONE: Final = {
    _S.INPUTS_READY: "the inputs are here already",
    _S.CONFIRMED: "the patient is confirmed already",
    _S.CLAIMED: "the step is claimed already",
    _S.READY: "the session is started already",
    _S.BEAM_ON: "the beam is on already",
    _S.PAUSED: "the delivery is paused already",
    _S.DELIVERED: "all beams are delivered",
    _S.STOPPED: "the delivery was stopped",
    _S.RECORDED: "the treatment records are stored already",
    _S.UPDATED: "the final update is sent already",
    _S.COMPLETED: "the step is completed",
    _S.CANCELED: "the step is canceled",
}
"""What each state says about what comes before it."""

_ORDER: Final = {state: number for number, state in enumerate(SessionState)}


def why_not(action: SessionAction, state: SessionState) -> str:
    """Return why a state does not allow an action: what is missing, or done; empty if it does."""
    allowed = _ALLOWED[action]
    if state in allowed:
        return ""
    if _ORDER[state] < _ORDER[allowed[0]]:
        # A step that is not claimed has nothing to be canceled by us, whatever else it lacks.
        return _MISSING[_S.CONFIRMED if action is _A.CANCEL else state]
    return _DONE[state]
