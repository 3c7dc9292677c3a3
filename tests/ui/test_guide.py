"""The guide leads through whole fractions, by real clicks on the real windows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtWidgets import QLabel, QProgressBar, QPushButton

from tdwii_gui.actors.events import TaskFailed
from tdwii_gui.dicom.errors import TimedOut
from tdwii_gui.dicom.iod.ups import ProcedureStepState
from tdwii_gui.ui.guide import GuideState
from tdwii_gui.ui.guide_steps import Demo, demo_steps
from tests.ui.metersets import metersets, planned_metersets

if TYPE_CHECKING:
    from tdwii_gui.app.desktop import SuiteProgram
    from tests.ui.hand import Hand


def steps_of(program: SuiteProgram) -> list[ProcedureStepState | None]:
    return [step.state for step in program.control.suite.tms.steps().result()]


def records_of(program: SuiteProgram) -> list[str]:
    stored = program.control.suite.ost.instances.summaries()
    return [each.sop_instance_uid for each in stored if each.modality == "RTRECORD"]


@pytest.mark.parametrize("demo", Demo)
def test_every_demonstration_has_words_and_targets(qapp, demo: Demo) -> None:
    steps = demo_steps(demo)
    assert len(steps) == (17 if demo is Demo.INTERRUPTED else 9)
    assert all(s.title and s.meaning and s.dicom and s.action and s.targets for s in steps)
    named = {word.strip(",") for step in steps for word in step.transactions.split()}
    assert named == {f"RO-{number}" for number in range(58, 66)}


def test_auto_play_treats_a_whole_fraction(program: SuiteProgram, hand: Hand) -> None:
    guide = program.life.guide
    guide.pause = 0.0
    guide.speed = 100.0
    hand.click(program.launcher, "guide_ion")
    hand.click(program.launcher, "auto_play")
    hand.wait(lambda: guide.state in (GuideState.FINISHED, GuideState.FAILED))
    assert guide.state is GuideState.FINISHED, guide.words
    assert steps_of(program) == [ProcedureStepState.COMPLETED]
    assert len(records_of(program)) == 1
    hand.click(program.launcher, "guide_next")
    assert guide.state is GuideState.IDLE
    assert program.launcher.welcome.isVisible()


def test_auto_play_interrupts_a_fraction_and_continues_it(
    program: SuiteProgram, hand: Hand
) -> None:
    guide = program.life.guide
    guide.pause = 0.0
    guide.speed = 100.0
    hand.click(program.launcher, "guide_interrupted")
    hand.click(program.launcher, "auto_play")
    hand.wait(lambda: guide.number >= 9 or guide.state is GuideState.FAILED)
    hand.wait(lambda: guide.state in (GuideState.FINISHED, GuideState.FAILED))
    assert guide.state is GuideState.FINISHED, (guide.number, guide.words)
    suite = program.control.suite
    assert sorted(map(str, steps_of(program))) == ["CANCELED", "COMPLETED"]
    records = [suite.ost.instances.read(uid) for uid in records_of(program)]
    assert metersets(records) == planned_metersets("photon_plan.dcm")


def test_a_second_fraction_begins_where_the_first_one_ended(
    program: SuiteProgram, hand: Hand
) -> None:
    guide = program.life.guide
    guide.pause = 0.0
    guide.speed = 100.0
    for plan in (Demo.PHOTON, Demo.ELECTRON):
        program.life.lead(plan, auto_play=True)
        hand.wait(lambda: guide.state in (GuideState.FINISHED, GuideState.FAILED))
        assert guide.state is GuideState.FINISHED, (guide.number, guide.words)
    assert steps_of(program) == [ProcedureStepState.COMPLETED] * 2


def test_a_person_follows_the_guide_by_its_button_and_by_own_clicks(
    program: SuiteProgram, hand: Hand
) -> None:
    guide, launcher = program.life.guide, program.launcher
    hand.click(launcher, "guide_photon")
    hand.wait(lambda: guide.state is GuideState.READY)
    creator = hand.window("creator")
    assert shown(launcher, "guide_panel", "STEP 1 OF 9")
    hand.click(launcher, "guide_next")
    hand.wait(lambda: guide.number == 2 and guide.state is GuideState.READY)
    # A person's own click counts as well, and the next window comes up.
    hand.click(creator, "schedule")
    hand.wait(lambda: guide.number == 3 and guide.state is GuideState.READY)
    hand.window("tms")
    assert launcher.findChild(QProgressBar).value() == 2
    # Without auto-play nothing is pressed.
    assert not guide.auto_play
    hand.click(launcher, "guide_back")
    assert guide.number == 2


def test_who_goes_ahead_is_found_again(program: SuiteProgram, hand: Hand) -> None:
    guide, launcher = program.life.guide, program.launcher
    hand.click(launcher, "guide_photon")
    for _ in range(3):
        number = guide.number
        hand.click(launcher, "guide_next")
        hand.wait(lambda number=number: guide.number > number)
    tdd = hand.window("tdd")
    hand.click(tdd, "refresh")
    hand.choose_row(tdd, "worklist")
    hand.click(tdd, "select_patient")
    for name in ("confirm_name", "confirm_birth_date"):
        hand.tick(tdd, name)
    hand.click(tdd, "confirm_patient")
    hand.wait(lambda: guide.number == 6 and guide.state is GuideState.READY)


def test_auto_play_can_be_stopped_and_left(program: SuiteProgram, hand: Hand) -> None:
    guide, launcher = program.life.guide, program.launcher
    guide.pause = 60.0
    program.life.lead(Demo.PHOTON, auto_play=True)
    hand.wait(lambda: guide.state is GuideState.READY)
    hand.click(launcher, "auto_play")
    assert not guide.auto_play
    hand.click(launcher, "explore")
    assert guide.state is GuideState.IDLE
    assert launcher.welcome.isVisible()


def test_an_error_is_shown_with_what_to_do(program: SuiteProgram, hand: Hand) -> None:
    guide, launcher = program.life.guide, program.launcher
    guide.pause = 0.0
    hand.click(launcher, "toggle_tms")
    hand.wait(lambda: not program.control.suite.tms.listening)
    program.life.lead(Demo.PHOTON, auto_play=True)
    hand.wait(lambda: guide.state is GuideState.FAILED)
    assert guide.number == 2
    assert not guide.auto_play
    assert "nothing listens" in guide.words
    words = launcher.findChild(QLabel, "guide_words").text()
    assert "try again" in words
    assert launcher.findChild(QPushButton, "guide_next").text() == "&Try again"
    hand.click(launcher, "toggle_tms")
    hand.wait(lambda: program.control.suite.tms.listening)


def test_another_actors_error_does_not_stop_the_guide(program: SuiteProgram, hand: Hand) -> None:
    guide = program.life.guide
    program.life.lead(Demo.PHOTON)
    hand.wait(lambda: guide.state is GuideState.READY)
    program.bridge.hear(TaskFailed("PPVS_SCP", "subscribe", TimedOut("TMS does not answer")))
    hand.click(program.launcher, "guide_next")
    hand.wait(lambda: guide.number == 2 and guide.state is GuideState.READY)


def shown(window, name: str, text: str) -> bool:
    panel = next(child for child in window.findChildren(QLabel) if child.text() == text)
    return panel.isVisible() and bool(name)
