"""`tdwii run NAME` on a screen: the window of the scenarios comes up and plays it."""

from __future__ import annotations

import threading
from contextlib import nullcontext
from typing import TYPE_CHECKING

import pytest

from tdwii_gui.app.cli import main
from tdwii_gui.app.commands import run as run_command
from tdwii_gui.config.settings import Settings
from tdwii_gui.scenario.library import shipped_scenario
from tdwii_gui.scenario.reading import read_scenario
from tdwii_gui.ui.models.scenario_rows import Mark
from tdwii_gui.ui.scenario_control import RunState
from tdwii_gui.ui.scenario_desk import ScenarioDesk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.ui.hand import Hand

OWN = """
title = "One of mine"
purpose = "Echo"
clauses = []
[[step]]
title = "The TMS answers"
do = "tdd.echo"
with = { actors = ["tms"] }
"""


def _nobody(*_arguments: object) -> None:
    raise AssertionError("nobody asked for that")


@pytest.fixture
def desk(hand: Hand, tmp_path: Path) -> Iterator[ScenarioDesk]:
    made = ScenarioDesk(Settings(), tmp_path, _nobody, _nobody, nullcontext, _nobody)
    yield made
    made.close()
    hand.wait(lambda: not any("scenario" in t.name for t in threading.enumerate()))


@pytest.mark.parametrize("name", ["handshake_tms", "own.toml"])
def test_a_scenario_is_chosen_and_played(
    name: str, desk: ScenarioDesk, hand: Hand, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_text(OWN, encoding="utf-8")
    scenario = read_scenario(path) if path.suffix else shipped_scenario(name)
    desk.play(scenario)
    assert desk.window.isVisible()
    hand.wait(lambda: desk.window.scenario and desk.window.scenario.source == scenario.source)
    hand.wait(lambda: desk.control.recording and desk.control.state is RunState.IDLE)
    assert {row.mark for row in desk.window.card.rows} == {Mark.PASSED}


@pytest.mark.parametrize(
    ("options", "windows"),
    [
        (["handshake_tms"], True),
        (["handshake_tms", "--headless"], False),
        (["handshake_tms", "two_devices_race"], False),
        (["handshake_tms", "--report", "x"], False),
    ],
)
def test_one_scenario_is_played_in_windows_where_there_is_a_screen(
    monkeypatch: pytest.MonkeyPatch, options: list[str], windows: bool
) -> None:
    shown: list[str] = []
    played: list[str] = []

    def show(*_arguments: object, scenario: object) -> int:
        shown.append(scenario.name)
        return 0

    def play(scenario: object, _wanted: object) -> bool:
        played.append(scenario.name)
        return True

    monkeypatch.setattr(run_command, "has_screen", lambda: True)
    monkeypatch.setattr(run_command, "run_suite", show)
    monkeypatch.setattr(run_command, "_play", play)
    assert main(["run", *options]) == 0
    names = [name for name in options if "_" in name]
    assert (shown, played) == ((names, []) if windows else ([], names))
