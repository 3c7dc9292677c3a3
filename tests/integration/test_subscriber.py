"""Subscriptions of TDD and PPVS, and what the TMS tells about them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tdwii_gui.actors import subscriber
from tdwii_gui.actors.actor import Surroundings
from tdwii_gui.actors.events import EventReported, ExchangeMade, InputsRetrieved, StepChanged
from tdwii_gui.actors.ppvs import Ppvs
from tdwii_gui.actors.tms import PendingEvent, SubscriptionInfo, Tms
from tdwii_gui.config.ae_directory import AeDirectory, ApplicationEntity
from tdwii_gui.config.settings import PpvsSettings, TmsSettings
from tdwii_gui.dicom.errors import DimseStatusError
from tdwii_gui.dicom.iod.ups import ProcedureStepState
from tdwii_gui.dicom.iod.ups_event import EventType
from tdwii_gui.dicom.status import Status

if TYPE_CHECKING:
    from pathlib import Path

    from tdwii_gui.actors.suite import Suite

SECONDS = 20


@pytest.mark.parametrize("title", ["TDD", "PPVS_SCP"])
def test_subscribe_and_unsubscribe(actors: Suite, schedule, recorder, title: str) -> None:
    actor = actors.tdd if title == "TDD" else actors.ppvs
    step = schedule()
    assert not actor.subscribed
    assert actor.subscribe(deletion_lock=True).result(SECONDS) == 0
    assert actor.subscribed
    assert actors.tms.subscriptions().result(SECONDS) == [
        SubscriptionInfo(title, "", deletion_lock=True),
        SubscriptionInfo(title, step.sop_instance_uid, deletion_lock=True),
    ]
    event = recorder.wait_for(EventReported)
    assert (event.ae_title, event.report.sop_instance_uid) == (title, step.sop_instance_uid)
    assert actor.unsubscribe().result(SECONDS) == 0
    assert not actor.subscribed
    assert actors.tms.subscriptions().result(SECONDS) == []


def test_a_suspended_subscription_goes_on_for_present_steps_alone(actors: Suite, schedule) -> None:
    step = schedule()
    actors.ppvs.subscribe().result(SECONDS)
    actors.ppvs.suspend().result(SECONDS)
    assert not actors.ppvs.subscribed
    schedule(2)
    (left,) = actors.tms.subscriptions().result(SECONDS)
    assert left.sop_instance_uid == step.sop_instance_uid


def test_subscribing_is_tried_until_the_tms_is_there(
    tmp_path: Path, recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscriber, "_RETRY_SECONDS", 0.05)
    directory = AeDirectory()
    around = Surroundings(directory, tmp_path, listener=recorder)
    tms = Tms(TmsSettings(port=0), around)
    ppvs = Ppvs(PpvsSettings(port=0, subscribe=True), around)
    try:
        tms.start()
        tms.stop_listening()
        ppvs.start()
        recorder.wait_for(ExchangeMade, lambda e: e.exchange.status is None)
        assert not ppvs.subscribed
        ppvs.stop_listening()
        ppvs.echo("TMS").exception(SECONDS)  # what was under way is over
        tried = len(recorder.of(ExchangeMade))
        ppvs.worker.submit("pause", "", lambda: None).result(SECONDS)
        assert len(recorder.of(ExchangeMade)) == tried
        ppvs.start()
        tms.start()
        recorder.wait_for(
            ExchangeMade,
            lambda e: (
                (e.exchange.message, e.exchange.role, e.exchange.status) == ("N-ACTION", "scu", 0)
            ),
        )
        ppvs.worker.submit("after", "", lambda: None).result(SECONDS)
        assert ppvs.subscribed
        assert not ppvs._retry.is_due
    finally:
        ppvs.stop()
        tms.stop()


def test_the_ppvs_downloads_when_it_is_told_to(actors: Suite, schedule, recorder) -> None:
    actors.ppvs.subscribe().result(SECONDS)
    first = schedule()
    actors.ppvs.auto_download = True
    told = recorder.wait_for(InputsRetrieved, lambda e: e.ae_title == "PPVS_SCP")
    assert told.sop_instance_uid == first.sop_instance_uid, "it was there before"
    step = schedule(2)
    recorder.wait_for(InputsRetrieved, lambda e: e.sop_instance_uid == step.sop_instance_uid)


def test_what_is_followed_survives_restarts_of_the_tms(actors: Suite, schedule, recorder) -> None:
    """A warm one keeps the subscription; after a cold one it is made anew, with its machine."""
    machine = schedule().machine
    actors.ppvs.auto_download = True
    actors.ppvs.subscribe_filtered(machine).result(SECONDS)
    held = actors.ppvs.subscriptions
    for is_cold in (False, True):
        actors.tms.restart(cold=is_cold).result(SECONDS)
        told = recorder.wait_for(
            EventReported, lambda e, cold=is_cold: _tells_of_start(e, "COLD" if cold else "WARM")
        )
        assert told.ae_title == "PPVS_SCP"
        step = schedule(2 + is_cold)
        recorder.wait_for(
            InputsRetrieved, lambda e, uid=step.sop_instance_uid: e.sop_instance_uid == uid
        )
        assert actors.ppvs.subscriptions == held
    made = [
        e.exchange
        for e in recorder.of(ExchangeMade)
        if (e.exchange.role, e.exchange.message) == ("scu", "N-ACTION")
    ]
    assert [(exchange.calling_ae, exchange.status) for exchange in made] == [("PPVS_SCP", 0)] * 2


def _tells_of_start(event: EventReported, kind: str) -> bool:
    return str(event.report.information.get("SubscriptionListStatus", "")).startswith(kind)


def test_the_tms_shows_its_steps_and_who_claimed_them(actors: Suite, schedule) -> None:
    first, second = schedule(), schedule(2)
    actors.tdd.start_procedure(second.sop_instance_uid).result(SECONDS)
    steps = {step.sop_instance_uid: step for step in actors.tms.steps().result(SECONDS)}
    assert set(steps) == {first.sop_instance_uid, second.sop_instance_uid}
    assert steps[second.sop_instance_uid].state is ProcedureStepState.IN_PROGRESS
    assert steps[first.sop_instance_uid].patient_id == first.patient_id
    assert actors.tms.performers().result(SECONDS) == {second.sop_instance_uid: "TDD"}


def test_events_that_do_not_reach_their_receiver_are_shown_with_the_reason(
    actors: Suite, schedule, recorder
) -> None:
    actors.tdd.subscribe().result(SECONDS)
    port = actors.tdd.port
    actors.directory.register(ApplicationEntity("TDD", "127.0.0.1", 1))
    schedule()
    recorder.wait_for(
        ExchangeMade, lambda e: e.exchange.called_ae == "TDD" and e.exchange.status is None
    )
    pending = wait_for_trouble(actors)
    assert {event.receiving_ae for event in pending} == {"TDD"}
    assert {event.event_type for event in pending} <= set(EventType)
    assert pending[0].since is not None
    assert pending[0].since.tzinfo is not None
    assert "nothing listens" in pending[0].last_error
    assert pending[0].attempts >= 1
    actors.directory.register(ApplicationEntity("TDD", "127.0.0.1", port))
    recorder.wait_for(EventReported)


def wait_for_trouble(actors: Suite) -> list[PendingEvent]:
    for _ in range(200):
        pending = actors.tms.pending_events().result(SECONDS)
        if pending and pending[0].last_error and pending[0].attempts:
            return pending
    raise AssertionError(f"no trouble is told: {pending}")


def test_the_tms_cancels_a_scheduled_step(actors: Suite, schedule, now_of, recorder) -> None:
    step = schedule()
    status = actors.tms.request_cancel(step.sop_instance_uid, "machine is down", "Front desk")
    assert status.result(SECONDS) == 0
    final = now_of(step)
    assert final.state is ProcedureStepState.CANCELED
    assert final.cancellation.reason == "machine is down"
    changes = [e.change for e in recorder.of(StepChanged)]
    assert changes[-1].calling_ae == "TMS"


def test_the_tms_asks_the_performer_to_cancel(actors: Suite, schedule, recorder) -> None:
    step = schedule()
    actors.tdd.start_procedure(step.sop_instance_uid).result(SECONDS)
    with pytest.raises(DimseStatusError) as caught:
        actors.tms.request_cancel(step.sop_instance_uid, "stop").result(SECONDS)
    assert caught.value.status == Status.UPS_PERFORMER_UNREACHABLE
    actors.tdd.subscribe().result(SECONDS)
    actors.tms.request_cancel(step.sop_instance_uid, "stop", "Front desk").result(SECONDS)
    asked = recorder.wait_for(
        EventReported, lambda e: e.report.event_type == EventType.CANCEL_REQUESTED
    )
    assert asked.report.information.ReasonForCancellation == "stop"
    assert asked.report.information.ContactDisplayName == "Front desk"
