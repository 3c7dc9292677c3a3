"""What the TDD's console shows, without a window: inputs, beams, geometry, photo, worklist keys."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import pytest
from pydicom.dataset import Dataset
from PySide6.QtWidgets import QLabel

from tdwii_gui.actors.checks import Check
from tdwii_gui.actors.delivery import DeliveryPhase, DeliveryProgress
from tdwii_gui.actors.inputs import MissingInput, RetrievalResult
from tdwii_gui.actors.session_state import SessionAction, SessionState, why_not
from tdwii_gui.config.resources import resource_path
from tdwii_gui.dicom import uids
from tdwii_gui.dicom.iod.machine_state import MachineState
from tdwii_gui.dicom.iod.part10 import read_part10
from tdwii_gui.dicom.iod.plan import read_plan
from tdwii_gui.dicom.iod.record_finding import met, not_met, not_told
from tdwii_gui.dicom.iod.references import InputReference
from tdwii_gui.dicom.iod.rtbdi import RtBeamsDeliveryInstruction, build_rtbdi
from tdwii_gui.dicom.iod.ups import ProcedureStepState
from tdwii_gui.ui.models.check_rows import check_model
from tdwii_gui.ui.models.delivery_rows import (
    BeamState,
    beam_model,
    beam_rows,
    beam_words,
    paused,
    progressed,
    rate_now,
    resumed,
    session_metersets,
)
from tdwii_gui.ui.models.finding_rows import finding_model, finding_rows
from tdwii_gui.ui.models.input_rows import InputState, InputTally, input_model
from tdwii_gui.ui.models.machine_rows import MachineRow, machine_model
from tdwii_gui.ui.models.worklist import WorklistFilter
from tdwii_gui.ui.panels.checks_table import ChecksPanel
from tdwii_gui.ui.photo_image import decode_photo
from tdwii_gui.ui.session_words import KNOWN
from tdwii_gui.ui.worklist_keys import first_filter, query_keys

if TYPE_CHECKING:
    from tdwii_gui.ui.models.delivery_rows import BeamRow


def reference(number: int, sop_class: str = uids.CT_IMAGE, series: str = "1.2") -> InputReference:
    return InputReference(sop_class, f"1.2.3.{number}", "1.1", series, "OST")


def demo_rows(name: str) -> list[BeamRow]:
    plan = read_plan(resource_path("demo_patient", name))
    group = plan.fraction_group()
    instruction = RtBeamsDeliveryInstruction.from_dataset(build_rtbdi(plan, group, 1))
    return beam_rows(group, instruction)


def test_inputs_are_counted_by_kind_and_series() -> None:
    tally = InputTally(
        [
            *(reference(number) for number in range(30)),
            reference(99, uids.RT_PLAN),
            reference(98, uids.RT_BEAMS_DELIVERY_INSTRUCTION),
        ]
    )
    images, plan, instruction = tally.rows
    assert (images.expected, plan.expected) == (30, 1)
    assert instruction.state is InputState.LATER
    for number in range(12):
        tally.receive(f"1.2.3.{number}")
    assert tally.receive("1.2.3.0") is None
    assert tally.receive("9.9") is None
    assert tally.rows[0].here == 12
    assert (tally.here, tally.expected) == (12, 32)


def test_what_is_missing_says_why_until_it_is_asked_for_again() -> None:
    tally = InputTally([reference(1), reference(2)])
    tally.settle(RetrievalResult(("1.2.3.1",), (MissingInput(reference(2), "no room"),)))
    (row,) = tally.missing
    assert (row.here, row.expected, row.reason) == (1, 2, "no room")
    tally.retry()
    assert not tally.missing
    assert tally.rows[0].state is InputState.WAITING
    tally.receive("1.2.3.2")
    assert tally.rows[0].state is InputState.HERE


def test_beams_go_from_waiting_to_delivered() -> None:
    first, *others = demo_rows("photon_plan.dcm")
    assert beam_words(first) == "Photon 6 MV, static"
    assert session_metersets([first, *others])[1] == pytest.approx(475.35)
    on = progressed(first, progress(DeliveryPhase.BEAM_ON, 40.0))
    assert on.state is BeamState.BEAM_ON
    assert paused(on).state is BeamState.PAUSED
    assert resumed(paused(on)) == on
    assert paused(first) == first
    assert rate_now(first) == "600 MU/min"
    assert rate_now(replace(on, moment=MachineState(dose_rate=0.0))) == "0 MU/min"
    moving = progressed(first, progress(DeliveryPhase.POSITIONING, 0.0))
    assert moving.state is BeamState.POSITIONING
    early = progressed(on, progress(DeliveryPhase.BEAM_ENDED, 40.0))
    assert early.state is BeamState.ENDED_EARLY
    whole = progressed(on, progress(DeliveryPhase.BEAM_ENDED, first.planned))
    assert whole.state is BeamState.DELIVERED
    assert session_metersets([whole, *others])[0] == pytest.approx(first.planned)


def progress(phase: DeliveryPhase, delivered: float) -> DeliveryProgress:
    return DeliveryProgress(phase, 1, "1", delivered, 92.4, 10.0)


def test_the_demo_photo_is_an_image() -> None:
    image = decode_photo(read_part10(resource_path("demo_patient", "photo.dcm")))
    assert image is not None
    assert (image.width(), image.height()) == (160, 200)


def test_pixels_that_are_too_few_or_of_another_kind_are_no_photo() -> None:
    photo = read_part10(resource_path("demo_patient", "photo.dcm"))
    photo.PixelData = photo.PixelData[:-3]
    assert decode_photo(photo) is None
    assert decode_photo(Dataset()) is None
    photo.PhotometricInterpretation = "YBR_FULL"
    assert decode_photo(photo) is None


def test_the_console_begins_with_what_its_machine_treats_today() -> None:
    wanted = first_filter("TR1")
    keys = query_keys(wanted)
    assert (keys.machine, keys.state) == ("TR1", ProcedureStepState.SCHEDULED)
    assert keys.start_from is not None
    assert keys.start_to is not None
    assert keys.start_from.astimezone().date() == keys.start_to.astimezone().date() == date.today()


def test_several_states_are_asked_for_as_any() -> None:
    states = frozenset({ProcedureStepState.SCHEDULED, ProcedureStepState.IN_PROGRESS})
    keys = query_keys(WorklistFilter(states=states))
    assert (keys.state, keys.start_from, keys.start_to) == (None, None, None)


def test_the_models_are_sound(qtmodeltester) -> None:
    inputs = input_model()
    checks = check_model()
    beams = beam_model()
    findings = finding_model()
    machine = machine_model()
    for model in (inputs, checks, beams, findings, machine):
        qtmodeltester.check(model)
    inputs.replace_all(InputTally([reference(1), reference(2, uids.RT_PLAN)]).rows)
    checks.replace_all(
        [Check("Patient ID", passed=True, text="agree"), Check("Plan", passed=False, text="no")]
    )
    beams.replace_all(demo_rows("ion_plan.dcm"))
    findings.replace_all(finding_rows([("a.dcm", [met("PatientID", "is 1"), not_met("x", "no")])]))
    machine.replace_all([MachineRow("Gantry", "40.0°"), MachineRow("Jaws X", "-5 to 5", "10 mm")])
    for model in (inputs, checks, beams, findings, machine):
        qtmodeltester.check(model)
        shown = [
            model.index(row, column).data()
            for row in range(model.rowCount())
            for column in range(model.columnCount())
        ]
        assert all(isinstance(text, str) for text in shown)


def test_a_check_says_whether_it_blocks_the_beam_or_warns(qtbot) -> None:
    panel = ChecksPanel()
    qtbot.addWidget(panel)
    agrees = Check("Patient ID", passed=True, text="agree")
    warns = Check("Plan approval", passed=False, text="is UNAPPROVED", blocking=False)
    blocks = Check("Treatment machine", passed=False, text="is TR2")
    chip = panel.findChild(QLabel, "checks_outcome")
    assert chip is not None
    for checks, words in (
        ([agrees], "All 1 agree"),
        ([agrees, warns], "1 of 2 warn"),
        ([agrees, warns, blocks], "1 of 3 block the beam"),
    ):
        panel.show_checks(checks)
        assert chip.text().endswith(words)
    outcomes = [panel.model.index(row, 0).data() for row in range(3)]
    assert outcomes == ["✓ Agrees", "⚠ Only warns", "✕ Blocks the beam"]


def test_what_a_record_does_not_meet_comes_first() -> None:
    found = [met("PatientID", "is 1"), not_told("Beam 1 BlockName", "is missing")]
    rows = finding_rows([("a.dcm", found), ("b.dcm", [not_met("FractionNumber", "is 2, not 1")])])
    assert [(row.number, row.record) for row in rows] == [(0, "b.dcm"), (1, "a.dcm"), (2, "a.dcm")]


def test_every_reason_of_a_session_can_be_translated() -> None:
    reasons = {why_not(action, state) for action in SessionAction for state in SessionState}
    assert reasons - {""} <= set(KNOWN)
