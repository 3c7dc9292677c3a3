"""The spots of modulated ion control points (PS3.3 C.8.8.25.7)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from tdwii_gui.dicom.errors import DatasetError, Finding
from tdwii_gui.dicom.iod.values import integer, numbers

if TYPE_CHECKING:
    from tdwii_gui.dicom.iod.beam import Beam, ControlPoint

_POSITIONS: Final = "ScanSpotPositionMap"
_WEIGHTS: Final = "ScanSpotMetersetWeights"
_MOST_PASSES: Final = 100_000
"""Spots times paintings of a layer; what claims more is painted once."""


@dataclass(frozen=True, slots=True)
class SpotLayer:
    """The spots that are delivered between a control point and the next, in their order.

    Parameters
    ----------
    x, y : tuple[float, ...]
        Positions in mm.
    weights : tuple[float, ...]
        Scan Spot Meterset Weights, over all paintings.
    paintings : int
        How often the scan path is passed; each time with the same share of the weights.
    """

    x: tuple[float, ...]
    y: tuple[float, ...]
    weights: tuple[float, ...]
    paintings: int = 1


def spot_layer(beam: Beam, point: ControlPoint) -> SpotLayer | None:
    """Return the spots of a control point; None where it has none.

    Raises
    ------
    DatasetError
        If positions or weights are no numbers, or a weight is negative.
    """
    if not beam.is_modulated:
        return None
    weights = numbers(point.item, _WEIGHTS, beam.source)
    if not weights:
        return None
    places = numbers(point.item, _POSITIONS, beam.source)
    if not all(map(math.isfinite, places)):
        raise beam.error(point, _POSITIONS, "is no number")
    if not all(map(math.isfinite, weights)) or min(weights) < 0:
        raise beam.error(point, _WEIGHTS, "has a value that is no meterset")
    missing = (0.0,) * (len(weights) - len(places) // 2)
    paintings = integer(point.item, "NumberOfPaintings", beam.source) or 1
    return SpotLayer(
        x=(places[::2] + missing)[: len(weights)],
        y=(places[1::2] + missing)[: len(weights)],
        weights=weights,
        paintings=paintings if 0 < paintings * len(weights) <= _MOST_PASSES else 1,
    )


def check_spots(beam: Beam) -> None:
    """Check that spots can take the meterset of their layers.

    Raises
    ------
    DatasetError
        If a layer is to deliver something, but no spot of it anything.
    """
    for point, after in pairwise(beam.control_points):
        layer = spot_layer(beam, point)
        rises = after.cumulative_meterset_weight > point.cumulative_meterset_weight
        if rises and layer is not None and not sum(layer.weights) > 0:
            raise DatasetError(
                [Finding(beam.path(point, _WEIGHTS), "are 0, but the cumulative weight rises")],
                beam.source,
            )
