"""Paths of attributes, as people write them."""

from __future__ import annotations

import pytest
from pydicom.dataset import Dataset

from tdwii_gui.dicom.errors import ConfigError
from tdwii_gui.dicom.iod.attribute_path import AttributePath


def test_a_path_leads_to_its_attribute() -> None:
    first, second = Dataset(), Dataset()
    first.BeamName, second.BeamNumber = "A", 2
    dataset = Dataset()
    dataset.BeamSequence = [first, second]
    path = AttributePath.parse("BeamSequence[0].BeamName")
    assert (str(path), path.vr) == ("BeamSequence[0].BeamName", "LO")
    found = path.find(dataset)
    assert found is not None
    assert found.value == "A"
    assert AttributePath.parse("BeamSequence[-1].BeamNumber").find(dataset).value == 2
    for absent in ("BeamSequence[1].BeamName", "BeamSequence[2].BeamName", "PatientID"):
        assert AttributePath.parse(absent).find(dataset) is None
    assert AttributePath.parse("BeamSequence[1].BeamName").holder(dataset) is second
    assert AttributePath.parse("DoseReferenceSequence[0].DoseType").holder(dataset) is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no keyword"),
        ("BeamSequence[0]", "ends with an item"),
        ("BeamSequence.BeamName", r"which item of BeamSequence\? \(BeamSequence\[0\]"),
        ("BeamSequence[x].BeamName", "is no keyword with an item"),
        ("BeamSequence[-2].BeamName", "is no keyword with an item"),
        ("BeamSequence[0]..BeamName", "is no keyword"),
        ("PatientID[0].BeamName", "PatientID is no sequence"),
        ("BeamSequence[0].Beam", "Beam is no attribute of the dictionary"),
        ("0010,0020", "is no keyword"),
    ],
)
def test_a_path_that_cannot_be_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        AttributePath.parse(text)
