"""Which event reports a change of a UPS raises (PS3.4 CC.2.4, Table CC.2.4-1)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from pydicom.dataset import Dataset

from tdwii_gui.dicom.iod import ups_event
from tdwii_gui.dicom.iod.ups_event import EventType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tdwii_gui.dicom.iod.ups_event import ListStatus, ScpStatus

_PROGRESS: Final = "ProcedureStepProgressInformationSequence"
_PROGRESS_TRIGGERS: Final = (
    "ProcedureStepProgress",
    "ProcedureStepProgressDescription",
    "ProcedureStepProgressParametersSequence",
    "ProcedureStepCommunicationsURISequence",
)
_ASSIGNMENT_TRIGGERS: Final = (
    "ScheduledStationNameCodeSequence",
    "ScheduledHumanPerformersSequence",
)


@dataclass(frozen=True, slots=True)
class Report:
    """An event report, without its receivers.

    Parameters
    ----------
    event_type : EventType
        Which event it is.
    build : Callable
        Makes its information; that is not worth the time where nobody is subscribed.
    """

    event_type: EventType
    build: Callable[[], Dataset]

    @property
    def information(self) -> Dataset:
        """The Event Information, made anew."""
        return self.build()


def of_creation(ups: Dataset) -> list[Report]:
    """Return the reports to those who are subscribed to a new step."""
    reports = [of_state(ups)]
    if any(ups.get(keyword) for keyword in _ASSIGNMENT_TRIGGERS):
        reports.append(Report(EventType.ASSIGNED, partial(ups_event.assigned, ups)))
    return reports


def of_state(ups: Dataset) -> Report:
    """Return the state report: after a change of state, and first thing to a subscriber."""
    return Report(EventType.STATE_REPORT, partial(ups_event.state_report, ups))


def of_cancel_request(requesting_ae: str, request: Dataset) -> Report:
    """Return the report that somebody asks to cancel a step IN PROGRESS."""
    build = partial(ups_event.cancel_requested, requesting_ae, request)
    return Report(EventType.CANCEL_REQUESTED, build)


def of_status(status: ScpStatus, lists: ListStatus) -> Report:
    """Return the report that the SCP was restarted or is going down."""
    build = partial(ups_event.scp_status_change, status, subscription_list=lists, ups_list=lists)
    return Report(EventType.SCP_STATUS_CHANGE, build)


def of_modification(before: Dataset, after: Dataset) -> list[Report]:
    """Return the reports about an N-SET.

    A state report if the input readiness changed, a progress report if the progress did, an
    assignment if the station or the human performers did.
    """
    reports = []
    if _differ(before, after, ("InputReadinessState",)):
        reports.append(of_state(after))
    if not _is_shared(before, after, _PROGRESS) and _differ(
        _progress_item(before), _progress_item(after), _PROGRESS_TRIGGERS
    ):
        reports.append(Report(EventType.PROGRESS_REPORT, partial(ups_event.progress_report, after)))
    if _differ(before, after, _ASSIGNMENT_TRIGGERS):
        reports.append(Report(EventType.ASSIGNED, partial(ups_event.assigned, after)))
    return reports


def tell_progress(reports: Iterable[Report]) -> bool:
    """Return whether one of some reports is about progress."""
    return any(each.event_type is EventType.PROGRESS_REPORT for each in reports)


def _progress_item(ups: Dataset) -> Dataset:
    items = ups.get(_PROGRESS)
    return items[0] if items else Dataset()


def _differ(before: Dataset, after: Dataset, keywords: Iterable[str]) -> bool:
    return any(
        not _is_shared(before, after, keyword) and before.get(keyword) != after.get(keyword)
        for keyword in keywords
    )


def _is_shared(before: Dataset, after: Dataset, keyword: str) -> bool:
    """Return whether both have the very same element, which need not be decoded to know it."""
    return before.get_item(keyword) is after.get_item(keyword)
