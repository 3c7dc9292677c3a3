"""The states of the steps of a TMS, followed by the requests that it has answered."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from tdwii_gui.dicom.iod import tolerant
from tdwii_gui.dicom.iod.message_kind import UPS_CLASSES
from tdwii_gui.dicom.iod.ups import Progress, read_progress
from tdwii_gui.dicom.iod.ups_action import ActionType
from tdwii_gui.dicom.iod.ups_event import EventType, ListStatus, read_event
from tdwii_gui.dicom.ups.state import ProcedureStepState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tdwii_gui.judging.call import Call
    from tdwii_gui.judging.history import History

CHANGING: Final = ("N-CREATE", "N-SET", "N-ACTION")
_COLD: Final = ListStatus.COLD_START
_RANKS: Final = {
    ProcedureStepState.SCHEDULED: 0,
    ProcedureStepState.IN_PROGRESS: 1,
    ProcedureStepState.COMPLETED: 2,
    ProcedureStepState.CANCELED: 2,
}


@dataclass(frozen=True, slots=True)
class ManagedStep:
    """What is known of a step that a TMS manages.

    Parameters
    ----------
    state : ProcedureStepState
        As last shown.
    transaction_uid : str or None
        That of its claim, empty if nobody has claimed it; None if that is not known.
    """

    state: ProcedureStepState
    transaction_uid: str | None


@dataclass(frozen=True, slots=True)
class AnsweredCall:
    """A request to the TMS, in the order in which they were answered.

    Parameters
    ----------
    before : ManagedStep or None
        The step before it; None if it is not known, as where requests were under way at once.
    is_new : bool
        Whether no earlier message tells of the step.
    tells_progress : bool
        Whether it is an update that tells another progress than the last one.
    """

    call: Call
    before: ManagedStep | None
    is_new: bool
    tells_progress: bool = False


def follow(history: History, ae_title: str) -> Iterator[AnsweredCall]:
    """Yield the N-requests on steps that a TMS answered, each with the step before it."""
    calls = [call for call in history.received_by(ae_title) if call.sop_class_uid in UPS_CLASSES]
    contested = _contested(calls)
    calls += [call for call in history.sent_by(ae_title) if is_cold_start(call)]
    steps: dict[str, ManagedStep | None] = {}
    progress: dict[str, Progress] = {}
    for call in sorted(calls, key=_moment):
        if call.service == "N-EVENT-REPORT":
            steps.clear()
            continue
        if call.service == "C-FIND":
            for _, match in call.matches:
                _show(
                    steps, tolerant.text(match, "SOPInstanceUID"), match.get("ProcedureStepState")
                )
            continue
        if call.answered_at is None:
            steps[call.uid] = None
            continue
        is_contested = call.number in contested
        before = None if is_contested else steps.get(call.uid)
        tells_progress = _tells_progress(progress, call)
        yield AnsweredCall(call, before, call.uid not in steps, tells_progress)
        if call.is_accepted:
            _follow_accepted(steps, call)


def is_cold_start(call: Call) -> bool:
    """Whether a call is the report of a TMS that it has lost its steps (PS3.4 CC.2.4.3)."""
    if call.service != "N-EVENT-REPORT" or call.event is not EventType.SCP_STATUS_CHANGE:
        return False
    return read_event(EventType.SCP_STATUS_CHANGE, "", call.dataset).ups_list is _COLD


def rank(state: str) -> int | None:
    """Return how far a state is on the way of a step; None of what is no state."""
    return _RANKS.get(ProcedureStepState(state)) if state in set(ProcedureStepState) else None


def _tells_progress(last: dict[str, Progress], call: Call) -> bool:
    """Whether an update tells another percentage or description; takes note of them."""
    if call.service != "N-SET" or not call.is_accepted:
        return False
    told = read_progress(call.dataset)
    before = last.get(call.uid, Progress())
    if (told.percent, told.description) in ((None, ""), (before.percent, before.description)):
        return False
    last[call.uid] = told
    return True


def _follow_accepted(steps: dict[str, ManagedStep | None], call: Call) -> None:
    match call.service:
        case "N-CREATE":
            steps[call.uid] = ManagedStep(ProcedureStepState.SCHEDULED, "")
        case "N-GET":
            _show(steps, call.uid, call.answer.get("ProcedureStepState"))
        case "N-ACTION" if call.action is ActionType.CHANGE_STATE:
            _change(steps, call)
        case "N-ACTION" if call.action is ActionType.REQUEST_CANCEL:
            known = steps.get(call.uid)
            if known is not None and known.state is ProcedureStepState.SCHEDULED:
                steps[call.uid] = ManagedStep(ProcedureStepState.CANCELED, None)


def _change(steps: dict[str, ManagedStep | None], call: Call) -> None:
    state = call.text("ProcedureStepState")
    if state not in set(ProcedureStepState):
        return
    known = steps.get(call.uid)
    uid = call.text("TransactionUID") or None
    if state != ProcedureStepState.IN_PROGRESS and known is not None:
        uid = known.transaction_uid
    # A warning means that it was in that state already.
    steps[call.uid] = ManagedStep(ProcedureStepState(state), uid)


def _show(steps: dict[str, ManagedStep | None], uid: str, state: object) -> None:
    """Take note of a state that the TMS shows; its operator may have changed it."""
    if str(state) not in set(ProcedureStepState):
        return
    shown = ProcedureStepState(str(state))
    known = steps.get(uid)
    if known is None:
        steps[uid] = ManagedStep(shown, "" if shown is ProcedureStepState.SCHEDULED else None)
    elif _RANKS[shown] > _RANKS[known.state]:
        steps[uid] = replace(known, state=shown, transaction_uid=known.transaction_uid or None)


def _contested(calls: list[Call]) -> set[int]:
    """Return the numbers of requests during which another one on the same step was under way."""
    of_step: dict[str, list[Call]] = defaultdict(list)
    for call in calls:
        if call.service in CHANGING and call.uid:
            of_step[call.uid].append(call)
    contested: set[int] = set()
    for same in of_step.values():
        for one, other in pairwise(same):
            if one.overlaps(other):
                contested |= {one.number, other.number}
    return contested


def _moment(call: Call) -> float:
    return float("inf") if call.answered_at is None else call.answered_at
