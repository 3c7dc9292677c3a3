"""Simulated delivery: plays the beam tasks of an instruction, with no clock of its own."""

from __future__ import annotations

import math
import threading
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING

from tdwii_gui.actors.beam_run import BeamRun
from tdwii_gui.actors.delivery_options import DeliveryOptions
from tdwii_gui.dicom.errors import DatasetError, Finding
from tdwii_gui.dicom.iod.machine_state import MachineState
from tdwii_gui.dicom.iod.positioning import positioning_seconds, positioning_state
from tdwii_gui.dicom.iod.treatment_record_beam import DeliveredBeam, TerminationStatus

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tdwii_gui.actors.clock import Clock
    from tdwii_gui.dicom.iod.plan import FractionGroup
    from tdwii_gui.dicom.iod.rtbdi import RtBeamsDeliveryInstruction

SAMPLE_SECONDS = 0.3
"""The shortest time between two progress values while a beam is on."""


class DeliveryPhase(StrEnum):
    """What a progress value tells of its beam."""

    POSITIONING = "positioning"
    BEAM_STARTED = "beam started"
    BEAM_ON = "beam on"
    BEAM_ENDED = "beam ended"


@dataclass(frozen=True, slots=True)
class DeliveryProgress:
    """How far a delivery has come.

    Parameters
    ----------
    delivered, specified : float
        Meterset of the beam so far, and at its end, in the beam's dosimeter unit.
    percent : float
        Share of the session's meterset, 0 to 100.
    moment : MachineState
        Where the machine stands.
    seconds_left : float
        Until the session's end in real time, with the motions between beams.
    """

    phase: DeliveryPhase
    beam_number: int
    beam_name: str
    delivered: float
    specified: float
    percent: float
    moment: MachineState = field(default_factory=MachineState)
    seconds_left: float = 0.0


class Delivery:
    """Plays the beam tasks of an RT Beams Delivery Instruction in their order.

    Parameters
    ----------
    group : FractionGroup
        The plan's beams with their metersets.
    instruction : RtBeamsDeliveryInstruction
        The tasks of the session.
    clock : Clock
        The time that passes.
    speed : float
        1 for real time, infinity for as fast as possible: no time passes, and there is a progress
        value at each beam's start and end only.
    options : DeliveryOptions or None
        Noise and faults.

    Attributes
    ----------
    speed : float
        May be changed while a beam is on, from any thread.
    delivered : list[DeliveredBeam]
        What has been delivered, a value per beam that has ended.
    stopped : bool
        Whether it has ended before all was delivered.

    Raises
    ------
    DatasetError
        If a task names a beam that the fraction group cannot deliver, a beam is named twice, has
        no sound metersets, or is to be continued beyond its end.
    """

    def __init__(
        self,
        group: FractionGroup,
        instruction: RtBeamsDeliveryInstruction,
        clock: Clock,
        speed: float = math.inf,
        options: DeliveryOptions | None = None,
    ) -> None:
        self._runs = _runs(group, instruction, options or DeliveryOptions())
        self._approaches = [0.0]
        for before, run in pairwise(self._runs):
            here, there = before.state(before.last), run.state(run.first)
            self._approaches.append(positioning_seconds(here, there))
        self._clock = clock
        self.speed = speed
        self._total = sum(run.span for run in self._runs)
        self._done = 0.0
        self._on: tuple[BeamRun, float] | None = None
        self.delivered: list[DeliveredBeam] = []
        self.stopped = False
        self._stopping = threading.Event()
        self._stop_reason = TerminationStatus.OPERATOR
        self._stopped_at: datetime | None = None

    def stop(self, reason: TerminationStatus = TerminationStatus.OPERATOR) -> None:
        """End the beam where it is at this moment, and the delivery with it; from any thread."""
        if not self._stopping.is_set():
            self._stop_reason = reason
            self._stopped_at = self._clock.now()
            self._stopping.set()

    def so_far(self) -> DeliveredBeam | None:
        """Return what was delivered by the last progress value of the beam that is on.

        None where that is nothing, or no beam is on. How it ends is UNKNOWN yet: it is for a
        journal that tells after a crash what was delivered.
        """
        if self._on is None:
            return None
        run, seconds = self._on
        reached = run.reached(seconds)
        return run.delivered(reached, TerminationStatus.UNKNOWN) if reached > run.start else None

    def play(self) -> Iterator[DeliveryProgress]:
        """Deliver, and yield at each beam's start and end and at most every 0.3 s between.

        The delivery is paused while no further value is asked for.
        """
        for index, run in enumerate(self._runs):
            yield from self._position(index)
            if self._stopping.is_set():
                self.stopped = True
                return
            run.pass_moment(run.first, self._clock.now())
            yield self._progress(DeliveryPhase.BEAM_STARTED, index, run.first)
            seconds = run.first
            while seconds < run.last and not self._stopping.is_set():
                seconds = self._sample(run, seconds)
                self._on = run, seconds
                if seconds < run.last:
                    yield self._progress(DeliveryPhase.BEAM_ON, index, seconds)
            self._on = None
            reached = run.reached(seconds)
            if reached > run.start:
                self.delivered.append(run.delivered(reached, self._termination(run, reached)))
            yield self._progress(DeliveryPhase.BEAM_ENDED, index, seconds)
            self._done += run.meterset(reached - run.start)
            if reached < run.end or (run.fault is not None and index + 1 < len(self._runs)):
                self.stopped = True
                return

    def _position(self, index: int) -> Iterator[DeliveryProgress]:
        """Let the machine move to the start of a beam."""
        passed, approach = 0.0, self._approaches[index]
        before, run = self._runs[index - 1], self._runs[index]
        while passed < approach and not self._stopping.is_set():
            passed, _, _ = self._pass_time(passed, approach)
            if passed < approach and math.isfinite(self.speed):
                here, there = before.state(before.last), run.state(run.first)
                moment = positioning_state(here, there, passed / approach)
                yield self._progress(
                    DeliveryPhase.POSITIONING, index, run.first, moment, approach - passed
                )

    def _sample(self, run: BeamRun, seconds: float) -> float:
        """Deliver for some time; return the moment on the beam's timeline after it."""
        reached, begun, ended = self._pass_time(seconds, run.last)
        run.pass_moment(seconds, begun)
        run.pass_moment(reached, ended)
        return reached

    def _pass_time(self, seconds: float, last: float) -> tuple[float, datetime, datetime]:
        """Let a sample's time pass, or all of it where time is not to be waited for.

        Returns
        -------
        tuple[float, datetime, datetime]
            The moment after it on the same timeline, and by the clock its begin and end.
        """
        begun, speed = self._clock.now(), self.speed
        if math.isinf(speed):
            return last, begun, begun
        span = min(SAMPLE_SECONDS * speed, last - seconds)
        self._clock.sleep(span / speed)
        ended = self._clock.now()
        reached = last if span == last - seconds else seconds + span
        if self._stopped_at is not None and begun <= self._stopped_at < ended:
            # The beam is off from that moment on, not from the end of the sample.
            ended = self._stopped_at
            reached = min(seconds + (ended - begun).total_seconds() * speed, reached)
        return reached, begun, ended

    def _termination(self, run: BeamRun, reached: int) -> TerminationStatus:
        if reached >= run.end:
            return TerminationStatus.NORMAL
        if run.fault is not None and reached >= run.limit:
            return run.fault.termination
        return self._stop_reason

    def _progress(
        self,
        phase: DeliveryPhase,
        index: int,
        seconds: float,
        moment: MachineState | None = None,
        approach: float = 0.0,
    ) -> DeliveryProgress:
        run = self._runs[index]
        reached = run.reached(seconds)
        done = self._done + run.meterset(reached - run.start)
        later = zip(self._approaches[index + 1 :], self._runs[index + 1 :], strict=True)
        left = sum(way + each.seconds_left(each.first) for way, each in later)
        return DeliveryProgress(
            phase=phase,
            beam_number=run.beam.number,
            beam_name=run.beam.name,
            delivered=run.meterset(reached),
            specified=run.meterset(run.end),
            percent=min(100.0 * done / self._total, 100.0),
            moment=moment or run.state(seconds),
            seconds_left=approach + run.seconds_left(seconds) + left,
        )


def _runs(
    group: FractionGroup, instruction: RtBeamsDeliveryInstruction, options: DeliveryOptions
) -> list[BeamRun]:
    source = f"RT Beams Delivery Instruction {instruction.sop_instance_uid}"
    path = "BeamTaskSequence.ReferencedBeamNumber"
    beams = {beam.number: beam for beam in group.beams}
    reasons = {beam.number: beam.reason for beam in group.left_out}
    numbers = Counter(task.beam_number for task in instruction.tasks)
    for number, count in numbers.items():
        if number not in beams:
            words = f"{number} is no beam that fraction group {group.number} can deliver"
            words += f" ({group.source})" if group.source else ""
            words += f": {reasons[number]}" if number in reasons else ""
            raise DatasetError([Finding(path, words)], source)
        if count > 1:
            raise DatasetError([Finding(path, f"{number} is there twice")], source)
    return [BeamRun(task, beams[task.beam_number], options, source) for task in instruction.tasks]
