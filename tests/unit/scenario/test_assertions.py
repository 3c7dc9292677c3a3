"""What assertions find in data sets."""

from __future__ import annotations

from typing import Any

import pytest
from pydicom.dataset import Dataset

from tdwii_gui.dicom.iod.attribute_path import AttributePath
from tdwii_gui.scenario.assertions import Assertion, Operator


def problem(path: str, operator: str, expected: Any) -> str:
    beam = Dataset()
    beam.BeamName, beam.BeamNumber, beam.BeamDoseMeaning = "A", 2, None
    dataset = Dataset()
    dataset.PatientID = "P1"
    dataset.BeamSequence = [beam]
    dataset.ImageType = ["ORIGINAL", "PRIMARY"]
    dataset.FractionGroupSequence = []
    assertion = Assertion("step", AttributePath.parse(path), Operator(operator), expected)
    return assertion.problem(dataset, lambda text: text.replace("{me}", "P1"))


@pytest.mark.parametrize(
    ("path", "operator", "expected"),
    [
        ("PatientID", "equals", "{me}"),
        ("PatientID", "not", "P2"),
        ("PatientName", "not", "P2"),
        ("PatientID", "present", True),
        ("PatientName", "absent", True),
        ("BeamSequence[0].BeamDoseMeaning", "absent", True),
        ("FractionGroupSequence", "absent", True),
        ("PatientID", "matches", "P[0-9]"),
        ("PatientID", "one_of", ["P0", "{me}"]),
        ("ImageType", "equals", ["ORIGINAL", "PRIMARY"]),
        ("BeamSequence[0].BeamNumber", "equals", 2),
        ("BeamSequence[-1].BeamNumber", "below", 3),
        ("BeamSequence[0].BeamNumber", "above", 1.5),
        ("BeamSequence", "count", 1),
        ("FractionGroupSequence", "count", 0),
        ("DoseReferenceSequence", "count", 0),
    ],
)
def test_what_is_so_is_no_problem(path: str, operator: str, expected: Any) -> None:
    assert problem(path, operator, expected) == ""


@pytest.mark.parametrize(
    ("path", "operator", "expected", "words"),
    [
        ("PatientID", "equals", "P2", "step: PatientID is 'P1'; expected: equal to P2"),
        ("PatientID", "not", "{me}", "is 'P1'; expected: not P1"),
        ("PatientName", "present", True, "step: PatientName is absent or empty"),
        ("FractionGroupSequence", "present", True, "is absent or empty"),
        ("PatientID", "absent", True, "is 'P1', not absent"),
        ("PatientID", "matches", "P", "is 'P1'; expected: like P"),
        ("PatientID", "one_of", ["A", "B"], "one of A or B"),
        ("ImageType", "equals", "ORIGINAL", "expected: equal to ORIGINAL"),
        ("BeamSequence[1].BeamNumber", "equals", 2, "is absent or empty"),
        ("BeamSequence[0].BeamNumber", "below", 2, "is '2'; expected: below 2"),
        ("BeamSequence[0].BeamNumber", "above", 2, "expected: above 2"),
        ("BeamSequence", "count", 2, "is a sequence of 1; expected: items: 2"),
        ("DoseReferenceSequence", "count", 1, "is absent or empty"),
    ],
)
def test_what_is_not_so_is_said(path: str, operator: str, expected: Any, words: str) -> None:
    assert words in problem(path, operator, expected)
