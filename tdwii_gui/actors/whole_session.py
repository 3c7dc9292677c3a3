"""A session at one go, without a person: from the worklist, or from where it was left."""

from __future__ import annotations

from concurrent.futures import Future, wait
from typing import TYPE_CHECKING, TypeVar

from tdwii_gui.actors.checks import require_agreement
from tdwii_gui.actors.session_state import SessionAction, SessionState
from tdwii_gui.actors.treatment_session import BY_SCRIPT, SessionOptions, TreatmentSession
from tdwii_gui.dicom.errors import TdwiiError
from tdwii_gui.dicom.iod.codes import OBJECT_SET_INCOMPLETE
from tdwii_gui.dicom.iod.ups import Cancellation

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from tdwii_gui.actors.tdd import Tdd
    from tdwii_gui.dicom.iod.ups import Ups

R = TypeVar("R")

_LOOK_SECONDS = 0.2
_ENDED = (SessionState.DELIVERED, SessionState.STOPPED)
_BEFORE_BEAM_ON = (SessionState.INPUTS_READY, SessionState.CONFIRMED, SessionState.CLAIMED)


def treat(tdd: Tdd, step: Ups, options: SessionOptions) -> list[Dataset]:
    """Deliver a scheduled step as a whole and return the treatment records that were stored.

    Raises
    ------
    TdwiiError
        What went wrong; see `deliver_all`.
    """
    session = TreatmentSession(tdd, step, options)
    try:
        deliver_all(session)
    finally:
        session.close()
    return list(session.records)


def deliver_all(
    session: TreatmentSession,
    cancellation: Cancellation | None = None,
    *,
    accepts_cancellation: bool = False,
) -> None:
    """Bring a session from its inputs, or from where it was left, to its end.

    Parameters
    ----------
    cancellation : Cancellation or None
        Why the step is canceled if the delivery ends early.
    accepts_cancellation : bool
        Whether the beam stays off if the TMS has asked to cancel meanwhile.

    Raises
    ------
    TdwiiError
        What went wrong. Before the claim the step is left as it was; between claim and beam on it
        is canceled with the reason; after that it stays IN PROGRESS with its claim kept, so that
        it can still be finished.
    """
    outcome(session.retrieve_inputs()).require_complete()
    if session.state in _BEFORE_BEAM_ON:
        require_agreement(session.checks)
        session.confirm_patient(BY_SCRIPT)
        try:
            outcome(session.start())
        except TdwiiError as error:
            if not session.why_not(SessionAction.CANCEL):
                _settled(session.cancel(OBJECT_SET_INCOMPLETE, str(error)))
            raise
        if accepts_cancellation and session.cancel_request is not None:
            session.answer_cancel_request(accept=True)
        else:
            outcome(session.deliver())
    elif not session.why_not(SessionAction.CONTINUE):
        outcome(session.continue_delivery())
    finish(session, cancellation)


def finish(session: TreatmentSession, cancellation: Cancellation | None = None) -> None:
    """Bring a session to its end without any beam: COMPLETED if all is delivered, else CANCELED.

    Raises
    ------
    TdwiiError
        What went wrong; it can be tried again.
    """
    canceling = session.canceling
    if canceling is not None:
        outcome(canceling)
        return
    is_whole = session.is_goal_met and session.cancellation is None
    if not is_whole:
        reason = session.cancellation or cancellation or Cancellation()
        if not session.state.is_final:
            outcome(session.cancel(reason.code, reason.reason))
        return
    if session.state in _ENDED:
        outcome(session.store_records())
    if session.state is SessionState.RECORDED:
        outcome(session.send_final_update())
    if session.state is SessionState.UPDATED:
        outcome(session.complete())


def outcome(future: Future[R]) -> R:
    """Return what a future brings, or raise its error."""
    return _settled(future).result()


def _settled(future: Future[R]) -> Future[R]:
    """Wait for a future; a wait without end may miss a signal (on Windows)."""
    while not future.done():
        wait([future], _LOOK_SECONDS)
    return future
