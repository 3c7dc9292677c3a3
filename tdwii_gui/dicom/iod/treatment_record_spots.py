"""The metersets of scan spots as treatment records hold them (PS3.3 C.8.8.26).

Scan Spot Metersets Delivered are single precision numbers. What several sessions deliver to a spot
is counted in whole units of the last place of the spot's planned meterset, from where the first
session began: so the parts add up to it exactly, and a spot that one session delivers has it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tdwii_gui.dicom.errors import DatasetError, Finding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tdwii_gui.dicom.iod.beam import Beam


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
        _single_precision(*map(np.asarray, layer)) if layer[0] else []
        for layer in zip(planned, before, now, strict=True)
    ]


def _single_precision(planned: np.ndarray, before: np.ndarray, now: np.ndarray) -> list[float]:
    unit = np.spacing(planned.astype(np.float32)).astype(np.float64)
    delivered = np.rint((before + now) / unit) - np.rint(before / unit)
    metersets: list[float] = (delivered * unit).tolist()
    return metersets
