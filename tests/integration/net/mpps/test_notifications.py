"""The notifications of a TMS about performed procedure steps (PS3.4 F.9), to a bare SCP."""

from __future__ import annotations

from dataclasses import dataclass
from queue import Queue
from typing import TYPE_CHECKING, Any

import pytest
from pynetdicom import build_context, evt

from tdwii_gui.actors.actor import Surroundings
from tdwii_gui.actors.events import MppsChanged
from tdwii_gui.actors.tms import Tms
from tdwii_gui.config.ae_directory import AeDirectory, ApplicationEntity
from tdwii_gui.config.settings import TmsSettings
from tdwii_gui.dicom.errors import DimseStatusError
from tdwii_gui.dicom.iod.mpps import MppsStatus
from tdwii_gui.dicom.net.mpps_scu import MppsScu
from tdwii_gui.dicom.uids import MPPS_NOTIFICATION, UPS_EVENT, new_uid
from tests.integration.net.mpps.wire import ended, of, started

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SECONDS = 10


@dataclass(frozen=True)
class Told:
    """A notification as it came."""

    event_type: int
    sop_instance_uid: str
    sop_class_uid: str
    has_information: bool
    sender: str
    role: Any


@pytest.fixture
def told() -> Queue[Told]:
    return Queue()


@pytest.fixture
def listen(bare_scp, told: Queue[Told]) -> Callable[[], ApplicationEntity]:
    """Return a function that starts who hears notifications."""

    def hear(event: evt.Event) -> tuple[int, None]:
        request, requestor = event.request, event.assoc.requestor
        told.put(
            Told(
                event.event_type,
                request.AffectedSOPInstanceUID,
                request.AffectedSOPClassUID,
                bool(request.EventInformation and request.EventInformation.getvalue()),
                requestor.ae_title,
                requestor.role_selection.get(MPPS_NOTIFICATION),
            )
        )
        return 0x0000, None

    def listen() -> ApplicationEntity:
        context = build_context(MPPS_NOTIFICATION)
        context.scu_role = context.scp_role = True
        handlers = {evt.EVT_N_EVENT_REPORT: hear}
        return bare_scp([context, build_context(UPS_EVENT)], handlers).peer

    return listen


@pytest.fixture
def directory() -> AeDirectory:
    return AeDirectory([ApplicationEntity("BARE", "127.0.0.1", 1)])


@pytest.fixture
def start_tms(
    tmp_path: Path, directory: AeDirectory, recorder, start_actor: Callable[[Tms], Tms]
) -> Callable[[], Tms]:
    def start() -> Tms:
        settings = TmsSettings(port=0, mpps_receivers="BARE")
        return start_actor(Tms(settings, Surroundings(directory, tmp_path, listener=recorder)))

    return start


def scu_of(tms: Tms, directory: AeDirectory, local) -> MppsScu:
    return MppsScu(local, directory.lookup(tms.ae_title))


def test_each_change_is_told(
    start_tms, directory: AeDirectory, listen, told: Queue[Told], patient_local, recorder
) -> None:
    directory.register(listen())
    tms = start_tms()
    uid, other = new_uid(), new_uid()
    with scu_of(tms, directory, patient_local) as scu:
        scu.n_create(started(), uid)
        scu.n_set(uid, of(PerformedProcedureStepDescription="x"))
        scu.n_set(uid, ended())
        scu.n_create(started(), other)
        scu.n_set(other, ended(MppsStatus.DISCONTINUED))
    tms.delete_mpps(other).result(SECONDS)
    heard = [told.get(timeout=SECONDS) for _ in range(6)]
    events = [(each.event_type, each.sop_instance_uid) for each in heard]
    assert events == [(1, uid), (4, uid), (2, uid), (1, other), (3, other), (5, other)]
    assert {each.sop_class_uid for each in heard} == {MPPS_NOTIFICATION}
    assert not any(each.has_information for each in heard)
    assert {each.sender for each in heard} == {"TMS"}
    assert {(each.role.scu_role, each.role.scp_role) for each in heard} == {(False, True)}

    changes = recorder.of(MppsChanged)
    assert [(each.mpps.uid, each.deleted) for each in changes][-2:] == [
        (other, False),
        (other, True),
    ]
    assert [each.uid for each in tms.mpps().result(SECONDS)] == [uid]
    with pytest.raises(DimseStatusError):
        tms.delete_mpps(other).result(SECONDS)


def test_notifications_outlast_a_restart(
    start_tms, directory: AeDirectory, listen, told: Queue[Told], patient_local
) -> None:
    tms = start_tms()
    uid = new_uid()
    with scu_of(tms, directory, patient_local) as scu:
        scu.n_create(started(), uid)
        scu.n_set(uid, ended())
    tms.stop()
    assert told.empty()
    directory.register(listen())
    again = start_tms()
    assert [told.get(timeout=SECONDS).event_type for _ in range(2)] == [1, 2]
    (mpps,) = again.mpps().result(SECONDS)
    assert (mpps.uid, mpps.status) == (uid, MppsStatus.COMPLETED)
