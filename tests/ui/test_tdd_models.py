"""What the TDD's console shows, without a window: inputs, beams, geometry, photo, worklist keys."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest
from pydicom.dataset import Dataset

from tdwii_gui.actors.checks import Check
from tdwii_gui.actors.delivery import DeliveryPhase, DeliveryProgress
from tdwii_gui.actors.inputs import MissingInput, RetrievalResult
from tdwii_gui.actors.session_state import SessionAction, SessionState, why_not
from tdwii_gui.config.resources import resource_path
from tdwii_gui.dicom import uids
from tdwii_gui.dicom.iod.part10 import read_part10
from tdwii_gui.dicom.iod.plan import read_plan
from tdwii_gui.dicom.iod.references import InputReference
from tdwii_gui.dicom.iod.rtbdi import RtBeamsDeliveryInstruction, build_rtbdi
from tdwii_gui.dicom.iod.ups import ProcedureStepState
from tdwii_gui.ui.models.beam_path import beam_path
from tdwii_gui.ui.models.check_rows import check_model
from tdwii_gui.ui.models.delivery_rows import (
    BeamState,
    beam_model,
    beam_rows,
    beam_words,
    paused,
    progressed,
    resumed,
    session_metersets,
)
from tdwii_gui.ui.models.input_rows import InputState, InputTally, input_model
from tdwii_gui.ui.models.worklist import WorklistFilter
from tdwii_gui.ui.photo_image import decode_photo
from tdwii_gui.ui.session_words import KNOWN
from tdwii_gui.ui.worklist_keys import first_filter, query_keys

if TYPE_CHECKING:
    from tdwii_gui.dicom.iod.beam import Beam
    from tdwii_gui.ui.models.delivery_rows import BeamRow


def reference(number: int, sop_class: str = uids.CT_IMAGE, series: str = "1.2") -> InputReference:
    return InputReference(sop_class, f"1.2.3.{number}", "1.1", series, "OST")


def demo_rows(name: str) -> list[BeamRow]:
    plan = read_plan(resource_path("demo_patient", name))
    group = plan.fraction_group()
    instruction = RtBeamsDeliveryInstruction.from_dataset(build_rtbdi(plan, group, 1))
    return beam_rows(group, instruction)


def demo_beam(name: str, number: int) -> Beam:
    return read_plan(resource_path("demo_patient", name)).fraction_group().beam(number)


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
    early = progressed(on, progress(DeliveryPhase.BEAM_ENDED, 40.0))
    assert early.state is BeamState.ENDED_EARLY
    whole = progressed(on, progress(DeliveryPhase.BEAM_ENDED, first.planned))
    assert whole.state is BeamState.DELIVERED
    assert session_metersets([whole, *others])[0] == pytest.approx(first.planned)


def progress(phase: DeliveryPhase, delivered: float) -> DeliveryProgress:
    return DeliveryProgress(phase, 1, "1", delivered, 92.4, 10.0)


def test_the_gantry_turns_along_the_arc() -> None:
    beam = demo_beam("photon_plan.dcm", 3)
    path = beam_path(beam)
    assert path.at(0.0).gantry == pytest.approx(179.0)
    half = path.at(beam.meterset / 2)
    assert half.gantry == pytest.approx(89.0, abs=5)
    assert path.at(beam.meterset * 2).point == len(path.poses) - 1
    assert len(path.boundaries) == 61
    between = path.at((path.metersets[0] + path.metersets[1]) / 2)
    a, b = path.poses[0].leaves, path.poses[1].leaves
    assert between.leaves == pytest.approx([(x + y) / 2 for x, y in zip(a, b, strict=True)])


def test_an_electron_beam_has_jaws_alone_and_an_ion_beam_spots() -> None:
    electron = beam_path(demo_beam("electron_plan.dcm", 1)).at(0.0)
    assert electron.x_jaws == (-70.0, 70.0)
    assert not electron.leaves
    ion = beam_path(demo_beam("ion_plan.dcm", 1))
    assert ion.is_ion
    assert ion.at(0.0).spots
    assert ion.at(0.0).energy == pytest.approx(119.89)


@pytest.mark.parametrize("direction", ["CW", "CC", "NONE"])
def test_the_direction_decides_how_the_gantry_goes_round(direction: str) -> None:
    beam = demo_beam("photon_plan.dcm", 3)
    first, second = beam.control_points[0].item, beam.control_points[1].item
    first.GantryAngle, second.GantryAngle = "350", "10"
    first.GantryRotationDirection = direction
    turn = beam_path(beam).poses[0].gantry_turn
    assert turn == pytest.approx(-340 if direction == "CC" else 20)


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
    for model in (inputs, checks, beams):
        qtmodeltester.check(model)
    inputs.replace_all(InputTally([reference(1), reference(2, uids.RT_PLAN)]).rows)
    checks.replace_all(
        [Check("Patient ID", passed=True, text="agree"), Check("Plan", passed=False, text="no")]
    )
    beams.replace_all(demo_rows("ion_plan.dcm"))
    for model in (inputs, checks, beams):
        qtmodeltester.check(model)
        shown = [
            model.index(row, column).data()
            for row in range(model.rowCount())
            for column in range(model.columnCount())
        ]
        assert all(isinstance(text, str) for text in shown)


def test_every_reason_of_a_session_can_be_translated() -> None:
    reasons = {why_not(action, state) for action in SessionAction for state in SessionState}
    assert reasons - {""} <= set(KNOWN)
