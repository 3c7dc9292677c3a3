"""The spots of a scanned ion beam, and how much of each is delivered at a meterset.

A `SpotMap` is made from a plan's beam away from the GUI thread. Spots at the same place in several
layers are one place of the map.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate, pairwise
from statistics import median
from typing import TYPE_CHECKING, Final

from tdwii_gui.dicom.iod.spots import spot_layer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tdwii_gui.dicom.iod.beam import Beam

Place = tuple[float, float]

_DEFAULT_SPACING: Final = 5.0
_LEAST_SPACING: Final = 1.0


@dataclass(frozen=True, slots=True)
class Layer:
    """The spots that are delivered at one energy.

    Parameters
    ----------
    energy : float or None
        Nominal Beam Energy.
    start, end : float
        Meterset of the beam at which the layer begins and ends.
    places : tuple[int, ...]
        Of each spot, in the order of delivery, its place in the map.
    metersets : tuple[float, ...]
        Planned for each spot.
    passed : tuple[float, ...]
        The share of one painting that is over after each spot; the last is 1.
    paintings : int
        How often the spots are passed, each time with the same share of their metersets.
    """

    energy: float | None
    start: float
    end: float
    places: tuple[int, ...]
    metersets: tuple[float, ...]
    passed: tuple[float, ...]
    paintings: int = 1

    def shares(self, meterset: float) -> list[float]:
        """Return for each spot the share that is delivered, 0 to 1."""
        count = len(self.passed)
        if meterset >= self.end:
            return [1.0] * count
        if meterset <= self.start:
            return [0.0] * count
        whole, rest = divmod((meterset - self.start) / (self.end - self.start) * self.paintings, 1)
        reached = bisect_right(self.passed, rest)
        before = self.passed[reached - 1] if reached else 0.0
        step = self.passed[min(reached, count - 1)] - before
        part = (rest - before) / step if step > 0 else 0.0
        shares = [(whole + 1) / self.paintings] * reached
        if reached < count:
            shares.append((whole + part) / self.paintings)
        return shares + [whole / self.paintings] * (count - len(shares))


@dataclass(frozen=True, slots=True)
class SpotMap:
    """All layers of a beam.

    Parameters
    ----------
    places : tuple[tuple[float, float], ...]
        x and y in mm, in the IEC gantry system.
    planned : tuple[float, ...]
        The meterset at each place, over all layers.
    layers : tuple[Layer, ...]
        In the order of delivery.
    spacing : float
        Usual distance from a spot to the next in mm.
    """

    places: tuple[Place, ...]
    planned: tuple[float, ...]
    layers: tuple[Layer, ...]
    spacing: float

    @property
    def spots(self) -> int:
        """How many spots there are in all layers."""
        return sum(len(layer.places) for layer in self.layers)

    def layer_at(self, meterset: float) -> int:
        """Return which layer is delivered at a meterset, from 0."""
        ends = [layer.end for layer in self.layers]
        return min(bisect_right(ends, meterset), len(self.layers) - 1)


class SpotTally:
    """What each place has got, followed along a delivery.

    Parameters
    ----------
    spots : SpotMap
        The beam's spots.
    """

    def __init__(self, spots: SpotMap) -> None:
        self._spots = spots
        self._counted = 0
        self._before = [0.0] * len(spots.places)

    def shares(self, meterset: float) -> list[float]:
        """Return for each place the share of its planned meterset that is delivered, 0 to 1."""
        current = self._spots.layer_at(meterset)
        if current < self._counted:
            self._counted, self._before = 0, [0.0] * len(self._spots.places)
        for layer in self._spots.layers[self._counted : current]:
            for place, planned in zip(layer.places, layer.metersets, strict=True):
                self._before[place] += planned
        self._counted = current
        amounts = list(self._before)
        layer = self._spots.layers[current]
        shares = layer.shares(meterset)
        for place, planned, share in zip(layer.places, layer.metersets, shares, strict=True):
            amounts[place] += planned * share
        return [
            amount / planned if planned > 0 else 1.0
            for amount, planned in zip(amounts, self._spots.planned, strict=True)
        ]


def spot_map(beam: Beam) -> SpotMap | None:
    """Return the spots of a beam; None where it is not scanned.

    Raises
    ------
    DatasetError
        If its spots cannot be read.
    """
    points = beam.control_points
    numbers: dict[Place, int] = {}
    layers = []
    gaps: list[float] = []
    for point, after in pairwise(points):
        read = spot_layer(beam, point)
        start, end = beam.specified_meterset(point), beam.specified_meterset(after)
        total = sum(read.weights) if read is not None else 0.0
        if read is None or not total > 0 or not end > start:
            continue
        found = list(zip(read.x, read.y, strict=True))
        gaps.extend(math.dist(a, b) for a, b in pairwise(found))
        layers.append(
            Layer(
                energy=point.nominal_energy,
                start=start,
                end=end,
                places=tuple(numbers.setdefault(place, len(numbers)) for place in found),
                metersets=tuple((end - start) * weight / total for weight in read.weights),
                passed=(*[w / total for w in accumulate(read.weights[:-1])], 1.0),
                paintings=read.paintings,
            )
        )
    if not layers:
        return None
    return SpotMap(tuple(numbers), _planned(layers, len(numbers)), tuple(layers), _spacing(gaps))


def _planned(layers: Sequence[Layer], count: int) -> tuple[float, ...]:
    sums = [0.0] * count
    for layer in layers:
        for place, meterset in zip(layer.places, layer.metersets, strict=True):
            sums[place] += meterset
    return tuple(sums)


def _spacing(gaps: Sequence[float]) -> float:
    """Return the usual distance between spots that follow one another."""
    real = [gap for gap in gaps if gap > 0]
    return max(median(real), _LEAST_SPACING) if real else _DEFAULT_SPACING
