"""What a delivery rests on: Beam Meterset and weights (PS3.3 C.8.8.14, C.8.8.25)."""

from __future__ import annotations

import pytest

from tdwii_gui.dicom.errors import DatasetError


def beam_of(make_plan, beam):
    return make_plan(beam).fraction_group().beams[0]


@pytest.mark.parametrize(
    ("weights", "final"),
    [((0, 1), "1"), ((0, 0, 5, 5, 20), "20"), ((0, 25, 100.0001), "100"), ((0, 5), None)],
)
def test_weights_that_rise_from_0_to_the_final_one_are_deliverable(
    make_plan, make_beam, weights, final
):
    beam_of(
        make_plan, make_beam(1, weights, FinalCumulativeMetersetWeight=final)
    ).require_deliverable()


@pytest.mark.parametrize(
    ("weights", "final", "words"),
    [
        ((0, 0.6, 0.5), "0.5", "control point 2 CumulativeMetersetWeight falls"),
        ((0, 0, 0), "0", "control point 2 CumulativeMetersetWeight is 0: the weights do not rise"),
        ((0, 0, 0), "1", "control point 2 CumulativeMetersetWeight is 0: the weights do not rise"),
        ((0.1, 0.5, 1), "1", "control point 0 CumulativeMetersetWeight is 0.1, not 0"),
        (
            (0, 0.5, 0.9),
            "1",
            "control point 2 CumulativeMetersetWeight is 0.9, "
            "but FinalCumulativeMetersetWeight is 1",
        ),
        ((0, 50, 101), "100", "is 101, but FinalCumulativeMetersetWeight is 100"),
    ],
)
def test_other_weights_are_refused(make_plan, make_beam, weights, final, words):
    beam = make_beam(1, weights, FinalCumulativeMetersetWeight=final)
    with pytest.raises(DatasetError, match=r"^plan\.dcm: Beam 1 .*" + words):
        beam_of(make_plan, beam).require_deliverable()


def test_a_missing_weight_is_refused(make_plan, make_beam):
    beam = make_beam(1)
    beam.ControlPointSequence[1].CumulativeMetersetWeight = None
    words = r"^plan\.dcm: Beam 1 control point 1 CumulativeMetersetWeight is missing"
    with pytest.raises(DatasetError, match=words):
        beam_of(make_plan, beam).require_deliverable()


def test_a_layer_without_weight_in_its_spots_is_refused(ion_plan):
    beam = ion_plan.fraction_group().beams[0]
    beam.require_deliverable()
    beam.item.IonControlPointSequence[2].ScanSpotMetersetWeights = [0.0]
    with pytest.raises(
        DatasetError, match=r"Beam 1 control point 2 ScanSpotMetersetWeights are 0, but"
    ):
        beam.require_deliverable()


@pytest.mark.parametrize(
    ("keyword", "values"),
    [
        ("ScanSpotMetersetWeights", [10.0, -10.0, 40.0]),
        ("ScanSpotMetersetWeights", [10.0, float("nan"), 20.0]),
        ("ScanSpotPositionMap", [float("inf")] * 6),
    ],
)
def test_spots_that_are_no_numbers_are_refused(ion_plan, keyword, values):
    beam = ion_plan.fraction_group().beams[0]
    setattr(beam.item.IonControlPointSequence[0], keyword, values)
    with pytest.raises(DatasetError, match=rf"Beam 1 control point 0 {keyword} "):
        beam.require_deliverable()
