"""The electron plan: two beams with applicators, one of them with an insert."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from anatomy import ISOCENTRE, depth_to_skin
from composite import Instance, Series, decimals, item
from linac import (
    first_control_point,
    jaw_devices,
    jaw_positions,
    later_control_point,
    new_beam,
    set_control_points,
    tolerance_table,
)
from plan_parts import PlannedBeam, Prescription, fraction_group, new_plan
from pydicom.uid import RTPlanStorage

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

ELECTRON_PLAN: Final = Instance(Series(4, "RTPLAN", "Electron plan"), RTPlanStorage)

_PRESCRIPTION: Final = Prescription("ELECTRON", fractions=10, fraction_dose=2.0)
_BEAMS: Final = (
    PlannedBeam(1, meterset=118.0, dose=1.0),
    PlannedBeam(2, meterset=126.5, dose=1.0),
)
_GANTRY: Final = 90.0
_INSERT_OUTLINE: Final = (
    (-35, -25),
    (-25, -35),
    (25, -35),
    (35, -25),
    (35, 25),
    (25, 35),
    (-25, 35),
    (-35, 25),
)


def electron_plan() -> Dataset:
    """Return the electron plan, an RT Plan (PS3.3 A.20)."""
    dataset = new_plan(ELECTRON_PLAN, _PRESCRIPTION)
    dataset.ToleranceTableSequence = [tolerance_table()]
    dataset.FractionGroupSequence = [fraction_group(_PRESCRIPTION, _BEAMS)]
    shaped = _electron_beam(2, "LAT e9 insert", 9.0)
    shaped.NumberOfBlocks = 1
    shaped.BlockSequence = [_insert()]
    dataset.BeamSequence = [_electron_beam(1, "LAT e12", 12.0), shaped]
    return dataset


def _electron_beam(number: int, name: str, energy: float) -> Dataset:
    beam = new_beam(number, name, "STATIC", "ELECTRON")
    beam.BeamLimitingDeviceSequence = jaw_devices()
    beam.ApplicatorSequence = [_applicator()]
    first = first_control_point(energy, _GANTRY, _skin_isocentre())
    first.BeamLimitingDevicePositionSequence = jaw_positions(70, 70)
    set_control_points(beam, [first, later_control_point(1)])
    return beam


def _skin_isocentre() -> tuple[float, float, float]:
    """Return the point of the skin above the target, on the patient's left."""
    x, y, z = ISOCENTRE
    return x + depth_to_skin(ISOCENTRE, _GANTRY), y, z


def _applicator() -> Dataset:
    return item(
        ApplicatorID="A10",
        AccessoryCode="DEMO-A10",
        ApplicatorType="ELECTRON_SQUARE",
        ApplicatorGeometrySequence=[
            item(ApplicatorApertureShape="SYM_SQUARE", ApplicatorOpening=100.0)
        ],
        SourceToApplicatorMountingPositionDistance=650.0,
        ApplicatorDescription="Electron applicator 10 cm x 10 cm",
    )


def _insert() -> Dataset:
    return item(
        BlockNumber=1,
        BlockName="INSERT-1",
        BlockTrayID="A10",
        AccessoryCode="DEMO-INSERT-1",
        SourceToBlockTrayDistance=950,
        BlockType="APERTURE",
        BlockDivergence="ABSENT",
        BlockMountingPosition="SOURCE_SIDE",
        MaterialID="CERROBEND",
        BlockThickness=15,
        BlockTransmission="",
        BlockNumberOfPoints=len(_INSERT_OUTLINE),
        BlockData=decimals(value for point in _INSERT_OUTLINE for value in point),
    )
