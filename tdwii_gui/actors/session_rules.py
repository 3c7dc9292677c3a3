"""What a session may do beyond what its state says, and which state follows from its work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tdwii_gui.actors.session_state import SessionAction, SessionState, why_not
from tdwii_gui.dicom.iod.ups import ProcedureStepState
from tdwii_gui.dicom.store.session_entry import Stage

if TYPE_CHECKING:
    from tdwii_gui.actors.session_work import SessionWork

UNCLAIMED: Final = (SessionState.SELECTED, SessionState.INPUTS_READY, SessionState.CONFIRMED)
"""The states before the claim."""

_RESTORED: Final = {
    Stage.DELIVERED: SessionState.DELIVERED,
    Stage.RECORDED: SessionState.RECORDED,
    Stage.UPDATED: SessionState.UPDATED,
}


def obstacle(action: SessionAction, state: SessionState, work: SessionWork) -> str:
    """Return what is missing for an action, in words; empty if it can be done."""
    if action is SessionAction.CANCEL and state in UNCLAIMED and work.is_ours:
        # It was claimed before, or may be; but what was delivered then has to be known first.
        return "the inputs are not here yet" if work.restored is not None else ""
    return why_not(action, state) or _lacking(action, state, work)


def is_goal_met(work: SessionWork) -> bool:
    """Return whether all is delivered that the instruction asks for."""
    if work.instruction is None or work.group is None:
        return work.percent >= 100
    return not work.remaining()


def restored_state(work: SessionWork) -> SessionState:
    """Return the state of a session that goes on with an earlier one."""
    if work.instruction is None and not work.results.records:
        return SessionState.SELECTED  # without it no records can be made
    if work.restored is Stage.BEAM_ON and is_goal_met(work):
        return SessionState.DELIVERED  # it ended before that was noted
    return _RESTORED.get(work.restored or Stage.BEAM_ON, SessionState.STOPPED)


def state_of_ended_step(work: SessionWork, state: SessionState) -> SessionState | None:
    """Return the last state of a session whose step has ended without it; None before that."""
    if work.over is None or work.results.owes_records or state.is_final:
        return None
    is_completed = work.over is ProcedureStepState.COMPLETED
    return SessionState.COMPLETED if is_completed else SessionState.CANCELED


def _lacking(action: SessionAction, state: SessionState, work: SessionWork) -> str:
    """Return what is missing for an action that the state allows."""
    results = work.results
    match action:
        case SessionAction.START if state is SessionState.CONFIRMED:
            return _why_not_claim(work)
        case SessionAction.STORE_RECORDS if not (results.beams or results.records):
            return "nothing was delivered"
        case SessionAction.WAIVE_RECORDS if not results.store_failure:
            return "no record has failed to be stored"
        case SessionAction.CONTINUE if results.records:
            return "the treatment records are made already"
        case SessionAction.CONTINUE if work.over is not None:
            return f"the step is {work.over}"
        case SessionAction.COMPLETE if not is_goal_met(work):
            return "not all was delivered: the step can only be canceled, with its reason"
    return ""


def _why_not_claim(work: SessionWork) -> str:
    if failed := [check for check in work.checks if check.is_obstacle]:
        return f"{failed[0].subject}: {failed[0].text}"
    state = work.step.state
    if state is not None and state.is_final:
        return f"the step is {state}"
    if state is ProcedureStepState.IN_PROGRESS and not work.is_ours:
        return "the step is IN PROGRESS at another device"
    return ""
