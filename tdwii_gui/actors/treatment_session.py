"""A session of the TDD, RO-59 to RO-65: step by step for a person, or at one go without one."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import Future, wait
from typing import TYPE_CHECKING, TypeVar

from tdwii_gui.actors.checks import Check, require_agreement
from tdwii_gui.actors.events import SessionChanged
from tdwii_gui.actors.session_state import SessionAction, SessionState, why_not
from tdwii_gui.actors.session_steps import SessionOptions, SessionSteps
from tdwii_gui.actors.worker import SerialWorker
from tdwii_gui.dicom.errors import ActionNotAllowed, TdwiiError
from tdwii_gui.dicom.iod.codes import OBJECT_SET_INCOMPLETE
from tdwii_gui.dicom.iod.references import reference_to
from tdwii_gui.dicom.iod.ups import Cancellation, ProcedureStepState, Ups

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pydicom.dataset import Dataset

    from tdwii_gui.actors.inputs import RetrievalResult
    from tdwii_gui.actors.tdd import Tdd
    from tdwii_gui.dicom.iod.codes import Code
    from tdwii_gui.dicom.iod.plan import FractionGroup, Plan
    from tdwii_gui.dicom.iod.rtbdi import RtBeamsDeliveryInstruction
    from tdwii_gui.dicom.iod.treatment_record import DeliveredBeam

__all__ = [
    "BY_SCRIPT",
    "SessionAction",
    "SessionOptions",
    "SessionState",
    "TreatmentSession",
    "treat",
]

R = TypeVar("R")

logger = logging.getLogger(__name__)

BY_SCRIPT = ("confirmed by script",)
"""What stands for the identifiers where no person has compared any."""

_IDENTIFIERS = 2  # that have to be compared at least
_LOOK_SECONDS = 0.2
_ENDED = (SessionState.DELIVERED, SessionState.STOPPED)


class TreatmentSession:
    """One step on its way from the worklist to its end.

    Methods that return futures run one after the other on the session's own thread; one that the
    state does not allow gives a future that has failed with `ActionNotAllowed`. The TDD's listener
    hears `SessionChanged` for each state, and when an action has ended.

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
        self.options = options or SessionOptions()
        self.worker = SerialWorker(f"{tdd.ae_title}-session", lambda _name, _error: None)
        self._steps = SessionSteps(tdd, step, self.options)
        self._lock = threading.RLock()
        self._state = SessionState.SELECTED
        self._busy: SessionAction | None = None
        self._speed = self.options.speed
        self._going = threading.Event()
        self._going.set()

    @property
    def state(self) -> SessionState:
        """How far the session is."""
        return self._state

    @property
    def plan(self) -> Plan | None:
        """The plan; there after RO-59."""
        return self._steps.plan

    @property
    def group(self) -> FractionGroup | None:
        """The fraction group: the plan's first after RO-59, the instruction's after RO-61."""
        return self._steps.group

    @property
    def instruction(self) -> RtBeamsDeliveryInstruction | None:
        """The RT Beams Delivery Instruction; there after RO-61."""
        return self._steps.instruction

    @property
    def checks(self) -> tuple[Check, ...]:
        """What was compared so far."""
        return self._steps.checks

    @property
    def delivered(self) -> tuple[DeliveredBeam, ...]:
        """The beams that have ended, the last of them perhaps in part."""
        delivery = self._steps.delivery
        return tuple(delivery.delivered) if delivery else ()

    @property
    def records(self) -> tuple[Dataset, ...]:
        """The treatment records that were stored, or are to be."""
        return self._steps.records

    @property
    def speed(self) -> float:
        """1 for real time, infinity for as fast as possible; may be changed while a beam is on."""
        return self._speed

    @speed.setter
    def speed(self, speed: float) -> None:
        if not speed > 0:
            raise ValueError("the speed must be more than 0")
        with self._lock:
            self._speed = speed
            if self._steps.delivery is not None:
                self._steps.delivery.speed = speed

    def why_not(self, action: SessionAction) -> str:
        """Return what is missing for an action, in words; empty if it can be done now."""
        with self._lock:
            # While a beam is on, it is the state that says what can be done.
            delivering = self._state.is_delivering and self._busy is SessionAction.BEAM_ON
            if self._busy is not None and not delivering:
                return f"wait for the end of: {self._busy}"
            if reason := why_not(action, self._state):
                return reason
            if action is SessionAction.START and self._state is SessionState.CONFIRMED:
                return self._why_not_claim()
            if action is SessionAction.STORE_RECORDS and not self._has_results():
                return "nothing was delivered"
            return ""

    def retrieve_inputs(self) -> Future[RetrievalResult]:
        """[RO-59] Fetch plan, images and earlier records; read the plan once all are here."""

        def retrieve() -> tuple[SessionState, RetrievalResult]:
            result = self._steps.retrieve()
            return SessionState.SELECTED if result.missing else SessionState.INPUTS_READY, result

        return self._submit(SessionAction.RETRIEVE, retrieve)

    def cancel_retrieval(self) -> None:
        """End the retrieval that is under way early; from any thread."""
        self._steps.cancel_retrieval()

    def confirm_patient(self, identifiers: Sequence[str]) -> None:
        """Confirm that the patient is the right one.

        Parameters
        ----------
        identifiers : Sequence[str]
            What was compared, at least two, e.g. ``("Photograph", "Birth date")``; or `BY_SCRIPT`.

        Raises
        ------
        ActionNotAllowed
            If the inputs are not here yet, or less was compared.
        """
        count = len(set(identifiers))
        by_script = tuple(identifiers) == BY_SCRIPT
        with self._lock:
            if reason := self.why_not(SessionAction.CONFIRM):
                raise ActionNotAllowed(reason)
            if count < _IDENTIFIERS and not by_script:
                raise ActionNotAllowed(f"at least {_IDENTIFIERS} identifiers have to be compared")
            self._become(SessionState.CONFIRMED)
        how = BY_SCRIPT[0] if by_script else f"confirmed by {count} identifiers"
        logger.info("%s: patient of %s %s", self.tdd.ae_title, self.step.sop_instance_uid, how)

    def start(self) -> Future[None]:
        """[RO-60] [RO-61] Claim the step, fetch its instruction, and compare all.

        If the instruction is missing or means another treatment, the step stays claimed: it can be
        started again, or canceled.
        """

        def start() -> tuple[SessionState, None]:
            if self._state is not SessionState.CLAIMED:
                self._steps.claim()
                self._become(SessionState.CLAIMED)
            self._steps.fetch_instruction(self._speed)
            self.speed = self._speed  # it may have been changed just now
            return SessionState.READY, None

        return self._submit(SessionAction.START, start)

    def deliver(self) -> Future[tuple[DeliveredBeam, ...]]:
        """[RO-62] Deliver until all is delivered or `stop` is called."""

        def deliver() -> tuple[SessionState, tuple[DeliveredBeam, ...]]:
            self._become(SessionState.BEAM_ON)
            try:
                delivery = self._steps.deliver(self._going)
            except BaseException:
                self._become(SessionState.STOPPED)
                raise
            state = SessionState.STOPPED if delivery.stopped else SessionState.DELIVERED
            return state, self.delivered

        return self._submit(SessionAction.BEAM_ON, deliver)

    def pause(self) -> None:
        """Hold the beam, at the end of its sample of 0.3 s; does nothing if no beam is on."""
        with self._lock:
            if self._state is SessionState.BEAM_ON:
                self._going.clear()
                self._become(SessionState.PAUSED)

    def resume(self) -> None:
        """Go on after a pause; does nothing without one."""
        with self._lock:
            if self._state is SessionState.PAUSED:
                self._become(SessionState.BEAM_ON)
                self._going.set()

    def stop(self) -> None:
        """End the delivery where it is; the record of its beam says OPERATOR."""
        with self._lock:
            if self._state.is_delivering and self._steps.delivery is not None:
                self._steps.delivery.stop()
                self._going.set()

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
            self._steps.records = tuple(datasets)

    def store_records(self) -> Future[tuple[Dataset, ...]]:
        """[RO-63] Store the treatment records."""
        return self._submit(
            SessionAction.STORE_RECORDS,
            lambda: (SessionState.RECORDED, self._steps.store_records()),
        )

    def send_final_update(self) -> Future[None]:
        """[RO-64] Tell the TMS what was performed and where its results are."""

        def send() -> tuple[SessionState, None]:
            self._steps.send_final_update()
            return SessionState.UPDATED, None

        return self._submit(SessionAction.FINAL_UPDATE, send)

    def complete(self) -> Future[None]:
        """[RO-65] Complete the step."""

        def complete() -> tuple[SessionState, None]:
            self._steps.finish(ProcedureStepState.COMPLETED)
            return SessionState.COMPLETED, None

        return self._submit(SessionAction.COMPLETE, complete)

    def cancel(self, code: Code | None = None, reason: str = "") -> Future[None]:
        """[RO-63] [RO-64] [RO-65] Cancel the claimed step, with records of what was delivered.

        A delivery that is under way is stopped first.
        """
        self.stop()
        cancellation = Cancellation(code, reason)

        def cancel() -> tuple[SessionState, None]:
            if self._state in _ENDED and self._has_results():
                self._steps.store_records()
                self._become(SessionState.RECORDED)
            if self._state in (SessionState.RECORDED, SessionState.UPDATED):
                self._steps.send_final_update(cancellation)
            else:
                self._steps.send_reason(cancellation)
            self._steps.finish(ProcedureStepState.CANCELED)
            return SessionState.CANCELED, None

        return self._submit(SessionAction.CANCEL, cancel)

    def close(self, timeout: float = 2.0) -> None:
        """End what is under way, and the session's thread; the step stays as it is."""
        self.stop()
        self.cancel_retrieval()
        self.worker.stop(timeout)

    def _has_results(self) -> bool:
        return bool(self.delivered or self.records)

    def _why_not_claim(self) -> str:
        if failed := [check for check in self.checks if not check.passed]:
            return f"{failed[0].subject}: {failed[0].text}"
        state = self.step.state
        if state is not None and state.is_final:
            return f"the step is {state}"
        if state is ProcedureStepState.IN_PROGRESS and not self._steps.is_ours:
            return "the step is IN PROGRESS at another device"
        return ""

    def _submit(
        self, action: SessionAction, call: Callable[[], tuple[SessionState, R]]
    ) -> Future[R]:
        """Queue an action, which returns the state after it and its result."""
        with self._lock:
            if reason := self.why_not(action):
                refused: Future[R] = Future()
                refused.set_exception(ActionNotAllowed(reason))
                return refused
            self._busy = action
            if action in (SessionAction.RETRIEVE, SessionAction.START):
                self._steps.allow_retrieval()
        return self.worker.submit(action, "", lambda: self._run(action, call))

    def _run(self, action: SessionAction, call: Callable[[], tuple[SessionState, R]]) -> R:
        state: SessionState | None = None
        try:
            state, result = call()
            return result
        finally:
            with self._lock:
                # A cancellation may have been queued behind a delivery.
                if self._busy is action:
                    self._busy = None
                self._become(state or self._state)

    def _become(self, state: SessionState) -> None:
        with self._lock:
            self._state = state
            self.tdd.emit(SessionChanged(self.tdd.ae_title, self.step.sop_instance_uid, state))


def treat(tdd: Tdd, step: Ups, options: SessionOptions) -> list[Dataset]:
    """Deliver a scheduled step as a whole and return the treatment records that were stored.

    Raises
    ------
    TdwiiError
        What went wrong. Before the claim the step is left as it was; between claim and beam on it
        is canceled with the reason; after that it stays IN PROGRESS with its claim kept, so that
        it can still be finished.
    """
    session = TreatmentSession(tdd, step, options)
    try:
        _outcome(session.retrieve_inputs()).require_complete()
        require_agreement(session.checks)
        session.confirm_patient(BY_SCRIPT)
        try:
            _outcome(session.start())
        except TdwiiError as error:
            if not session.why_not(SessionAction.CANCEL):
                _settled(session.cancel(OBJECT_SET_INCOMPLETE, str(error)))
            raise
        _outcome(session.deliver())
        records = _outcome(session.store_records())
        _outcome(session.send_final_update())
        _outcome(session.complete())
    finally:
        session.close()
    return list(records)


def _settled(future: Future[R]) -> Future[R]:
    """Wait for a future; a wait without end may miss a signal (on Windows)."""
    while not future.done():
        wait([future], _LOOK_SECONDS)
    return future


def _outcome(future: Future[R]) -> R:
    return _settled(future).result()
