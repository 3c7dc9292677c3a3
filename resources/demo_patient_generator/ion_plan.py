"""The ion plan: two proton beams with scanned spots, one of them through a range shifter."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from anatomy import ISOCENTRE, PTV, beam_eye_semi_axes, depth_to_skin
from composite import Instance, Series, decimal, decimals, item
from plan_parts import (
    SETUP_NUMBER,
    TOLERANCE_TABLE_NUMBER,
    PlannedBeam,
    Prescription,
    fraction_group,
    new_plan,
)
from pydicom.uid import RTIonPlanStorage

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

ION_PLAN: Final = Instance(Series(5, "RTPLAN", "Ion plan"), RTIonPlanStorage)

_PRESCRIPTION: Final = Prescription("PROTON", fractions=30, fraction_dose=2.0)
_SPOT_SPACING: Final = 6.0
_LAYER_SPACING: Final = 5.0
_SHIFTER_THICKNESS: Final = 40.0


@dataclass(frozen=True, slots=True)
class ScannedBeam:
    """A proton beam to the target.

    Parameters
    ----------
    number : int
        The beam number.
    name : str
        The beam name.
    gantry_angle : float
        In degrees.
    has_range_shifter : bool
        Whether a range shifter slows the protons down, for layers below the lowest energy.
    """

    number: int
    name: str
    gantry_angle: float
    has_range_shifter: bool


@dataclass(frozen=True, slots=True)
class Layer:
    """The spots of one energy.

    Parameters
    ----------
    energy : float
        In MeV.
    spots : tuple of (x, y)
        In mm in the isocentre plane.
    weights : tuple of int
        A thousandth of a monitor unit each, so that their sums are exact.
    """

    energy: float
    spots: tuple[tuple[float, float], ...]
    weights: tuple[int, ...]


_BEAMS: Final = (
    ScannedBeam(1, "LAT shifter", 90.0, has_range_shifter=True),
    ScannedBeam(2, "PA", 180.0, has_range_shifter=False),
)


def ion_plan() -> Dataset:
    """Return the proton plan, an RT Ion Plan (PS3.3 A.49)."""
    dataset = new_plan(ION_PLAN, _PRESCRIPTION)
    dataset.IonToleranceTableSequence = [_tolerance_table()]
    layers = {beam.number: _layers(beam) for beam in _BEAMS}
    planned = [
        PlannedBeam(beam.number, meterset=_thousandths(layers[beam.number]) / 1000, dose=1.0)
        for beam in _BEAMS
    ]
    dataset.FractionGroupSequence = [fraction_group(_PRESCRIPTION, planned)]
    dataset.IonBeamSequence = [_ion_beam(beam, layers[beam.number]) for beam in _BEAMS]
    return dataset


def _thousandths(layers: list[Layer]) -> int:
    return sum(sum(layer.weights) for layer in layers)


def _layers(beam: ScannedBeam) -> list[Layer]:
    """Return the layers of a beam, the deepest first, as machines deliver them."""
    across, along, in_depth = beam_eye_semi_axes(PTV, beam.gantry_angle)
    middle = depth_to_skin(ISOCENTRE, beam.gantry_angle)
    if beam.has_range_shifter:
        middle += _SHIFTER_THICKNESS
    count = int(2 * in_depth / _LAYER_SPACING) + 1
    layers = []
    for index in range(count):
        offset = (count - 1) / 2 * _LAYER_SPACING - index * _LAYER_SPACING
        scale = math.sqrt(max(0.0, 1 - (offset / in_depth) ** 2))
        spots = _spots(across * scale + _SPOT_SPACING / 2, along * scale + _SPOT_SPACING / 2)
        # The deepest layer gives most; those before it already get dose from the deeper ones.
        peak = 620 if index == 0 else 260 - 12 * index
        layers.append(Layer(_energy(middle + offset), spots, _weights(spots, peak)))
    return layers


def _energy(water_depth: float) -> float:
    """Return the energy in MeV of protons that reach a depth in mm of water (Bragg-Kleeman)."""
    return round(float((water_depth / 10 / 0.0022) ** (1 / 1.77)), 2)


def _spots(half_x: float, half_y: float) -> tuple[tuple[float, float], ...]:
    """Return a grid of spots in an ellipse, row by row, every second row backwards."""
    spots: list[tuple[float, float]] = []
    rows = int(half_y / _SPOT_SPACING)
    columns = int(half_x / _SPOT_SPACING)
    for row in range(-rows, rows + 1):
        y = row * _SPOT_SPACING
        line = [
            (column * _SPOT_SPACING, y)
            for column in range(-columns, columns + 1)
            if (column * _SPOT_SPACING / half_x) ** 2 + (y / half_y) ** 2 <= 1
        ]
        spots.extend(line if row % 2 == 0 else reversed(line))
    return tuple(spots)


def _weights(spots: tuple[tuple[float, float], ...], peak: int) -> tuple[int, ...]:
    """Return weights that grow a little to the edge of the field, for a sharp penumbra."""
    farthest = max(math.hypot(*spot) for spot in spots) or 1.0
    return tuple(round(peak * (1 + 0.3 * math.hypot(*spot) / farthest)) for spot in spots)


def _ion_beam(beam: ScannedBeam, layers: list[Layer]) -> Dataset:
    control_points = _control_points(beam, layers)
    dataset = item(
        BeamNumber=beam.number,
        BeamName=beam.name,
        BeamType="STATIC",
        RadiationType="PROTON",
        ScanMode="MODULATED",
        TreatmentDeliveryType="TREATMENT",
        TreatmentMachineName="DEMO-PROTON",
        Manufacturer="tdwii_gui",
        InstitutionName="Demo clinic",
        ManufacturerModelName="Demo proton machine",
        DeviceSerialNumber="P-1",
        PrimaryDosimeterUnit="MU",
        VirtualSourceAxisDistances=[2000.0, 2560.0],
        PatientSupportType="TABLE",
        SnoutSequence=[item(SnoutID="SNOUT-1", AccessoryCode="DEMO-SNOUT-1")],
        NumberOfWedges=0,
        NumberOfCompensators=0,
        NumberOfBoli=0,
        NumberOfBlocks=0,
        NumberOfRangeShifters=int(beam.has_range_shifter),
        NumberOfLateralSpreadingDevices=0,
        NumberOfRangeModulators=0,
        ReferencedPatientSetupNumber=SETUP_NUMBER,
        ReferencedToleranceTableNumber=TOLERANCE_TABLE_NUMBER,
        FinalCumulativeMetersetWeight=decimal(_thousandths(layers) / 1000, 3),
        NumberOfControlPoints=len(control_points),
        IonControlPointSequence=control_points,
    )
    if beam.has_range_shifter:
        dataset.RangeShifterSequence = [_range_shifter()]
    return dataset


def _range_shifter() -> Dataset:
    return item(
        RangeShifterNumber=1,
        RangeShifterID="RS40",
        AccessoryCode="DEMO-RS40",
        RangeShifterType="BINARY",
        RangeShifterDescription="40 mm of water",
    )


def _control_points(beam: ScannedBeam, layers: list[Layer]) -> list[Dataset]:
    """Return two control points for each layer: before its spots and after them."""
    control_points = []
    given = 0
    for layer in layers:
        control_points.append(_spot_control_point(layer, given, layer.weights))
        given += sum(layer.weights)
        control_points.append(_spot_control_point(layer, given, (0,) * len(layer.spots)))
    for index, control_point in enumerate(control_points):
        control_point.ControlPointIndex = index
    control_points[0].update(_positions(beam))
    return control_points


def _spot_control_point(layer: Layer, given: int, weights: tuple[int, ...]) -> Dataset:
    return item(
        CumulativeMetersetWeight=decimal(given / 1000, 3),
        NominalBeamEnergy=decimal(layer.energy),
        ScanSpotTuneID="4.0",
        NumberOfScanSpotPositions=len(layer.spots),
        ScanSpotPositionMap=[value for spot in layer.spots for value in spot],
        ScanSpotMetersetWeights=[weight / 1000 for weight in weights],
        ScanningSpotSize=[10.5, 10.5],
        NumberOfPaintings=1,
    )


def _positions(beam: ScannedBeam) -> Dataset:
    """Return the positions that control point 0 tells and that stay the same."""
    x, _, z = ISOCENTRE
    positions = item(
        GantryAngle=decimal(beam.gantry_angle),
        GantryRotationDirection="NONE",
        GantryPitchAngle=0.0,
        GantryPitchRotationDirection="NONE",
        BeamLimitingDeviceAngle=0,
        BeamLimitingDeviceRotationDirection="NONE",
        PatientSupportAngle=0,
        PatientSupportRotationDirection="NONE",
        TableTopPitchAngle=0.0,
        TableTopPitchRotationDirection="NONE",
        TableTopRollAngle=0.0,
        TableTopRollRotationDirection="NONE",
        TableTopVerticalPosition=-110,
        TableTopLongitudinalPosition=decimal(740 - z),
        TableTopLateralPosition=decimal(-x),
        IsocenterPosition=decimals(ISOCENTRE),
        SnoutPosition=250.0,
    )
    if beam.has_range_shifter:
        positions.RangeShifterSettingsSequence = [
            item(
                ReferencedRangeShifterNumber=1,
                RangeShifterSetting="IN",
                IsocenterToRangeShifterDistance=255.0,
                RangeShifterWaterEquivalentThickness=_SHIFTER_THICKNESS,
            )
        ]
    return positions


def _tolerance_table() -> Dataset:
    return item(
        ToleranceTableNumber=TOLERANCE_TABLE_NUMBER,
        ToleranceTableLabel="HEAD",
        GantryAngleTolerance=0.5,
        SnoutPositionTolerance=5.0,
        PatientSupportAngleTolerance=0.5,
        TableTopPitchAngleTolerance=0.5,
        TableTopRollAngleTolerance=0.5,
        TableTopVerticalPositionTolerance=5,
        TableTopLongitudinalPositionTolerance=5,
        TableTopLateralPositionTolerance=5,
    )
