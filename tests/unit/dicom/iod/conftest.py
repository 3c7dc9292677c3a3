"""Small plans made for the tests: what no public data set has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydicom.dataset import Dataset

from tdwii_gui.dicom.iod.plan import Plan
from tdwii_gui.dicom.uids import RT_ION_PLAN, RT_PLAN, new_uid

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def item(**attributes: object) -> Dataset:
    """Return a data set with attributes by keyword."""
    made = Dataset()
    for keyword, value in attributes.items():
        setattr(made, keyword, value)
    return made


def control_points(*weights: float, **first: object) -> list[Dataset]:
    """Return control points with the first one's other values."""
    points = [
        item(ControlPointIndex=index, CumulativeMetersetWeight=str(weight))
        for index, weight in enumerate(weights)
    ]
    for keyword, value in first.items():
        setattr(points[0], keyword, value)
    return points


def beam(number: int, weights: Sequence[float] = (0, 0.5, 1), **attributes: object) -> Dataset:
    """Return a photon beam with jaws and a control point per weight."""
    jaws = [item(RTBeamLimitingDeviceType=kind, NumberOfLeafJawPairs=1) for kind in ("X", "Y")]
    positions = [item(RTBeamLimitingDeviceType=k, LeafJawPositions=[-50, 50]) for k in ("X", "Y")]
    made = item(
        TreatmentMachineName="LINAC",
        Manufacturer="Maker",
        PrimaryDosimeterUnit="MU",
        SourceAxisDistance="1000",
        BeamLimitingDeviceSequence=jaws,
        BeamNumber=number,
        BeamName=f"Beam {number}",
        BeamType="STATIC",
        RadiationType="PHOTON",
        TreatmentDeliveryType="TREATMENT",
        NumberOfWedges=0,
        NumberOfCompensators=0,
        NumberOfBoli=0,
        NumberOfBlocks=0,
        FinalCumulativeMetersetWeight=str(weights[-1]),
        NumberOfControlPoints=len(weights),
        ControlPointSequence=control_points(
            *weights,
            NominalBeamEnergy="6",
            DoseRateSet="400",
            BeamLimitingDevicePositionSequence=positions,
            GantryAngle="90",
            GantryRotationDirection="NONE",
            BeamLimitingDeviceAngle="0",
            BeamLimitingDeviceRotationDirection="NONE",
            PatientSupportAngle="0",
            PatientSupportRotationDirection="NONE",
            TableTopEccentricAngle="0",
            TableTopEccentricRotationDirection="NONE",
            TableTopVerticalPosition=None,
            TableTopLongitudinalPosition=None,
            TableTopLateralPosition=None,
            IsocenterPosition=[0, 0, 0],
        ),
    )
    for keyword, value in attributes.items():
        setattr(made, keyword, value)
    return made


def fraction_group(number: int, metersets: dict[int, float | None], fractions: int = 30) -> Dataset:
    """Return a fraction group that references beams with their metersets."""
    references = []
    for beam_number, meterset in metersets.items():
        reference = item(ReferencedBeamNumber=beam_number)
        if meterset is not None:
            reference.BeamMeterset = str(meterset)
        references.append(reference)
    return item(
        FractionGroupNumber=number,
        NumberOfFractionsPlanned=fractions,
        NumberOfBeams=len(references),
        ReferencedBeamSequence=references,
    )


def plan_dataset(beams: list[Dataset], groups: list[Dataset] | None = None) -> Dataset:
    """Return a photon plan; by default one fraction group with 100 MU for each beam."""
    return item(
        SOPClassUID=RT_PLAN,
        SOPInstanceUID=new_uid(),
        StudyInstanceUID=new_uid(),
        SeriesInstanceUID=new_uid(),
        StudyDate="20260102",
        StudyTime="101112",
        StudyID="S1",
        AccessionNumber="A1",
        ReferringPhysicianName="Doctor^A",
        PatientName="Test^Patient",
        PatientID="T1",
        PatientBirthDate="19500101",
        PatientSex="O",
        RTPlanLabel="LABEL",
        FractionGroupSequence=groups or [fraction_group(1, {b.BeamNumber: 100 for b in beams})],
        BeamSequence=beams,
    )


def wedge_beam(number: int = 1) -> Dataset:
    """Return a beam with wedge, block, compensator and bolus."""
    made = beam(
        number,
        NumberOfWedges=1,
        WedgeSequence=[
            item(
                WedgeNumber=1,
                WedgeType="STANDARD",
                WedgeID="W30",
                WedgeAngle=30,
                WedgeFactor="0.7",
                WedgeOrientation="90",
            )
        ],
        NumberOfCompensators=1,
        CompensatorSequence=[
            item(
                CompensatorNumber=7,
                CompensatorType="STANDARD",
                CompensatorID="C7",
                MaterialID="WAX",
                CompensatorRows=1,
                CompensatorColumns=1,
                CompensatorThicknessData=["1"],
            )
        ],
        NumberOfBlocks=1,
        BlockSequence=[
            item(
                BlockNumber=5,
                BlockName="Spine",
                BlockTrayID="T5",
                BlockType="SHIELDING",
                BlockData=[0, 0, 1, 0, 1, 1],
            )
        ],
        NumberOfBoli=1,
        ReferencedBolusSequence=[
            item(ReferencedROINumber=3, BolusID="B3", BolusDescription="5 mm")
        ],
    )
    made.ControlPointSequence[0].WedgePositionSequence = [
        item(ReferencedWedgeNumber=1, WedgePosition="IN")
    ]
    return made


def electron_beam(number: int = 1) -> Dataset:
    """Return an electron beam with an applicator."""
    made = beam(number, (0, 1), RadiationType="ELECTRON")
    made.ApplicatorSequence = [
        item(ApplicatorID="A10", ApplicatorType="ELECTRON_SQUARE", ApplicatorDescription="10x10")
    ]
    made.ControlPointSequence[0].NominalBeamEnergy = "9"
    return made


def ion_beam(number: int = 1) -> Dataset:
    """Return a modulated proton beam of two layers: 10+10+20 MU and 60 MU, as weights."""
    spots = [[1.0, 1.0, 2.0], [0.0, 0.0, 0.0], [6.0], [0.0]]
    points = control_points(
        0,
        4,
        4,
        10,
        NominalBeamEnergy="120",
        GantryAngle="0",
        GantryRotationDirection="NONE",
        PatientSupportAngle="0",
        PatientSupportRotationDirection="NONE",
        TableTopVerticalPosition=None,
        TableTopLongitudinalPosition=None,
        TableTopLateralPosition=None,
        TableTopPitchAngle=0.0,
        TableTopPitchRotationDirection="NONE",
        TableTopRollAngle=0.0,
        TableTopRollRotationDirection="NONE",
        IsocenterPosition=[0, 0, 0],
        SnoutPosition=400.0,
        MetersetRate=100.0,
        RangeShifterSettingsSequence=[
            item(
                RangeShifterSetting="IN",
                IsocenterToRangeShifterDistance=300.0,
                RangeShifterWaterEquivalentThickness=50.0,
                ReferencedRangeShifterNumber=1,
            )
        ],
    )
    for point, weights in zip(points, spots, strict=True):
        point.ScanSpotTuneID = "3.0"
        point.NumberOfScanSpotPositions = len(weights)
        point.ScanSpotPositionMap = [float(n) for n in range(2 * len(weights))]
        point.ScanSpotMetersetWeights = weights if len(weights) > 1 else weights[0]
        point.ScanningSpotSize = [5.0, 5.0]
        point.NumberOfPaintings = 1
    points[2].NominalBeamEnergy = "100"
    return item(
        TreatmentMachineName="GANTRY1",
        PrimaryDosimeterUnit="MU",
        BeamNumber=number,
        BeamName="Field",
        BeamType="STATIC",
        RadiationType="PROTON",
        TreatmentDeliveryType="TREATMENT",
        NumberOfWedges=0,
        NumberOfCompensators=0,
        NumberOfBoli=0,
        NumberOfBlocks=0,
        NumberOfRangeShifters=1,
        NumberOfLateralSpreadingDevices=0,
        NumberOfRangeModulators=0,
        SnoutSequence=[item(SnoutID="S1")],
        RangeShifterSequence=[
            item(RangeShifterNumber=1, RangeShifterID="RS50", RangeShifterType="BINARY")
        ],
        GeneralAccessorySequence=[
            item(
                GeneralAccessoryNumber=1,
                GeneralAccessoryID="G1",
                IsocenterToGeneralAccessoryDistance=10.0,
            )
        ],
        ScanMode="MODULATED",
        PatientSupportType="TABLE",
        FinalCumulativeMetersetWeight="10",
        NumberOfControlPoints=4,
        IonControlPointSequence=points,
    )


@pytest.fixture
def photon_dataset() -> Dataset:
    """A plan with two beams of three control points and 100 MU."""
    return plan_dataset([beam(1), beam(2)])


@pytest.fixture
def photon_plan(photon_dataset: Dataset) -> Plan:
    return Plan.from_dataset(photon_dataset, source="plan.dcm")


@pytest.fixture
def ion_dataset() -> Dataset:
    """A plan with one modulated proton beam of 100 MU."""
    made = plan_dataset([ion_beam()])
    made.SOPClassUID = RT_ION_PLAN
    made.IonBeamSequence = made.BeamSequence
    del made.BeamSequence
    return made


@pytest.fixture
def ion_plan(ion_dataset: Dataset) -> Plan:
    return Plan.from_dataset(ion_dataset, source="ion.dcm")


@pytest.fixture
def make_plan() -> Callable[..., Plan]:
    """Return a function that makes a plan of beams and fraction groups {number: metersets}."""

    def make(
        *beams: Dataset,
        groups: dict[int, dict[int, float | None]] | None = None,
        meterset: float | None = None,
    ) -> Plan:
        made = [fraction_group(n, metersets) for n, metersets in (groups or {}).items()]
        dataset = plan_dataset(list(beams), made or None)
        return Plan.from_dataset(dataset, source="plan.dcm", meterset=meterset)

    return make


@pytest.fixture
def make_beam() -> Callable[..., Dataset]:
    return beam


@pytest.fixture
def make_item() -> Callable[..., Dataset]:
    return item


@pytest.fixture
def beam_with_devices() -> Dataset:
    return wedge_beam()


@pytest.fixture
def beam_with_applicator() -> Dataset:
    return electron_beam()
