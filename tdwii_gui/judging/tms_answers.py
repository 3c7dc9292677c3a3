"""What a TMS answers to queries and retrievals (RO-58, RO-61, N-GET)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pydicom.dataset import Dataset

from tdwii_gui.dicom import uids
from tdwii_gui.dicom.errors import DimseStatusError
from tdwii_gui.dicom.iod import codes, tolerant
from tdwii_gui.dicom.iod.message_kind import UPS_CLASSES
from tdwii_gui.dicom.iod.profile import check_profile
from tdwii_gui.dicom.iod.requirements import ups_requirements
from tdwii_gui.dicom.status import Status
from tdwii_gui.dicom.store.matching import matches
from tdwii_gui.judging.managed_steps import rank
from tdwii_gui.judging.observation import Observation, class_words, judged, observed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tdwii_gui.judging.call import Call
    from tdwii_gui.judging.history import History

_JUDGED_KEYS: Final = (
    "ProcedureStepState",
    "InputReadinessState",
    "ScheduledProcedureStepPriority",
    "ScheduledProcedureStepStartDateTime",
    "ScheduledStationNameCodeSequence",
    "ScheduledWorkitemCodeSequence",
    "SOPInstanceUID",
)
_STATE: Final = "ProcedureStepState"


def observe_answers(history: History, ae_title: str) -> Iterator[Observation]:
    """Yield what a TMS answered to those who asked it."""
    for call in history.received_by(ae_title):
        if call.service == "C-MOVE":
            yield from _observe_move(history, call)
        elif call.service == "C-ECHO":
            words = f"answers with {call.answer_words}"
            yield observed("tms-echo", call.status == Status.SUCCESS, words, call)
        elif call.sop_class_uid in UPS_CLASSES and call.service == "C-FIND":
            yield from _observe_query(history, call)
        elif call.sop_class_uid in UPS_CLASSES and call.service == "N-GET":
            yield from _observe_get(call)
    yield from _observe_states(history, ae_title)


def _observe_query(history: History, call: Call) -> Iterator[Observation]:
    if call.answered_at is None or call.exchange.canceled:
        return
    problems = [] if call.status == Status.SUCCESS else [f"ends with {call.answer_words}"]
    if len(call.answer):
        problems.append("gives a data set with the final response")
    yield judged("tms-find-ends", problems, "ends with success", call)
    keys = _judged_keys(call.dataset)
    for number, match in call.matches:
        proof = (*call.numbers[:1], number)
        if keys is not None:
            is_match = _matches(keys, match)
            words = "returns a match" if is_match else "returns a step that does not match the keys"
            yield Observation("tms-find-matches", is_match, words, proof)
        yield from _observe_match(call, match, proof)
    wanted = call.text("SOPInstanceUID")
    created = [
        one
        for one in history.on_instance(wanted, "N-CREATE")
        if one.is_accepted and (one.answered_at or 0) < call.number
    ]
    if wanted and created and set(call.dataset.dir()) <= {"SOPInstanceUID", *_returned(call)}:
        found = {tolerant.text(match, "SOPInstanceUID") for _, match in call.matches}
        words = "finds the step" if wanted in found else "does not find the step"
        yield observed("tms-find-known", wanted in found, words, *created[-1:], call)


def _observe_match(call: Call, match: Dataset, proof: tuple[int, ...]) -> Iterator[Observation]:
    problems = []
    for row in ups_requirements().top_level:
        if row.keyword not in call.dataset or row.return_key not in ("1", "2"):
            continue
        element = tolerant.element(match, row.keyword)
        if element is None:
            problems.append(f"lacks {row.keyword}")
        elif row.return_key == "1" and element.is_empty:
            problems.append(f"has no value of {row.keyword}")
    words = "; ".join(problems) or "returns the keys"
    yield Observation("tms-find-keys", not problems, words, proof)
    sop_class = tolerant.text(match, "SOPClassUID")
    if sop_class:
        words = f"names {class_words(sop_class)}"
        yield Observation("tms-find-names-push", sop_class == uids.UPS_PUSH, words, proof)
    yield _hidden(match, proof)
    workitem = tolerant.code(match, "ScheduledWorkitemCodeSequence")
    if workitem is None or workitem.value != codes.RT_TREATMENT_INTERNAL_VERIFICATION.value:
        return
    lacking = [
        f"{finding.attribute} {finding.text}"
        for finding in check_profile(match, "create")
        if finding.attribute.partition(".")[0] in call.dataset
    ]
    words = "; ".join(lacking) or "returns what the profile asks for"
    yield Observation("tms-step-content", not lacking, words, proof)


def _observe_get(call: Call) -> Iterator[Observation]:
    if not call.is_accepted:
        return
    yield _hidden(call.answer, call.numbers)
    asks_for_all = not tolerant.text(call.command, "AttributeIdentifierList")
    problems = []
    for row in ups_requirements().top_level:
        element = tolerant.element(call.answer, row.keyword)
        if row.n_create.scu != "1":
            continue
        if element is None and asks_for_all:
            problems.append(f"lacks {row.keyword}")
        elif element is not None and element.is_empty:
            problems.append(f"has no value of {row.keyword}")
    yield judged("tms-get-content", problems, "returns the attributes", call)


def _hidden(dataset: Dataset, proof: tuple[int, ...]) -> Observation:
    is_hidden = not tolerant.text(dataset, "TransactionUID")
    words = "tells no Transaction UID" if is_hidden else "tells the Transaction UID"
    return Observation("tms-hides-uid", is_hidden, words, proof)


def _observe_states(history: History, ae_title: str) -> Iterator[Observation]:
    """Yield whether a step is shown in an earlier state than before; only what cannot overlap."""
    shown: dict[str, tuple[int, str, int]] = {}
    for call in history.received_by(ae_title, "N-GET", "N-ACTION", "C-FIND"):
        for uid, state, number in _states_of(call):
            place = rank(state)
            if place is None:
                continue
            last = shown.get(uid)
            if last is not None and last[2] < call.number:
                is_onward = last[0] < place or last[1] == state
                words = f"is {state} after {last[1]}"
                proof = (last[2], call.number, number)
                yield Observation("tms-states-go-on", is_onward, words, proof)
            if last is None or last[0] <= place:
                shown[uid] = (place, state, number)


def _states_of(call: Call) -> Iterator[tuple[str, str, int]]:
    """Yield steps with the state in which a call shows or brings them, and its message."""
    if call.service == "C-FIND":
        for number, match in call.matches:
            uid = tolerant.text(match, "SOPInstanceUID")
            yield uid, tolerant.text(match, _STATE), number
    elif call.answered_at is not None and call.is_accepted:
        source = call.answer if call.service == "N-GET" else call.dataset
        yield call.uid, tolerant.text(source, _STATE), call.answered_at


def _observe_move(history: History, call: Call) -> Iterator[Observation]:
    """Yield whether instructions that steps name were sent where they were wanted."""
    wanted = [uid for uid in call.text("SOPInstanceUID").split("\\") if uid]
    destination = tolerant.text(call.command, "MoveDestination")
    sent = [
        store
        for uid in wanted
        for store in history.stores_of(uid)
        if store.receiver == destination and store.sender == call.receiver
        if call.number < store.number and store.number < (call.answered_at or float("inf"))
    ]
    missing = set(wanted) - {store.uid for store in sent}
    if not wanted:
        return
    problems = [f"{len(missing)} of {len(wanted)} objects did not arrive"] if missing else []
    if call.status != Status.SUCCESS:
        problems.append(f"ends with {call.answer_words}")
    yield judged("tms-sends-instruction", problems, "sends what was asked for", call, *sent)


def _judged_keys(identifier: Dataset) -> Dataset | None:
    """Return the keys whose matching can be judged; names and patient IDs may be pseudonyms."""
    keys = Dataset()
    for keyword in (*_JUDGED_KEYS, "TimezoneOffsetFromUTC"):
        element = tolerant.element(identifier, keyword)
        if element is not None:
            keys.add(element)
    return keys if any(keyword in keys for keyword in _JUDGED_KEYS) else None


def _matches(keys: Dataset, match: Dataset) -> bool:
    """Return whether a step matches; keys that cannot be used are for another requirement."""
    try:
        return matches(keys, match)
    except DimseStatusError:
        return True


def _returned(call: Call) -> set[str]:
    """Return the keys of a query that match everything."""
    return {
        keyword
        for keyword in call.dataset.dir()
        if (element := tolerant.element(call.dataset, keyword)) is not None
        if element.is_empty or (element.VR == "SQ" and all(not len(item) for item in element.value))
    }
