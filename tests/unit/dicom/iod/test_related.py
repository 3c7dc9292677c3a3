"""What the objects of a treatment refer to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset

from tdwii_gui.config.resources import resource_path
from tdwii_gui.dicom import uids
from tdwii_gui.dicom.iod.macros import sop_reference
from tdwii_gui.dicom.iod.related import Kind, kind_of, related_objects

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("keyword", "kind"),
    [
        ("RT Plan Storage", Kind.PLAN),
        ("RT Ion Plan Storage", Kind.PLAN),
        ("RT Beams Delivery Instruction Storage", Kind.RTBDI),
        ("RT Structure Set Storage", Kind.STRUCTURE_SET),
        ("RT Dose Storage", Kind.DOSE),
        ("CT Image Storage", Kind.IMAGE),
        ("Enhanced MR Image Storage", Kind.IMAGE),
        ("RT Image Storage", Kind.IMAGE),
        ("RT Ion Beams Treatment Record Storage", Kind.RECORD),
        ("RT Brachy Treatment Record Storage", Kind.RECORD),
        ("RT Treatment Summary Record Storage", Kind.RECORD),
        ("Raw Data Storage", Kind.OTHER),
    ],
)
def test_the_kind_of_a_sop_class(keyword: str, kind: Kind) -> None:
    (uid,) = [uid for uid, entry in uids.UID_dictionary.items() if entry[0] == keyword]
    assert kind_of(uid) is kind


@pytest.mark.parametrize("unknown", ["", "1.2.3"])
def test_an_unknown_class_is_of_another_kind(unknown: str) -> None:
    assert kind_of(unknown) is Kind.OTHER


def kinds_of(dataset: Dataset) -> list[Kind]:
    return [kind_of(one.sop_class_uid) for one in related_objects(dataset)]


def test_the_demo_patient_holds_together() -> None:
    folder = resource_path("demo_patient")
    plan, structure_set, dose = (
        dcmread(folder / name)
        for name in ("photon_plan.dcm", "structure_set.dcm", "photon_dose.dcm")
    )
    images = [dcmread(path) for path in sorted((folder / "ct").iterdir())]
    assert [one.sop_instance_uid for one in related_objects(plan)] == [
        structure_set.SOPInstanceUID,
        dose.SOPInstanceUID,
    ]
    assert plan.SOPInstanceUID in [one.sop_instance_uid for one in related_objects(dose)]
    referred = related_objects(structure_set)
    assert {one.sop_instance_uid for one in referred} == {one.SOPInstanceUID for one in images}
    places = {(one.study_instance_uid, one.series_instance_uid) for one in referred}
    assert places == {(images[0].StudyInstanceUID, images[0].SeriesInstanceUID)}


@pytest.mark.parametrize(
    ("file", "kinds"),
    [
        ("photon_imrt_breast/rtplan.dcm", {Kind.STRUCTURE_SET: 1}),
        ("photon_imrt_breast/rtss.dcm", {Kind.IMAGE: 98}),
        ("photon_imrt_breast/rtdose.dcm", {Kind.PLAN: 1, Kind.STRUCTURE_SET: 1}),
        ("ct_struct_pair/rt.dcm", {Kind.IMAGE: 2}),
        ("ct_struct_pair/invalid_reference_rt.dcm", {Kind.IMAGE: 5}),
        # It names its images in its contours alone.
        ("ct_struct_pair/non_existent_reference_rt.dcm", {Kind.IMAGE: 3}),
        # Its own Referenced RT Plan Sequence names the plan that it verifies.
        ("ion_pbs_headphantom/RN_headphantom.dcm", {Kind.STRUCTURE_SET: 1}),
        ("ion_pbs_headphantom/RS_headphantom.dcm", {Kind.IMAGE: 177}),
        ("ct_struct_pair/ct_1.dcm", {}),
    ],
)
def test_real_objects(shared_data: Path, file: str, kinds: dict[Kind, int]) -> None:
    found = kinds_of(dcmread(shared_data / file, force=True))
    assert {kind: found.count(kind) for kind in found} == kinds


def test_the_images_of_contours_count_where_the_frame_of_reference_names_none() -> None:
    contour = Dataset()
    contour.ContourImageSequence = [sop_reference(uids.CT_IMAGE, "1.2.3")]
    roi = Dataset()
    roi.ContourSequence = [contour, contour]
    structure_set = Dataset()
    structure_set.SOPClassUID = uids.RT_STRUCTURE_SET
    structure_set.ROIContourSequence = [roi]
    (image,) = related_objects(structure_set)
    assert (image.sop_instance_uid, image.series_instance_uid) == ("1.2.3", "")


def test_the_common_instance_reference_module_tells_study_and_series() -> None:
    plan = Dataset()
    plan.SOPClassUID, plan.StudyInstanceUID = uids.RT_PLAN, "1.2.1"
    plan.ReferencedStructureSetSequence = [sop_reference(uids.RT_STRUCTURE_SET, "1.2.3")]
    plan.ReferencedDoseSequence = [sop_reference("", "1.2.4")]
    del plan.ReferencedDoseSequence[0].ReferencedSOPClassUID
    plan.ReferencedSeriesSequence = [series("1.2.1.1", "1.2.4")]
    other = Dataset()
    other.StudyInstanceUID = "1.2.2"
    other.ReferencedSeriesSequence = [series("1.2.2.1", "1.2.3")]
    plan.StudiesContainingOtherReferencedInstancesSequence = [other]
    structure_set, dose = related_objects(plan)
    assert (structure_set.study_instance_uid, structure_set.series_instance_uid) == (
        "1.2.2",
        "1.2.2.1",
    )
    assert (dose.study_instance_uid, dose.series_instance_uid) == ("1.2.1", "1.2.1.1")
    assert dose.sop_class_uid == uids.RT_DOSE


def series(uid: str, instance_uid: str) -> Dataset:
    item = Dataset()
    item.SeriesInstanceUID = uid
    item.ReferencedInstanceSequence = [sop_reference("1.2", instance_uid)]
    return item


def test_a_reference_without_uid_is_none() -> None:
    plan = Dataset()
    plan.SOPClassUID = uids.RT_PLAN
    plan.ReferencedStructureSetSequence = [Dataset()]
    assert related_objects(plan) == []
