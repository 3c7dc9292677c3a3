"""Receiving the events of a TMS: N-EVENT-REPORT (PS3.4 CC.2.4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pynetdicom import build_context, evt

from tdwii_gui.dicom.errors import DimseStatusError
from tdwii_gui.dicom.net.dispatch import affected_uid, calling_ae
from tdwii_gui.dicom.status import Status
from tdwii_gui.dicom.uids import UPS_EVENT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pydicom.dataset import Dataset
    from pynetdicom.events import Event
    from pynetdicom.presentation import PresentationContext

    from tdwii_gui.dicom.net.dispatch import Handler

_EVENT_TYPES: Final = range(1, 6)


@dataclass(frozen=True, slots=True)
class EventReport:
    """A received event.

    Parameters
    ----------
    event_type : int
        1 state, 2 cancel requested, 3 progress, 4 SCP status, 5 assigned (PS3.4 Table CC.2.4-1).
    sop_instance_uid : str
        The step; for type 4 no step.
    calling_ae : str
        The AE title of the TMS.
    """

    event_type: int
    sop_instance_uid: str
    information: Dataset
    calling_ae: str


class EventReceiver:
    """Answers N-EVENT-REPORT, on an association with or without SCP role negotiation.

    Parameters
    ----------
    on_report : Callable[[EventReport], None]
        Is called before the answer; from several threads at once where several TMS report.
    """

    def __init__(self, on_report: Callable[[EventReport], None]) -> None:
        self._on_report = on_report

    @property
    def contexts(self) -> Sequence[PresentationContext]:
        """The presentation contexts of the service."""
        context = build_context(UPS_EVENT)
        # These are the roles that the requestor may take: the TMS proposes to be the SCP.
        context.scu_role = True
        context.scp_role = True
        return [context]

    @property
    def handlers(self) -> Mapping[evt.InterventionEvent, Handler]:
        """The handler of each request."""
        return {evt.EVT_N_EVENT_REPORT: self._on_event}

    def _on_event(self, event: Event) -> tuple[int, None]:
        event_type = event.event_type or 0
        if event_type not in _EVENT_TYPES:
            raise DimseStatusError(Status.NO_SUCH_EVENT_TYPE, f"event type {event_type}")
        report = EventReport(
            event_type=event_type,
            sop_instance_uid=affected_uid(event),
            information=event.event_information,
            calling_ae=calling_ae(event),
        )
        self._on_report(report)
        return Status.SUCCESS, None
