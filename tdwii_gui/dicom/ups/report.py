"""Which event reports a change of a UPS raises (PS3.4 CC.2.4, Table CC.2.4-1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pydicom.dataset import Dataset

from tdwii_gui.dicom.iod import ups_event
from tdwii_gui.dicom.iod.ups_event import EventType

if TYPE_CHECKING:
    from collections.abc import Iterable

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
    """An event report, without its receivers."""

    event_type: EventType
    information: Dataset


def of_creation(ups: Dataset) -> list[Report]:
    """Return the reports to those who are subscribed to a new step."""
    reports = [of_state(ups)]
    if any(ups.get(keyword) for keyword in _ASSIGNMENT_TRIGGERS):
        reports.append(Report(EventType.ASSIGNED, ups_event.assigned(ups)))
    return reports


def of_state(ups: Dataset) -> Report:
    """Return the state report: after a change of state, and first thing to a subscriber."""
    return Report(EventType.STATE_REPORT, ups_event.state_report(ups))


def of_cancel_request(requesting_ae: str, request: Dataset) -> Report:
    """Return the report that somebody asks to cancel a step IN PROGRESS."""
    information = ups_event.cancel_requested(requesting_ae, request)
    return Report(EventType.CANCEL_REQUESTED, information)


def of_modification(before: Dataset, after: Dataset) -> list[Report]:
    """Return the reports about an N-SET.

    A state report if the input readiness changed, a progress report if the progress did, an
    assignment if the station or the human performers did.
    """
    reports = []
    if _differ(before, after, ("InputReadinessState",)):
        reports.append(of_state(after))
    if _differ(_progress_item(before), _progress_item(after), _PROGRESS_TRIGGERS):
        reports.append(Report(EventType.PROGRESS_REPORT, ups_event.progress_report(after)))
    if _differ(before, after, _ASSIGNMENT_TRIGGERS):
        reports.append(Report(EventType.ASSIGNED, ups_event.assigned(after)))
    return reports


def tell_progress(reports: Iterable[Report]) -> bool:
    """Return whether one of some reports is about progress."""
    return any(each.event_type is EventType.PROGRESS_REPORT for each in reports)


def _progress_item(ups: Dataset) -> Dataset:
    items = ups.get("ProcedureStepProgressInformationSequence")
    return items[0] if items else Dataset()


def _differ(before: Dataset, after: Dataset, keywords: Iterable[str]) -> bool:
    return any(
        # An element that both share is the same, and need not be decoded to know it.
        before.get_item(keyword) is not after.get_item(keyword)
        and before.get(keyword) != after.get(keyword)
        for keyword in keywords
    )
