"""Which event reports a change of a UPS raises (PS3.4 CC.2.4, Table CC.2.4-1)."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Final, TypeAlias

from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset

from tdwii_gui.dicom.iod import ups_event
from tdwii_gui.dicom.iod.ups_event import EventType
from tdwii_gui.dicom.store.encoding import encode, part

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
_CHARACTER_SET: Final = "SpecificCharacterSet"
_STATE: Final = ("ProcedureStepState", "InputReadinessState", _PROGRESS, _CHARACTER_SET)
_ASSIGNMENT: Final = (*_ASSIGNMENT_TRIGGERS, _CHARACTER_SET)
_LONGEST_SHARED: Final = 4096

_Content: TypeAlias = "tuple[object, ...]"


@dataclass(frozen=True, slots=True)
class Report:
    """An event report, without its receivers.

    Parameters
    ----------
    event_type : EventType
        Which event it is.
    build : Callable
        Makes its information; that is not worth the time where nobody is subscribed.
    content : tuple or None
        What alone its information is made of, if that may be the same for many steps.
    """

    event_type: EventType
    build: Callable[[], Dataset] = field(compare=False)
    content: _Content | None = None

    def encoded(self) -> bytes:
        """Return the Event Information, in explicit VR little endian."""
        return _shared(self) if self.content is not None else _encoded(self)


def _encoded(report: Report) -> bytes:
    return encode(report.build(), implicit_vr=False)[0]


_shared: Final = lru_cache(maxsize=1024)(_encoded)


def of_creation(ups: Dataset) -> list[Report]:
    """Return the reports to those who are subscribed to a new step."""
    reports = [of_state(ups)]
    # What is not looked at stays as it came: `get` would decode it.
    if any(keyword in ups and ups.get_item(keyword).value for keyword in _ASSIGNMENT_TRIGGERS):
        reports.append(_of(EventType.ASSIGNED, ups_event.assigned, ups, _ASSIGNMENT))
    return reports


def of_state(ups: Dataset) -> Report:
    """Return the state report: after a change of state, and first thing to a subscriber."""
    return _of(EventType.STATE_REPORT, ups_event.state_report, ups, _STATE)


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
        reports.append(_of(EventType.ASSIGNED, ups_event.assigned, after, _ASSIGNMENT))
    return reports


def tell_progress(reports: Iterable[Report]) -> bool:
    """Return whether one of some reports is about progress."""
    return any(each.event_type is EventType.PROGRESS_REPORT for each in reports)


def _of(
    event_type: EventType,
    build: Callable[[Dataset], Dataset],
    ups: Dataset,
    keywords: Iterable[str],
) -> Report:
    """Return a report that is made of some attributes of a step alone."""
    source = part(ups, [keyword for keyword in keywords if keyword in ups])
    return Report(event_type, partial(build, source), _content_of(source))


def _content_of(source: Dataset) -> _Content | None:
    """Return what tells whether two data sets are the same, where that is quick to say."""
    content: list[object] = []
    for tag, element in source.items():
        value = element.value or None
        if not isinstance(value, str | bytes | None) or len(value or "") > _LONGEST_SHARED:
            return None
        content += (int(tag), value)
        if isinstance(element, RawDataElement):
            content += (element.is_implicit_VR, element.is_little_endian)
    return tuple(content)


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
