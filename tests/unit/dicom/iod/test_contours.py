"""Where images are, what structures they cut, and where beams meet."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydicom.dataset import Dataset

from tdwii_gui.config.resources import resource_path
from tdwii_gui.dicom.iod.contours import read_structures
from tdwii_gui.dicom.iod.image_plane import ImagePlane, direction_letters, read_plane
from tdwii_gui.dicom.iod.isocenter import read_isocenters
from tdwii_gui.dicom.iod.part10 import read_part10

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("numpy")  # contours are for windows, which have it

DEMO = resource_path("demo_patient")


def image(**values: object) -> Dataset:
    dataset = Dataset()
    dataset.ImagePositionPatient = [-10, -20, 30]
    dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    dataset.PixelSpacing = [2, 0.5]
    dataset.Rows, dataset.Columns = 20, 40
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    return dataset


def plane(**values: object) -> ImagePlane:
    found = read_plane(image(**values))
    assert found is not None
    return found


def test_points_are_found_in_the_image() -> None:
    axial = plane(SliceThickness=3)
    assert axial.normal == (0, 0, 1)
    assert axial.thickness == 3
    assert axial.pixel((-10, -20, 30)) == (0, 0)
    assert axial.pixel((-9, -10, 99)) == (2, 5)
    assert axial.distance((0, 0, 27.5)) == -2.5
    coronal = plane(ImageOrientationPatient=[1, 0, 0, 0, 0, -1])
    assert coronal.normal == (0, 1, 0)
    assert coronal.pixel((-10, 7, 26)) == (0, 2)


@pytest.mark.parametrize(
    "values",
    [
        {"ImagePositionPatient": None},
        {"ImageOrientationPatient": [1, 0, 0, 1, 0, 0]},
        {"ImageOrientationPatient": [2, 0, 0, 0, 1, 0]},
        {"PixelSpacing": [0, 1]},
        {"Rows": 0},
    ],
)
def test_an_image_that_does_not_say_where_it_is_has_no_plane(values) -> None:
    assert read_plane(image(**values)) is None


@pytest.mark.parametrize(
    ("direction", "letters"),
    [
        ((1, 0, 0), "L"),
        ((0, -1, 0), "A"),
        ((0, 0, -1), "F"),
        ((0.5, 0, 0.866), "HL"),
        ((0, 0.1, 0.99), "H"),
    ],
)
def test_directions_have_letters(direction, letters: str) -> None:
    assert direction_letters(direction) == letters


def test_the_structures_of_the_demo_patient_are_cut_by_its_slices() -> None:
    structures = read_structures(read_part10(DEMO / "structure_set.dcm"))
    assert [(one.number, one.name, one.kind, len(one.contours)) for one in structures] == [
        (1, "BODY", "EXTERNAL", 30),
        (2, "PTV", "PTV", 9),
        (3, "Brainstem", "ORGAN", 11),
        (4, "Eye_L", "ORGAN", 5),
        (5, "Eye_R", "ORGAN", 5),
    ]
    assert structures[0].colour == (0, 200, 83)
    for path in sorted((DEMO / "ct").glob("*.dcm"))[14:16]:
        dataset = read_part10(path)
        where = read_plane(dataset)
        assert where is not None
        (contour,) = structures[0].on_plane(where, dataset.SOPInstanceUID)
        assert contour.is_closed
        assert set(contour.points[:, 2].tolist()) == {where.origin[2]}


def structure_set(*contours: Dataset) -> Dataset:
    roi, drawn, dataset = Dataset(), Dataset(), Dataset()
    roi.ROINumber, roi.ROIName, roi.ReferencedFrameOfReferenceUID = 7, "Cord", "1.2"
    drawn.ReferencedROINumber = 7
    drawn.ContourSequence = list(contours)
    dataset.StructureSetROISequence = [roi]
    dataset.ROIContourSequence = [drawn]
    return dataset


def contour(z: float, kind: str = "CLOSED_PLANAR", image_uid: str = "") -> Dataset:
    dataset = Dataset()
    dataset.ContourGeometricType = kind
    dataset.ContourData = [0, 0, z, 1, 0, z, 1, 1, z]
    if image_uid:
        item = Dataset()
        item.ReferencedSOPInstanceUID = image_uid
        dataset.ContourImageSequence = [item]
    return dataset


def test_contours_belong_to_their_image_or_else_to_the_slice_they_are_in() -> None:
    named = [contour(30, image_uid="1.1"), contour(30, image_uid="1.9")]
    near = [contour(31.4), contour(31.6), contour(28.6), contour(30, kind="OPEN_PLANAR")]
    (cord,) = read_structures(structure_set(*named, *near))
    found = list(cord.on_plane(plane(SliceThickness=3), "1.1"))
    assert [float(one.points[0][2]) for one in found] == [30, 31.4, 28.6, 30]
    assert [one.is_closed for one in found] == [True, True, True, False]
    other = plane(SliceThickness=3, FrameOfReferenceUID="1.3")
    assert not list(cord.on_plane(other, "1.1"))
    assert list(cord.on_plane(plane(FrameOfReferenceUID="1.2"), "1.1"))


@pytest.mark.parametrize("data", [[0, 0], [], ["1", "2", "1e999"]])
def test_contours_that_are_none_are_left_out(data: list[object]) -> None:
    bad = contour(0)
    bad.ContourData = data
    (cord,) = read_structures(structure_set(bad, contour(5)))
    assert len(cord.contours) == 1
    assert cord.colour == (255, 255, 255)


def test_contours_are_read_alike_whether_they_were_decoded_before_or_not(tmp_path: Path) -> None:
    raw = read_part10(DEMO / "structure_set.dcm")
    decoded = read_part10(DEMO / "structure_set.dcm")
    for item in decoded.ROIContourSequence:
        for each in item.ContourSequence:
            assert each.ContourData
    pairs = zip(read_structures(raw), read_structures(decoded), strict=True)
    for one, other in pairs:
        for first, second in zip(one.contours, other.contours, strict=True):
            assert first.points.tolist() == second.points.tolist()


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        ("photon_plan.dcm", [((28, 10, 12.5), (1, 2, 3, 4))]),
        ("ion_plan.dcm", [((28, 10, 12.5), (1, 2))]),
    ],
)
def test_the_isocenters_of_a_plan(plan: str, expected) -> None:
    found = read_isocenters(read_part10(DEMO / plan))
    assert [(one.position, one.beam_numbers) for one in found] == expected


def test_a_plan_without_isocenters_has_none() -> None:
    beam, plan = Dataset(), Dataset()
    beam.BeamNumber = 1
    beam.ControlPointSequence = [Dataset()]
    plan.BeamSequence = [beam]
    assert read_isocenters(plan) == ()
    assert read_isocenters(Dataset()) == ()
