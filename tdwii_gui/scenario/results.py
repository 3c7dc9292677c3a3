"""What came of the steps of a scenario, and of it as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tdwii_gui.scenario.document import Scenario


class StepOutcome(StrEnum):
    """What came of a step."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class StepResult:
    """What came of a step.

    Parameters
    ----------
    index : int
        Its place in the scenario, from 0.
    title : str
        As the scenario has it.
    outcome : StepOutcome
        Skipped where nothing of it can be seen of another system, or a step before has failed.
    words : str
        Why it has failed or was skipped; may hold text of a peer. Empty if it has passed.
    started : datetime
        When it began, aware: the messages of a recording from then on are its.
    seconds : float
        How long it took.
    """

    index: int
    title: str
    outcome: StepOutcome
    words: str
    started: datetime
    seconds: float


@dataclass(frozen=True, slots=True)
class ScenarioResult:
    """What came of a scenario.

    Parameters
    ----------
    steps : tuple[StepResult, ...]
        One of each step, in their order.
    passed : bool
        Whether no step has failed and all were reached.
    started, seconds : datetime, float
        When it began, aware; how long it took, the actors' start not counted.
    environment : Mapping[str, str]
        The AE title of each actor by its name, with the address of one that is not ours; the
        versions of program, Python, pydicom and pynetdicom; the system.
    """

    scenario: Scenario
    steps: tuple[StepResult, ...]
    passed: bool
    started: datetime
    seconds: float
    environment: Mapping[str, str]
