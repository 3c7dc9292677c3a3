"""Steps on their way from one state to the next: what the service itself adds to them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tdwii_gui.dicom import uids
from tdwii_gui.dicom.errors import DimseStatusError
from tdwii_gui.dicom.iod import requirements, tolerant
from tdwii_gui.dicom.status import Status
from tdwii_gui.dicom.store.encoding import duplicate, put
from tdwii_gui.dicom.ups import content, report
from tdwii_gui.dicom.ups.state import ProcedureStepState

if TYPE_CHECKING:
    from datetime import datetime

    from pydicom.dataset import Dataset

    from tdwii_gui.dicom.store.ups_transaction import Step, UpsTransaction
    from tdwii_gui.dicom.ups.report import Report


def requested_state(information: Dataset) -> ProcedureStepState:
    """Return the state that a Change UPS State asks for; 0115 if it is none."""
    try:
        return ProcedureStepState(tolerant.text(information, "ProcedureStepState"))
    except ValueError as error:
        raise DimseStatusError(
            Status.INVALID_ARGUMENT_VALUE, "ProcedureStepState is missing or unknown"
        ) from error


def changed(step: Step, state: ProcedureStepState, now: datetime, *, with_reason: bool) -> Step:
    """Return a step in another state, with what the SCP adds to it.

    Parameters
    ----------
    step : Step
        The step as it is.
    state : ProcedureStepState
        Its new state.
    now : datetime
        When it changes.
    with_reason : bool
        Whether a CANCELED step without a reason code gets the one for an unspecified reason.
    """
    dataset = duplicate(step.dataset)
    put(dataset, "ProcedureStepState", state.value)
    if state is ProcedureStepState.CANCELED:
        dataset = content.canceled(dataset, now, with_reason=with_reason)
    content.touch(dataset, now)
    return step.in_state(state, dataset)


def canceled(step: Step, request: Dataset, now: datetime) -> tuple[Step, list[Report]]:
    """Return a SCHEDULED step as CANCELED at a request, and the reports of its two changes.

    The SCP itself makes the requirements of the final state true (PS3.4 CC.2.2.3).
    """
    started = changed(step, ProcedureStepState.IN_PROGRESS, now, with_reason=False)
    dataset = content.merged(started.dataset, content.reasons_of(request))
    dataset = content.canceled(dataset, now, with_reason=True)
    put(dataset, "ProcedureStepState", ProcedureStepState.CANCELED.value)
    after = step.in_state(ProcedureStepState.CANCELED, dataset)
    return after, [report.of_state(started.dataset), report.of_state(dataset)]


def claimed(
    transaction: UpsTransaction, step: Step, transaction_uid: str, performer_ae: str
) -> Step:
    """Give a step to its performer; 0115 for what is no UID, C301 if somebody was faster."""
    if not uids.is_valid_uid(transaction_uid):
        raise DimseStatusError(Status.INVALID_ARGUMENT_VALUE, "TransactionUID is no UID")
    own = replace(step, transaction_uid=transaction_uid, performer_ae=performer_ae)
    if not transaction.claim(own):
        raise DimseStatusError(Status.UPS_TRANSACTION_UID_WRONG)
    return own


def refuse_request(request: Dataset) -> None:
    """Refuse a Request UPS Cancel whose reason or contact no step may have (0115)."""
    violations = requirements.check_set(content.reasons_of(request))
    if violations:
        raise DimseStatusError(Status.INVALID_ARGUMENT_VALUE, violations[0].text)
