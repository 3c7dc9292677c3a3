"""What subscribers see on the wire of the operator's doings and of restarts of the TMS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid
from pynetdicom import build_context, evt

from tdwii_gui.actors.actor import Surroundings
from tdwii_gui.actors.events import StepChanged
from tdwii_gui.actors.tms import Tms
from tdwii_gui.config.ae_directory import AeDirectory, ApplicationEntity
from tdwii_gui.config.settings import TmsSettings
from tdwii_gui.dicom.errors import ActionNotAllowed
from tdwii_gui.dicom.iod.codes import Code, discontinuation_reason
from tdwii_gui.dicom.iod.ups import InputReadiness
from tdwii_gui.dicom.iod.ups_update import change_state, subscription
from tdwii_gui.dicom.store.ups_history import UpsHistory
from tdwii_gui.dicom.store.ups_store import UpsStore
from tdwii_gui.dicom.uids import (
    UPS_EVENT,
    UPS_GLOBAL_SUBSCRIPTION,
    UPS_PULL,
    UPS_PUSH,
    UPS_WATCH,
)
from tdwii_gui.dicom.ups.change import ChangeKind
from tdwii_gui.dicom.ups.operation import StepEdit
from tdwii_gui.dicom.ups.service import UpsService
from tdwii_gui.dicom.ups.worklist_operator import Operator
from tests.unit.dicom.ups.conftest import new_step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pynetdicom.association import Association

SECONDS = 20
SUBSCRIBE = 3
CHANGE_STATE = 1


class Stage:
    """A TMS, a bare SCP that is subscribed, and a bare SCU."""

    def __init__(self, folder: Path, recorder: Any, bare_scp: Callable[..., Any]) -> None:
        self.recorder = recorder
        self.folder = folder
        context = build_context(UPS_EVENT)
        context.scu_role, context.scp_role = False, True
        self.watcher = bare_scp(
            [context], {evt.EVT_N_EVENT_REPORT: lambda _: (0x0000, None)}, ae_title="WATCHER"
        )
        self.directory = AeDirectory([self.watcher.peer])
        self.tms = self.make()

    def make(self, **settings: Any) -> Tms:
        self.around = Surroundings(self.directory, self.folder, listener=self.recorder)
        return Tms(TmsSettings(port=0, **settings), self.around)

    def next_event(self) -> tuple[int, str, Dataset]:
        """Return the next report that the watcher gets: type, instance, information."""
        event = self.watcher.requests.get(timeout=SECONDS)
        request = event.request
        return (
            request.EventTypeID,
            str(request.AffectedSOPInstanceUID),
            event.event_information,
        )


@pytest.fixture
def stage(tmp_path: Path, recorder: Any, bare_scp: Callable[..., Any]) -> Iterator[Stage]:
    made = Stage(tmp_path, recorder, bare_scp)
    made.tms.start()
    yield made
    made.tms.stop()


@pytest.fixture
def scu(stage: Stage, bare_scu: Callable[..., Association]) -> Callable[[], Association]:
    """Return a function that associates a bare SCU with the TMS as it listens now."""
    contexts = [build_context(uid, ExplicitVRLittleEndian) for uid in (UPS_PUSH, UPS_PULL)]
    contexts.append(build_context(UPS_WATCH, ExplicitVRLittleEndian))
    return lambda: bare_scu(stage.tms, contexts)


def create(scu: Association) -> str:
    uid = str(generate_uid())
    status, _ = scu.send_n_create(new_step(), UPS_PUSH, uid)
    assert status.Status == 0x0000
    return uid


def act(scu: Association, uid: str, kind: int, information: Dataset, context: str) -> int:
    status, _ = scu.send_n_action(information, kind, UPS_PUSH, uid, meta_uid=context)
    return int(status.Status)


def subscribe(scu: Association, uid: str = UPS_GLOBAL_SUBSCRIPTION) -> None:
    assert act(scu, uid, SUBSCRIBE, subscription("WATCHER"), UPS_WATCH) == 0x0000


def test_an_edit_reaches_the_subscriber(stage: Stage, scu: Callable[[], Association]) -> None:
    peer = scu()
    uid = create(peer)
    subscribe(peer, uid)
    assert stage.next_event()[0] == 1
    edit = StepEdit(InputReadiness.UNAVAILABLE, Code("TR9", "99X", "Machine 9"))
    stage.tms.edit_step(uid, edit).result(SECONDS)
    kind, about, information = stage.next_event()
    assert (kind, about) == (1, uid)
    assert information.InputReadinessState == "UNAVAILABLE"
    kind, about, information = stage.next_event()
    assert (kind, about) == (5, uid)
    assert information.ScheduledStationNameCodeSequence[0].CodeValue == "TR9"


def test_a_step_whose_performer_vanished_is_canceled_and_deleted(
    stage: Stage, scu: Callable[[], Association]
) -> None:
    peer = scu()
    uid, key = create(peer), str(generate_uid())
    assert stage.tms.performer(uid).result(SECONDS) is None
    assert act(peer, uid, CHANGE_STATE, change_state("IN PROGRESS", key), UPS_PULL) == 0x0000
    performer = stage.tms.performer(uid).result(SECONDS)
    assert (performer.ae_title, performer.connected) == ("BARE", True)
    subscribe(peer, uid)
    assert stage.next_event()[0] == 1
    peer.abort()

    assert stage.tms.delete_steps([uid]).result(SECONDS).not_final == (uid,)
    reason = discontinuation_reason("110501")
    stage.tms.cancel_step(uid, "power failure", reason).result(SECONDS)
    kind, about, information = stage.next_event()
    assert (kind, about, information.ProcedureStepState) == (1, uid, "CANCELED")
    assert information.ReasonForCancellation == "power failure"
    late = scu()
    assert act(late, uid, CHANGE_STATE, change_state("COMPLETED", key), UPS_PULL) == 0xC300
    with pytest.raises(ActionNotAllowed):
        stage.tms.cancel_step(uid).result(SECONDS)
    assert stage.tms.delete_steps([uid]).result(SECONDS).deleted == (uid,)
    status, _ = late.send_n_get([], UPS_PUSH, uid, meta_uid=UPS_PULL)
    assert status.Status == 0xC307


def test_a_warm_restart_is_announced_and_keeps_everything(
    stage: Stage, scu: Callable[[], Association]
) -> None:
    uid = create(scu())
    stage.tms.subscribe_ae("WATCHER").result(SECONDS)
    stage.tms.restart().result(SECONDS)
    kind, about, information = stage.next_event()
    assert (kind, about) == (4, UPS_GLOBAL_SUBSCRIPTION)
    assert information.SCPStatus == "RESTARTED"
    assert information.SubscriptionListStatus == "WARM START"
    assert information.UnifiedProcedureStepListStatus == "WARM START"
    assert stage.tms.count_steps().result(SECONDS) == 1
    status, _ = scu().send_n_get([], UPS_PUSH, uid, meta_uid=UPS_PULL)
    assert status.Status == 0x0000
    other = create(scu())
    assert stage.next_event()[1] == other, "the subscription holds"


def test_a_cold_restart_is_announced_and_empties_everything(
    stage: Stage, scu: Callable[[], Association], recorder: Any
) -> None:
    uid = create(scu())
    stage.tms.subscribe_ae("WATCHER", uid, deletion_lock=True).result(SECONDS)
    assert stage.next_event()[0] == 1
    foreseen = str(stage.tms.restart_consequences(cold=True))
    assert foreseen.startswith("deletes for ever: 1 step, 1 subscription, ")
    assert "1 subscriber: WATCHER" in foreseen
    stage.tms.restart(cold=True).result(SECONDS)
    kind, _, information = stage.next_event()
    assert (kind, information.SCPStatus) == (4, "RESTARTED")
    assert information.SubscriptionListStatus == "COLD START"
    assert information.UnifiedProcedureStepListStatus == "COLD START"
    assert stage.tms.steps().result(SECONDS) == []
    assert stage.tms.subscriptions().result(SECONDS) == []
    status, _ = scu().send_n_get([], UPS_PUSH, uid, meta_uid=UPS_PULL)
    assert status.Status == 0xC307
    stage.tms.restart().result(SECONDS)
    create(scu())
    *_, announced, created = recorder.of(StepChanged)
    assert (announced.change.kind, created.change.kind) == (
        ChangeKind.ANNOUNCED,
        ChangeKind.CREATED,
    )
    assert announced.change.receivers == created.change.receivers == (), "nobody is left"


def test_a_first_start_tells_nobody_and_a_next_process_tells_all(
    stage: Stage, scu: Callable[[], Association], recorder: Any
) -> None:
    first = recorder.wait_for(StepChanged, lambda e: e.change.kind is ChangeKind.ANNOUNCED)
    assert first.change.receivers == ()
    subscribe(scu())
    stage.tms.stop()
    stage.tms = stage.make()
    stage.tms.start()
    kind, _, information = stage.next_event()
    assert (kind, information.SCPStatus) == (4, "RESTARTED")


def test_going_down_is_told_by_setting_before_the_end(
    stage: Stage, scu: Callable[[], Association]
) -> None:
    stage.tms.stop()
    stage.tms = stage.make(announce_going_down=True)
    stage.tms.start()
    subscribe(scu())
    stage.tms.stop()
    kind, _, information = stage.next_event()
    assert (kind, information.SCPStatus) == (4, "GOING DOWN")


def test_what_was_not_heard_of_a_stop_is_not_told_after_the_next_start(
    stage: Stage, scu: Callable[[], Association]
) -> None:
    stage.tms.stop()
    stage.tms = stage.make(announce_going_down=True)
    stage.tms.start()
    subscribe(scu())
    stage.directory.register(ApplicationEntity("WATCHER", "127.0.0.1", 1))
    stage.tms.stop()
    stage.directory.register(stage.watcher.peer)
    stage.tms = stage.make()
    stage.tms.start()
    _, _, information = stage.next_event()
    assert information.SCPStatus == "RESTARTED"


def test_only_known_aes_are_let_in_when_so_wished(
    stage: Stage, bare_scu: Callable[..., Association]
) -> None:
    stage.tms.known_aes_only = True
    context = build_context(UPS_PULL)
    with pytest.raises(AssertionError):
        bare_scu(stage.tms, [context], ae_title="STRANGER")
    assert bare_scu(stage.tms, [context], ae_title="WATCHER").is_established
    stage.tms.known_aes_only = False
    assert bare_scu(stage.tms, [context], ae_title="STRANGER").is_established


def test_the_history_of_a_step_tells_each_message_and_survives_a_restart(
    stage: Stage, scu: Callable[[], Association]
) -> None:
    peer = scu()
    uid, key = create(peer), str(generate_uid())
    subscribe(peer, uid)
    assert stage.next_event()[0] == 1
    act(peer, uid, CHANGE_STATE, change_state("IN PROGRESS", key), UPS_PULL)
    act(peer, uid, CHANGE_STATE, change_state("IN PROGRESS", str(generate_uid())), UPS_PULL)
    assert stage.next_event()[0] == 1
    stage.tms.stop()
    stage.tms = stage.make()
    entries = stage.tms.history(uid).result(SECONDS)
    asked = [(e.message, e.what, e.status) for e in entries if e.calling_ae == "BARE"]
    assert [(message, status) for message, _, status in asked] == [
        ("N-CREATE", 0x0000),
        ("N-ACTION", 0x0000),
        ("N-ACTION", 0x0000),
        ("N-ACTION", 0xC301),
    ]
    assert asked[2][1] == "Change UPS State: IN PROGRESS"
    told = [(e.called_ae, e.what) for e in entries if e.message == "N-EVENT-REPORT"]
    assert told[-1] == ("WATCHER", "UPS State Report: IN PROGRESS")
    assert key not in " ".join(f"{entry}" for entry in entries), "no Transaction UID is kept"


def test_a_change_by_another_process_is_told_here(stage: Stage, recorder: Any) -> None:
    stage.tms.service.create("1.2.3", new_step(), "A")
    stage.tms.service.subscribe("1.2.3", subscription("WATCHER"), "A")
    assert stage.next_event()[0] == 1
    store = UpsStore(stage.folder / "tms" / "ups.sqlite")
    service = UpsService(store, known_ae=stage.directory.__contains__)
    history = UpsHistory(store.engine, "another")
    other = Operator(store, service, history, ae_title="TMS", person="other")
    other.edit("1.2.3", StepEdit(InputReadiness.INCOMPLETE))
    assert stage.next_event()[2].InputReadinessState == "INCOMPLETE"
    recorder.wait_for(StepChanged, lambda e: e.change.kind is ChangeKind.UPDATED)
    service.request_cancel("1.2.3", Dataset(), "A")
    other.delete(["1.2.3"])
    recorder.wait_for(StepChanged, lambda e: e.change.kind is ChangeKind.DELETED)
    store.close()
