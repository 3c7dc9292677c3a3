"""The PPVS with a TMS and an archive of bare pynetdicom: events, retrieval, subscriptions."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from pydicom.dataset import Dataset
from pynetdicom import build_context

from tdwii_gui.actors.actor import Surroundings
from tdwii_gui.actors.events import (
    EventReported,
    InputsProgressed,
    InputsRetrieved,
    StepFetched,
    StepGone,
    SubscriptionChanged,
)
from tdwii_gui.actors.inputs import CANCELED
from tdwii_gui.actors.ppvs import Ppvs
from tdwii_gui.actors.subscriptions import Subscription, SubscriptionKind
from tdwii_gui.config.ae_directory import AeDirectory, ApplicationEntity
from tdwii_gui.config.settings import NetworkSettings, PpvsSettings
from tdwii_gui.dicom.errors import ConfigError, DimseStatusError
from tdwii_gui.dicom.iod.references import access_items, reference_to
from tdwii_gui.dicom.iod.related import Kind
from tdwii_gui.dicom.iod.ups import ProcedureStepState
from tdwii_gui.dicom.iod.ups_event import ListStatus, ScpStatus, scp_status_change
from tdwii_gui.dicom.uids import (
    UPS_EVENT,
    UPS_FILTERED_GLOBAL_SUBSCRIPTION,
    UPS_GLOBAL_SUBSCRIPTION,
    UPS_PUSH,
    UPS_WATCH,
)
from tests.integration.bare_archive import BareArchive
from tests.integration.net.foreign_tms import ForeignTms, Step
from tests.integration.treatment_objects import TreatmentObjects

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pynetdicom import evt

SECONDS = 20
UID, EARLY, LATE = "1.2.3.4.5", "1.2.3.4.6", "1.2.3.4.7"
SUBSCRIBE, UNSUBSCRIBE = 3, 4
FILTERED = SubscriptionKind.FILTERED


@dataclass
class Hold:
    """Holds a bare peer back at one of its answers, until it may go on."""

    at: int
    reached: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event = field(default_factory=threading.Event)

    def __call__(self, number: int) -> None:
        if number == self.at:
            self.reached.set()
            assert self.go_on.wait(SECONDS)


@dataclass
class OtherTms(ForeignTms):
    """A TMS that may refuse N-GET, and subscriptions to some UIDs."""

    as_dcm4chee: bool = False
    refused: set[str] = field(default_factory=set)
    lets_read: bool = True
    hold: Hold | None = None

    def _subscribe(self, uid: str, information: Dataset, requestor: str) -> int:
        return 0xC307 if uid in self.refused else super()._subscribe(uid, information, requestor)

    def _on_get(self, event: evt.Event) -> tuple[int, Dataset | None]:
        answer = super()._on_get(event)
        if self.hold is not None:
            self.hold(len(self.named("N-GET")))
        return answer if self.lets_read else (0x0211, None)

    def fetched(self, uid: str) -> int:
        """Return how often a step was fetched."""
        return [message.uid for message in self.named("N-GET")].count(uid)


def step(uid: str = UID, state: str = "SCHEDULED", **attributes: Any) -> Dataset:
    dataset = Dataset()
    dataset.SOPInstanceUID = uid
    dataset.ProcedureStepState = state
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    return dataset


def stations(*machines: str) -> list[Dataset]:
    items = []
    for machine in machines:
        item = Dataset()
        item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = machine, "99X", machine
        items.append(item)
    return items


@pytest.fixture
def tms(bare_scp: Callable[..., Any]) -> OtherTms:
    tms = OtherTms()
    tms.listen(bare_scp)
    tms.steps[UID] = Step(step())
    return tms


@pytest.fixture
def make_ppvs(tmp_path: Path, recorder: Any, tms: OtherTms) -> Iterator[Callable[..., Ppvs]]:
    """Return a function that makes a PPVS of some settings, listening."""
    made: list[Ppvs] = []

    def make(**settings: Any) -> Ppvs:
        network = NetworkSettings(connect_timeout=10, acse_timeout=10, dimse_timeout=10)
        directory = AeDirectory([tms.peer])
        around = Surroundings(directory, tmp_path, network, listener=recorder)
        made.append(Ppvs(PpvsSettings(port=0, ost_ae_title="BARE", **settings), around))
        made[-1].start()
        return made[-1]

    yield make
    for ppvs in made:
        ppvs.stop()


@pytest.fixture
def ppvs(make_ppvs: Callable[..., Ppvs]) -> Ppvs:
    return make_ppvs()


@pytest.fixture
def treatment() -> TreatmentObjects:
    return TreatmentObjects.make(images=6)


@pytest.fixture
def archive(ppvs: Ppvs, treatment: TreatmentObjects) -> Iterator[BareArchive]:
    """Return an archive with the objects of a treatment, and a PPVS that downloads."""
    archive = BareArchive(knows=lambda title: ppvs.port if title == "PPVS_SCP" else None)
    archive.add(treatment.all)
    with archive.listening():
        ppvs.directory.register(archive.entity)
        ppvs.auto_download = True
        yield archive


def with_inputs(*instances: Dataset, **attributes: Any) -> Dataset:
    references = [reference_to(one, "BARE") for one in instances]
    return step(InputInformationSequence=access_items(references), **attributes)


@pytest.fixture
def report(ppvs: Ppvs, bare_scu: Callable[..., Any]) -> Callable[..., None]:
    """Return a function that sends an event by an association that stays open."""
    association = bare_scu(ppvs, [build_context(UPS_EVENT)], ae_title="TMS")

    def send(uid: str = UID, state: str = "SCHEDULED", event_type: int = 1) -> None:
        information = Dataset()
        information.SpecificCharacterSet = "ISO_IR 192"  # an empty one would not be sent
        if event_type == 1:
            information.ProcedureStepState, information.InputReadinessState = state, "READY"
        command, _ = association.send_n_event_report(
            information, event_type, UPS_PUSH, uid, meta_uid=UPS_EVENT
        )
        assert command.Status == 0

    return send


def retrieved(recorder: Any) -> list[str]:
    return [event.sop_instance_uid for event in recorder.of(InputsRetrieved)]


def idle(ppvs: Ppvs) -> None:
    """Wait until the worker has done what was asked so far."""
    ppvs.worker.submit("pause", "", lambda: None).result(SECONDS)


# events


def test_many_events_of_a_step_bring_two_fetches_at_most(
    ppvs: Ppvs, tms: OtherTms, recorder: Any, report: Callable[..., None]
) -> None:
    """The second of them sees what the last event told of."""
    tms.hold = hold = Hold(at=1)
    report(event_type=3)
    assert hold.reached.wait(SECONDS)
    for _ in range(8):
        report(event_type=3)  # is answered, though the step is being fetched
    tms.steps[UID] = Step(step(state="COMPLETED"))
    report(state="COMPLETED")
    hold.go_on.set()
    recorder.wait_for(StepFetched, lambda e: e.step.state is ProcedureStepState.COMPLETED)
    idle(ppvs)
    assert tms.fetched(UID) == 2
    assert len(recorder.of(EventReported)) == 10


def test_only_the_step_that_changed_is_fetched(
    ppvs: Ppvs, tms: OtherTms, recorder: Any, report: Callable[..., None]
) -> None:
    tms.steps[EARLY] = Step(step(EARLY))
    report(EARLY)
    recorder.wait_for(StepFetched)
    idle(ppvs)
    assert [(message.name, message.uid) for message in tms.messages] == [("N-GET", EARLY)]


def test_a_step_is_queried_where_it_cannot_be_read(ppvs: Ppvs, tms: OtherTms) -> None:
    tms.lets_read = False
    tms.answers = [(0xFF00, step(PatientID="P1"))]
    assert ppvs.fetch_step(UID).result(SECONDS).patient_id == "P1"
    (query,) = tms.named("C-FIND")
    assert query.dataset.SOPInstanceUID == UID
    tms.answers = []
    with pytest.raises(DimseStatusError) as caught:
        ppvs.fetch_step(UID).result(SECONDS)
    assert caught.value.status == 0x0211


def test_an_event_of_a_step_that_is_gone_is_told_and_harmless(
    ppvs: Ppvs, recorder: Any, report: Callable[..., None]
) -> None:
    report("1.2.9")
    assert recorder.wait_for(StepGone).sop_instance_uid == "1.2.9"
    report(UID)
    recorder.wait_for(StepFetched)


# inputs


def test_the_collection_is_here_after_the_event(
    ppvs: Ppvs,
    tms: OtherTms,
    archive: BareArchive,
    treatment: TreatmentObjects,
    recorder: Any,
    report: Callable[..., None],
) -> None:
    tms.steps[UID].dataset = with_inputs(treatment.plan)
    report()
    told = recorder.wait_for(InputsRetrieved)
    assert not told.result.missing
    counts = {count.kind: (count.present, count.expected) for count in told.result.counts}
    assert counts[Kind.IMAGE] == (6, 6)
    assert counts[Kind.STRUCTURE_SET] == counts[Kind.DOSE] == (1, 1)
    uids = {str(one.SOPInstanceUID) for one in treatment.all}
    assert ppvs.instances.present(uids) == uids
    progress = recorder.of(InputsProgressed)
    assert {event.sop_instance_uid for event in progress} == {UID}
    assert progress[-1].progress.counts == told.result.counts


def test_a_duplicate_event_retrieves_nothing_again(
    ppvs: Ppvs,
    tms: OtherTms,
    archive: BareArchive,
    treatment: TreatmentObjects,
    recorder: Any,
    report: Callable[..., None],
) -> None:
    tms.steps[UID].dataset = with_inputs(treatment.plan)
    report()
    recorder.wait_for(InputsRetrieved)
    asked = len(archive.requests)
    report()
    report(event_type=5)
    recorder.wait_for(StepFetched, lambda _: tms.fetched(UID) >= 2)
    idle(ppvs)
    idle(ppvs)
    assert retrieved(recorder) == [UID]
    assert len(archive.requests) == asked


@pytest.mark.parametrize("state", ["COMPLETED", "CANCELED"])
def test_a_late_event_of_a_final_step_retrieves_nothing(
    ppvs: Ppvs,
    tms: OtherTms,
    archive: BareArchive,
    treatment: TreatmentObjects,
    recorder: Any,
    report: Callable[..., None],
    state: str,
) -> None:
    """The step is what the TMS says, not what the event said once."""
    tms.steps[UID].dataset = with_inputs(treatment.plan, state=state)
    report(state="SCHEDULED")
    recorder.wait_for(StepFetched)
    idle(ppvs)
    idle(ppvs)
    assert not recorder.of(InputsRetrieved)
    assert archive.requests == []


def test_any_station_of_a_step_may_be_the_machine(
    ppvs: Ppvs,
    tms: OtherTms,
    archive: BareArchive,
    treatment: TreatmentObjects,
    recorder: Any,
    report: Callable[..., None],
) -> None:
    ppvs.machine = "FX1"
    for uid, machines in ((EARLY, ("FX2",)), (LATE, ()), (UID, ("FX2", "FX1"))):
        attributes = {"ScheduledStationNameCodeSequence": stations(*machines)}
        tms.steps[uid] = Step(with_inputs(treatment.plan, uid=uid, **attributes))
        report(uid)
    recorder.wait_for(InputsRetrieved)
    idle(ppvs)
    assert {event.step.sop_instance_uid for event in recorder.of(StepFetched)} == set(tms.steps)
    assert retrieved(recorder) == [UID]


def test_events_are_answered_and_steps_wait_while_inputs_come_the_earliest_first(
    ppvs: Ppvs,
    tms: OtherTms,
    archive: BareArchive,
    treatment: TreatmentObjects,
    recorder: Any,
    report: Callable[..., None],
) -> None:
    archive.on_sending = hold = Hold(at=0)
    tms.steps[UID].dataset = with_inputs(treatment.plan)
    starts = {LATE: "20260102120000", EARLY: "20260102080000"}
    for uid, start in starts.items():
        attributes = {"ScheduledProcedureStepStartDateTime": start}
        tms.steps[uid] = Step(with_inputs(treatment.plan, uid=uid, **attributes))
    report()
    assert hold.reached.wait(SECONDS)
    for uid in starts:
        report(uid)  # is answered, though the retrieval is under way
    assert not recorder.of(InputsRetrieved)
    hold.go_on.set()
    recorder.wait_for(InputsRetrieved, lambda e: e.sop_instance_uid == LATE)
    assert retrieved(recorder) == [UID, EARLY, LATE]


def test_the_retrieval_for_a_step_that_is_canceled_ends_and_the_next_one_begins(
    ppvs: Ppvs,
    tms: OtherTms,
    archive: BareArchive,
    treatment: TreatmentObjects,
    recorder: Any,
    report: Callable[..., None],
) -> None:
    archive.on_sending = hold = Hold(at=2)
    images, dose = treatment.images, treatment.dose
    tms.steps[UID].dataset = with_inputs(*images)
    tms.steps[EARLY] = Step(with_inputs(dose, uid=EARLY))
    tms.steps[LATE] = Step(with_inputs(dose, uid=LATE))
    report()
    assert hold.reached.wait(SECONDS)
    report(EARLY)
    report(LATE)
    for uid in (UID, UID, LATE):
        tms.steps[uid].dataset.ProcedureStepState = "CANCELED"
        report(uid, state="CANCELED")
    hold.go_on.set()
    recorder.wait_for(InputsRetrieved, lambda e: e.sop_instance_uid == EARLY)
    idle(ppvs)
    ended, following = recorder.of(InputsRetrieved)
    assert ended.sop_instance_uid == UID
    assert {one.reason for one in ended.result.missing} == {CANCELED}
    assert 1 <= len(ended.result.missing) < len(images)
    assert not following.result.missing
    assert retrieved(recorder) == [UID, EARLY]


# subscriptions


def test_a_filtered_subscription_names_the_machine(
    make_ppvs: Callable[..., Ppvs], tms: OtherTms, recorder: Any
) -> None:
    ppvs = make_ppvs(subscribe=True, subscription="filtered", machine="FX1")
    idle(ppvs)
    (asked,) = tms.named("N-ACTION", SUBSCRIBE)
    assert (asked.context, asked.uid) == (UPS_WATCH, UPS_FILTERED_GLOBAL_SUBSCRIPTION)
    (station,) = asked.dataset.ScheduledStationNameCodeSequence
    assert station.CodeValue == "FX1"
    assert (asked.dataset.ReceivingAE, asked.dataset.DeletionLock) == ("PPVS_SCP", "FALSE")
    held = (Subscription(FILTERED, "FX1"),)
    assert ppvs.subscriptions == held
    assert recorder.of(SubscriptionChanged)[-1].subscriptions == held
    ppvs.unsubscribe().result(SECONDS)
    (ended,) = tms.named("N-ACTION", UNSUBSCRIBE)
    assert ended.uid == UPS_GLOBAL_SUBSCRIPTION
    assert recorder.of(SubscriptionChanged)[-1].subscriptions == ()


def test_a_filtered_subscription_needs_a_machine(ppvs: Ppvs, tms: OtherTms) -> None:
    with pytest.raises(ConfigError, match="machine"):
        ppvs.subscribe_filtered("").result(SECONDS)
    assert tms.messages == []


def test_a_tms_without_filtered_subscriptions_is_asked_for_all_steps(
    ppvs: Ppvs, tms: OtherTms
) -> None:
    tms.refused = {str(UPS_FILTERED_GLOBAL_SUBSCRIPTION)}
    assert ppvs.subscribe_filtered("FX1", deletion_lock=True).result(SECONDS) == 0
    assert ppvs.subscriptions == (Subscription(deletion_lock=True),)


def test_the_last_subscription_to_many_steps_counts_and_single_ones_stay(
    ppvs: Ppvs, tms: OtherTms
) -> None:
    for asked in (
        ppvs.subscribe(),
        ppvs.subscribe_step(UID, deletion_lock=True),
        ppvs.subscribe_filtered("FX1"),
    ):
        assert asked.result(SECONDS) == 0
    single = Subscription(SubscriptionKind.STEP, step_uid=UID, deletion_lock=True)
    assert ppvs.subscriptions == (single, Subscription(FILTERED, "FX1"))
    ppvs.tms_ae_title = "ANOTHER"
    assert ppvs.subscriptions == ()
    assert not ppvs.subscribed


def test_a_single_subscription_ends_by_its_own_uid(ppvs: Ppvs, tms: OtherTms) -> None:
    ppvs.subscribe_step(UID).result(SECONDS)
    assert tms.named("N-ACTION", SUBSCRIBE)[0].uid == UID
    ppvs.unsubscribe().result(SECONDS)
    (ended,) = tms.named("N-ACTION", UNSUBSCRIBE)
    assert ended.uid == UID


def cold_start(tms: OtherTms, ppvs: Ppvs) -> None:
    information = scp_status_change(ScpStatus.RESTARTED, subscription_list=ListStatus.COLD_START)
    receiver = ApplicationEntity(ppvs.ae_title, "127.0.0.1", ppvs.port)
    assert tms.report(receiver, 4, UPS_GLOBAL_SUBSCRIPTION, information) == 0


def test_after_a_cold_start_all_subscriptions_are_made_anew(ppvs: Ppvs, tms: OtherTms) -> None:
    ppvs.subscribe_step(UID).result(SECONDS)
    ppvs.subscribe_step(EARLY).result(SECONDS)
    ppvs.subscribe_filtered("FX1", deletion_lock=True).result(SECONDS)
    tms.refused = {EARLY}
    before = len(tms.messages)
    cold_start(tms, ppvs)
    idle(ppvs)
    again = [message.uid for message in tms.messages[before:]]
    assert again == [UID, EARLY, UPS_FILTERED_GLOBAL_SUBSCRIPTION]
    assert [each.step_uid for each in ppvs.subscriptions] == [UID, ""]


def test_who_follows_one_step_alone_asks_for_no_other(
    ppvs: Ppvs,
    tms: OtherTms,
    archive: BareArchive,
    treatment: TreatmentObjects,
    recorder: Any,
) -> None:
    """Not when subscribing, and not after a restart; once it is gone, for none."""
    tms.steps[UID].dataset = with_inputs(treatment.plan)
    ppvs.want(Subscription(SubscriptionKind.STEP, step_uid=UID))
    ppvs.stop_listening()
    ppvs.start()
    recorder.wait_for(InputsRetrieved, lambda e: e.sop_instance_uid == UID)
    cold_start(tms, ppvs)
    idle(ppvs)
    assert tms.named("C-FIND") == []
    tms.refused = {UID}
    cold_start(tms, ppvs)
    idle(ppvs)
    assert not ppvs.wants_subscription
    asked = len(tms.named("N-ACTION", SUBSCRIBE))
    cold_start(tms, ppvs)
    idle(ppvs)
    assert len(tms.named("N-ACTION", SUBSCRIBE)) == asked


def test_who_subscribes_downloads_what_is_scheduled_already(
    ppvs: Ppvs, tms: OtherTms, archive: BareArchive, treatment: TreatmentObjects, recorder: Any
) -> None:
    late = {"ScheduledProcedureStepStartDateTime": "20260102120000"}
    early = {"ScheduledProcedureStepStartDateTime": "20260102080000"}
    tms.answers = [
        (0xFF00, with_inputs(treatment.dose, uid=LATE, **late)),
        (0xFF00, with_inputs(treatment.dose, uid=EARLY, **early)),
    ]
    ppvs.subscribe().result(SECONDS)
    recorder.wait_for(InputsRetrieved, lambda e: e.sop_instance_uid == LATE)
    assert retrieved(recorder) == [EARLY, LATE]
