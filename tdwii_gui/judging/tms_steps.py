"""How a TMS answers requests that create, claim, update and end steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tdwii_gui.dicom.iod import requirements
from tdwii_gui.dicom.iod.message_kind import PERFORMED, PROGRESS
from tdwii_gui.dicom.iod.profile import check_profile
from tdwii_gui.dicom.iod.ups import read_progress
from tdwii_gui.dicom.iod.ups_action import ActionType
from tdwii_gui.dicom.status import Status
from tdwii_gui.dicom.ups.state import ProcedureStepState, check_modification, check_transition
from tdwii_gui.judging.managed_steps import follow
from tdwii_gui.judging.observation import observed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tdwii_gui.judging.call import Call
    from tdwii_gui.judging.history import History
    from tdwii_gui.judging.managed_steps import AnsweredCall, ManagedStep
    from tdwii_gui.judging.observation import Observation

_INCOMPLETE: Final = (Status.MISSING_ATTRIBUTE, Status.MISSING_ATTRIBUTE_VALUE)
_CLAIM_KEYS: Final = {
    Status.SUCCESS: "tms-grants-claim",
    Status.UPS_TRANSACTION_UID_WRONG: "tms-refuses-other-claim",
    Status.UPS_ALREADY_IN_PROGRESS: "tms-refuses-second-claim",
    Status.UPS_FINAL: "tms-refuses-late-change",
}
_END_KEYS: Final = {
    Status.UPS_TRANSACTION_UID_WRONG: "tms-refuses-other-end",
    Status.UPS_NOT_IN_PROGRESS: "tms-refuses-early-end",
    Status.UPS_FINAL: "tms-refuses-late-change",
    Status.UPS_ALREADY_COMPLETED: "tms-warns-again",
    Status.UPS_ALREADY_CANCELED: "tms-warns-again",
}
_UPDATE_KEYS: Final = {
    Status.SUCCESS: "tms-updates",
    Status.UPS_TRANSACTION_UID_WRONG: "tms-refuses-other-update",
    Status.UPS_FINAL: "tms-refuses-late-update",
}
_CANCEL_ANSWERS: Final = {
    ProcedureStepState.SCHEDULED: (Status.SUCCESS,),
    ProcedureStepState.IN_PROGRESS: (
        Status.SUCCESS, Status.UPS_PERFORMER_UNREACHABLE, Status.UPS_PERFORMER_DECLINES,
    ),
    ProcedureStepState.COMPLETED: (Status.UPS_CANCEL_ALREADY_COMPLETED,),
    ProcedureStepState.CANCELED: (Status.UPS_ALREADY_CANCELED,),
}  # fmt: skip


def observe_steps(history: History, ae_title: str) -> Iterator[Observation]:
    """Yield how a TMS answered the requests on its steps."""
    claims: dict[str, Call] = {}
    for answered in follow(history, ae_title):
        call, before = answered.call, answered.before
        match call.service:
            case "N-CREATE":
                yield from _observe_creation(answered)
            case "N-SET" if before is not None:
                yield from _observe_update(call, before)
            case "N-GET" if before is not None:
                yield from _observe_kept(history, call)
            case "N-ACTION" if call.action is ActionType.CHANGE_STATE:
                yield from _observe_performers(call, claims)
                if before is not None:
                    yield from _observe_change(history, call, before)
            case "N-ACTION" if call.action is ActionType.REQUEST_CANCEL and before is not None:
                yield _answered(call, "tms-cancel-requests", *_CANCEL_ANSWERS[before.state])
        yield from _observe_unknown(answered)


def _answered(call: Call, key: str, *wanted: Status) -> Observation:
    words = f"answers with {call.answer_words}"
    is_met = call.status in wanted
    if not is_met:
        words += f", not with {' or '.join(f'{status:04X}H' for status in wanted)}"
    return observed(key, is_met, words, call)


def _observe_creation(answered: AnsweredCall) -> Iterator[Observation]:
    call = answered.call
    violations = requirements.check_create(call.dataset)
    if answered.before is not None:
        yield _answered(call, "tms-refuses-duplicate", Status.DUPLICATE_SOP_INSTANCE)
    elif any(one.status is Status.UPS_NOT_CREATED_SCHEDULED for one in violations):
        yield _answered(call, "tms-refuses-unscheduled", Status.UPS_NOT_CREATED_SCHEDULED)
    elif any(one.status in _INCOMPLETE for one in violations):
        lacking = next(one.attribute for one in violations if one.status in _INCOMPLETE)
        words = f"without {lacking}: answers with {call.answer_words}"
        yield observed("tms-refuses-incomplete", call.is_refused, words, call)
    elif not violations and answered.is_new:
        words = f"answers with {call.answer_words}"
        yield observed("tms-creates", call.is_accepted, words, call)


def _observe_performers(call: Call, claims: dict[str, Call]) -> Iterator[Observation]:
    """Yield whether a second performer got a step too; `claims` are the accepted ones so far."""
    if call.text("ProcedureStepState") != ProcedureStepState.IN_PROGRESS:
        return
    first = claims.get(call.uid)
    if call.is_accepted and first is None:
        claims[call.uid] = call
    elif first is not None and call.text("TransactionUID") != first.text("TransactionUID"):
        words = f"answers a second claim with {call.answer_words}"
        yield observed("tms-one-performer", call.is_refused, words, first, call)


def _observe_change(history: History, call: Call, before: ManagedStep) -> Iterator[Observation]:
    text, given = call.text("ProcedureStepState"), call.text("TransactionUID")
    if text not in set(ProcedureStepState):
        return
    state = ProcedureStepState(text)
    if given and before.transaction_uid is None and state is not ProcedureStepState.SCHEDULED:
        return  # nobody knows whether it is the right one
    expected = check_transition(before.state, state, before.transaction_uid or "", given)
    if state is ProcedureStepState.SCHEDULED:
        yield _answered(call, "tms-refuses-scheduled", expected)
    elif state is ProcedureStepState.IN_PROGRESS:
        yield _answered(call, _CLAIM_KEYS[expected], expected)
    elif expected is not Status.SUCCESS:
        yield _answered(call, _END_KEYS[expected], expected)
    else:
        yield _observe_end(history, call, state)


def _observe_end(history: History, call: Call, state: ProcedureStepState) -> Observation:
    """Return what an end by the performer shows, by what the step was told before it."""
    told = history.step(call.uid, call.number).dataset
    lacking = [one.attribute for one in requirements.check_final(told, state)]
    # The SCP itself may give the reason of a cancellation (PS3.4 CC.2.5.1.3.2, note).
    if state is ProcedureStepState.COMPLETED and any(p.startswith(PERFORMED) for p in lacking):
        return _answered(call, "tms-refuses-incomplete-end", Status.UPS_FINAL_STATE_UNMET)
    if lacking or check_profile(told, "completed"):
        return _answered(call, "tms-ends", Status.SUCCESS, Status.UPS_FINAL_STATE_UNMET)
    return _answered(call, "tms-ends", Status.SUCCESS)


def _observe_update(call: Call, before: ManagedStep) -> Iterator[Observation]:
    given = call.text("TransactionUID")
    if given and before.transaction_uid is None and not before.state.is_final:
        return
    expected = check_modification(before.state, before.transaction_uid or "", given)
    if expected is Status.UPS_NOT_IN_PROGRESS:
        words = f"answers with {call.answer_words}"
        yield observed("tms-refuses-early-update", call.is_refused, words, call)
    elif expected is not Status.SUCCESS:
        yield _answered(call, _UPDATE_KEYS[expected], expected)
    elif not requirements.check_set(call.dataset):
        words = f"answers with {call.answer_words}"
        yield observed("tms-updates", call.is_accepted, words, call)


def _observe_kept(history: History, call: Call) -> Iterator[Observation]:
    """Yield whether an N-GET returns the progress of the last update before it."""
    updates = [
        one
        for one in history.on_instance(call.uid, "N-SET")
        if one.is_accepted and PROGRESS in one.dataset
    ]
    if any(one.overlaps(call) for one in updates) or PROGRESS not in call.answer:
        return
    before = [one for one in updates if one.number < call.number]
    told = read_progress(before[-1].dataset).percent if before else None
    if told is None:
        return
    kept = read_progress(call.answer).percent
    words = f"returns {'no progress' if kept is None else f'{kept:g} %'}, was told {told:g} %"
    yield observed("tms-keeps-updates", kept == told, words, before[-1], call)


def _observe_unknown(answered: AnsweredCall) -> Iterator[Observation]:
    call, before = answered.call, answered.before
    is_unknown = call.status == Status.UPS_UNKNOWN
    if call.service == "N-CREATE":
        return
    if is_unknown and before is not None and not before.state.is_final:
        words = f"does not know the step, which was {before.state}"
        yield observed("tms-unknown-step", False, words, call)
    elif is_unknown and answered.is_new:
        yield observed("tms-unknown-step", True, "does not know the step", call)
    elif call.status == Status.NO_SUCH_SOP_INSTANCE:
        yield _answered(call, "tms-unknown-step", Status.UPS_UNKNOWN)
