"""File meta information without decoding."""

from __future__ import annotations

from io import BytesIO

import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.uid import ExplicitVRLittleEndian

from tdwii_gui.dicom.iod.file_meta import read_file_meta


def part10(**meta: object) -> bytes:
    dataset = Dataset()
    dataset.SOPClassUID = "1.2.3"
    dataset.SOPInstanceUID = "1.2.3.4"
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    for keyword, value in meta.items():
        setattr(dataset.file_meta, keyword, value)
    buffer = BytesIO()
    dcmwrite(buffer, dataset, enforce_file_format=True)
    return buffer.getvalue()


def test_the_data_set_begins_where_it_says() -> None:
    data = part10(SourceApplicationEntityTitle="PEER", PrivateInformationCreatorUID="1.9")
    meta = read_file_meta(data)
    assert meta is not None
    assert meta[:3] == ("1.2.3", "1.2.3.4", ExplicitVRLittleEndian)
    assert data[meta.offset :].startswith(b"\x08\x00\x16\x00UI")


def test_long_values_are_passed_over() -> None:
    data = part10(PrivateInformationCreatorUID="1.9", PrivateInformation=b"\x02\x00" * 900)
    meta = read_file_meta(memoryview(data))
    assert meta is not None
    assert data[meta.offset :].startswith(b"\x08\x00\x16\x00UI")


def test_what_is_not_complete_is_none() -> None:
    data = part10()
    whole = read_file_meta(data)
    assert whole is not None
    for size in (0, 100, 132, 140, 150, whole.offset - 1, whole.offset, whole.offset + 1):
        assert read_file_meta(data[:size]) is None, size
    assert read_file_meta(data[132:]) is None


@pytest.mark.parametrize("element", [b"\x02\x00\x02\x00UI", b"\x02\x00\x10\x00UI"])
def test_a_missing_uid_is_none(element: bytes) -> None:
    data = bytearray(part10())
    at = data.index(element)
    data[at + 8 : at + 8 + data[at + 6]] = bytes(data[at + 6])
    assert read_file_meta(data) is None


def test_a_length_beyond_the_file_is_none() -> None:
    data = bytearray(part10())
    at = data.index(b"\x02\x00\x12\x00UI")
    data[at + 6 : at + 8] = b"\xff\xff"
    assert read_file_meta(data) is None
