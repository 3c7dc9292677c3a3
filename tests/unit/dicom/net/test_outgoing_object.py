"""What is sent, and in which transfer syntax."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGBaseline8Bit,
)

from tdwii_gui.dicom.errors import DatasetError
from tdwii_gui.dicom.iod.part10 import encode_part10
from tdwii_gui.dicom.net.outgoing_object import READ_WHOLE_BYTES, OutgoingObject
from tdwii_gui.dicom.uids import RT_PLAN

if TYPE_CHECKING:
    from pathlib import Path


def plan(syntax: str, *, size: int = 0) -> Dataset:
    dataset = Dataset()
    dataset.SOPClassUID = RT_PLAN
    dataset.SOPInstanceUID = "1.2.3"
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    if size:
        dataset.add_new(0x00091010, "OB", bytes(size))
    return dataset


ANY = [
    ImplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    DeflatedExplicitVRLittleEndian,
]


@pytest.mark.parametrize(
    ("own", "accepted", "chosen"),
    [
        (ImplicitVRLittleEndian, ANY, ImplicitVRLittleEndian),
        (ExplicitVRBigEndian, ANY, ExplicitVRBigEndian),
        (ExplicitVRBigEndian, ANY[:2], None),
        (ImplicitVRLittleEndian, [ExplicitVRBigEndian], None),
        (ExplicitVRLittleEndian, [ImplicitVRLittleEndian], ImplicitVRLittleEndian),
        (ImplicitVRLittleEndian, [ExplicitVRLittleEndian], ExplicitVRLittleEndian),
        (JPEGBaseline8Bit, ANY, None),
        (ExplicitVRLittleEndian, [JPEGBaseline8Bit], None),
        (ExplicitVRLittleEndian, [], None),
    ],
)
def test_no_pixels_are_touched(own: str, accepted: list[str], chosen: str | None) -> None:
    assert OutgoingObject(plan(own)).syntax_among(accepted) == chosen


@pytest.mark.parametrize("size", [0, READ_WHOLE_BYTES + 1000])
def test_a_file_is_sent_from_its_data_set_on(tmp_path: Path, size: int) -> None:
    path = tmp_path / "plan.dcm"
    path.write_bytes(encode_part10(plan(ExplicitVRLittleEndian, size=size)))
    encoded = OutgoingObject(path).encoded(ExplicitVRLittleEndian)
    sent = b"".join(map(bytes, encoded.portions(65_536)))
    assert len(sent) == encoded.size
    assert path.read_bytes().endswith(sent)
    assert sent.startswith(b"\x08\x00\x16\x00UI")


@pytest.mark.parametrize("change", ["shorter", "another"])
def test_a_long_file_that_changes_meanwhile_is_not_sent_to_its_end(
    tmp_path: Path, change: str
) -> None:
    path = tmp_path / "plan.dcm"
    data = encode_part10(plan(ExplicitVRLittleEndian, size=READ_WHOLE_BYTES + 1000))
    path.write_bytes(data)
    encoded = OutgoingObject(path).encoded(ExplicitVRLittleEndian)
    other = encode_part10(plan(ImplicitVRLittleEndian))
    path.write_bytes(data[:-100] if change == "shorter" else other)
    with pytest.raises(OSError, match="the file has"):
        list(encoded.portions(65_536))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"none\.dcm.*cannot be read"):
        OutgoingObject(tmp_path / "none.dcm")
