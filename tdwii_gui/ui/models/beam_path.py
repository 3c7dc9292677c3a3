"""The geometry of a beam along its delivery: what the beam's eye view draws.

Made from a plan's beam by `beam_path`, which decodes all control points: it belongs on a thread of
its own. A `BeamPath` is plain numbers; asking it where the machine stands costs nothing.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from tdwii_gui.dicom.errors import DatasetError
from tdwii_gui.dicom.iod.values import integer, items, numbers, text

if TYPE_CHECKING:
    from tdwii_gui.dicom.iod.beam import Beam, ControlPoint

_X_JAWS: Final = ("ASYMX", "X")
_Y_JAWS: Final = ("ASYMY", "Y")
_LEAVES: Final = ("MLCX", "MLCY", "MLCX1", "MLCX2")
_SMALLEST: Final = 40.0  # mm from the axis to the edge of the view
_LARGEST: Final = 220.0


@dataclass(frozen=True, slots=True)
class Pose:
    """Where the machine stands at one meterset; lengths in mm, angles in degrees.

    Parameters
    ----------
    point : int
        The control point that was reached last, from 0.
    x_jaws, y_jaws : tuple[float, ...]
        Both jaws of a pair; empty where the beam has none.
    leaves : tuple[float, ...]
        The leaves of the lower bank, then those of the upper one.
    spots : tuple[tuple[float, float, float], ...]
        The spots of the layer of an ion beam: x, y and meterset weight.
    energy : float or None
        Nominal Beam Energy.
    gantry_turn : float
        How far the gantry turns until the next control point, clockwise positive.
    """

    point: int
    gantry: float | None
    collimator: float | None
    couch: float | None
    x_jaws: tuple[float, ...] = ()
    y_jaws: tuple[float, ...] = ()
    leaves: tuple[float, ...] = ()
    spots: tuple[tuple[float, float, float], ...] = ()
    energy: float | None = None
    gantry_turn: float = 0.0


@dataclass(frozen=True, slots=True)
class BeamPath:
    """A beam's poses at its control points.

    Parameters
    ----------
    metersets : tuple[float, ...]
        At which each control point is reached.
    boundaries : tuple[float, ...]
        Leaf Position Boundaries: one more than leaf pairs; empty without a multileaf collimator.
    leaves_move_in_x : bool
        Whether the leaves move along X (MLCX) or Y (MLCY).
    extent : float
        From the axis to the edge of what is worth seeing, in mm.
    """

    number: int
    name: str
    is_ion: bool
    metersets: tuple[float, ...]
    poses: tuple[Pose, ...]
    boundaries: tuple[float, ...] = ()
    leaves_move_in_x: bool = True
    extent: float = _SMALLEST

    def at(self, meterset: float) -> Pose:
        """Return where the machine stands, linear between control points."""
        index = min(max(bisect_right(self.metersets, meterset) - 1, 0), len(self.poses) - 1)
        here = self.poses[index]
        if self.is_ion or index + 1 >= len(self.poses):
            return here
        span = self.metersets[index + 1] - self.metersets[index]
        share = min(max((meterset - self.metersets[index]) / span, 0.0), 1.0) if span else 0.0
        after = self.poses[index + 1]
        return Pose(
            point=index,
            gantry=None if here.gantry is None else (here.gantry + here.gantry_turn * share) % 360,
            collimator=here.collimator,
            couch=here.couch,
            x_jaws=_between(here.x_jaws, after.x_jaws, share),
            y_jaws=_between(here.y_jaws, after.y_jaws, share),
            leaves=_between(here.leaves, after.leaves, share),
            energy=here.energy,
        )


def beam_path(beam: Beam) -> BeamPath:
    """Return the path of a beam; call it off the GUI thread.

    Raises
    ------
    DatasetError
        If the control points cannot be read.
    """
    points = beam.control_points
    kind, boundaries = _leaf_boundaries(beam)
    poses = [_pose(point, kind) for point in points]
    turned = [
        _with_turn(pose, after, _direction(point))
        for pose, after, point in zip(poses, [*poses[1:], poses[-1]], points, strict=True)
    ]
    return BeamPath(
        number=beam.number,
        name=beam.name,
        is_ion=beam.is_ion,
        metersets=tuple(beam.specified_meterset(point) for point in points),
        poses=tuple(turned),
        boundaries=boundaries,
        leaves_move_in_x=kind != "MLCY",
        extent=_extent(turned),
    )


def _pose(point: ControlPoint, leaf_kind: str) -> Pose:
    positions = point.leaf_jaw_positions
    return Pose(
        point=point.index,
        gantry=point.gantry_angle,
        collimator=point.beam_limiting_device_angle,
        couch=point.patient_support_angle,
        x_jaws=_first(positions, _X_JAWS),
        y_jaws=_first(positions, _Y_JAWS),
        leaves=positions.get(leaf_kind, ()),
        spots=_spots(point),
        energy=point.nominal_energy,
    )


def _spots(point: ControlPoint) -> tuple[tuple[float, float, float], ...]:
    places = numbers(point.item, "ScanSpotPositionMap")
    weights = numbers(point.item, "ScanSpotMetersetWeights")
    # strict=False: a map of a foreign system may be longer than its weights.
    return tuple(zip(places[::2], places[1::2], weights, strict=False))


def _leaf_boundaries(beam: Beam) -> tuple[str, tuple[float, ...]]:
    """Return the kind of the multileaf collimator and its boundaries; both empty without one."""
    for keyword in ("BeamLimitingDeviceSequence", "IonBeamLimitingDeviceSequence"):
        for item in items(beam.item, keyword, beam.source):
            kind = text(item, "RTBeamLimitingDeviceType", beam.source)
            pairs = integer(item, "NumberOfLeafJawPairs", beam.source) or 0
            boundaries = numbers(item, "LeafPositionBoundaries", beam.source)
            if kind in _LEAVES and pairs > 1 and len(boundaries) == pairs + 1:
                return kind, boundaries
    return "", ()


def _direction(point: ControlPoint) -> str:
    try:
        return str(point.effective("GantryRotationDirection") or "")
    except DatasetError:
        return ""


def _with_turn(pose: Pose, after: Pose, direction: str) -> Pose:
    """Return a pose with the degrees that the gantry turns until the next one."""
    if pose.gantry is None or after.gantry is None:
        return pose
    turn = (after.gantry - pose.gantry) % 360
    backwards = turn > 0 if direction == "CC" else turn > 180 and direction != "CW"
    return replace(pose, gantry_turn=turn - 360 if backwards else turn)


def _first(positions: dict[str, tuple[float, ...]], kinds: tuple[str, ...]) -> tuple[float, ...]:
    return next((positions[kind] for kind in kinds if len(positions.get(kind, ())) == 2), ())


def _between(
    first: tuple[float, ...], second: tuple[float, ...], share: float
) -> tuple[float, ...]:
    if len(first) != len(second):
        return first
    return tuple(a + (b - a) * share for a, b in zip(first, second, strict=True))


def _extent(poses: list[Pose]) -> float:
    """Return how far the openings reach, with some margin."""
    reach = [_SMALLEST / 1.4]
    for pose in poses:
        jaws = [abs(each) for each in (*pose.x_jaws, *pose.y_jaws)]
        reach.extend(jaws or [abs(each) for each in pose.leaves])
        reach.extend(max(abs(x), abs(y)) for x, y, _ in pose.spots)
    return min(max(reach) * 1.4, _LARGEST)
