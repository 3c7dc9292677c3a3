"""How a treatment device queries the worklist and claims its steps (RO-58, RO-60)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tdwii_gui.dicom import uids
from tdwii_gui.dicom.iod import tolerant
from tdwii_gui.dicom.iod.message_kind import UPS_CLASSES
from tdwii_gui.dicom.iod.requirements import ups_requirements
from tdwii_gui.dicom.iod.ups import InputReadiness
from tdwii_gui.judging.observation import class_words, judged, observed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydicom.dataset import Dataset

    from tdwii_gui.judging.call import Call
    from tdwii_gui.judging.observation import Observation
    from tdwii_gui.judging.treated_step import Device, TreatedStep

_SINGLE_VALUES: Final = (
    "ProcedureStepState",
    "InputReadinessState",
    "ScheduledProcedureStepPriority",
)
_NO_SINGLE_VALUE: Final = frozenset("*?\\")


def observe_queries(device: Device) -> Iterator[Observation]:
    """Yield what the device's worklist queries show."""
    for call in device.history.sent_by(device.ae_title, "C-FIND"):
        if call.sop_class_uid not in UPS_CLASSES:
            continue
        names = {class_words(uid) for uid in (call.sop_class_uid, call.context_uid) if uid}
        is_pull = names == {class_words(uids.UPS_PULL)}
        words = f"queries with {' and '.join(sorted(names))}"
        yield observed("tdd-queries-pull", is_pull, words, call)
        yield judged("tdd-query-keys", _key_problems(call.dataset), "asks for keys alone", call)


def observe_claims(step: TreatedStep) -> Iterator[Observation]:
    """Yield what the claims of a step show."""
    for call in step.claims:
        uid = call.text("TransactionUID")
        is_valid = bool(uid) and uids.is_valid_uid(uid)
        words = "gives a Transaction UID" if is_valid else "gives no valid Transaction UID"
        yield observed("tdd-claims-with-uid", is_valid, words, call)
    if step.claim is not None:
        yield from _observe_claim(step, step.claim)
    yield from _observe_refusal(step)


def _observe_claim(step: TreatedStep, claim: Call) -> Iterator[Observation]:
    uid = claim.text("TransactionUID")
    if uid:
        claims = step.device.claims_by_transaction[uid]
        used = [other for other in claims[:1] if other.uid != step.uid]
        words = "the Transaction UID is that of another claim" if used else "makes a new one"
        yield observed("tdd-claims-with-new-uid", not used, words, *used, claim)
    told = [
        content.number
        for content in step.history.told_of(step.uid)
        if content.told_to == step.device.ae_title and content.number < claim.number
    ]
    words = "was told of the step before" if told else "was never told of the step before"
    yield observed("tdd-claims-from-worklist", bool(told), words, claim)
    yield from _observe_machine(step, claim)
    known = step.history.step_told_to(step.device.ae_title, step.uid, claim.number)
    readiness = tolerant.text(known.dataset, "InputReadinessState")
    if readiness:
        is_ready = readiness == InputReadiness.READY
        yield observed(
            "tdd-claims-ready", is_ready, f"claims a step whose inputs are {readiness}", claim
        )


def _observe_machine(step: TreatedStep, claim: Call) -> Iterator[Observation]:
    machines = step.device.queried_machines
    queried = {machine for number, machine in machines if number < claim.number}
    scheduled = step.as_claimed.machines
    if queried and scheduled:
        words = f"queries for {', '.join(sorted(queried))}, claims of {', '.join(scheduled)}"
        is_own = not queried.isdisjoint(scheduled)
        yield observed("tdd-claims-own-machine", is_own, words, claim)


def _observe_refusal(step: TreatedStep) -> Iterator[Observation]:
    """Yield whether a step is left alone whose claim was refused.

    An update of the Transaction UID alone only asks whose the step is.
    """
    refused = next((call for call in step.claims if call.is_refused), None)
    if refused is None or step.claim is not None:
        return
    after = [call for call in step.updates if set(call.dataset.dir()) - {"TransactionUID"}]
    after = [call for call in (*after, *step.endings) if call.number > refused.number]
    words = "changes the step nevertheless" if after else "leaves the step alone"
    words = f"is refused with {refused.answer_words}, and {words}"
    yield observed("tdd-respects-refusal", not after, words, refused, *after)


def _key_problems(identifier: Dataset) -> list[str]:
    problems = [
        f"{row.keyword} is no key"
        for row in ups_requirements().top_level
        if row.match_key == "-" and row.return_key == "-" and row.keyword in identifier
    ]
    problems += [
        f"{keyword} asks for more than one value"
        for keyword in _SINGLE_VALUES
        if not _NO_SINGLE_VALUE.isdisjoint(tolerant.text(identifier, keyword))
    ]
    for tag in tuple(identifier.keys()):
        element = tolerant.element(identifier, tag)
        if element is not None and element.VR == "SQ" and len(element.value) > 1:
            problems.append(f"{element.keyword or element.tag} has several items")
    return problems
