"""The photon plan: a static beam, a sliding window, an arc and a setup beam."""

from __future__ import annotations

import math
from functools import partial
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from anatomy import ISOCENTRE
from composite import Instance, Series, decimal, item, reference
from linac import (
    Opening,
    first_control_point,
    fitting_jaws,
    half_field_width,
    jaw_devices,
    jaw_positions,
    later_control_point,
    leaf_device,
    leaf_positions,
    new_beam,
    set_control_points,
    tolerance_table,
)
from plan_parts import PlannedBeam, Prescription, fraction_group, new_plan
from pydicom.uid import RTDoseStorage, RTPlanStorage

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

PHOTON_PLAN: Final = Instance(Series(3, "RTPLAN", "Photon plan"), RTPlanStorage)
PHOTON_DOSE: Final = Instance(Series(6, "RTDOSE", "Photon dose"), RTDoseStorage)
PRESCRIPTION: Final = Prescription("PHOTON", fractions=35, fraction_dose=2.0)

STATIC_GANTRY: Final = 40.0
WINDOW_GANTRY: Final = 130.0
ARC_GANTRIES: Final = tuple((179.0 - 5.0 * index) % 360 for index in range(37))

BEAMS: Final = (
    PlannedBeam(1, meterset=92.4, dose=0.6),
    PlannedBeam(2, meterset=168.75, dose=0.6),
    PlannedBeam(3, meterset=214.2, dose=0.8),
    PlannedBeam(4),
)

_ENERGY: Final = 6.0
_WINDOW_CONTROL_POINTS: Final = 10
_WINDOW_WIDTH: Final = 14.0


def photon_plan() -> Dataset:
    """Return the photon plan, an RT Plan (PS3.3 A.20)."""
    dataset = new_plan(PHOTON_PLAN, PRESCRIPTION)
    dataset.ReferencedDoseSequence = [reference(PHOTON_DOSE)]
    dataset.ToleranceTableSequence = [tolerance_table()]
    dataset.FractionGroupSequence = [fraction_group(PRESCRIPTION, BEAMS)]
    dataset.BeamSequence = [_static_beam(), _sliding_window(), _arc(), _setup_beam()]
    return dataset


def _photon_beam(number: int, name: str, beam_type: str) -> Dataset:
    beam = new_beam(number, name, beam_type, "PHOTON")
    beam.PrimaryFluenceModeSequence = [item(FluenceMode="STANDARD")]
    beam.BeamLimitingDeviceSequence = [*jaw_devices(), leaf_device()]
    return beam


def _open(half_width: float, shift: float, relative_width: float) -> Opening:
    """Return an opening that follows the target's outline, moved sideways."""
    return shift - half_width * relative_width, shift + half_width * relative_width


def _static_beam() -> Dataset:
    beam = _photon_beam(1, "LAO static", "STATIC")
    half_width = half_field_width(STATIC_GANTRY)
    first = first_control_point(_ENERGY, STATIC_GANTRY, ISOCENTRE)
    first.BeamLimitingDevicePositionSequence = [
        *fitting_jaws([half_width]),
        leaf_positions(partial(_open, half_width, 0.0)),
    ]
    set_control_points(beam, [first, later_control_point(1)])
    return beam


def _window(half_width: float, progress: float, relative_width: float) -> Opening:
    """Return the opening of a window that slides from one end of the field to the other."""
    half = half_width * relative_width
    leading = (2 * half + _WINDOW_WIDTH) * progress - half
    return max(leading - _WINDOW_WIDTH, -half), min(leading, half)


def _sliding_window() -> Dataset:
    beam = _photon_beam(2, "LPO window", "DYNAMIC")
    half_width = half_field_width(WINDOW_GANTRY)
    control_points = []
    for index in range(_WINDOW_CONTROL_POINTS):
        progress = index / (_WINDOW_CONTROL_POINTS - 1)
        leaves = leaf_positions(partial(_window, half_width, progress))
        if index == 0:
            control_point = first_control_point(_ENERGY, WINDOW_GANTRY, ISOCENTRE)
            control_point.BeamLimitingDevicePositionSequence = [
                *fitting_jaws([half_width]),
                leaves,
            ]
        else:
            control_point = later_control_point(progress)
            control_point.BeamLimitingDevicePositionSequence = [leaves]
        control_points.append(control_point)
    set_control_points(beam, control_points)
    return beam


def arc_weights() -> list[float]:
    """Return each control point's cumulative meterset weight: the arc's speed is not even."""
    steps = [1.0 + 0.4 * math.sin(index / 3) for index in range(len(ARC_GANTRIES) - 1)]
    return [0.0, *(weight / sum(steps) for weight in accumulate(steps))]


def _arc() -> Dataset:
    beam = _photon_beam(3, "ARC", "DYNAMIC")
    control_points = []
    for index, (gantry, weight) in enumerate(zip(ARC_GANTRIES, arc_weights(), strict=True)):
        shift = 2.5 * math.sin(index / 2)
        leaves = leaf_positions(partial(_open, half_field_width(gantry), shift))
        if index == 0:
            control_point = first_control_point(_ENERGY, gantry, ISOCENTRE)
            control_point.BeamLimitingDevicePositionSequence = [
                *fitting_jaws([half_field_width(angle) + 2.5 for angle in ARC_GANTRIES]),
                leaves,
            ]
        else:
            control_point = later_control_point(weight)
            control_point.GantryAngle = decimal(gantry)
            control_point.BeamLimitingDevicePositionSequence = [leaves]
        control_points.append(control_point)
    control_points[0].GantryRotationDirection = "CC"
    # The last control point says that the gantry stops.
    control_points[-1].GantryRotationDirection = "NONE"
    set_control_points(beam, control_points)
    return beam


def _setup_beam() -> Dataset:
    beam = new_beam(4, "CBCT setup", "STATIC", "PHOTON")
    beam.TreatmentDeliveryType = "SETUP"
    beam.BeamLimitingDeviceSequence = jaw_devices()
    first = first_control_point(_ENERGY, 0.0, ISOCENTRE)
    first.BeamLimitingDevicePositionSequence = jaw_positions(50, 50)
    set_control_points(beam, [first, later_control_point(1)])
    return beam
