"""Our clients against foreign archives: Orthanc and DCMTK's dcmqrscp, and against storescp."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO

from tdwii_gui.config.ae_directory import ApplicationEntity
from tdwii_gui.config.resources import resource_path
from tdwii_gui.dicom.net.get_scu import GetScu
from tdwii_gui.dicom.net.retrieve_scu import MoveResult, RetrieveScu
from tdwii_gui.dicom.net.scp_host import ScpHost
from tdwii_gui.dicom.net.session import LocalAe
from tdwii_gui.dicom.net.storage_scp import StorageScp
from tdwii_gui.dicom.net.storage_scu import StorageScu
from tdwii_gui.dicom.net.verification_scu import VerificationScu
from tdwii_gui.dicom.store.instance_index import Root
from tdwii_gui.dicom.store.instance_store import InstanceStore
from tests.command_line import free_ports
from tests.interop.peers import INSPECTOR, Archive, dcmqrscp, orthanc, storescp

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.interop

PATIENT = resource_path("demo_patient")
FILES = sorted(PATIENT.rglob("*.dcm"))
CT = sorted((PATIENT / "ct").glob("*.dcm"))
LOCAL = LocalAe("TDWII")


class Site(NamedTuple):
    """A foreign archive with the demo patient, and a receiver of ours that it knows."""

    archive: Archive
    store: InstanceStore

    @property
    def peer(self) -> ApplicationEntity:
        return ApplicationEntity(self.archive.ae_title, "127.0.0.1", self.archive.port)


@pytest.fixture(scope="module", params=[orthanc, dcmqrscp], ids=["Orthanc", "dcmqrscp"])
def site(request, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    store = InstanceStore(tmp_path_factory.mktemp("received"))
    receiver = ScpHost("RECEIVER", "127.0.0.1", 0, [StorageScp(store)])
    receiver.start()
    # Orthanc answers the queries of AEs that it knows alone.
    ours, inspector = free_ports(2)
    known = {"RECEIVER": receiver.port, "TDWII": ours, INSPECTOR: inspector}
    with request.param(known) as archive:
        made = Site(archive, store)
        with StorageScu(LOCAL, made.peer, FILES) as scu:
            for path in FILES:
                scu.c_store(path)
        yield made
    receiver.stop()
    store.close()


@pytest.fixture
def image() -> Dataset:
    return dcmread(CT[0])


def identifier(level: str, **keys: Any) -> Dataset:
    made = Dataset()
    made.QueryRetrieveLevel = level
    for keyword, value in keys.items():
        setattr(made, keyword, value)
    return made


def test_c_echo(site: Site) -> None:
    with VerificationScu(LOCAL, site.peer) as scu:
        scu.c_echo()


def test_c_store(site: Site, tmp_path: Path, image: Dataset) -> None:
    """The fixture has stored all; the archive says so to DCMTK."""
    study = f"StudyInstanceUID={image.StudyInstanceUID}"
    found = site.archive.find("SERIES", tmp_path / "found", study, "SeriesInstanceUID")
    expected = {dcmread(path, stop_before_pixels=True).SeriesInstanceUID for path in FILES}
    assert {one.SeriesInstanceUID for one in found} == expected


@pytest.mark.parametrize("root", [Root.STUDY, Root.PATIENT])
def test_c_find(site: Site, image: Dataset, root: Root) -> None:
    keys = {
        "StudyInstanceUID": image.StudyInstanceUID,
        "SeriesInstanceUID": image.SeriesInstanceUID,
    }
    if root is Root.PATIENT:
        keys["PatientID"] = image.PatientID
    with RetrieveScu(LOCAL, site.peer) as scu:
        found = list(scu.c_find(identifier("IMAGE", **keys, SOPInstanceUID=""), root))
        none = list(scu.c_find(identifier("IMAGE", **(keys | {"StudyInstanceUID": "1.2"})), root))
    assert len({one.SOPInstanceUID for one in found}) == len(found) == len(CT)
    assert none == []


def test_c_move(site: Site, image: Dataset) -> None:
    progress: list[MoveResult] = []
    wanted = identifier(
        "SERIES",
        StudyInstanceUID=image.StudyInstanceUID,
        SeriesInstanceUID=image.SeriesInstanceUID,
    )
    with RetrieveScu(LOCAL, site.peer) as scu:
        result = scu.c_move(wanted, "RECEIVER", on_progress=progress.append)
    assert (result.completed, result.failed, result.status) == (len(CT), 0, 0)
    assert progress
    assert site.store.present([image.SOPInstanceUID])
    assert site.store.read(image.SOPInstanceUID) == image


def test_c_get(site: Site, image: Dataset) -> None:
    came: dict[str, bytes] = {}

    def keep(part10: bytes, sop_instance_uid: str) -> int:
        came[sop_instance_uid] = part10
        return 0

    wanted = identifier("STUDY", StudyInstanceUID=image.StudyInstanceUID)
    with GetScu(LOCAL, site.peer) as scu:
        result = scu.c_get(wanted, keep)
    assert (result.completed, result.failed, result.status) == (len(FILES), 0, 0)
    for path in FILES:
        sent = dcmread(path)
        assert dcmread(DicomBytesIO(came[sent.SOPInstanceUID])) == sent


def test_c_echo_to_storescp(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    peer = ApplicationEntity("STORESCP", "127.0.0.1", port)
    with storescp(port, tmp_path), VerificationScu(LOCAL, peer) as scu:
        scu.c_echo()


def test_c_store_to_storescp(tmp_path: Path) -> None:
    """All objects on one association, each in its own transfer syntax."""
    (port,) = free_ports(1)
    peer = ApplicationEntity("STORESCP", "127.0.0.1", port)
    with storescp(port, tmp_path), StorageScu(LOCAL, peer, FILES) as scu:
        statuses = Counter(
            scu.c_store(path, following=following)
            for path, following in zip(FILES, [*FILES[1:], None], strict=True)
        )
    assert statuses == {0: len(FILES)}
    came = {one.SOPInstanceUID: one for one in map(dcmread, tmp_path.iterdir())}
    for path in FILES:
        sent = dcmread(path)
        assert came[sent.SOPInstanceUID] == sent
