"""Treatment records: what was planned, what was delivered (PS3.3 A.25, A.50, C.8.8.21)."""

from __future__ import annotations

import random
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tdwii_gui.dicom.errors import DatasetError
from tdwii_gui.dicom.iod.modules import Identity
from tdwii_gui.dicom.iod.part10 import decode_part10, encode_part10
from tdwii_gui.dicom.iod.plan import Plan, read_plan
from tdwii_gui.dicom.iod.rtbdi import TreatmentDeliveryType
from tdwii_gui.dicom.iod.treatment_record import (
    DeliveredBeam,
    SessionInfo,
    TerminationStatus,
    VerificationStatus,
    build_treatment_records,
)
from tdwii_gui.dicom.uids import RT_BEAMS_TREATMENT_RECORD, RT_ION_BEAMS_TREATMENT_RECORD

AT = datetime(2026, 1, 2, 10, 0, 0)
WHOLE = DeliveredBeam(1, 100.0, AT, AT + timedelta(seconds=100))
FIRST_PART = replace(WHOLE, end_meterset=60.0, termination=TerminationStatus.MACHINE)
SECOND_PART = replace(WHOLE, start_meterset=60.0, delivery_type=TreatmentDeliveryType.CONTINUATION)


def records(plan: Plan, *delivered: DeliveredBeam, session: SessionInfo | None = None):
    built = build_treatment_records(
        plan, plan.fraction_group(), delivered, session or SessionInfo(3, "Operator^A")
    )
    return [decode_part10(encode_part10(record)) for record in built]


def record(plan: Plan, *delivered: DeliveredBeam, session: SessionInfo | None = None):
    (only,) = records(plan, *delivered, session=session)
    return only


def column(beam, keyword):
    return [point[keyword].value for point in beam.ControlPointDeliverySequence]


def test_a_whole_session_is_one_record(photon_plan):
    made = record(photon_plan, WHOLE, replace(WHOLE, beam_number=2))
    assert made.SOPClassUID == RT_BEAMS_TREATMENT_RECORD
    assert made.Modality == "RTRECORD"
    assert made.InstanceNumber == 1
    assert (made.TreatmentDate, made.TreatmentTime) == ("20260102", "100000.000")
    assert made.OperatorsName == "Operator^A"
    assert made.StudyInstanceUID == photon_plan.study_instance_uid
    plan = made.ReferencedRTPlanSequence[0]
    assert plan.ReferencedSOPInstanceUID == photon_plan.sop_instance_uid
    assert (made.ReferencedFractionGroupNumber, made.NumberOfFractionsPlanned) == (1, 30)
    assert made.PrimaryDosimeterUnit == "MU"
    machine = made.TreatmentMachineSequence[0]
    assert (machine.TreatmentMachineName, machine.Manufacturer) == ("LINAC", "Maker")
    assert machine["DeviceSerialNumber"].is_empty
    assert [b.ReferencedBeamNumber for b in made.TreatmentSessionBeamSequence] == [1, 2]
    assert "ReferencedTreatmentRecordSequence" not in made


def test_a_photon_beam_repeats_the_plan(photon_plan):
    beam = record(photon_plan, WHOLE).TreatmentSessionBeamSequence[0]
    assert (beam.BeamName, beam.BeamType, beam.RadiationType) == ("Beam 1", "STATIC", "PHOTON")
    assert (beam.CurrentFractionNumber, beam.TreatmentDeliveryType) == (3, "TREATMENT")
    assert beam.TreatmentTerminationStatus == "NORMAL"
    assert beam["TreatmentVerificationStatus"].is_empty
    assert (beam.SpecifiedPrimaryMeterset, beam.DeliveredPrimaryMeterset) == (100, 100)
    pairs = [
        (d.RTBeamLimitingDeviceType, d.NumberOfLeafJawPairs)
        for d in beam.BeamLimitingDeviceLeafPairsSequence
    ]
    assert pairs == [("X", 1), ("Y", 1)]
    assert beam.NumberOfControlPoints == 3
    first, second, _ = beam.ControlPointDeliverySequence
    assert (first.NominalBeamEnergy, first.NominalBeamEnergyUnit) == (6, "MV")
    assert (first.GantryAngle, first.GantryRotationDirection) == (90, "NONE")
    assert first["TableTopVerticalPosition"].is_empty
    assert [d.LeafJawPositions for d in first.BeamLimitingDevicePositionSequence] == [[-50, 50]] * 2
    assert (second.DoseRateSet, second.DoseRateDelivered) == (400, 400)
    assert "GantryAngle" not in second
    for plan_only in ("IsocenterPosition", "CumulativeMetersetWeight", "ControlPointIndex"):
        assert plan_only not in first


def test_interruption_and_continuation_have_the_metersets_of_the_standard(photon_plan):
    """100 MU, control points 0/50/100, stopped at 60 and completed (PS3.3 C.8.8.21.2)."""
    first = record(photon_plan, FIRST_PART).TreatmentSessionBeamSequence[0]
    assert column(first, "SpecifiedMeterset") == [0, 50, 100]
    assert column(first, "DeliveredMeterset") == [0, 50, 60]
    assert (first.SpecifiedPrimaryMeterset, first.DeliveredPrimaryMeterset) == (100, 60)
    assert first.TreatmentTerminationStatus == "MACHINE"
    second = record(photon_plan, SECOND_PART).TreatmentSessionBeamSequence[0]
    assert column(second, "SpecifiedMeterset") == [0, 50, 100]
    assert column(second, "DeliveredMeterset") == [60, 60, 100]
    assert (second.SpecifiedPrimaryMeterset, second.DeliveredPrimaryMeterset) == (100, 40)
    assert second.TreatmentDeliveryType == "CONTINUATION"


@pytest.mark.parametrize(
    ("delivered", "times"),
    [
        (WHOLE, ["100000.000", "100050.000", "100140.000"]),
        (FIRST_PART, ["100000.000", "100123.333", "100140.000"]),
        (SECOND_PART, ["100000.000", "100000.000", "100140.000"]),
        (replace(WHOLE, end_meterset=0.0), ["100000.000"] * 3),
    ],
)
def test_control_point_times_follow_the_meterset(photon_plan, delivered, times):
    beam = record(photon_plan, delivered).TreatmentSessionBeamSequence[0]
    assert set(column(beam, "TreatmentControlPointDate")) == {"20260102"}
    assert column(beam, "TreatmentControlPointTime") == times


def test_wedge_block_compensator_and_bolus_are_recorded(make_plan, beam_with_devices):
    beam = record(make_plan(beam_with_devices), WHOLE).TreatmentSessionBeamSequence[0]
    wedge = beam.RecordedWedgeSequence[0]
    assert (wedge.WedgeNumber, wedge.WedgeType, wedge.WedgeID) == (1, "STANDARD", "W30")
    assert (wedge.WedgeAngle, wedge.WedgeOrientation) == (30, 90)
    assert "WedgeFactor" not in wedge
    compensator = beam.RecordedCompensatorSequence[0]
    assert compensator.ReferencedCompensatorNumber == 7
    assert (compensator.CompensatorType, compensator.CompensatorID) == ("STANDARD", "C7")
    assert "CompensatorThicknessData" not in compensator
    block = beam.RecordedBlockSequence[0]
    assert (block.ReferencedBlockNumber, block.BlockName, block.BlockTrayID) == (5, "Spine", "T5")
    assert "BlockData" not in block
    bolus = beam.ReferencedBolusSequence[0]
    assert (bolus.ReferencedROINumber, bolus.BolusID) == (3, "B3")
    assert "BolusDescription" not in bolus
    counts = (beam.NumberOfWedges, beam.NumberOfCompensators, beam.NumberOfBlocks)
    assert (*counts, beam.NumberOfBoli) == (1, 1, 1, 1)
    position = beam.ControlPointDeliverySequence[0].WedgePositionSequence[0]
    assert (position.ReferencedWedgeNumber, position.WedgePosition) == (1, "IN")


def test_an_electron_beam_has_its_applicator(make_plan, beam_with_applicator):
    beam = record(make_plan(beam_with_applicator), WHOLE).TreatmentSessionBeamSequence[0]
    assert beam.RadiationType == "ELECTRON"
    applicator = beam.ApplicatorSequence[0]
    assert (applicator.ApplicatorID, applicator.ApplicatorType) == ("A10", "ELECTRON_SQUARE")
    first = beam.ControlPointDeliverySequence[0]
    assert (first.NominalBeamEnergy, first.NominalBeamEnergyUnit) == (9, "MEV")


@pytest.mark.parametrize(("technique", "kept"), [("NORMAL", False), ("TBI", True)])
def test_only_a_special_technique_is_recorded(make_plan, make_beam, technique, kept):
    plan = make_plan(make_beam(1, HighDoseTechniqueType=technique))
    beam = record(plan, WHOLE).TreatmentSessionBeamSequence[0]
    assert ("HighDoseTechniqueType" in beam) is kept


def test_an_ion_beam_repeats_the_plan(ion_plan):
    made = record(ion_plan, WHOLE)
    assert made.SOPClassUID == RT_ION_BEAMS_TREATMENT_RECORD
    beam = made.TreatmentSessionIonBeamSequence[0]
    assert (beam.BeamName, beam.ScanMode, beam.PatientSupportType) == (
        "Field",
        "MODULATED",
        "TABLE",
    )
    assert beam.RecordedSnoutSequence[0].SnoutID == "S1"
    shifter = beam.RecordedRangeShifterSequence[0]
    assert (shifter.ReferencedRangeShifterNumber, shifter.RangeShifterID) == (1, "RS50")
    assert "RangeShifterType" not in shifter
    accessory = beam.GeneralAccessorySequence[0]
    assert accessory.GeneralAccessoryID == "G1"
    assert "IsocenterToGeneralAccessoryDistance" not in accessory
    first, _, third, _ = beam.IonControlPointDeliverySequence
    assert (first.NominalBeamEnergy, third.NominalBeamEnergy) == (120, 100)
    assert "NominalBeamEnergyUnit" not in first
    assert (first.MetersetRateSet, first.MetersetRateDelivered) == (100, 100)
    assert first.SnoutPosition == 400
    assert first["GantryPitchAngle"].is_empty
    setting = first.RangeShifterSettingsSequence[0]
    assert (setting.RangeShifterSetting, setting.ReferencedRangeShifterNumber) == ("IN", 1)
    assert "RangeShifterWaterEquivalentThickness" not in setting
    assert first.ScanSpotPositionMap == [0, 1, 2, 3, 4, 5]
    assert "ScanningSpotSize" not in first


@pytest.mark.parametrize(
    ("start", "end", "first_layer", "second_layer"),
    [
        (0, 100, [10, 10, 20], [60]),
        (0, 25, [10, 10, 5], [0]),
        (25, 70, [0, 0, 15], [30]),
        (40, 100, [0, 0, 0], [60]),
    ],
)
def test_spots_have_what_this_delivery_gave_them(ion_plan, start, end, first_layer, second_layer):
    delivery_type = TreatmentDeliveryType.CONTINUATION if start else WHOLE.delivery_type
    part = replace(WHOLE, start_meterset=start, end_meterset=end, delivery_type=delivery_type)
    beam = record(ion_plan, part).TreatmentSessionIonBeamSequence[0]
    found = [point["ScanSpotMetersetsDelivered"] for point in beam.IonControlPointDeliverySequence]
    spots = [list(f.value) if f.VM > 1 else [f.value] for f in found]
    assert spots == [first_layer, [0, 0, 0], second_layer, [0]]
    assert sum(map(sum, spots)) == beam.DeliveredPrimaryMeterset


def test_the_spots_of_a_real_plan_add_up_to_its_meterset(shared_data):
    plan = read_plan(shared_data / "ion_pbs_water" / "sobp_10x10.dcm")
    planned = plan.fraction_group().beams[0]
    session = SessionInfo(fraction_number=1)
    beam = record(plan, replace(WHOLE, end_meterset=planned.meterset), session=session)
    points = beam.TreatmentSessionIonBeamSequence[0].IonControlPointDeliverySequence
    total = sum(sum(point.ScanSpotMetersetsDelivered) for point in points)
    assert total == pytest.approx(planned.meterset, rel=1e-5)


def test_a_passive_beam_records_its_devices(shared_data):
    path = shared_data / "ion_passive_scatter" / "passive_prostate_1beam.dcm"
    plan = read_plan(path, meterset=100)
    beam = record(plan, WHOLE).TreatmentSessionIonBeamSequence[0]
    assert (beam.ScanMode, beam.NumberOfRangeModulators) == ("NONE", 1)
    assert len(beam.RecordedLateralSpreadingDeviceSequence) == 2
    assert beam.RecordedRangeModulatorSequence[0].RangeModulatorType
    planned = plan.fraction_group().beams[0].item
    block = beam.RecordedBlockSequence[0]
    assert block.ReferencedBlockNumber == planned.IonBlockSequence[0].BlockNumber
    assert "BlockData" not in block
    compensator = planned.IonRangeCompensatorSequence[0]
    recorded = beam.RecordedCompensatorSequence[0]
    assert recorded.ReferencedCompensatorNumber == compensator.CompensatorNumber
    assert beam.RecordedSnoutSequence[0].SnoutID == "Snout 180"
    first = beam.IonControlPointDeliverySequence[0]
    assert first.LateralSpreadingDeviceSettingsSequence[0].LateralSpreadingDeviceSetting
    assert "ScanSpotPositionMap" not in first


def test_machines_and_units_have_their_own_records(make_plan, make_beam):
    other_machine = make_beam(2, TreatmentMachineName="LINAC2")
    other_unit = make_beam(3, PrimaryDosimeterUnit="MINUTE")
    plan = make_plan(make_beam(1), other_machine, other_unit, make_beam(4))
    made = records(plan, *(replace(WHOLE, beam_number=number) for number in (1, 2, 3, 4)))
    found = [
        (
            each.TreatmentMachineSequence[0].TreatmentMachineName,
            each.PrimaryDosimeterUnit,
            [b.ReferencedBeamNumber for b in each.TreatmentSessionBeamSequence],
        )
        for each in made
    ]
    assert found == [("LINAC", "MU", [1, 4]), ("LINAC2", "MU", [2]), ("LINAC", "MINUTE", [3])]
    assert [each.InstanceNumber for each in made] == [1, 2, 3]
    assert len({each.SOPInstanceUID for each in made}) == 3
    assert len({each.SeriesInstanceUID for each in made}) == 1


def test_another_machine_has_not_the_planned_ones_maker(photon_plan):
    session = SessionInfo(3, machine="TWIN", identity=Identity(instance_number=7))
    made = record(photon_plan, WHOLE, session=session)
    machine = made.TreatmentMachineSequence[0]
    assert machine.TreatmentMachineName == "TWIN"
    assert machine["Manufacturer"].is_empty
    assert made.InstanceNumber == 7
    assert made["OperatorsName"].is_empty


def test_earlier_records_of_the_fraction_are_referenced(photon_plan, photon_dataset):
    prior = record(photon_plan, FIRST_PART)
    made = record(photon_plan, SECOND_PART, session=SessionInfo(3, prior_records=[prior]))
    assert [
        (r.ReferencedSOPClassUID, r.ReferencedSOPInstanceUID)
        for r in made.ReferencedTreatmentRecordSequence
    ] == [(RT_BEAMS_TREATMENT_RECORD, prior.SOPInstanceUID)]
    made = record(photon_plan, SECOND_PART, session=SessionInfo(3, prior_records=[photon_dataset]))
    assert "ReferencedTreatmentRecordSequence" not in made


def test_a_verification_status_is_recorded_where_given(photon_plan):
    session = SessionInfo(3, verification=VerificationStatus.VERIFIED)
    beam = record(photon_plan, WHOLE, session=session).TreatmentSessionBeamSequence[0]
    assert beam.TreatmentVerificationStatus == "VERIFIED"


@pytest.mark.parametrize(
    ("delivered", "words"),
    [
        ([], "no beam was delivered"),
        ([WHOLE, WHOLE], "beam 1 was delivered twice"),
        ([replace(WHOLE, beam_number=9)], "has no beam 9"),
        ([replace(WHOLE, end_meterset=101.0)], "Beam 1 delivered from 0 to 101 of 100"),
        ([replace(SECOND_PART, end_meterset=50.0)], "Beam 1 delivered from 60 to 50 of 100"),
        ([replace(WHOLE, end_meterset=float("nan"))], "Beam 1 delivered from 0 to nan"),
        ([replace(WHOLE, start_meterset=60.0)], "starts at 60 but is no CONTINUATION"),
        ([replace(WHOLE, ended=AT - timedelta(seconds=1))], "Beam 1 ended before it started"),
    ],
)
def test_impossible_deliveries_are_refused(photon_plan, delivered, words):
    with pytest.raises(DatasetError, match=r"plan\.dcm: .*" + words):
        build_treatment_records(
            photon_plan, photon_plan.fraction_group(), delivered, SessionInfo(3)
        )


def test_the_fraction_number_is_checked(photon_plan):
    with pytest.raises(DatasetError, match="fraction 31 is beyond"):
        build_treatment_records(photon_plan, photon_plan.fraction_group(), [WHOLE], SessionInfo(31))


@pytest.mark.parametrize("seed", range(4))
def test_damaged_plans_are_used_or_refused(photon_dataset, seed):
    """Whatever bytes are hit, nothing but a DatasetError may come of it."""
    whole = encode_part10(photon_dataset)
    chance = random.Random(seed)
    for _ in range(60):
        damaged = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            damaged[chance.randrange(128, len(damaged))] = chance.randrange(256)
        with suppress(DatasetError):
            plan = Plan.from_dataset(decode_part10(bytes(damaged)))
            encode_part10(records(plan, WHOLE)[0])
