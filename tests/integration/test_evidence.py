"""Evidence of a real run: two of the same scenario are equal, and the report tells all."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tdwii_gui.actors.suite import Role
from tdwii_gui.config.settings import Settings
from tdwii_gui.evidence.comparison import compare
from tdwii_gui.evidence.pack import write_pack
from tdwii_gui.judging.judge import judge
from tdwii_gui.recording.reading import Recording
from tdwii_gui.recording.switch import RecordingSwitch
from tdwii_gui.scenario.library import shipped_scenario
from tdwii_gui.scenario.run import ScenarioRun

if TYPE_CHECKING:
    from pathlib import Path


def _packed(folder: Path, name: str) -> Path:
    """Play a scenario, and return the evidence of it."""
    folder.mkdir()
    switch = RecordingSwitch()
    switch.begin(folder / "recordings")
    scenario = shipped_scenario(name)
    try:
        with ScenarioRun(scenario, Settings(), folder / "data", recording=switch) as run:
            result = run.run()
    finally:
        path = switch.end()
    assert path is not None
    assert result.passed, [step.words for step in result.steps if step.words]
    recording = Recording(path)
    judged = {result.environment["tms"]: "tms", result.environment["tdd"]: "tdd"}
    verdicts = judge(recording, judged)
    return write_pack(folder, recording, result, verdicts, configuration="")


@pytest.fixture(scope="module")
def nominal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _packed(tmp_path_factory.mktemp("evidence") / "first", "nominal_photon")


def test_two_runs_of_a_scenario_are_equal(nominal: Path, tmp_path: Path) -> None:
    again = _packed(tmp_path / "second", "nominal_photon")
    assert compare(Recording(nominal), Recording(again)).differences == ()


def test_the_report_of_a_nominal_run_tells_all_transactions(nominal: Path) -> None:
    report = (nominal / "report.html").read_text(encoding="utf-8")
    assert "Scenario passed" in report
    assert "not met" not in report
    for number in range(58, 66):
        assert re.search(rf"RO-{number}<span class=\"chip done\">✓ met", report)
    objects = {each.name for each in (nominal / "objects").iterdir()}
    assert objects
    linked = set(re.findall(r'href="objects/(\d+\.dcm)"', report))
    assert linked == objects
    ids = set(re.findall(r'id="(m\d+)"', report))
    assert set(re.findall(r'href="#(m\d+)"', report)) <= ids
    assert len(ids) == len(Recording(nominal).messages)
    assert Role.PPVS.upper() in report
