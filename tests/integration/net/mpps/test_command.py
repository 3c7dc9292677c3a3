"""`tdwii mpps`: a performed procedure step by hand, at our SCP and at a bare one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from pynetdicom import build_context, evt

from tdwii_gui.config.resources import resource_path
from tdwii_gui.dicom.iod.mpps import MppsStatus
from tdwii_gui.dicom.iod.part10 import read_part10
from tests.integration.net.mpps.wire import CLASSES

if TYPE_CHECKING:
    from pathlib import Path

    from pydicom.dataset import Dataset

    from tests.integration.net.mpps.wire import Service

CT = resource_path("demo_patient", "ct")
PLAN = resource_path("demo_patient", "photon_plan.dcm")


@pytest.fixture
def peer(service: Service) -> str:
    return f"OURS@127.0.0.1:{service.host.port}"


def test_a_step_by_hand(tdwii, service: Service, peer: str) -> None:
    created = json.loads(
        tdwii.done("mpps", "create", peer, "--json", "-k", "PatientID=P1", "--modality", "CT")
    )
    uid = created["sop_instance_uid"]
    assert created["performed"] == "IN PROGRESS"
    tdwii.done("mpps", "set", peer, uid, "-k", "PerformedProcedureStepDescription=by hand")
    said = tdwii.done("mpps", "complete", peer, uid, CT, PLAN, "--protocol", "kV")
    assert "COMPLETED" in said

    mpps = service.store.get(uid)
    assert (mpps.status, mpps.modality, mpps.patient_id) == (MppsStatus.COMPLETED, "CT", "P1")
    assert mpps.station_ae_title == "TDWII"
    plan = read_part10(PLAN)
    series = {each.series_instance_uid: each for each in mpps.series}
    assert series[plan.SeriesInstanceUID].others == ((plan.SOPClassUID, plan.SOPInstanceUID),)
    assert sorted(len(each.images) for each in series.values()) == [0, 30]
    assert {each.protocol_name for each in mpps.series} == {"kV"}

    table = tdwii.done("mpps", "get", peer, uid)
    assert "by hand" in table
    assert plan.SeriesInstanceUID in table
    one = json.loads(tdwii.done("mpps", "get", peer, uid, "--json", "-k", "PatientID"))
    assert one["00100020"]["Value"] == ["P1"]


def test_a_step_is_discontinued(tdwii, service: Service, peer: str) -> None:
    created = json.loads(tdwii.done("mpps", "create", peer, "--json", "--uid", "1.2.840.99.55"))
    uid = created["sop_instance_uid"]
    assert uid == "1.2.840.99.55"
    series = ("--series", "1.2.840.99.56")
    tdwii.done("mpps", "discontinue", peer, uid, *series, "--reason", "110501")
    mpps = service.store.get(uid)
    assert (mpps.status, mpps.reason.value) == (MppsStatus.DISCONTINUED, "110501")
    refused = tdwii.run("mpps", "complete", peer, uid, *series)
    assert refused.returncode == 1
    assert "may no longer be updated" in refused.stderr


def test_wrong_usage_is_said(tdwii, peer: str) -> None:
    for arguments in (("complete", peer, "1.2"), ("set", peer, "1.2"), ("get", "NOBODY", "1.2")):
        result = tdwii.run("mpps", *arguments)
        assert result.returncode == 2
        assert result.stderr.count("\n") == 1


def test_a_bare_scp_hears_a_file(tdwii, bare_scp, tmp_path: Path, service: Service) -> None:
    heard: list[Dataset] = []

    def on_create(event: evt.Event) -> tuple[int, Dataset]:
        heard.append(event.attribute_list)
        return 0x0000, event.attribute_list

    bare = bare_scp([build_context(uid) for uid in CLASSES], {evt.EVT_N_CREATE: on_create})
    text = tmp_path / "mpps.txt"
    text.write_text("(0008,0060) CS [RTIMAGE]\n(0040,0252) CS [IN PROGRESS]\n")
    where = f"BARE@127.0.0.1:{bare.peer.port}"
    assert "IN PROGRESS" in tdwii.done("mpps", "create", where, text, "--uid", "1.2.3")
    assert heard[0].Modality == "RTIMAGE"
