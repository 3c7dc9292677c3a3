"""What a TMS reports to those that have subscribed to its steps."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tdwii_gui.dicom import uids
from tdwii_gui.dicom.iod.message_kind import UPS_CLASSES
from tdwii_gui.dicom.iod.message_requirements import EVENT_ARGUMENTS
from tdwii_gui.dicom.iod.ups import ProcedureStepState
from tdwii_gui.dicom.iod.ups_action import ActionType
from tdwii_gui.dicom.iod.ups_event import EventType, ListStatus, read_event
from tdwii_gui.dicom.status import Status
from tdwii_gui.judging.managed_steps import follow
from tdwii_gui.judging.observation import class_words, judged, observed
from tdwii_gui.judging.subscriptions import Subscriptions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tdwii_gui.judging.call import Call
    from tdwii_gui.judging.history import History
    from tdwii_gui.judging.managed_steps import AnsweredCall
    from tdwii_gui.judging.observation import Observation

_SUBSCRIBING: Final = (ActionType.SUBSCRIBE, ActionType.UNSUBSCRIBE, ActionType.SUSPEND_GLOBAL)
_INITIAL: Final = "tms-reports-initial"
_GLOBAL: Final = (uids.UPS_GLOBAL_SUBSCRIPTION, uids.UPS_FILTERED_GLOBAL_SUBSCRIPTION)


@dataclass(frozen=True, slots=True)
class _Due:
    """A report that a change calls for."""

    key: str
    event: EventType
    state: str = ""


def observe_events(history: History, ae_title: str) -> Iterator[Observation]:
    """Yield what a TMS reported, and what it should have."""
    reports = _Reports(history, ae_title)
    for call in reports.calls:
        is_right = call.sop_class_uid == uids.UPS_PUSH
        is_right = is_right and call.context_uid in ("", uids.UPS_EVENT)
        words = f"reports events of {class_words(call.sop_class_uid)}"
        if call.context_uid:
            words = f"{words} in a context of {class_words(call.context_uid)}"
        yield observed("tms-event-names-push", is_right, words, call)
        yield _observe_content(call)
    subscriptions = Subscriptions()
    losses = [call.number for call in reports.calls if _loses_subscriptions(call)]
    for answered in follow(history, ae_title):
        call = answered.call
        if losses and losses[0] < call.number:
            del losses[0]
            subscriptions = Subscriptions()
        yield from _observe_lock(answered, subscriptions)
        if not call.is_accepted:
            continue
        if call.service == "N-CREATE":
            subscriptions.create(call.uid)
        if call.service == "N-ACTION" and call.action in _SUBSCRIBING:
            subscriptions.take(call)
        for due in _due(answered):
            reports.expect(call, due, subscriptions)
    yield from reports.settle()


def _due(answered: AnsweredCall) -> Iterator[_Due]:
    """Yield the reports that an accepted request calls for."""
    call, before = answered.call, answered.before
    state = EventType.STATE_REPORT
    if call.service == "N-CREATE" and before is None:
        yield _Due("tms-reports-creation", state, ProcedureStepState.SCHEDULED)
    elif call.service == "N-SET" and answered.tells_progress:
        yield _Due("tms-reports-progress", EventType.PROGRESS_REPORT)
    elif call.service != "N-ACTION" or call.status != Status.SUCCESS:
        return
    elif call.action is ActionType.SUBSCRIBE and call.uid not in _GLOBAL:
        yield _Due(_INITIAL, state, before.state if before is not None else "")
    elif call.action is ActionType.CHANGE_STATE:
        yield _Due("tms-reports-states", state, call.text("ProcedureStepState"))
    elif call.action is ActionType.REQUEST_CANCEL and before is not None:
        if before.state is ProcedureStepState.SCHEDULED:
            yield _Due("tms-reports-states", state, ProcedureStepState.IN_PROGRESS)
            yield _Due("tms-reports-states", state, ProcedureStepState.CANCELED)
        elif before.state is ProcedureStepState.IN_PROGRESS:
            yield _Due("tms-reports-cancel-requests", EventType.CANCEL_REQUESTED)


@dataclass(slots=True)
class _Expected:
    """A report that a change calls for, or that nobody wants any more."""

    cause: Call
    due: _Due
    receiver: str
    ended: Call | None
    report: Call | None = None

    def fits(self, report: Call) -> bool:
        """Whether a report may be that of this change."""
        return (
            self.report is None
            and self.cause.number < report.number
            and self.due.event is report.event
            and self.due.state in ("", report.text("ProcedureStepState"))
        )


class _Reports:
    """The reports of a TMS, and those that are expected of it."""

    def __init__(self, history: History, ae_title: str) -> None:
        self.calls = [
            call
            for call in history.sent_by(ae_title, "N-EVENT-REPORT")
            if call.sop_class_uid in UPS_CLASSES
        ]
        self._told = history.recorded | {call.receiver for call in self.calls}
        self._subscribing = [
            call
            for call in history.received_by(ae_title, "N-ACTION")
            if call.action in _SUBSCRIBING
        ]
        self._expected: dict[tuple[str, str], list[_Expected]] = defaultdict(list)

    def expect(self, cause: Call, due: _Due, subscriptions: Subscriptions) -> None:
        """Expect a report at the receivers of which anything is recorded, and at no other."""
        receivers = subscriptions.receivers(cause.uid)
        if due.key == _INITIAL:
            receivers = {cause.text("ReceivingAE")}
        for receiver in sorted(receivers & self._told):
            if not self._is_subscribing(receiver, cause):
                self._add(_Expected(cause, due, receiver, None))
        if not due.state or due.key == _INITIAL:
            return
        for receiver, ended in subscriptions.ended.items():
            is_out = receiver in self._told - receivers - subscriptions.filtered
            if is_out and not ended.overlaps(cause):
                self._add(_Expected(cause, due, receiver, ended))

    def settle(self) -> Iterator[Observation]:
        """Yield whether what was expected came: a report is of the last change that it fits."""
        for report in self.calls:
            open_ones = reversed(self._expected.get((report.receiver, report.uid), []))
            for expected in open_ones:
                if expected.fits(report):
                    expected.report = report
                    break
        for each in self._expected.values():
            yield from map(_observe_expected, each)

    def _add(self, expected: _Expected) -> None:
        self._expected[expected.receiver, expected.cause.uid].append(expected)

    def _is_subscribing(self, receiver: str, cause: Call) -> bool:
        """Whether it may have subscribed before or after the change."""
        return any(
            call.overlaps(cause) and call.text("ReceivingAE") == receiver
            for call in self._subscribing
            if call is not cause
        )


def _observe_expected(expected: _Expected) -> Observation:
    due, receiver, report = expected.due, expected.receiver, expected.report
    calls = [expected.cause] if report is None else [expected.cause, report]
    if expected.ended is not None:
        words = f"{receiver} is {'left alone' if report is None else 'told nevertheless'}"
        return observed(
            "tms-silent-after-unsubscribe", report is None, words, expected.ended, *calls
        )
    what = " ".join(filter(None, (due.event.title, due.state)))
    words = f"sends {receiver} {'no' if report is None else 'a'} {what}"
    return observed(due.key, report is not None, words, *calls)


def _loses_subscriptions(report: Call) -> bool:
    """Whether a TMS says that it has forgotten its subscriptions (PS3.4 CC.2.4.3)."""
    is_change = report.event is EventType.SCP_STATUS_CHANGE
    told = read_event(EventType.SCP_STATUS_CHANGE, "", report.dataset)
    return is_change and told.subscription_list is ListStatus.COLD_START


def _observe_content(call: Call) -> Observation:
    needed = EVENT_ARGUMENTS[call.event] if call.event is not None else {}
    problems = [] if call.event is not None else ["is of no event type"]
    problems += [
        f"lacks {keyword}"
        for keyword, usage in needed.items()
        if usage == "1" and keyword not in call.dataset
    ]
    return judged("tms-event-content", problems, "gives what the event needs", call)


def _observe_lock(answered: AnsweredCall, subscriptions: Subscriptions) -> Iterator[Observation]:
    """Yield whether a step in its final state is there while it is locked."""
    call, before = answered.call, answered.before
    if call.service != "N-GET" or before is None or not before.state.is_final:
        return
    if subscriptions.is_locked(call.uid):
        is_there = call.status != Status.UPS_UNKNOWN
        words = f"answers for a locked step with {call.answer_words}"
        yield observed("tms-keeps-locked", is_there, words, call)
