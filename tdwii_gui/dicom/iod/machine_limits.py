"""How fast a machine is: of a common linac, and of a scanned proton beam.

Gantry (6 deg/s: one turn a minute), collimator, couch, jaws and leaves move about as fast as on a
common C-arm linac (TrueBeam with a Millennium 120 MLC): typical values, not a specification.
Scanned protons as measured by Shen et al., Med Phys 44 (2017) 5081, for 97 energies and 602 fields:
a layer switch takes 1.91 s, preparing and verifying the magnets for a spot 1.93 ms, and the beam
moves at 5.9 m/s in X and 19.3 m/s in Y.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tdwii_gui.dicom.iod.beam import Beam
    from tdwii_gui.dicom.iod.machine_state import Devices

LAYER_SWITCH_SECONDS: Final = 1.91

_TURNS: Final = (6.0, 15.0, 3.0)  # deg/s of gantry, collimator and couch
_TABLE_TOP: Final = 20.0  # mm/s
_DEVICES: Final = 25.0  # mm/s
_SPOT_SECONDS: Final = 0.00193
_SCAN_X: Final = 5900.0  # mm/s
_SCAN_Y: Final = 19300.0

_PHOTON_RATE: Final = 600.0  # MU/min, what most plans ask for
_MINUTE_RATE: Final = 1.0  # where the meterset is a time
_LONGEST_SECONDS: Final = 1800.0
"""A rate that lets a beam take longer is none: exports of scanned plans have 100 MU/min in every
beam, be it of 60,000 MU."""


def meterset_rate(beam: Beam, planned: float | None) -> float:
    """Return the meterset per minute that is set at a control point.

    That is what the plan asks for, where it is credible; else the usual one for photons and
    electrons, and for ions one that delivers the beam in a minute.
    """
    if planned and planned > 0 and beam.meterset / planned * 60 <= _LONGEST_SECONDS:
        return planned
    if beam.dosimeter_unit == "MINUTE":
        return _MINUTE_RATE
    if beam.is_ion or beam.dosimeter_unit != "MU":
        return beam.meterset
    return max(_PHOTON_RATE, beam.meterset / _LONGEST_SECONDS * 60)


def motion_seconds(
    turns: Iterable[float],
    table_top: Iterable[tuple[float | None, float | None]],
    devices: tuple[Devices, Devices],
) -> float:
    """Return how long the machine takes for a motion in which all start at once.

    Parameters
    ----------
    turns : Iterable[float]
        Degrees of gantry, collimator and couch.
    table_top : Iterable
        Positions before and after in mm; what is not known does not move.
    devices : tuple[Devices, Devices]
        Jaws and leaves before and after.
    """
    seconds = [abs(way) / speed for way, speed in zip(turns, _TURNS, strict=True)]
    seconds += [abs(b - a) / _TABLE_TOP for a, b in table_top if a is not None and b is not None]
    before, after = devices
    later = dict(after)
    for kind, start in before:
        end = later.get(kind, start)
        if start is not end:
            ways = [abs(b - a) for a, b in zip(start, end, strict=False)]
            seconds.append(max(ways, default=0.0) / _DEVICES)
    return max(seconds)


def spot_seconds(x: float, y: float) -> float:
    """Return how long the beam is off while it moves so far, in mm, to the next spot."""
    return _SPOT_SECONDS + max(abs(x) / _SCAN_X, abs(y) / _SCAN_Y)
