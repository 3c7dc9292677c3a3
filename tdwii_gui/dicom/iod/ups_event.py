"""N-EVENT-REPORT information of UPS events: written by the TMS, read by its subscribers.

See PS3.4 Table CC.2.4-1.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, Final

from pydicom.dataset import Dataset

from tdwii_gui.dicom.iod import legal, tolerant
from tdwii_gui.dicom.iod.ups import InputReadiness, ProcedureStepState, Progress, read_progress

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tdwii_gui.dicom.iod.codes import Code

_REASON: Final = ("ReasonForCancellation", "ProcedureStepDiscontinuationReasonCodeSequence")
_CONTACT: Final = ("ContactURI", "ContactDisplayName")
_PROGRESS: Final = (
    "ProcedureStepProgress",
    "ProcedureStepProgressDescription",
    "ProcedureStepProgressParametersSequence",
    "ProcedureStepCommunicationsURISequence",
)


class EventType(IntEnum):
    """Event Type ID of the UPS Event SOP Class."""

    STATE_REPORT = 1
    CANCEL_REQUESTED = 2
    PROGRESS_REPORT = 3
    SCP_STATUS_CHANGE = 4
    ASSIGNED = 5

    @property
    def title(self) -> str:
        """The event's name in the standard."""
        return _TITLES[self]


_TITLES: Final = {
    EventType.STATE_REPORT: "UPS State Report",
    EventType.CANCEL_REQUESTED: "UPS Cancel Requested",
    EventType.PROGRESS_REPORT: "UPS Progress Report",
    EventType.SCP_STATUS_CHANGE: "SCP Status Change",
    EventType.ASSIGNED: "UPS Assigned",
}


class ScpStatus(StrEnum):
    """SCP Status (0074,1242)."""

    RESTARTED = "RESTARTED"
    GOING_DOWN = "GOING DOWN"


class ListStatus(StrEnum):
    """Subscription List Status (0074,1244), Unified Procedure Step List Status (0074,1246)."""

    WARM_START = "WARM START"
    COLD_START = "COLD START"


@dataclass(frozen=True, slots=True)
class EventReport:
    """What an event report tells its receiver; what the event does not carry is None or empty.

    Parameters
    ----------
    event_type : EventType
        Which event it is.
    sop_instance_uid : str
        The UPS; for an SCP Status Change the subscribed instance.
    requesting_ae : str
        Who requested the cancellation.
    machine : str
        Code Value of the first Scheduled Station Name of an assignment.
    """

    event_type: EventType
    sop_instance_uid: str
    state: ProcedureStepState | None = None
    input_readiness: InputReadiness | None = None
    progress: Progress | None = None
    reason: str = ""
    reason_code: Code | None = None
    requesting_ae: str = ""
    contact_uri: str = ""
    contact_name: str = ""
    machine: str = ""
    human_performer: Code | None = None
    scp_status: ScpStatus | None = None
    subscription_list: ListStatus | None = None
    ups_list: ListStatus | None = None


def read_event(event_type: int, sop_instance_uid: str, information: Dataset) -> EventReport:
    """Return what an N-EVENT-REPORT tells; content that cannot be read counts as absent.

    Raises
    ------
    ValueError
        If the event type is not one of the UPS Event SOP Class (to be answered with 0113).
    """
    kind = EventType(event_type)
    station = tolerant.code(information, "ScheduledStationNameCodeSequence")
    state = tolerant.text(information, "ProcedureStepState")
    readiness = tolerant.text(information, "InputReadinessState")
    status = tolerant.text(information, "SCPStatus")
    return EventReport(
        event_type=kind,
        sop_instance_uid=sop_instance_uid,
        state=ProcedureStepState(state) if state in set(ProcedureStepState) else None,
        input_readiness=InputReadiness(readiness) if readiness in set(InputReadiness) else None,
        progress=read_progress(information) if kind == EventType.PROGRESS_REPORT else None,
        reason=tolerant.text(information, "ReasonForCancellation"),
        reason_code=tolerant.code(information, "ProcedureStepDiscontinuationReasonCodeSequence"),
        requesting_ae=tolerant.text(information, "RequestingAE"),
        contact_uri=tolerant.text(information, "ContactURI"),
        contact_name=tolerant.text(information, "ContactDisplayName"),
        machine=station.value if station else "",
        human_performer=tolerant.code(information, "HumanPerformerCodeSequence"),
        scp_status=ScpStatus(status) if status in set(ScpStatus) else None,
        subscription_list=_list_status(information, "SubscriptionListStatus"),
        ups_list=_list_status(information, "UnifiedProcedureStepListStatus"),
    )


def state_report(ups: Dataset) -> Dataset:
    """Return the information of a UPS State Report (event type 1).

    Parameters
    ----------
    ups : Dataset
        The UPS in its new state.
    """
    information = Dataset()
    information.ProcedureStepState = tolerant.text(ups, "ProcedureStepState")
    information.InputReadinessState = tolerant.text(ups, "InputReadinessState")
    progress = tolerant.first_item(ups, "ProcedureStepProgressInformationSequence")
    _copy_valued(progress, information, _REASON)
    return _finished(information, ups)


def cancel_requested(requesting_ae: str, request: Dataset) -> Dataset:
    """Return the information of a UPS Cancel Requested event (event type 2).

    Parameters
    ----------
    requesting_ae : str
        The calling AE of the Request UPS Cancel.
    request : Dataset
        Its action information.
    """
    information = Dataset()
    information.RequestingAE = requesting_ae
    _copy_valued(request, information, (*_REASON, *_CONTACT))
    return _finished(information, request)


def progress_report(ups: Dataset) -> Dataset:
    """Return the information of a UPS Progress Report (event type 3) of a UPS."""
    item = Dataset()
    progress = tolerant.first_item(ups, "ProcedureStepProgressInformationSequence")
    _copy_valued(progress, item, _PROGRESS)
    information = Dataset()
    information.ProcedureStepProgressInformationSequence = [item]
    return _finished(information, ups)


def scp_status_change(
    status: ScpStatus,
    *,
    subscription_list: ListStatus = ListStatus.WARM_START,
    ups_list: ListStatus = ListStatus.WARM_START,
) -> Dataset:
    """Return the information of an SCP Status Change (event type 4).

    The list statuses mean something with RESTARTED only, but are type 1 always.
    """
    information = Dataset()
    information.SCPStatus = ScpStatus(status).value
    information.SubscriptionListStatus = ListStatus(subscription_list).value
    information.UnifiedProcedureStepListStatus = ListStatus(ups_list).value
    return information


def assigned(ups: Dataset) -> Dataset:
    """Return the information of a UPS Assigned event (event type 5) of a UPS.

    It is empty where neither a station nor a human performer is assigned.
    """
    information = Dataset()
    _copy_valued(ups, information, ("ScheduledStationNameCodeSequence",))
    performer = tolerant.first_item(ups, "ScheduledHumanPerformersSequence")
    keywords = ("HumanPerformerCodeSequence", "HumanPerformerOrganization")
    _copy_valued(performer, information, keywords)
    return _finished(information, ups)


def _copy_valued(source: Dataset, target: Dataset, keywords: Iterable[str]) -> None:
    for keyword in keywords:
        found = tolerant.element(source, keyword)
        if found is not None and not found.is_empty:
            target[keyword] = deepcopy(found)


def _finished(information: Dataset, source: Dataset) -> Dataset:
    legal.add_character_set(information, tolerant.text(source, "SpecificCharacterSet"))
    return information


def _list_status(information: Dataset, keyword: str) -> ListStatus | None:
    """Return a list status; the standard's text also spells "COLD STARTED" (PS3.4 CC.2.4.3)."""
    value = tolerant.text(information, keyword).removesuffix("ED")
    return ListStatus(value) if value in set(ListStatus) else None
