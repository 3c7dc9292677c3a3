"""How a treatment device reports the progress of a step (RO-62)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tdwii_gui.dicom.iod import codes, tolerant
from tdwii_gui.dicom.iod.message_kind import PROGRESS
from tdwii_gui.dicom.iod.requirements import check_set
from tdwii_gui.dicom.iod.ups import read_progress
from tdwii_gui.judging.observation import judged, observed
from tdwii_gui.judging.records import beams_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tdwii_gui.judging.call import Call
    from tdwii_gui.judging.observation import Observation
    from tdwii_gui.judging.treated_step import TreatedStep


def observe_updates(step: TreatedStep) -> Iterator[Observation]:
    """Yield what all N-SETs on a step show."""
    for call in step.updates:
        problems = [violation.text for violation in check_set(call.dataset)]
        yield judged("tdd-updates-legal", problems, "sets what may be set", call)
        if _is_claimed(step, call) and not _is_after_end(step, call):
            yield _observe_uid(step, call)


def observe_progress(step: TreatedStep) -> Iterator[Observation]:
    """Yield what the progress updates of a step show."""
    for call in step.progress_updates:
        is_claimed = _is_claimed(step, call)
        words = "reports progress of its own step" if is_claimed else "has not claimed the step"
        yield observed("tdd-progress-after-claim", is_claimed, words, call)
        yield _observe_percent(call)
        beam = read_progress(call.dataset).beam_number
        words = "names no beam" if beam is None else f"names beam {beam}"
        yield observed("tdd-progress-beam", beam is not None, words, call)
        if beam is not None and step.instruction is not None:
            is_known = beam in {task.beam_number for task in step.instruction.tasks}
            words = f"beam {beam} is {'one' if is_known else 'none'} of the instruction"
            yield observed("tdd-progress-known-beam", is_known, words, call)
    yield from _observe_rise(step)
    yield from _observe_each_beam(step)


def _is_claimed(step: TreatedStep, call: Call) -> bool:
    return step.claim is not None and step.claim.number < call.number


def _is_after_end(step: TreatedStep, call: Call) -> bool:
    return step.end is not None and step.end.number < call.number


def _observe_uid(step: TreatedStep, call: Call) -> Observation:
    uid = call.text("TransactionUID")
    is_right = bool(uid) and uid == step.transaction_uid
    words = "gives the Transaction UID of its claim" if is_right else "gives no Transaction UID"
    if uid and not is_right:
        words = "gives another Transaction UID than that of its claim"
    return observed("tdd-updates-with-uid", is_right, words, call)


def _observe_percent(call: Call) -> Observation:
    item = tolerant.first_item(call.dataset, PROGRESS)
    percent = tolerant.number(item, "ProcedureStepProgress")
    is_legal = percent is not None and 0 <= percent <= 100
    words = "reports no percentage" if percent is None else f"reports {percent:g} %"
    return observed("tdd-progress-percent", is_legal, words, call)


def _observe_rise(step: TreatedStep) -> Iterator[Observation]:
    """Yield whether the progress falls, in the updates that were accepted."""
    before: tuple[float, Call] | None = None
    for call in step.updates:
        percent = read_progress(call.dataset).percent
        if percent is None or not 0 <= percent <= 100 or not call.is_accepted:
            continue
        if before is not None:
            words = f"reports {percent:g} % after {before[0]:g} %"
            yield observed("tdd-progress-rises", percent >= before[0], words, before[1], call)
        before = (percent, call)


def _observe_each_beam(step: TreatedStep) -> Iterator[Observation]:
    """Yield whether each beam of the records was reported.

    What names no beam may have been meant for any: that is a requirement of its own.
    """
    if step.claim is None or not (step.records or step.is_completed):
        return
    reported = [read_progress(call.dataset).beam_number for call in step.progress_updates]
    delivered = {
        beam.beam_number
        for call in step.records
        for beam in beams_of(call.dataset) or ()
        if beam.delivered > 0
    }
    if step.instruction is not None:
        delivered &= {task.beam_number for task in step.instruction.tasks}
    missing = sorted(delivered - set(reported))
    if None in reported:
        return
    problems = [f"never reports beam {beam}" for beam in missing]
    if not reported:
        problems = ["reports no progress at all"]
    concept = codes.REFERENCED_BEAM_NUMBER.meaning
    words = f"each beam is the {concept} of an update"
    yield judged("tdd-reports-each-beam", problems, words, *step.progress_updates, *step.records)
