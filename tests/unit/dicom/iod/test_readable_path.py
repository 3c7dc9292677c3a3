"""Where an object is kept in folders for people: nothing of a data set leads elsewhere."""

from __future__ import annotations

from pathlib import PurePath, PureWindowsPath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from tdwii_gui.dicom.errors import DatasetError
from tdwii_gui.dicom.iod.part10 import accept_foreign_values
from tdwii_gui.dicom.iod.readable_path import readable_path


def make(**values: Any) -> Dataset:
    accept_foreign_values()
    dataset = Dataset()
    for keyword, value in ({"SOPInstanceUID": "1.2.3"} | values).items():
        setattr(dataset, keyword, value)
    return dataset


def test_names_are_readable() -> None:
    path = readable_path(
        make(
            PatientID="P 1",
            PatientName="Doe^Jane",
            StudyDate="20260102",
            StudyDescription="Head/Neck",
            StudyInstanceUID="1.1",
            Modality="CT",
            SeriesNumber=3,
            SeriesDescription="axial",
            SeriesInstanceUID="1.2",
            InstanceNumber=7,
        )
    )
    assert [part[:-9] for part in path.parts[:3]] == [
        "P-1_Doe-Jane",
        "2026-01-02_Head-Neck",
        "CT_3_axial",
    ]
    assert path.name.startswith("CT_0007_")
    assert path.suffix == ".dcm"


def test_an_object_that_says_nothing_has_a_place() -> None:
    assert readable_path(make()).parts[0].startswith("no-id_")


def test_an_object_without_a_uid_has_none() -> None:
    with pytest.raises(DatasetError, match="SOPInstanceUID is missing"):
        readable_path(make(SOPInstanceUID=""))


@pytest.mark.parametrize("keyword", ["PatientID", "StudyInstanceUID", "SOPInstanceUID"])
def test_what_differs_in_a_sign_that_is_not_kept_has_another_place(keyword: str) -> None:
    first, second = (readable_path(make(**{keyword: f"A{sign}B"})) for sign in "/:")
    assert first != second
    assert first == readable_path(make(**{keyword: "A/B"}))


@given(
    st.fixed_dictionaries(
        {
            keyword: st.text(max_size=80)
            | st.sampled_from(["..", "/etc/x", "C:\\x", "nul", "CON.txt", ".", "a\0b", "-rf", " "])
            for keyword in ("PatientID", "PatientName", "StudyDescription", "Modality")
        }
    )
)
def test_no_value_leads_out_of_the_folder(values: dict[str, str]) -> None:
    path = readable_path(make(**values))
    assert len(path.parts) == 4
    windows = PureWindowsPath(*path.parts)
    assert len(windows.parts) == 4
    assert not windows.is_reserved()
    for part in path.parts:
        assert part not in (".", "..")
        assert not part.startswith(("-", "."))
        assert not set(part) & set('\\/:*?"<>|\0')
        assert part.isprintable()
        assert len(part.encode()) <= 255
        assert not PurePath(part).is_absolute()
