"""The metersets of scan spots as treatment records hold them (PS3.3 C.8.8.26).

Scan Spot Metersets Delivered are single precision numbers. What several sessions deliver to a spot
is counted in whole units of the last place of the spot's planned meterset, from where the first
session began: so the parts add up to it exactly, and a spot that one session delivers has it.
"""

from __future__ import annotations

import math
from struct import Struct
from typing import TYPE_CHECKING, Final

from tdwii_gui.dicom.errors import DatasetError, Finding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tdwii_gui.dicom.iod.beam import Beam

_SINGLE: Final = Struct("<f")
_SINGLE_DIGITS: Final = 24
_SMALLEST_EXPONENT: Final = -149


def delivered_spots(
    beam: Beam, start: float, end: float, told: Sequence[Sequence[float]] = ()
) -> list[list[float]]:
    """Return what each spot of each control point got in one delivery.

    Parameters
    ----------
    beam : Beam
        A modulated beam.
    start, end : float
        The metersets of the whole beam between which was delivered.
    told : Sequence[Sequence[float]]
        What the spots got, per control point; none to derive it from `start` and `end`.

    Returns
    -------
    list[list[float]]
        Metersets with single precision, per control point.

    Raises
    ------
    DatasetError
        If other spots are told than the plan has.
    """
    timeline, scale = beam.timeline, beam.scale
    planned = timeline.spot_metersets(0, scale.units(beam.meterset))
    before = timeline.spot_metersets(0, scale.units(start))
    now = told or timeline.spot_metersets(scale.units(start), scale.units(end))
    if [len(spots) for spots in now] != [len(spots) for spots in planned]:
        path = f"Beam {beam.number} ScanSpotMetersetsDelivered"
        raise DatasetError([Finding(path, "is not told for the plan's spots")], beam.source)
    return [
        [_single_precision(*spot) for spot in zip(*layer, strict=True)]
        for layer in zip(planned, before, now, strict=True)
    ]


def _single_precision(planned: float, before: float, now: float) -> float:
    unit = _last_place(planned)
    return (round((before + now) / unit) - round(before / unit)) * unit


def _last_place(planned: float) -> float:
    """Return what the last binary place of a single precision number counts."""
    (single,) = _SINGLE.unpack(_SINGLE.pack(planned))
    exponent = math.frexp(single)[1] - _SINGLE_DIGITS if single else _SMALLEST_EXPONENT
    return math.ldexp(1.0, max(exponent, _SMALLEST_EXPONENT))
