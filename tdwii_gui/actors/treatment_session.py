"""A session of the TDD, RO-59 to RO-65, step by step."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, TypeVar

from tdwii_gui.actors.checks import BY_SCRIPT, check_identity, with_settings
from tdwii_gui.actors.events import SessionChanged
from tdwii_gui.actors.session_actions import SessionActions, done, refused
from tdwii_gui.actors.session_ending import SessionEnding
from tdwii_gui.actors.session_inputs import SessionInputs
from tdwii_gui.actors.session_play import SessionPlay
from tdwii_gui.actors.session_rules import (
    UNCLAIMED,
    is_goal_met,
    obstacle,
    restored_state,
    state_of_ended_step,
)
from tdwii_gui.actors.session_state import SessionAction, SessionState, why_not
from tdwii_gui.actors.session_work import SessionOptions, SessionWork
from tdwii_gui.dicom.errors import ActionNotAllowed
from tdwii_gui.dicom.iod.references import reference_to
from tdwii_gui.dicom.iod.treatment_record import TerminationStatus
from tdwii_gui.dicom.iod.ups import Cancellation, ProcedureStepState, Ups

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Future
    from pathlib import Path

    from pydicom.dataset import Dataset

    from tdwii_gui.actors.cancel_requests import CancelRequest
    from tdwii_gui.actors.checks import Check
    from tdwii_gui.actors.inputs import RetrievalResult
    from tdwii_gui.actors.tdd import Tdd
    from tdwii_gui.dicom.iod.codes import Code
    from tdwii_gui.dicom.iod.plan import FractionGroup, Plan
    from tdwii_gui.dicom.iod.rtbdi import RtBeamsDeliveryInstruction
    from tdwii_gui.dicom.iod.treatment_record import DeliveredBeam

__all__ = ["BY_SCRIPT", "SessionAction", "SessionOptions", "SessionState", "TreatmentSession"]

R = TypeVar("R")

logger = logging.getLogger(__name__)

_ENDED = (SessionState.DELIVERED, SessionState.STOPPED)


class TreatmentSession:
    """One step on its way from the worklist to its end.

    Methods that return futures run one after the other on the session's own thread; what the state
    does not allow fails with `ActionNotAllowed`. The TDD's listener hears `SessionChanged` for
    each state, and when an action has ended.

    Parameters
    ----------
    tdd : Tdd
        Who treats.
    step : Ups
        The step, SCHEDULED, or IN PROGRESS and claimed by the TDD before.
    options : SessionOptions or None
        How it is delivered.
    """

    def __init__(self, tdd: Tdd, step: Ups, options: SessionOptions | None = None) -> None:
        self.tdd = tdd
        self.step = step
        self._actions = SessionActions(f"{tdd.ae_title}-session", self._on_end)
        self.worker = self._actions.worker
        self._work = SessionWork(tdd, step, options or SessionOptions())
        self._inputs = SessionInputs(self._work)
        self._play = SessionPlay(self._work)
        self._ending = SessionEnding(self._work)
        self._lock = self._actions.lock
        self._state = SessionState.SELECTED

    @property
    def state(self) -> SessionState:
        """How far the session is."""
        return self._state

    @property
    def plan(self) -> Plan | None:
        """The plan; there after RO-59."""
        return self._work.plan

    @property
    def group(self) -> FractionGroup | None:
        """The fraction group: the plan's first after RO-59, the instruction's after RO-61."""
        return self._work.group

    @property
    def instruction(self) -> RtBeamsDeliveryInstruction | None:
        """The RT Beams Delivery Instruction; there after RO-61."""
        return self._work.instruction

    @property
    def checks(self) -> tuple[Check, ...]:
        """What was compared so far."""
        return self._work.checks

    @property
    def delivered(self) -> tuple[DeliveredBeam, ...]:
        """The beams that have ended; one that was interrupted and continued is there twice."""
        return self._play.delivered

    @property
    def records(self) -> tuple[Dataset, ...]:
        """The treatment records that were stored, or are to be."""
        return self._work.results.records

    @property
    def unsent(self) -> tuple[Dataset, ...]:
        """Those of them that the archive does not have."""
        return tuple(self._work.results.unsent)

    @property
    def is_goal_met(self) -> bool:
        """Whether all is delivered that the instruction asks for."""
        return is_goal_met(self._work)

    @property
    def canceling(self) -> Future[object] | None:
        """The cancellation that was last asked for; None if there was none."""
        return self._actions.canceling

    @property
    def cancellation(self) -> Cancellation | None:
        """Why the step is being canceled; also where that began before a crash."""
        return self._work.cancellation

    @property
    def cancel_request(self) -> CancelRequest | None:
        """The TMS's request to cancel the step that waits for an answer."""
        return self.tdd.cancel_requests.get(self._work.uid)

    @property
    def waiting(self) -> str:
        """Why it waits until the TMS can be reached; empty if it does not."""
        return self._ending.wait.reason

    @property
    def speed(self) -> float:
        """1 for real time, infinity for as fast as possible; may be changed while a beam is on."""
        return self._play.speed

    @speed.setter
    def speed(self, speed: float) -> None:
        if not speed > 0:
            raise ValueError("the speed must be more than 0")
        self._play.speed = speed

    def why_not(self, action: SessionAction) -> str:
        """Return what is missing for an action, in words; empty if it can be done now."""
        with self._lock:
            busy = self._actions.why_not(delivering=self._state.is_delivering)
            return busy or obstacle(action, self._state, self._work)

    def retrieve_inputs(self) -> Future[RetrievalResult]:
        """[RO-59] Fetch plan, images and earlier records; read the plan once all are here.

        If an earlier session on the step has delivered something, and has not ended, this one
        takes that over: then the state is the one that it had come to.
        """

        def retrieve() -> tuple[SessionState, RetrievalResult]:
            result = self._inputs.retrieve()
            if self._work.restored is not None:
                return restored_state(self._work), result
            return SessionState.SELECTED if result.missing else SessionState.INPUTS_READY, result

        return self._submit(SessionAction.RETRIEVE, retrieve)

    def cancel_retrieval(self) -> None:
        """End the retrieval that is under way early; from any thread."""
        self._inputs.cancel_retrieval()

    def cancel_waiting(self) -> None:
        """Give up waiting for the TMS; from any thread. What it has to hear can be sent later."""
        self._ending.wait.give_up()

    def confirm_patient(self, identifiers: Sequence[str]) -> None:
        """Confirm that the patient is the right one.

        Parameters
        ----------
        identifiers : Sequence[str]
            What was compared, at least two, e.g. ``("Photograph", "Birth date")``; or `BY_SCRIPT`.

        Raises
        ------
        ActionNotAllowed
            If the inputs are not here yet, or less was compared (and that does not only warn).
        """
        (check,) = with_settings([check_identity(identifiers)], self.tdd.settings.warn_only)
        with self._lock:
            if reason := self.why_not(SessionAction.CONFIRM):
                raise ActionNotAllowed(reason)
            if check.is_obstacle:
                raise ActionNotAllowed(check.text)
            self._inputs.confirm(check)
            self._become(SessionState.CONFIRMED)
        logger.info("%s: patient of %s %s", self.tdd.ae_title, self._work.uid, check.text)

    def start(self) -> Future[None]:
        """[RO-60] [RO-61] Claim the step, fetch its instruction, and compare all.

        If the instruction is missing or means another treatment, the step stays claimed: it can be
        started again, or canceled.
        """

        def start() -> tuple[SessionState, None]:
            if self._state is not SessionState.CLAIMED:
                self._inputs.claim()
                self._become(SessionState.CLAIMED)
            self._inputs.fetch_instruction()
            self._play.prepare()
            return SessionState.READY, None

        return self._submit(SessionAction.START, start)

    def deliver(self) -> Future[tuple[DeliveredBeam, ...]]:
        """[RO-62] Deliver until all is delivered or `stop` is called."""
        return self._submit(SessionAction.BEAM_ON, self._deliver)

    def continue_delivery(self) -> Future[tuple[DeliveredBeam, ...]]:
        """[RO-62] Deliver the rest after a stop or a crash, from where it is known to have been.

        The interrupted beam gets a second item, in a record of its own.
        """

        def go_on() -> tuple[SessionState, tuple[DeliveredBeam, ...]]:
            self._play.prepare()
            return self._deliver()

        return self._submit(SessionAction.CONTINUE, go_on)

    def pause(self) -> None:
        """Hold the beam, at the end of its sample of 0.3 s; does nothing if no beam is on."""
        with self._lock:
            if self._state is SessionState.BEAM_ON:
                self._play.hold()
                self._become(SessionState.PAUSED)

    def resume(self) -> None:
        """Go on after a pause; does nothing without one."""
        with self._lock:
            if self._state is SessionState.PAUSED:
                self._become(SessionState.BEAM_ON)
                self._play.go_on()

    def stop(self, reason: TerminationStatus = TerminationStatus.OPERATOR) -> None:
        """End the delivery where it is; the record of its beam says the reason."""
        with self._lock:
            if self._state.is_delivering:
                self._play.stop(reason)

    def use_records(self, datasets: Sequence[Dataset]) -> None:
        """Store these records instead of built ones; none for built ones again.

        Raises
        ------
        ActionNotAllowed
            If records are stored already.
        DatasetError
            If one of them cannot be stored and referenced.
        """
        for dataset in datasets:
            reference_to(dataset, self.tdd.ost_ae_title, "record")
        with self._lock:
            if self._state in (SessionState.RECORDED, SessionState.UPDATED) or self._state.is_final:
                raise ActionNotAllowed(why_not(SessionAction.STORE_RECORDS, self._state))
            self._work.results.records = tuple(datasets)

    def store_records(self) -> Future[tuple[Dataset, ...]]:
        """[RO-63] Store the treatment records; those that an earlier attempt has not."""
        store = self._ending.store_records
        return self._submit(SessionAction.STORE_RECORDS, lambda: (SessionState.RECORDED, store()))

    def waive_records(self) -> Future[tuple[Path, ...]]:
        """Do without the records that could not be stored; return the files that keep them.

        The final update does not name them.
        """
        waive = self._ending.waive_records
        return self._submit(SessionAction.WAIVE_RECORDS, lambda: (SessionState.RECORDED, waive()))

    def send_final_update(self) -> Future[None]:
        """[RO-64] Tell the TMS what was performed and where its results are.

        While it cannot be reached, that is tried again: see `waiting` and `cancel_waiting`.
        """

        def send() -> tuple[SessionState, None]:
            self._play.end_updates()
            self._ending.send_final_update()
            return SessionState.UPDATED, None

        return self._submit(SessionAction.FINAL_UPDATE, send)

    def complete(self) -> Future[None]:
        """[RO-65] Complete the step; first wait for storage commitment, where that is wanted."""

        def complete() -> tuple[SessionState, None]:
            self._ending.finish(ProcedureStepState.COMPLETED, self._inputs.is_canceled)
            return SessionState.COMPLETED, None

        return self._submit(SessionAction.COMPLETE, complete)

    def cancel(self, code: Code | None = None, reason: str = "") -> Future[None]:
        """[RO-63] [RO-64] [RO-65] Cancel the claimed step, with records of what was delivered.

        A delivery that is under way is stopped first. Where it is not known whether the step is
        claimed, that is repeated.
        """
        self.stop()
        cancellation = Cancellation(code, reason)

        def cancel() -> tuple[SessionState, None]:
            if self._state in UNCLAIMED:
                self._inputs.claim()
                self._become(SessionState.CLAIMED)
            self._ending.note_cancellation(cancellation)
            if self._state in _ENDED and self._work.results.owes_records:
                self._ending.store_records()
                self._become(SessionState.RECORDED)
            if self._work.over is None:
                self._play.end_updates()
                self._ending.send_final_update()
                self._ending.finish(ProcedureStepState.CANCELED, self._inputs.is_canceled)
            return SessionState.CANCELED, None

        return self._submit(SessionAction.CANCEL, cancel)

    def answer_cancel_request(self, accept: bool, reason: str = "") -> Future[None]:
        """Accept the TMS's request to cancel, which cancels the step, or decline it.

        A TMS is not told that its request was declined: the step just goes on (PS3.4 CC.2.2).

        Parameters
        ----------
        reason : str
            The reason of the cancellation; by default the request's. For a refusal, what the log
            says.

        Raises
        ------
        ActionNotAllowed
            If nobody has asked for that, or it cannot be canceled now: then the request waits.
        """
        if accept and (missing := self.why_not(SessionAction.CANCEL)):
            raise ActionNotAllowed(missing)
        request = self.tdd.answer_cancel_request(self._work.uid, accept, reason)
        if accept:
            return self.cancel(request.code, reason or request.reason)
        return done(None)

    def close(self, timeout: float = 2.0) -> None:
        """End what is under way, and the session's thread; the step stays as it is."""
        self.stop()
        self.cancel_retrieval()
        self.cancel_waiting()
        self.worker.stop(timeout)
        self._play.end_updates()
        self._work.release()

    def _deliver(self) -> tuple[SessionState, tuple[DeliveredBeam, ...]]:
        self._become(SessionState.BEAM_ON)
        try:
            is_whole = self._play.play()
        except BaseException:
            self._become(SessionState.STOPPED)
            raise
        return SessionState.DELIVERED if is_whole else SessionState.STOPPED, self.delivered

    def _submit(
        self, action: SessionAction, call: Callable[[], tuple[SessionState, R]]
    ) -> Future[R]:
        """Queue an action, which returns the state after it and its result."""
        with self._lock:
            if reason := self.why_not(action):
                return refused(reason)
            self._ending.wait.allow()
            if action in (SessionAction.RETRIEVE, SessionAction.START, SessionAction.COMPLETE):
                self._inputs.allow_retrieval()
            return self._actions.submit(action, call)

    def _on_end(self, state: SessionState | None) -> None:
        self._become(state_of_ended_step(self._work, self._state) or state or self._state)

    def _become(self, state: SessionState) -> None:
        with self._lock:
            self._state = state
            self.tdd.emit(SessionChanged(self.tdd.ae_title, self._work.uid, state))
