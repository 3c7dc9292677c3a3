"""The plan view on real exports and on plans made to break its rules (PS3.3 C.8.8.13, 14, 25)."""

from __future__ import annotations

import time
import warnings

import pytest

from tdwii_gui.dicom.errors import DatasetError
from tdwii_gui.dicom.iod.plan import Plan, read_plan
from tdwii_gui.dicom.uids import VERIFICATION, new_uid

REAL_PLANS = {
    # file: (ion, machine, {group: (fractions, [metersets])}, [control points], left out)
    "photon_imrt_breast/rtplan.dcm": (
        False,
        "txmachine",
        {1: (7, [97, 87, 89, 94])},
        [92, 94, 103, 95],
        [],
    ),
    "photon_vmat_spine_qa/RPColumna.dcm": (
        False,
        "D-2300CD",
        {1: (1, [1185.36, 1050.79])},
        [178, 178],
        [],
    ),
    "photon_monaco/vmat_example.dcm": (False, "2619", {1: (2, [157.239, 158.782])}, [32, 31], []),
    "photon_monaco/06MV_plan.dcm": (False, "2619", {1: (1, [1000] * 10)}, [2] * 10, []),
    "photon_monaco/24mm_x_20mm_rectangle.dcm": (False, "2619", {1: (1, [301.938])}, [2], []),
    "photon_monaco/FFF_example.dcm": (False, "2619", {1: (1, [301.938])}, [2], []),
    "photon_monaco/multi_fraction_groups.dcm": (
        False,
        "2619",
        {1: (16, [189.573, 57.0711, 190.006]), 2: (4, [185.307, 170.584, 119.688])},
        [20, 19, 20, 24, 25, 25],
        [],
    ),
    "photon_pinnacle_water/rtplan.dcm": (False, "ElektaVersa", {1: (25, [118, 118])}, [2, 2], []),
    "photon_static_prostate_phantom/rtplan.dcm": (
        False,
        "CL21B",
        {1: (23, [52.7393, 64.0185, 54.282, 64.0332])},
        [2] * 4,
        [(5, "CBCT", "it has no Beam Meterset")],
    ),
    "ion_pbs_headphantom/RN_headphantom.dcm": (
        True,
        "TR3",
        {1: (5, [5199.03, 5532.59, 4726.13])},
        [48, 38, 38],
        [],
    ),
    "ion_pbs_water/mono_160MeV_10x10.dcm": (True, "TR2", {1: (1, [58414.5])}, [2], []),
    "ion_pbs_water/sobp_10x10.dcm": (True, "TR2", {1: (1, [41806.7])}, [42], []),
}


@pytest.mark.parametrize("name", REAL_PLANS)
def test_real_plans_are_read_alike(shared_data, name):
    is_ion, machine, groups, control_points, left_out = REAL_PLANS[name]
    plan = read_plan(shared_data / name)
    beams = [beam for group in plan.fraction_groups for beam in group.beams]
    assert plan.is_ion is is_ion
    assert {group.number: group.fractions_planned for group in plan.fraction_groups} == {
        number: fractions for number, (fractions, _) in groups.items()
    }
    for group in plan.fraction_groups:
        found = [beam.meterset for beam in group.beams]
        assert found == pytest.approx(groups[group.number][1], rel=1e-5)
    assert {beam.machine for beam in beams} == {machine}
    assert [len(beam.control_points) for beam in beams] == control_points
    named = [(b.number, b.name, b.reason) for g in plan.fraction_groups for b in g.left_out]
    assert named == left_out


def test_a_plan_with_twelve_thousand_spots_is_read_quickly(shared_data):
    started = time.perf_counter()
    plan = read_plan(shared_data / "ion_pbs_water" / "sobp_10x10.dcm")
    assert len(plan.fraction_group().beams[0].control_points) == 42
    assert time.perf_counter() - started < 0.3


def test_a_plan_without_any_meterset_needs_one(shared_data):
    path = shared_data / "ion_passive_scatter" / "passive_prostate_1beam.dcm"
    with pytest.raises(DatasetError, match=r"no beam that can be treated \(beam 1: it has no Beam"):
        read_plan(path)
    group = read_plan(path, meterset=120.5).fraction_group()
    assert [(beam.number, beam.meterset) for beam in group.beams] == [(1, 120.5)]


def test_a_meterset_is_supplied_only_where_nothing_else_is_treatable(make_plan, make_beam):
    setup = make_beam(3, TreatmentDeliveryType="SETUP")
    plan = make_plan(
        make_beam(1), make_beam(2), setup, groups={1: {1: 80, 2: None, 3: None}}, meterset=50
    )
    assert [(b.number, b.meterset) for b in plan.fraction_group().beams] == [(1, 80)]
    plan = make_plan(make_beam(1), setup, groups={1: {1: None, 3: None}}, meterset=50)
    assert [(b.number, b.meterset) for b in plan.fraction_group().beams] == [(1, 50)]
    assert [b.number for b in plan.fraction_group().left_out] == [3]


@pytest.mark.parametrize("meterset", [0, -1, float("nan")])
def test_a_supplied_meterset_must_be_deliverable(photon_dataset, meterset):
    with pytest.raises(DatasetError, match="cannot be delivered"):
        Plan.from_dataset(photon_dataset, meterset=meterset)


@pytest.mark.parametrize(
    ("delivery_type", "meterset", "reason"),
    [
        ("SETUP", 5, "its Treatment Delivery Type is SETUP"),
        ("OPEN_PORTFILM", 5, "its Treatment Delivery Type is OPEN_PORTFILM"),
        ("TREATMENT", None, "it has no Beam Meterset"),
        ("TREATMENT", 0, "its Beam Meterset is 0"),
        ("TREATMENT", 5, None),
        ("CONTINUATION", 5, None),
        ("", 5, None),
    ],
)
def test_beams_that_are_no_treatment_are_left_out_and_named(
    make_plan, make_beam, delivery_type, meterset, reason
):
    second = make_beam(2, TreatmentDeliveryType=delivery_type)
    group = make_plan(make_beam(1), second, groups={1: {1: 100, 2: meterset}}).fraction_group()
    assert [beam.number for beam in group.beams] == ([1] if reason else [1, 2])
    named = [(beam.number, beam.name, beam.reason) for beam in group.left_out]
    assert named == ([(2, "Beam 2", reason)] if reason else [])
    if reason:
        with pytest.raises(DatasetError, match=f"beam 2 is left out: {reason}"):
            group.beam(2)


def test_the_caller_chooses_the_fraction_group(make_plan, make_beam):
    plan = make_plan(make_beam(1), make_beam(2), groups={4: {1: 10}, 7: {2: 20}, 9: {1: None}})
    assert plan.fraction_group().number == 4
    assert [beam.number for beam in plan.fraction_group(7).beams] == [2]
    with pytest.raises(DatasetError, match=r"plan\.dcm: has no fraction group 5, only 4, 7, 9"):
        plan.fraction_group(5)
    with pytest.raises(DatasetError, match="no beam that can be treated"):
        plan.fraction_group(9)


@pytest.mark.parametrize(
    ("number", "words"), [(0, "fraction 0 is below 1"), (40, "40 is beyond the 30 fractions")]
)
def test_fraction_numbers_are_checked(photon_plan, number, words):
    photon_plan.fraction_group().check_fraction_number(30)
    with pytest.raises(DatasetError, match=words):
        photon_plan.fraction_group().check_fraction_number(number)


def test_an_unknown_number_of_fractions_limits_nothing(photon_dataset):
    photon_dataset.FractionGroupSequence[0].NumberOfFractionsPlanned = None
    Plan.from_dataset(photon_dataset).fraction_group().check_fraction_number(99)


def brachytherapy(dataset):
    dataset.ApplicationSetupSequence = dataset.BeamSequence
    del dataset.BeamSequence


BROKEN = {
    "another class": (lambda d: setattr(d, "SOPClassUID", VERIFICATION), "but Verification SOP"),
    "private class": (lambda d: setattr(d, "SOPClassUID", "1.2.246.9"), r"but 1\.2\.246\.9"),
    "no class": (lambda d: d.pop("SOPClassUID"), "but a data set without SOP Class UID"),
    "no instance": (lambda d: d.pop("SOPInstanceUID"), "SOPInstanceUID is missing"),
    "no beams": (lambda d: d.pop("BeamSequence"), "BeamSequence has no item"),
    "brachytherapy": (brachytherapy, "is a brachytherapy plan"),
    "no groups": (lambda d: d.pop("FractionGroupSequence"), "FractionGroupSequence has no item"),
    "beam not there": (lambda d: d.BeamSequence.pop(), "names beam 2, which the plan does not"),
    "beam twice": (
        lambda d: setattr(d.BeamSequence[1], "BeamNumber", 1),
        "BeamNumber 1 is not unique",
    ),
    "reference twice": (
        lambda d: setattr(
            d.FractionGroupSequence[0].ReferencedBeamSequence[1], "ReferencedBeamNumber", 1
        ),
        "names beam 1 twice",
    ),
    "same groups": (
        lambda d: d.FractionGroupSequence.append(d.FractionGroupSequence[0]),
        "FractionGroupNumber is not unique",
    ),
    "no group number": (
        lambda d: d.FractionGroupSequence[0].pop("FractionGroupNumber"),
        "FractionGroupNumber is missing",
    ),
    "no beam number": (lambda d: d.BeamSequence[0].pop("BeamNumber"), "BeamNumber is missing"),
    "no references": (
        lambda d: d.FractionGroupSequence[0].pop("ReferencedBeamSequence"),
        "no beam is referenced",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_is_no_usable_plan_is_refused(photon_dataset, case):
    spoil, words = BROKEN[case]
    spoil(photon_dataset)
    with pytest.raises(DatasetError, match=r"^plan\.dcm: .*" + words):
        Plan.from_dataset(photon_dataset, source="plan.dcm")


def test_a_file_that_is_no_plan_says_what_it_is(shared_data):
    with pytest.raises(DatasetError, match="is no RT Plan or RT Ion Plan but RT Structure Set"):
        read_plan(shared_data / "photon_static_prostate_phantom" / "rtstruct.dcm")


def test_values_are_carried_forward(shared_data):
    plan = read_plan(shared_data / "photon_vmat_spine_qa" / "RPColumna.dcm")
    points = plan.fraction_group().beams[0].control_points
    last = points[-1]
    assert [point.index for point in points] == list(range(178))
    assert "NominalBeamEnergy" not in last.item
    assert last.nominal_energy == 6
    assert last.effective("GantryRotationDirection") == "NONE"
    assert points[80].effective("GantryRotationDirection") == "CW"
    assert last.beam_limiting_device_angle == points[0].beam_limiting_device_angle
    assert last.effective("WedgePositionSequence") is None
    # Jaws are given once, leaves at each control point.
    assert last.leaf_jaw_positions.keys() == {"ASYMX", "ASYMY", "MLCX"}
    assert last.leaf_jaw_positions["ASYMX"] == points[0].leaf_jaw_positions["ASYMX"]
    assert last.leaf_jaw_positions["MLCX"] != points[0].leaf_jaw_positions["MLCX"]
    assert len(last.leaf_jaw_positions["MLCX"]) == 120


def test_empty_values_do_not_end_what_was_set(make_plan, make_beam):
    beam = make_beam(1)
    beam.ControlPointSequence[1].GantryAngle = None
    beam.ControlPointSequence[2].GantryAngle = "95"
    points = make_plan(beam).fraction_group().beams[0].control_points
    assert [point.gantry_angle for point in points] == [90, 90, 95]


def test_ion_control_points_change_energy(ion_plan):
    beam = ion_plan.fraction_group().beams[0]
    assert [point.nominal_energy for point in beam.control_points] == [120, 120, 100, 100]
    assert [beam.specified_meterset(p) for p in beam.control_points] == [0, 40, 40, 100]
    assert beam.control_points[3].dose_rate == 100


@pytest.mark.parametrize(
    ("weights", "final", "metersets"),
    [
        ((0, 0.25, 1), "1", [0, 25, 100]),
        ((0, 5, 20), None, [0, 25, 100]),
        ((0, 5, 20), "0", [0, 25, 100]),
        ((0, 0, 0), "0", [0, 50, 100]),
        ((0, 25, 100.00001), "100", [0, 25, 100]),
    ],
)
def test_metersets_follow_the_weights(make_plan, make_beam, weights, final, metersets):
    beam = make_beam(1, weights, FinalCumulativeMetersetWeight=final)
    found = make_plan(beam).fraction_group().beams[0]
    computed = [found.specified_meterset(point) for point in found.control_points]
    assert computed == pytest.approx(metersets)


def test_control_points_must_be_there_and_not_fall(make_plan, make_beam):
    falling = make_plan(make_beam(1, (0, 0.6, 0.5))).fraction_group().beams[0]
    with pytest.raises(DatasetError, match="control point 2 CumulativeMetersetWeight falls"):
        _ = falling.control_points
    empty = make_plan(make_beam(1, ControlPointSequence=[])).fraction_group().beams[0]
    with pytest.raises(DatasetError, match="Beam 1 ControlPointSequence has no item"):
        _ = empty.control_points


def test_missing_values_have_defaults(make_plan, make_beam):
    beam = make_beam(1)
    for keyword in ("PrimaryDosimeterUnit", "RadiationType", "BeamType", "TreatmentMachineName"):
        del beam[keyword]
    found = make_plan(beam).fraction_group().beams[0]
    assert (found.dosimeter_unit, found.radiation_type, found.beam_type) == (
        "MU",
        "PHOTON",
        "STATIC",
    )
    assert found.machine == ""
    assert found.nominal_energy == 6


def test_photos_and_setup_images_are_found(photon_dataset, make_item):
    image = make_item(ReferencedSOPClassUID=VERIFICATION, ReferencedSOPInstanceUID=new_uid())
    photo = make_item(StudyInstanceUID=new_uid())
    setup = make_item(PatientSetupNumber=1, ReferencedSetupImageSequence=[image])
    photon_dataset.PatientSetupSequence = [setup, setup]
    photon_dataset.ReferencedPatientPhotoSequence = [photo]
    plan = Plan.from_dataset(photon_dataset)
    assert plan.setup_images == (image,)
    assert plan.patient_photos == (photo,)
    assert plan.frame_of_reference_uid == ""
    assert (plan.label, plan.patient_name, plan.patient_id) == ("LABEL", "Test^Patient", "T1")


def test_values_beyond_decoding_are_named(photon_dataset):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        photon_dataset.BeamSequence[0].BeamNumber = "1.5"
    with pytest.raises(DatasetError, match="BeamNumber is no integer"):
        Plan.from_dataset(photon_dataset)
