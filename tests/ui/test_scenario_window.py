"""The window of the scenarios: step, run, pause, stop, verdict, evidence; by hand and by keys."""

from __future__ import annotations

import threading
from contextlib import nullcontext
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog, QLabel, QTableView

from tdwii_gui.actors.actor import Surroundings
from tdwii_gui.actors.suite import Role
from tdwii_gui.actors.tms import Tms
from tdwii_gui.config.ae_directory import AeDirectory, ApplicationEntity
from tdwii_gui.config.settings import Settings, TmsSettings
from tdwii_gui.judging.verdict import Outcome
from tdwii_gui.scenario.library import shipped_names
from tdwii_gui.ui.models.scenario_rows import Mark
from tdwii_gui.ui.panels.fault_bar import FaultBar
from tdwii_gui.ui.scenario_control import RunState
from tdwii_gui.ui.scenario_desk import ScenarioDesk

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tdwii_gui.app.desktop import SuiteProgram
    from tdwii_gui.judging.verdict import Verdict
    from tdwii_gui.scenario.results import ScenarioResult
    from tdwii_gui.ui.scenario_window import ScenarioWindow
    from tests.ui.hand import Hand

HEAD = """
title = "A short one"
purpose = "Tries the window"
clauses = ["PS3.4 A.4"]
"""
ECHO = """
[[step]]
title = "The device verifies that the TMS answers"
do = "tdd.echo"
with = { actors = ["tms"] }
"""
BROKEN = (
    HEAD
    + """
[[step]]
title = "Echoes fail"
do = "fault"
with = { at = "tms", kind = "answer-status", message = "C-ECHO", status = "0110", times = 0 }
"""
    + ECHO
    + """
[[step]]
title = "It is not reached"
do = "check"
"""
)
WAITING = (
    HEAD
    + """
[[step]]
title = "Fraction 1 is scheduled"
do = "creator.schedule"

[[step]]
title = "Nobody treats it"
do = "wait"
with = { state = "COMPLETED" }
within = 300
"""
)


class Bench:
    """A desk of scenarios, and what was asked of its surroundings."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.evidence: list[tuple[Path, ScenarioResult | None, Sequence[Verdict]]] = []
        self.desk = ScenarioDesk(
            Settings(),
            folder / "recordings",
            _no_echo,
            self._write,
            nullcontext,
            lambda _folder, _number: None,
        )

    @property
    def window(self) -> ScenarioWindow:
        return self.desk.window

    def _write(
        self, recording: Path, result: ScenarioResult | None, verdicts: Sequence[Verdict]
    ) -> Path:
        self.evidence.append((recording, result, verdicts))
        return self.folder / "report.html"

    def open(self, hand: Hand, text: str, name: str = "own") -> None:
        path = self.folder / f"{name}.toml"
        path.write_text(text, encoding="utf-8")
        self.desk.open_file(path)
        hand.wait(lambda: self.window.scenario and self.window.scenario.name == name)

    def marks(self) -> list[Mark]:
        return [row.mark for row in self.window.card.rows]

    def chosen_mark(self) -> Mark:
        key = str(self.folder / "own.toml")
        return next(row.mark for row in self.window.scenarios.rows if row.key == key)


def _no_echo(*_arguments: object) -> None:
    raise AssertionError("nobody asked for an echo")


@pytest.fixture
def bench(hand: Hand, tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    made.desk.open()
    hand.wait(lambda: made.window.scenario)
    yield made
    made.desk.close()
    hand.wait(lambda: not any("scenario" in t.name for t in threading.enumerate()))


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Return what is shown by the desktop."""
    paths: list[Path] = []
    monkeypatch.setattr("tdwii_gui.ui.scenario_desk.open_folder", paths.append)
    return paths


def chip(bench: Bench) -> str:
    return bench.window.result.findChild(QLabel, "result_chip").text()


def press(bench: Bench, hand: Hand, key: Qt.Key, ctrl: bool = True) -> None:
    """Press a key in the table of the steps."""
    bench.window.activateWindow()
    hand.wait(bench.window.isActiveWindow)
    modifier = Qt.KeyboardModifier.ControlModifier if ctrl else Qt.KeyboardModifier.NoModifier
    QTest.keyClick(bench.window.card.steps, key, modifier)


def test_all_shipped_scenarios_are_listed_with_purpose_and_clauses(
    bench: Bench, hand: Hand
) -> None:
    window = bench.window
    rows = window.scenarios.rows
    assert {row.key for row in rows} == set(shipped_names())
    assert window.scenario.name == "nominal_photon"
    for row in rows:
        window.scenarios.select(row.key)
        assert window.scenario is row.scenario
        assert row.scenario.purpose in window.card.findChild(QLabel, "scenario_purpose").text()
        assert row.scenario.clauses[0] in window.card.findChild(QLabel, "scenario_clauses").text()
        assert len(hand.cells(window, "scenario_steps")) == len(row.scenario.steps)
    assert window.minimumSizeHint().width() <= 1366
    assert window.minimumSizeHint().height() <= 740


def test_space_steps_ctrl_r_runs_and_ctrl_e_proves(
    bench: Bench, hand: Hand, opened: list[Path]
) -> None:
    window, control = bench.window, bench.desk.control
    bench.open(hand, HEAD + ECHO + ECHO.replace("The device", "Again the device"))
    window.card.steps.setFocus()
    press(bench, hand, Qt.Key.Key_Space, ctrl=False)
    hand.wait(lambda: control.state is RunState.PAUSED)
    assert bench.marks() == [Mark.PASSED, Mark.WAITING]
    assert window.card.run.text() == "Continue"
    assert not window.scenarios.table.isEnabled()
    hand.wait(lambda: window.ladder.ladder.arrows.total > 0)
    assert window.card.steps.hasFocus(), "the space bar must not press another button"
    press(bench, hand, Qt.Key.Key_R)
    hand.wait(lambda: control.state is RunState.IDLE)
    hand.wait(window.result.evidence.isEnabled)
    assert bench.marks() == [Mark.PASSED, Mark.PASSED]
    assert bench.chosen_mark() is Mark.PASSED
    assert chip(bench) == "✓ Passed"
    assert window.result.words.startswith("2 of 2 steps passed")
    press(bench, hand, Qt.Key.Key_E)
    hand.wait(lambda: opened)
    recording, result, verdicts = bench.evidence[0]
    assert (recording / "recording.json").is_file()
    assert result is not None
    assert result.passed
    assert {verdict.ae_title for verdict in verdicts} == {"TMS", "TDD", "OST"}
    window.ladder.chosen.emit(window.ladder.ladder.arrows[0].key)
    look = hand.find(window, QDialog, "message_dialog")
    hand.read(look, "C-ECHO")


def test_a_failing_step_is_told_with_its_reason(bench: Bench, hand: Hand) -> None:
    window = bench.window
    bench.open(hand, BROKEN)
    bars: list[str] = []
    bar = window.findChild(FaultBar, "fault_bar")
    bench.desk.control.stepped.connect(lambda _result: bars.append(bar.words))
    hand.click(window, "scenario_run")
    hand.wait(window.result.evidence.isEnabled)
    assert bench.marks() == [Mark.PASSED, Mark.FAILED, Mark.SKIPPED]
    assert bench.chosen_mark() is Mark.FAILED
    assert chip(bench) == "✕ Failed"
    assert "Step 2" in window.result.words
    assert "0110" in window.card.findChild(QLabel, "step_words").text()
    assert not bar.isVisible(), "its actors are gone"


def test_a_file_that_cannot_be_played_is_refused_with_its_line(bench: Bench, hand: Hand) -> None:
    path = bench.folder / "wrong.toml"
    path.write_text(HEAD + ECHO.replace("tdd.echo", "tdd.fly"), encoding="utf-8")
    before = len(bench.window.scenarios.rows)
    bench.desk.open_file(path)
    hand.wait(lambda: bench.window.messages.shown_texts)
    (words,) = bench.window.messages.shown_texts
    assert "wrong.toml, line 8" in words
    assert "tdd.fly" in words
    assert len(bench.window.scenarios.rows) == before


def test_own_files_are_there_the_next_time(bench: Bench, hand: Hand, tmp_path: Path) -> None:
    bench.open(hand, HEAD + ECHO)
    again = Bench(tmp_path)
    again.desk.open()
    hand.wait(lambda: any(row.is_own for row in again.window.scenarios.rows))
    again.desk.close()


def test_pause_stop_run_again_and_close_while_it_runs(hand: Hand, tmp_path: Path) -> None:
    before = set(threading.enumerate())
    bench = Bench(tmp_path)
    bench.desk.open()
    hand.wait(lambda: bench.window.scenario)
    window, control = bench.window, bench.desk.control
    bench.open(hand, WAITING)
    # Pressed as soon as it can be: while the first step is under way.
    begun: list[int] = []
    control.began.connect(begun.append)
    control.began.connect(lambda _n: len(begun) > 1 or hand.click(window, "scenario_pause"))
    hand.click(window, "scenario_run")
    hand.wait(lambda: control.state is RunState.PAUSED)
    assert bench.marks() == [Mark.PASSED, Mark.WAITING]
    hand.click(window, "scenario_run")
    hand.wait(lambda: bench.marks() == [Mark.PASSED, Mark.RUNNING])
    hand.click(window, "scenario_stop")
    hand.wait(lambda: control.state is RunState.IDLE)
    hand.wait(window.result.evidence.isEnabled)
    assert bench.marks() == [Mark.PASSED, Mark.SKIPPED]
    assert chip(bench) == "⊘ Stopped"
    hand.click(window, "scenario_run")
    hand.wait(lambda: bench.marks() == [Mark.PASSED, Mark.RUNNING])
    bench.desk.close()
    hand.wait(lambda: set(threading.enumerate()) <= before)
    folders = list((tmp_path / "recordings").iterdir())
    assert len(folders) == 2
    assert all((folder / "recording.json").is_file() for folder in folders)


@pytest.fixture
def other_tms(tmp_path: Path) -> Iterator[Tms]:
    """Return a TMS of somebody else on this host."""
    made = Tms(
        TmsSettings(ae_title="OTHER_TMS", port=0), Surroundings(AeDirectory(), tmp_path / "o")
    )
    made.start()
    yield made
    made.stop()


def test_another_system_is_judged(program: SuiteProgram, hand: Hand, other_tms: Tms) -> None:
    launcher = program.launcher
    ports = {actor.ae_title: actor.port for actor in program.control.suite.actors}
    hand.click(launcher, "scenarios_button")
    window = hand.window("scenarios")
    hand.wait(lambda: window.scenarios.rows)
    window.scenarios.select("handshake_tms")
    hand.click(window, "scenario_external_tms")
    for name, value in (("ae_title", "OTHER_TMS"), ("host", "127.0.0.1")):
        hand.type(window, f"external_{name}", value)
    hand.type(window, "external_port", str(other_tms.port))
    hand.click(window, "external_test")
    hand.wait(lambda: "answers" in window.findChild(QLabel, "external_result").text())
    hand.click(window, "external_save")
    listening: list[bool] = []
    control = program.rehearsal.desk.control

    def introduce() -> None:
        """Tell the other system our AEs, as its operator would have done."""
        listening.append(any(actor.listening for actor in program.control.suite.actors))
        for actor in control.run.stage.actors.values():
            other_tms.directory.register(
                ApplicationEntity(actor.ae_title, "127.0.0.1", actor.port or 104)
            )

    control.entered.connect(introduce)
    hand.click(window, "scenario_run")
    hand.wait(window.result.evidence.isEnabled)
    assert window.result.words.startswith("8 of 8"), window.result.words
    assert listening == [False], "the launcher's actors left their ports"
    hand.wait(lambda: all(actor.listening for actor in program.control.suite.actors))
    assert {a.ae_title: a.port for a in program.control.suite.actors} == ports
    hand.wait(window.verdict.isVisible)
    verdicts = window.verdict.table.rows.all_rows
    assert {verdict.ae_title for verdict in verdicts} == {"OTHER_TMS"}
    assert any(verdict.outcome is Outcome.MET for verdict in verdicts)
    assert not [v.words for v in verdicts if v.outcome is Outcome.NOT_MET]
    hand.choose_row(window, "verdicts", 0)
    detail = window.findChild(QLabel, "verdict_detail")
    assert verdicts[0].requirement.clause in detail.text()
    table = hand.find(window, QTableView, "verdicts")
    QTest.keyClick(table, Qt.Key.Key_Return)
    recording = hand.window("recording")
    hand.rows(recording, "recorded_messages")
    chosen = hand.find(recording, QTableView, "recorded_messages")
    hand.wait(lambda: chosen.selected() is not None)
    recording.close()


def test_the_menus_tell_the_keys(bench: Bench) -> None:
    keys = {
        name: bench.window.findChild(QAction, name).shortcut().toString()
        for name in ("run_scenario", "step_scenario", "write_evidence")
    }
    assert keys == {"run_scenario": "Ctrl+R", "step_scenario": "Space", "write_evidence": "Ctrl+E"}
    assert isinstance(bench.window.findChild(QTableView, "scenarios"), QTableView)
    assert Role.TDD not in bench.desk.control.external
