"""Messages that change a UPS: progress, final update, state, cancel request, subscription."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydicom.dataset import Dataset

from tdwii_gui.dicom.errors import DatasetError, Finding
from tdwii_gui.dicom.iod import codes, legal
from tdwii_gui.dicom.iod.macros import (
    code_item,
    decimal_string,
    numeric_item,
    to_dt,
)
from tdwii_gui.dicom.iod.references import InputReference, access_items, reference_to
from tdwii_gui.dicom.iod.ups import Cancellation, ProcedureStepState

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from tdwii_gui.dicom.iod.codes import Code


@dataclass(frozen=True, slots=True)
class Communication:
    """Where the performer can be reached: Procedure Step Communications URI Sequence."""

    uri: str
    display_name: str = ""


@dataclass(frozen=True, slots=True)
class HumanPerformer:
    """Who performed the step: Actual Human Performers Sequence."""

    code: Code
    name: str
    organization: str = ""


@dataclass(frozen=True, slots=True)
class FinalUpdate:
    """What RO-64 reports, whether the step is then COMPLETED or CANCELED.

    Parameters
    ----------
    machine : str
        Name of the treatment machine.
    started, ended : datetime or None
        None where nothing was begun: then no performed procedure is reported (CANCELED only).
    outputs : Sequence
        The treatment records, as data sets or as references; empty where no dose was delivered.
    static_ae : str
        AE title of the OST, from which data sets among the outputs are retrieved.
    workitem : Code
        Performed workitem.
    performers : Sequence[HumanPerformer]
        The human performers where known.
    percent : float or None
        Progress in percent, repeated because an N-SET replaces the whole progress (PS3.4 CC.2.6).
    beam_number : int or None
        The beam that was last in progress.
    cancellation : Cancellation or None
        Why and when the step was canceled; None for COMPLETED.
    """

    machine: str
    started: datetime | None
    ended: datetime | None
    outputs: Sequence[Dataset | InputReference]
    static_ae: str
    workitem: Code = codes.RT_TREATMENT_INTERNAL_VERIFICATION
    performers: Sequence[HumanPerformer] = ()
    percent: float | None = None
    beam_number: int | None = None
    cancellation: Cancellation | None = None


def progress_update(
    transaction_uid: str,
    percent: float,
    *,
    beam_number: int | None = None,
    description: str = "",
    communications: Iterable[Communication] = (),
) -> Dataset:
    """Return the modification list of a progress update (RO-62).

    It replaces what was reported before, so everything that should stay is given again.

    Raises
    ------
    DatasetError
        If a value is not legal; the error names its attribute.
    """
    item = _progress_item(percent, beam_number)
    if description:
        keyword = "ProcedureStepProgressDescription"
        item.ProcedureStepProgressDescription = legal.permit(keyword, description)
    contacts = [_communication_item(each) for each in communications]
    if contacts:
        item.ProcedureStepCommunicationsURISequence = contacts
    update = _keyed(transaction_uid)
    update.ProcedureStepProgressInformationSequence = [item]
    legal.add_character_set(update)
    return update


def rescheduled(start: datetime) -> Dataset:
    """Return the modification list by which a SCHEDULED step is moved to another start.

    It is sent without a Transaction UID (PS3.4 CC.2.6.3).
    """
    update = Dataset()
    update.ScheduledProcedureStepStartDateTime = to_dt(start)
    return update


def no_change(transaction_uid: str) -> Dataset:
    """Return a modification list that changes nothing: whether it is taken tells whose step it is.

    Raises
    ------
    DatasetError
        If the Transaction UID is not legal.
    """
    return _keyed(transaction_uid)


def final_update(transaction_uid: str, update: FinalUpdate) -> Dataset:
    """Return the modification list of the final update (RO-64, PS3.4 CC.2.5.1.1).

    Raises
    ------
    DatasetError
        If a value is not legal or what is given does not fit together; names the attribute.
    """
    message = _keyed(transaction_uid)
    progress = _final_progress(update)
    if len(progress):
        message.ProcedureStepProgressInformationSequence = [progress]
    if update.started is not None:
        message.UnifiedProcedureStepPerformedProcedureSequence = [_performed_item(update)]
    elif update.cancellation is None or update.outputs:
        keyword = "PerformedProcedureStepStartDateTime"
        raise DatasetError([Finding(keyword, "has no value")])
    legal.add_character_set(message)
    return message


def change_state(state: ProcedureStepState, transaction_uid: str) -> Dataset:
    """Return the action information of Change UPS State, N-ACTION type 1 (RO-60, RO-65).

    Raises
    ------
    DatasetError
        If the UID is not legal, or the state is SCHEDULED, which only a creation gives.
    """
    if state == ProcedureStepState.SCHEDULED:
        raise DatasetError([Finding("ProcedureStepState", "becomes SCHEDULED only by creation")])
    information = _keyed(transaction_uid)
    information.ProcedureStepState = ProcedureStepState(state).value
    return information


def cancel_request(
    reason: str = "",
    reason_code: Code | None = None,
    contact_name: str = "",
    contact_uri: str = "",
) -> Dataset:
    """Return the action information of Request UPS Cancel, N-ACTION type 2 (PS3.4 CC.2.2).

    What is empty is left out.

    Raises
    ------
    DatasetError
        If a value is not legal; the error names its attribute.
    """
    information = Dataset()
    if reason:
        information.ReasonForCancellation = legal.permit("ReasonForCancellation", reason)
    if reason_code is not None:
        information.ProcedureStepDiscontinuationReasonCodeSequence = [code_item(reason_code)]
    if contact_uri:
        information.ContactURI = legal.permit("ContactURI", contact_uri)
    if contact_name:
        information.ContactDisplayName = legal.permit("ContactDisplayName", contact_name)
    legal.add_character_set(information)
    return information


def subscription(
    receiving_ae_title: str, *, deletion_lock: bool = False, machine: str = ""
) -> Dataset:
    """Return the action information of Subscribe, N-ACTION type 3 (PS3.4 CC.2.3).

    Parameters
    ----------
    machine : str
        The Code Value of the Scheduled Station Name, which a filtered global subscription is
        about; empty for other subscriptions.

    Raises
    ------
    DatasetError
        If the AE title or the machine is not legal.
    """
    information = receiving_ae(receiving_ae_title)
    information.DeletionLock = "TRUE" if deletion_lock else "FALSE"
    if machine:
        station = codes.Code(legal.require("CodeValue", machine), "", "")
        information.ScheduledStationNameCodeSequence = [code_item(station)]
        legal.add_character_set(information)
    return information


def receiving_ae(receiving_ae_title: str) -> Dataset:
    """Return the action information of Unsubscribe and Suspend, N-ACTION types 4 and 5.

    Raises
    ------
    DatasetError
        If the AE title is not legal.
    """
    information = Dataset()
    information.ReceivingAE = legal.require("ReceivingAE", receiving_ae_title)
    return information


def _keyed(transaction_uid: str) -> Dataset:
    message = Dataset()
    message.TransactionUID = legal.require("TransactionUID", transaction_uid)
    return message


def _progress_item(percent: float | None, beam_number: int | None) -> Dataset:
    item = Dataset()
    if percent is not None:
        if not (math.isfinite(percent) and 0 <= percent <= 100):
            raise DatasetError([Finding("ProcedureStepProgress", "is not within 0 to 100")])
        item.ProcedureStepProgress = decimal_string(percent)
    if beam_number is not None:
        beam = numeric_item(codes.REFERENCED_BEAM_NUMBER, beam_number)
        item.ProcedureStepProgressParametersSequence = [beam]
    return item


def _communication_item(communication: Communication) -> Dataset:
    item = Dataset()
    item.ContactURI = legal.require("ContactURI", communication.uri)
    if communication.display_name:
        keyword = "ContactDisplayName"
        item.ContactDisplayName = legal.permit(keyword, communication.display_name)
    return item


def _final_progress(update: FinalUpdate) -> Dataset:
    item = _progress_item(update.percent, update.beam_number)
    if update.cancellation is not None:
        _add_cancellation(item, update.cancellation)
    return item


def _add_cancellation(item: Dataset, cancellation: Cancellation) -> None:
    """Add why the step was canceled; without a code the reason is unspecified (code X)."""
    if cancellation.at is not None:
        item.ProcedureStepCancellationDateTime = to_dt(cancellation.at)
    if cancellation.reason:
        reason = legal.permit("ReasonForCancellation", cancellation.reason)
        item.ReasonForCancellation = reason
    code = cancellation.code or codes.UNSPECIFIED_REASON
    item.ProcedureStepDiscontinuationReasonCodeSequence = [code_item(code)]


def _performed_item(update: FinalUpdate) -> Dataset:
    if update.started is None or update.ended is None:
        raise DatasetError([Finding("PerformedProcedureStepEndDateTime", "has no value")])
    start, end = update.started.astimezone(), update.ended.astimezone()
    if end < start:
        raise DatasetError([Finding("PerformedProcedureStepEndDateTime", "is before the start")])
    machine = legal.require("CodeValue", update.machine)
    item = Dataset()
    if update.performers:
        item.ActualHumanPerformersSequence = [_performer_item(p) for p in update.performers]
    station = codes.Code(machine, codes.STATION_NAME_SCHEME, machine)
    item.PerformedStationNameCodeSequence = [code_item(station)]
    item.PerformedStationClassCodeSequence = []
    item.PerformedStationGeographicLocationCodeSequence = []
    item.PerformedProcedureStepStartDateTime = to_dt(start)
    item.PerformedWorkitemCodeSequence = [code_item(update.workitem)]
    item.PerformedProcedureStepEndDateTime = to_dt(end)
    item.OutputInformationSequence = access_items(
        [_reference(output, update.static_ae) for output in update.outputs]
    )
    return item


def _performer_item(performer: HumanPerformer) -> Dataset:
    item = Dataset()
    item.HumanPerformerCodeSequence = [code_item(performer.code)]
    item.HumanPerformerName = legal.require("HumanPerformerName", performer.name)
    if performer.organization:
        keyword = "HumanPerformerOrganization"
        item.HumanPerformerOrganization = legal.permit(keyword, performer.organization)
    return item


def _reference(output: Dataset | InputReference, retrieve_ae_title: str) -> InputReference:
    if isinstance(output, InputReference):
        return output
    return reference_to(output, retrieve_ae_title)
