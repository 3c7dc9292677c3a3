"""Our MPPS SCU, against a bare SCP and against ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydicom.dataset import Dataset
from pynetdicom import build_context, evt

from tdwii_gui.dicom.errors import ConfigError, DatasetError, DimseStatusError, NotAccepted
from tdwii_gui.dicom.iod.mpps import Mpps, MppsStatus
from tdwii_gui.dicom.net.mpps_scu import MppsScu
from tdwii_gui.dicom.uids import MPPS, MPPS_RETRIEVE, new_uid
from tests.integration.net.mpps.wire import CLASSES, SERIES, ended, started

if TYPE_CHECKING:
    from tests.integration.net.mpps.wire import Service


def test_a_bare_scp_hears_a_whole_step(patient_local, bare_scp) -> None:
    kept: dict[str, Dataset] = {}

    def on_create(event: evt.Event) -> tuple[int, Dataset]:
        kept[event.request.AffectedSOPInstanceUID] = event.attribute_list
        return 0x0000, event.attribute_list

    def on_set(event: evt.Event) -> tuple[int, Dataset]:
        kept[event.request.RequestedSOPInstanceUID].update(event.modification_list)
        return 0x0000, event.modification_list

    def on_get(event: evt.Event) -> tuple[int, Dataset]:
        assert event.request.RequestedSOPClassUID == MPPS_RETRIEVE
        return 0x0000, kept[event.request.RequestedSOPInstanceUID]

    handlers = {evt.EVT_N_CREATE: on_create, evt.EVT_N_SET: on_set, evt.EVT_N_GET: on_get}
    bare = bare_scp([build_context(uid) for uid in CLASSES], handlers)
    with MppsScu(patient_local, bare.peer) as scu:
        uid = new_uid()
        assert scu.n_create(started(PatientID="P1"), uid) == uid
        assert scu.n_set(uid, ended()) == 0x0000
        mpps = Mpps(scu.n_get(uid, ["PatientID"]))
        assert (mpps.status, mpps.patient_id) == (MppsStatus.COMPLETED, "P1")
        with pytest.raises(DatasetError):
            scu.n_set(uid, Dataset())
        with pytest.raises(ConfigError):
            scu.n_get(uid, ["NoSuchKeyword"])


def test_a_refusal_is_told(patient_local, service: Service, peer_of) -> None:
    with MppsScu(patient_local, peer_of(service.host)) as scu:
        uid = scu.n_create(started())
        scu.n_set(uid, ended())
        with pytest.raises(DimseStatusError, match="may no longer be updated") as raised:
            scu.n_set(uid, ended())
        assert raised.value.status == 0x0110
        assert Mpps(scu.n_get(uid)).series == (SERIES,)


def test_a_peer_that_only_creates_cannot_be_read(patient_local, bare_scp) -> None:
    bare = bare_scp([build_context(MPPS)], {})
    with MppsScu(patient_local, bare.peer) as scu, pytest.raises(NotAccepted):
        scu.n_get(new_uid())
