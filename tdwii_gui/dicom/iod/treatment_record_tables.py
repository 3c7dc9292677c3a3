"""What of a plan a treatment record repeats, as tables (PS3.3 C.8.8.21, C.8.8.26)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_COUNTS: Final = ("NumberOfCompensators", "NumberOfBoli", "NumberOfBlocks")


@dataclass(frozen=True, slots=True)
class DeviceTable:
    """A device sequence of the plan and its recorded counterpart.

    Parameters
    ----------
    planned, recorded : str
        Keywords of the sequences.
    copied : tuple[str, ...]
        Attributes with the same keyword in both.
    renamed : tuple[tuple[str, str], ...]
        Pairs of keywords: in the plan, in the record. They are numbers; where the plan has none,
        the device's place in the sequence, from 1.
    type_1 : tuple[str, ...]
        Copied as well; where the plan has none, the device's place in the sequence, from 1.
    type_2 : tuple[str, ...]
        Copied as well, and present where empty.
    inner : tuple[DeviceTable, ...]
        Sequences inside each item.
    """

    planned: str
    recorded: str
    copied: tuple[str, ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()
    type_1: tuple[str, ...] = ()
    type_2: tuple[str, ...] = ()
    inner: tuple[DeviceTable, ...] = ()

    @property
    def key(self) -> str:
        """The recorded attribute by which items are told apart."""
        return self.renamed[0][1] if self.renamed else (*self.type_1, *self.copied)[0]


@dataclass(frozen=True, slots=True)
class RecordTable:
    """The mapping for one kind of plan.

    Parameters
    ----------
    session_beams, control_points : str
        Keywords of sequences.
    beam : tuple[str, ...]
        Beam attributes with the same keyword in both.
    counts : tuple[str, ...]
        Numbers of devices, 0 where the plan does not say.
    devices : tuple[DeviceTable, ...]
        Device sequences.
    whole_items : tuple[str, ...]
        Beam sequences repeated as they are.
    not_in_items : tuple[str, ...]
        What their items lose all the same.
    control_point : tuple[str, ...]
        Control point attributes repeated where the plan's control point has them.
    first_control_point : tuple[str, ...]
        Of these, the type 2C ones: present at the first control point, at least empty.
    rates : tuple[str, str]
        Keywords of the meterset per minute, as set and as delivered.
    """

    session_beams: str
    control_points: str
    beam: tuple[str, ...]
    counts: tuple[str, ...]
    devices: tuple[DeviceTable, ...]
    whole_items: tuple[str, ...]
    not_in_items: tuple[str, ...]
    control_point: tuple[str, ...]
    first_control_point: tuple[str, ...]
    rates: tuple[str, str]


_BOTH_BEAM: Final = (
    "BeamName",
    "BeamDescription",
    "EntityLongLabel",
    "ReferencedPatientSetupNumber",
)
_LEAF_PAIRS: Final = ("RTBeamLimitingDeviceType", "NumberOfLeafJawPairs")
_POSITIONS: Final = (
    "TableTopVerticalPosition",
    "TableTopLongitudinalPosition",
    "TableTopLateralPosition",
)
_BOTH_CONTROL_POINT: Final = (
    "NominalBeamEnergy",
    "BeamLimitingDevicePositionSequence",
    "GantryAngle",
    "GantryRotationDirection",
    "BeamLimitingDeviceAngle",
    "BeamLimitingDeviceRotationDirection",
    "PatientSupportAngle",
    "PatientSupportRotationDirection",
    "TableTopPitchAngle",
    "TableTopPitchRotationDirection",
    "TableTopRollAngle",
    "TableTopRollRotationDirection",
    "GantryPitchAngle",
    "GantryPitchRotationDirection",
    *_POSITIONS,
)

PHOTON: Final = RecordTable(
    session_beams="TreatmentSessionBeamSequence",
    control_points="ControlPointDeliverySequence",
    beam=(*_BOTH_BEAM, "SourceAxisDistance", "EnhancedRTBeamLimitingDeviceDefinitionFlag"),
    counts=("NumberOfWedges", *_COUNTS),
    devices=(
        DeviceTable(
            "BeamLimitingDeviceSequence", "BeamLimitingDeviceLeafPairsSequence", _LEAF_PAIRS
        ),
        DeviceTable(
            "WedgeSequence",
            "RecordedWedgeSequence",
            ("WedgeNumber", "WedgeID", "WedgeAngle", "WedgeOrientation", "AccessoryCode"),
            type_2=("WedgeType",),
        ),
        DeviceTable(
            "CompensatorSequence",
            "RecordedCompensatorSequence",
            ("CompensatorID", "CompensatorTrayID", "AccessoryCode", "TrayAccessoryCode"),
            (("CompensatorNumber", "ReferencedCompensatorNumber"),),
            type_2=("CompensatorType",),
        ),
        DeviceTable(
            "BlockSequence",
            "RecordedBlockSequence",
            ("BlockTrayID", "AccessoryCode", "TrayAccessoryCode"),
            (("BlockNumber", "ReferencedBlockNumber"),),
            type_2=("BlockName",),
        ),
        DeviceTable(
            "ReferencedBolusSequence",
            "ReferencedBolusSequence",
            ("ReferencedROINumber", "BolusID", "AccessoryCode"),
        ),
    ),
    whole_items=(
        "PrimaryFluenceModeSequence",
        "ApplicatorSequence",
        "GeneralAccessorySequence",
        "EnhancedRTBeamLimitingDeviceSequence",
    ),
    not_in_items=(),
    control_point=(
        *_BOTH_CONTROL_POINT,
        "WedgePositionSequence",
        "TableTopEccentricAngle",
        "TableTopEccentricRotationDirection",
    ),
    first_control_point=_POSITIONS,
    rates=("DoseRateSet", "DoseRateDelivered"),
)

ION: Final = RecordTable(
    session_beams="TreatmentSessionIonBeamSequence",
    control_points="IonControlPointDeliverySequence",
    beam=(
        *_BOTH_BEAM,
        "RadiationMassNumber",
        "RadiationAtomicNumber",
        "RadiationChargeState",
        "ModulatedScanModeType",
        "PatientSupportID",
        "PatientSupportAccessoryCode",
        "FixationLightAzimuthalAngle",
        "FixationLightPolarAngle",
        "FixationEye",
        "ReferencedToleranceTableNumber",
    ),
    counts=(
        "NumberOfWedges",
        *_COUNTS,
        "NumberOfRangeShifters",
        "NumberOfLateralSpreadingDevices",
        "NumberOfRangeModulators",
    ),
    devices=(
        DeviceTable(
            "IonBeamLimitingDeviceSequence", "BeamLimitingDeviceLeafPairsSequence", _LEAF_PAIRS
        ),
        DeviceTable(
            "IonWedgeSequence",
            "RecordedWedgeSequence",
            ("WedgeID", "WedgeAngle", "AccessoryCode"),
            type_1=("WedgeNumber",),
            type_2=("WedgeType", "WedgeOrientation"),
        ),
        DeviceTable(
            "IonRangeCompensatorSequence",
            "RecordedCompensatorSequence",
            ("CompensatorID", "AccessoryCode"),
            (("CompensatorNumber", "ReferencedCompensatorNumber"),),
            # Type 2 for photons; checkers ask ion records for it as well.
            type_2=("CompensatorType",),
        ),
        DeviceTable(
            "IonBlockSequence",
            "RecordedBlockSequence",
            ("BlockTrayID", "AccessoryCode", "NumberOfBlockSlabItems"),
            (("BlockNumber", "ReferencedBlockNumber"),),
            type_2=("BlockName",),
            inner=(
                DeviceTable(
                    "BlockSlabSequence", "RecordedBlockSlabSequence", type_1=("BlockSlabNumber",)
                ),
            ),
        ),
        DeviceTable(
            "SnoutSequence", "RecordedSnoutSequence", ("AccessoryCode",), type_1=("SnoutID",)
        ),
        DeviceTable(
            "RangeShifterSequence",
            "RecordedRangeShifterSequence",
            renamed=(("RangeShifterNumber", "ReferencedRangeShifterNumber"),),
            type_1=("RangeShifterID",),
        ),
        DeviceTable(
            "LateralSpreadingDeviceSequence",
            "RecordedLateralSpreadingDeviceSequence",
            renamed=(("LateralSpreadingDeviceNumber", "ReferencedLateralSpreadingDeviceNumber"),),
            type_1=("LateralSpreadingDeviceID",),
        ),
        DeviceTable(
            "RangeModulatorSequence",
            "RecordedRangeModulatorSequence",
            ("RangeModulatorType", "BeamCurrentModulationID"),
            (("RangeModulatorNumber", "ReferencedRangeModulatorNumber"),),
            type_1=("RangeModulatorID",),
        ),
        DeviceTable(
            "ReferencedBolusSequence",
            "ReferencedBolusSequence",
            ("ReferencedROINumber", "BolusID", "AccessoryCode"),
        ),
    ),
    whole_items=("ApplicatorSequence", "GeneralAccessorySequence"),
    not_in_items=("IsocenterToGeneralAccessoryDistance",),
    control_point=(
        *_BOTH_CONTROL_POINT,
        "KVP",
        "IonWedgePositionSequence",
        "SnoutPosition",
        "HeadFixationAngle",
        "ChairHeadFramePosition",
    ),
    first_control_point=(
        *_POSITIONS,
        "TableTopPitchAngle",
        "TableTopPitchRotationDirection",
        "TableTopRollAngle",
        "TableTopRollRotationDirection",
        "GantryPitchAngle",
        "GantryPitchRotationDirection",
    ),
    rates=("MetersetRateSet", "MetersetRateDelivered"),
)

ION_SETTINGS: Final = (
    DeviceTable(
        "RangeShifterSettingsSequence",
        "RangeShifterSettingsSequence",
        ("ReferencedRangeShifterNumber", "RangeShifterSetting"),
    ),
    DeviceTable(
        "LateralSpreadingDeviceSettingsSequence",
        "LateralSpreadingDeviceSettingsSequence",
        ("ReferencedLateralSpreadingDeviceNumber", "LateralSpreadingDeviceSetting"),
    ),
    DeviceTable(
        "RangeModulatorSettingsSequence",
        "RangeModulatorSettingsSequence",
        (
            "ReferencedRangeModulatorNumber",
            "RangeModulatorGatingStartValue",
            "RangeModulatorGatingStopValue",
        ),
    ),
)
"""Device settings of an ion control point: water equivalent thicknesses and distances stay out."""

SPOTS: Final = (
    "ScanSpotTuneID",
    "NumberOfScanSpotPositions",
    "ScanSpotPositionMap",
    "NumberOfPaintings",
)
"""Spot attributes of a modulated ion control point, repeated as they are."""
