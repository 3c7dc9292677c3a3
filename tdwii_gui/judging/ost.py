"""What a recording shows of an Object Storage."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from tdwii_gui.dicom import uids
from tdwii_gui.dicom.iod import tolerant
from tdwii_gui.dicom.status import Status
from tdwii_gui.judging.observation import judged, observed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydicom.dataset import Dataset

    from tdwii_gui.judging.call import Call
    from tdwii_gui.judging.history import History
    from tdwii_gui.judging.observation import Observation


_TELLING: Final = 3


def observe_ost(history: History, ae_title: str) -> Iterator[Observation]:
    """Yield what is seen of an archive."""
    for call in history.received_by(ae_title):
        words = f"answers with {call.answer_words}"
        match call.service:
            case "C-ECHO":
                yield observed("ost-echo", call.status == Status.SUCCESS, words, call)
            case "C-STORE":
                yield observed("ost-stores", call.is_accepted, words, call)
            case "C-FIND" if not call.exchange.canceled:
                problems = [] if call.status == Status.SUCCESS else [words]
                if len(call.answer):
                    problems.append("gives a data set with the final response")
                yield judged("ost-find-ends", problems, "ends with success", call)
            case "C-MOVE":
                yield from _observe_move(history, call)
            case "N-ACTION" if call.sop_class_uid == uids.STORAGE_COMMITMENT:
                yield from _observe_commitment(history, call)


def _observe_move(history: History, call: Call) -> Iterator[Observation]:
    destination = tolerant.text(call.command, "MoveDestination")
    last = call.answered_at or float("inf")
    sent = [
        store
        for store in history.sent_by(call.receiver, "C-STORE")
        if store.receiver == destination and call.number < store.number < last
    ]
    had = [
        store
        for uid in call.text("SOPInstanceUID").split("\\")
        for store in history.stores_of(uid)[:1]
        if store.receiver == call.receiver and store.number < call.number
    ]
    arrived = {store.uid for store in sent if store.is_accepted}
    refused = {store.uid for store in sent if store.is_refused}
    missing = [store for store in had if store.uid not in arrived | refused]
    if had:
        problems = [f"does not send {store.uid}" for store in missing]
        yield judged("ost-sends-inputs", problems, "sends what it has", call, *had[:1], *sent)
    # Each is read whole for it: some tell enough.
    for store in sent[:_TELLING]:
        originator = tolerant.text(store.command, "MoveOriginatorApplicationEntityTitle")
        words = f"names {originator or 'no AE'}, asked by {call.sender}"
        yield observed("ost-move-originator", originator == call.sender, words, call, store)
    yield from _observe_counts(call)


def _observe_counts(call: Call) -> Iterator[Observation]:
    if call.answered_at is None or call.exchange.canceled:
        return
    command = call.source.message(call.answered_at).command
    failed = tolerant.number(command, "NumberOfFailedSuboperations")
    completed = tolerant.number(command, "NumberOfCompletedSuboperations")
    if failed is None:
        return
    words = f"counts {failed:g} failed, ends with {call.answer_words}"
    is_success = call.status == Status.SUCCESS
    is_right = is_success == (failed == 0) or (completed == 0 and not is_success)
    yield observed("ost-move-counts", is_right, words, call)


def _observe_commitment(history: History, call: Call) -> Iterator[Observation]:
    wanted = Counter(_instances(call.dataset, "ReferencedSOPSequence"))
    uid = call.text("TransactionUID")
    for report in history.sent_by(call.receiver, "N-EVENT-REPORT"):
        is_result = report.sop_class_uid == uids.STORAGE_COMMITMENT
        if not is_result or report.text("TransactionUID") != uid or not uid:
            continue
        told = Counter(_instances(report.dataset, "ReferencedSOPSequence"))
        told.update(_instances(report.dataset, "FailedSOPSequence"))
        words = "reports each object once" if told == wanted else "does not report each object once"
        yield observed("ost-commits", told == wanted, words, call, report)


def _instances(dataset: Dataset, keyword: str) -> list[str]:
    found = tolerant.items(dataset, keyword)
    return [tolerant.text(item, "ReferencedSOPInstanceUID") for item in found]
