"""Simulated delivery: plays the beam tasks of an instruction, with no clock of its own."""

from __future__ import annotations

import math
import threading
import time
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from tdwii_gui.dicom.errors import DatasetError, Finding
from tdwii_gui.dicom.iod.treatment_record import DeliveredBeam, TerminationStatus

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tdwii_gui.dicom.iod.beam import Beam
    from tdwii_gui.dicom.iod.plan import FractionGroup
    from tdwii_gui.dicom.iod.rtbdi import BeamTask, RtBeamsDeliveryInstruction

SAMPLE_SECONDS = 0.3
"""The shortest time between two progress values while a beam is on."""

_DEFAULT_PHOTON_RATE = 600.0  # MU/min, where the plan names no dose rate


class Clock(Protocol):
    """The time that a delivery takes."""

    def now(self) -> datetime:
        """Return the moment, aware."""

    def sleep(self, seconds: float) -> None:
        """Let time pass."""


class WallClock:
    """The real time."""

    def now(self) -> datetime:
        """Return the moment, aware."""
        return datetime.now().astimezone()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


class DeliveryPhase(StrEnum):
    """What a progress value tells of its beam."""

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
    """

    phase: DeliveryPhase
    beam_number: int
    beam_name: str
    delivered: float
    specified: float
    percent: float


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
        1 for real time, infinity for as fast as possible.

    Attributes
    ----------
    speed : float
        May be changed while a beam is on, from any thread.
    delivered : list[DeliveredBeam]
        What has been delivered, a value per beam that has ended.
    stopped : bool
        Whether it was ended by `stop` before all was delivered.

    Raises
    ------
    DatasetError
        If a task names a beam that the fraction group cannot deliver.
    """

    def __init__(
        self,
        group: FractionGroup,
        instruction: RtBeamsDeliveryInstruction,
        clock: Clock,
        speed: float = math.inf,
    ) -> None:
        beams = {beam.number: beam for beam in group.beams}
        if unknown := [t.beam_number for t in instruction.tasks if t.beam_number not in beams]:
            finding = Finding(
                "BeamTaskSequence.ReferencedBeamNumber",
                f"{unknown[0]} is no beam that fraction group {group.number} can deliver",
            )
            raise DatasetError([finding], "RT Beams Delivery Instruction")
        self._tasks = [(task, beams[task.beam_number]) for task in instruction.tasks]
        self._clock = clock
        self.speed = speed
        self._total = sum(_end(task, beam) - _start(task) for task, beam in self._tasks)
        self.delivered: list[DeliveredBeam] = []
        self.stopped = False
        self._stopping = threading.Event()

    def stop(self) -> None:
        """End the beam where it is, and the delivery with it; from any thread."""
        self._stopping.set()

    def play(self) -> Iterator[DeliveryProgress]:
        """Deliver, and yield at each beam's start and end and at most every 0.3 s between."""
        done = 0.0
        for task, beam in self._tasks:
            if self._stopping.is_set():
                self.stopped = True
                return
            start, end = _start(task), _end(task, beam)
            started, reached = self._clock.now(), start
            yield self._progress(DeliveryPhase.BEAM_STARTED, beam, start, end, done)
            for reached in self._metersets(beam, start, end):
                if reached < end:
                    yield self._progress(
                        DeliveryPhase.BEAM_ON, beam, reached, end, done + reached - start
                    )
            self.stopped = reached < end
            if reached > start:
                self.delivered.append(self._delivered(task, start, reached, started))
            done += reached - start
            yield self._progress(DeliveryPhase.BEAM_ENDED, beam, reached, end, done)
            if self.stopped:
                return

    def _metersets(self, beam: Beam, start: float, end: float) -> Iterator[float]:
        """Let the beam's time pass, and yield the meterset after each sample of it."""
        per_second = _rate(beam) / 60
        reached = start
        while reached < end and not self._stopping.is_set():
            speed = self.speed
            step = min(per_second * speed * SAMPLE_SECONDS, end - reached)
            self._clock.sleep(step / per_second / speed)
            reached = end if step == end - reached else reached + step
            yield reached

    def _delivered(
        self, task: BeamTask, start: float, reached: float, started: datetime
    ) -> DeliveredBeam:
        return DeliveredBeam(
            beam_number=task.beam_number,
            start_meterset=start,
            end_meterset=reached,
            started=started,
            ended=self._clock.now(),
            termination=TerminationStatus.OPERATOR if self.stopped else TerminationStatus.NORMAL,
            delivery_type=task.delivery_type,
        )

    def _progress(
        self, phase: DeliveryPhase, beam: Beam, delivered: float, specified: float, done: float
    ) -> DeliveryProgress:
        percent = 100.0 * done / self._total if self._total else 100.0
        return DeliveryProgress(
            phase, beam.number, beam.name, delivered, specified, min(percent, 100.0)
        )


def _start(task: BeamTask) -> float:
    return task.start_meterset or 0.0


def _end(task: BeamTask, beam: Beam) -> float:
    return beam.meterset if task.end_meterset is None else task.end_meterset


def _rate(beam: Beam) -> float:
    """Return the meterset per minute at which a beam is delivered; an ion beam takes a minute."""
    rate = beam.control_points[0].dose_rate if beam.control_points else None
    if rate:
        return rate
    return (
        _DEFAULT_PHOTON_RATE if beam.dosimeter_unit == "MU" and not beam.is_ion else beam.meterset
    )
