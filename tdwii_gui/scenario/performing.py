"""How a step is done, or awaited of another system, and what of its outcome is checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tdwii_gui.actors.events import ExchangeMade
from tdwii_gui.dicom.errors import TdwiiError
from tdwii_gui.dicom.status import Status, status_words
from tdwii_gui.scenario.steps.device import ends_step
from tdwii_gui.scenario.witness import RunStopped, StepFailed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pydicom.dataset import Dataset

    from tdwii_gui.dicom.net.exchange import Exchange
    from tdwii_gui.scenario.assertions import Assertion
    from tdwii_gui.scenario.document import ScenarioStep
    from tdwii_gui.scenario.stage import Stage


def awaits(stage: Stage, step: ScenarioStep) -> bool:
    """Return whether another system is to do a step."""
    is_other = bool(step.actor) and stage.external(step.actor) is not None
    return is_other and not step.operation.observes


def perform(stage: Stage, step: ScenarioStep) -> str:
    """Do a step, or await it; return what is not as it has to be, in words; empty if all is.

    Raises
    ------
    TdwiiError
        If it cannot be done.
    RunStopped
        If the run is stopped.
    """
    stage.witness.begin(step.seconds)
    since = stage.witness.count
    if awaits(stage, step):
        exchanges = [_awaited(stage, step)]
        results: Sequence[Dataset] = ()
    else:
        failure, results = _done(stage, step)
        if failure and not step.fails:
            return failure
        wanted = stage.fill(step.fails)
        if wanted.lower() not in failure.lower():
            return f"expected to fail with {wanted!r}, but {failure or 'it has succeeded'}"
        exchanges = []
        if step.actor:
            told = stage.witness.exchanges(since, stage.actor(step.actor).ae_title)
            exchanges = [one.exchange for one in told if one.exchange.role == "scu"]
            seen = {one.transaction for one in told}
            if missing := [each for each in step.transactions if each not in seen]:
                return f"nothing of {', '.join(missing)} has travelled"
    problems = [*_wrong_statuses(step, exchanges), *_failed(stage, step, exchanges, results)]
    return "; ".join(problems)


def _done(stage: Stage, step: ScenarioStep) -> tuple[str, Sequence[Dataset]]:
    """Do a step; return why it has failed, if it has, and what it has brought.

    A failure that the step expects by its status needs no words.
    """
    arguments = {name: _filled(stage, value) for name, value in step.arguments.items()}
    try:
        return "", step.operation.call(stage, step.actor, arguments) or ()
    except (RunStopped, StepFailed):
        raise
    except TdwiiError as error:
        status = getattr(error, "status", None)
        if not step.fails and status is not None and status in step.statuses:
            return "", ()
        return str(error), ()


def _filled(stage: Stage, value: object) -> object:
    if isinstance(value, list):
        return [_filled(stage, each) for each in value]
    return stage.fill(value) if isinstance(value, str) else value


def _awaited(stage: Stage, step: ScenarioStep) -> Exchange:
    """Wait for what another system does, as our actors see it.

    Raises
    ------
    StepFailed
        If it does not do it in time.
    """
    awaited = step.operation.awaited
    assert awaited is not None
    peer = stage.ae_title(step.actor)

    def is_it(one: Exchange) -> bool:
        return one.message in awaited.messages and awaited.accept(one)

    def is_any(event: ExchangeMade) -> bool:
        one = event.exchange
        other = one.calling_ae if one.role == "scp" else one.called_ae
        return other == peer and (is_it(one) or ends_step(one))

    since = stage.passed.get(step.actor, 0)
    after, event = stage.witness.wait_for(ExchangeMade, is_any, since, f"{peer} {awaited.text}")
    if not is_it(event.exchange):
        raise StepFailed(f"{peer} has ended the step; not seen before that: it {awaited.text}")
    stage.passed[step.actor] = after
    if awaited.makes_step:
        stage.note_step(event.exchange.sop_instance_uid, step.arguments.get("name") or "")
    return event.exchange


def _wrong_statuses(step: ScenarioStep, exchanges: Sequence[Exchange]) -> Iterator[str]:
    """Yield which final statuses are not as the step wants them."""
    seen: set[int] = set()
    for exchange in exchanges:
        status = exchange.status
        if status is None or status == Status.SUCCESS:
            if status is None and not step.fails:
                yield f"{exchange.message} to {exchange.called_ae}: {exchange.comment}"
            continue
        seen.add(status)
        if status not in step.statuses:
            comment = f" ({exchange.comment})" if exchange.comment else ""
            yield (
                f"{exchange.message} to {exchange.called_ae} was answered"
                f" {status:04X}H {status_words(status)}{comment}"
            )
    for status in sorted(step.statuses - seen):
        answers = ", ".join(f"{one.message} {one.status or 0:04X}H" for one in exchanges) or "none"
        yield f"expected {status:04X}H {status_words(status)}; the answers were: {answers}"


def _failed(
    stage: Stage, step: ScenarioStep, exchanges: Sequence[Exchange], results: Sequence[Dataset]
) -> Iterator[str]:
    for assertion in step.assertions:
        dataset = _subject(stage, step, assertion, exchanges, results)
        if dataset is None:
            yield f"there is no {assertion.of}"
        elif problem := assertion.problem(dataset, stage.fill):
            yield problem


def _subject(
    stage: Stage,
    step: ScenarioStep,
    assertion: Assertion,
    exchanges: Sequence[Exchange],
    results: Sequence[Dataset],
) -> Dataset | None:
    """Return the data set that an assertion is about; None if there is none."""
    if (message := assertion.message) is not None:
        service, is_request = message
        found = [one for one in exchanges if one.message == service]
        if not found:
            return None
        return found[-1].request if is_request else found[-1].response
    match assertion.of:
        case "step":
            return stage.step_now(step.arguments.get("step") or "").dataset
        case "event":
            return stage.event
        case "record":
            records = stage.stored_records()
            return records[-1] if records else None
        case "instruction":
            return stage.instruction(step.arguments.get("step") or "")
        case "plan":
            return stage.plan.dataset
    return results[0] if results else None
