"""What the records of several sessions tell adds up exactly, beam by beam and spot by spot."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from tdwii_gui.dicom.errors import DatasetError
from tdwii_gui.dicom.iod.part10 import decode_part10, encode_part10
from tdwii_gui.dicom.iod.plan import Plan, read_plan
from tdwii_gui.dicom.iod.rtbdi import TreatmentDeliveryType
from tdwii_gui.dicom.iod.treatment_record import (
    DeliveredBeam,
    DeliveredControlPoint,
    SessionInfo,
    TerminationStatus,
    build_treatment_records,
)

AT = datetime(2026, 1, 2, 10, 0, 0)
PLANS = (
    "photon_monaco/multi_fraction_groups.dcm",
    "photon_static_prostate_phantom/rtplan.dcm",
    "ion_pbs_headphantom/RN_headphantom.dcm",
    "ion_pbs_water/sobp_10x10.dcm",
    "ion_passive_scatter/passive_prostate_1beam.dcm",
)


def session(plan: Plan, group, spans):
    """Return the beams of the record of a session of {beam number: (start, end)}."""
    delivered = [
        DeliveredBeam(
            number,
            end,
            AT,
            AT + timedelta(seconds=60),
            start_meterset=start,
            termination=TerminationStatus.OPERATOR,
            delivery_type=(
                TreatmentDeliveryType.CONTINUATION if start else TreatmentDeliveryType.TREATMENT
            ),
        )
        for number, (start, end) in spans.items()
    ]
    (record,) = build_treatment_records(plan, group, delivered, SessionInfo(1))
    read = decode_part10(encode_part10(record))
    keyword = "TreatmentSessionIonBeamSequence" if plan.is_ion else "TreatmentSessionBeamSequence"
    return {item.ReferencedBeamNumber: item for item in read[keyword].value}


def decimal(item, keyword) -> Decimal:
    return Decimal(item[keyword].value.original_string)


def spots(item) -> list[list[float]]:
    points = item.IonControlPointDeliverySequence
    return [
        numbers(point.ScanSpotMetersetsDelivered)
        for point in points
        if "ScanSpotMetersetsDelivered" in point
    ]


def numbers(value) -> list[float]:
    return [value] if isinstance(value, float) else list(value)


@pytest.mark.parametrize("name", PLANS)
def test_three_sessions_of_a_fraction_add_up_to_it(shared_data, name):
    plan = read_plan(shared_data / name, meterset=123.456)
    chance = random.Random(name)
    for group in plan.fraction_groups:
        cuts = {}
        for beam in group.beams:
            first, second = sorted(chance.random() * beam.meterset for _ in range(2))
            cuts[beam.number] = (0.0, first, second, beam.meterset)
        parts = [
            session(plan, group, {number: cut[part : part + 2] for number, cut in cuts.items()})
            for part in range(3)
        ]
        whole = session(plan, group, {b.number: (0.0, b.meterset) for b in group.beams})
        for beam in group.beams:
            items = [part[beam.number] for part in parts]
            delivered = [decimal(item, "DeliveredPrimaryMeterset") for item in items]
            assert sum(delivered) == decimal(items[0], "SpecifiedPrimaryMeterset")
            assert decimal(items[0], "SpecifiedPrimaryMeterset") == Decimal(str(beam.meterset))
            if beam.is_modulated:
                layers = zip(*map(spots, items), strict=True)
                summed = [[sum(spot) for spot in zip(*layer, strict=True)] for layer in layers]
                assert summed == spots(whole[beam.number])


@pytest.mark.parametrize("name", ["mono_160MeV_10x10.dcm", "sobp_10x10.dcm"])
def test_spots_have_the_share_of_their_weights(shared_data, name):
    plan = read_plan(shared_data / "ion_pbs_water" / name)
    group = plan.fraction_group()
    beam = group.beams[0]
    found = spots(session(plan, group, {beam.number: (0.0, beam.meterset)})[beam.number])
    assert sum(map(sum, found)) == pytest.approx(beam.meterset, rel=1e-7)
    for layer, point in zip(found, beam.control_points, strict=True):
        share = beam.meterset / beam.final_meterset_weight
        expected = [weight * share for weight in numbers(point.item.ScanSpotMetersetWeights)]
        assert layer == pytest.approx(expected, rel=1e-5)


def test_the_last_delivered_meterset_and_the_primary_one_agree(photon_plan):
    group = photon_plan.fraction_group()
    third = 100 / 3
    first = session(photon_plan, group, {1: (0.0, third)})[1]
    second = session(photon_plan, group, {1: (third, 100.0)})[1]
    end = decimal(first.ControlPointDeliverySequence[-1], "DeliveredMeterset")
    assert end == decimal(first, "DeliveredPrimaryMeterset")
    assert decimal(second.ControlPointDeliverySequence[0], "DeliveredMeterset") == end
    assert decimal(second, "DeliveredPrimaryMeterset") == 100 - end


def test_control_points_are_recorded_as_they_were_delivered(photon_plan):
    told = DeliveredControlPoint(1, 50.0, 50.02, AT + timedelta(seconds=42), 400, 390.5)
    delivered = DeliveredBeam(1, 100.0, AT, AT + timedelta(seconds=60), control_points=(told,))
    group = photon_plan.fraction_group()
    (record,) = build_treatment_records(photon_plan, group, [delivered], SessionInfo(1))
    first, second, _ = record.TreatmentSessionBeamSequence[0].ControlPointDeliverySequence
    assert (second.SpecifiedMeterset, second.DeliveredMeterset) == (50, 50.02)
    assert (second.DoseRateSet, second.DoseRateDelivered) == (400, 390.5)
    assert second.TreatmentControlPointTime == "100042.000"
    assert (first.DoseRateDelivered, first.TreatmentControlPointTime) == (400, "100000.000")


def test_spots_are_recorded_as_they_were_delivered(ion_plan):
    told = ((11.0, 9.0, 20.0), (0.0, 0.0, 0.0), (60.0,), (0.0,))
    delivered = DeliveredBeam(1, 100.0, AT, AT + timedelta(seconds=60), spots=told)
    group = ion_plan.fraction_group()
    (record,) = build_treatment_records(ion_plan, group, [delivered], SessionInfo(1))
    found = spots(record.TreatmentSessionIonBeamSequence[0])
    assert [tuple(layer) for layer in found] == list(told)
    with pytest.raises(DatasetError, match=r"ion\.dcm: Beam 1 ScanSpotMetersetsDelivered is not"):
        build_treatment_records(
            ion_plan, group, [replace(delivered, spots=told[:2])], SessionInfo(1)
        )
