"""Attributes that are changed or removed, in each transfer syntax, to legal values and others."""

from __future__ import annotations

from io import BytesIO

import pytest
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_dataset
from pydicom.filewriter import write_dataset

from tdwii_gui.dicom.iod.attribute_change import AttributeChange


def sample() -> Dataset:
    beam = Dataset()
    beam.BeamName = "one"
    beam.BeamNumber = 1
    built = Dataset()
    built.SpecificCharacterSet = "ISO_IR 192"
    built.PatientName = "Name^Own"
    built.Rows = 16
    built.ImagePositionPatient = [1, 2, 3]
    built.BeamSequence = [beam, Dataset()]
    built.SmallestImagePixelValue = 1
    built["SmallestImagePixelValue"].VR = "US"
    return built


def through(dataset: Dataset, how: tuple[bool, bool], *changes: tuple[str, str | None]) -> Dataset:
    """Return a data set as it comes out of its encoding, changed in between."""
    for path, value in changes:
        AttributeChange.parse(path, value).apply(dataset)
    buffer = DicomBytesIO()
    buffer.is_implicit_VR, buffer.is_little_endian = how
    write_dataset(buffer, dataset)
    return read_dataset(BytesIO(buffer.getvalue()), *how)


@pytest.mark.parametrize("how", [(True, True), (False, True), (False, False)])
@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("PatientName", "Müller^Jörg", "Müller^Jörg"),
        ("PatientName", "", ""),
        ("PatientID", "new", "new"),
        ("Rows", "300", 300),
        ("Rows", "1\\2", [1, 2]),
        ("SmallestImagePixelValue", "7", 7),
        ("ImagePositionPatient", "4\\5\\6", [4, 5, 6]),
        ("PatientSize", "1.75", 1.75),
        ("BeamSequence", "", []),
        ("BeamSequence[0].BeamName", "other", "other"),
        ("BeamSequence[-1].BeamNumber", "9", 9),
        ("SOPInstanceUID", "1.2.3", "1.2.3"),
        ("FrameIncrementPointer", "00181065", 0x00181065),
        ("RecommendedDisplayFrameRateInFloat", "2.5", 2.5),
    ],
)
def test_a_value_takes_its_place(
    how: tuple[bool, bool], path: str, value: str, expected: object
) -> None:
    came = through(sample(), how)
    change = AttributeChange.parse(path, value)
    assert change.applies(came)
    changed = through(came, how, (path, value))
    element = change.path.find(changed)
    assert element is not None
    assert (
        list(element.value) == expected
        if isinstance(expected, list)
        else (element.value or "") == expected
    )
    before, root = through(sample(), how), path.partition("[")[0]
    for one in before:
        if one.keyword != root:
            assert changed[one.tag] == one, "the rest stays"


def test_values_that_are_not_legal() -> None:
    how = (False, True)
    came = through(sample(), how)
    for path, value in (
        ("BeamSequence[0].BeamNumber", "many"),
        ("ContentDate", "yesterday"),
        ("Modality", "far too long for a Code String, and lower case"),
    ):
        AttributeChange.parse(path, value).apply(came)
    buffer = DicomBytesIO()
    buffer.is_implicit_VR, buffer.is_little_endian = how
    write_dataset(buffer, came)
    for value in (b"many", b"yesterday ", b"lower case"):
        assert value in buffer.getvalue()


def test_removal() -> None:
    how = (True, True)
    came = through(sample(), how)
    gone = AttributeChange.parse("BeamSequence[0].BeamName", None)
    assert gone.applies(came)
    left = through(came, how, ("BeamSequence[0].BeamName", None), ("PatientName", None))
    assert "PatientName" not in left
    assert [one.tag for one in left.BeamSequence[0]] == [0x300A00C0]
    assert not gone.applies(left)


@pytest.mark.parametrize(
    "path", ["BeamSequence[2].BeamName", "ToleranceTableSequence[0].GantryAngleTolerance"]
)
def test_where_there_is_no_such_item_nothing_is_changed(path: str) -> None:
    came = sample()
    change = AttributeChange.parse(path, "1")
    assert not change.applies(came)
    change.apply(came)
    assert came == sample()
