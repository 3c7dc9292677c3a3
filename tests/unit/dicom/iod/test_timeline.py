"""When which meterset is delivered: rates, speeds, layers and spots."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tdwii_gui.dicom.iod.machine_limits import LAYER_SWITCH_SECONDS, meterset_rate, spot_seconds


def beam_of(plan):
    return plan.fraction_group().beams[0]


def test_a_still_beam_takes_its_meterset_by_its_dose_rate(make_plan, make_beam):
    line = beam_of(make_plan(make_beam(1))).timeline  # 100 MU at 400 MU/min
    assert line.seconds == pytest.approx([0, 7.5, 15])
    assert [line.scale.meterset(units) for units in line.units] == [0, 50, 100]
    assert line.rate_at(0) == line.rate_at(2) == pytest.approx(400)


@pytest.mark.parametrize(
    ("keyword", "values", "seconds"),
    [
        ("GantryAngle", (0, 120, 120), (20, 7.5)),  # 6 deg/s
        ("GantryAngle", (0, 6, 6), (7.5, 7.5)),  # slower than it could
        ("BeamLimitingDeviceAngle", (0, 0, 150), (7.5, 10)),  # 15 deg/s
        ("PatientSupportAngle", (0, 345, 345), (7.5, 7.5)),  # 3 deg/s, the shorter way
        ("PatientSupportAngle", (0, 60, 60), (20, 7.5)),
        ("TableTopLateralPosition", (0, 300, 300), (15, 7.5)),  # 20 mm/s
    ],
)
def test_what_moves_may_take_longer(make_plan, make_beam, keyword, values, seconds):
    beam = make_beam(1)
    for point, value in zip(beam.ControlPointSequence, values, strict=True):
        setattr(point, keyword, str(value))
    line = beam_of(make_plan(beam)).timeline
    assert [b - a for a, b in pairwise(line.seconds)] == pytest.approx(seconds)
    # The dose rate falls, so that the meterset is right where the machine stands.
    assert line.rate_at(0) == pytest.approx(50 / seconds[0] * 60)


def test_leaves_move_at_25_mm_a_second(make_plan, make_beam, make_item):
    beam = make_beam(1)
    beam.ControlPointSequence[1].BeamLimitingDevicePositionSequence = [
        make_item(RTBeamLimitingDeviceType="X", LeafJawPositions=[-50, 300])
    ]
    line = beam_of(make_plan(beam)).timeline
    assert line.seconds == pytest.approx([0, 10, 17.5])


def test_the_beam_is_held_while_a_step_is_made(make_plan, make_beam):
    beam = make_beam(1, (0, 0.5, 0.5, 1))
    for point, angle in zip(beam.ControlPointSequence, (0, 0, 30, 30), strict=True):
        point.GantryAngle = str(angle)
    line = beam_of(make_plan(beam)).timeline
    assert line.seconds == pytest.approx([0, 7.5, 12.5, 20])
    assert line.units_at(10) == line.scale.units(50)
    state = line.state_at(10)
    assert (state.gantry, state.control_point) == (pytest.approx(15), pytest.approx(1.5))
    assert (state.dose_rate, state.seconds_left) == (0, pytest.approx(10))
    assert line.state_at(15).dose_rate == pytest.approx(400)
    # 50 MU are reached before the step; delivery goes on after it.
    assert line.end_seconds(line.scale.units(50)) == pytest.approx(7.5)
    assert line.start_seconds(line.scale.units(50)) == pytest.approx(12.5)
    assert line.end_seconds(line.scale.units(25)) == pytest.approx(3.75)


def test_layers_and_spots_take_their_time(ion_plan):
    line = beam_of(ion_plan).timeline  # 10 + 10 + 20 and 60 MU at 100 MU/min
    moving = spot_seconds(2, 2)
    first_layer = spot_seconds(0, 0) + 2 * moving + 24
    whole = first_layer + LAYER_SWITCH_SECONDS + spot_seconds(0, 0) + 36
    assert line.seconds[line.marks[1]] == pytest.approx(first_layer)
    assert line.seconds[-1] == pytest.approx(whole)
    assert list(line.seconds) == sorted(line.seconds)
    assert list(line.units) == sorted(line.units)
    switching = line.state_at(first_layer + 1)
    assert (switching.layer, switching.spot, switching.dose_rate) == (1, None, 0)
    delivering = line.state_at(first_layer - 1)
    assert (delivering.layer, delivering.spot) == (0, 2)
    assert delivering.dose_rate == pytest.approx(100)


def test_a_spot_is_reached_by_the_slower_of_two_magnets():
    assert spot_seconds(0, 0) == pytest.approx(0.00193)
    assert spot_seconds(-59, 19.3) == pytest.approx(0.00193 + 0.01)
    assert spot_seconds(0, 193) == pytest.approx(0.00193 + 0.01)


@pytest.mark.parametrize(
    ("start", "end", "spots"),
    [
        (0, 100, [[10, 10, 20], [0, 0, 0], [60], [0]]),
        (0, 25, [[10, 10, 5], [0, 0, 0], [0], [0]]),
        (15.5, 70, [[0, 4.5, 20], [0, 0, 0], [30], [0]]),
        (40, 40, [[0, 0, 0], [0, 0, 0], [0], [0]]),
    ],
)
def test_spots_share_what_is_delivered(ion_plan, start, end, spots):
    line = beam_of(ion_plan).timeline
    found = line.spot_metersets(line.scale.units(start), line.scale.units(end))
    assert [list(layer) for layer in found] == spots


def test_paintings_deliver_each_spot_in_parts(ion_dataset, ion_plan):
    ion_dataset.IonBeamSequence[0].IonControlPointSequence[0].NumberOfPaintings = 2
    line = beam_of(ion_plan).timeline
    found = line.spot_metersets(0, line.scale.units(25))
    assert list(found[0]) == [10, 5, 10]  # 5 + 5 + 10, then 5 of the second painting
    assert line.state_at_units(line.scale.units(22)).spot == 0


def test_a_claim_of_endless_paintings_is_not_followed(ion_dataset, ion_plan):
    ion_dataset.IonBeamSequence[0].IonControlPointSequence[0].NumberOfPaintings = 2**31 - 1
    assert len(beam_of(ion_plan).timeline.units) < 20


def test_spots_without_a_position_stand_on_the_axis(ion_dataset, ion_plan):
    ion_dataset.IonBeamSequence[0].IonControlPointSequence[0].ScanSpotPositionMap = [1.0, 2.0]
    line = beam_of(ion_plan).timeline
    assert sum(map(sum, line.spot_metersets(0, line.units[-1]))) == 100


@pytest.mark.parametrize(
    ("meterset", "changes", "planned", "rate"),
    [
        (100, {}, 400, 400),
        (100, {}, None, 600),
        (100, {}, 0, 600),
        (100, {}, 1, 600),  # would take longer than half an hour
        (100, {}, 4, 4),
        (60000, {}, None, 2000),
        (1.5, {"PrimaryDosimeterUnit": "MINUTE"}, None, 1),
    ],
)
def test_a_rate_that_is_not_credible_is_replaced(
    make_plan, make_beam, meterset, changes, planned, rate
):
    plan = make_plan(make_beam(1, **changes), groups={1: {1: meterset}})
    assert meterset_rate(beam_of(plan), planned) == pytest.approx(rate)


def test_an_ion_beam_without_credible_rate_takes_a_minute(ion_plan):
    beam = beam_of(ion_plan)
    assert meterset_rate(beam, None) == meterset_rate(beam, 0.5) == beam.meterset
    assert meterset_rate(beam, 50) == 50
