"""Keys of a query as they are typed."""

from __future__ import annotations

import pytest
from pydicom.dataset import Dataset

from tdwii_gui.dicom.errors import ConfigError
from tdwii_gui.dicom.iod.query_keys import add_keys, parse_key
from tdwii_gui.dicom.uids import RT_PLAN


def identifier(*texts: str) -> Dataset:
    dataset = Dataset()
    add_keys(dataset, [parse_key(text) for text in texts])
    return dataset


@pytest.mark.parametrize("name", ["PatientID", "0010,0020", "(0010,0020)", "00100020"])
def test_an_attribute_has_a_keyword_or_a_tag(name: str) -> None:
    assert identifier(f"{name}=A=B").PatientID == "A=B"


def test_a_key_without_a_value_is_universal() -> None:
    keys = identifier("PatientName", "StudyDate=", "ReferencedStudySequence")
    assert [element.is_empty for element in keys] == [True, True, True]


def test_lists_ranges_and_wildcards_stay_what_they_are() -> None:
    keys = identifier("SeriesInstanceUID=1.2\\1.3", "StudyDate=20260101-", "PatientName=DOE*#]")
    assert list(keys.SeriesInstanceUID) == ["1.2", "1.3"]
    assert (keys.StudyDate, keys.PatientName) == ("20260101-", "DOE*#]")


def test_numbers_are_of_their_vr() -> None:
    keys = identifier("Rows=512", "InstanceNumber=3", "WindowCenter=1.5")
    assert (keys.Rows, keys.InstanceNumber, keys.WindowCenter) == (512, 3, 1.5)


def test_keys_within_a_sequence_share_its_item() -> None:
    keys = identifier(
        "BeamSequence.BeamName=A*", "BeamSequence[0].BeamNumber", "300A,00B0.300A,00C6=PHOTON"
    )
    (item,) = keys.BeamSequence
    assert (item.BeamName, item.RadiationType) == ("A*", "PHOTON")
    assert item["BeamNumber"].is_empty


@pytest.mark.parametrize("name", ["RTPlanStorage", "=RTPlanStorage"])
def test_a_well_known_uid_may_be_named(name: str) -> None:
    assert identifier(f"SOPClassUID={name}").SOPClassUID == RT_PLAN


def test_what_is_not_ascii_declares_its_character_set() -> None:
    assert identifier("PatientName=Buc^Jérôme").SpecificCharacterSet == "ISO_IR 192"
    assert "SpecificCharacterSet" not in identifier("PatientName=Buc")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Foo=1", "'Foo' is neither a DICOM keyword nor a tag"),
        ("=1", "'' is neither"),
        ("0009,1001=1", "its VR cannot be told"),
        ("Rows=many", "Rows has no valid value"),
        ("Rows=99999", "Rows has no valid value"),
        ("SOPClassUID=Nonsense", "SOPClassUID names a UID that is not known"),
        ("PatientID.BeamName=1", "PatientID is no sequence"),
        ("BeamSequence=1", "BeamSequence is a sequence"),
    ],
)
def test_what_is_no_key_is_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words.replace("(", r"\(")):
        identifier(text)
