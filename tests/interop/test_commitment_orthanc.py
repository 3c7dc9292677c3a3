"""Storage commitment with Orthanc: it answers our TDD's side, and asks our OST."""

from __future__ import annotations

import time
from queue import Queue
from typing import TYPE_CHECKING

import pytest

from tdwii_gui.actors.actor import Surroundings
from tdwii_gui.actors.events import CommitmentChanged
from tdwii_gui.actors.ost import Ost
from tdwii_gui.config.ae_directory import AeDirectory, ApplicationEntity
from tdwii_gui.config.resources import resource_path
from tdwii_gui.config.settings import OstSettings
from tdwii_gui.dicom.iod.commitment import CommitmentResult, CommitmentState, Reference
from tdwii_gui.dicom.iod.part10 import read_part10
from tdwii_gui.dicom.net.commitment_scu import CommitmentReceiver, CommitmentScu
from tdwii_gui.dicom.net.scp_host import ScpHost
from tdwii_gui.dicom.net.session import LocalAe
from tdwii_gui.dicom.net.storage_scu import StorageScu
from tdwii_gui.dicom.uids import RT_PLAN
from tests.command_line import free_ports
from tests.interop.peers import orthanc

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.interop.peers import Archive

pytestmark = pytest.mark.interop

SECONDS = 20
PLAN = resource_path("demo_patient", "photon_plan.dcm")
MISSING = Reference(RT_PLAN, "1.2.3.4.5")


@pytest.fixture(scope="module")
def ports() -> dict[str, int]:
    return dict(zip(("TDD", "OST"), free_ports(2), strict=True))


@pytest.fixture(scope="module")
def archive(ports: dict[str, int]) -> Iterator[Archive]:
    with orthanc(ports) as archive:
        yield archive


def entity(archive: Archive) -> ApplicationEntity:
    return ApplicationEntity(archive.ae_title, "127.0.0.1", archive.port)


def test_orthanc_answers_our_request(archive: Archive, ports: dict[str, int]) -> None:
    results: Queue[CommitmentResult] = Queue()

    def on_result(result: CommitmentResult, sender: str) -> bool:
        assert sender == "ORTHANC"
        results.put(result)
        return True

    host = ScpHost("TDD", "127.0.0.1", ports["TDD"], [CommitmentReceiver(on_result)])
    host.start()
    try:
        local, plan = LocalAe("TDD"), read_part10(PLAN)
        stored = Reference(str(plan.SOPClassUID), str(plan.SOPInstanceUID))
        with StorageScu(local, entity(archive), [PLAN]) as scu:
            scu.c_store(PLAN)
        with CommitmentScu(local, entity(archive)) as scu:
            uid = scu.request([stored, MISSING])
        result = results.get(timeout=SECONDS)
    finally:
        host.stop()
    assert result == CommitmentResult(uid, (stored,), ((MISSING, 0x0112),))


def test_our_ost_answers_orthanc(
    archive: Archive, ports: dict[str, int], tmp_path: Path, recorder
) -> None:
    around = Surroundings(AeDirectory([entity(archive)]), tmp_path, listener=recorder)
    ost = Ost(OstSettings(port=ports["OST"]), around)
    ost.start()
    try:
        stored = ost.instances.add_file(PLAN).instance
        pairs = [(stored.sop_class_uid, stored.sop_instance_uid), MISSING]
        wanted = [{"SOPClassUID": one, "SOPInstanceUID": other} for one, other in pairs]
        path = "/modalities/OST/storage-commitment"
        transaction = archive.order(path, {"DicomInstances": wanted})["ID"]
        told = recorder.wait_for(
            CommitmentChanged, lambda e: e.commitment.state is CommitmentState.REPORTED
        ).commitment
        outcome = f"/storage-commitment/{transaction}"
        deadline = time.monotonic() + SECONDS
        while (report := archive.order(outcome))["Status"] == "Pending":
            assert time.monotonic() < deadline
    finally:
        ost.stop()
    assert told.transaction_uid == transaction
    assert told.failed == ((MISSING.sop_instance_uid, 0x0112),)
    assert report["Status"] == "Failure"
    assert [one["SOPInstanceUID"] for one in report["Success"]] == [stored.sop_instance_uid]
    assert [one["FailureReason"] for one in report["Failures"]] == [0x0112]
