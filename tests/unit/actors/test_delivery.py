from __future__ import annotations

import itertools
import math
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tdwii_gui.actors.delivery import Delivery, DeliveryPhase
from tdwii_gui.config.resources import resource_path
from tdwii_gui.dicom.errors import DatasetError
from tdwii_gui.dicom.iod.plan import Plan, read_plan
from tdwii_gui.dicom.iod.rtbdi import (
    BeamTask,
    RtBeamsDeliveryInstruction,
    SessionTasks,
    TreatmentDeliveryType,
    build_rtbdi,
)
from tdwii_gui.dicom.iod.treatment_record import TerminationStatus

if TYPE_CHECKING:
    from pathlib import Path


class FakeClock:
    """Time that passes only by being slept."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 21, 10, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment

    def sleep(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


@pytest.fixture(scope="module")
def plan() -> Plan:
    return read_plan(resource_path("demo_patient", "photon_plan.dcm"))


def instruction(plan: Plan, session: SessionTasks | None = None) -> RtBeamsDeliveryInstruction:
    dataset = build_rtbdi(plan, plan.fraction_group(), 1, session)
    return RtBeamsDeliveryInstruction.from_dataset(dataset)


def test_as_fast_as_possible_each_beam_starts_and_ends(plan: Plan) -> None:
    group = plan.fraction_group()
    clock = FakeClock()
    begin = clock.now()
    delivery = Delivery(group, instruction(plan), clock)
    progress = list(delivery.play())

    assert [(p.phase, p.beam_number) for p in progress] == [
        (phase, beam.number)
        for beam in group.beams
        for phase in (DeliveryPhase.BEAM_STARTED, DeliveryPhase.BEAM_ENDED)
    ]
    assert clock.now() == begin
    assert progress[0].percent == 0
    assert progress[-1].percent == pytest.approx(100)
    assert [p.percent for p in progress] == sorted(p.percent for p in progress)
    assert [(b.beam_number, b.start_meterset, b.end_meterset) for b in delivery.delivered] == [
        (beam.number, 0, beam.meterset) for beam in group.beams
    ]


def test_in_real_time_a_beam_takes_its_meterset_by_its_dose_rate(plan: Plan) -> None:
    group = plan.fraction_group()
    clock = FakeClock()
    begin = clock.now()
    delivery = Delivery(group, instruction(plan), clock, speed=1)
    moments = []
    for progress in delivery.play():
        moments.append(clock.now())
        assert 0 <= progress.delivered <= progress.specified
    first = group.beams[0]
    rate = first.control_points[0].effective("DoseRateSet")
    took = delivery.delivered[0].ended - delivery.delivered[0].started
    assert took.total_seconds() == pytest.approx(first.meterset / float(rate) * 60, abs=1e-3)
    steps = [b - a for a, b in itertools.pairwise(moments)]
    assert max(steps) <= timedelta(seconds=0.3001), "progress is told at least every 0.3 s"
    assert clock.now() > begin


def test_twice_the_speed_takes_half_the_time(plan: Plan) -> None:
    def seconds(speed: float) -> float:
        clock = FakeClock()
        begin = clock.now()
        for _ in Delivery(plan.fraction_group(), instruction(plan), clock, speed).play():
            pass
        return (clock.now() - begin).total_seconds()

    assert seconds(2) == pytest.approx(seconds(1) / 2, abs=1e-3)
    assert seconds(math.inf) == 0


def test_a_continuation_delivers_from_start_to_end_meterset_only(plan: Plan) -> None:
    beam = plan.fraction_group().beams[0]
    half = beam.meterset / 2
    session = SessionTasks(
        (BeamTask(beam.number, TreatmentDeliveryType.CONTINUATION, half, beam.meterset),)
    )
    delivery = Delivery(plan.fraction_group(), instruction(plan, session), FakeClock())
    progress = list(delivery.play())
    assert progress[0].delivered == half
    assert (progress[0].percent, progress[-1].percent) == (0, pytest.approx(100))
    (delivered,) = delivery.delivered
    assert (delivered.start_meterset, delivered.end_meterset) == (half, beam.meterset)
    assert delivered.delivery_type is TreatmentDeliveryType.CONTINUATION


def test_a_task_for_a_beam_that_cannot_be_delivered_is_refused(
    plan: Plan, shared_data: Path
) -> None:
    other = read_plan(shared_data / "photon_monaco" / "06MV_plan.dcm")
    foreign = RtBeamsDeliveryInstruction.from_dataset(build_rtbdi(other, other.fraction_group(), 1))
    with pytest.raises(DatasetError, match="is no beam that fraction group 1 can deliver"):
        Delivery(plan.fraction_group(), foreign, FakeClock())


def test_a_stop_ends_the_beam_where_it_is(plan: Plan) -> None:
    group = plan.fraction_group()
    delivery = Delivery(group, instruction(plan), FakeClock(), speed=1)
    told = []
    for progress in delivery.play():
        told.append(progress)
        if len(told) == 4:
            delivery.stop()
    first = group.beams[0]
    (beam,) = delivery.delivered
    assert delivery.stopped
    assert beam.termination is TerminationStatus.OPERATOR
    assert 0 < beam.end_meterset < first.meterset
    assert told[-1].phase is DeliveryPhase.BEAM_ENDED
    assert told[-1].delivered == beam.end_meterset
    assert told[-1].percent < 100
    assert {progress.beam_number for progress in told} == {first.number}


def test_a_stop_before_the_first_beam_delivers_nothing(plan: Plan) -> None:
    delivery = Delivery(plan.fraction_group(), instruction(plan), FakeClock())
    delivery.stop()
    assert list(delivery.play()) == []
    assert delivery.stopped
    assert delivery.delivered == []


def test_a_stop_during_the_last_sample_leaves_the_next_beams_out(plan: Plan) -> None:
    group = plan.fraction_group()
    assert len(group.beams) > 1
    delivery = Delivery(group, instruction(plan), FakeClock())
    for progress in delivery.play():
        if progress.phase is DeliveryPhase.BEAM_ENDED:
            delivery.stop()
    (beam,) = delivery.delivered
    assert delivery.stopped
    assert beam.termination is TerminationStatus.NORMAL
    assert beam.end_meterset == group.beams[0].meterset


def test_the_speed_may_change_while_a_beam_is_on(plan: Plan) -> None:
    clock = FakeClock()
    begin = clock.now()
    delivery = Delivery(plan.fraction_group(), instruction(plan), clock, speed=1)
    for progress in delivery.play():
        if progress.phase is DeliveryPhase.BEAM_ON:
            delivery.speed = math.inf
    assert timedelta(seconds=0.2) < clock.now() - begin < timedelta(seconds=0.4)
    assert not delivery.stopped
    assert delivery.delivered[-1].end_meterset == plan.fraction_group().beams[-1].meterset
