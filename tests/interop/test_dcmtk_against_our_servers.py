"""DCMTK's tools as peers of our servers: C-ECHO, C-FIND, C-MOVE, C-GET."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydicom import dcmread

from tdwii_gui.config.resources import resource_path
from tests.command_line import CommandLine, free_ports
from tests.interop.peers import Archive, keys_to_retrieve, storescp
from tests.interop.programs import done, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


pytestmark = pytest.mark.interop

PATIENT = resource_path("demo_patient")
PLAN = PATIENT / "photon_plan.dcm"
CT = sorted((PATIENT / "ct").glob("*.dcm"))


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    with CommandLine(tmp_path_factory.mktemp("tdwii")) as tdwii:
        tdwii.add_entity("STORESCP", *free_ports(1))
        tdwii.serve_all()
        yield tdwii


@pytest.fixture(scope="module")
def ost(servers: CommandLine) -> Archive:
    """Return our OST, into which storescu has put the demo patient."""
    archive = Archive("OST", servers.ports["OST"])
    done("storescu", "-R", "+sd", "+r", *archive.as_called(), PATIENT)
    return archive


@pytest.mark.parametrize("ae_title", ["OST", "TMS", "TDD", "PPVS_SCP"])
def test_echoscu_is_answered(servers: CommandLine, ae_title: str) -> None:
    done("echoscu", "-aec", ae_title, "127.0.0.1", servers.ports[ae_title])


# Root, level, the unique keys above it (PS3.4 C.4.1.1.3.1), its own, and how many there are.
LEVELS = (
    ("-P", "PATIENT", (), "PatientID", 1),
    ("-P", "STUDY", ("PatientID",), "StudyInstanceUID", 1),
    ("-P", "SERIES", ("PatientID", "StudyInstanceUID"), "SeriesInstanceUID", 7),
    ("-P", "IMAGE", ("PatientID", "StudyInstanceUID", "SeriesInstanceUID"), "SOPInstanceUID", 30),
    ("-S", "STUDY", (), "StudyInstanceUID", 1),
    ("-S", "SERIES", ("StudyInstanceUID",), "SeriesInstanceUID", 7),
    ("-S", "IMAGE", ("StudyInstanceUID", "SeriesInstanceUID"), "SOPInstanceUID", 30),
)


@pytest.mark.parametrize(("root", "level", "above", "key", "count"), LEVELS)
def test_findscu_finds_every_entity_of_a_level(
    ost: Archive,
    tmp_path: Path,
    root: str,
    level: str,
    above: tuple[str, ...],
    key: str,
    count: int,
) -> None:
    image = dcmread(CT[0])
    keys = [f"{keyword}={image[keyword].value}" for keyword in above]
    answers = ost.find(level, tmp_path / "found", key, *keys, root=root)
    assert len({answer[key].value for answer in answers}) == len(answers) == count
    assert {answer.QueryRetrieveLevel for answer in answers} == {level}


def test_findscu_matches_wildcards_ranges_and_returns_what_was_asked(
    ost: Archive, tmp_path: Path
) -> None:
    plan = dcmread(PLAN)
    name = str(plan.PatientName)
    date = plan.StudyDate
    (answer,) = ost.find(
        "STUDY",
        tmp_path / "found",
        f"PatientName={name[:4].lower()}*",
        f"StudyDate={date}-{date}",
        "StudyInstanceUID",
        "NumberOfStudyRelatedInstances",
    )
    assert str(answer.PatientName) == name
    assert answer.StudyInstanceUID == plan.StudyInstanceUID
    none = ost.find("STUDY", tmp_path / "none", "StudyDate=19000101", "StudyInstanceUID")
    assert none == []


def test_movescu_moves_to_our_own_tdd(servers: CommandLine, ost: Archive) -> None:
    plan = dcmread(PLAN)
    done("movescu", "-S", "-aem", "TDD", *ost.as_called(), *keys_to_retrieve(plan, "IMAGE"))
    kept = (servers.folder / "data" / "tdd").rglob("*.dcm")
    assert [dcmread(path) for path in kept] == [plan]


def test_movescu_moves_to_storescp(servers: CommandLine, ost: Archive, tmp_path: Path) -> None:
    image = dcmread(CT[0])
    with storescp(servers.ports["STORESCP"], tmp_path):
        keys = keys_to_retrieve(image, "SERIES")
        done("movescu", "-S", "-aem", "STORESCP", *ost.as_called(), *keys)
    came = {one.SOPInstanceUID: one for one in map(dcmread, tmp_path.iterdir())}
    assert len(came) == len(CT)
    assert came[image.SOPInstanceUID] == image


def test_movescu_to_an_unknown_destination_is_refused(ost: Archive) -> None:
    keys = keys_to_retrieve(dcmread(PLAN), "IMAGE")
    result = run("movescu", "-v", "-S", "-aem", "NOBODY", *ost.as_called(), *keys)
    assert "MoveDestinationUnknown" in result.stdout


@pytest.mark.parametrize(
    ("path", "level", "count"), [(PLAN, "IMAGE", 1), (CT[0], "SERIES", 30), (PLAN, "STUDY", 36)]
)
def test_getscu_gets_from_our_ost(
    ost: Archive, tmp_path: Path, path: Path, level: str, count: int
) -> None:
    instance = dcmread(path)
    done("getscu", "-S", "-od", tmp_path, *ost.as_called(), *keys_to_retrieve(instance, level))
    got = {dataset.SOPInstanceUID: dataset for dataset in map(dcmread, tmp_path.iterdir())}
    assert len(got) == count
    assert got[instance.SOPInstanceUID] == instance
