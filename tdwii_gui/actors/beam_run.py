"""One beam task of a session while it is delivered: where it starts and ends, when it got where."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from tdwii_gui.dicom.errors import DatasetError, Finding
from tdwii_gui.dicom.iod.rtbdi import METERSET_TOLERANCE, TreatmentDeliveryType
from tdwii_gui.dicom.iod.treatment_record_beam import DeliveredBeam, DeliveredControlPoint

if TYPE_CHECKING:
    from datetime import datetime

    from tdwii_gui.actors.delivery_options import DeliveryOptions, Fault
    from tdwii_gui.dicom.iod.beam import Beam
    from tdwii_gui.dicom.iod.machine_state import MachineState
    from tdwii_gui.dicom.iod.rtbdi import BeamTask
    from tdwii_gui.dicom.iod.treatment_record_beam import TerminationStatus


class BeamRun:
    """The delivery of a beam task; moments are seconds on the beam's own timeline.

    Attributes
    ----------
    start, end : int
        Metersets in units of the beam's scale: where the task starts, and where it ends.
    limit : int
        Where this delivery ends: before the end if a fault comes first.
    fault : Fault or None
        The fault that comes on the way.
    first, last : float
        When the start is left, and when the limit is reached.

    Raises
    ------
    DatasetError
        If the beam cannot be delivered, or the task is beyond it.
    """

    def __init__(self, task: BeamTask, beam: Beam, options: DeliveryOptions, source: str) -> None:
        beam.require_deliverable()
        self.task = task
        self.beam = beam
        start, end = _range(task, beam, source)
        self.start, self.end = beam.scale.units(start), beam.scale.units(end)
        self._timeline = options.timeline(beam)
        self.fault = self._fault(options.fault)
        self.limit = self.end if self.fault is None else beam.scale.units(self.fault.meterset)
        self.first = self._timeline.start_seconds(self.start) if self.start else 0.0
        self.last = max(self._timeline.end_seconds(self.limit), self.first)
        self._planned_last = max(self._timeline.end_seconds(self.end), self.first)
        self._origin = self._timeline.state_at(0.0)
        self._passed: list[tuple[float, datetime]] = []

    def meterset(self, units: int) -> float:
        """Return the meterset of so many units."""
        return self.beam.scale.meterset(units)

    @property
    def span(self) -> float:
        """The meterset that the task asks for."""
        return self.meterset(self.end - self.start)

    def seconds_left(self, seconds: float) -> float:
        """Return how long the task takes from a moment on in real time, if no fault comes."""
        return self._planned_last - seconds

    def state(self, seconds: float) -> MachineState:
        """Return where the machine stands at a moment."""
        state = self._timeline.state_at(seconds)
        return state.adjusted(self.task.adjustment, self._origin)

    def reached(self, seconds: float) -> int:
        """Return the meterset at a moment, in units."""
        if seconds >= self.last:
            return self.limit
        return min(max(self._timeline.units_at(seconds), self.start), self.limit)

    def pass_moment(self, seconds: float, at: datetime) -> None:
        """Note when a moment of the timeline was passed, each later than the one before."""
        self._passed.append((seconds, at))

    def delivered(self, reached: int, termination: TerminationStatus) -> DeliveredBeam:
        """Return what has been delivered, from the start to a meterset in units."""
        return DeliveredBeam(
            beam_number=self.beam.number,
            start_meterset=self.meterset(self.start),
            end_meterset=self.meterset(reached),
            started=self._passed[0][1],
            ended=self._passed[-1][1],
            termination=termination,
            delivery_type=self.task.delivery_type,
            control_points=self._control_points(reached),
            spots=self._timeline.spot_metersets(self.start, reached)
            if self.beam.is_modulated
            else (),
        )

    def _control_points(self, reached: int) -> tuple[DeliveredControlPoint, ...]:
        line = self._timeline
        first, last = self._passed[0][0], self._passed[-1][0]
        points = []
        for point, mark in zip(self.beam.control_points, line.marks, strict=True):
            is_passed = first <= line.seconds[mark] <= last
            points.append(
                DeliveredControlPoint(
                    index=point.index,
                    specified=self.beam.specified_meterset(point),
                    delivered=self.meterset(min(max(line.units[mark], self.start), reached)),
                    at=self._when(line.seconds[mark]),
                    dose_rate_set=line.rates[point.index],
                    dose_rate_delivered=line.rate_at(point.index) if is_passed else None,
                )
            )
        return tuple(points)

    def _when(self, seconds: float) -> datetime:
        """Return the time at which a moment was passed; the nearest one if it was not."""
        index = bisect_right(self._passed, seconds, key=_seconds)
        if index == 0:
            return self._passed[0][1]
        before, begun = self._passed[index - 1]
        if index == len(self._passed) or seconds == before:
            return begun
        after, ended = self._passed[index]
        return begun + (ended - begun) * ((seconds - before) / (after - before))

    def _fault(self, fault: Fault | None) -> Fault | None:
        if fault is None or fault.beam_number != self.beam.number:
            return None
        units = self.beam.scale.units(fault.meterset)
        comes_at_start = units == self.start and (fault.at_start or self.start == 0)
        return fault if comes_at_start or self.start < units <= self.end else None


def _seconds(passed: tuple[float, datetime]) -> float:
    return passed[0]


def _range(task: BeamTask, beam: Beam, source: str) -> tuple[float, float]:
    """Return the metersets between which a task delivers."""
    if task.delivery_type is TreatmentDeliveryType.TREATMENT:
        return 0.0, beam.meterset
    start = task.start_meterset or 0.0
    end = beam.meterset if task.end_meterset is None else task.end_meterset
    if abs(end - beam.meterset) <= METERSET_TOLERANCE:
        end = beam.meterset
    words = ""
    keyword = "ContinuationEndMeterset"
    if end > beam.meterset:
        words = f"is {end:.10g}, beyond the Beam Meterset of {beam.meterset:.10g}"
    elif not 0 <= start < end:
        keyword = "ContinuationStartMeterset"
        words = f"is {start:.10g}, which is not between 0 and the end, {end:.10g}"
    if words:
        raise DatasetError([Finding(f"Beam {beam.number} {keyword}", words)], source)
    return start, end
