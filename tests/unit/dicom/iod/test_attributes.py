"""Reading of encoded attributes, against data sets that pydicom encodes."""

from __future__ import annotations

from io import BytesIO

import pytest
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset
from pydicom.tag import Tag
from pynetdicom.dsutils import encode

from tdwii_gui.dicom.errors import DatasetError
from tdwii_gui.dicom.iod.attributes import Attributes, attributes_of

INPUTS = Tag("InputInformationSequence")
REFERENCES = Tag("ReferencedSOPSequence")
INSTANCE = Tag("ReferencedSOPInstanceUID")
STUDY = Tag("StudyInstanceUID")
SEGMENTS = Tag("ReferencedSegmentNumber")
LABEL = Tag("ProcedureStepLabel")
ENCODINGS = [(True, True), (False, True), (False, False)]


def nested() -> Dataset:
    reference = Dataset()
    reference.ReferencedSOPInstanceUID = "1.2.3"
    reference.ReferencedSegmentNumber = [0, 513]
    inputs = []
    for study in ("1.5", "1.6"):
        item = Dataset()
        item.ReferencedSOPSequence = [reference]
        item.StudyInstanceUID = study
        inputs.append(item)
    dataset = Dataset()
    dataset.InputInformationSequence = inputs
    dataset.ProcedureStepLabel = "one"
    return dataset


def sent(dataset: Dataset, implicit: bool = True, little_endian: bool = True) -> Dataset:
    encoded = encode(dataset, implicit, little_endian)
    assert encoded is not None
    return read_dataset(BytesIO(encoded), implicit, little_endian)


def check_nested(found: Attributes) -> None:
    first, second = found.items(INPUTS)
    assert [first.text(STUDY), second.text(STUDY)] == ["1.5", "1.6"]
    for item in (first, second):
        (reference,) = item.items(REFERENCES)
        assert reference.texts(INSTANCE) == ["1.2.3"]
        assert reference.texts(SEGMENTS) == ["0", "513"]
        assert reference.is_valued(SEGMENTS)
        assert LABEL not in item
    assert found.text(LABEL) == "one"


@pytest.mark.parametrize(("implicit", "little_endian"), ENCODINGS)
@pytest.mark.parametrize("undefined", [False, True])
def test_items_of_each_encoding(implicit: bool, little_endian: bool, undefined: bool) -> None:
    dataset = nested()
    for each in dataset.InputInformationSequence:
        each["ReferencedSOPSequence"].is_undefined_length = undefined
        each.is_undefined_length_sequence_item = undefined
        each.ReferencedSOPSequence[0].is_undefined_length_sequence_item = undefined
    check_nested(attributes_of(sent(dataset, implicit, little_endian)))


def test_items_of_a_data_set_that_was_never_encoded() -> None:
    check_nested(attributes_of(nested()))


def test_items_of_a_sequence_whose_vr_was_lost() -> None:
    """Its items are implicit in an explicit data set (PS3.5 6.2.2)."""
    implicit = sent(nested()).get_item(INPUTS)
    assert implicit is not None
    dataset = sent(nested(), implicit=False)
    dataset[INPUTS] = RawDataElement(
        INPUTS, "UN", len(implicit.value), implicit.value, 0, False, True
    )
    check_nested(attributes_of(dataset))


def test_the_data_set_stays_encoded() -> None:
    dataset = sent(nested())
    check_nested(attributes_of(dataset))
    assert all(isinstance(found, RawDataElement) for _, found in dataset.items())


@pytest.mark.parametrize("missing", range(1, 40))
def test_a_sequence_that_is_cut_short_cannot_be_read(missing: int) -> None:
    whole = sent(nested()).get_item(INPUTS)
    assert whole is not None
    dataset = Dataset()
    value = whole.value[:-missing]
    dataset[INPUTS] = RawDataElement(INPUTS, "SQ", len(value), value, 0, True, True)
    with pytest.raises(DatasetError):
        attributes_of(dataset).items(INPUTS)


@pytest.mark.parametrize(("value", "valued"), [("", False), ("  ", False), ("x", True)])
def test_padding_is_no_value(value: str, valued: bool) -> None:
    dataset = Dataset()
    dataset.ProcedureStepLabel = value
    assert attributes_of(dataset).is_valued(LABEL) is valued
    assert attributes_of(sent(dataset)).is_valued(LABEL) is valued


def test_an_absent_attribute_has_neither_text_nor_items() -> None:
    found = attributes_of(Dataset())
    assert (found.text(LABEL), found.texts(LABEL), found.items(INPUTS)) == ("", [], [])
    assert not found.is_valued(LABEL)


@pytest.mark.parametrize("character_set", ["", "ISO_IR 100"])
@pytest.mark.parametrize("text", ["plain", "größer"])
def test_character_set_that_an_item_needs(character_set: str, text: str) -> None:
    item = Dataset()
    item.CodeMeaning = text
    dataset = Dataset()
    dataset.ScheduledStationNameCodeSequence = [item]
    if character_set:
        dataset.SpecificCharacterSet = character_set
    lacks = not character_set and not text.isascii()
    assert attributes_of(dataset).lacks_character_set() is lacks
    item.CodeMeaning = text.encode("latin-1").decode("latin-1")
    dataset.SpecificCharacterSet = "ISO_IR 100"
    received = sent(dataset)
    if not character_set:
        del received.SpecificCharacterSet
    assert attributes_of(received).lacks_character_set() is lacks
