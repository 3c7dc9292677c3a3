"""RT Beams Delivery Instructions (PS3.3 C.8.8.29)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tdwii_gui.dicom.errors import DatasetError
from tdwii_gui.dicom.iod.modules import Identity
from tdwii_gui.dicom.iod.part10 import decode_part10, encode_part10
from tdwii_gui.dicom.iod.plan import Plan, read_plan
from tdwii_gui.dicom.iod.rtbdi import (
    ALREADY_TREATED,
    BeamTask,
    OmittedBeam,
    RtBeamsDeliveryInstruction,
    SessionTasks,
    TableTopAdjustment,
    TreatmentDeliveryType,
    build_rtbdi,
)
from tdwii_gui.dicom.uids import RT_BEAMS_DELIVERY_INSTRUCTION, RT_PLAN, new_uid

CONTINUATION = TreatmentDeliveryType.CONTINUATION

TYPE_2_OF_A_TASK = (
    "TableTopVerticalAdjustedPosition",
    "TableTopLongitudinalAdjustedPosition",
    "TableTopLateralAdjustedPosition",
    "PatientSupportAdjustedAngle",
    "TableTopEccentricAdjustedAngle",
    "TableTopPitchAdjustedAngle",
    "TableTopRollAdjustedAngle",
    "TableTopVerticalSetupDisplacement",
    "TableTopLongitudinalSetupDisplacement",
    "TableTopLateralSetupDisplacement",
)


PATIENT_AND_STUDY = (
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyInstanceUID",
    "StudyDate",
    "StudyTime",
    "StudyID",
    "AccessionNumber",
    "ReferringPhysicianName",
)


@pytest.fixture
def group(photon_plan):
    return photon_plan.fraction_group()


def test_by_default_every_treatable_beam_is_treated_in_order(photon_plan, group):
    dataset = decode_part10(encode_part10(build_rtbdi(photon_plan, group, 3)))
    assert dataset.SOPClassUID == RT_BEAMS_DELIVERY_INSTRUCTION
    assert dataset.Modality == "PLAN"
    plan = dataset.ReferencedRTPlanSequence
    assert [(p.ReferencedSOPClassUID, p.ReferencedSOPInstanceUID) for p in plan] == [
        (RT_PLAN, photon_plan.sop_instance_uid)
    ]
    tasks = dataset.BeamTaskSequence
    assert [(t.ReferencedBeamNumber, t.BeamOrderIndex) for t in tasks] == [(1, 1), (2, 2)]
    for task in tasks:
        assert task.BeamTaskType == "TREAT"
        assert task.TreatmentDeliveryType == "TREATMENT"
        assert task.CurrentFractionNumber == 3
        assert task.AutosequenceFlag == "NO"
        assert all(keyword in task and task[keyword].is_empty for keyword in TYPE_2_OF_A_TASK)
        assert "ContinuationStartMeterset" not in task
        assert "ReferencedFractionGroupNumber" not in task
    assert "OmittedBeamTaskSequence" not in dataset


def test_it_belongs_to_the_plans_patient_and_study(photon_plan, group):
    identity = Identity(created=datetime(2026, 1, 2, 3, 4, 5, 678900, tzinfo=UTC).astimezone())
    dataset = build_rtbdi(photon_plan, group, 1, identity=identity)
    for keyword in PATIENT_AND_STUDY:
        assert dataset[keyword].value == photon_plan.dataset[keyword].value
    assert dataset.SOPInstanceUID == identity.sop_instance_uid
    assert dataset.SeriesInstanceUID == identity.series_instance_uid
    assert dataset.SeriesInstanceUID != photon_plan.series_instance_uid
    assert dataset.InstanceCreationTime.endswith(".678")
    assert dataset.ManufacturerModelName == "TDW-II EMULATOR - NOT FOR CLINICAL USE"


def test_type_2_attributes_are_present_where_the_plan_lacks_or_spoils_them(photon_dataset):
    for keyword in ("PatientID", "StudyID", "AccessionNumber", "StudyTime"):
        del photon_dataset[keyword]
    photon_dataset.PatientSex = "ANON"
    photon_dataset.PatientName = "Simon^WaterTank^^"
    plan = Plan.from_dataset(photon_dataset)
    dataset = build_rtbdi(plan, plan.fraction_group(), 1)
    for keyword in ("PatientID", "StudyID", "AccessionNumber", "StudyTime", "PatientSex"):
        assert dataset[keyword].is_empty
    assert dataset.PatientName == "Simon^WaterTank"


def test_the_plans_names_survive_in_any_character_set(photon_dataset):
    photon_dataset.SpecificCharacterSet = ["ISO_IR 144"]
    photon_dataset.PatientName = "Люксембург"
    plan = Plan.from_dataset(photon_dataset)
    dataset = decode_part10(encode_part10(build_rtbdi(plan, plan.fraction_group(), 1)))
    assert dataset.PatientName == photon_dataset.PatientName


def test_tasks_are_written_and_read_alike(photon_plan, group):
    adjustment = TableTopAdjustment(vertical=-1.25, patient_support_angle=2, lateral_displacement=3)
    session = SessionTasks(
        (BeamTask(2, CONTINUATION, 60.0, 100.0, adjustment),),
        (OmittedBeam(1, ALREADY_TREATED, "done in the morning"),),
    )
    dataset = decode_part10(encode_part10(build_rtbdi(photon_plan, group, 30, session)))
    task = dataset.BeamTaskSequence[0]
    assert (task.ContinuationStartMeterset, task.ContinuationEndMeterset) == (60, 100)
    assert task.PrimaryDosimeterUnit == "MU"
    view = RtBeamsDeliveryInstruction.from_dataset(dataset)
    assert (view.tasks, view.omitted) == (session.tasks, session.omitted)
    assert view.plan_sop_instance_uid == photon_plan.sop_instance_uid
    assert view.plan_sop_class_uid == RT_PLAN
    assert view.sop_instance_uid == dataset.SOPInstanceUID
    assert (view.fraction_number, view.fraction_group_number) == (30, None)


def test_the_fraction_group_is_named_where_there_are_several(shared_data):
    plan = read_plan(shared_data / "photon_monaco" / "multi_fraction_groups.dcm")
    dataset = build_rtbdi(plan, plan.fraction_group(2), 4)
    assert [t.ReferencedFractionGroupNumber for t in dataset.BeamTaskSequence] == [2, 2, 2]
    assert [t.ReferencedBeamNumber for t in dataset.BeamTaskSequence] == [4, 5, 6]
    assert RtBeamsDeliveryInstruction.from_dataset(dataset).fraction_group_number == 2
    with pytest.raises(DatasetError, match="fraction 5 is beyond the 4"):
        build_rtbdi(plan, plan.fraction_group(2), 5)


ILLEGAL_SESSIONS = {
    "all omitted": (SessionTasks((), (OmittedBeam(1, "X"),)), "needs at least one beam"),
    "beam unknown": (SessionTasks((BeamTask(9),)), "fraction group 1 has no beam 9"),
    "beam twice": (SessionTasks((BeamTask(1), BeamTask(1))), "has beam 1 more than once"),
    "treated and omitted": (
        SessionTasks((BeamTask(1),), (OmittedBeam(1, "X"),)),
        "has beam 1 more than once",
    ),
    "omitted unknown": (SessionTasks((BeamTask(1),), (OmittedBeam(9, "X"),)), "has no beam 9"),
    "no reason": (SessionTasks((BeamTask(1),), (OmittedBeam(2, ""),)), "ReasonForOmission"),
    "reason no CS": (SessionTasks((BeamTask(1),), (OmittedBeam(2, "a b"),)), "ReasonForOmission"),
    "no end": (SessionTasks((BeamTask(1, CONTINUATION, 5.0),)), "without start or end"),
    "beyond the beam": (SessionTasks((BeamTask(1, CONTINUATION, 5.0, 101.0),)), "5 to 101 of 100"),
    "backwards": (SessionTasks((BeamTask(1, CONTINUATION, 60.0, 60.0),)), "60 to 60 of 100"),
    "negative": (SessionTasks((BeamTask(1, CONTINUATION, -1.0, 60.0),)), "-1 to 60 of 100"),
    "no number": (SessionTasks((BeamTask(1, CONTINUATION, float("nan"), 60.0),)), "nan to 60"),
    "treatment from": (SessionTasks((BeamTask(1, start_meterset=5.0),)), "is TREATMENT"),
    "adjustment": (
        SessionTasks((BeamTask(1, adjustment=TableTopAdjustment(lateral=float("inf"))),)),
        "TableTopLateralAdjustedPosition is no number",
    ),
}


@pytest.mark.parametrize("case", ILLEGAL_SESSIONS)
def test_illegal_sessions_are_refused(photon_plan, group, case):
    session, words = ILLEGAL_SESSIONS[case]
    with pytest.raises(DatasetError, match=r"^plan\.dcm: .*" + words):
        build_rtbdi(photon_plan, group, 1, session)


@pytest.mark.parametrize("keyword", ["sop_instance_uid", "series_instance_uid"])
def test_uids_are_checked(photon_plan, group, keyword):
    with pytest.raises(DatasetError, match="InstanceUID is no UID"):
        build_rtbdi(photon_plan, group, 1, identity=Identity(**{keyword: "1.02"}))


def test_a_plan_without_study_is_refused(photon_dataset):
    del photon_dataset.StudyInstanceUID
    plan = Plan.from_dataset(photon_dataset)
    with pytest.raises(DatasetError, match="StudyInstanceUID is missing"):
        build_rtbdi(plan, plan.fraction_group(), 1)


def test_tasks_are_read_in_beam_order(photon_plan, group):
    dataset = build_rtbdi(photon_plan, group, 1)
    first, second = dataset.BeamTaskSequence
    first.BeamOrderIndex, second.BeamOrderIndex = 2, 1
    view = RtBeamsDeliveryInstruction.from_dataset(dataset)
    assert [task.beam_number for task in view.tasks] == [2, 1]
    del second.BeamOrderIndex
    view = RtBeamsDeliveryInstruction.from_dataset(dataset)
    assert [task.beam_number for task in view.tasks] == [1, 2]


def test_tasks_that_only_verify_are_no_treatment(photon_plan, group):
    dataset = build_rtbdi(photon_plan, group, 1)
    dataset.BeamTaskSequence[0].BeamTaskType = "VERIFY"
    assert [t.beam_number for t in RtBeamsDeliveryInstruction.from_dataset(dataset).tasks] == [2]


UNREADABLE = {
    "class": (lambda d: setattr(d, "SOPClassUID", RT_PLAN), "but RT Plan Storage"),
    "plan": (lambda d: d.ReferencedRTPlanSequence.clear(), "ReferencedRTPlanSequence needs one"),
    "tasks": (lambda d: d.BeamTaskSequence.clear(), "has no beam to treat"),
    "type": (
        lambda d: setattr(d.BeamTaskSequence[0], "TreatmentDeliveryType", "SETUP"),
        "TreatmentDeliveryType is SETUP",
    ),
    "fractions": (
        lambda d: setattr(d.BeamTaskSequence[0], "CurrentFractionNumber", 9),
        "CurrentFractionNumber differs",
    ),
    "beam": (
        lambda d: d.BeamTaskSequence[1].pop("ReferencedBeamNumber"),
        "ReferencedBeamNumber is missing",
    ),
    "metersets": (
        lambda d: setattr(d.BeamTaskSequence[1], "TreatmentDeliveryType", "CONTINUATION"),
        "Beam 2 ContinuationStartMeterset is missing",
    ),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_unusable_instructions_are_refused(photon_plan, group, case):
    spoil, words = UNREADABLE[case]
    dataset = build_rtbdi(photon_plan, group, 1)
    spoil(dataset)
    with pytest.raises(DatasetError, match=r"^rtbdi\.dcm: .*" + words):
        RtBeamsDeliveryInstruction.from_dataset(dataset, source="rtbdi.dcm")


def test_a_given_identity_is_used_once_per_call(photon_plan, group):
    uid = new_uid()
    assert build_rtbdi(photon_plan, group, 1, identity=Identity(uid)).SOPInstanceUID == uid
    built = [build_rtbdi(photon_plan, group, 1) for _ in range(2)]
    assert built[0].SOPInstanceUID != built[1].SOPInstanceUID
    assert built[0].SeriesInstanceUID != built[1].SeriesInstanceUID
