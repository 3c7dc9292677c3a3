"""The scenes of a rehearsal for `screenshots.py`: faults, recording, scenarios, a verdict."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from PySide6.QtWidgets import QAbstractButton, QComboBox

from tdwii_gui.actors.actor import Surroundings
from tdwii_gui.actors.faults import Fault
from tdwii_gui.actors.suite import Role
from tdwii_gui.actors.tms import Tms
from tdwii_gui.config.ae_directory import AeDirectory, ApplicationEntity
from tdwii_gui.config.settings import TmsSettings
from tdwii_gui.ui.panels.fault_dialog import FaultDialog
from tdwii_gui.ui.scenario_control import RunState
from tdwii_gui.ui.scenario_window import ScenarioWindow

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from docs.screenshots import Studio
    from tdwii_gui.app.desktop import SuiteProgram

FULL: Final = """
title = "Fraction with an OST that is full"
purpose = \"\"\"
What a failing run looks like: the OST answers the first C-STORE with A700, and nothing that
follows can be done.\"\"\"
clauses = ["PS3.4 B.2.3", "PS3.7 C.5.20"]

[[step]]
title = "The OST is full"
do = "fault"
with = { at = "ost", kind = "answer-status", message = "C-STORE", status = "A700", nth = 1 }

[[step]]
title = "Fraction 1 is scheduled"
do = "creator.schedule"

[[step]]
title = "The device finds it in its worklist"
do = "tdd.query_worklist"
transaction = "RO-58"

[[step]]
title = "The device fetches the inputs"
do = "tdd.retrieve_inputs"
transaction = "RO-59"
"""
_IMPERFECT: Final = "remove-attribute path=ProcedureStepLabel message=C-FIND times=0"


def play_rehearsal(studio: Studio, program: SuiteProgram, folder: Path) -> None:
    """Play the scenes and take their pictures; the suite is left as it was."""
    _break(studio, program)
    window = _step(studio)
    _fail(studio, program, window, folder)
    _judge(studio, program, window, folder)


def _break(studio: Studio, program: SuiteProgram) -> None:
    """Record, and break the TMS and the OST on purpose."""
    hand, launcher = studio.hand, program.launcher
    hand.click(launcher, "record")
    hand.wait(lambda: program.life.recording.recording)
    launcher.board.faults_wanted.emit("tms")
    dialog = hand.find(launcher, FaultDialog, "fault_dialog")
    dialog.form.choose("drop-event")
    hand.click(dialog, "add_fault")
    dialog.form.choose("answer-status")
    for name, value in (("status", "C310"), ("message", "N-SET")):
        combo = hand.find(dialog, QComboBox, f"fault_{name}")
        combo.setCurrentIndex(combo.findData(value))
    hand.click(dialog, "add_fault")
    hand.schedule(launcher, "photon")
    studio.run(3)
    dialog.form.choose("alter-attribute")
    hand.type(dialog, "fault_path", "InputReadinessState")
    hand.type(dialog, "fault_value", "INCOMPLETE")
    studio.take_as_it_is(dialog, "faults-dialog")
    dialog.close()
    studio.take(launcher, "launcher-faults")
    hand.click(launcher, "open_tms")
    studio.take(hand.window("tms"), "tms-faults")
    hand.click(launcher, "clear_faults")
    hand.click(launcher, "record")
    hand.wait(lambda: not program.life.recording.recording)
    _inspect(studio, program)


def _inspect(studio: Studio, program: SuiteProgram) -> None:
    """Look at what was recorded."""
    hand = studio.hand
    program.rehearsal.open_recording(program.life.recording.folder)
    window = hand.window("recording")
    rows = hand.rows(window, "recorded_messages")
    created = next(
        number for number, cells in enumerate(rows) if any("N-CREATE" in cell for cell in cells)
    )
    hand.choose_row(window, "recorded_messages", created)
    studio.run(1.5)
    studio.take(window, "recording")
    window.close()


def _step(studio: Studio) -> ScenarioWindow:
    """Step through a nominal fraction, then run what is left of it."""
    hand = studio.hand
    hand.click(hand.window("launcher"), "scenarios_button")
    window = hand.window("scenarios")
    assert isinstance(window, ScenarioWindow)
    hand.rows(window, "scenarios")
    for number in range(1, 9):
        hand.click(window, "scenario_step")
        hand.find(window, QAbstractButton, "scenario_step")
        hand.wait(lambda number=number: window.card.rows[number - 1].seconds is not None)
    studio.take(window, "scenarios-step")
    hand.click(window, "scenario_run")
    hand.find(window, QAbstractButton, "evidence_button")
    studio.take(window, "scenarios-passed")
    return window


def _fail(studio: Studio, program: SuiteProgram, window: ScenarioWindow, folder: Path) -> None:
    """Run a scenario of the user's own, which fails."""
    path = folder / "full_archive.toml"
    path.write_text(FULL, encoding="utf-8")
    desk = program.rehearsal.desk
    desk.open_file(path)
    studio.hand.wait(lambda: window.scenario is not None and window.scenario.name == path.stem)
    studio.hand.click(window, "scenario_run")
    studio.hand.find(window, QAbstractButton, "evidence_button")
    studio.take(window, "scenarios-failed")


def _judge(studio: Studio, program: SuiteProgram, window: ScenarioWindow, folder: Path) -> None:
    """Have another TMS, which is not perfect, in the place of ours, and see the verdict on it."""
    control = program.rehearsal.desk.control
    with _other_tms(folder) as tms:
        tms.faults.add(Fault.from_text(_IMPERFECT))

        def introduce() -> None:
            assert control.run is not None
            for actor in control.run.stage.actors.values():
                tms.directory.register(
                    ApplicationEntity(actor.ae_title, "127.0.0.1", actor.port or 104)
                )

        control.entered.connect(introduce)
        control.external[Role.TMS] = ApplicationEntity("THEIR_TMS", "127.0.0.1", tms.port)
        window.scenarios.select("nominal_photon")
        window.show_actors()
        studio.hand.click(window, "scenario_run")
        studio.hand.wait(lambda: control.state is RunState.IDLE)
        studio.hand.choose_row(window, "verdicts", 0)
        studio.take(window, "scenarios-verdict")
        control.external.clear()
        window.show_actors()


@contextmanager
def _other_tms(folder: Path) -> Iterator[Tms]:
    """Have a TMS of somebody else on this host."""
    settings = TmsSettings(ae_title="THEIR_TMS", port=0)
    tms = Tms(settings, Surroundings(AeDirectory(), folder / "theirs"))
    tms.start()
    try:
        yield tms
    finally:
        tms.stop()
