"""pynetdicom's own applications as peers of our servers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from pydicom import dcmread

from tdwii_gui.config.resources import resource_path
from tests.command_line import CommandLine, free_ports
from tests.interop.programs import pynetdicom_done

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pydicom.dataset import FileDataset

pytestmark = pytest.mark.interop

PATIENT = resource_path("demo_patient")
PLAN = PATIENT / "photon_plan.dcm"
RECEIVER = "RECEIVER"
# The field's query files, and the state that each of two steps must have to match.
QUERIES = (
    ("UPSCFind_TDWII_FX1.dcm", ("SCHEDULED", "IN PROGRESS")),
    ("UPSCFind_TDWII_SCHEDULED_FX1.dcm", ("SCHEDULED",)),
    ("UPSCFind_TDWII_IN_PROGRESS_FX1.dcm", ("IN PROGRESS",)),
)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    """Return our OST and TMS; the TMS has a step to do and one in progress for machine FX1."""
    with CommandLine(tmp_path_factory.mktemp("tdwii")) as tdwii:
        tdwii.add_entity(RECEIVER, *free_ports(1))
        tdwii.serve("ost", "--headless")
        tdwii.serve("tms", "--headless")
        for _ in range(2):
            out = tdwii.done("schedule", PLAN, "--machine", "FX1", "--json")
        (step,) = json.loads(out)
        tdwii.done("ups", "claim", step["sop_instance_uid"])
        yield tdwii


def peer(servers: CommandLine, ae_title: str) -> list[object]:
    """Return the arguments by which the applications call a server."""
    return ["-aec", ae_title, "127.0.0.1", servers.ports[ae_title]]


def keys(**values: str) -> list[str]:
    """Return the arguments of query keys."""
    return [part for keyword, value in values.items() for part in ("-k", f"{keyword}={value}")]


def answers(out: Path) -> list[FileDataset]:
    """Return the answers that findscu has written to its folder."""
    return [dcmread(path, force=True) for path in sorted(out.glob("rsp*.dcm"))]


@pytest.mark.parametrize("ae_title", ["OST", "TMS"])
def test_echoscu_is_answered(servers: CommandLine, ae_title: str) -> None:
    out = pynetdicom_done("echoscu", "-v", *peer(servers, ae_title))
    assert "Received Echo Response (Status: 0x0000 - Success)" in out


@pytest.fixture(scope="module")
def stored(servers: CommandLine) -> str:
    """Have storescu put the patient's plans into the OST; return what it says."""
    return pynetdicom_done("storescu", "-v", "-cx", *peer(servers, "OST"), PATIENT)


@pytest.fixture
def plan() -> FileDataset:
    return dcmread(PLAN)


def image_keys(plan: FileDataset, uid: str) -> list[str]:
    return keys(
        QueryRetrieveLevel="IMAGE",
        StudyInstanceUID=plan.StudyInstanceUID,
        SeriesInstanceUID=plan.SeriesInstanceUID,
        SOPInstanceUID=uid,
    )


def test_storescu_stores(stored: str) -> None:
    files = sorted(PATIENT.glob("*.dcm"))
    assert stored.count("Received Store Response (Status: 0x0000 - Success)") == len(files)


@pytest.mark.usefixtures("stored")
def test_findscu_finds(servers: CommandLine, plan: FileDataset, tmp_path: Path) -> None:
    image = image_keys(plan, "")
    pynetdicom_done("findscu", "-S", "-w", *image, *peer(servers, "OST"), folder=tmp_path)
    assert [answer.SOPInstanceUID for answer in answers(tmp_path)] == [plan.SOPInstanceUID]


@pytest.mark.usefixtures("stored")
def test_movescu_has_it_moved(servers: CommandLine, plan: FileDataset, tmp_path: Path) -> None:
    receiver = ("--store", "--store-port", servers.ports[RECEIVER], "--store-aet", RECEIVER)
    moved = pynetdicom_done(
        "movescu",
        *("-v", "-S", "-aem", RECEIVER, "-od", tmp_path),
        *receiver,
        *image_keys(plan, plan.SOPInstanceUID),
        *peer(servers, "OST"),
    )
    assert "Sub-Operations Remaining: 0, Completed: 1, Failed: 0, Warning: 0" in moved
    (path,) = tmp_path.iterdir()
    assert dcmread(path) == plan


@pytest.mark.usefixtures("stored")
def test_getscu_gets(servers: CommandLine, plan: FileDataset, tmp_path: Path) -> None:
    image = image_keys(plan, plan.SOPInstanceUID)
    got = pynetdicom_done("getscu", "-v", "-S", "-od", tmp_path, *image, *peer(servers, "OST"))
    assert "Sub-Operations Remaining: 0, Completed: 1, Failed: 0, Warning: 0" in got
    (path,) = tmp_path.iterdir()
    assert dcmread(path) == plan


@pytest.mark.parametrize(("name", "states"), QUERIES)
def test_findscu_with_the_fields_ups_queries(
    servers: CommandLine, shared_data: Path, tmp_path: Path, name: str, states: tuple[str, ...]
) -> None:
    query = shared_data / "ups_samples" / name
    pynetdicom_done("findscu", "-U", "-w", "-f", query, *peer(servers, "TMS"), folder=tmp_path)
    found = answers(tmp_path)
    asked = dcmread(query)
    assert sorted(answer.ProcedureStepState for answer in found) == sorted(states)
    for answer in found:
        assert "TransactionUID" not in answer
        stations = answer.ScheduledStationNameCodeSequence
        assert [station.CodeValue for station in stations] == ["FX1"]
        assert set(answer.keys()) <= set(asked.keys()) | {0x00080005}
