"""Sessions that were left unfinished, and are gone on with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tdwii_gui.actors.session_state import SessionAction, SessionState
from tdwii_gui.actors.whole_session import deliver_all, finish
from tdwii_gui.dicom.errors import Refused, StoreError
from tdwii_gui.dicom.iod.codes import EQUIPMENT_FAILURE
from tdwii_gui.dicom.iod.delivered import delivered_metersets
from tdwii_gui.dicom.iod.treatment_record import TerminationStatus
from tdwii_gui.dicom.iod.ups import Cancellation, ProcedureStepState
from tdwii_gui.dicom.iod.ups_update import FinalUpdate
from tdwii_gui.dicom.store.session_entry import Stage
from tests.integration.sessions import SECONDS, SampleClock, make_ready, wait_for_samples

if TYPE_CHECKING:
    from collections.abc import Callable

    from tdwii_gui.actors.suite import Suite
    from tdwii_gui.actors.treatment_session import TreatmentSession
    from tdwii_gui.dicom.iod.ups import Ups

DONE = Cancellation(EQUIPMENT_FAILURE, "power cut")


@pytest.fixture
def left(
    schedule, open_session, clock: SampleClock, recorder, actors: Suite
) -> Callable[[str], Ups]:
    """Return a function that leaves a session at a point, and gives its step."""

    def leave(point: str) -> Ups:
        step = schedule()
        session = open_session(step)
        make_ready(session)
        if point != "ready":
            delivery = session.deliver()
            clock.pass_samples(3)
            wait_for_samples(recorder, 4)
            if point == "beam on":
                session._play.end_updates()  # what is told later is not known any more
                _leave_in_mid_beam(session, clock)
                return step
            clock.free()
            delivery.result(SECONDS)
        for call in {
            "recorded": (session.store_records,),
            "updated": (session.store_records, session.send_final_update),
        }.get(point, ()):
            call().result(SECONDS)
        if point == "unsent":
            actors.ost.stop_listening()
            with pytest.raises(Refused):
                session.store_records().result(SECONDS)
            actors.ost.start()
        session.close()
        return step

    return leave


def _leave_in_mid_beam(session: TreatmentSession, clock: SampleClock) -> None:
    """Let go of a session whose beam is on; what its end would note is not noted."""
    session._work.journal._journal = _Mute()
    session.stop()
    clock.free()
    session.close()


class _Mute:
    """A journal of a process that is gone."""

    def update(self, *_arguments: object, **_values: object) -> None:
        """Note nothing."""


def only_entry(actors: Suite) -> Stage:
    (entry,) = actors.tdd.unfinished_sessions()
    return entry.stage


def records_of(actors: Suite, step: Ups) -> list[str]:
    """Return the records in the OST, which must be those that the step names."""
    uids = [one.sop_instance_uid for one in step.performed.outputs]
    assert actors.ost.instances.present(uids) == set(uids)
    return uids


@pytest.mark.parametrize(
    ("point", "stage", "state"),
    [
        ("delivered", Stage.DELIVERED, SessionState.DELIVERED),
        ("unsent", Stage.DELIVERED, SessionState.DELIVERED),
        ("recorded", Stage.RECORDED, SessionState.RECORDED),
        ("updated", Stage.UPDATED, SessionState.UPDATED),
    ],
)
def test_what_was_delivered_is_finished(
    left, actors: Suite, open_session, now_of, point: str, stage: Stage, state: SessionState
) -> None:
    step = left(point)
    assert only_entry(actors) is stage
    session = open_session(now_of(step))
    session.retrieve_inputs().result(SECONDS)
    assert session.state is state
    assert session.is_goal_met
    assert session.why_not(SessionAction.CONTINUE)
    before = [record.SOPInstanceUID for record in session.records]
    finish(session)
    final = now_of(step)
    assert final.state is ProcedureStepState.COMPLETED
    assert final.progress.percent == 100
    (uid,) = records_of(actors, final)
    assert before in ([], [uid]), "the record that was made is the one that is sent"
    assert actors.tdd.unfinished_sessions() == []
    assert list(actors.tdd.unsent_folder.parent.glob("session-*.lock")) == []


def test_a_step_that_was_only_claimed_is_delivered_or_canceled(
    left, actors: Suite, open_session, now_of
) -> None:
    step = left("ready")
    assert only_entry(actors) is Stage.CLAIMING
    session = open_session(now_of(step))
    assert session.why_not(SessionAction.CANCEL) == "the step is not claimed yet"
    session.retrieve_inputs().result(SECONDS)
    assert session.state is SessionState.INPUTS_READY
    assert session.why_not(SessionAction.CANCEL) == ""
    session.cancel(DONE.code, DONE.reason).result(SECONDS)
    final = now_of(step)
    assert final.state is ProcedureStepState.CANCELED
    assert final.cancellation.reason == "power cut"
    assert actors.tdd.unfinished_sessions() == []


def test_a_claim_whose_answer_is_not_known_is_repeated_before_the_step_is_canceled(
    schedule, actors: Suite, open_session, now_of
) -> None:
    step = schedule()
    actors.tdd.claims.add(step.sop_instance_uid, "1.2.3", "TMS")
    session = open_session(step)
    session.retrieve_inputs().result(SECONDS)
    session.cancel(DONE.code).result(SECONDS)
    assert now_of(step).state is ProcedureStepState.CANCELED
    assert actors.tdd.claims.all() == []


def test_a_beam_that_was_on_is_recorded_as_far_as_it_is_known(
    left, actors: Suite, open_session, now_of
) -> None:
    step = left("beam on")
    (entry,) = actors.tdd.unfinished_sessions()
    assert entry.stage is Stage.BEAM_ON
    ((part,),) = entry.runs
    assert part.termination is TerminationStatus.UNKNOWN
    session = open_session(now_of(step))
    session.retrieve_inputs().result(SECONDS)
    assert session.state is SessionState.STOPPED
    assert session.delivered == (part,)
    assert session.why_not(SessionAction.COMPLETE)
    finish(session, DONE)
    final = now_of(step)
    assert final.state is ProcedureStepState.CANCELED
    assert final.cancellation.reason == "power cut"
    assert final.progress.percent == pytest.approx(entry.percent, abs=0.001)
    (uid,) = records_of(actors, final)
    (beam,) = delivered_metersets(actors.ost.instances.read(uid))
    assert beam.termination == "UNKNOWN"
    assert beam.delivered == pytest.approx(part.end_meterset, abs=1e-4)


def test_a_delivery_goes_on_from_where_it_is_known_to_have_been(
    left, actors: Suite, open_session, now_of
) -> None:
    step = left("beam on")
    session = open_session(now_of(step))
    deliver_all(session)
    final = now_of(step)
    assert final.state is ProcedureStepState.COMPLETED
    assert final.progress.percent == 100
    done: dict[int, float] = {}
    uids = records_of(actors, final)
    assert len(uids) == 2
    for uid in uids:
        for beam in delivered_metersets(actors.ost.instances.read(uid)):
            done[beam.beam_number] = done.get(beam.beam_number, 0.0) + beam.delivered
    assert done == pytest.approx({b.number: b.meterset for b in session.group.beams})


def test_a_cancellation_that_had_begun_is_ended_with_its_own_reason(
    left, actors: Suite, open_session, now_of
) -> None:
    step = left("delivered")
    session = open_session(now_of(step))
    session.retrieve_inputs().result(SECONDS)
    actors.ost.stop_listening()
    with pytest.raises(Refused):
        session.cancel(DONE.code, DONE.reason).result(SECONDS)
    session.close()
    actors.ost.start()
    again = open_session(now_of(step))
    again.retrieve_inputs().result(SECONDS)
    assert again.cancellation == DONE
    finish(again, Cancellation(None, "another"))
    final = now_of(step)
    assert final.state is ProcedureStepState.CANCELED
    assert (final.cancellation.code, final.cancellation.reason) == (DONE.code, DONE.reason)
    records_of(actors, final)


def test_records_of_a_step_that_has_ended_without_us_are_still_stored(
    left, actors: Suite, open_session, now_of
) -> None:
    step = left("unsent")
    claim = actors.tdd.claims.get(step.sop_instance_uid)
    nothing = FinalUpdate("M", None, None, (), "OST", cancellation=DONE)
    actors.tdd.send_final_update(step.sop_instance_uid, nothing).result(SECONDS)
    actors.tdd._claiming.finish(claim, ProcedureStepState.CANCELED)
    (entry,) = actors.tdd.unfinished_sessions()
    assert entry.unsent_records == 1
    session = open_session(now_of(step))
    session.retrieve_inputs().result(SECONDS)
    assert session.state is SessionState.DELIVERED
    session.store_records().result(SECONDS)
    assert session.state is SessionState.CANCELED
    assert actors.ost.instances.present([session.records[0].SOPInstanceUID])
    assert actors.tdd.unfinished_sessions() == []


def test_a_session_that_ended_before_that_was_noted_is_forgotten(left, actors: Suite) -> None:
    step = left("updated")
    actors.tdd.finish_procedure(step.sop_instance_uid, ProcedureStepState.COMPLETED).result(SECONDS)
    assert actors.tdd.unfinished_sessions() == []
    assert actors.tdd.sessions.get(step.sop_instance_uid) is None


def test_a_session_that_is_open_is_not_offered_and_not_taken(
    schedule, actors: Suite, open_session, clock: SampleClock, now_of
) -> None:
    step = schedule()
    session = open_session(step)
    clock.free()
    make_ready(session)
    session.deliver().result(SECONDS)
    assert actors.tdd.unfinished_sessions() == []
    other = open_session(now_of(step))
    with pytest.raises(StoreError, match="is open already"):
        other.retrieve_inputs().result(SECONDS)
    assert other.state is SessionState.SELECTED
