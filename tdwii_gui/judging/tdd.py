"""What a recording shows of a Treatment Delivery Device."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tdwii_gui.dicom import uids
from tdwii_gui.dicom.iod.message_kind import UPS_CLASSES
from tdwii_gui.dicom.iod.message_requirements import ACTION_ARGUMENTS
from tdwii_gui.dicom.iod.ups_action import ActionType
from tdwii_gui.judging.observation import class_words, judged, observed
from tdwii_gui.judging.tdd_ending import observe_end, observe_final_update
from tdwii_gui.judging.tdd_inputs import observe_inputs, observe_retrievals
from tdwii_gui.judging.tdd_progress import observe_progress, observe_updates
from tdwii_gui.judging.tdd_records import observe_records
from tdwii_gui.judging.tdd_worklist import observe_claims, observe_queries
from tdwii_gui.judging.treated_step import Device

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tdwii_gui.judging.call import Call
    from tdwii_gui.judging.history import History
    from tdwii_gui.judging.observation import Observation

_SUBSCRIPTIONS = (ActionType.SUBSCRIBE, ActionType.UNSUBSCRIBE, ActionType.SUSPEND_GLOBAL)


def observe_tdd(history: History, ae_title: str) -> Iterator[Observation]:
    """Yield what is seen of a treatment device."""
    device = Device(history, ae_title)
    yield from observe_queries(device)
    yield from observe_retrievals(device)
    yield from _observe_messages(device)
    for step in device.steps:
        yield from observe_claims(step)
        yield from observe_inputs(step)
        yield from observe_updates(step)
        yield from observe_progress(step)
        yield from observe_records(step)
        yield from observe_final_update(step)
        yield from observe_end(step)


def _observe_messages(device: Device) -> Iterator[Observation]:
    for call in device.history.sent_by(device.ae_title, "N-ACTION", "N-SET", "N-GET"):
        if UPS_CLASSES.isdisjoint({call.sop_class_uid, call.context_uid}):
            continue
        words = f"names {class_words(call.sop_class_uid)}"
        yield observed("tdd-names-push", call.sop_class_uid == uids.UPS_PUSH, words, call)
        is_change = call.service == "N-ACTION" and call.action is ActionType.CHANGE_STATE
        if (is_change or call.service == "N-SET") and call.context_uid:
            words = f"sends in a context of {class_words(call.context_uid)}"
            yield observed("tdd-uses-pull", call.context_uid == uids.UPS_PULL, words, call)
        if call.service == "N-ACTION" and call.action in _SUBSCRIPTIONS:
            yield _observe_subscription(call)
    for call in device.history.received_by(device.ae_title, "N-EVENT-REPORT"):
        if call.sop_class_uid in UPS_CLASSES:
            words = f"answers an event with {call.answer_words}"
            yield observed("tdd-answers-events", call.is_accepted, words, call)


def _observe_subscription(call: Call) -> Observation:
    _, arguments = ACTION_ARGUMENTS[call.action or ActionType.SUBSCRIBE]
    problems = [f"gives no {keyword}" for keyword in arguments if not call.text(keyword)]
    if call.context_uid not in ("", uids.UPS_WATCH):
        problems.append(f"sends in a context of {class_words(call.context_uid)}")
    return judged("tdd-subscribes-legally", problems, "gives what the action needs", call)
