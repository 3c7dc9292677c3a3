"""Queries of the instance store: each level, kind of matching and kind of key."""

from __future__ import annotations

import random
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from pydicom.config import IGNORE
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filereader import read_dataset
from pydicom.uid import ExplicitVRLittleEndian

from tdwii_gui.dicom.errors import DimseStatusError
from tdwii_gui.dicom.status import Status
from tdwii_gui.dicom.store import instance_query
from tdwii_gui.dicom.store.instance_index import UNIQUE_KEYS, Level, Root
from tdwii_gui.dicom.store.instance_query import InstanceQuery
from tdwii_gui.dicom.store.instance_store import InstanceStore
from tdwii_gui.dicom.store.matching import Matcher
from tdwii_gui.dicom.uids import CT_IMAGE, RT_DOSE, RT_PLAN, RT_STRUCTURE_SET

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ONE, TWO, THREE = "1.1.1", "1.1.2", "1.1.3"


def element(keyword: str, value: Any) -> DataElement:
    return DataElement(keyword, dictionary_VR(keyword), value, validation_mode=IGNORE)


def data_set(**attributes: Any) -> Dataset:
    dataset = Dataset()
    for keyword, value in attributes.items():
        dataset[keyword] = element(keyword, value)
    return dataset


def query(level: str, **keys: Any) -> Dataset:
    return data_set(QueryRetrieveLevel=level, **keys)


def instance(uid: str, study: str, series: str, **attributes: Any) -> Dataset:
    given = {"SOPClassUID": RT_PLAN, "Modality": "RTPLAN", **attributes}
    dataset = data_set(
        SOPInstanceUID=uid, StudyInstanceUID=study, SeriesInstanceUID=series, **given
    )
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return dataset


def study_one() -> Iterator[Dataset]:
    patient = {"PatientID": "P1", "PatientName": "Doe^Jane^^Dr", "PatientBirthDate": "19600229"}
    study = {"StudyDate": "20260102", "StudyTime": "101500", "AccessionNumber": "A1"}
    common = {**patient, **study, "ReferringPhysicianName": "House^Gregory"}
    for number in range(1, 4):
        yield instance(
            f"{ONE}.1.{number}",
            ONE,
            f"{ONE}.1",
            **common,
            SOPClassUID=CT_IMAGE,
            Modality="CT",
            SeriesNumber=1,
            InstanceNumber=number,
            BodyPartExamined="PROSTATE",
            ManufacturerModelName="Scanner [1]",
            SliceLocation=number * 2.5,
        )
    yield instance(
        f"{ONE}.2.1",
        ONE,
        f"{ONE}.2",
        **common,
        SeriesNumber=2,
        InstanceNumber=1,
        RTPlanLabel="Boost",
        RTPlanDate="20260103",
        RTPlanTime="0900",
        ApprovalStatus="APPROVED",
    )
    referenced = data_set(ReferencedSOPClassUID=RT_PLAN, ReferencedSOPInstanceUID=f"{ONE}.2.1")
    dose = {"SOPClassUID": RT_DOSE, "Modality": "RTDOSE", "DoseSummationType": "PLAN"}
    for number, plans in ((1, [referenced]), (2, [])):
        yield instance(
            f"{ONE}.3.{number}",
            ONE,
            f"{ONE}.3",
            **{**common, **dose},
            SeriesNumber=3,
            ReferencedRTPlanSequence=plans,
        )


def study_two() -> Iterator[Dataset]:
    yield instance(
        f"{TWO}.1.1",
        TWO,
        f"{TWO}.1",
        PatientID="P1",
        PatientName="Doe^Jane",
        StudyDate="20260215",
        StudyTime="235959.5",
        SOPClassUID=RT_STRUCTURE_SET,
        Modality="RTSTRUCT",
        StructureSetLabel="Contours",
        ApprovalStatus="UNAPPROVED",
    )


def study_three() -> Iterator[Dataset]:
    yield instance(
        f"{THREE}.1.1",
        THREE,
        f"{THREE}.1",
        PatientID="P_2",
        PatientName="Yamada^Tarou=山田^太郎=やまだ^たろう",
        StudyDescription="50% boost",
        StationName="a*b",
    )


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InstanceStore]:
    store = InstanceStore(tmp_path_factory.mktemp("archive"))
    for one in (*study_one(), *study_two(), *study_three()):
        store.add_dataset(one)
    yield store
    store.close()


def found(store: InstanceStore, identifier: Dataset, root: Root = Root.STUDY) -> list[str]:
    """Return the unique keys of the matches, without what they have in common."""
    keyword = UNIQUE_KEYS[Level(identifier.QueryRetrieveLevel)]
    if keyword not in identifier:
        identifier[keyword] = element(keyword, "")
    matches = list(store.find(identifier, root))
    assert {one.QueryRetrieveLevel for one in matches} <= {identifier.QueryRetrieveLevel}
    return [str(one[keyword].value).removeprefix("1.1.") for one in matches]


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({}, ["1", "2", "3"]),
        ({"StudyInstanceUID": "*"}, ["1", "2", "3"]),
        ({"StudyInstanceUID": [ONE, THREE, "9.9"]}, ["1", "3"]),
        ({"PatientID": "P1"}, ["1", "2"]),
        ({"PatientID": "p1"}, []),
        ({"PatientID": "P?2"}, ["3"]),
        ({"PatientID": "P_?"}, ["3"]),
        ({"PatientID": "%"}, []),
        ({"PatientID": "*2"}, ["3"]),
        ({"PatientID": "***"}, ["1", "2", "3"]),
        ({"PatientName": "doe^jane"}, ["2"]),
        ({"PatientName": "DOE^JANE^^DR"}, ["1"]),
        ({"PatientName": "doe*"}, ["1", "2"]),
        ({"PatientName": "doe^*"}, ["1", "2"]),
        ({"PatientName": "*jane*"}, ["1", "2"]),
        ({"PatientName": "d?e^jan?"}, ["2"]),
        ({"PatientName": "yamada*"}, ["3"]),
        ({"PatientName": "山田*"}, ["3"]),
        ({"PatientName": "=山田^太郎"}, ["3"]),
        ({"PatientName": "doe=山田*"}, []),
        ({"PatientName": "nobody*"}, []),
        ({"ReferringPhysicianName": "house*"}, ["1"]),
        ({"StudyDescription": "50%*"}, ["3"]),
        ({"StudyDescription": "50_*"}, []),
        ({"StudyDate": "20260102"}, ["1"]),
        ({"StudyDate": "2026.01.02"}, ["1"]),
        ({"StudyDate": "20260102-20260215"}, ["1", "2"]),
        ({"StudyDate": "20260103-"}, ["2"]),
        ({"StudyDate": "-20260102"}, ["1"]),
        ({"StudyDate": "20260103-20260214"}, []),
        ({"StudyTime": "10-11"}, ["1"]),
        ({"StudyTime": "1015"}, ["1"]),
        ({"StudyTime": "-235959"}, ["1", "2"]),
        ({"StudyDate": "20260101-20260215", "StudyTime": "1000-1030"}, ["1"]),
        ({"AccessionNumber": "A1", "PatientID": "P1"}, ["1"]),
        ({"AccessionNumber": "A1", "PatientID": "P_2"}, []),
        ({"ModalitiesInStudy": "CT"}, ["1"]),
        ({"ModalitiesInStudy": "RT*"}, ["1", "2", "3"]),
        ({"ModalitiesInStudy": ["CT", "RTSTRUCT"]}, ["1", "2"]),
        ({"ModalitiesInStudy": "MR"}, []),
        ({"SOPClassesInStudy": RT_DOSE}, ["1"]),
        ({"SOPClassesInStudy": [RT_STRUCTURE_SET, RT_DOSE]}, ["1", "2"]),
        ({"NumberOfStudyRelatedInstances": 6}, ["1"]),
    ],
)
@pytest.mark.usefixtures("many")
def test_studies_are_matched(
    store: InstanceStore, keys: dict[str, Any], expected: list[str]
) -> None:
    """PS3.4 C.2.2.2: each kind of matching."""
    assert found(store, query("STUDY", **keys)) == expected


@pytest.mark.parametrize(
    ("level", "keys", "expected"),
    [
        ("PATIENT", {}, ["P1", "P_2"]),
        ("PATIENT", {"PatientName": "*jane*"}, ["P1"]),
        ("PATIENT", {"PatientName": "doe^jane"}, ["P1"]),
        ("PATIENT", {"PatientBirthDate": "1960-1961"}, None),
        ("PATIENT", {"PatientBirthDate": "19600101-19601231"}, ["P1"]),
        ("SERIES", {"StudyInstanceUID": ONE}, ["1.1", "1.2", "1.3"]),
        ("SERIES", {"PatientID": "P1", "Modality": "RT*"}, ["1.2", "1.3", "2.1"]),
        ("SERIES", {"SeriesNumber": "02"}, ["1.2"]),
        ("SERIES", {"SeriesInstanceUID": f"{ONE}.3"}, ["1.3"]),
        ("SERIES", {"BodyPartExamined": "PROSTATE"}, ["1.1"]),
        ("SERIES", {"ManufacturerModelName": "*[1]"}, ["1.1"]),
        ("SERIES", {"StationName": "a?b"}, ["3.1"]),
        ("SERIES", {"ModalitiesInStudy": "RTSTRUCT"}, ["2.1"]),
        ("IMAGE", {"SeriesInstanceUID": f"{ONE}.1"}, ["1.1.1", "1.1.2", "1.1.3"]),
        ("IMAGE", {"StudyInstanceUID": ONE, "InstanceNumber": 1}, ["1.1.1", "1.2.1"]),
        ("IMAGE", {"SOPInstanceUID": [f"{TWO}.1.1", f"{ONE}.1.2"]}, ["1.1.2", "2.1.1"]),
        ("IMAGE", {"SOPClassUID": RT_DOSE}, ["1.3.1", "1.3.2"]),
        ("IMAGE", {"RTPlanLabel": "Bo*"}, ["1.2.1"]),
        ("IMAGE", {"StructureSetLabel": "Contours"}, ["2.1.1"]),
        ("IMAGE", {"ApprovalStatus": ["APPROVED", "UNAPPROVED"]}, ["1.2.1", "2.1.1"]),
        ("IMAGE", {"RTPlanDate": "20260101-"}, ["1.2.1"]),
    ],
)
@pytest.mark.usefixtures("many")
def test_each_level_is_matched(
    store: InstanceStore, level: str, keys: dict[str, Any], expected: list[str] | None
) -> None:
    """PS3.4 C.6.1: keys of levels above may be left out, or come along."""
    if expected is None:
        with pytest.raises(DimseStatusError, match="PatientBirthDate"):
            found(store, query(level, **keys), Root.PATIENT)
    else:
        assert found(store, query(level, **keys), Root.PATIENT) == expected


def test_a_list_of_more_uids_than_a_statement_takes(store: InstanceStore) -> None:
    many = [f"9.{number}" for number in range(33_000)]
    assert found(store, query("IMAGE", SOPInstanceUID=[*many, f"{ONE}.1.2"])) == ["1.1.2"]
    assert store.present([*many, f"{ONE}.1.2"]) == {f"{ONE}.1.2"}


def test_counters_and_lists_are_computed(store: InstanceStore) -> None:
    """PS3.4 C.3.4: of the level, and of the levels above it."""
    keys = {
        "NumberOfPatientRelatedStudies": None,
        "NumberOfPatientRelatedSeries": None,
        "NumberOfPatientRelatedInstances": None,
        "ModalitiesInStudy": "",
        "SOPClassesInStudy": "",
        "NumberOfStudyRelatedSeries": None,
        "NumberOfStudyRelatedInstances": None,
    }
    one, two, three = store.find(query("STUDY", StudyInstanceUID="", **keys), Root.STUDY)
    assert [one[key].value for key in list(keys)[:3]] == [2, 4, 7]
    assert [two[key].value for key in list(keys)[:3]] == [2, 4, 7]
    assert [one[key].value for key in list(keys)[-2:]] == [3, 6]
    assert list(one.ModalitiesInStudy) == ["CT", "RTDOSE", "RTPLAN"]
    assert set(one.SOPClassesInStudy) == {CT_IMAGE, RT_DOSE, RT_PLAN}
    assert two.SOPClassesInStudy == RT_STRUCTURE_SET
    assert three.NumberOfPatientRelatedInstances == 1
    (series,) = store.find(
        query("SERIES", SeriesInstanceUID=f"{ONE}.1", NumberOfSeriesRelatedInstances=None),
        Root.STUDY,
    )
    assert series.NumberOfSeriesRelatedInstances == 3


def test_what_is_asked_for_is_returned(store: InstanceStore) -> None:
    identifier = query(
        "SERIES",
        SeriesInstanceUID=f"{THREE}.1",
        PatientName="",
        StudyDescription="",
        StudyDate="",
        InstanceAvailability="",
    )
    asked = InstanceQuery(identifier, Root.STUDY, retrieve_ae_title="OST")
    (answer,) = (one.dataset() for one in store.search(asked) if one is not None)
    assert set(answer.dir()) == {
        "QueryRetrieveLevel",
        "RetrieveAETitle",
        "InstanceAvailability",
        "SpecificCharacterSet",
        "SeriesInstanceUID",
        "PatientName",
        "StudyDescription",
        "StudyDate",
    }
    assert answer.PatientName.ideographic == "山田^太郎"
    assert (answer.RetrieveAETitle, answer.InstanceAvailability) == ("OST", "ONLINE")
    assert not answer.StudyDate
    assert asked.unsupported == []


def texts(dataset: Dataset) -> list[tuple[str, str, str]]:
    """Return what a data set holds, whether empty values are None or an empty text."""
    return [(one.keyword, one.VR, str(one.value or "")) for one in dataset.iterall()]


@pytest.mark.parametrize("implicit_vr", [True, False])
@pytest.mark.parametrize(
    "identifier",
    [
        query("STUDY", StudyInstanceUID="", PatientName="", StudyDate="", ModalitiesInStudy=""),
        query("IMAGE", SOPInstanceUID="", SOPClassUID="", InstanceNumber="", PatientID=""),
        query("IMAGE", SOPInstanceUID="", DoseSummationType="", ReferencedRTPlanSequence=[]),
    ],
)
def test_an_encoded_answer_is_the_data_set(
    store: InstanceStore, identifier: Dataset, implicit_vr: bool
) -> None:
    for one in store.search(InstanceQuery(identifier, Root.STUDY, retrieve_ae_title="OST")):
        if one is not None:
            encoded = one.encode(implicit_vr=implicit_vr)
            assert len(encoded) % 2 == 0
            assert texts(read_dataset(BytesIO(encoded), implicit_vr, True)) == texts(one.dataset())


def test_an_attribute_of_the_files_is_returned(store: InstanceStore) -> None:
    """At IMAGE level, what the index has not is looked up."""
    identifier = query("IMAGE", SeriesInstanceUID=f"{ONE}.1", SOPInstanceUID="", SliceLocation="")
    assert [one.SliceLocation for one in store.find(identifier, Root.STUDY)] == [2.5, 5, 7.5]


def test_attributes_of_the_files_are_matched(store: InstanceStore) -> None:
    of_plan = data_set(ReferencedSOPInstanceUID=f"{ONE}.2.1")
    keys: dict[str, Any] = {"StudyInstanceUID": ONE, "ReferencedRTPlanSequence": [of_plan]}
    identifier = query("IMAGE", SOPInstanceUID="", **keys)
    (dose,) = store.find(identifier, Root.STUDY)
    assert dose.SOPInstanceUID == f"{ONE}.3.1"
    (item,) = dose.ReferencedRTPlanSequence
    assert set(item.dir()) == {"ReferencedSOPInstanceUID"}
    assert found(store, query("IMAGE", **keys, DoseSummationType="BEAM")) == []


def test_texts_of_files_come_in_the_character_set_of_the_answer(tmp_path: Path) -> None:
    store = InstanceStore(tmp_path)
    plan = instance("1.1", "1.2", "1.3", PatientName="Müller", OperatorsName="Jörg")
    plan.SpecificCharacterSet = "ISO_IR 100"
    store.add_dataset(plan)
    asked = InstanceQuery(query("IMAGE", PatientName="", OperatorsName=""), Root.STUDY)
    (encoded,) = (one.encode(implicit_vr=True) for one in store.search(asked) if one is not None)
    answer = read_dataset(BytesIO(encoded), True, True)
    assert (answer.PatientName, answer.OperatorsName) == ("Müller", "Jörg")
    assert answer.SpecificCharacterSet == "ISO_IR 192"
    store.close()


@pytest.mark.parametrize(
    ("identifier", "unsupported"),
    [
        (query("STUDY", StudyInstanceUID="", StudyComments="x"), ["StudyComments"]),
        (query("STUDY", SeriesInstanceUID="", Modality="MR"), ["Modality", "SeriesInstanceUID"]),
        (query("PATIENT", PatientID="", ModalitiesInStudy="MR"), ["ModalitiesInStudy"]),
        (query("IMAGE", SOPInstanceUID="", PixelData=None), ["PixelData"]),
        (query("STUDY", TimezoneOffsetFromUTC="+0100", SpecificCharacterSet="ISO_IR 100"), []),
    ],
)
def test_what_is_not_supported_is_neither_matched_nor_returned(
    store: InstanceStore, identifier: Dataset, unsupported: list[str]
) -> None:
    """PS3.4 C.2.2.1.3: optional keys."""
    asked = InstanceQuery(identifier, Root.PATIENT)
    assert asked.unsupported == unsupported
    answers = [one.dataset() for one in store.search(asked) if one is not None]
    assert len(answers) >= 2
    assert not any(word in answer for word in unsupported for answer in answers)


def private_query() -> Dataset:
    identifier = query("IMAGE", SOPInstanceUID=f"{ONE}.1.1")
    identifier.private_block(0x0011, "TDWII", create=True).add_new(1, "LO", "x")
    return identifier


def test_private_keys_are_not_supported(store: InstanceStore) -> None:
    asked = InstanceQuery(private_query(), Root.STUDY)
    assert asked.unsupported == ["(0011,0010)", "(0011,1001)"]
    assert found(store, private_query()) == ["1.1.1"]


def undecodable() -> Dataset:
    identifier = query("STUDY", StudyInstanceUID="")
    encoded = bytes.fromhex("20000d00") + b"UI" + (2).to_bytes(2, "little") + b"1\0"
    number = bytes.fromhex("20000612") + b"IS" + (2).to_bytes(2, "little") + b"x "
    identifier.update(read_dataset(BytesIO(encoded + number), False, True))
    return identifier


@pytest.mark.parametrize(
    ("root", "identifier", "named"),
    [
        (Root.STUDY, data_set(StudyInstanceUID=ONE), "QueryRetrieveLevel"),
        (Root.STUDY, query("PATIENT", PatientID="P1"), "QueryRetrieveLevel 'PATIENT'"),
        (Root.PATIENT, query("FRAME"), "QueryRetrieveLevel 'FRAME'"),
        (Root.STUDY, query("STUDY", StudyInstanceUID="1.*"), "StudyInstanceUID"),
        (Root.STUDY, query("STUDY", StudyDate="yesterday"), "StudyDate"),
        (Root.STUDY, query("STUDY", StudyTime="99"), "StudyTime"),
        (Root.STUDY, query("STUDY", PatientName="x" * 65), "PatientName"),
        (Root.STUDY, query("STUDY", SeriesInstanceUID=f"{ONE}.1"), "SeriesInstanceUID"),
        (Root.PATIENT, query("PATIENT", StudyInstanceUID=ONE), "StudyInstanceUID"),
        (Root.STUDY, undecodable(), "NumberOfStudyRelatedSeries"),
    ],
)
def test_a_bad_level_or_key_is_refused_by_name(root: Root, identifier: Dataset, named: str) -> None:
    with pytest.raises(DimseStatusError) as caught:
        InstanceQuery(identifier, root)
    assert caught.value.status == Status.DATASET_MISMATCH
    assert named in caught.value.comment
    assert len(caught.value.comment) <= 64


def test_a_key_that_comes_as_a_sequence_is_refused_by_name() -> None:
    identifier = query("STUDY")
    identifier.add(DataElement("PatientID", "SQ", [data_set(PatientID="P1")]))
    with pytest.raises(DimseStatusError, match="PatientID"):
        InstanceQuery(identifier, Root.STUDY)


@pytest.mark.parametrize(
    ("date", "time", "expected"),
    [
        ("20260102-20260215", "1000-235958", ["1"]),
        ("20260102-20260215", "1000-235959.4", ["1"]),
        ("20260102-20260215", "1000-", ["1", "2"]),
        ("20260102-20260215", "1016-0001", []),
        ("20260102-20260216", "1016-0001", ["2"]),
        ("20260102", "1015", ["1"]),
        ("-20260215", "-10", ["1"]),
        ("20260102-", "1016-", ["2"]),
    ],
)
def test_dates_and_times_may_be_matched_together(
    store: InstanceStore, date: str, time: str, expected: list[str]
) -> None:
    """PS3.4 C.5.1.1: only where both sides agreed to it."""
    identifier = query("STUDY", StudyInstanceUID="", StudyDate=date, StudyTime=time)
    asked = InstanceQuery(identifier, Root.STUDY, combined_date_times=True)
    answers = [one.dataset() for one in store.search(asked) if one is not None]
    assert [one.StudyInstanceUID.removeprefix("1.1.") for one in answers] == expected


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instance_query, "_FIRST_PAGE", 1)
    monkeypatch.setattr(instance_query, "_LARGEST_PAGE", 2)


@pytest.fixture(params=[0, 2000], ids=["many", "few"])
def many(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have rows read by conditions in each page, and by their unique keys."""
    monkeypatch.setattr(instance_query, "_MANY", request.param)


@pytest.mark.usefixtures("small_pages", "many")
@pytest.mark.parametrize("level", list(Level))
def test_nothing_is_lost_between_pages(store: InstanceStore, level: Level) -> None:
    expected = {Level.PATIENT: 2, Level.STUDY: 3, Level.SERIES: 5, Level.IMAGE: 8}
    matches = found(store, query(level, NumberOfPatientRelatedStudies=None), Root.PATIENT)
    assert len(matches) == len(set(matches)) == expected[level]


@pytest.mark.usefixtures("small_pages", "many")
def test_instances_that_come_meanwhile_do_no_harm(store: InstanceStore, tmp_path: Path) -> None:
    """No transaction stays open while the answers are taken."""
    store = InstanceStore(tmp_path)
    for number in (2, 4, 6):
        store.add_dataset(instance(f"1.{number}", "1.10", "1.11"))
    answers = store.find(query("IMAGE", SOPInstanceUID=""), Root.STUDY)
    assert next(answers).SOPInstanceUID == "1.2"
    for number in (1, 3, 5):
        store.add_dataset(instance(f"1.{number}", "1.10", "1.11"))
    assert {one.SOPInstanceUID for one in answers} >= {"1.4", "1.6"}
    store.close()


def plan_of(store: InstanceStore, identifier: Dataset) -> str:
    query = InstanceQuery(identifier, Root.STUDY)._keys
    with store._engine.connect() as connection:
        compiled = query.compile(connection, compile_kwargs={"literal_binds": True})
        return str(connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}").all())


@pytest.mark.parametrize(
    "identifier",
    [
        query("STUDY", PatientID="P1"),
        query("STUDY", PatientName="doe*"),
        query("STUDY", PatientName="doe^jane"),
        query("STUDY", AccessionNumber="A1"),
        query("SERIES", StudyInstanceUID=ONE),
        query("IMAGE", SeriesInstanceUID=f"{ONE}.1"),
        query("IMAGE", StudyInstanceUID=ONE),
        query("IMAGE", SOPInstanceUID=[f"{ONE}.1.1", f"{ONE}.1.2"]),
        query("IMAGE", SOPInstanceUID=[f"1.{number}" for number in range(1000)]),
    ],
)
def test_indices_serve_the_keys_that_people_use(store: InstanceStore, identifier: Dataset) -> None:
    plan = plan_of(store, identifier)
    assert not any(f"SCAN {table}" in plan for table in ("studies", "series", "instances")), plan


@pytest.mark.usefixtures("many")
def test_sql_lets_through_all_that_matching_accepts(tmp_path: Path) -> None:
    """The rows that SQL finds are no fewer than those that the matching alone would accept."""
    choice = random.Random(5).choice
    names = ["Doe^Jane", "DOE", "doe^^", "Ödön^Á", "a=b=c", "=山田", "", "x\\y", "Do%_^[1]"]
    dates = ["20260101", "2026.01.02", "20251231", "", "rubbish"]
    texts = ["a", "A", "a b", "[x]", "%", "_", "a/b", "", "a*"]
    numbers = ["1", "01", "+1", "10", ""]
    store = InstanceStore(tmp_path)
    stored = [
        instance(
            f"1.1.{number}",
            f"1.2.{number}",
            f"1.3.{number}",
            PatientName=choice(names),
            StudyDate=choice(dates),
            StudyDescription=choice(texts),
            SeriesNumber=choice(numbers),
        )
        for number in range(40)
    ]
    for one in stored:
        store.add_dataset(one)
    keys = {
        "PatientName": [*names, "d*", "*e", "D?e*", "=*", "^^", "ö*", "*%*", "[*"],
        "StudyDate": ["20260101", "20251231-20260102", "-20260101", "2026.01.02-", "20260101-"],
        "StudyDescription": [*texts, "?", "*a", "a*", "[*", "*]", "*%*", "a?b"],
        "SeriesNumber": ["1", "+01", "10"],
    }
    for keyword, value in ((word, value) for word, values in keys.items() for value in values):
        identifier = query("SERIES", SeriesInstanceUID="", **{keyword: value})
        matcher = Matcher(query("SERIES", **{keyword: value}))
        expected = {one.SeriesInstanceUID for one in stored if matcher.matches(one)}
        answers = store.find(identifier, Root.STUDY)
        assert {one.SeriesInstanceUID for one in answers} == expected, (keyword, value)
    store.close()
