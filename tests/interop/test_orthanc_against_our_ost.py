"""Orthanc as a client of our OST, ordered by its REST interface."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pydicom import dcmread

from tdwii_gui.config.resources import resource_path
from tests.command_line import CommandLine
from tests.interop.peers import INSPECTOR, Archive, orthanc
from tests.interop.programs import done

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydicom.dataset import FileDataset

pytestmark = pytest.mark.interop

PATIENT = resource_path("demo_patient")
PLANS = sorted(PATIENT.glob("*.dcm"))
CT = sorted((PATIENT / "ct").glob("*.dcm"))


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    with CommandLine(tmp_path_factory.mktemp("tdwii")) as tdwii:
        yield tdwii


@pytest.fixture(scope="module")
def client(servers: CommandLine) -> Iterator[Archive]:
    """Return an Orthanc with the patient's plans; our OST, which has the CT, knows it."""
    with orthanc({"OST": servers.ports["OST"]}) as archive:
        servers.add_entity(archive.ae_title, archive.port)
        servers.serve("ost", "--headless")
        done("storescu", "-R", "-aec", archive.ae_title, "127.0.0.1", archive.port, *PLANS)
        ost = Archive("OST", servers.ports["OST"])
        done("storescu", *ost.as_called(), *CT)
        yield archive


@pytest.fixture
def image() -> FileDataset:
    return dcmread(CT[0])


def query(client: Archive, level: str, **keys: str) -> str:
    """Have Orthanc query the OST; return the path of its query."""
    asked: Any = client.order("/modalities/OST/query", {"Level": level, "Query": keys})
    return str(asked["Path"])


def test_c_echo(client: Archive) -> None:
    assert client.order("/modalities/OST/echo", {}) == {}


def test_c_store(client: Archive) -> None:
    instances = client.order("/instances")
    sent = client.order("/modalities/OST/store", instances)
    assert (sent["InstancesCount"], sent["FailedInstancesCount"]) == (len(instances), 0)


@pytest.mark.parametrize("level", ["Study", "Series", "Instance"])
def test_c_find(client: Archive, image: FileDataset, level: str) -> None:
    key, expected = {
        "Study": ("StudyInstanceUID", 1),
        "Series": ("SeriesInstanceUID", 1),
        "Instance": ("SOPInstanceUID", len(CT)),
    }[level]
    above = {"StudyInstanceUID": image.StudyInstanceUID, "SeriesInstanceUID": ""}
    if level != "Study":
        above["SeriesInstanceUID"] = image.SeriesInstanceUID
    path = query(client, level, **above, **({key: ""} if level == "Instance" else {}))
    answers = client.order(f"{path}/answers?expand&simplify")
    assert len({answer[key] for answer in answers}) == len(answers) == expected


def test_c_move(client: Archive, image: FileDataset) -> None:
    """Orthanc has the series of the CT moved to itself."""
    keys = {
        "StudyInstanceUID": image.StudyInstanceUID,
        "SeriesInstanceUID": image.SeriesInstanceUID,
    }
    path = query(client, "Series", **keys)
    client.order(f"{path}/retrieve", {"TargetAet": client.ae_title, "Synchronous": True})
    found = client.order(
        "/tools/find",
        {"Level": "Instance", "Query": {"SeriesInstanceUID": image.SeriesInstanceUID}},
    )
    assert len(found) == len(CT)


def test_c_store_from_the_ost(servers: CommandLine, client: Archive, image: FileDataset) -> None:
    """The sub-operations of a C-MOVE that somebody else asks for (PS3.4 C.4.2.2.1)."""
    keys = ["-k", "QueryRetrieveLevel=IMAGE", "-k", f"SOPInstanceUID={image.SOPInstanceUID}"]
    ost = Archive("OST", servers.ports["OST"])
    done("movescu", "-S", "-aem", client.ae_title, *ost.as_called(), *keys)
    found = client.order(
        "/tools/find", {"Level": "Instance", "Query": {"SOPInstanceUID": image.SOPInstanceUID}}
    )
    details = client.order(f"/instances/{found[0]}/metadata?expand")
    assert details["RemoteAET"] == "OST"
    assert INSPECTOR not in details.values()
