"""Devices and spots of foreign treatment records against those of the plan."""

from __future__ import annotations

from datetime import datetime, timedelta

from tdwii_gui.dicom.iod.part10 import decode_part10, encode_part10
from tdwii_gui.dicom.iod.record_check import Verdict, check_record
from tdwii_gui.dicom.iod.treatment_record import (
    DeliveredBeam,
    SessionInfo,
    build_treatment_records,
)

AT = datetime(2026, 1, 2, 10, 0, 0)


def whole_record(plan):
    """Return the record of a session that delivered beam 1."""
    delivered = DeliveredBeam(1, 100.0, AT, AT + timedelta(seconds=60))
    (record,) = build_treatment_records(plan, plan.fraction_group(), [delivered], SessionInfo(3))
    return decode_part10(encode_part10(record))


def failed(findings) -> list[str]:
    return [str(finding) for finding in findings if finding.verdict is Verdict.NOT_MET]


def test_devices_are_compared_column_by_column(make_plan, beam_with_devices):
    plan = make_plan(beam_with_devices)
    record = whole_record(plan)
    assert failed(check_record(record, plan)) == []
    beam = record.TreatmentSessionBeamSequence[0]
    beam.RecordedWedgeSequence[0].WedgeID = "W15"
    beam.RecordedWedgeSequence[0].WedgeAngle = "15"
    beam.RecordedBlockSequence[0].ReferencedBlockNumber = 6
    del beam.RecordedCompensatorSequence
    first = beam.ControlPointDeliverySequence[0]
    first.WedgePositionSequence[0].WedgePosition = "OUT"
    assert failed(check_record(record, plan)) == [
        "Beam 1 control point 0 WedgePositionSequence with ReferencedWedgeNumber 1 has "
        "WedgePosition OUT, not IN",
        "Beam 1 RecordedWedgeSequence with WedgeNumber 1 has WedgeID W15, not W30; with "
        "WedgeNumber 1 has WedgeAngle 15, not 30",
        "Beam 1 RecordedCompensatorSequence is missing",
        "Beam 1 RecordedBlockSequence has no item with ReferencedBlockNumber 5; has an item with "
        "ReferencedBlockNumber 6, the plan none",
    ]


def test_an_electron_applicator_is_compared(make_plan, beam_with_applicator):
    plan = make_plan(beam_with_applicator)
    record = whole_record(plan)
    assert failed(check_record(record, plan)) == []
    record.TreatmentSessionBeamSequence[0].ApplicatorSequence[0].ApplicatorID = "A6"
    assert failed(check_record(record, plan)) == [
        "Beam 1 ApplicatorSequence has no item with ApplicatorID A10; has an item with "
        "ApplicatorID A6, the plan none"
    ]


def test_spots_are_compared_by_layer_and_sum(ion_plan):
    record = whole_record(ion_plan)
    beam = record.TreatmentSessionIonBeamSequence[0]
    first = beam.IonControlPointDeliverySequence[0]
    first.ScanSpotMetersetsDelivered = [10.0, 20.0, 20.0]
    assert failed(check_record(record, ion_plan)) == [
        "Beam 1 control point 0 ScanSpotMetersetsDelivered (sum of a layer) is 50, not 40",
        "Beam 1 ScanSpotMetersetsDelivered (sum) is 110, not 100",
    ]
    first.ScanSpotMetersetsDelivered = [20.0, 20.0]
    assert failed(check_record(record, ion_plan)) == [
        "Beam 1 control point 0 ScanSpotMetersetsDelivered (number) is 2, not 3"
    ]
