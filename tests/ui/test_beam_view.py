"""The beam's eye view: what it draws, in words and colours, and what it costs."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from statistics import median
from time import perf_counter, process_time
from typing import TYPE_CHECKING

import pytest
from pydicom.dataset import Dataset
from PySide6.QtCore import QPoint
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication

from tdwii_gui.actors.delivery import DeliveryPhase, DeliveryProgress
from tdwii_gui.config.resources import resource_path
from tdwii_gui.dicom.iod.beam import Beam
from tdwii_gui.dicom.iod.plan import read_plan
from tdwii_gui.dicom.iod.rtbdi import TableTopAdjustment
from tdwii_gui.ui.models.beam_glide import GLIDE_SECONDS, Glide
from tdwii_gui.ui.models.beam_outlines import OutlineKind, beam_outlines
from tdwii_gui.ui.models.beam_path import BeamPath, beam_path, jaw_pair, leaf_pairs
from tdwii_gui.ui.models.machine_rows import machine_rows
from tdwii_gui.ui.models.spot_map import SpotTally
from tdwii_gui.ui.panels.beam_view import BeamView
from tdwii_gui.ui.panels.dial import Dial
from tdwii_gui.ui.views.spot_painter import scale_colours

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtGui import QImage

    from tests.ui.hand import Hand

ON = QColor("#a87a26")


def demo_beam(name: str, number: int) -> Beam:
    return read_plan(resource_path("demo_patient", name)).fraction_group().beam(number)


@pytest.fixture
def view(qtbot) -> BeamView:
    view = BeamView()
    qtbot.addWidget(view)
    view.resize(553, 470)
    view.show()
    return view


def show(view: BeamView, path: BeamPath, seconds: float = 0.0) -> None:
    view.show_paths({path.number: path})
    view.show_start(path.number, path.meterset_at(seconds))
    view.show_beam_on(is_on=True)


def picture(view: BeamView) -> QImage:
    QApplication.processEvents()
    return view.view.grab().toImage()


def colour_at(view: BeamView, x: float, y: float, extent: float) -> QColor:
    """Return the colour at a place in mm, a little beside it: the axis has a cross."""
    image = picture(view)
    side = min(image.width(), image.height()) - 12
    centre = QPoint(image.width() // 2, image.height() // 2)
    return image.pixelColor(
        centre + QPoint(round(x * side / 2 / extent), -round(y * side / 2 / extent))
    )


def progress(
    path: BeamPath, seconds: float, phase: DeliveryPhase = DeliveryPhase.BEAM_ON
) -> DeliveryProgress:
    moment = path.at(seconds)
    return DeliveryProgress(
        phase, path.number, path.name, path.meterset_at(seconds), 1.0, 1.0, moment, 1.0
    )


def test_the_gantry_turns_along_the_arc_and_leaves_move_between_control_points() -> None:
    beam = demo_beam("photon_plan.dcm", 3)
    path = beam_path(beam)
    start, turn = path.gantry_turns
    assert start == pytest.approx(179.0)
    assert turn == pytest.approx(-178.0, abs=5)
    half = path.at(path.seconds_to(beam.meterset / 2))
    assert half.gantry == pytest.approx(89.0, abs=5)
    (bank,) = path.banks
    assert bank.pairs == 60
    here, there = (
        leaf_pairs(bank, path.at(path.timeline.seconds[path.timeline.marks[point]]))
        for point in (0, 1)
    )
    between = leaf_pairs(bank, path.at(path.timeline.seconds[path.timeline.marks[1]] / 2))
    for low, high, middle in zip(here, there, between, strict=True):
        assert middle == pytest.approx(((low[0] + high[0]) / 2, (low[1] + high[1]) / 2))


def test_a_picture_is_open_where_the_leaves_are(view: BeamView) -> None:
    path = beam_path(demo_beam("photon_plan.dcm", 1))
    show(view, path)
    (bank,), state = path.banks, path.at(0.0)
    for pair in (25, 34):
        low, high = leaf_pairs(bank, state)[pair]
        y = (bank.boundaries[pair] + bank.boundaries[pair + 1]) / 2
        assert colour_at(view, low + 3, y, path.extent) == ON
        assert colour_at(view, high - 3, y, path.extent) == ON
        assert colour_at(view, low - 3, y, path.extent) != ON
        assert colour_at(view, high + 3, y, path.extent) != ON
    view.show_beam_on(is_on=False)
    assert colour_at(view, 6, 6, path.extent) != ON


def test_two_leaf_banks_leave_open_what_both_do(view: BeamView) -> None:
    beam = demo_beam("photon_plan.dcm", 1)
    item = deepcopy(beam.item)
    (mlc,) = (
        each for each in item.BeamLimitingDeviceSequence if each.RTBeamLimitingDeviceType == "MLCX"
    )
    second = deepcopy(mlc)
    mlc.RTBeamLimitingDeviceType, second.RTBeamLimitingDeviceType = "MLCX1", "MLCX2"
    item.BeamLimitingDeviceSequence.append(second)
    positions = item.ControlPointSequence[0].BeamLimitingDevicePositionSequence
    (first,) = (each for each in positions if each.RTBeamLimitingDeviceType == "MLCX")
    first.RTBeamLimitingDeviceType = "MLCX1"
    other = Dataset()
    other.RTBeamLimitingDeviceType = "MLCX2"
    other.LeafJawPositions = [*["0"] * 60, *["200"] * 60]
    positions.append(other)
    path = beam_path(Beam(1, beam.meterset, item, is_ion=False))
    assert [bank.kind for bank in path.banks] == ["MLCX1", "MLCX2"]
    show(view, path)
    assert colour_at(view, 8, 6, path.extent) == ON
    assert colour_at(view, -8, 6, path.extent) != ON


def test_an_electron_beam_has_jaws_applicator_and_block(view: BeamView) -> None:
    path = beam_path(demo_beam("electron_plan.dcm", 2))
    assert jaw_pair(path.at(0.0), in_x=True) == (-70.0, 70.0)
    assert not path.banks
    kinds = {outline.kind: outline for outline in path.outlines}
    assert kinds[OutlineKind.APPLICATOR].points[2] == (50.0, 50.0)
    assert len(kinds[OutlineKind.APERTURE].points) == 8
    show(view, path)
    assert colour_at(view, 30, 5, path.extent) == ON
    inside_applicator = colour_at(view, 42, 5, path.extent)
    outside = colour_at(view, 58, 5, path.extent)
    assert len({QColor(c).name() for c in (ON, inside_applicator, outside)}) == 3


def test_a_shielding_block_is_closed_inside_and_bad_blocks_are_left_out(view: BeamView) -> None:
    beam = demo_beam("electron_plan.dcm", 1)
    item = deepcopy(beam.item)
    block, broken = Dataset(), Dataset()
    block.BlockType, block.BlockName = "SHIELDING", "<b>S1</b>"
    block.BlockData = ["5", "5", "25", "5", "25", "25", "5", "25"]
    broken.BlockType = "APERTURE"
    item.BlockSequence = [block, broken]
    path = beam_path(Beam(1, beam.meterset, item, is_ion=False))
    assert [each.kind for each in beam_outlines(Beam(1, 1.0, item, is_ion=False))] == [
        OutlineKind.APPLICATOR,
        OutlineKind.SHIELDING,
    ]
    show(view, path)
    assert colour_at(view, 15, 14, path.extent) != ON
    assert colour_at(view, -15, 14, path.extent) == ON


def test_spots_are_coloured_by_what_is_delivered(view: BeamView, hand: Hand) -> None:
    path = beam_path(demo_beam("ion_plan.dcm", 1))
    spots = path.spots
    assert spots is not None
    layer = spots.layers[0]
    assert layer.energy == pytest.approx(119.89)
    assert sum(sum(each.metersets) for each in spots.layers) == pytest.approx(
        path.meterset_at(path.seconds)
    )
    last = spots.places[layer.places[-1]]
    show(view, path)
    planned, *_, whole = scale_colours()
    assert colour_at(view, *last, path.extent) == planned
    first_but_one = (layer.start + layer.end) / 2
    shares = layer.shares(first_but_one)
    assert shares[0] == 1
    assert shares[-1] == 0
    assert sum(a * b for a, b in zip(shares, layer.metersets, strict=True)) == pytest.approx(
        first_but_one - layer.start
    )
    view.show_start(1, path.meterset_at(path.seconds))
    view.show_beam_on(is_on=False)
    final = spots.places[spots.layers[-1].places[0]]
    assert colour_at(view, *final, path.extent) == whole
    # The first layer reaches farther than the last one: its spots are seen with all layers.
    hand.click(view, "all_layers")
    assert colour_at(view, *last, path.extent) == whole
    assert "All" in view.view._layer_words(path, path.at(0.0))


def test_all_layers_are_added_up_forwards_and_backwards() -> None:
    path = beam_path(demo_beam("ion_plan.dcm", 1))
    spots = path.spots
    assert spots is not None
    tally, end = SpotTally(spots), path.meterset_at(path.seconds)
    for meterset in (0.0, end / 3, end, end / 3, 0.0):
        shares = tally.shares(meterset)
        delivered = sum(a * b for a, b in zip(shares, spots.planned, strict=True))
        assert delivered == pytest.approx(meterset, abs=1e-6)


def test_a_painting_passes_each_spot_with_its_part() -> None:
    path = beam_path(demo_beam("ion_plan.dcm", 1))
    assert path.spots is not None
    twice = replace(path.spots.layers[0], paintings=2)
    middle = (twice.start + twice.end) / 2
    assert twice.shares(middle) == pytest.approx([0.5] * len(twice.places))
    quarter = twice.shares(twice.start + (twice.end - twice.start) / 4)
    assert quarter[0] == 0.5
    assert quarter[-1] == 0


def test_the_table_says_what_the_picture_draws(view: BeamView, hand: Hand) -> None:
    path = beam_path(demo_beam("photon_plan.dcm", 3))
    show(view, path, path.seconds / 2)
    hand.click(view, "view_as_table")
    said = {row[0]: row[1:] for row in hand.cells(view, "machine")}
    state = path.at(path.seconds / 2)
    assert said["Gantry"][0] == f"{state.gantry:.1f}°"
    assert "MLCX pair 30" in said
    low, high = leaf_pairs(path.banks[0], state)[29]
    assert said["MLCX pair 30"] == [f"{low:.1f} to {high:.1f} mm", f"{high - low:.1f} mm"]
    assert "jaws x" in view.view.accessibleName()
    ion = beam_path(demo_beam("ion_plan.dcm", 1))
    parts = [row.part for row in machine_rows(ion, ion.at(0.0), 0.0)]
    assert len(parts) == len(set(parts))
    assert "Layer" in parts


def test_it_glides_along_the_beam_and_between_beams() -> None:
    path = beam_path(demo_beam("photon_plan.dcm", 3))
    glide = Glide(path, 0.0)
    assert glide.is_over(0.0)
    glide.follow(10.0, 100.0)
    half = glide.at(100.0 + GLIDE_SECONDS / 2)
    assert half.state.gantry == pytest.approx(path.at(5.0).gantry)
    assert half.meterset == pytest.approx(path.meterset_at(5.0))
    assert glide.is_over(100.01 + GLIDE_SECONDS)
    assert glide.at(200.0).state == path.at(10.0)
    here, there = path.at(10.0), path.at(path.seconds)
    glide.approach(here, there, 300.0)
    assert glide.at(300.0).state.gantry == here.gantry
    assert glide.at(301.0).state.gantry == there.gantry
    assert glide.at(300.1).state.dose_rate == 0


def test_the_picture_follows_the_delivery(view: BeamView, hand: Hand) -> None:
    path = beam_path(demo_beam("photon_plan.dcm", 3))
    show(view, path)
    view.progress(progress(path, path.seconds / 2))
    half = path.at(path.seconds / 2).gantry
    hand.wait(lambda: view._gantry.words == f"{half:.1f}°")
    hand.wait(lambda: not view._timer.isActive())
    view.progress(progress(path, 0.0, DeliveryPhase.POSITIONING))
    assert view._is_moving
    hand.wait(lambda: view._gantry.words == "179.0°")


def test_the_patient_position_of_the_instruction_is_shown() -> None:
    beam = demo_beam("photon_plan.dcm", 1)
    planned = beam_path(beam).at(0.0)
    adjusted = beam_path(beam, TableTopAdjustment(vertical=-120.0)).at(0.0)
    assert adjusted.vertical == -120.0
    assert adjusted.lateral == planned.lateral


def test_a_dial_never_says_360_degrees(qtbot) -> None:
    dial = Dial("Gantry")
    qtbot.addWidget(dial)
    dial.show_angle(359.97)
    assert dial.words == "0.0°"
    assert dial.accessibleName() == "Gantry 0.0°"
    dial.show_turn(10.0, -40.0)
    dial.show_angle(350.0)
    assert not dial.grab().isNull()


@pytest.mark.parametrize(
    ("plan", "number"),
    [("photon_vmat_spine_qa/RPColumna.dcm", 1), ("ion_pbs_water/sobp_10x10.dcm", 1)],
)
@pytest.mark.parametrize("shows_all", [False, True])
def test_thirty_pictures_a_second_leave_the_thread_to_others(
    view: BeamView, shared_data: Path, plan: str, number: int, shows_all: bool
) -> None:
    path = beam_path(read_plan(shared_data / plan).fraction_group().beam(number))
    show(view, path)
    view.view.show_all_layers(shows_all=shows_all)
    taken = []
    for frame in range(60):
        seconds = path.seconds * frame / 59
        begin, worked = perf_counter(), process_time()
        view.view.show_state(path.at(seconds), path.meterset_at(seconds), is_on=True)
        view.view.repaint()
        taken.append(min(perf_counter() - begin, process_time() - worked))
    # 1 to 4 ms on a quiet machine; a frame has 33.
    assert median(taken) < 0.016
