"""One fraction in several sessions: each begins where the records of those before end.

What the records tell adds up exactly, wherever the sessions are interrupted, and with noise.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tdwii_gui.actors.delivery import Delivery
from tdwii_gui.actors.delivery_options import DeliveryOptions, Fault
from tdwii_gui.config.resources import resource_path
from tdwii_gui.dicom.errors import DatasetError
from tdwii_gui.dicom.iod.continuation import continuation
from tdwii_gui.dicom.iod.part10 import decode_part10, encode_part10
from tdwii_gui.dicom.iod.plan import read_plan
from tdwii_gui.dicom.iod.rtbdi import RtBeamsDeliveryInstruction, build_rtbdi
from tdwii_gui.dicom.iod.treatment_record import SessionInfo, build_treatment_records
from tdwii_gui.dicom.iod.treatment_record_spots import delivered_spots
from tests.soak.lengths import rounds

if TYPE_CHECKING:
    from pathlib import Path

    from pydicom.dataset import Dataset

    from tdwii_gui.dicom.iod.beam import Beam
    from tdwii_gui.dicom.iod.plan import FractionGroup, Plan

FRACTION = 1
DEMO_PLANS = ("photon_plan.dcm", "electron_plan.dcm", "ion_plan.dcm")
REAL_PLANS = (
    "photon_imrt_breast/rtplan.dcm",
    "photon_vmat_spine_qa/RPColumna.dcm",
    "photon_monaco/vmat_example.dcm",
    "photon_monaco/06MV_plan.dcm",
    "photon_monaco/24mm_x_20mm_rectangle.dcm",
    "photon_monaco/FFF_example.dcm",
    "photon_monaco/multi_fraction_groups.dcm",
    "photon_pinnacle_water/rtplan.dcm",
    "photon_static_prostate_phantom/rtplan.dcm",
    "ion_pbs_headphantom/RN_headphantom.dcm",
    "ion_pbs_water/mono_160MeV_10x10.dcm",
    "ion_pbs_water/sobp_10x10.dcm",
    "ion_passive_scatter/passive_prostate_1beam.dcm",
)

Stops = list[tuple[int, float]]
"""Beams, by their place, and the share of each at which a session ends."""

any_stops = st.lists(
    st.tuples(st.integers(0, 9), st.sampled_from([0, 0.17, 0.5, 0.999]) | st.floats(0, 1)),
    max_size=3,
)
noises = st.sampled_from([0.0, 0.05])
seeds = st.integers(0, 2**32)


class Clock:
    """Time that passes only by being slept."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 21, 10, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment

    def sleep(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


@cache
def plan_of(path: Path) -> Plan:
    return read_plan(path, meterset=123.4567)


def session(
    plan: Plan, group: FractionGroup, records: list[Dataset], options: DeliveryOptions
) -> list[Dataset]:
    """Deliver what remains of the fraction, and return the records as they travel."""
    tasks = continuation(plan, group, records, FRACTION).session if records else None
    rtbdi = decode_part10(encode_part10(build_rtbdi(plan, group, FRACTION, tasks)))
    delivery = Delivery(
        group, RtBeamsDeliveryInstruction.from_dataset(rtbdi), Clock(), options=options
    )
    for _ in delivery.play():
        pass
    if not delivery.delivered:
        return []
    info = SessionInfo(FRACTION, prior_records=tuple(records))
    made = build_treatment_records(plan, group, delivery.delivered, info)
    return [decode_part10(encode_part10(record)) for record in made]


def check_sessions(plan: Plan, stops: Stops, noise: float, seed: int) -> None:
    """Deliver a fraction in sessions that end at these stops, and one more, and add up."""
    group = plan.fraction_groups[seed % len(plan.fraction_groups)]
    places = sorted((index % len(group.beams), share) for index, share in stops)
    faults = [
        Fault(beam.number, beam.scale.rounded(beam.meterset * share))
        for beam, share in ((group.beams[index], share) for index, share in places)
    ]
    records: list[Dataset] = []
    for number, fault in enumerate((*faults, None)):
        try:
            records += session(plan, group, records, DeliveryOptions(noise, seed + number, fault))
        except DatasetError as error:
            assert_is_whole(error)
    for beam in group.beams:
        items = [item for record in records for item in items_of(record, beam)]
        delivered = [Decimal(str(item.DeliveredPrimaryMeterset)) for item in items]
        assert sum(delivered) == Decimal(repr(beam.meterset))
        if beam.is_modulated and not noise:
            parts = zip(*(spots(item) for item in items), strict=True)
            found = [[sum(spot) for spot in zip(*layers, strict=True)] for layers in parts]
            assert found == delivered_spots(beam, 0.0, beam.meterset)
    with pytest.raises(DatasetError, match="nothing remains of fraction 1"):
        continuation(plan, group, records, FRACTION)


def assert_is_whole(error: DatasetError) -> None:
    """Check that a session was refused because none is left to be delivered."""
    assert "nothing remains of fraction 1" in str(error)


def items_of(record: Dataset, beam: Beam) -> list[Dataset]:
    keyword = "TreatmentSessionIonBeamSequence" if beam.is_ion else "TreatmentSessionBeamSequence"
    return [item for item in record[keyword].value if item.ReferencedBeamNumber == beam.number]


def spots(item: Dataset) -> list[list[float]]:
    """Return what each spot got, per control point; adding single precision up is exact so."""
    points = item.IonControlPointDeliverySequence
    found = [point.ScanSpotMetersetsDelivered for point in points]
    return [[layer] if isinstance(layer, float) else list(layer) for layer in found]


@settings(max_examples=10, deadline=None)
@given(name=st.sampled_from(DEMO_PLANS), stops=any_stops, noise=noises, seed=seeds)
def test_the_sessions_of_a_fraction_add_up(
    name: str, stops: Stops, noise: float, seed: int
) -> None:
    check_sessions(plan_of(resource_path("demo_patient", name)), stops, noise, seed)


@pytest.mark.soak
@settings(
    max_examples=rounds(8, 150),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(name=st.sampled_from(REAL_PLANS), stops=any_stops, noise=noises, seed=seeds)
def test_the_sessions_of_real_fractions_add_up(
    shared_data: Path, name: str, stops: Stops, noise: float, seed: int
) -> None:
    check_sessions(plan_of(shared_data / name), stops, noise, seed)
