"""Sessions that do not go as planned: faults, requests to cancel, peers that are not there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from pydicom import dcmread

from tdwii_gui.actors.checks import CheckName
from tdwii_gui.actors.events import (
    CancelRequested,
    DeliveryProgressed,
    ExchangeMade,
    SessionChanged,
    SessionWaiting,
)
from tdwii_gui.actors.interruption import Interruption
from tdwii_gui.actors.session_state import SessionAction, SessionState
from tdwii_gui.actors.treatment_session import SessionOptions, TreatmentSession
from tdwii_gui.actors.whole_session import deliver_all, treat
from tdwii_gui.dicom.errors import (
    ActionNotAllowed,
    ConfigError,
    DatasetError,
    DimseStatusError,
    Refused,
)
from tdwii_gui.dicom.iod.codes import EQUIPMENT_FAILURE, UNSPECIFIED_REASON
from tdwii_gui.dicom.iod.delivered import delivered_metersets
from tdwii_gui.dicom.iod.treatment_record import TerminationStatus
from tdwii_gui.dicom.iod.ups import Cancellation, ProcedureStepState
from tests.integration.sessions import SECONDS, TWO, SampleClock, make_ready, wait_for_samples

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tdwii_gui.actors.suite import Suite
    from tdwii_gui.dicom.iod.ups import Ups

MACHINE = TerminationStatus.MACHINE


def interrupted(suite: Suite, step: Ups, place: str) -> TreatmentSession:
    """Deliver as a script does, with a fault of the machine somewhere."""
    how = SessionOptions(interruption=Interruption.parse(place, MACHINE))
    session = TreatmentSession(suite.tdd, step, how)
    try:
        deliver_all(session, Cancellation(EQUIPMENT_FAILURE, "interlock"))
    finally:
        session.close()
    return session


@pytest.mark.parametrize("place", ["17%", "99.9%"])
def test_a_fault_ends_canceled_with_its_reason_after_record_and_final_update(
    actors: Suite, schedule, now_of, place: str
) -> None:
    step = schedule()
    session = interrupted(actors, step, place)
    assert session.state is SessionState.CANCELED
    final = now_of(step)
    assert final.state is ProcedureStepState.CANCELED
    assert (final.cancellation.code, final.cancellation.reason) == (EQUIPMENT_FAILURE, "interlock")
    assert final.progress.percent == pytest.approx(float(place[:-1]), abs=0.01)
    (output,) = final.performed.outputs
    record = actors.ost.instances.read(output.sop_instance_uid)
    terminations = [beam.termination for beam in delivered_metersets(record)]
    assert terminations[-1] == MACHINE
    assert set(terminations[:-1]) <= {"NORMAL"}
    assert actors.tdd.unfinished_sessions() == []


def test_a_fault_before_any_dose_leaves_no_record(actors: Suite, schedule, now_of) -> None:
    step = schedule()
    session = interrupted(actors, step, "0%")
    assert session.records == ()
    final = now_of(step)
    assert final.state is ProcedureStepState.CANCELED
    assert final.cancellation.code == EQUIPMENT_FAILURE
    assert final.performed.outputs == ()


def test_a_place_that_is_not_in_the_plan_is_refused_before_the_claim(
    actors: Suite, schedule, now_of
) -> None:
    step = schedule()
    with pytest.raises(ConfigError, match="it ends at"):
        interrupted(actors, step, "1:99999")
    assert now_of(step).state is ProcedureStepState.SCHEDULED


def test_an_interrupted_delivery_can_be_continued_in_the_same_session(
    schedule, open_session, clock: SampleClock, now_of, recorder, actors: Suite
) -> None:
    step = schedule()
    session = open_session(step)
    make_ready(session)
    delivery = session.deliver()
    clock.pass_samples(3)
    wait_for_samples(recorder, 4)
    session.stop()
    clock.free()
    (part,) = delivery.result(SECONDS)
    session.continue_delivery().result(SECONDS)
    assert session.state is SessionState.DELIVERED
    delivered = session.delivered
    assert delivered[0] == part
    assert delivered[1].start_meterset == part.end_meterset
    assert recorder.of(DeliveryProgressed)[-1].progress.percent == 100
    percents = [event.progress.percent for event in recorder.of(DeliveryProgressed)]
    assert percents == sorted(percents)

    first, second = session.store_records().result(SECONDS)
    done: dict[int, float] = {}
    for record in (first, second):
        for beam in delivered_metersets(record):
            done[beam.beam_number] = done.get(beam.beam_number, 0.0) + beam.delivered
    assert done == {beam.number: beam.meterset for beam in session.group.beams}
    (prior,) = second.ReferencedTreatmentRecordSequence
    assert prior.ReferencedSOPInstanceUID == first.SOPInstanceUID
    session.send_final_update().result(SECONDS)
    session.complete().result(SECONDS)
    assert len(now_of(step).performed.outputs) == 2


@pytest.fixture
def beam_on(
    schedule, open_session, clock: SampleClock, recorder, actors: Suite
) -> Callable[[], TreatmentSession]:
    """Return a function that gives a session in mid-beam, of a device that is subscribed."""

    def start() -> TreatmentSession:
        actors.tdd.subscribe().result(SECONDS)
        session = open_session(schedule())
        make_ready(session)
        session.deliver()
        clock.pass_samples(3)
        wait_for_samples(recorder, 4)
        return session

    return start


def ask_to_cancel(actors: Suite, recorder, step: Ups) -> None:
    actors.tms.request_cancel(step.sop_instance_uid, "wrong patient", "Dr. Who").result(SECONDS)
    event = recorder.wait_for(CancelRequested)
    assert event.request.sop_instance_uid == step.sop_instance_uid
    assert (event.request.reason, event.request.contact_name) == ("wrong patient", "Dr. Who")


def own_actions(recorder) -> int:
    """Return how many actions were requested by us."""
    made = [event.exchange for event in recorder.of(ExchangeMade)]
    return sum(one.message == "N-ACTION" and one.role == "scu" for one in made)


def test_a_request_to_cancel_that_is_accepted_stops_the_beam_and_cancels(
    beam_on, actors: Suite, recorder, clock: SampleClock, now_of
) -> None:
    session = beam_on()
    ask_to_cancel(actors, recorder, session.step)
    assert session.cancel_request.requesting_ae
    answered = session.answer_cancel_request(accept=True)
    clock.free()
    answered.result(SECONDS)
    final = now_of(session.step)
    assert final.state is ProcedureStepState.CANCELED
    assert final.cancellation.reason == "wrong patient"
    assert len(final.performed.outputs) == 1
    assert session.cancel_request is None
    with pytest.raises(ActionNotAllowed, match="nobody has asked"):
        session.answer_cancel_request(accept=False)


def test_a_request_to_cancel_that_is_declined_changes_nothing(
    beam_on, actors: Suite, recorder, clock: SampleClock, caplog
) -> None:
    session = beam_on()
    ask_to_cancel(actors, recorder, session.step)
    sent = own_actions(recorder)
    with caplog.at_level("INFO", logger="tdwii_gui"):
        session.answer_cancel_request(accept=False, reason="nearly done").result(SECONDS)
    assert "is declined: nearly done" in caplog.text
    assert session.state is SessionState.BEAM_ON
    assert own_actions(recorder) == sent
    assert session.cancel_request is None
    clock.free()
    recorder.wait_for(SessionChanged, lambda e: e.state is SessionState.DELIVERED)


def test_a_request_that_cannot_be_accepted_now_waits(
    actors: Suite, recorder, schedule, open_session
) -> None:
    actors.tdd.subscribe().result(SECONDS)
    step = schedule()
    actors.tdd.start_procedure(step.sop_instance_uid).result(SECONDS)
    ask_to_cancel(actors, recorder, step)
    session = open_session(step)
    with pytest.raises(ActionNotAllowed):
        session.answer_cancel_request(accept=True)
    assert session.cancel_request is not None
    session.retrieve_inputs().result(SECONDS)
    session.answer_cancel_request(accept=True).result(SECONDS)
    assert session.state is SessionState.CANCELED


def test_records_that_could_not_be_stored_are_done_without_only_if_the_user_says_so(
    actors: Suite, schedule, open_session, clock: SampleClock, now_of, tmp_path: Path
) -> None:
    """The first of two is stored: the final update lists exactly that one."""
    actors.tdd.settings = replace(actors.tdd.settings, records_per_beam=True)
    step = schedule()
    session = open_session(step)
    clock.free()
    make_ready(session)
    session.deliver().result(SECONDS)
    assert session.why_not(SessionAction.WAIVE_RECORDS) == "no record has failed to be stored"

    add = actors.ost.instances.keep
    count = 0

    def keep_one(*arguments):
        nonlocal count
        count += 1
        if count > 1:
            raise DimseStatusError(0xA700, "no room")
        return add(*arguments)

    actors.ost.instances.keep = keep_one
    with pytest.raises(DimseStatusError):
        session.store_records().result(SECONDS)
    assert session.state is SessionState.DELIVERED
    assert session.why_not(SessionAction.COMPLETE) == "the treatment records are not stored yet"
    assert len(session.records) > 1

    files = session.waive_records().result(SECONDS)
    assert session.state is SessionState.RECORDED
    stored, *waived = [str(record.SOPInstanceUID) for record in session.records]
    assert [dcmread(path).SOPInstanceUID for path in files] == waived
    session.send_final_update().result(SECONDS)
    session.complete().result(SECONDS)
    assert [one.sop_instance_uid for one in now_of(step).performed.outputs] == [stored]


def test_the_final_update_waits_for_the_tms_and_says_why(
    actors: Suite, schedule, open_session, clock: SampleClock, now_of, recorder
) -> None:
    step = schedule()
    session = open_session(step)
    clock.free()
    make_ready(session)
    session.deliver().result(SECONDS)
    session.store_records().result(SECONDS)
    actors.tms.stop_listening()
    update = session.send_final_update()
    waiting = recorder.wait_for(SessionWaiting)
    assert "TMS" in waiting.reason
    assert session.waiting == waiting.reason
    session.cancel_waiting()
    with pytest.raises(Refused):
        update.result(SECONDS)
    assert session.state is SessionState.RECORDED
    assert session.waiting == ""

    update = session.send_final_update()
    count = len(recorder.of(SessionWaiting))
    recorder.wait_for(SessionWaiting, lambda _: len(recorder.of(SessionWaiting)) > count)
    actors.tms.start()
    update.result(SECONDS)
    session.complete().result(SECONDS)
    assert now_of(step).state is ProcedureStepState.COMPLETED


def test_a_tms_that_restarts_in_mid_beam_has_the_whole_progress_at_the_end(
    actors: Suite, schedule, open_session, clock: SampleClock, now_of, recorder
) -> None:
    step = schedule()
    session = open_session(step)
    make_ready(session)
    delivery = session.deliver()
    clock.pass_samples(2)
    wait_for_samples(recorder, 3)
    actors.tms.stop_listening()
    clock.pass_samples(4)
    recorder.wait_for(
        ExchangeMade, lambda e: e.exchange.status is None and e.transaction == "RO-62"
    )
    actors.tms.start()
    clock.free()
    delivery.result(SECONDS)
    told = recorder.wait_for(
        ExchangeMade,
        lambda e: (
            e.exchange.role == "scu"
            and e.transaction == "RO-62"
            and e.exchange.status == 0
            and now_of(step).progress.percent == 100
        ),
    )
    assert told.exchange.message == "N-SET"
    session.store_records().result(SECONDS)
    session.send_final_update().result(SECONDS)
    session.complete().result(SECONDS)
    assert now_of(step).state is ProcedureStepState.COMPLETED
    assert now_of(step).progress.percent == 100


def test_a_fraction_that_was_delivered_is_not_delivered_again(
    actors: Suite, schedule, open_session, now_of
) -> None:
    treat(actors.tdd, schedule(), SessionOptions())
    again = schedule()
    with pytest.raises(DatasetError, match="not delivered yet does not hold: beam 1 of fraction 1"):
        treat(actors.tdd, again, SessionOptions())
    assert now_of(again).state is ProcedureStepState.SCHEDULED
    other = open_session(schedule(2))
    other.retrieve_inputs().result(SECONDS)
    assert all(check.passed for check in other.checks)

    warned = replace(actors.tdd.settings, warn_only_checks="approval, delivered")
    actors.tdd.settings = warned
    session = open_session(again)
    session.retrieve_inputs().result(SECONDS)
    (check,) = [one for one in session.checks if one.name is CheckName.DELIVERED]
    assert not check.passed
    session.confirm_patient(TWO)
    assert session.why_not(SessionAction.START) == ""


def test_an_ost_that_cannot_tell_what_was_delivered_does_not_keep_the_beam_off(
    actors: Suite, schedule, open_session
) -> None:
    step = schedule()
    actors.tdd.retrieve_static_inputs(step).result(SECONDS)
    actors.ost.stop_listening()
    session = open_session(step)
    session.retrieve_inputs().result(SECONDS)
    (check,) = [one for one in session.checks if one.name is CheckName.DELIVERED]
    assert not check.passed
    assert "OST cannot tell" in check.text
    session.confirm_patient(TWO)
    session.start().result(SECONDS)


def test_a_step_that_was_ended_at_the_tms_ends_the_session_when_its_records_are_stored(
    actors: Suite, schedule, open_session, clock: SampleClock
) -> None:
    step = schedule()
    session = open_session(step)
    clock.free()
    make_ready(session)
    session.deliver().result(SECONDS)
    session.store_records().result(SECONDS)
    claim = actors.tdd.claims.get(step.sop_instance_uid)
    actors.tdd._claiming.finish(claim, ProcedureStepState.CANCELED)
    actors.tdd.claims.add(step.sop_instance_uid, claim.transaction_uid, "TMS")
    with pytest.raises(DimseStatusError):
        session.send_final_update().result(SECONDS)
    assert session.state is SessionState.CANCELED
    assert actors.tdd.unfinished_sessions() == []
    assert actors.tdd.claims.get(step.sop_instance_uid) is None


def test_without_a_reason_an_interruption_is_unspecified(actors: Suite, schedule, now_of) -> None:
    step = schedule()
    how = SessionOptions(interruption=Interruption.parse("50%"))
    treat(actors.tdd, step, how)
    assert now_of(step).cancellation.code == UNSPECIFIED_REASON
