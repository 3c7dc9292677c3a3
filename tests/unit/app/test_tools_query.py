"""The query of a command: level and model as its keys tell, and what is retrieved of answers."""

from __future__ import annotations

import argparse

import pytest
from pydicom.dataset import Dataset

from tdwii_gui.app.tools.found import Found
from tdwii_gui.app.tools.query import Query, add_query_options, names_one_entity, query
from tdwii_gui.dicom.store.instance_index import Level, Root


def asked(*arguments: str) -> Query:
    parser = argparse.ArgumentParser()
    add_query_options(parser)
    return query(parser.parse_args(arguments))


@pytest.mark.parametrize(
    ("keys", "level"),
    [
        ([], Level.STUDY),
        (["PatientID=1"], Level.STUDY),
        (["ModalitiesInStudy=CT"], Level.STUDY),
        (["NumberOfStudyRelatedInstances"], Level.STUDY),
        (["Modality=CT"], Level.SERIES),
        (["SeriesInstanceUID=1.2"], Level.SERIES),
        (["NumberOfSeriesRelatedInstances"], Level.SERIES),
        (["SOPInstanceUID=1.2"], Level.IMAGE),
        (["Modality=RTPLAN", "RTPlanLabel"], Level.IMAGE),
        (["BeamSequence.BeamName=1"], Level.IMAGE),
    ],
)
def test_the_level_is_that_of_the_deepest_key(keys: list[str], level: Level) -> None:
    wanted = asked(*(part for key in keys for part in ("-k", key)))
    assert (wanted.level, wanted.root) == (level, Root.STUDY)
    assert wanted.identifier.QueryRetrieveLevel == level


def test_level_and_root_may_be_said() -> None:
    assert asked("--level", "patient").root is Root.PATIENT
    wanted = asked("--level", "series", "--root", "patient", "-k", "PatientID=1")
    assert (wanted.level, wanted.root) == (Level.SERIES, Root.PATIENT)


def test_keys_may_come_from_a_file(tmp_path) -> None:
    path = tmp_path / "query.txt"
    path.write_text("(0008,0052) CS [SERIES]\n(0008,0060) CS [CT]\n(0020,000d) UI []\n")
    wanted = asked("--query", str(path), "-k", "Modality=MR")
    assert wanted.level is Level.SERIES
    assert wanted.identifier.Modality == "MR"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["-k", "StudyInstanceUID=1.2"], True),
        (["-k", "StudyInstanceUID=1.2", "-k", "SeriesInstanceUID=1.3"], True),
        (["-k", "SeriesInstanceUID=1.3"], False),
        (["-k", "StudyInstanceUID=1.2\\1.3"], False),
        (["-k", "StudyInstanceUID=1.2", "-k", "PatientID=1"], False),
        (["--level", "PATIENT", "-k", "PatientID=1"], True),
        (["--level", "PATIENT", "-k", "PatientID=1*"], False),
    ],
)
def test_what_unique_keys_name_needs_not_to_be_found(arguments: list[str], expected: bool) -> None:
    assert names_one_entity(asked(*arguments)) is expected


def answer(study: str, series: str = "", instance: str = "") -> Dataset:
    dataset = Dataset()
    dataset.PatientID = "P"
    dataset.StudyInstanceUID = study
    dataset.SeriesInstanceUID = series
    dataset.SOPInstanceUID = instance
    return dataset


class NoSource:
    def find(self, identifiers, root):
        raise AssertionError("is not to be asked")


def test_instances_are_retrieved_by_series() -> None:
    answers = [
        answer("1.1", "1.2", "1.5"),
        answer("1.1", "1.3", "1.6"),
        answer("1.1", "1.2", "1.7"),
    ]
    identifiers = Found(NoSource(), Level.IMAGE, Root.STUDY, answers).identifiers()
    assert [(one.SeriesInstanceUID, one.SOPInstanceUID) for one in identifiers] == [
        ("1.2", ["1.5", "1.7"]),
        ("1.3", "1.6"),
    ]
    assert all("PatientID" not in one for one in identifiers)


def test_entities_are_retrieved_once_with_the_unique_keys_of_their_model() -> None:
    answers = [answer("1.1"), answer("1.2"), answer("1.1")]
    (first, second) = Found(NoSource(), Level.STUDY, Root.PATIENT, answers).identifiers()
    assert (first.StudyInstanceUID, second.StudyInstanceUID) == ("1.1", "1.2")
    assert {element.keyword for element in first} == {
        "QueryRetrieveLevel",
        "PatientID",
        "StudyInstanceUID",
    }
