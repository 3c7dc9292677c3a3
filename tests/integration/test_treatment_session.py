"""A treatment session step by step, as a person goes through it."""

from __future__ import annotations

import threading
from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from tdwii_gui.actors.events import (
    DeliveryProgressed,
    ExchangeMade,
    SessionChanged,
    TaskFailed,
)
from tdwii_gui.actors.inputs import CANCELED
from tdwii_gui.actors.rtbdi_creator import FractionRequest
from tdwii_gui.actors.session_state import SessionAction, SessionState
from tdwii_gui.dicom.errors import (
    ActionNotAllowed,
    DatasetError,
    DimseStatusError,
    InputsMissing,
    Refused,
    StoreError,
)
from tdwii_gui.dicom.iod.codes import discontinuation_reason
from tdwii_gui.dicom.iod.delivered import delivered_metersets
from tdwii_gui.dicom.iod.treatment_record import TerminationStatus
from tdwii_gui.dicom.iod.ups import ProcedureStepState, Ups
from tdwii_gui.dicom.uids import new_uid
from tests.integration.sessions import (
    SECONDS,
    TWO,
    SampleClock,
    make_ready,
    states,
    wait_for_samples,
)

if TYPE_CHECKING:
    from tdwii_gui.actors.suite import Suite
    from tdwii_gui.dicom.iod.plan import Plan


def test_a_whole_session(
    schedule, open_session, now_of, actors: Suite, clock: SampleClock, recorder
) -> None:
    step = schedule()
    clock.free()
    session = open_session(step)
    assert session.state is SessionState.SELECTED
    assert session.plan is None

    assert session.retrieve_inputs().result(SECONDS).missing == ()
    assert session.plan.sop_instance_uid == step.plan.sop_instance_uid
    assert session.group.beams
    assert session.instruction is None
    assert all(check.passed for check in session.checks)
    before = len(session.checks)

    session.confirm_patient(TWO)
    session.start().result(SECONDS)
    assert session.instruction.fraction_number == step.fraction_number
    assert all(check.passed for check in session.checks)
    assert len(session.checks) > before

    delivered = session.deliver().result(SECONDS)
    assert [beam.beam_number for beam in delivered] == [b.number for b in session.group.beams]
    assert session.delivered == delivered

    (record,) = session.store_records().result(SECONDS)
    assert session.records == (record,)
    assert actors.ost.instances.present([record.SOPInstanceUID])
    session.send_final_update().result(SECONDS)
    session.complete().result(SECONDS)

    final = now_of(step)
    assert final.state is ProcedureStepState.COMPLETED
    assert final.progress.percent == 100
    assert states(recorder) == [
        SessionState.INPUTS_READY,
        SessionState.CONFIRMED,
        SessionState.CLAIMED,
        SessionState.READY,
        SessionState.BEAM_ON,
        SessionState.DELIVERED,
        SessionState.RECORDED,
        SessionState.UPDATED,
        SessionState.COMPLETED,
    ]
    assert {event.sop_instance_uid for event in recorder.of(SessionChanged)} == {
        step.sop_instance_uid
    }
    assert not recorder.of(TaskFailed)


def test_what_the_state_does_not_allow_fails_and_changes_nothing(schedule, open_session) -> None:
    session = open_session(schedule())
    for call in (
        session.start,
        session.deliver,
        session.store_records,
        session.send_final_update,
        session.complete,
        session.cancel,
    ):
        with pytest.raises(ActionNotAllowed):
            call().result(SECONDS)
    with pytest.raises(ActionNotAllowed, match="the inputs are not here yet"):
        session.confirm_patient(TWO)
    session.pause()
    session.resume()
    session.stop()
    assert session.state is SessionState.SELECTED


def test_two_identifiers_have_to_be_compared(schedule, open_session) -> None:
    session = open_session(schedule())
    session.retrieve_inputs().result(SECONDS)
    for too_few in ((), ("Photograph",), ("Photograph", "Photograph")):
        with pytest.raises(ActionNotAllowed, match="at least 2 identifiers"):
            session.confirm_patient(too_few)
    assert session.why_not(SessionAction.START) == "the patient is not confirmed yet"
    session.confirm_patient(TWO)
    assert not session.why_not(SessionAction.START)


def test_pause_and_resume(
    schedule, open_session, clock: SampleClock, actors: Suite, recorder
) -> None:
    session = open_session(schedule())
    make_ready(session)
    delivery = session.deliver()
    clock.pass_samples(3)
    wait_for_samples(recorder, 4)
    assert session.state is SessionState.BEAM_ON
    session.pause()
    assert session.state is SessionState.PAUSED
    assert not session.why_not(SessionAction.RESUME)
    assert session.why_not(SessionAction.PAUSE)
    clock.free()
    wait_for_samples(recorder, 5)
    held = len(recorder.of(DeliveryProgressed))
    assert not threading.Event().wait(0.2)
    assert len(recorder.of(DeliveryProgressed)) == held, "the sample that was under way, no more"
    session.resume()
    assert len(delivery.result(SECONDS)) == len(session.group.beams)
    assert session.state is SessionState.DELIVERED


@pytest.mark.parametrize("paused", [False, True])
def test_a_stop_keeps_what_was_delivered(
    schedule, open_session, clock: SampleClock, now_of, actors: Suite, recorder, paused: bool
) -> None:
    step = schedule()
    session = open_session(step)
    make_ready(session)
    delivery = session.deliver()
    clock.pass_samples(3)
    wait_for_samples(recorder, 4)
    if paused:
        session.pause()
    session.stop()
    clock.pass_samples(1)
    (beam,) = delivery.result(SECONDS)
    assert session.state is SessionState.STOPPED
    assert beam.termination is TerminationStatus.OPERATOR
    assert 0 < beam.end_meterset < session.group.beam(beam.beam_number).meterset

    (record,) = session.store_records().result(SECONDS)
    (recorded,) = delivered_metersets(record)
    assert recorded.delivered == pytest.approx(beam.end_meterset, abs=1e-4)
    session.send_final_update().result(SECONDS)
    progress = now_of(step).progress
    assert 0 < progress.percent < 100
    assert progress.beam_number == beam.beam_number
    with pytest.raises(ActionNotAllowed, match="not all was delivered"):
        session.complete().result(SECONDS)
    session.cancel(discontinuation_reason("110501"), "interlock").result(SECONDS)
    final = now_of(step)
    assert final.state is ProcedureStepState.CANCELED
    assert final.progress.percent == progress.percent
    assert [one.sop_instance_uid for one in final.performed.outputs] == [record.SOPInstanceUID]
    assert final.cancellation.code == discontinuation_reason("110501")


def test_the_speed_changes_while_a_beam_is_on(
    schedule, open_session, clock: SampleClock, recorder
) -> None:
    session = open_session(schedule())
    make_ready(session)
    delivery = session.deliver()
    clock.pass_samples(1)
    wait_for_samples(recorder, 2)
    session.speed = float("inf")
    clock.pass_samples(2 * len(session.group.beams))
    delivery.result(SECONDS)
    assert len(recorder.of(DeliveryProgressed)) < 5 * len(session.group.beams)
    with pytest.raises(ValueError, match="more than 0"):
        session.speed = 0


def test_a_cancellation_stops_the_beam_and_gives_reason_and_records(
    schedule, open_session, clock: SampleClock, now_of, actors: Suite, recorder
) -> None:
    step = schedule()
    session = open_session(step)
    make_ready(session)
    session.deliver()
    clock.pass_samples(3)
    wait_for_samples(recorder, 4)
    code = discontinuation_reason("110515")
    canceling = session.cancel(code, "patient unwell")
    clock.pass_samples(1)
    canceling.result(SECONDS)
    assert session.state is SessionState.CANCELED
    final = now_of(step)
    assert final.state is ProcedureStepState.CANCELED
    assert (final.cancellation.code, final.cancellation.reason) == (code, "patient unwell")
    (output,) = final.performed.outputs
    assert actors.ost.instances.present([output.sop_instance_uid])
    assert actors.tdd.claims.get(step.sop_instance_uid) is None


def test_a_claimed_step_is_canceled_without_records(
    schedule, open_session, now_of, actors: Suite
) -> None:
    step = schedule()
    session = open_session(step)
    make_ready(session)
    session.cancel(None, "wrong patient").result(SECONDS)
    final = now_of(step)
    assert final.state is ProcedureStepState.CANCELED
    assert final.cancellation.reason == "wrong patient"
    assert final.performed.outputs == ()


def test_own_records_are_stored_instead_of_built_ones(
    schedule, open_session, clock: SampleClock, actors: Suite, now_of
) -> None:
    step = schedule()
    clock.free()
    session = open_session(step)
    make_ready(session)
    session.deliver().result(SECONDS)
    (built,) = session.store_records().result(SECONDS)
    with pytest.raises(ActionNotAllowed, match="stored already"):
        session.use_records([built])

    other = open_session(schedule(2))
    make_ready(other)
    other.deliver().result(SECONDS)
    built.SOPInstanceUID = new_uid()
    other.use_records([built])
    assert other.store_records().result(SECONDS) == (built,)
    other.send_final_update().result(SECONDS)
    (output,) = now_of(other.step).performed.outputs
    assert output.sop_instance_uid == built.SOPInstanceUID
    del built.SeriesInstanceUID
    with pytest.raises(DatasetError):
        session.use_records([built])


def test_records_that_were_refused_are_stored_again_as_they_were(
    schedule, open_session, clock: SampleClock, actors: Suite
) -> None:
    session = open_session(schedule())
    clock.free()
    make_ready(session)
    session.deliver().result(SECONDS)
    actors.ost.stop_listening()
    with pytest.raises(Refused):
        session.store_records().result(SECONDS)
    assert session.state is SessionState.DELIVERED
    (built,) = session.records
    actors.ost.start()
    assert session.store_records().result(SECONDS) == (built,)


def test_a_step_that_is_ours_goes_on_after_a_restart(
    schedule, open_session, clock: SampleClock, now_of, actors: Suite
) -> None:
    step = schedule()
    before = open_session(step)
    make_ready(before)
    before.close()
    again = open_session(now_of(step))
    assert again.step.state is ProcedureStepState.IN_PROGRESS
    clock.free()
    make_ready(again)
    assert again.state is SessionState.READY
    again.deliver().result(SECONDS)


def test_a_step_of_another_device_cannot_be_started(
    schedule, open_session, now_of, actors: Suite
) -> None:
    step = schedule()
    session, late = open_session(step), open_session(step)
    make_ready(session)
    with pytest.raises(StoreError, match="is open already"):
        make_ready(late)
    session.close()
    actors.tdd.claims.remove(step.sop_instance_uid)
    actors.tdd.sessions.forget(step.sop_instance_uid)

    later = open_session(now_of(step))
    later.retrieve_inputs().result(SECONDS)
    later.confirm_patient(TWO)
    assert later.why_not(SessionAction.START) == "the step is IN PROGRESS at another device"

    with pytest.raises(DimseStatusError):
        late.start().result(SECONDS)
    assert late.state is SessionState.CONFIRMED


def test_a_missing_instruction_leaves_the_step_claimed_and_can_be_fetched_later(
    actors: Suite, plan: Plan, open_session
) -> None:
    actors.tms.rtbdis.enabled = False
    fraction = actors.creator.build(plan, FractionRequest(1, datetime.now().astimezone()))
    actors.creator.store_static([plan.dataset]).result(SECONDS)
    actors.creator.create_step(fraction).result(SECONDS)
    session = open_session(Ups(actors.tms.service.get(fraction.sop_instance_uid)))
    session.retrieve_inputs().result(SECONDS)
    session.confirm_patient(TWO)
    with pytest.raises(InputsMissing):
        session.start().result(SECONDS)
    assert session.state is SessionState.CLAIMED
    assert not session.why_not(SessionAction.CANCEL)
    actors.creator.store_rtbdi(fraction.rtbdi).result(SECONDS)
    session.start().result(SECONDS)
    assert session.state is SessionState.READY


def test_a_step_for_another_machine_is_not_started(
    schedule, open_session, now_of, actors: Suite
) -> None:
    step = schedule()
    actors.tdd.machine = "ANOTHER"
    session = open_session(step)
    session.retrieve_inputs().result(SECONDS)
    session.confirm_patient(TWO)
    assert session.why_not(SessionAction.START).startswith("Treatment machine: differ")
    with pytest.raises(ActionNotAllowed):
        session.start().result(SECONDS)
    assert now_of(step).state is ProcedureStepState.SCHEDULED


def test_a_canceled_retrieval_can_be_repeated(schedule, open_session, actors: Suite) -> None:
    session = open_session(schedule())
    arrived, goes_on = threading.Event(), threading.Event()
    keep = actors.tdd.instances.keep

    def keep_slowly(*arguments):
        arrived.set()
        assert goes_on.wait(SECONDS)
        return keep(*arguments)

    actors.tdd.instances.keep = keep_slowly
    retrieval = session.retrieve_inputs()
    assert session.why_not(SessionAction.RETRIEVE) == "wait for the end of: retrieve"
    assert arrived.wait(SECONDS)
    session.cancel_retrieval()
    goes_on.set()
    reasons = {missing.reason for missing in retrieval.result(SECONDS).missing}
    assert reasons <= {CANCELED}
    if reasons:
        assert session.state is SessionState.SELECTED
        assert session.retrieve_inputs().result(SECONDS).missing == ()
    assert session.state is SessionState.INPUTS_READY


def test_a_retrieval_that_waits_for_its_turn_is_canceled_too(
    schedule, open_session, actors: Suite
) -> None:
    session = open_session(schedule())
    turn, waiting = threading.Event(), threading.Event()
    actors.tdd.worker.submit("other", "", lambda: turn.wait(SECONDS))
    submit = actors.tdd.worker.submit

    def submitted(*arguments):
        future = submit(*arguments)
        waiting.set()
        return future

    actors.tdd.worker.submit = submitted
    retrieval = session.retrieve_inputs()
    assert waiting.wait(SECONDS)
    while not retrieval.done():
        session.cancel_retrieval()
    assert {missing.reason for missing in retrieval.result().missing} == {CANCELED}
    turn.set()


def test_a_retrieval_is_canceled_before_the_session_comes_to_it(schedule, open_session) -> None:
    session = open_session(schedule())
    turn = threading.Event()
    session.worker.submit("other", "", lambda: turn.wait(SECONDS))
    retrieval = session.retrieve_inputs()
    session.cancel_retrieval()
    turn.set()
    assert {missing.reason for missing in retrieval.result(SECONDS).missing} == {CANCELED}
    assert session.retrieve_inputs().result(SECONDS).missing == ()


def test_a_dead_tms_does_not_stop_the_beam(
    schedule, open_session, clock: SampleClock, actors: Suite, recorder
) -> None:
    session = open_session(schedule())
    make_ready(session)
    actors.tms.stop_listening()
    clock.free()
    assert len(session.deliver().result(SECONDS)) == len(session.group.beams)
    assert session.state is SessionState.DELIVERED
    actors.tms.start()
    session.store_records().result(SECONDS)
    session.send_final_update().result(SECONDS)
    session.complete().result(SECONDS)
    last = [e for e in recorder.of(ExchangeMade) if e.transaction == "RO-65"][-1]
    assert last.exchange.status == 0


def test_closing_while_a_beam_is_on_ends_it(
    schedule, open_session, clock: SampleClock, now_of, actors: Suite, recorder
) -> None:
    step = schedule()
    session = open_session(step)
    make_ready(session)
    delivery = session.deliver()
    clock.pass_samples(2)
    wait_for_samples(recorder, 3)
    closing = threading.Thread(target=session.close)
    closing.start()
    while closing.is_alive():
        clock.pass_samples(1)
        closing.join(0.02)
    assert len(delivery.result(SECONDS)) == 1
    assert now_of(step).state is ProcedureStepState.IN_PROGRESS
    assert actors.tdd.claims.get(step.sop_instance_uid)
