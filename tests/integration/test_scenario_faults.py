"""Each kind of fault bites: a scenario that is green without it turns red with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tdwii_gui.actors.faults import FaultKind
from tdwii_gui.config.settings import Settings
from tdwii_gui.scenario.reading import scenario_of
from tdwii_gui.scenario.results import StepOutcome
from tdwii_gui.scenario.run import ScenarioRun

if TYPE_CHECKING:
    from pathlib import Path

    from tdwii_gui.scenario.results import ScenarioResult

SCENARIO = """
title = "A step on its way"
purpose = "Green unless something is broken."
clauses = []
[[step]]
title = "subscribed"
do = "tdd.subscribe"
FAULT
[[step]]
title = "scheduled"
do = "creator.schedule"
[[step]]
title = "told"
do = "tdd.hears"
with = { event = "state report", state = "SCHEDULED", next = true }
within = 10
[[step]]
title = "assigned"
do = "tdd.hears"
with = { event = "assigned", next = true }
within = 10
[[step]]
title = "queried"
do = "tdd.query_worklist"
with = { found = 1 }
within = 10
assert = [
  { of = "result", path = "PatientID", present = true },
  { of = "result", path = "ProcedureStepState", equals = "SCHEDULED" },
  { of = "result", path = "ScheduledProcedureStepModificationDateTime", matches = "{today}.*" },
]
[[step]]
title = "retrieved"
do = "tdd.retrieve_inputs"
[[step]]
title = "claimed"
do = "tdd.claim"
[[step]]
title = "told of the claim"
do = "tdd.hears"
with = { event = "state report", state = "IN PROGRESS", next = true }
within = 10
"""
SHORT = SCENARIO.replace("found = 1 }\nwithin = 10", "found = 1 }\nwithin = 1")


def play(folder: Path, fault: str = "", text: str = SCENARIO, before: str = "") -> ScenarioResult:
    """Play with a fault, which is set after the subscription or just before another step."""
    step = f'[[step]]\ntitle = "broken"\ndo = "fault"\nwith = {{ {fault} }}\n' if fault else ""
    text = text.replace("FAULT", "" if before else step)
    if before:
        text = text.replace(f'[[step]]\ntitle = "{before}"', f'{step}[[step]]\ntitle = "{before}"')
    with ScenarioRun(scenario_of(text, "small", "small.toml"), Settings(), folder) as run:
        return run.run()


def test_without_a_fault_it_is_green(tmp_path: Path) -> None:
    assert play(tmp_path).passed


FAULTS = {
    FaultKind.REFUSE_ASSOCIATION: (
        'at = "tms", result = 2, source = 3, reason = 2, peer = "{tdd}"',
        "queried",
        "queried",
        "too many associations",
    ),
    FaultKind.ABORT: ('at = "tms", message = "C-FIND"', "", "queried", "abort"),
    FaultKind.DELAY: (
        'at = "tms", message = "C-FIND", seconds = 60',
        "queried",
        "queried",
        "not done in time",
    ),
    FaultKind.ANSWER_STATUS: (
        'at = "tms", message = "N-ACTION", type_id = 1, status = "C301"',
        "",
        "claimed",
        "C301H",
    ),
    FaultKind.OUT_OF_RESOURCES: ('at = "ost", message = "C-STORE"', "", "scheduled", "A700H"),
    FaultKind.ALTER_ATTRIBUTE: (
        'at = "tms", message = "C-FIND", path = "ProcedureStepState", value = "COMPLETED"',
        "",
        "queried",
        "ProcedureStepState is 'COMPLETED'; expected: equal to SCHEDULED",
    ),
    FaultKind.REMOVE_ATTRIBUTE: (
        'at = "tms", message = "C-FIND", path = "PatientID"',
        "",
        "queried",
        "PatientID is absent or empty",
    ),
    FaultKind.DROP_EVENT: (
        'at = "tms", type_id = 1',
        "",
        "told",
        "the next event is UPS Assigned, not state report SCHEDULED",
    ),
    FaultKind.DOUBLE_EVENT: (
        'at = "tms", type_id = 1',
        "",
        "assigned",
        "the next event is UPS State Report SCHEDULED, not assigned",
    ),
    FaultKind.REORDER_EVENT: (
        'at = "tms", type_id = 1',
        "",
        "told",
        "the next event is UPS Assigned, not state report SCHEDULED",
    ),
    FaultKind.FAIL_SUB_OPERATION: (
        'at = "ost", message = "C-MOVE"',
        "",
        "retrieved",
        "C-MOVE to OST was answered",
    ),
    FaultKind.CLOSE_PORT: ('at = "ost"', "", "scheduled", "OST"),
    FaultKind.RESTART_WARM: (
        'at = "tms"',
        "claimed",
        "told of the claim",
        "the next event is SCP Status Change",
    ),
    FaultKind.RESTART_COLD: (
        'at = "tms"',
        "queried",
        "queried",
        "expected 1 procedure steps; the TMS has 0",
    ),
    FaultKind.CLOCK_SKEW: (
        'at = "tms", seconds = 864000',
        "",
        "queried",
        "ScheduledProcedureStepModificationDateTime",
    ),
}


@pytest.mark.parametrize("kind", FaultKind)
def test_each_kind_of_fault_turns_the_verdict_red(kind: FaultKind, tmp_path: Path) -> None:
    fault, before, failing, words = FAULTS[kind]
    text = SHORT if kind is FaultKind.DELAY else SCENARIO
    result = play(tmp_path, f'kind = "{kind}", {fault}', text, before)
    assert not result.passed
    (failed,) = [step for step in result.steps if step.outcome is StepOutcome.FAILED]
    assert (failed.title, words in failed.words) == (failing, True), failed.words
    after = result.steps[failed.index + 1 :]
    assert all(step.outcome is StepOutcome.SKIPPED for step in after)
