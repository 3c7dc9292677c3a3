"""What the machine does during a beam, moment by moment: when which meterset is delivered where.

A `Timeline` is a sequence of marks: moments, in seconds of beam time, with the meterset delivered
by then and the control point reached. Between two marks both rise evenly. There is a mark for each
control point, and two for each spot: the beam moves to it, then it is delivered.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Final

from tdwii_gui.dicom.iod.machine_limits import (
    LAYER_SWITCH_SECONDS,
    meterset_rate,
    motion_seconds,
    spot_seconds,
)
from tdwii_gui.dicom.iod.machine_state import MachineState, Pose, poses, state_between
from tdwii_gui.dicom.iod.spots import spot_layer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tdwii_gui.dicom.iod.beam import Beam
    from tdwii_gui.dicom.iod.meterset import MetersetScale
    from tdwii_gui.dicom.iod.spots import SpotLayer

_NO_SPOT: Final = -1


@dataclass(frozen=True, slots=True, eq=False)
class Timeline:
    """The marks of a beam, from its first control point to its last.

    Parameters
    ----------
    scale : MetersetScale
        In whose units metersets are counted here.
    poses : tuple[Pose, ...]
        Per control point.
    rates : tuple[float, ...]
        Meterset per minute that is set, per control point.
    seconds, units, points : tuple
        Per mark: the moment, the meterset by then, and the control point with the share of the way
        to the next.
    spots : tuple[int, ...]
        Per mark: the spot that is delivered until the next mark, or moved to; -1 for none.
    marks : tuple[int, ...]
        The mark of each control point.
    spot_counts : tuple[int, ...]
        How many spots each control point has.
    layers : tuple[int, ...]
        The layer, from 0, that is delivered from each control point on, or prepared there; none
        but for ions.
    """

    scale: MetersetScale
    poses: tuple[Pose, ...]
    rates: tuple[float, ...]
    seconds: tuple[float, ...]
    units: tuple[int, ...]
    points: tuple[float, ...]
    spots: tuple[int, ...]
    marks: tuple[int, ...]
    spot_counts: tuple[int, ...]
    layers: tuple[int, ...]

    def mark_at_units(self, units: int) -> int:
        """Return the last mark at which no more than a meterset is delivered."""
        return max(bisect_right(self.units, units) - 1, 0)

    def start_seconds(self, units: int) -> float:
        """Return the moment from which on more than a meterset is delivered."""
        mark = self.mark_at_units(units)
        return self._between(self.seconds, mark, self._share_of_units(mark, units))

    def end_seconds(self, units: int) -> float:
        """Return the moment at which a meterset is reached."""
        mark = bisect_left(self.units, units)
        if mark >= len(self.units):
            return self.seconds[-1]
        if self.units[mark] == units or mark == 0:
            return self.seconds[mark]
        return self._between(self.seconds, mark - 1, self._share_of_units(mark - 1, units))

    def units_at(self, seconds: float) -> int:
        """Return the meterset at a moment."""
        mark = self._mark_at(seconds)
        return round(self._between(self.units, mark, self._share_of_seconds(mark, seconds)))

    def state_at(self, seconds: float) -> MachineState:
        """Return where the machine stands at a moment."""
        mark = self._mark_at(seconds)
        return self._state(mark, self._share_of_seconds(mark, seconds))

    def state_at_units(self, units: int) -> MachineState:
        """Return where the machine stands when a meterset is delivered."""
        mark = self.mark_at_units(units)
        return self._state(mark, self._share_of_units(mark, units))

    def rate_at(self, point: int) -> float:
        """Return the meterset per minute that is delivered from a control point to the next.

        At the last control point it is that with which it is reached.
        """
        first = self.marks[min(point, max(len(self.marks) - 2, 0))]
        last = self.marks[min(point + 1, len(self.marks) - 1)]
        seconds = self.seconds[last] - self.seconds[first]
        units = self.units[last] - self.units[first]
        return self.scale.meterset(units) / seconds * 60 if seconds > 0 else 0.0

    def spot_metersets(self, start: int, end: int) -> tuple[tuple[float, ...], ...]:
        """Return what each spot of each control point gets between two metersets, in units.

        They add up to what is delivered, but for what control points without spots deliver.
        """
        return tuple(
            self._layer_metersets(index, count, start, end)
            for index, count in enumerate(self.spot_counts)
        )

    def _layer_metersets(self, index: int, count: int, start: int, end: int) -> tuple[float, ...]:
        first = self.marks[index]
        last = self.marks[min(index + 1, len(self.marks) - 1)]
        if not count or self.units[last] <= start or self.units[first] >= end:
            return (0.0,) * count
        delivered = [0] * count
        for mark in range(first, last):
            if self.spots[mark] != _NO_SPOT:
                before, after = self.units[mark], self.units[mark + 1]
                delivered[self.spots[mark]] += max(min(after, end) - max(before, start), 0)
        return tuple(map(self.scale.meterset, delivered))

    def _state(self, mark: int, share: float) -> MachineState:
        point = self._between(self.points, mark, share)
        index = min(int(point), len(self.poses) - 1)
        after = min(index + 1, len(self.poses) - 1)
        state = state_between(self.poses[index], self.poses[after], point, point - index)
        seconds = self._between(self.seconds, mark, share)
        rate = 0.0
        if mark + 1 < len(self.units) and self.units[mark + 1] > self.units[mark]:
            units = self.units[mark + 1] - self.units[mark]
            taken = self.seconds[mark + 1] - self.seconds[mark]
            rate = self.scale.meterset(units) / taken * 60
        spot = self.spots[mark]
        return replace(
            state,
            dose_rate=rate,
            layer=self.layers[index] if self.layers else None,
            spot=None if spot == _NO_SPOT else spot,
            seconds_left=self.seconds[-1] - seconds,
        )

    def _mark_at(self, seconds: float) -> int:
        return max(bisect_right(self.seconds, seconds) - 1, 0)

    def _share_of_units(self, mark: int, units: int) -> float:
        return _share(self.units, mark, units)

    def _share_of_seconds(self, mark: int, seconds: float) -> float:
        return _share(self.seconds, mark, seconds)

    @staticmethod
    def _between(values: Sequence[float], mark: int, share: float) -> float:
        if mark + 1 >= len(values):
            return values[-1]
        return values[mark] + (values[mark + 1] - values[mark]) * share


def planned_timeline(beam: Beam) -> Timeline:
    """Return the marks of a beam that is delivered as planned."""
    maker = _Maker(beam)
    for index in range(len(maker.poses) - 1):
        maker.add_segment(index)
    return maker.timeline()


class _Maker:
    """Puts a timeline together, one control point after the other."""

    def __init__(self, beam: Beam) -> None:
        points = beam.control_points
        self.poses = poses(beam)
        self._beam = beam
        self._specified = [beam.scale.units(beam.specified_meterset(point)) for point in points]
        self._layers = [spot_layer(beam, point) for point in points]
        self._rates = [meterset_rate(beam, point.dose_rate) for point in points]
        self._seconds, self._units = [0.0], [self._specified[0]]
        self._points, self._spots = [0.0], [_NO_SPOT]
        self._marks = [0]

    def add_segment(self, index: int) -> None:
        """Add what happens between a control point and the next."""
        start, end = self._specified[index : index + 2]
        here, after = self.poses[index : index + 2]
        layer = self._layers[index]
        begun = self._seconds[-1]
        if layer is not None and end > start and sum(layer.weights) > 0:
            self._add_spots(index, layer)
        per_second = self._beam.scale.units(self._rates[index] / 60)
        moving = motion_seconds(
            here.turns,
            zip(here.table_top, after.table_top, strict=True),
            (here.jaws + here.leaves, after.jaws + after.leaves),
        )
        least = max((end - start) / max(per_second, 1), moving)
        if self._beam.is_ion and here.energy != after.energy:
            least = max(least, LAYER_SWITCH_SECONDS)
        self._add(max(self._seconds[-1], begun + least), end, index + 1.0, _NO_SPOT)
        self._marks.append(len(self._seconds) - 1)

    def timeline(self) -> Timeline:
        """Return what was put together."""
        rises = [a < b for a, b in pairwise(self._specified)]
        begun = accumulate(map(int, rises), initial=0)
        last = max(sum(rises) - 1, 0)
        return Timeline(
            scale=self._beam.scale,
            poses=self.poses,
            rates=tuple(self._rates),
            seconds=tuple(self._seconds),
            units=tuple(self._units),
            points=tuple(self._points),
            spots=tuple(self._spots),
            marks=tuple(self._marks),
            spot_counts=tuple(len(layer.weights) if layer else 0 for layer in self._layers),
            layers=tuple(min(each, last) for each in begun) if self._beam.is_ion else (),
        )

    def _add_spots(self, index: int, layer: SpotLayer) -> None:
        """Add the spots of a layer: each is moved to, then delivered."""
        start, end = self._specified[index : index + 2]
        per_second = self._rates[index] / 60
        passed = list(accumulate(layer.weights * layer.paintings))
        x, y = layer.x[0], layer.y[0]
        for count, weight in enumerate(passed):
            spot, share = count % len(layer.weights), weight / passed[-1]
            moving = spot_seconds(layer.x[spot] - x, layer.y[spot] - y)
            x, y = layer.x[spot], layer.y[spot]
            # What is moved to, or delivered, is told by the mark before.
            self._spots[-1] = spot
            self._add(self._seconds[-1] + moving, self._units[-1], self._points[-1], spot)
            units = start + round((end - start) * share)
            meterset = self._beam.scale.meterset(units - self._units[-1])
            self._add(self._seconds[-1] + meterset / per_second, units, index + share, _NO_SPOT)

    def _add(self, seconds: float, units: int, point: float, spot: int) -> None:
        self._seconds.append(seconds)
        self._units.append(units)
        self._points.append(point)
        self._spots.append(spot)


def _share(values: Sequence[float], mark: int, value: float) -> float:
    """Return how much of the way from a mark to the next a value has come."""
    if mark + 1 >= len(values):
        return 0.0
    span = values[mark + 1] - values[mark]
    return min(max((value - values[mark]) / span, 0.0), 1.0) if span > 0 else 0.0
