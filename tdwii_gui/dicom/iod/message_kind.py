"""What a message is: which action, event or transaction, as far as its exchange tells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from tdwii_gui.dicom import uids
from tdwii_gui.dicom.iod import tolerant
from tdwii_gui.dicom.iod.ups_action import ActionType
from tdwii_gui.dicom.iod.ups_event import EventType

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

UPS_CLASSES: Final = frozenset(
    {uids.UPS_PUSH, uids.UPS_WATCH, uids.UPS_PULL, uids.UPS_EVENT, uids.UPS_QUERY}
)

PROGRESS: Final = "ProcedureStepProgressInformationSequence"
PERFORMED: Final = "UnifiedProcedureStepPerformedProcedureSequence"
REASON_CODE: Final = "ProcedureStepDiscontinuationReasonCodeSequence"
CANCEL_KEYWORDS: Final = frozenset(
    {"ReasonForCancellation", REASON_CODE, "ContactURI", "ContactDisplayName"}
)


class Exchanged(Protocol):
    """What of an exchange tells which rules hold for its data sets."""

    @property
    def message(self) -> str:
        """The service, e.g. ``"N-SET"``."""

    @property
    def sop_class_uid(self) -> str:
        """The SOP class of the request."""

    @property
    def detail(self) -> str:
        """Begins with the title of the action or event where the reporter knew it."""

    @property
    def request(self) -> Dataset | None:
        """The data set of the request."""

    @property
    def response(self) -> Dataset | None:
        """The data set of the response."""


def action_type(exchange: Exchanged) -> ActionType | None:
    """Return the action of an N-ACTION on a UPS; what carries nothing telling is None.

    An exchange does not keep the Action Type ID: the SCU names the action in its detail, of a
    peer's request only the information tells.
    """
    for action in ActionType:
        if exchange.detail.startswith(action.title):
            return action
    present = _keywords(exchange.request)
    if "ProcedureStepState" in present or "TransactionUID" in present:
        return ActionType.CHANGE_STATE
    if "DeletionLock" in present:
        return ActionType.SUBSCRIBE
    if "ReceivingAE" in present:
        return ActionType.UNSUBSCRIBE
    return ActionType.REQUEST_CANCEL if present & CANCEL_KEYWORDS else None


def event_type(exchange: Exchanged) -> EventType | None:
    """Return the event of an N-EVENT-REPORT on a UPS, told like the action of `action_type`."""
    for event in EventType:
        if exchange.detail.startswith(event.title):
            return event
    present = _keywords(exchange.request)
    for event, keyword in (
        (EventType.CANCEL_REQUESTED, "RequestingAE"),
        (EventType.STATE_REPORT, "ProcedureStepState"),
        (EventType.PROGRESS_REPORT, PROGRESS),
        (EventType.SCP_STATUS_CHANGE, "SCPStatus"),
        (EventType.ASSIGNED, "ScheduledStationNameCodeSequence"),
        (EventType.ASSIGNED, "HumanPerformerCodeSequence"),
    ):
        if keyword in present:
            return event
    return None


def transaction_of(exchange: Exchanged) -> str:
    """Return the transaction that a request from outside of this suite most likely is."""
    request = exchange.request
    if exchange.message == "C-STORE" and exchange.sop_class_uid in uids.TREATMENT_RECORD_CLASSES:
        return "RO-63"
    if exchange.sop_class_uid not in UPS_CLASSES or request is None:
        return ""
    if exchange.message == "C-FIND":
        return "RO-58"
    if exchange.message == "N-ACTION" and action_type(exchange) is ActionType.CHANGE_STATE:
        return "RO-60" if tolerant.text(request, "ProcedureStepState") == "IN PROGRESS" else "RO-65"
    if exchange.message == "N-SET" and "TransactionUID" in request:
        final = PERFORMED in request or is_cancellation(request)
        return "RO-64" if final else "RO-62" if PROGRESS in request else ""
    return ""


def is_cancellation(dataset: Dataset) -> bool:
    """Return whether an update of the progress says why the step is canceled."""
    return bool(tolerant.items(tolerant.first_item(dataset, PROGRESS), REASON_CODE))


def _keywords(dataset: Dataset | None) -> set[str]:
    return set() if dataset is None else {str(keyword) for keyword in dataset.dir()}
