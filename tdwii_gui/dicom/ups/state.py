"""The state machine of a Unified Procedure Step (PS3.4 CC.1.1, Table CC.1.1-2)."""

from __future__ import annotations

from typing import Final

from tdwii_gui.dicom.iod.ups import ProcedureStepState
from tdwii_gui.dicom.status import Status

__all__ = ["ProcedureStepState", "check_modification", "check_transition"]

_SCHEDULED: Final = ProcedureStepState.SCHEDULED
_IN_PROGRESS: Final = ProcedureStepState.IN_PROGRESS
_COMPLETED: Final = ProcedureStepState.COMPLETED
_CANCELED: Final = ProcedureStepState.CANCELED

_TRANSITIONS: Final = {
    (_SCHEDULED, _IN_PROGRESS): Status.SUCCESS,
    (_IN_PROGRESS, _IN_PROGRESS): Status.UPS_ALREADY_IN_PROGRESS,
    (_COMPLETED, _IN_PROGRESS): Status.UPS_FINAL,
    (_CANCELED, _IN_PROGRESS): Status.UPS_FINAL,
    (_SCHEDULED, _COMPLETED): Status.UPS_NOT_IN_PROGRESS,
    (_IN_PROGRESS, _COMPLETED): Status.SUCCESS,
    (_COMPLETED, _COMPLETED): Status.UPS_ALREADY_COMPLETED,
    (_CANCELED, _COMPLETED): Status.UPS_FINAL,
    (_SCHEDULED, _CANCELED): Status.UPS_NOT_IN_PROGRESS,
    (_IN_PROGRESS, _CANCELED): Status.SUCCESS,
    (_COMPLETED, _CANCELED): Status.UPS_FINAL,
    (_CANCELED, _CANCELED): Status.UPS_ALREADY_CANCELED,
}
"""(current, requested) to the status, for a request with the right Transaction UID."""


def check_transition(
    current: ProcedureStepState,
    requested: ProcedureStepState,
    recorded_uid: str,
    given_uid: str,
) -> Status:
    """Return the status of a Change UPS State request (PS3.4 Table CC.1.1-2).

    ``SUCCESS`` means that the state may change, provided a final state's requirements are met; a
    warning means that the step is in that state already and nothing changes.

    Parameters
    ----------
    current, requested : ProcedureStepState
        The step's state, and the one that is asked for.
    recorded_uid : str
        The Transaction UID of the claim; empty for a step that nobody claimed.
    given_uid : str
        The Transaction UID of the request; empty if it has none.
    """
    if requested is _SCHEDULED:
        return Status.UPS_SCHEDULED_ONLY_BY_CREATE
    if not _is_right(current, recorded_uid, given_uid):
        return Status.UPS_TRANSACTION_UID_WRONG
    return _TRANSITIONS[current, requested]


def check_modification(current: ProcedureStepState, recorded_uid: str, given_uid: str) -> Status:
    """Return the status of an N-SET as far as it depends on the state (PS3.4 CC.2.6.3)."""
    if current.is_final:
        return Status.UPS_FINAL
    if current is _SCHEDULED:
        return Status.UPS_NOT_IN_PROGRESS if given_uid else Status.SUCCESS
    if not _is_right(current, recorded_uid, given_uid):
        return Status.UPS_TRANSACTION_UID_WRONG
    return Status.SUCCESS


def _is_right(current: ProcedureStepState, recorded_uid: str, given_uid: str) -> bool:
    """Return whether a Transaction UID gives the right to change a step.

    A missing one is a wrong one. Of a SCHEDULED step none is recorded and any is right; a step
    that was canceled while SCHEDULED has none either, but nobody can have the right one.
    """
    if not given_uid:
        return False
    return current is _SCHEDULED or given_uid == recorded_uid
