"""What the records of a session share: instruction, earlier records, one record per beam."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from pydicom.datadict import tag_for_keyword

from tdwii_gui.dicom.iod.modules import Identity
from tdwii_gui.dicom.iod.part10 import decode_part10, encode_part10
from tdwii_gui.dicom.iod.plan import Plan
from tdwii_gui.dicom.iod.rtbdi import (
    BeamTask,
    RtBeamsDeliveryInstruction,
    SessionTasks,
    TableTopAdjustment,
    TreatmentDeliveryType,
    build_rtbdi,
)
from tdwii_gui.dicom.iod.treatment_record import (
    DeliveredBeam,
    SessionInfo,
    VerificationStatus,
    build_treatment_records,
)

AT = datetime(2026, 1, 2, 10, 0, 0)
WHOLE = DeliveredBeam(1, 100.0, AT, AT + timedelta(seconds=60))
FIRST_PART = replace(WHOLE, end_meterset=60.0)
SECOND_PART = replace(WHOLE, start_meterset=60.0, delivery_type=TreatmentDeliveryType.CONTINUATION)


def records(plan: Plan, *delivered: DeliveredBeam, session: SessionInfo):
    built = build_treatment_records(plan, plan.fraction_group(), delivered, session)
    return [decode_part10(encode_part10(record)) for record in built]


def adjusted(plan: Plan, adjustment: TableTopAdjustment) -> RtBeamsDeliveryInstruction:
    tasks = SessionTasks((BeamTask(1, adjustment=adjustment),))
    return RtBeamsDeliveryInstruction.from_dataset(
        build_rtbdi(plan, plan.fraction_group(), 3, tasks)
    )


def test_each_beam_may_have_a_record_of_its_own(photon_plan):
    second = replace(WHOLE, beam_number=2, started=AT + timedelta(minutes=5))
    second = replace(second, ended=second.started + timedelta(seconds=60))
    session = SessionInfo(3, per_beam=True, identity=Identity(instance_number=4))
    made = records(photon_plan, second, WHOLE, session=session)
    numbers = [[b.ReferencedBeamNumber for b in r.TreatmentSessionBeamSequence] for r in made]
    assert numbers == [[2], [1]]
    assert [record.TreatmentTime for record in made] == ["100500.000", "100000.000"]
    assert [record.InstanceNumber for record in made] == [4, 5]
    assert len({record.SOPInstanceUID for record in made}) == 2
    assert len({record.SeriesInstanceUID for record in made}) == 1


def test_only_earlier_records_of_plan_and_fraction_are_referenced(make_plan, make_beam):
    plan, other = make_plan(make_beam(1)), make_plan(make_beam(1))
    (prior,) = records(plan, FIRST_PART, session=SessionInfo(3))
    (day_before,) = records(plan, WHOLE, session=SessionInfo(2))
    (of_other,) = records(other, FIRST_PART, session=SessionInfo(3))
    earlier = [day_before, prior, of_other, prior]
    (made,) = records(plan, SECOND_PART, session=SessionInfo(3, prior_records=earlier))
    named = [r.ReferencedSOPInstanceUID for r in made.ReferencedTreatmentRecordSequence]
    assert named == [prior.SOPInstanceUID]
    (made,) = records(plan, WHOLE, session=SessionInfo(3, prior_records=[day_before]))
    assert "ReferencedTreatmentRecordSequence" not in made


def test_adjusted_positions_are_recorded_as_corrections_and_overrides(make_plan, make_beam):
    beam = make_beam(1)
    first, _, last = beam.ControlPointSequence
    first.TableTopVerticalPosition, first.TableTopLateralPosition = "-120", None
    first.PatientSupportAngle, last.PatientSupportAngle = "359", "1"
    plan = make_plan(beam)
    adjustment = TableTopAdjustment(
        vertical=-118.5, lateral=2.5, patient_support_angle=1.5, pitch_angle=-0.5
    )
    session = SessionInfo(
        3,
        "Operator^A",
        verification=VerificationStatus.VERIFIED,
        instruction=adjusted(plan, adjustment),
    )
    (made,) = records(plan, WHOLE, session=session)
    item = made.TreatmentSessionBeamSequence[0]
    assert item.TreatmentVerificationStatus == "VERIFIED_OVR"
    first, middle, last = item.ControlPointDeliverySequence
    assert (first.TableTopVerticalPosition, first.TableTopLateralPosition) == (-118.5, 2.5)
    assert first["TableTopLongitudinalPosition"].is_empty
    assert (first.PatientSupportAngle, last.PatientSupportAngle) == (1.5, 3.5)
    assert (first.TableTopPitchAngle, first.TableTopPitchRotationDirection) == (-0.5, "NONE")
    assert "TableTopVerticalPosition" not in middle
    parent = tag_for_keyword("ControlPointDeliverySequence")
    corrected = [
        (c.ParameterSequencePointer, c.ParameterItemIndex, c.ParameterPointer, c.CorrectionValue)
        for c in first.CorrectedParameterSequence
    ]
    # What the plan leaves open is set, not corrected.
    assert corrected == [
        (parent, 1, tag_for_keyword("TableTopVerticalPosition"), 1.5),
        (parent, 1, tag_for_keyword("PatientSupportAngle"), 2.5),
    ]
    overridden = [
        (o.ParameterSequencePointer, o.OverrideParameterPointer, o.ParameterItemIndex)
        for o in first.OverrideSequence
    ]
    assert overridden == [(parent, pointer, 1) for _, _, pointer, _ in corrected]
    assert {str(o.OperatorsName) for o in first.OverrideSequence} == {"Operator^A"}
    assert all(o.OverrideReason for o in first.OverrideSequence)
    assert "CorrectedParameterSequence" not in middle


@pytest.mark.parametrize(
    "adjustment", [TableTopAdjustment(vertical_displacement=3.0), TableTopAdjustment(vertical=-120)]
)
def test_what_changes_nothing_is_no_correction(make_plan, make_beam, adjustment):
    beam = make_beam(1)
    beam.ControlPointSequence[0].TableTopVerticalPosition = "-120"
    plan = make_plan(beam)
    session = SessionInfo(
        3, verification=VerificationStatus.VERIFIED, instruction=adjusted(plan, adjustment)
    )
    (made,) = records(plan, WHOLE, session=session)
    item = made.TreatmentSessionBeamSequence[0]
    assert item.TreatmentVerificationStatus == "VERIFIED"
    first = item.ControlPointDeliverySequence[0]
    assert first.TableTopVerticalPosition == -120
    assert "CorrectedParameterSequence" not in first
    assert "OverrideSequence" not in first


def test_adjustments_of_ion_beams_have_their_own_parent(ion_plan):
    adjustment = TableTopAdjustment(eccentric_angle=5.0, roll_angle=0.75)
    session = SessionInfo(3, instruction=adjusted(ion_plan, adjustment))
    (made,) = records(ion_plan, WHOLE, session=session)
    first = made.TreatmentSessionIonBeamSequence[0].IonControlPointDeliverySequence[0]
    assert first.TableTopRollAngle == 0.75
    assert "TableTopEccentricAngle" not in first
    (correction,) = first.CorrectedParameterSequence
    assert correction.ParameterSequencePointer == tag_for_keyword("IonControlPointDeliverySequence")


def test_devices_without_number_or_id_get_their_place(ion_dataset):
    beam = ion_dataset.IonBeamSequence[0]
    del beam.SnoutSequence[0].SnoutID
    del beam.RangeShifterSequence[0].RangeShifterNumber
    (made,) = records(Plan.from_dataset(ion_dataset), WHOLE, session=SessionInfo(3))
    item = made.TreatmentSessionIonBeamSequence[0]
    assert item.RecordedSnoutSequence[0].SnoutID == "1"
    assert item.RecordedRangeShifterSequence[0].ReferencedRangeShifterNumber == 1
