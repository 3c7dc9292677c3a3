"""Where the machine stands between control points, against values computed by hand."""

from __future__ import annotations

import time

import pytest

from tdwii_gui.dicom.errors import DatasetError
from tdwii_gui.dicom.iod.machine_state import MachineState, machine_state, turn
from tdwii_gui.dicom.iod.plan import read_plan
from tdwii_gui.dicom.iod.positioning import positioning_seconds, positioning_state, positioning_turn
from tdwii_gui.dicom.iod.rtbdi import TableTopAdjustment


@pytest.mark.parametrize(
    ("start", "end", "direction", "way"),
    [
        (10, 40, "CW", 30),
        (350, 20, "CW", 30),
        (20, 350, "CC", -30),
        (181, 179, "CW", 358),  # all around, through 0
        (179, 181, "CC", -358),
        (170, 190, "CW", 20),  # through 180, as declared
        (170, 190, "CC", -340),
        (170, 190, "NONE", 20),  # not declared: the shorter way
        (10, 350, "NONE", -20),
        (10, 350, "", -20),
        (0, 180, "NONE", 180),
        (90, 89.9999999, "CW", -1e-7),  # decimal text, no turn
        (90, 90.0000001, "CC", 1e-7),
        (45, 45, "CW", 0),
    ],
)
def test_the_way_from_one_angle_to_another(start, end, direction, way):
    assert turn(start, end, direction) == pytest.approx(way)


@pytest.mark.parametrize(
    ("start", "end", "way"),
    [
        (170, 190, -340),  # not through the end stop
        (179, 181, -358),
        (350, 10, 20),
        (90, 270, -180),
        (180, 170, -10),
        (180, 190, 10),
        (190, 180, -10),
        (170, 180, 10),
        (None, 90, 0),
    ],
)
def test_the_gantry_is_not_driven_through_its_end_stop(start, end, way):
    assert positioning_turn(start, end) == pytest.approx(way)


@pytest.fixture
def arc(make_plan, make_beam, make_item):
    """A beam of 100 MU that turns clockwise from 350 to 20 degrees, then stands."""
    beam = make_beam(1, (0, 0.2, 1), BeamType="DYNAMIC")
    first, second, third = beam.ControlPointSequence
    first.GantryAngle, first.GantryRotationDirection = "350", "CW"
    second.GantryAngle, second.GantryRotationDirection = "20", "NONE"
    first.BeamLimitingDeviceAngle, first.PatientSupportAngle = "5", "350"
    second.BeamLimitingDeviceAngle, third.BeamLimitingDeviceAngle = "15", "355"
    third.PatientSupportAngle = "10"
    first.TableTopVerticalPosition, third.TableTopVerticalPosition = "-100", "-60"
    leaves = {"ASYMX": [-50, 50], "MLCX": [-10, -20, 10, 20]}
    moved = {"ASYMX": [-30, 40], "MLCX": [0, -20, 20, 40]}
    first.BeamLimitingDevicePositionSequence = devices(make_item, leaves)
    second.BeamLimitingDevicePositionSequence = devices(make_item, {"MLCX": moved["MLCX"]})
    third.BeamLimitingDevicePositionSequence = devices(make_item, {"ASYMX": moved["ASYMX"]})
    third.NominalBeamEnergy = "10"
    return make_plan(beam).fraction_group().beams[0]


def devices(make_item, positions):
    return [
        make_item(RTBeamLimitingDeviceType=kind, LeafJawPositions=values)
        for kind, values in positions.items()
    ]


@pytest.mark.parametrize(
    ("meterset", "point", "gantry", "collimator", "couch", "vertical", "jaws", "leaves"),
    [
        (0, 0, 350, 5, 350, -100, (-50, 50), (-10, -20, 10, 20)),
        (5, 0.25, 357.5, 7.5, 350, -100, (-50, 50), (-7.5, -20, 12.5, 25)),
        (10, 0.5, 5, 10, 350, -100, (-50, 50), (-5, -20, 15, 30)),
        (20, 1, 20, 15, 350, -100, (-50, 50), (0, -20, 20, 40)),
        (40, 1.25, 20, 10, 355, -90, (-45, 47.5), (0, -20, 20, 40)),
        (80, 1.75, 20, 0, 5, -70, (-35, 42.5), (0, -20, 20, 40)),
        (100, 2, 20, 355, 10, -60, (-30, 40), (0, -20, 20, 40)),
    ],
)
def test_all_moves_linearly_with_the_meterset(
    arc, meterset, point, gantry, collimator, couch, vertical, jaws, leaves
):
    state = machine_state(arc, meterset)
    assert state.control_point == pytest.approx(point)
    found = (state.gantry, state.collimator, state.couch, state.vertical)
    assert found == pytest.approx((gantry, collimator, couch, vertical))
    ((kind, positions),) = state.jaws
    assert (kind, positions) == ("ASYMX", pytest.approx(jaws))
    ((kind, positions),) = state.leaves
    assert (kind, positions) == ("MLCX", pytest.approx(leaves))
    assert (state.layer, state.spot, state.lateral) == (None, None, None)
    # An energy is not passed gradually.
    assert state.energy == (10 if meterset == 100 else 6)


def test_beyond_its_ends_a_beam_stands_still(arc):
    assert machine_state(arc, -1) == machine_state(arc, 0)
    assert machine_state(arc, 101) == machine_state(arc, 100)
    assert machine_state(arc, 100).seconds_left == 0
    assert machine_state(arc, 100).dose_rate == 0


def test_a_step_between_two_shots_is_passed_when_the_next_begins(make_plan, make_beam):
    beam = make_beam(1, (0, 0.5, 0.5, 1))
    for point, angle in zip(beam.ControlPointSequence, (0, 0, 30, 30), strict=True):
        point.GantryAngle = str(angle)
    stepped = make_plan(beam).fraction_group().beams[0]
    assert machine_state(stepped, 49.999).gantry == 0
    assert (machine_state(stepped, 50).gantry, machine_state(stepped, 50).control_point) == (30, 2)


def test_layers_and_spots_of_an_ion_beam(ion_plan):
    beam = ion_plan.fraction_group().beams[0]  # 10 + 10 + 20 MU at 120 MeV, 60 MU at 100 MeV
    found = [
        (state.layer, state.spot, state.energy)
        for state in (machine_state(beam, meterset) for meterset in (0, 9.9, 10, 25, 40, 99))
    ]
    assert found == [
        (0, 0, 120),
        (0, 0, 120),
        (0, 1, 120),
        (0, 2, 120),
        (1, 0, 100),
        (1, 0, 100),
    ]


@pytest.mark.parametrize("mode", ["UNIFORM", "NONE"])
def test_what_is_not_modulated_has_layers_but_no_spots(ion_dataset, ion_plan, mode):
    ion_dataset.IonBeamSequence[0].ScanMode = mode
    beam = ion_plan.fraction_group().beams[0]
    assert [machine_state(beam, m).layer for m in (0, 39, 40, 100)] == [0, 0, 1, 1]
    assert machine_state(beam, 20).spot is None


def test_an_adjusted_patient_position_moves_the_table(arc):
    start = machine_state(arc, 0)
    adjustment = TableTopAdjustment(vertical=-103.5, lateral=4.0, patient_support_angle=352.0)
    adjusted = machine_state(arc, 80).adjusted(adjustment, start)
    assert (adjusted.vertical, adjusted.longitudinal, adjusted.lateral) == (-73.5, None, 4.0)
    assert adjusted.couch == pytest.approx(7.0)
    assert adjusted.gantry == machine_state(arc, 80).gantry
    assert machine_state(arc, 80).adjusted(None, start) == machine_state(arc, 80)


def test_positions_that_are_no_numbers_are_named(make_plan, make_beam):
    beam = make_beam(1)
    device = beam.ControlPointSequence[0].BeamLimitingDevicePositionSequence[1]
    device.LeafJawPositions = [float("nan"), 50]
    made = make_plan(beam).fraction_group().beams[0]
    words = r"^plan\.dcm: Beam 1 control point 0 Y LeafJawPositions is no number"
    with pytest.raises(DatasetError, match=words):
        machine_state(made, 0)


def test_the_machine_moves_to_the_next_beam_with_all_at_once():
    jaws = (("X", (-50.0, 50.0)),)
    here = MachineState(gantry=170.0, couch=0.0, vertical=-100.0, energy=6.0, jaws=jaws)
    there = MachineState(
        gantry=190.0, couch=30.0, vertical=-120.0, energy=10.0, jaws=(("X", (-50.0, 100.0)),)
    )
    assert positioning_seconds(here, there) == pytest.approx(340 / 6)
    assert positioning_seconds(here, here) == 0
    half = positioning_state(here, there, 0.5)
    assert (half.gantry, half.couch, half.vertical) == (0.0, 15.0, -110.0)
    assert half.jaws == (("X", (-50.0, 75.0)),)
    assert positioning_state(here, there, 1.0).gantry == 190.0


def test_a_state_of_120_leaves_is_known_at_once(shared_data):
    plan = read_plan(shared_data / "photon_vmat_spine_qa" / "RPColumna.dcm")
    beam = plan.fraction_group().beams[0]
    machine_state(beam, 0)
    took = []
    for _ in range(5):
        started = time.thread_time()
        states = [machine_state(beam, beam.meterset * n / 200) for n in range(200)]
        took.append((time.thread_time() - started) / len(states))
        assert {len(dict(state.leaves)["MLCX"]) for state in states} == {120}
    assert min(took) < 0.0002
