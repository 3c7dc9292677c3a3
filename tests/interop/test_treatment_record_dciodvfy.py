"""dciodvfy of dicom3tools finds no error in treatment records made from real and sloppy plans."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from tdwii_gui.dicom.iod.part10 import accept_foreign_values, read_part10, write_part10
from tdwii_gui.dicom.iod.plan import Plan, read_plan
from tdwii_gui.dicom.iod.rtbdi import (
    BeamTask,
    RtBeamsDeliveryInstruction,
    SessionTasks,
    TableTopAdjustment,
    TreatmentDeliveryType,
    build_rtbdi,
)
from tdwii_gui.dicom.iod.treatment_record import (
    DeliveredBeam,
    DeliveredControlPoint,
    SessionInfo,
    TerminationStatus,
    VerificationStatus,
    build_treatment_records,
)
from tests.interop.dciodvfy import TREATMENT_RECORDS, errors_of

pytestmark = pytest.mark.interop

CHECKOUT = Path(__file__).resolve().parents[2]
SHARED_DATA = CHECKOUT.parent / "shared" / "data"
DEMO_PATIENT = CHECKOUT / "resources" / "demo_patient"
PLANS = [
    *(
        path
        for pattern in ("photon_monaco/*", "ion_pbs_water/*", "ion_passive*/*", "*/rtplan.dcm")
        for path in sorted(SHARED_DATA.glob(pattern))
    ),
    *sorted(SHARED_DATA.glob("*/R[PN]*.dcm")),
    *sorted(DEMO_PATIENT.glob("*plan*.dcm")),
]
STARTED = datetime(2026, 1, 2, 10, 0, 0)


def check(plan: Plan, share: float, folder: Path) -> None:
    status = TerminationStatus.NORMAL if share == 1 else TerminationStatus.OPERATOR
    for group in plan.fraction_groups:
        delivered = [
            DeliveredBeam(
                beam.number,
                beam.meterset * share,
                STARTED,
                STARTED + timedelta(seconds=60),
                termination=status,
            )
            for beam in group.beams
        ]
        for index, record in enumerate(
            build_treatment_records(plan, group, delivered, SessionInfo(1, "Operator^Test"))
        ):
            path = folder / f"{group.number}_{index}.dcm"
            write_part10(path, record)
            assert errors_of(path, TREATMENT_RECORDS) == set()


@pytest.mark.parametrize("share", [1.0, 0.37])
@pytest.mark.parametrize("path", PLANS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_records_of_real_plans_have_no_error(tmp_path, path, share):
    check(read_plan(path, meterset=100), share, tmp_path)


def spoil_texts(dataset: Dataset) -> None:
    dataset.PatientSex = "ANON"
    dataset.PatientName = "Water^Tank^^"
    dataset.PatientBirthDate = "1950-01-01"
    dataset.StudyTime = "10:11"
    dataset.StudyID = "an identifier far too long"
    dataset.ReferringPhysicianName = "A^B^^^"


def spoil_numbers(dataset: Dataset) -> None:
    beam = dataset.BeamSequence[0]
    beam.SourceAxisDistance = "+1000.000000000000000"
    point = beam.ControlPointSequence[0]
    point.GantryAngle = " 0.1234567890123456789"
    point.BeamLimitingDeviceAngle = "+0 "


def remove_what_may_be_missing(dataset: Dataset) -> None:
    for keyword in ("PatientID", "PatientBirthDate", "StudyDate", "AccessionNumber"):
        dataset.pop(keyword, None)
    for keyword in ("RadiationType", "PrimaryDosimeterUnit", "BeamName", "NumberOfBoli"):
        dataset.BeamSequence[0].pop(keyword, None)


@pytest.mark.filterwarnings("ignore:.*:UserWarning:pydicom")
@pytest.mark.parametrize("spoil", [spoil_texts, spoil_numbers, remove_what_may_be_missing])
def test_records_of_sloppy_plans_have_no_error(shared_data, tmp_path, spoil):
    dataset = read_part10(shared_data / "photon_static_prostate_phantom" / "rtplan.dcm")
    accept_foreign_values()
    spoil(dataset)
    check(Plan.from_dataset(dataset), 1.0, tmp_path)


def item(**attributes: object) -> Dataset:
    made = Dataset()
    for keyword, value in attributes.items():
        setattr(made, keyword, value)
    return made


def add_wedge_block_compensator_and_bolus(beam: Dataset) -> None:
    beam.NumberOfWedges = beam.NumberOfBlocks = 1
    beam.NumberOfCompensators = beam.NumberOfBoli = 1
    beam.WedgeSequence = [
        item(WedgeNumber=1, WedgeType="STANDARD", WedgeID="W", WedgeAngle=30, WedgeOrientation="0")
    ]
    beam.BlockSequence = [item(BlockNumber=1, BlockTrayID="T", BlockType="SHIELDING")]
    beam.CompensatorSequence = [item(CompensatorNumber=1, CompensatorID="C")]
    beam.ReferencedBolusSequence = [item(ReferencedROINumber=3, BolusDescription="5 mm")]
    beam.ControlPointSequence[0].WedgePositionSequence = [
        item(ReferencedWedgeNumber=1, WedgePosition="IN")
    ]


def make_electron(beam: Dataset) -> None:
    beam.RadiationType = "ELECTRON"
    beam.ApplicatorSequence = [item(ApplicatorID="A10", ApplicatorType="ELECTRON_SQUARE")]
    beam.GeneralAccessorySequence = [
        item(GeneralAccessoryNumber=1, GeneralAccessoryID="G", GeneralAccessoryType="TRAY")
    ]


@pytest.mark.parametrize("change", [add_wedge_block_compensator_and_bolus, make_electron])
def test_records_of_beam_modifiers_have_no_error(shared_data, tmp_path, change):
    dataset = read_part10(shared_data / "photon_static_prostate_phantom" / "rtplan.dcm")
    change(dataset.BeamSequence[0])
    check(Plan.from_dataset(dataset), 1.0, tmp_path)


def add_passive_devices(beam: Dataset) -> None:
    """Add what no public plan has: wedge, bolus, applicator, slabs, an ion, a gated wheel."""
    beam.RadiationType = "ION"
    beam.RadiationMassNumber, beam.RadiationAtomicNumber = 12, 6
    beam.RadiationChargeState = 6
    beam.NumberOfWedges = beam.NumberOfBoli = beam.NumberOfRangeShifters = 1
    beam.IonWedgeSequence = [item(WedgeNumber=1, WedgeType="HARD", WedgeAngle=30)]
    beam.ReferencedBolusSequence = [item(ReferencedROINumber=3, BolusDescription="5 mm")]
    beam.RangeShifterSequence = [item(RangeShifterNumber=1, RangeShifterType="BINARY")]
    beam.ApplicatorSequence = [item(ApplicatorID="A", ApplicatorType="INTRAOPERATIVE")]
    beam.GeneralAccessorySequence = [
        item(
            GeneralAccessoryNumber=1,
            GeneralAccessoryID="G",
            IsocenterToGeneralAccessoryDistance=10.0,
        )
    ]
    block = beam.IonBlockSequence[0]
    block.NumberOfBlockSlabItems = 1
    block.BlockSlabSequence = [item(BlockSlabNumber=1, BlockSlabThickness=10.0)]
    first = beam.IonControlPointSequence[0]
    first.IonWedgePositionSequence = [
        item(ReferencedWedgeNumber=1, WedgePosition="IN", WedgeThinEdgePosition=1.0)
    ]
    first.RangeShifterSettingsSequence = [
        item(
            ReferencedRangeShifterNumber=1,
            RangeShifterSetting="IN",
            RangeShifterWaterEquivalentThickness=50.0,
        )
    ]


@pytest.mark.parametrize("share", [1.0, 0.37])
def test_records_of_passive_ion_devices_have_no_error(shared_data, tmp_path, share):
    path = shared_data / "ion_passive_scatter" / "passive_prostate_1beam.dcm"
    dataset = read_part10(path)
    add_passive_devices(dataset.IonBeamSequence[0])
    check(Plan.from_dataset(dataset, meterset=100), share, tmp_path)


@pytest.mark.parametrize("per_beam", [False, True])
@pytest.mark.parametrize(
    "name", ["photon_static_prostate_phantom/rtplan.dcm", "ion_pbs_headphantom/RN_headphantom.dcm"]
)
def test_records_of_continuations_and_corrections_have_no_error(
    shared_data, tmp_path, name, per_beam
):
    """The second session of a fraction: prior record, adjusted couch, what the machine told."""
    plan = read_plan(shared_data / name)
    group = plan.fraction_group()
    ended = STARTED + timedelta(seconds=60)
    half = {beam.number: beam.scale.rounded(beam.meterset / 3) for beam in group.beams}
    first = [
        DeliveredBeam(n, end, STARTED, ended, termination=TerminationStatus.MACHINE)
        for n, end in half.items()
    ]
    prior = build_treatment_records(plan, group, first, SessionInfo(1))
    adjustment = TableTopAdjustment(
        vertical=1.5, lateral=-2.25, patient_support_angle=0.5, pitch_angle=0.5, roll_angle=-0.5
    )
    tasks = [
        BeamTask(n, TreatmentDeliveryType.CONTINUATION, start, group.beam(n).meterset, adjustment)
        for n, start in half.items()
    ]
    session = SessionInfo(
        1,
        "Operator^Test",
        prior_records=prior,
        verification=VerificationStatus.VERIFIED,
        instruction=RtBeamsDeliveryInstruction.from_dataset(
            build_rtbdi(plan, group, 1, SessionTasks(tuple(tasks)))
        ),
        per_beam=per_beam,
    )
    rest = [
        DeliveredBeam(
            beam.number,
            beam.meterset,
            STARTED,
            ended,
            start_meterset=half[beam.number],
            delivery_type=TreatmentDeliveryType.CONTINUATION,
            control_points=(
                DeliveredControlPoint(0, 0.0, half[beam.number], STARTED, 400.0, 398.5),
            ),
        )
        for beam in group.beams
    ]
    made = build_treatment_records(plan, group, rest, session)
    assert len(made) == (len(group.beams) if per_beam else 1)
    for index, record in enumerate(made):
        assert "ReferencedTreatmentRecordSequence" in record
        path = tmp_path / f"{index}.dcm"
        write_part10(path, record)
        assert b"VERIFIED_OVR" in path.read_bytes()
        assert errors_of(path, TREATMENT_RECORDS) == set()
