"""Reading and writing of DICOM files (PS3.10 7)."""

from __future__ import annotations

import stat
import zlib
from contextlib import suppress
from pathlib import Path

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from tdwii_gui.dicom.errors import DatasetError, StoreError
from tdwii_gui.dicom.iod.part10 import decode_part10, encode_part10, read_part10, write_part10
from tdwii_gui.dicom.iod.structure import Limits
from tdwii_gui.dicom.uids import RT_PLAN, new_uid

SHARED = Path(__file__).resolve().parents[5] / "shared" / "data"
ODD_FILES = sorted(path.name for path in (SHARED / "odd_files").glob("*.dcm"))
RT_FILES = sorted(
    str(path.relative_to(SHARED))
    for folder in ("photon*", "ion*", "ct_struct_pair", "ups_samples")
    for path in SHARED.glob(f"{folder}/*.dcm")
)


@pytest.fixture
def dataset() -> Dataset:
    made = Dataset()
    made.SOPClassUID = RT_PLAN
    made.SOPInstanceUID = new_uid()
    made.RTPlanLabel = "PLAN"
    beam = Dataset()
    beam.BeamName = "AP"
    made.BeamSequence = [beam]
    return made


def decode_all(dataset: Dataset) -> None:
    for element in dataset:
        if element.VR == "SQ":
            for item in element.value:
                decode_all(item)
        else:
            str(element.value)


@pytest.mark.parametrize("name", ODD_FILES)
def test_odd_files_are_read_or_refused(shared_data, name):
    with suppress(DatasetError):
        dataset = read_part10(shared_data / "odd_files" / name)
        assert dataset.file_meta.MediaStorageSOPInstanceUID
        decode_all(dataset)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("rtplan_truncated.dcm", "BeamSequence is cut short"),
        ("MR_truncated.dcm", "PixelData is cut short"),
        ("meta_missing_tsyntax.dcm", "SOPClassUID is missing"),
    ],
)
def test_broken_files_are_refused_with_the_attribute(shared_data, name, words):
    with pytest.raises(DatasetError, match=words):
        read_part10(shared_data / "odd_files" / name)


@pytest.mark.parametrize(
    ("name", "syntax"),
    [
        ("odd_files/rtstruct.dcm", ImplicitVRLittleEndian),
        ("odd_files/ExplVR_BigEndNoMeta.dcm", ExplicitVRBigEndian),
        ("odd_files/ExplVR_LitEndNoMeta.dcm", ExplicitVRLittleEndian),
        ("odd_files/rtdose_expb_1frame.dcm", ExplicitVRBigEndian),
        ("odd_files/image_dfl.dcm", ExplicitVRLittleEndian),
        ("photon_monaco/vmat_example.dcm", ImplicitVRLittleEndian),
    ],
)
def test_the_encoding_is_found(shared_data, name, syntax):
    dataset = read_part10(shared_data / name)
    assert dataset.file_meta.TransferSyntaxUID == syntax
    assert dataset.file_meta.MediaStorageSOPClassUID == dataset.SOPClassUID


@pytest.mark.parametrize("name", RT_FILES)
def test_real_files_survive_reading_and_writing(shared_data, name):
    dataset = read_part10(shared_data / name)
    again = decode_part10(encode_part10(dataset))
    dropped = {tag for tag in set(dataset.keys()) if tag.element == 0}  # retired group lengths
    assert again.keys() == dataset.keys() - dropped
    assert again.file_meta.TransferSyntaxUID == dataset.file_meta.TransferSyntaxUID


@pytest.mark.parametrize(
    ("charset_file", "name"),
    [
        ("chrGreek.dcm", "Διονυσιος"),
        ("chrX1.dcm", "Wang^XiaoDong=王^小東"),
        ("chrArab.dcm", "قباني^لنزار"),
    ],
)
def test_names_are_decoded_by_their_character_set(shared_data, charset_file, name):
    dataset = read_part10(shared_data / "odd_files" / charset_file)
    assert str(dataset.PatientName).startswith(name)


@pytest.mark.parametrize("content", [b"", b"DICM", b"PK\3\4 something else that is no DICOM"])
def test_no_dicom_file_is_refused(tmp_path, content):
    path = tmp_path / "plan.dcm"
    path.write_bytes(content)
    with pytest.raises(DatasetError, match=r"plan\.dcm: is no DICOM file"):
        read_part10(path)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(DatasetError, match=r"none\.dcm: cannot be read: No such file"):
        read_part10(tmp_path / "none.dcm")


@pytest.mark.parametrize("cut", [1, 7, 20, 60])
def test_every_truncation_is_refused(dataset, cut):
    data = encode_part10(dataset)
    with pytest.raises(DatasetError):
        decode_part10(data[:-cut])


def test_a_truncated_file_meta_information_is_refused(dataset):
    with pytest.raises(DatasetError, match="cut short"):
        decode_part10(encode_part10(dataset)[:160])


def deflated(dataset: Dataset) -> bytes:
    whole = encode_part10(dataset)
    start = 132
    while whole[start : start + 2] == b"\2\0":
        long_form = whole[start + 4 : start + 6] == b"OB"
        at = start + (8 if long_form else 6)
        start = at + (4 if long_form else 2) + int.from_bytes(whole[at : at + 2], "little")
    deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    body = deflater.compress(whole[start:]) + deflater.flush()
    explicit = f"{ExplicitVRLittleEndian}\0".encode()
    declared = f"{DeflatedExplicitVRLittleEndian}".encode()
    meta = whole[:start].replace(
        b"UI" + len(explicit).to_bytes(2, "little") + explicit,
        b"UI" + len(declared).to_bytes(2, "little") + declared,
    )
    return meta + body


def test_a_deflated_data_set_is_inflated_within_the_limit(dataset):
    dataset.RTPlanDescription = "x" * 1000
    data = deflated(dataset)
    assert decode_part10(data).RTPlanLabel == "PLAN"
    with pytest.raises(DatasetError, match="inflates to more than 500 bytes"):
        decode_part10(data, limits=Limits(size=500))
    with pytest.raises(DatasetError, match="deflated data set does not end"):
        decode_part10(data[:-10])


def test_limits_refuse_large_files(tmp_path, dataset):
    write_part10(tmp_path / "plan.dcm", dataset)
    with pytest.raises(DatasetError, match="more than 100 bytes"):
        read_part10(tmp_path / "plan.dcm", limits=Limits(size=100))


def test_encoding_needs_uids_and_leaves_the_data_set_alone(dataset):
    before = Dataset(dataset)
    encode_part10(dataset)
    assert dataset == before
    assert not hasattr(dataset, "file_meta")
    del dataset.SOPInstanceUID
    with pytest.raises(DatasetError, match="SOPInstanceUID is missing"):
        encode_part10(dataset)


def test_the_data_set_wins_over_its_file_meta_information(dataset):
    read = decode_part10(encode_part10(dataset))
    read.SOPInstanceUID = new_uid()
    again = decode_part10(encode_part10(read))
    assert again.file_meta.MediaStorageSOPInstanceUID == read.SOPInstanceUID


def test_a_value_that_cannot_be_encoded_is_named_not_shown(dataset):
    dataset.BeamSequence[0].add_new(0x30080045, "FL", "secret")
    with pytest.raises(DatasetError, match="MetersetRateSet cannot be encoded") as caught:
        encode_part10(dataset)
    assert "secret" not in str(caught.value)


def test_writing_is_atomic_private_and_leaves_nothing_behind(tmp_path, dataset):
    path = tmp_path / "plan.dcm"
    write_part10(path, dataset)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_bytes()[:128] == bytes(128)
    dataset.RTPlanLabel = "SECOND"
    write_part10(path, dataset)
    assert read_part10(path).RTPlanLabel == "SECOND"
    dataset.add_new(0x30080045, "FL", "no number")
    with pytest.raises(DatasetError):
        write_part10(path, dataset)
    assert [entry.name for entry in tmp_path.iterdir()] == ["plan.dcm"]
    assert read_part10(path).RTPlanLabel == "SECOND"


def test_a_folder_that_is_missing_is_named(tmp_path, dataset):
    with pytest.raises(StoreError, match=r"nowhere/plan\.dcm: cannot be written"):
        write_part10(tmp_path / "nowhere" / "plan.dcm", dataset)
