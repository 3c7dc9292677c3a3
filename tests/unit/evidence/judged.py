"""Verdicts and runs of scenarios made by hand."""

from __future__ import annotations

from datetime import timedelta

from tdwii_gui.actors.suite import Role
from tdwii_gui.judging.verdict import Outcome, Requirement, Verdict
from tdwii_gui.scenario.document import Scenario, ScenarioActor
from tdwii_gui.scenario.results import ScenarioResult, StepOutcome, StepResult
from tests.unit.evidence.hand_made import START


def verdict(
    outcome: Outcome = Outcome.MET,
    *messages: int,
    transaction: str = "RO-64",
    words: str = "Why it is so.",
) -> Verdict:
    """Return a verdict on the TDD."""
    requirement = Requirement(
        "tdd-final-update", "tdd", transaction, "PS3.4 CC.2.6", "Sends the final update."
    )
    return Verdict(requirement, "TDD1", outcome, words, messages)


def run(*outcomes: StepOutcome, title: str = "A fraction", words: str = "") -> ScenarioResult:
    """Return a run whose steps take 100 ms each."""
    steps = tuple(
        StepResult(
            index,
            f"Step of {title}",
            outcome,
            words,
            START + timedelta(milliseconds=100 * index),
            0.1,
        )
        for index, outcome in enumerate(outcomes)
    )
    scenario = Scenario(
        name="a-fraction",
        title=title,
        purpose="To see it.",
        clauses=("RO-58",),
        plan="photon",
        actors=(ScenarioActor("tms", Role.TMS), ScenarioActor("tdd", Role.TDD)),
        steps=(),
        text="title = 'A fraction'\n",
    )
    return ScenarioResult(
        scenario=scenario,
        steps=steps,
        passed=all(one is StepOutcome.PASSED for one in outcomes),
        started=START,
        seconds=0.1 * len(outcomes),
        environment={"tms": "TMS", "tdd": "TDD1@other.host:104, not ours"},
    )
