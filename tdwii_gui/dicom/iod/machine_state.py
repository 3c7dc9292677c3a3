"""Where the machine stands at the control points of a beam, and on its way between them.

Between control points all that moves does so linearly with the meterset (PS3.3 C.8.8.14.5); an
energy holds until the next control point.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from tdwii_gui.dicom.iod.values import numbers, text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydicom.dataset import Dataset

    from tdwii_gui.dicom.iod.beam import Beam, ControlPoint
    from tdwii_gui.dicom.iod.rtbdi import TableTopAdjustment

Devices = tuple[tuple[str, tuple[float, ...]], ...]

_ANGLES: Final = ("GantryAngle", "BeamLimitingDeviceAngle", "PatientSupportAngle")
_DIRECTIONS: Final = (
    "GantryRotationDirection",
    "BeamLimitingDeviceRotationDirection",
    "PatientSupportRotationDirection",
)
_TABLE_TOP: Final = (
    "TableTopVerticalPosition",
    "TableTopLongitudinalPosition",
    "TableTopLateralPosition",
)
_POSITIONS: Final = "LeafJawPositions"
_SAME_ANGLE: Final = 1e-3
"""Degrees that the rounding of decimal text makes of no rotation at all."""


@dataclass(frozen=True, slots=True)
class MachineState:
    """Where the machine stands at a moment; what the plan does not tell is None.

    Parameters
    ----------
    control_point : float
        The last control point that was reached, and the share of the way to the next.
    gantry, collimator, couch : float or None
        Gantry, Beam Limiting Device and Patient Support Angle in degrees, 0 to 360.
    vertical, longitudinal, lateral : float or None
        Table Top Positions in mm.
    energy : float or None
        Nominal Beam Energy.
    dose_rate : float
        Meterset per minute that is delivered; 0 while the beam is held.
    jaws, leaves : tuple[tuple[str, tuple[float, ...]], ...]
        Per RT Beam Limiting Device Type with one pair, and with several, the positions in mm.
    layer, spot : int or None
        Of an ion beam, from 0: the layer, and the spot in its position map.
    seconds_left : float
        Until the whole beam is delivered in real time.
    """

    control_point: float = 0.0
    gantry: float | None = None
    collimator: float | None = None
    couch: float | None = None
    vertical: float | None = None
    longitudinal: float | None = None
    lateral: float | None = None
    energy: float | None = None
    dose_rate: float = 0.0
    jaws: Devices = ()
    leaves: Devices = ()
    layer: int | None = None
    spot: int | None = None
    seconds_left: float = 0.0

    def adjusted(self, adjustment: TableTopAdjustment | None, start: MachineState) -> MachineState:
        """Return the state with the patient position of a beam task (PS3.3 C.8.8.29).

        Parameters
        ----------
        start : MachineState
            That of the beam's first control point, which the adjusted position is meant for.
        """
        if adjustment is None:
            return self
        couch = _shifted(self.couch, start.couch, adjustment.patient_support_angle)
        return replace(
            self,
            vertical=_shifted(self.vertical, start.vertical, adjustment.vertical),
            longitudinal=_shifted(self.longitudinal, start.longitudinal, adjustment.longitudinal),
            lateral=_shifted(self.lateral, start.lateral, adjustment.lateral),
            couch=None if couch is None else couch % 360.0,
        )


@dataclass(frozen=True, slots=True)
class Pose:
    """Where the machine stands at a control point.

    Parameters
    ----------
    angles : tuple[float or None, ...]
        Of gantry, collimator and couch.
    turns : tuple[float, ...]
        Degrees that they turn until the next control point, clockwise positive.
    table_top : tuple[float or None, ...]
        Vertical, longitudinal and lateral.
    """

    angles: tuple[float | None, ...]
    turns: tuple[float, ...]
    table_top: tuple[float | None, ...]
    energy: float | None
    jaws: Devices
    leaves: Devices


def machine_state(beam: Beam, meterset: float) -> MachineState:
    """Return where the machine stands when a meterset of a beam is delivered.

    Raises
    ------
    DatasetError
        If the beam's control points cannot be read; they are when it is asked for the first time.
    """
    return beam.timeline.state_at_units(beam.scale.units(meterset))


def poses(beam: Beam) -> tuple[Pose, ...]:
    """Return the pose at each control point of a beam.

    Raises
    ------
    DatasetError
        If a position or an angle is no number.
    """
    points = beam.control_points
    angles = [tuple(map(point.effective_number, _ANGLES)) for point in points]
    read: dict[int, tuple[float, ...]] = {}
    made = []
    for point, here, after in zip(points, angles, [*angles[1:], angles[-1]], strict=True):
        devices = tuple(
            (kind, _positions(beam, point, item, read))
            for kind, item in point.limiting_devices.items()
        )
        made.append(
            Pose(
                angles=here,
                turns=_turns(point, here, after),
                table_top=tuple(map(point.effective_number, _TABLE_TOP)),
                energy=point.nominal_energy,
                jaws=tuple(device for device in devices if len(device[1]) <= 2),
                leaves=tuple(device for device in devices if len(device[1]) > 2),
            )
        )
    return tuple(made)


def state_between(pose: Pose, after: Pose, point: float, share: float) -> MachineState:
    """Return where the machine stands a share of the way from a pose to the next."""
    if share <= 0:
        gantry, collimator, couch = pose.angles
        vertical, longitudinal, lateral = pose.table_top
        jaws, leaves = pose.jaws, pose.leaves
    else:
        gantry, collimator, couch = map(_turned, pose.angles, pose.turns, (share,) * 3)
        vertical, longitudinal, lateral = map(
            value_between, pose.table_top, after.table_top, (share,) * 3
        )
        jaws = devices_between(pose.jaws, after.jaws, share)
        leaves = devices_between(pose.leaves, after.leaves, share)
    return MachineState(
        control_point=point,
        gantry=gantry,
        collimator=collimator,
        couch=couch,
        vertical=vertical,
        longitudinal=longitudinal,
        lateral=lateral,
        energy=pose.energy,
        jaws=jaws,
        leaves=leaves,
    )


def value_between(start: float | None, end: float | None, share: float) -> float | None:
    """Return a value a share of the way from one to another."""
    return start if start is None or end is None else start + (end - start) * share


def devices_between(here: Devices, after: Devices, share: float) -> Devices:
    """Return the positions of jaws or leaves a share of the way from some to others."""
    if here == after:
        return here
    later = dict(after)
    return tuple((kind, _moved(start, later.get(kind, start), share)) for kind, start in here)


def turn(start: float, end: float, direction: str) -> float:
    """Return the degrees from one angle to another, clockwise positive.

    The way is the declared one (CW, CC), and the shorter one where none is declared; either may
    lead through 180 degrees or through 0.
    """
    way = (end - start) % 360.0
    if min(way, 360.0 - way) < _SAME_ANGLE:
        direction = ""
    backwards = way > 0 if direction == "CC" else way > 180.0 and direction != "CW"
    return way - 360.0 if backwards else way


def _turns(
    point: ControlPoint, here: Iterable[float | None], after: Iterable[float | None]
) -> tuple[float, ...]:
    return tuple(
        0.0
        if start is None or end is None or start == end
        else turn(start, end, str(point.effective(direction) or ""))
        for start, end, direction in zip(here, after, _DIRECTIONS, strict=True)
    )


def _positions(
    beam: Beam, point: ControlPoint, item: Dataset, read: dict[int, tuple[float, ...]]
) -> tuple[float, ...]:
    """Return the positions of a device; those that are carried forward are read once."""
    if id(item) not in read:
        found = numbers(item, _POSITIONS, beam.source)
        if not all(map(math.isfinite, found)):
            kind = text(item, "RTBeamLimitingDeviceType", beam.source)
            raise beam.error(point, f"{kind} {_POSITIONS}", "is no number")
        read[id(item)] = found
    return read[id(item)]


def _turned(angle: float | None, way: float, share: float) -> float | None:
    return angle if angle is None or not way else (angle + way * share) % 360.0


def _moved(start: tuple[float, ...], end: tuple[float, ...], share: float) -> tuple[float, ...]:
    if start is end or len(start) != len(end):
        return start
    return tuple([a + (b - a) * share for a, b in zip(start, end, strict=True)])


def _shifted(value: float | None, planned: float | None, adjusted: float | None) -> float | None:
    if adjusted is None:
        return value
    return adjusted if value is None or planned is None else adjusted + value - planned
