"""TDD and PPVS with a TMS of another make, after the standard and as dcm4chee reads it."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from pydicom.dataset import Dataset
from pynetdicom import build_context

from tdwii_gui.actors import subscriber
from tdwii_gui.actors.actor import Surroundings
from tdwii_gui.actors.events import (
    EventReported,
    ExchangeMade,
    InputsRetrieved,
    TaskFailed,
    WorklistOutdated,
)
from tdwii_gui.actors.ppvs import Ppvs
from tdwii_gui.actors.tdd import Tdd
from tdwii_gui.config.ae_directory import AeDirectory, ApplicationEntity
from tdwii_gui.config.settings import NetworkSettings, PpvsSettings, TddSettings
from tdwii_gui.dicom.errors import Aborted, DimseStatusError, Refused
from tdwii_gui.dicom.iod.ups import ProcedureStepState, Ups
from tdwii_gui.dicom.iod.ups_event import ListStatus, ScpStatus, scp_status_change
from tdwii_gui.dicom.iod.ups_query import WorklistKeys, worklist_query
from tdwii_gui.dicom.iod.ups_update import FinalUpdate
from tdwii_gui.dicom.net.ups_scu import UpsScu
from tdwii_gui.dicom.status import Status
from tdwii_gui.dicom.uids import UPS_EVENT, UPS_GLOBAL_SUBSCRIPTION, UPS_PULL, UPS_PUSH, UPS_WATCH
from tests.integration.net.foreign_tms import IN_PROGRESS, ForeignTms, Step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tdwii_gui.dicom.net.session import LocalAe

SECONDS = 20
UID = "1.2.3.4.5"
OTHERS = "1.2.3.9"
NOW = datetime.now().astimezone()
CLAIM = 1
SUBSCRIBE = 3


@pytest.fixture(params=[False, True], ids=["standard", "dcm4chee"])
def tms(request: pytest.FixtureRequest, bare_scp: Callable[..., Any]) -> ForeignTms:
    """Return a TMS with one scheduled step, in either reading."""
    return started(ForeignTms(request.param), bare_scp)


@pytest.fixture
def dcm4chee(bare_scp: Callable[..., Any]) -> ForeignTms:
    return started(ForeignTms(as_dcm4chee=True), bare_scp)


def started(tms: ForeignTms, bare_scp: Callable[..., Any]) -> ForeignTms:
    tms.listen(bare_scp)
    tms.steps[UID] = Step(step())
    return tms


def step(**attributes: Any) -> Dataset:
    dataset = Dataset()
    dataset.SOPInstanceUID = UID
    dataset.ProcedureStepState = "SCHEDULED"
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    return dataset


@pytest.fixture
def make_actor(tmp_path: Path, recorder: Any) -> Iterator[Callable[..., Any]]:
    """Return a function that makes an actor of a class which knows a TMS."""
    made: list[Any] = []

    def make(kind: type[Any], settings: Any, tms: ForeignTms) -> Any:
        directory = AeDirectory([tms.peer] if tms.peer else [])
        network = NetworkSettings(connect_timeout=10, acse_timeout=10, dimse_timeout=10)
        actor = kind(settings, Surroundings(directory, tmp_path, network, listener=recorder))
        made.append(actor)
        return actor

    yield make
    for actor in made:
        actor.stop()


@pytest.fixture
def tdd(make_actor: Callable[..., Any], tms: ForeignTms) -> Tdd:
    return make_actor(Tdd, TddSettings(port=0), tms)


def test_a_step_from_claim_to_completion(tdd: Tdd, tms: ForeignTms) -> None:
    claim = tdd.start_procedure(UID).result(SECONDS)
    assert tms.steps[UID].transaction_uid == claim.transaction_uid
    assert tdd.update_progress(UID, 50, 1).result(SECONDS) == 0
    update = FinalUpdate("FX1", NOW, NOW, (), "OST")
    assert tdd.send_final_update(UID, update).result(SECONDS) == 0
    assert tdd.finish_procedure(UID, ProcedureStepState.COMPLETED).result(SECONDS) == 0
    assert tms.steps[UID].state == "COMPLETED"
    assert tdd.claims.get(UID) is None
    for message in tms.messages:
        assert (message.context, message.sop_class) == (UPS_PULL, UPS_PUSH)


def test_a_canceled_step_has_a_reason_in_the_end(tdd: Tdd, tms: ForeignTms) -> None:
    tdd.start_procedure(UID).result(SECONDS)
    assert tdd.finish_procedure(UID, ProcedureStepState.CANCELED).result(SECONDS) == 0
    final = tdd.fetch_step(UID).result(SECONDS)
    assert final.cancellation.code.value == "110513"


def test_a_step_of_another_device_is_lost_and_forgotten(tdd: Tdd, tms: ForeignTms) -> None:
    """C301 after the standard; C302 where the Transaction UID is not looked at."""
    tms.steps[UID] = Step(step(), IN_PROGRESS, OTHERS)
    with pytest.raises(DimseStatusError) as caught:
        tdd.start_procedure(UID).result(SECONDS)
    assert caught.value.status == (0xC302 if tms.as_dcm4chee else 0xC301)
    assert tdd.claims.get(UID) is None
    assert len(tms.named("N-ACTION", CLAIM)) == 1
    assert not tms.named("N-SET")


def test_a_claim_whose_answer_was_lost_is_repeated(
    tdd: Tdd, tms: ForeignTms, caplog: pytest.LogCaptureFixture
) -> None:
    """It was carried out: C302, and an N-SET shows by whom."""
    tms.lose_answers = ["after"]
    with caplog.at_level(logging.WARNING):
        claim = tdd.start_procedure(UID).result(SECONDS)
    first, second = tms.named("N-ACTION", CLAIM)
    assert first.dataset.TransactionUID == second.dataset.TransactionUID == claim.transaction_uid
    (probe,) = tms.named("N-SET")
    assert set(probe.dataset.keys()) <= {0x00080005, 0x00081195}
    assert tdd.claims.get(UID) == claim
    assert f"claim of {UID} is repeated" in caplog.text
    assert tdd.update_progress(UID, 10, 1).result(SECONDS) == 0


def test_a_claim_that_did_not_arrive_is_repeated(tdd: Tdd, tms: ForeignTms) -> None:
    tms.lose_answers = ["before"]
    claim = tdd.start_procedure(UID).result(SECONDS)
    assert tms.steps[UID].transaction_uid == claim.transaction_uid
    assert not tms.named("N-SET")


def test_a_race_that_was_lost_while_the_answer_was_is_told(tdd: Tdd, tms: ForeignTms) -> None:
    """Another device was first: C302 does not mean that the step is ours, the N-SET tells."""
    tms.steps[UID] = Step(step(), IN_PROGRESS, OTHERS)
    tms.lose_answers = ["before"]
    with pytest.raises(DimseStatusError) as caught:
        tdd.start_procedure(UID).result(SECONDS)
    assert caught.value.status == (0xC302 if tms.as_dcm4chee else 0xC301)
    assert len(tms.named("N-SET")) == (1 if tms.as_dcm4chee else 0)
    assert tdd.claims.get(UID) is None
    assert tms.steps[UID].transaction_uid == OTHERS


def test_two_lost_answers_leave_the_claim_for_later(tdd: Tdd, tms: ForeignTms) -> None:
    tms.lose_answers = ["after", "after"]
    with pytest.raises(Aborted, match="whether the step is ours is not known: claim it again"):
        tdd.start_procedure(UID).result(SECONDS)
    kept = tdd.claims.get(UID)
    assert kept is not None
    assert tdd.start_procedure(UID).result(SECONDS) == kept
    uids = {message.dataset.TransactionUID for message in tms.named("N-ACTION", CLAIM)}
    assert uids == {kept.transaction_uid}


def test_a_claim_that_was_never_sent_is_forgotten(
    make_actor: Callable[..., Any], dcm4chee: ForeignTms
) -> None:
    tdd = make_actor(Tdd, TddSettings(port=0), dcm4chee)
    tdd.directory.register(ApplicationEntity("TMS", "127.0.0.1", 1))
    with pytest.raises(Refused):
        tdd.start_procedure(UID).result(SECONDS)
    assert tdd.claims.get(UID) is None


def test_an_end_whose_answer_was_lost_is_repeated(
    tdd: Tdd, tms: ForeignTms, caplog: pytest.LogCaptureFixture
) -> None:
    tdd.start_procedure(UID).result(SECONDS)
    tms.lose_answers = ["after"]
    with caplog.at_level(logging.WARNING):
        status = tdd.finish_procedure(UID, ProcedureStepState.COMPLETED).result(SECONDS)
    assert status == Status.UPS_ALREADY_COMPLETED
    assert tdd.claims.get(UID) is None
    assert "the step is already COMPLETED" in caplog.text


def test_a_step_that_somebody_else_has_ended_is_over_for_us_too(tdd: Tdd, tms: ForeignTms) -> None:
    tdd.start_procedure(UID).result(SECONDS)
    tms.steps[UID].state = "CANCELED"
    with pytest.raises(DimseStatusError, match="COMPLETED or CANCELED and may no longer"):
        tdd.finish_procedure(UID, ProcedureStepState.COMPLETED).result(SECONDS)
    assert tdd.claims.get(UID) is None


def test_after_a_crash_the_claims_are_reviewed(
    tdd: Tdd, make_actor: Callable[..., Any], tms: ForeignTms, recorder: Any
) -> None:
    states = ("SCHEDULED", IN_PROGRESS, "COMPLETED", "CANCELED")
    uids = [f"{UID}.{number}" for number in range(len(states) + 1)]
    for uid in uids:
        tdd.claims.add(uid, OTHERS, "TMS")
    for uid, state in zip(uids, states, strict=False):
        tms.steps[uid] = Step(step(SOPInstanceUID=uid, ProcedureStepState=state), state, OTHERS)
    tdd.stop()
    again = make_actor(Tdd, TddSettings(port=0), tms)
    again.start()
    assert again.review_claims().result(SECONDS), "after the review of the start"
    assert [claim.sop_instance_uid for claim in again.claims.all()] == uids[:2]
    assert len(tms.named("N-GET")) == len(uids) + 2
    assert not recorder.of(TaskFailed)
    again.directory.register(ApplicationEntity("TMS", "127.0.0.1", 1))
    reviewed = again.review_claims().result(SECONDS)
    assert all("nothing listens" in one.problem for one in reviewed)
    assert len(again.claims.all()) == 2


def test_claimed_steps_are_asked_for_at_the_tms_that_has_them(tdd: Tdd, tms: ForeignTms) -> None:
    tdd.start_procedure(UID).result(SECONDS)
    tdd.tms_ae_title = "NEW_TMS"
    assert tdd.update_progress(UID, 10, 1).result(SECONDS) == 0
    assert tdd.finish_procedure(UID, ProcedureStepState.CANCELED).result(SECONDS) == 0


def test_a_cancel_request_that_reaches_no_performer_says_so(
    patient_local: LocalAe, dcm4chee: ForeignTms
) -> None:
    """It gives no reason: all of its Action Information is optional (PS3.4 Table CC.2.2-1)."""
    dcm4chee.steps[UID] = Step(step(), IN_PROGRESS, OTHERS, "TDD")
    with UpsScu(patient_local, dcm4chee.peer) as scu:
        with pytest.raises(DimseStatusError, match="the performer cannot be reached"):
            scu.request_cancel(UID, Dataset())
        scu.subscribe_globally("TDD")
        assert scu.request_cancel(UID, Dataset()) == 0
    assert [message.context for message in dcm4chee.named("N-ACTION", 2)] == [UPS_PUSH] * 2


def test_each_action_goes_by_the_context_of_its_sop_class(
    make_actor: Callable[..., Any], dcm4chee: ForeignTms
) -> None:
    ppvs = make_actor(Ppvs, PpvsSettings(port=0), dcm4chee)
    ppvs.start()
    assert ppvs.subscribe(deletion_lock=True).result(SECONDS) == 0
    assert dcm4chee.subscribers == {"PPVS_SCP"}
    ppvs.suspend().result(SECONDS)
    ppvs.unsubscribe().result(SECONDS)
    assert {message.context for message in dcm4chee.messages} == {UPS_WATCH}
    assert {message.uid for message in dcm4chee.messages} == {UPS_GLOBAL_SUBSCRIPTION}


@pytest.fixture
def ppvs(make_actor: Callable[..., Any], dcm4chee: ForeignTms) -> Ppvs:
    actor = make_actor(Ppvs, PpvsSettings(port=0), dcm4chee)
    actor.start()
    actor.subscribe(deletion_lock=True).result(SECONDS)
    return actor


def report(tms: ForeignTms, actor: Any, event_type: int, information: Dataset) -> int | None:
    receiver = ApplicationEntity(actor.ae_title, "127.0.0.1", actor.port)
    return tms.report(receiver, event_type, UID, information)


def test_an_event_comes_by_an_association_on_which_the_tms_is_the_scp(
    ppvs: Ppvs, dcm4chee: ForeignTms, recorder: Any
) -> None:
    """PS3.7 D.3.3.4: the role is granted in the answer, or the TMS would not send."""
    assert report(dcm4chee, ppvs, 1, step(InputReadinessState="READY")) == 0
    (event,) = recorder.of(EventReported)
    assert (event.report.sop_instance_uid, event.report.calling_ae) == (UID, "TMS")


def test_an_event_comes_without_role_negotiation_too(
    ppvs: Ppvs, recorder: Any, bare_scu: Callable[..., Any]
) -> None:
    association = bare_scu(ppvs, [build_context(UPS_EVENT)], ae_title="TMS")
    command, _ = association.send_n_event_report(step(), 1, UPS_PUSH, UID, meta_uid=UPS_EVENT)
    assert command.Status == 0
    assert len(recorder.of(EventReported)) == 1


RESTARTED = ScpStatus.RESTARTED
COLD, WARM = ListStatus.COLD_START, ListStatus.WARM_START


def done(actor: Any) -> None:
    """Wait until the actor has done what it has been asked so far."""
    actor.worker.submit("pause", "", lambda: None).result(SECONDS)


def test_after_a_warm_start_the_steps_are_queried_anew(
    ppvs: Ppvs, dcm4chee: ForeignTms, recorder: Any
) -> None:
    assert report(dcm4chee, ppvs, 4, scp_status_change(RESTARTED, subscription_list=WARM)) == 0
    (outdated,) = recorder.of(WorklistOutdated)
    assert outdated.reason == "the TMS has restarted"
    done(ppvs)
    assert len(dcm4chee.named("N-ACTION", SUBSCRIBE)) == 1
    assert ppvs.subscribed


@pytest.mark.parametrize("words", ["COLD START", "COLD STARTED"])
def test_after_a_cold_start_we_subscribe_anew_and_then_query(
    ppvs: Ppvs, dcm4chee: ForeignTms, recorder: Any, words: str
) -> None:
    ppvs.auto_download = True
    information = scp_status_change(RESTARTED, subscription_list=COLD)
    information.SubscriptionListStatus = words
    assert report(dcm4chee, ppvs, 4, information) == 0
    assert len(recorder.of(WorklistOutdated)) == 1
    done(ppvs)
    first, again = dcm4chee.named("N-ACTION", SUBSCRIBE)
    assert again.dataset == first.dataset, "with the deletion lock that it had"
    assert dcm4chee.messages[-1].name == "C-FIND"
    assert ppvs.subscribed


@pytest.mark.parametrize(
    ("status", "ae_title"), [(ScpStatus.GOING_DOWN, "TMS"), (RESTARTED, "OTHER_TMS")]
)
def test_other_status_changes_are_told_only(
    ppvs: Ppvs,
    dcm4chee: ForeignTms,
    recorder: Any,
    bare_scu: Callable[..., Any],
    status: ScpStatus,
    ae_title: str,
) -> None:
    association = bare_scu(ppvs, [build_context(UPS_EVENT)], ae_title=ae_title)
    information = scp_status_change(status, subscription_list=COLD)
    command, _ = association.send_n_event_report(
        information, 4, UPS_PUSH, UPS_GLOBAL_SUBSCRIPTION, meta_uid=UPS_EVENT
    )
    assert command.Status == 0
    assert len(recorder.of(EventReported)) == 1
    done(ppvs)
    assert len(dcm4chee.messages) == 1, "our first subscription"
    assert not recorder.of(WorklistOutdated)


def test_what_events_did_not_tell_is_queried_from_time_to_time(
    make_actor: Callable[..., Any],
    dcm4chee: ForeignTms,
    recorder: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(subscriber, "_OUTDATED_SECONDS", 0.05)
    settings = PpvsSettings(port=0, subscribe=True, auto_download=True, machine="FX1")
    ppvs = make_actor(Ppvs, settings, dcm4chee)
    ppvs.start()
    recorder.wait_for(ExchangeMade, lambda _: len(dcm4chee.named("C-FIND")) >= 2)
    (key,) = dcm4chee.named("C-FIND")[0].dataset.ScheduledStationNameCodeSequence
    assert key.CodeValue == "FX1"
    assert recorder.of(WorklistOutdated)
    ppvs.unsubscribe().result(SECONDS)
    assert not ppvs._outdated.is_due


def test_steps_without_an_event_are_downloaded(
    make_actor: Callable[..., Any], dcm4chee: ForeignTms, recorder: Any
) -> None:
    item = Dataset()
    item.StudyInstanceUID, item.SeriesInstanceUID = "1.2.1", "1.2.2"
    reference = Dataset()
    reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = "1.2.840", "1.2.7"
    item.ReferencedSOPSequence = [reference]
    item.RetrieveAETitle = "NOWHERE"
    dcm4chee.answers = [(0xFF00, step(InputInformationSequence=[item]))]
    ppvs = make_actor(Ppvs, PpvsSettings(port=0, auto_download=True), dcm4chee)
    ppvs._tell_outdated("test")
    told = recorder.wait_for(InputsRetrieved)
    assert "NOWHERE" in told.result.missing[0].reason


QUERY = worklist_query(WorklistKeys())


def found(make_actor: Callable[..., Any], tms: ForeignTms, *answers: tuple[int, Dataset]) -> Any:
    tms.answers = list(answers)
    return make_actor(Tdd, TddSettings(port=0), tms).query_worklist(QUERY).result(SECONDS)


def test_answers_with_unsupported_keys_and_little_in_them_are_taken(
    make_actor: Callable[..., Any], dcm4chee: ForeignTms
) -> None:
    bare = Dataset()
    bare.SOPInstanceUID = "1.2.2"
    strange = step(SOPInstanceUID="1.2.3", ScheduledProcedureStepStartDateTime="soon")
    strange.InputReadinessState = "ALMOST"
    first, second, third = found(
        make_actor, dcm4chee, (0xFF01, step()), (0xFF00, bare), (0xFF01, strange)
    )
    assert (first.sop_instance_uid, first.state) == (UID, ProcedureStepState.SCHEDULED)
    assert (second.sop_instance_uid, second.state, second.start) == ("1.2.2", None, None)
    assert (second.patient_name, second.machine, second.inputs) == ("", "", ())
    assert (third.start, third.input_readiness) == (None, None)


@pytest.mark.parametrize(
    ("character_set", "name"),
    [
        ("ISO_IR 100", "Müller^Jörg"),
        ("ISO_IR 101", "Łukasz^Żak"),
        ("ISO_IR 144", "Люкceмбypг"),  # noqa: RUF001
        ("ISO_IR 192", "Wang^XiaoDong=王^小東"),
        (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎"),
        ("GB18030", "Zhang^XiaoDong=张^小东"),
    ],
)
def test_names_come_in_the_character_set_of_the_peer(
    make_actor: Callable[..., Any], dcm4chee: ForeignTms, character_set: Any, name: str
) -> None:
    answer = step(SpecificCharacterSet=character_set, PatientName=name)
    (match,) = found(make_actor, dcm4chee, (0xFF00, answer))
    assert match.patient_name == name


@pytest.mark.parametrize(
    ("value", "offset", "hours"),
    [
        ("20260102100000", "-0500", -5),
        ("20260102100000+0900", "-0500", 9),
        ("20260102100000.5", "+0000", 0),
    ],
)
def test_date_times_are_read_with_the_timezone_of_the_peer(
    make_actor: Callable[..., Any], dcm4chee: ForeignTms, value: str, offset: str, hours: int
) -> None:
    """PS3.3 C.12.1.1.8: Timezone Offset From UTC holds where a value has no offset of its own."""
    answer = step(ScheduledProcedureStepStartDateTime=value, TimezoneOffsetFromUTC=offset)
    (match,) = found(make_actor, dcm4chee, (0xFF00, answer))
    expected = datetime(2026, 1, 2, 10, tzinfo=timezone(timedelta(hours=hours)))
    assert match.start.replace(microsecond=0) == expected


def station(value: str) -> Dataset:
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, "99X", value
    return code


def test_the_ae_directory_names_the_machine_of_a_device(tmp_path: Path) -> None:
    directory = AeDirectory([ApplicationEntity("TDD", "127.0.0.1", 11112, machine="FX1")])
    around = Surroundings(directory, tmp_path)
    made = [
        Tdd(TddSettings(port=0), around),
        Tdd(TddSettings(port=0, machine="FX2"), around),
        Ppvs(PpvsSettings(port=0), around),
    ]
    try:
        assert [actor.machine for actor in made] == ["FX1", "FX2", ""]
        made[0].start()
        assert directory.lookup("TDD").machine == "FX1"
    finally:
        for actor in made:
            actor.stop()


def test_a_step_for_several_machines_is_for_each_of_them() -> None:
    several = Ups(step(ScheduledStationNameCodeSequence=[station("FX1"), station("FX2")]))
    assert (several.machine, several.machines) == ("FX1", ("FX1", "FX2"))
    assert Ups(step()).machines == ()
