"""How a treatment device reports and ends what it did (RO-64, RO-65)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tdwii_gui.dicom.iod import codes
from tdwii_gui.dicom.iod.message_kind import PERFORMED
from tdwii_gui.dicom.iod.profile import check_profile
from tdwii_gui.dicom.iod.requirements import check_final
from tdwii_gui.dicom.iod.rtbdi import METERSET_TOLERANCE
from tdwii_gui.dicom.iod.ups import Ups
from tdwii_gui.judging.observation import judged, observed
from tdwii_gui.judging.records import beams_of, reached_metersets, wanted_metersets
from tdwii_gui.judging.treated_step import CANCELED, COMPLETED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tdwii_gui.judging.call import Call
    from tdwii_gui.judging.observation import Observation
    from tdwii_gui.judging.treated_step import TreatedStep

_SHARE = 0.001
"""By which share of a beam's meterset a machine may miss it."""


def observe_final_update(step: TreatedStep) -> Iterator[Observation]:
    """Yield what the final updates of a step show."""
    # An attempt that was refused, and made anew, decides nothing.
    end = step.end or next(reversed(step.endings), None)
    if end is not None and step.claim and end.text("ProcedureStepState") == COMPLETED:
        before = [call for call in step.final_updates if call.number < end.number]
        words = "has sent the final update" if before else "has sent no final update"
        yield observed("tdd-final-update", bool(before), words, *before[-1:], end)
    final = step.final_update or next(reversed(step.final_updates), None)
    if final is None:
        return
    yield judged("tdd-final-content", _content_problems(final), "tells what it performed", final)
    performed = Ups(final.dataset).performed
    if performed.start is not None and performed.end is not None:
        is_right = performed.start <= performed.end
        words = f"the end is {'not ' if is_right else ''}before the start"
        yield observed("tdd-final-times", is_right, words, final)
    scheduled = step.as_claimed.machines
    if performed.machine and scheduled:
        words = f"performed at {performed.machine}, scheduled at {', '.join(scheduled)}"
        yield observed("tdd-final-machine", performed.machine in scheduled, words, final)
    yield from _observe_outputs(step, final)


def observe_end(step: TreatedStep) -> Iterator[Observation]:
    """Yield what the end of a step shows."""
    if step.claim is None:
        return
    for call in step.endings:
        uid = call.text("TransactionUID")
        is_right = bool(uid) and uid == step.transaction_uid
        words = f"{'gives' if is_right else 'does not give'} the Transaction UID of its claim"
        yield observed("tdd-ends-with-uid", is_right, words, call)
        if call.text("ProcedureStepState") == CANCELED:
            yield _observe_reason(step, call)
    # An end that nobody answered may have been carried out.
    tried = step.end or next((call for call in step.endings if call.status is None), None)
    # Refused for a wrong Transaction UID is a requirement of its own.
    tried = tried or next(reversed(step.endings), None)
    if tried is None:
        yield observed("tdd-ends-step", False, "leaves the step IN PROGRESS", step.claim)
    else:
        words = f"makes the step {tried.text('ProcedureStepState')}"
        yield observed("tdd-ends-step", True, words, step.claim, tried)
    if step.end is not None:
        yield from _observe_metersets(step, step.end)
        after = [call for call in step.updates if call.number > step.end.number]
        words = "updates the step after its end" if after else "leaves the step alone afterwards"
        yield observed("tdd-silent-after-end", not after, words, step.end, *after)


def _content_problems(final: Call) -> list[str]:
    """Return what the performed procedure lacks; the rest of the message has rules of its own."""
    lacking = [finding.attribute for finding in check_profile(final.dataset, "final")]
    lacking += [violation.attribute for violation in check_final(final.dataset, COMPLETED)]
    keywords = (path.rpartition(".")[2] for path in lacking if path.startswith(PERFORMED))
    return [f"{keyword} is missing or wrong" for keyword in dict.fromkeys(keywords)]


def _observe_outputs(step: TreatedStep, final: Call) -> Iterator[Observation]:
    outputs = {each.sop_instance_uid: each for each in Ups(final.dataset).performed.outputs}
    stored = [call for call in step.records if call.is_accepted]
    problems = [
        f"does not name the stored record {call.uid}" for call in stored if call.uid not in outputs
    ]
    if step.is_completed and not outputs:
        problems.append("completes the step without a record")
    if outputs or stored or step.is_completed:
        words = "names the records that it has stored"
        yield judged("tdd-final-names-records", problems, words, *stored, final)
    for uid, output in outputs.items():
        stores = [call for call in step.history.stores_of(uid) if call.number < final.number]
        archive = output.retrieve_ae_title
        if stores:
            archives = {call.receiver for call in stores}
            words = f"names {archive or 'no archive'}, stored in {', '.join(sorted(archives))}"
            is_right = archive in archives
            yield observed("tdd-outputs-retrievable", is_right, words, *stores, final)
        if stores or archive in step.history.ae_titles:
            words = f"output {uid} was {'stored' if stores else 'never stored'} before"
            yield observed("tdd-outputs-stored", bool(stores), words, *stores, final)


def _observe_reason(step: TreatedStep, end: Call) -> Observation:
    given = [
        call
        for call in step.updates
        if call.number < end.number and Ups(call.dataset).cancellation.code is not None
    ]
    words = "gives a reason code" if given else "gives no reason code"
    if given:
        code = Ups(given[-1].dataset).cancellation.code
        is_known = code in codes.DISCONTINUATION_REASONS
        words = "gives the reason of CID 9300" if is_known else "gives a reason of its own"
    return observed("tdd-cancels-with-reason", bool(given), words, *given[-1:], end)


def _observe_metersets(step: TreatedStep, end: Call) -> Iterator[Observation]:
    if not step.is_completed or step.instruction is None or not step.records:
        return
    if not all(beams_of(call.dataset) for call in step.records):
        return
    reached = reached_metersets(call.dataset for call in step.records)
    problems = []
    for beam, wanted in wanted_metersets(step.instruction, step.plan).items():
        found = reached.get(beam, 0.0)
        if wanted is None:
            continue
        if found < wanted * (1 - _SHARE) - METERSET_TOLERANCE:
            problems.append(f"beam {beam} has reached {found:g} of {wanted:g}")
    words = "each beam has reached its meterset"
    yield judged("tdd-completes-when-reached", problems, words, *step.records, end)
