"""What is delivered adds up exactly: by control point, by spot, over interrupted sessions.

Of all real plans, for any interruption, any noise and any seed.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tdwii_gui.actors.delivery import Delivery
from tdwii_gui.actors.delivery_options import DeliveryOptions, Fault
from tdwii_gui.config.resources import resource_path
from tdwii_gui.dicom.iod.macros import decimal_string
from tdwii_gui.dicom.iod.meterset import meterset_between, meterset_sum
from tdwii_gui.dicom.iod.plan import Plan, read_plan
from tdwii_gui.dicom.iod.rtbdi import (
    BeamTask,
    RtBeamsDeliveryInstruction,
    SessionTasks,
    TreatmentDeliveryType,
    build_rtbdi,
)
from tdwii_gui.dicom.iod.treatment_record import DeliveredBeam, TerminationStatus

if TYPE_CHECKING:
    from pathlib import Path

    from tdwii_gui.dicom.iod.beam import Beam
    from tdwii_gui.dicom.iod.plan import FractionGroup

REAL_PLANS = [
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
]
DEMO_PLANS = ["photon_plan.dcm", "electron_plan.dcm", "ion_plan.dcm"]
PLANS = [*REAL_PLANS, *DEMO_PLANS]

any_plan = pytest.mark.parametrize("name", PLANS)
few = settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
shares = st.floats(0, 1)
noises = st.sampled_from([0.0, 0.02, 0.1])
seeds = st.integers(0, 2**32)


class Clock:
    """Time that passes only by being slept."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 21, 10, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment

    def sleep(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


@lru_cache
def plan_of(path: Path) -> Plan:
    return read_plan(path, meterset=123.4567)


@pytest.fixture
def plan(name: str, request: pytest.FixtureRequest) -> Plan:
    if name in DEMO_PLANS:
        return plan_of(resource_path("demo_patient", name))
    shared_data: Path = request.getfixturevalue("shared_data")
    return plan_of(shared_data / name)


def instruction(plan: Plan, group: FractionGroup, *tasks: BeamTask) -> RtBeamsDeliveryInstruction:
    session = SessionTasks(tasks) if tasks else None
    return RtBeamsDeliveryInstruction.from_dataset(build_rtbdi(plan, group, 1, session))


def play(
    plan: Plan,
    group: FractionGroup,
    *tasks: BeamTask,
    options: DeliveryOptions,
    speed: float = float("inf"),
) -> Delivery:
    delivery = Delivery(group, instruction(plan, group, *tasks), Clock(), speed, options)
    for progress in delivery.play():
        assert 0 <= progress.percent <= 100
    return delivery


def check_part(beam: Beam, part: DeliveredBeam) -> None:
    """Check that control points and spots of a delivery agree with it, exactly."""
    span = meterset_between(part.start_meterset, part.end_meterset)
    metersets = [point.delivered for point in part.control_points]
    assert len(metersets) == len(beam.control_points)
    assert (metersets[0], metersets[-1]) == (part.start_meterset, part.end_meterset)
    steps = [meterset_between(a, b) for a, b in pairwise(metersets)]
    assert min(steps) >= 0
    assert meterset_sum(steps) == span
    moments = [point.at for point in part.control_points]
    assert part.started == moments[0]
    assert moments == sorted(moments)
    assert moments[-1] == part.ended
    assert bool(part.spots) is beam.is_modulated
    if part.spots:
        assert meterset_sum(spot for layer in part.spots for spot in layer) == span
        for layer, step in zip(part.spots, [*steps, 0], strict=True):
            assert meterset_sum(layer) == step


def in_parts(
    plan: Plan, group: FractionGroup, beam: Beam, ends: list[float], options: list[DeliveryOptions]
) -> list[DeliveredBeam]:
    """Deliver a beam in sessions that are interrupted at these metersets, and one more."""
    start, parts = 0.0, []
    for end, option in zip([*ends, beam.meterset], options, strict=True):
        if start == end:
            continue
        fault = Fault(beam.number, end, TerminationStatus.OPERATOR)
        task = BeamTask(beam.number)
        if start > 0:
            kind = TreatmentDeliveryType.CONTINUATION
            task = BeamTask(beam.number, kind, start, beam.meterset)
        faulty = DeliveryOptions(option.noise, option.seed, fault)
        (part,) = play(plan, group, task, options=faulty).delivered
        check_part(beam, part)
        assert (part.start_meterset, part.end_meterset) == (start, beam.scale.rounded(end))
        start = part.end_meterset
        parts.append(part)
    return parts


@any_plan
@few
@given(first=shares, second=shares, noise=noises, seed=seeds)
def test_three_sessions_deliver_what_one_does(plan, first, second, noise, seed):
    for group in plan.fraction_groups:
        beam = group.beams[seed % len(group.beams)]
        ends = sorted(beam.scale.rounded(beam.meterset * share) for share in (first, second))
        # The noise of each session is another one; what is delivered in all is not.
        options = [DeliveryOptions(noise, seed + session) for session in range(3)]
        parts = in_parts(plan, group, beam, ends, options)
        spans = [meterset_between(part.start_meterset, part.end_meterset) for part in parts]
        assert meterset_sum(spans) == beam.scale.rounded(beam.meterset)
        written = [Decimal(decimal_string(span)) for span in spans]
        assert sum(written) == Decimal(decimal_string(beam.meterset))
        assert parts[-1].termination is TerminationStatus.NORMAL
        assert {part.termination for part in parts[:-1]} <= {TerminationStatus.OPERATOR}


@pytest.mark.parametrize("name", [name for name in PLANS if "ion_p" in name])
@few
@given(share=shares, noise=noises, seed=seeds)
def test_two_sessions_give_each_spot_what_one_does(plan, share, noise, seed):
    for group in plan.fraction_groups:
        beam = group.beams[seed % len(group.beams)]
        options = DeliveryOptions(noise, seed)
        (whole,) = play(plan, group, BeamTask(beam.number), options=options).delivered
        end = beam.scale.rounded(beam.meterset * share)
        parts = in_parts(plan, group, beam, [end], [options] * 2)
        if not beam.is_modulated:
            continue
        for layer, *others in zip(whole.spots, *(part.spots for part in parts), strict=True):
            assert [meterset_sum(spot) for spot in zip(*others, strict=True)] == list(layer)


@any_plan
@pytest.mark.parametrize("percent", [0, 17, 50, 99.9])
def test_a_fraction_that_is_interrupted_anywhere_is_completed(plan, percent):
    for group in plan.fraction_groups:
        beam = group.beams[len(group.beams) // 2]
        end = beam.scale.rounded(beam.meterset * percent / 100)
        fault = Fault(beam.number, end)
        first = play(plan, group, options=DeliveryOptions(fault=fault))
        assert first.stopped
        done = {part.beam_number: part.end_meterset for part in first.delivered}
        assert (beam.number in done) is (percent > 0)
        rest = [
            BeamTask(each.number, TreatmentDeliveryType.CONTINUATION, start, each.meterset)
            if (start := done.get(each.number, 0.0))
            else BeamTask(each.number)
            for each in group.beams
            if done.get(each.number) != each.meterset
        ]
        second = play(plan, group, *rest, options=DeliveryOptions())
        assert not second.stopped
        for each in group.beams:
            parts = [p for p in first.delivered + second.delivered if p.beam_number == each.number]
            spans = [meterset_between(part.start_meterset, part.end_meterset) for part in parts]
            assert meterset_sum(spans) == each.scale.rounded(each.meterset)
        assert {p.termination for p in first.delivered} <= {
            TerminationStatus.NORMAL,
            TerminationStatus.MACHINE,
        }


@any_plan
@few
@given(speed=st.floats(0.5, 200), seed=seeds, noise=noises, samples=st.integers(1, 60))
def test_a_stop_by_hand_adds_up_as_well(plan, speed, seed, noise, samples):
    group = plan.fraction_group()
    options = DeliveryOptions(noise, seed)
    delivery = Delivery(group, instruction(plan, group), Clock(), speed, options)
    for count, _ in enumerate(delivery.play()):
        if count == samples:
            delivery.stop()
    for part in delivery.delivered:
        check_part(group.beam(part.beam_number), part)
    if delivery.stopped and delivery.delivered:
        last = delivery.delivered[-1]
        beam = group.beam(last.beam_number)
        remaining = meterset_between(last.end_meterset, beam.scale.rounded(beam.meterset))
        assert meterset_sum([last.end_meterset, remaining]) == beam.scale.rounded(beam.meterset)


@any_plan
@few
@given(seed=seeds)
def test_noise_is_within_its_tolerance_and_the_same_for_a_seed(plan, seed):
    noise = 0.1
    group = plan.fraction_groups[0]
    exact = play(plan, group, options=DeliveryOptions()).delivered
    noisy = play(plan, group, options=DeliveryOptions(noise, seed)).delivered
    again = play(plan, group, options=DeliveryOptions(noise, seed)).delivered
    assert noisy == again
    for planned, found in zip(exact, noisy, strict=True):
        assert found.end_meterset == planned.end_meterset
        assert [point.specified for point in found.control_points] == [
            point.delivered for point in planned.control_points
        ]
        parts = zip(planned.spots, found.spots, strict=True)
        spots = [pair for layers in parts for pair in zip(*layers, strict=True)]
        points = zip(planned.control_points, found.control_points, strict=True)
        steps = [
            (b[0].delivered - a[0].delivered, b[1].delivered - a[1].delivered)
            for a, b in pairwise(points)
        ]
        for wanted, got in [*spots, *steps]:
            assert abs(got - wanted) <= noise * wanted + 1e-9
        count = len({point.specified for point in planned.control_points})
        if count > 2 or len(spots) > 1:
            assert found != planned
