"""The demo linear accelerator: its beams' frame, control points, jaws and leaves."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Final

from anatomy import PTV, Point, beam_eye_semi_axes, depth_to_skin
from composite import decimal, decimals, item
from plan_parts import SETUP_NUMBER, TOLERANCE_TABLE_NUMBER

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pydicom.dataset import Dataset

SOURCE_AXIS_DISTANCE: Final = 1000.0

# 10 leaf pairs of 10 mm, 40 of 5 mm, 10 of 10 mm.
LEAF_BOUNDARIES: Final = (
    *range(-200, -100, 10),
    *range(-100, 100, 5),
    *range(100, 201, 10),
)
LEAF_PAIRS: Final = len(LEAF_BOUNDARIES) - 1

FIELD_MARGIN: Final = 5.0

Opening = tuple[float, float]


def new_beam(number: int, name: str, beam_type: str, radiation_type: str) -> Dataset:
    """Return a Beam item without its devices and control points (PS3.3 C.8.8.14)."""
    return item(
        BeamNumber=number,
        BeamName=name,
        BeamType=beam_type,
        RadiationType=radiation_type,
        TreatmentDeliveryType="TREATMENT",
        TreatmentMachineName="DEMO-LINAC",
        Manufacturer="tdwii_gui",
        InstitutionName="Demo clinic",
        ManufacturerModelName="Demo linac",
        DeviceSerialNumber="L-1",
        PrimaryDosimeterUnit="MU",
        SourceAxisDistance=decimal(SOURCE_AXIS_DISTANCE),
        NumberOfWedges=0,
        NumberOfCompensators=0,
        NumberOfBoli=0,
        NumberOfBlocks=0,
        ReferencedPatientSetupNumber=SETUP_NUMBER,
        ReferencedToleranceTableNumber=TOLERANCE_TABLE_NUMBER,
    )


def jaw_devices() -> list[Dataset]:
    """Return the Beam Limiting Device items of the jaws."""
    return [
        item(
            RTBeamLimitingDeviceType=kind,
            NumberOfLeafJawPairs=1,
            SourceToBeamLimitingDeviceDistance=distance,
        )
        for kind, distance in (("ASYMX", 367), ("ASYMY", 280))
    ]


def leaf_device() -> Dataset:
    """Return the Beam Limiting Device item of the multileaf collimator."""
    return item(
        RTBeamLimitingDeviceType="MLCX",
        NumberOfLeafJawPairs=LEAF_PAIRS,
        SourceToBeamLimitingDeviceDistance=509,
        LeafPositionBoundaries=list(LEAF_BOUNDARIES),
    )


def set_control_points(beam: Dataset, control_points: list[Dataset]) -> None:
    """Put numbered control points into a beam whose cumulative meterset weight ends at 1."""
    for index, control_point in enumerate(control_points):
        control_point.ControlPointIndex = index
    beam.FinalCumulativeMetersetWeight = 1
    beam.NumberOfControlPoints = len(control_points)
    beam.ControlPointSequence = control_points


def first_control_point(energy: float, gantry_angle: float, isocentre: Point) -> Dataset:
    """Return a control point 0 without its beam limiting devices: it tells every position."""
    depth = depth_to_skin(isocentre, gantry_angle)
    x, _, z = isocentre
    return item(
        CumulativeMetersetWeight=0,
        NominalBeamEnergy=decimal(energy),
        DoseRateSet=600,
        GantryAngle=decimal(gantry_angle),
        GantryRotationDirection="NONE",
        GantryPitchAngle=0.0,
        GantryPitchRotationDirection="NONE",
        BeamLimitingDeviceAngle=0,
        BeamLimitingDeviceRotationDirection="NONE",
        PatientSupportAngle=0,
        PatientSupportRotationDirection="NONE",
        TableTopEccentricAngle=0,
        TableTopEccentricRotationDirection="NONE",
        TableTopPitchAngle=0.0,
        TableTopPitchRotationDirection="NONE",
        TableTopRollAngle=0.0,
        TableTopRollRotationDirection="NONE",
        TableTopVerticalPosition=-125,
        TableTopLongitudinalPosition=decimal(980 - z),
        TableTopLateralPosition=decimal(-x),
        IsocenterPosition=decimals(isocentre),
        SourceToSurfaceDistance=decimal(SOURCE_AXIS_DISTANCE - depth, 1),
    )


def later_control_point(weight: float) -> Dataset:
    """Return a control point that tells only how much of the beam is given by then."""
    return item(CumulativeMetersetWeight=decimal(weight, 5))


def jaw_positions(half_x: float, half_y: float) -> list[Dataset]:
    """Return the positions of both pairs of jaws."""
    return [
        _positions("ASYMX", (-half_x, half_x)),
        _positions("ASYMY", (-half_y, half_y)),
    ]


def fitting_jaws(half_widths: Sequence[float]) -> list[Dataset]:
    """Return jaws that let through fields of these half widths across the target, in 5 mm steps."""
    half_x = 5 * math.ceil(max(half_widths) / 5)
    half_y = 5 * math.ceil((PTV.semi_axes[2] + FIELD_MARGIN) / 5)
    return jaw_positions(half_x, half_y)


def leaf_positions(opening: Callable[[float], Opening]) -> Dataset:
    """Return the leaves for a field whose opening at half width 1..0 is given by a function.

    Parameters
    ----------
    opening : Callable[[float], Opening]
        Returns both ends of the opening, in mm, from the field's relative width at a leaf pair.
        Leaves that do not touch the field stand closed in the middle, under the jaws.
    """
    half_length = PTV.semi_axes[2] + FIELD_MARGIN
    openings = []
    for lower, upper in itertools.pairwise(LEAF_BOUNDARIES):
        relative = (lower + upper) / 2 / half_length
        width = math.sqrt(1 - relative**2) if abs(relative) < 1 else 0.0
        openings.append(opening(width) if width else (0.0, 0.0))
    return _positions("MLCX", [*(left for left, _ in openings), *(right for _, right in openings)])


def half_field_width(gantry_angle: float) -> float:
    """Return half the width of the field around the target, in mm at the isocentre."""
    return beam_eye_semi_axes(PTV, gantry_angle)[0] + FIELD_MARGIN


def _positions(kind: str, positions: Sequence[float]) -> Dataset:
    return item(RTBeamLimitingDeviceType=kind, LeafJawPositions=decimals(positions, 1))


def tolerance_table() -> Dataset:
    """Return the Tolerance Table item (PS3.3 C.8.8.11)."""
    devices = [
        item(RTBeamLimitingDeviceType=kind, BeamLimitingDevicePositionTolerance=tolerance)
        for kind, tolerance in (("ASYMX", 2), ("ASYMY", 2), ("MLCX", 1))
    ]
    return item(
        ToleranceTableNumber=TOLERANCE_TABLE_NUMBER,
        ToleranceTableLabel="HEAD",
        GantryAngleTolerance=0.5,
        BeamLimitingDeviceAngleTolerance=0.5,
        BeamLimitingDeviceToleranceSequence=devices,
        PatientSupportAngleTolerance=0.5,
        TableTopEccentricAngleTolerance=0.5,
        TableTopVerticalPositionTolerance=5,
        TableTopLongitudinalPositionTolerance=5,
        TableTopLateralPositionTolerance=5,
    )
