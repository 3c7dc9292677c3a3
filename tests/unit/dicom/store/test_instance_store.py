"""The instance store: what is stored, refused, found and selected."""

from __future__ import annotations

import errno
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from pydicom import dcmread
from pydicom.config import IGNORE
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGBaseline8Bit,
)

from tdwii_gui.dicom.errors import DatasetError, DimseStatusError, StoreError
from tdwii_gui.dicom.iod.part10 import encode_part10
from tdwii_gui.dicom.status import Status
from tdwii_gui.dicom.store.instance_index import Root
from tdwii_gui.dicom.store.instance_store import Conflict, InstanceStore
from tdwii_gui.dicom.store.instance_tables import column_name
from tdwii_gui.dicom.uids import CT_IMAGE, RT_PLAN

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def make_object(
    uid: str = "1.2.3.4.1",
    *,
    study: str = "1.2.3.1",
    series: str = "1.2.3.1.1",
    patient: str = "P1",
    syntax: str = ExplicitVRLittleEndian,
    **attributes: Any,
) -> Dataset:
    dataset = Dataset()
    dataset.SOPClassUID = RT_PLAN
    dataset.SOPInstanceUID = uid
    dataset.PatientID = patient
    dataset.PatientName = f"Test^{patient}"
    dataset.StudyInstanceUID = study
    dataset.StudyDate = "20260102"
    dataset.SeriesInstanceUID = series
    dataset.Modality = "RTPLAN"
    for name, value in attributes.items():
        setattr(dataset, name, value)
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    return dataset


def put(dataset: Dataset, keyword: str, value: Any) -> None:
    """Set a value that may be illegal."""
    element = DataElement(keyword, dictionary_VR(keyword), value, validation_mode=IGNORE)
    dataset[keyword] = element


def query(level: str | None = None, **keys: Any) -> Dataset:
    identifier = Dataset()
    if level is not None:
        identifier.QueryRetrieveLevel = level
    for name, value in keys.items():
        put(identifier, name, value)
    return identifier


@pytest.fixture
def store(tmp_path: Path) -> Iterator[InstanceStore]:
    store = InstanceStore(tmp_path / "store")
    yield store
    store.close()


@pytest.fixture
def filled(store: InstanceStore) -> InstanceStore:
    """Two patients; the first has two studies, the first study two series."""
    store.add_dataset(make_object("1.1", study="1.10", series="1.100", InstanceNumber=1))
    store.add_dataset(make_object("1.2", study="1.10", series="1.100", InstanceNumber=2))
    store.add_dataset(
        make_object("1.3", study="1.10", series="1.101", Modality="CT", SOPClassUID=CT_IMAGE)
    )
    store.add_dataset(make_object("1.4", study="1.11", series="1.102", StudyDate="20260215"))
    store.add_dataset(make_object("1.5", study="1.12", series="1.103", patient="P2"))
    return store


def files(store: InstanceStore) -> list[Path]:
    return sorted(path for path in (store.folder / "objects").rglob("*") if path.is_file())


def test_an_instance_is_stored_as_it_was_sent(store: InstanceStore) -> None:
    part10 = encode_part10(make_object())
    outcome = store.add(part10, "SENDER")
    assert (outcome.added, outcome.replaced) == (True, False)
    assert outcome.instance == store.get("1.2.3.4.1")
    assert outcome.instance.path.read_bytes() == part10
    assert outcome.instance.size == len(part10)
    assert outcome.instance.source_ae == "SENDER"
    assert outcome.instance.sop_class_uid == RT_PLAN
    assert outcome.instance.transfer_syntax_uid == ExplicitVRLittleEndian
    assert outcome.instance.study_instance_uid == "1.2.3.1"
    assert outcome.instance.series_instance_uid == "1.2.3.1.1"
    assert store.read("1.2.3.4.1").PatientID == "P1"


def test_names_on_disk_hold_nothing_of_the_object(store: InstanceStore) -> None:
    path = store.add_dataset(make_object()).instance.path
    assert path.is_relative_to(store.folder)
    assert len(path.stem) == 64
    assert path.parent.name == path.stem[:1]
    assert path.parent.parent == store.folder / "objects"


@pytest.mark.skipif(os.name != "posix", reason="POSIX modes")
def test_files_and_folders_are_private(store: InstanceStore) -> None:
    path = store.add_dataset(make_object()).instance.path
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for folder in (path.parent, path.parent.parent, store.folder):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    "syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian]
)
def test_each_encoding_is_kept(store: InstanceStore, syntax: str) -> None:
    instance = store.add_dataset(make_object(syntax=syntax)).instance
    assert instance.transfer_syntax_uid == syntax
    assert dcmread(instance.path).file_meta.TransferSyntaxUID == syntax


def test_compressed_pixel_data_are_not_decoded(store: InstanceStore) -> None:
    dataset = make_object(syntax=JPEGBaseline8Bit)
    dataset.PixelData = encapsulate([b"no JPEG at all  "])
    dataset["PixelData"].VR = "OB"
    assert store.add_dataset(dataset).instance.transfer_syntax_uid == JPEGBaseline8Bit


def test_the_same_content_is_kept_once(store: InstanceStore) -> None:
    first = store.add_dataset(make_object()).instance
    again = store.add_dataset(make_object())
    assert (again.added, again.replaced, again.instance) == (False, False, first)
    assert files(store) == [first.path]


def test_the_same_content_in_another_encoding_is_kept_once(store: InstanceStore) -> None:
    first = store.add_dataset(make_object()).instance
    again = store.add_dataset(make_object(syntax=ImplicitVRLittleEndian))
    assert (again.added, again.replaced, again.instance) == (False, False, first)


def test_other_content_under_a_known_uid_is_refused(store: InstanceStore) -> None:
    first = store.add_dataset(make_object())
    with pytest.raises(DimseStatusError) as caught:
        store.add_dataset(make_object(RTPlanLabel="OTHER"))
    assert caught.value.status == Status.DUPLICATE_SOP_INSTANCE
    assert "RTPlanLabel" not in store.read("1.2.3.4.1")
    assert files(store) == [first.instance.path]


def test_other_content_replaces_where_that_is_set(tmp_path: Path) -> None:
    store = InstanceStore(tmp_path, on_conflict=Conflict.REPLACE)
    store.add_dataset(make_object(study="1.10", series="1.100"))
    outcome = store.add_dataset(make_object(study="1.11", series="1.101", InstanceNumber=7))
    assert (outcome.added, outcome.replaced) == (False, True)
    assert store.read("1.2.3.4.1").InstanceNumber == 7
    assert outcome.instance.study_instance_uid == "1.11"
    found = list(store.find(query("STUDY", StudyInstanceUID=""), Root.STUDY))
    assert [one.StudyInstanceUID for one in found] == ["1.11"]
    store.close()


@pytest.mark.parametrize(
    "keyword", ["StudyInstanceUID", "SeriesInstanceUID", "SOPClassUID", "SOPInstanceUID"]
)
@pytest.mark.parametrize("value", [None, "", "1.2.../../etc/passwd", "1.02", "1\\2"])
def test_a_missing_or_bad_uid_is_refused_by_name(
    store: InstanceStore, keyword: str, value: str | None
) -> None:
    dataset = make_object()
    part10 = bytearray(encode_part10(dataset))
    head = part10[: part10.index(b"\x08\x00\x16\x00UI")]
    put(dataset, keyword, value) if value is not None else delattr(dataset, keyword)
    body = BytesIO()
    dataset.save_as(body, implicit_vr=False, little_endian=True)
    with pytest.raises(DimseStatusError) as caught:
        store.add(bytes(head) + body.getvalue())
    assert caught.value.status == Status.DATASET_MISMATCH
    assert keyword in caught.value.comment
    assert store.instances() == []
    assert files(store) == []


def test_a_command_that_names_another_instance_is_refused(store: InstanceStore) -> None:
    part10 = encode_part10(make_object("1.2.3.4.1")).replace(b"1.2.3.4.1", b"1.2.3.4.2", 1)
    with pytest.raises(DimseStatusError) as caught:
        store.add(part10)
    assert caught.value.status == Status.DATASET_MISMATCH


def test_a_series_belongs_to_one_study(store: InstanceStore) -> None:
    store.add_dataset(make_object("1.1", study="1.10", series="1.100"))
    with pytest.raises(DimseStatusError) as caught:
        store.add_dataset(make_object("1.2", study="1.11", series="1.100"))
    assert caught.value.status == Status.DATASET_MISMATCH
    assert store.present(["1.1", "1.2"]) == {"1.1"}
    assert len(files(store)) == 1


def truncated() -> bytes:
    return encode_part10(make_object(RTPlanLabel="A LONGER LABEL"))[:-3]


def deflated() -> bytes:
    return encode_part10(make_object(syntax=DeflatedExplicitVRLittleEndian))


@pytest.mark.parametrize(
    "part10",
    [b"", b"\0" * 200, truncated(), deflated(), encode_part10(make_object())[132:]],
    ids=["empty", "zeros", "truncated", "deflated", "no preamble"],
)
def test_what_cannot_be_decoded_is_refused(store: InstanceStore, part10: bytes) -> None:
    with pytest.raises(DimseStatusError) as caught:
        store.add(part10)
    assert caught.value.status == Status.CANNOT_UNDERSTAND
    assert files(store) == []


def test_a_full_disk_is_out_of_resources(
    store: InstanceStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.add_dataset(make_object("1.1"))

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(DimseStatusError) as caught:
            store.add_dataset(make_object("1.2"))
    assert caught.value.status == Status.OUT_OF_RESOURCES
    assert len(files(store)) == 1
    assert store.present(["1.1", "1.2"]) == {"1.1"}
    store.add_dataset(make_object("1.2"))
    assert store.present(["1.1", "1.2"]) == {"1.1", "1.2"}


def test_an_instance_whose_file_is_gone_is_stored_again(store: InstanceStore) -> None:
    path = store.add_dataset(make_object()).instance.path
    path.unlink()
    store.add_dataset(make_object())
    assert path.is_file()
    assert len(store.instances()) == 1


def test_a_store_is_found_again(store: InstanceStore) -> None:
    instance = store.add_dataset(make_object()).instance
    other = InstanceStore(store.folder)
    assert other.instances() == [instance]
    other.close()


def test_a_file_instead_of_a_folder_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="file"):
        InstanceStore(tmp_path / "file")


def test_stores_of_one_instance_at_once_give_one(store: InstanceStore) -> None:
    other = InstanceStore(store.folder)
    part10 = encode_part10(make_object())
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda one: one.add(part10), [store, other] * 10))
    assert sum(outcome.added for outcome in outcomes) == 1
    assert len(store.instances()) == 1
    assert len(files(store)) == 1
    other.close()


def test_what_is_not_stored_is_none_or_an_error(store: InstanceStore) -> None:
    assert store.get("1.2.3") is None
    with pytest.raises(StoreError, match=r"1\.2\.3"):
        store.read("1.2.3")


def test_present_answers_for_many_uids(filled: InstanceStore) -> None:
    asked = ["1.1", "1.5", *(f"9.{number}" for number in range(2000))]
    assert filled.present(asked) == {"1.1", "1.5"}


@pytest.mark.parametrize(
    ("root", "identifier", "unique_key", "expected"),
    [
        (Root.PATIENT, query("PATIENT", PatientID=""), "PatientID", ["P1", "P2"]),
        (Root.PATIENT, query("PATIENT", PatientID="P2"), "PatientID", ["P2"]),
        (Root.PATIENT, query("PATIENT", PatientID="*2"), "PatientID", ["P2"]),
        (
            Root.PATIENT,
            query("PATIENT", PatientName="test^p1", PatientID=""),
            "PatientID",
            ["P1"],
        ),
        (
            Root.STUDY,
            query("STUDY", StudyInstanceUID=""),
            "StudyInstanceUID",
            ["1.10", "1.11", "1.12"],
        ),
        (
            Root.STUDY,
            query("STUDY", StudyInstanceUID=["1.10", "1.12", "1.99"]),
            "StudyInstanceUID",
            ["1.10", "1.12"],
        ),
        (
            Root.STUDY,
            query("STUDY", StudyInstanceUID="", StudyDate="20260201-"),
            "StudyInstanceUID",
            ["1.11"],
        ),
        (
            Root.STUDY,
            query("STUDY", StudyInstanceUID="", StudyDate="20260102"),
            "StudyInstanceUID",
            ["1.10", "1.12"],
        ),
        (
            Root.STUDY,
            query("STUDY", StudyInstanceUID="", PatientID="P1", ModalitiesInStudy="CT"),
            "StudyInstanceUID",
            ["1.10"],
        ),
        (
            Root.PATIENT,
            query("SERIES", PatientID="P1", StudyInstanceUID="1.10", SeriesInstanceUID=""),
            "SeriesInstanceUID",
            ["1.100", "1.101"],
        ),
        (
            Root.STUDY,
            query("SERIES", StudyInstanceUID="1.10", SeriesInstanceUID="", Modality="CT"),
            "SeriesInstanceUID",
            ["1.101"],
        ),
        (
            Root.STUDY,
            query("IMAGE", StudyInstanceUID="1.10", SeriesInstanceUID="1.100", SOPInstanceUID=""),
            "SOPInstanceUID",
            ["1.1", "1.2"],
        ),
        (
            Root.STUDY,
            query("IMAGE", SOPInstanceUID="", SOPClassUID=CT_IMAGE),
            "SOPInstanceUID",
            ["1.3"],
        ),
        (
            Root.STUDY,
            query("IMAGE", SeriesInstanceUID="1.100", SOPInstanceUID="", InstanceNumber=2),
            "SOPInstanceUID",
            ["1.2"],
        ),
        (Root.STUDY, query("STUDY", StudyInstanceUID="", PatientID="%"), "StudyInstanceUID", []),
    ],
)
def test_find(
    filled: InstanceStore, root: Root, identifier: Dataset, unique_key: str, expected: list[str]
) -> None:
    """PS3.4 C.4.1.1, C.6: each level, each kind of matching."""
    found = list(filled.find(identifier, root))
    assert [one[unique_key].value for one in found] == expected
    assert {one.QueryRetrieveLevel for one in found} <= {identifier.QueryRetrieveLevel}


def test_find_returns_what_is_asked_for(filled: InstanceStore) -> None:
    identifier = query(
        "STUDY",
        StudyInstanceUID="1.10",
        PatientName="",
        ModalitiesInStudy="",
        NumberOfStudyRelatedSeries=None,
        NumberOfStudyRelatedInstances=None,
        StudyComments="",
    )
    (found,) = filled.find(identifier, Root.STUDY)
    assert found.PatientName == "Test^P1"
    assert list(found.ModalitiesInStudy) == ["CT", "RTPLAN"]
    assert found.NumberOfStudyRelatedSeries == 2
    assert found.NumberOfStudyRelatedInstances == 3
    assert "StudyComments" not in found, "not supported (PS3.4 C.2.2.1.3)"
    assert "PatientID" not in found


def test_names_of_all_alphabets_are_found(store: InstanceStore) -> None:
    dataset = make_object(SpecificCharacterSet="ISO_IR 100")
    dataset.PatientName = "Müller^Jörg"
    store.add_dataset(dataset)
    identifier = query("STUDY", PatientName="müll*", SpecificCharacterSet="ISO_IR 192")
    (found,) = store.find(identifier, Root.STUDY)
    assert found.PatientName == "Müller^Jörg"
    assert found.SpecificCharacterSet == "ISO_IR 192"


BAD_IDENTIFIERS = [
    (Root.STUDY, query(StudyInstanceUID="1.10"), "QueryRetrieveLevel"),
    (Root.STUDY, query("PATIENT", PatientID="P1"), "PATIENT"),
    (Root.STUDY, query("IMAGES", SOPInstanceUID="1.1"), "IMAGES"),
    (Root.STUDY, query("STUDY", StudyInstanceUID="1.*"), "StudyInstanceUID"),
]


@pytest.mark.parametrize(("root", "identifier", "named"), BAD_IDENTIFIERS)
def test_a_bad_identifier_is_refused_by_name(
    filled: InstanceStore, root: Root, identifier: Dataset, named: str
) -> None:
    for ask in (filled.find, filled.select):
        with pytest.raises(DimseStatusError) as caught:
            list(ask(identifier, root))
        assert caught.value.status == Status.DATASET_MISMATCH
        assert named in caught.value.comment


@pytest.mark.parametrize(
    ("root", "identifier", "expected"),
    [
        (Root.PATIENT, query("PATIENT", PatientID="P1"), {"1.1", "1.2", "1.3", "1.4"}),
        (Root.STUDY, query("STUDY", StudyInstanceUID="1.10"), {"1.1", "1.2", "1.3"}),
        (Root.STUDY, query("STUDY", StudyInstanceUID=["1.11", "1.12"]), {"1.4", "1.5"}),
        (
            Root.STUDY,
            query("SERIES", StudyInstanceUID="1.10", SeriesInstanceUID="1.100"),
            {"1.1", "1.2"},
        ),
        (
            Root.STUDY,
            query(
                "IMAGE",
                StudyInstanceUID="1.10",
                SeriesInstanceUID="1.100",
                SOPInstanceUID=["1.1", "1.2", "1.3", "7.7"],
            ),
            {"1.1", "1.2"},
        ),
        (Root.STUDY, query("IMAGE", SOPInstanceUID=["1.1", "1.5"]), {"1.1", "1.5"}),
        (Root.STUDY, query(SOPInstanceUID="1.4"), {"1.4"}),
        (Root.PATIENT, query("STUDY", PatientID="P2", StudyInstanceUID="1.10"), set()),
        (Root.STUDY, query("STUDY", StudyInstanceUID="7.7"), set()),
    ],
)
def test_select(filled: InstanceStore, root: Root, identifier: Dataset, expected: set[str]) -> None:
    """PS3.4 C.4.2.1.4.1, and leniently SOP Instance UIDs alone."""
    selected = filled.select(identifier, root)
    assert {instance.sop_instance_uid for instance in selected} == expected


@pytest.mark.parametrize(
    ("root", "identifier"),
    [
        (Root.STUDY, query("STUDY")),
        (Root.STUDY, query("STUDY", StudyInstanceUID="")),
        (Root.STUDY, query("SERIES", StudyInstanceUID="1.10")),
        (Root.PATIENT, query("PATIENT", PatientID="P*")),
        (Root.STUDY, query("IMAGE", SOPInstanceUID="1.?")),
    ],
)
def test_select_needs_the_unique_key_of_its_level(
    filled: InstanceStore, root: Root, identifier: Dataset
) -> None:
    with pytest.raises(DimseStatusError) as caught:
        filled.select(identifier, root)
    assert caught.value.status == Status.DATASET_MISMATCH


def test_real_files_are_stored_and_read_back(store: InstanceStore, shared_data: Path) -> None:
    for path in sorted((shared_data / "photon_imrt_breast").glob("*.dcm")):
        instance = store.add_file(path).instance
        assert store.read(instance.sop_instance_uid).StudyInstanceUID
    for path in sorted((shared_data / "photon_monaco").glob("*.dcm")):
        store.add_file(path)  # without preamble and file meta information
    assert len(store.instances()) > 3


def test_a_file_that_is_no_dicom_is_refused(store: InstanceStore, tmp_path: Path) -> None:
    path = tmp_path / "text.dcm"
    path.write_text("no DICOM file at all")
    with pytest.raises(DatasetError, match=r"text\.dcm"):
        store.add_file(path)


@pytest.mark.parametrize(
    ("keyword", "column"),
    [
        ("SOPInstanceUID", "sop_instance_uid"),
        ("StudyInstanceUID", "study_instance_uid"),
        ("StudyID", "study_id"),
        ("Modality", "modality"),
    ],
)
def test_columns_are_named_after_attributes(keyword: str, column: str) -> None:
    assert column_name(keyword) == column
