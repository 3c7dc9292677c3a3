"""All shipped scenarios are green, with all actors in one process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tdwii_gui.config.settings import Settings
from tdwii_gui.scenario.library import shipped_names, shipped_scenario
from tdwii_gui.scenario.results import StepOutcome
from tdwii_gui.scenario.run import ScenarioRun

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("name", shipped_names())
def test_a_shipped_scenario_is_green(name: str, tmp_path: Path) -> None:
    with ScenarioRun(shipped_scenario(name), Settings(), tmp_path / "data") as run:
        result = run.run()
    wrong = [step for step in result.steps if step.outcome is not StepOutcome.PASSED]
    assert not wrong
    assert result.passed
