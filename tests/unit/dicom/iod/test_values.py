"""Values of foreign data sets: typed access, and copies in legal form (PS3.5 6.2)."""

from __future__ import annotations

import pytest
from pydicom import config
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from tdwii_gui.dicom.errors import DatasetError
from tdwii_gui.dicom.iod import values
from tdwii_gui.dicom.iod.part10 import accept_foreign_values, decode_part10, encode_part10


def raw(vr: str, tag: tuple[int, int], content: bytes) -> Dataset:
    """Return a data set with one element as it came, explicit VR little endian, not decoded."""
    accept_foreign_values()
    head = tag[0].to_bytes(2, "little") + tag[1].to_bytes(2, "little") + vr.encode()
    encoded = head + len(content).to_bytes(2, "little") + content
    return read_dataset(DicomBytesIO(encoded), False, True)


SEX, NAME, STUDY_UID = (0x0010, 0x0040), (0x0010, 0x0010), (0x0020, 0x000D)
BIRTH, TIME, ID = (0x0010, 0x0030), (0x0008, 0x0030), (0x0010, 0x0020)
STUDY_ID, ANGLE, ISOCENTER = (0x0020, 0x0010), (0x300A, 0x011E), (0x300A, 0x012C)
BEAM_NUMBER = (0x300A, 0x00C0)


@pytest.mark.parametrize(
    ("vr", "tag", "content", "legal"),
    [
        ("CS", SEX, b"M ", "M"),
        ("CS", SEX, b"male", None),
        ("PN", NAME, b"Simon^WaterTank^^ ", "Simon^WaterTank"),
        ("PN", NAME, b"^^^^", None),
        ("UI", STUDY_UID, b"1.2.3\0", "1.2.3"),
        ("UI", STUDY_UID, b"1.02.3", None),
        ("UI", STUDY_UID, b"12345678.", None),
        ("DA", BIRTH, b"19500101", "19500101"),
        ("DA", BIRTH, b"1950.01.01", None),
        ("TM", TIME, b"101112.123 ", "101112.123"),
        ("TM", TIME, b"10:11:12", None),
        ("LO", ID, b" A\tB ", "A B"),
        ("LO", ID, b"x" * 70, "x" * 64),
        ("SH", STUDY_ID, b"x" * 20, "x" * 16),
        ("SH", STUDY_ID, b"  ", None),
        ("DS", ANGLE, b"90.0", 90),
        ("DS", ANGLE, b"+90 ", 90),
        ("DS", ANGLE, b"0.123456789012345678", 0.123456789),
        ("DS", ANGLE, b"ninety", None),
        ("DS", ANGLE, b"nan", None),
        ("DS", ISOCENTER, b"1.0\\ +2 \\-3e1", [1, 2, -30]),
        ("IS", BEAM_NUMBER, b" +7 ", 7),
        ("IS", BEAM_NUMBER, b"99999999999", None),
        ("IS", BEAM_NUMBER, b"", None),
    ],
)
def test_copies_are_legal_or_left_out(vr, tag, content, legal):
    source, target = raw(vr, tag, content), Dataset()
    keyword = source[tag].keyword if content not in (b"ninety", b"nan") else "GantryAngle"
    values.copy_legal(raw(vr, tag, content), target, [keyword])
    if legal is None:
        assert keyword not in target
        values.copy_legal_or_empty(raw(vr, tag, content), target, [keyword])
        assert target[keyword].is_empty
    else:
        found = target[keyword].value
        assert found == legal or found == pytest.approx(legal)
        config.settings.reading_validation_mode = config.RAISE
        try:
            str(Dataset(target)[keyword].value)
        finally:
            accept_foreign_values()


def test_decimals_are_copied_without_decoding():
    target = Dataset()
    values.copy_legal(raw("DS", ISOCENTER, b"1.50\\2\\3 "), target, ["IsocenterPosition"])
    assert target.get_item("IsocenterPosition").is_raw
    assert target.IsocenterPosition == [1.5, 2, 3]


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian])
def test_copied_items_are_written_in_any_encoding(syntax):
    item = raw("DS", ISOCENTER, b"1.50\\-2\\+3 \0")
    item.update(raw("DS", ANGLE, b"90 \0"))
    item.BeamName = "Müller"
    dataset = Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID = "1.2.3", "1.2.4"
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.BeamSequence = [values.legal_item(item)]
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    data = encode_part10(dataset)
    assert b"90" in data
    assert b"90 \0" not in data
    (copied,) = decode_part10(data).BeamSequence
    assert (copied.GantryAngle, copied.IsocenterPosition) == (90, [1.5, -2, 3])
    assert copied.BeamName == "Müller"


def test_items_lose_private_and_retired_elements():
    item = Dataset()
    item.BeamName = "AP"
    item.add_new(0x300A0000, "UL", 10)
    item.add_new(0x32430010, "LO", "CREATOR")
    item.add_new(0x32431009, "UN", b"x")
    inner = Dataset()
    inner.add_new(0x32430010, "LO", "CREATOR")
    item.ApplicatorSequence = [inner]
    copied = values.legal_item(item)
    assert [element.keyword for element in copied] == ["BeamName", "ApplicatorSequence"]
    assert len(copied.ApplicatorSequence[0]) == 0


@pytest.mark.parametrize(
    ("read", "vr", "tag", "content", "words"),
    [
        (values.number, "DS", ANGLE, b"x", "GantryAngle"),
        (values.number, "DS", ANGLE, b"inf", "GantryAngle is no number"),
        (values.number, "DS", ISOCENTER, b"1\\2", "IsocenterPosition is no number"),
        (values.integer, "DS", ANGLE, b"1.5", "GantryAngle is no integer"),
        (values.numbers, "DS", ISOCENTER, b"1\\x", "IsocenterPosition is no number"),
        (values.items, "LO", ID, b"ID", "PatientID is no sequence"),
    ],
)
def test_unusable_values_are_named(read, vr, tag, content, words):
    keyword = words.split()[0]
    with pytest.raises(DatasetError, match=rf"plan\.dcm: {words}"):
        read(raw(vr, tag, content), keyword, "plan.dcm")


@pytest.mark.parametrize("dataset", [Dataset(), raw("DS", ANGLE, b"")])
def test_missing_and_empty_are_alike(dataset):
    assert values.number(dataset, "GantryAngle") is None
    assert values.integer(dataset, "GantryAngle") is None
    assert values.numbers(dataset, "GantryAngle") == ()
    assert values.text(dataset, "GantryAngle") == ""
    assert values.items(dataset, "BeamSequence") == ()


def test_of_several_texts_the_first_counts():
    assert values.text(raw("LO", ID, b"A \\B"), "PatientID") == "A"
