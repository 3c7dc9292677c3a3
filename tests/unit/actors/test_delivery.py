from __future__ import annotations

import itertools
import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tdwii_gui.actors.delivery import Delivery, DeliveryPhase
from tdwii_gui.actors.delivery_options import DeliveryOptions, Fault
from tdwii_gui.config.resources import resource_path
from tdwii_gui.dicom.errors import ConfigError, DatasetError
from tdwii_gui.dicom.iod.machine_state import machine_state
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
    from collections.abc import Callable
    from pathlib import Path


class FakeClock:
    """Time that passes only by being slept."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 21, 10, tzinfo=UTC)
        self.sleeps: list[float] = []
        self.while_asleep: Callable[[], None] = lambda: None

    def now(self) -> datetime:
        return self.moment

    def sleep(self, seconds: float) -> None:
        """Let time pass; what happens meanwhile happens after a third of it."""
        self.sleeps.append(seconds)
        self.moment += timedelta(seconds=seconds / 3)
        self.while_asleep()
        self.moment += timedelta(seconds=seconds * 2 / 3)


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
    assert clock.sleeps == []
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
    moments, phases = [], []
    for progress in delivery.play():
        moments.append(clock.now())
        phases.append(progress.phase)
        assert 0 <= progress.delivered <= progress.specified
    first = group.beams[0]
    rate = first.control_points[0].effective("DoseRateSet")
    took = delivery.delivered[0].ended - delivery.delivered[0].started
    assert took.total_seconds() == pytest.approx(first.meterset / float(rate) * 60, abs=1e-3)
    steps = [b - a for a, b in itertools.pairwise(moments)]
    assert max(steps) <= timedelta(seconds=0.3001), "progress is told at least every 0.3 s"
    on = [phase is DeliveryPhase.BEAM_ON for phase in phases]
    samples = [step for step, *both in zip(steps, on[:-1], on[1:], strict=True) if all(both)]
    assert min(samples) >= timedelta(seconds=0.2999), "and at most every 0.3 s"
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


def test_a_stop_takes_effect_at_its_moment_not_at_the_end_of_the_sample(plan: Plan) -> None:
    group, clock = plan.fraction_group(), FakeClock()
    delivery = Delivery(group, instruction(plan), clock, speed=1)
    for progress in delivery.play():
        if progress.phase is DeliveryPhase.BEAM_ON:
            clock.while_asleep = lambda: delivery.stop(TerminationStatus.MACHINE)
    (beam,) = delivery.delivered
    rate = group.beams[0].control_points[0].dose_rate
    assert beam.end_meterset == pytest.approx(0.4 * rate / 60)
    assert (beam.ended - beam.started).total_seconds() == pytest.approx(0.4)
    assert beam.termination is TerminationStatus.MACHINE
    assert delivery.stopped


def test_a_pause_takes_time_but_delivers_nothing(plan: Plan) -> None:
    group, clock = plan.fraction_group(), FakeClock()
    delivery = Delivery(group, instruction(plan), clock, speed=1)
    told = 0
    for progress in delivery.play():
        told += progress.phase is DeliveryPhase.BEAM_ON
        if progress.phase is DeliveryPhase.BEAM_ON and told == 3:
            clock.moment += timedelta(seconds=60)
    first = delivery.delivered[0]
    seconds = group.beams[0].timeline.seconds[-1]
    assert (first.ended - first.started).total_seconds() == pytest.approx(seconds + 60)
    assert first.end_meterset == group.beams[0].meterset


def test_progress_tells_where_the_machine_stands_and_what_time_is_left(plan: Plan) -> None:
    group, clock = plan.fraction_group(), FakeClock()
    begin = clock.now()
    told = []
    for progress in Delivery(group, instruction(plan), clock, speed=1).play():
        told.append((progress, (clock.now() - begin).total_seconds()))
    whole = told[0][0].seconds_left
    for progress, passed in told:
        assert progress.seconds_left == pytest.approx(whole - passed, abs=1e-3)
        beam = group.beam(progress.beam_number)
        if progress.phase is DeliveryPhase.BEAM_ON:
            expected = machine_state(beam, progress.delivered)
            assert progress.moment.gantry == pytest.approx(expected.gantry, abs=1e-6)
            assert progress.moment.leaves == expected.leaves or [
                list(positions) for _, positions in progress.moment.leaves
            ] == [pytest.approx(positions, abs=1e-6) for _, positions in expected.leaves]
    assert told[-1][0].seconds_left == pytest.approx(0, abs=1e-6)


def test_between_beams_the_machine_moves_with_the_beam_off(plan: Plan) -> None:
    first, second, _ = plan.fraction_group().beams  # at 40 and at 130 degrees
    clock = FakeClock()
    told = list(Delivery(plan.fraction_group(), instruction(plan), clock, speed=1).play())
    moving = [
        progress
        for progress in told
        if progress.phase is DeliveryPhase.POSITIONING and progress.beam_number == second.number
    ]
    assert len(moving) == 49  # 15 s, and the value at the end is the beam's start
    angles = [progress.moment.gantry for progress in moving]
    assert angles == sorted(angles)
    assert angles[0] == pytest.approx(41.8)
    assert angles[-1] == pytest.approx(128.2)
    share = 100 * first.meterset / sum(beam.meterset for beam in plan.fraction_group().beams)
    for progress in moving:
        assert (progress.delivered, progress.moment.dose_rate) == (0, 0)
        assert progress.percent == pytest.approx(share)


def test_a_stop_while_the_machine_moves_leaves_the_next_beam_out(plan: Plan) -> None:
    delivery = Delivery(plan.fraction_group(), instruction(plan), FakeClock(), speed=1)
    for progress in delivery.play():
        if progress.phase is DeliveryPhase.POSITIONING:
            delivery.stop()
    assert progress.phase is DeliveryPhase.POSITIONING
    assert [beam.beam_number for beam in delivery.delivered] == [1]
    assert delivery.stopped


@pytest.mark.parametrize("speed", [1, 20, math.inf])
def test_a_fault_ends_the_delivery_at_its_meterset(plan: Plan, speed: float) -> None:
    first, second, _ = plan.fraction_group().beams
    fault = Fault(second.number, 33.25)
    options = DeliveryOptions(fault=fault)
    delivery = Delivery(plan.fraction_group(), instruction(plan), FakeClock(), speed, options)
    told = list(delivery.play())
    assert [(b.beam_number, b.end_meterset, b.termination) for b in delivery.delivered] == [
        (first.number, first.meterset, TerminationStatus.NORMAL),
        (second.number, 33.25, TerminationStatus.MACHINE),
    ]
    assert delivery.stopped
    assert (told[-1].phase, told[-1].delivered) == (DeliveryPhase.BEAM_ENDED, 33.25)
    # Nobody knows of a fault before it comes.
    assert told[-1].seconds_left > second.timeline.seconds[-1] / 2


def test_a_fault_at_0_and_one_at_the_end(plan: Plan) -> None:
    def faulty(number: int, meterset: float) -> Delivery:
        fault = Fault(number, meterset, TerminationStatus.OPERATOR)
        options = DeliveryOptions(fault=fault)
        delivery = Delivery(plan.fraction_group(), instruction(plan), FakeClock(), options=options)
        assert list(delivery.play())
        return delivery

    first, _, last = plan.fraction_group().beams
    assert (faulty(first.number, 0).delivered, faulty(first.number, 0).stopped) == ([], True)
    after_first = faulty(first.number, first.meterset)
    assert after_first.stopped
    assert [b.termination for b in after_first.delivered] == [TerminationStatus.NORMAL]
    assert not faulty(last.number, last.meterset).stopped
    assert not faulty(99, 1).stopped
    assert len(faulty(first.number, first.meterset + 1).delivered) == 3


def test_a_fault_does_not_come_again_in_the_continuation(plan: Plan) -> None:
    beam = plan.fraction_group().beams[0]
    task = BeamTask(beam.number, TreatmentDeliveryType.CONTINUATION, 33.25, beam.meterset)
    options = DeliveryOptions(fault=Fault(beam.number, 33.25))
    rest = instruction(plan, SessionTasks((task,)))
    delivery = Delivery(plan.fraction_group(), rest, FakeClock(), options=options)
    assert list(delivery.play())
    assert not delivery.stopped
    assert [b.end_meterset for b in delivery.delivered] == [beam.meterset]


@pytest.mark.parametrize("speed", [1, math.inf])
def test_a_fault_may_be_where_a_continuation_starts(plan: Plan, speed: float) -> None:
    beam = plan.fraction_group().beams[0]
    task = BeamTask(beam.number, TreatmentDeliveryType.CONTINUATION, 33.25, beam.meterset)
    options = DeliveryOptions(fault=Fault(beam.number, 33.25, at_start=True))
    rest = instruction(plan, SessionTasks((task,)))
    delivery = Delivery(plan.fraction_group(), rest, FakeClock(), speed, options)
    assert [progress.delivered for progress in delivery.play()] == [33.25, 33.25]
    assert (delivery.delivered, delivery.stopped) == ([], True)


@pytest.mark.parametrize("noise", [-0.1, 0.11, math.nan])
def test_noise_has_a_range(noise: float) -> None:
    with pytest.raises(ConfigError, match=r"is not between 0 and 0\.1"):
        DeliveryOptions(noise=noise)


@pytest.mark.parametrize("meterset", [-1, math.nan, math.inf])
def test_a_fault_has_a_meterset(meterset: float) -> None:
    with pytest.raises(ConfigError, match="a beam cannot end at meterset"):
        Fault(1, meterset)


def test_control_points_have_their_metersets_times_and_rates(plan: Plan) -> None:
    beam = plan.fraction_group().beams[1]  # step by step, 10 control points, 168.75 MU
    clock = FakeClock()
    fault = DeliveryOptions(fault=Fault(beam.number, 100))
    tasks = SessionTasks(
        (BeamTask(beam.number, TreatmentDeliveryType.CONTINUATION, 40, beam.meterset),)
    )
    delivery = Delivery(plan.fraction_group(), instruction(plan, tasks), clock, 1, fault)
    list(delivery.play())
    (delivered,) = delivery.delivered
    points = delivered.control_points
    specified = [beam.specified_meterset(point) for point in beam.control_points]
    assert [point.index for point in points] == list(range(10))
    assert [point.specified for point in points] == specified
    assert [point.delivered for point in points] == [min(max(m, 40), 100) for m in specified]
    assert points[0].at == delivered.started
    assert points[-1].at == delivered.ended
    moments = [point.at for point in points]
    assert moments == sorted(moments)
    line, start = beam.timeline, beam.timeline.start_seconds(beam.scale.units(40))
    for point in points:
        passed = 40 <= point.specified <= 100
        assert point.dose_rate_set == 600
        assert (point.dose_rate_delivered is not None) is passed
        if passed:
            since = (point.at - delivered.started).total_seconds()
            assert since == pytest.approx(line.seconds[point.index] - start, abs=1e-3)
            assert point.dose_rate_delivered <= 600 * 1.000001


def test_a_journal_knows_what_is_delivered_so_far(plan: Plan) -> None:
    delivery = Delivery(plan.fraction_group(), instruction(plan), FakeClock(), speed=1)
    assert delivery.so_far() is None
    for progress in delivery.play():
        now = delivery.so_far()
        if progress.phase is DeliveryPhase.BEAM_ON:
            assert now.beam_number == progress.beam_number
            assert now.end_meterset == progress.delivered
            assert now.termination is TerminationStatus.UNKNOWN
            assert len(now.control_points) == len(
                plan.fraction_group().beam(now.beam_number).control_points
            )
        else:
            assert now is None


def test_an_electron_beam_is_delivered_with_its_applicator() -> None:
    electrons = read_plan(resource_path("demo_patient", "electron_plan.dcm"))
    group, clock = electrons.fraction_group(), FakeClock()
    delivery = Delivery(group, instruction(electrons), clock, speed=1)
    told = list(delivery.play())
    assert {group.beam(progress.beam_number).radiation_type for progress in told} == {"ELECTRON"}
    assert [b.end_meterset for b in delivery.delivered] == [b.meterset for b in group.beams]
    assert told[0].moment.jaws
    assert told[0].moment.energy == group.beams[0].nominal_energy


def refused(plan: Plan, rtbdi: RtBeamsDeliveryInstruction) -> str:
    with pytest.raises(DatasetError) as refusal:
        Delivery(plan.fraction_group(), rtbdi, FakeClock())
    return str(refusal.value)


def test_a_task_for_a_beam_that_cannot_be_delivered_is_refused(
    plan: Plan, shared_data: Path
) -> None:
    other = read_plan(shared_data / "photon_monaco" / "06MV_plan.dcm")
    foreign = RtBeamsDeliveryInstruction.from_dataset(build_rtbdi(other, other.fraction_group(), 1))
    words = refused(plan, foreign)
    assert words.startswith(f"RT Beams Delivery Instruction {foreign.sop_instance_uid}: ")
    assert "ReferencedBeamNumber 4 is no beam that fraction group 1 can deliver (" in words
    assert "photon_plan.dcm)" in words


def test_a_task_for_a_beam_without_meterset_says_so(shared_data: Path) -> None:
    plan = read_plan(shared_data / "photon_static_prostate_phantom" / "rtplan.dcm")
    whole = instruction(plan)
    setup_beam = replace(whole, tasks=(*whole.tasks, BeamTask(5)))
    assert "ReferencedBeamNumber 5 is no beam" in refused(plan, setup_beam)
    assert refused(plan, setup_beam).endswith(": it has no Beam Meterset")


def test_a_beam_named_twice_is_refused(plan: Plan) -> None:
    whole = instruction(plan)
    twice = replace(whole, tasks=(*whole.tasks, BeamTask(1)))
    assert "ReferencedBeamNumber 1 is there twice" in refused(plan, twice)


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        (10, 92.5, "Beam 1 ContinuationEndMeterset is 92.5, beyond the Beam Meterset of 92.4"),
        (60, 50, "Beam 1 ContinuationStartMeterset is 60, which is not between 0 and the end, 50"),
        (-1, 50, "Beam 1 ContinuationStartMeterset is -1, which is not between"),
        (92.4, 92.4, "Beam 1 ContinuationStartMeterset is 92.4, which is not between"),
    ],
)
def test_a_continuation_beyond_the_beam_is_refused(
    plan: Plan, start: float, end: float, words: str
) -> None:
    task = BeamTask(1, TreatmentDeliveryType.CONTINUATION, start, end)
    assert words in refused(plan, replace(instruction(plan), tasks=(task,)))


def test_a_beam_whose_weights_are_not_sound_is_refused_by_file_beam_and_attribute() -> None:
    plan = read_plan(resource_path("demo_patient", "photon_plan.dcm"))
    plan.dataset.BeamSequence[1].FinalCumulativeMetersetWeight = "2"
    words = refused(plan, instruction(plan))
    assert "photon_plan.dcm: Beam 2 control point 9 CumulativeMetersetWeight is 1, but" in words
