"""The services that report events: their SOP Classes, and words for the events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tdwii_gui.dicom.iod.commitment import CommitmentEvent
from tdwii_gui.dicom.iod.mpps import MppsEvent
from tdwii_gui.dicom.iod.tolerant import items, text
from tdwii_gui.dicom.iod.ups_event import EventType
from tdwii_gui.dicom.net.exchange import counted
from tdwii_gui.dicom.uids import MPPS_NOTIFICATION, STORAGE_COMMITMENT, UPS_EVENT, UPS_PUSH

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydicom.dataset import Dataset


@dataclass(frozen=True, slots=True)
class EventKind:
    """The events of a service.

    Parameters
    ----------
    name : str
        For the threads that send them.
    sop_class_uid : str
        The SOP Class in the message.
    context_uid : str
        The SOP Class of the presentation context.
    words : Callable[[int, Dataset], str]
        Says what an event tells, by its type and information.
    """

    name: str
    sop_class_uid: str
    context_uid: str
    words: Callable[[int, Dataset], str]


def _ups_words(event_type: int, information: Dataset) -> str:
    """Return the event's name, and the state that it reports."""
    state = text(information, "ProcedureStepState")
    title = EventType(event_type).title
    return f"{title}: {state}" if state else title


def _mpps_words(event_type: int, _information: Dataset) -> str:
    return MppsEvent(event_type).title


def _commitment_words(event_type: int, information: Dataset) -> str:
    title = CommitmentEvent(event_type).title
    safe, failed = (
        len(items(information, name)) for name in ("ReferencedSOPSequence", "FailedSOPSequence")
    )
    return f"{title}: {safe} of {counted(safe + failed, 'object', 'objects')}"


UPS_EVENTS: Final = EventKind("notify", UPS_PUSH, UPS_EVENT, _ups_words)
MPPS_EVENTS: Final = EventKind("mpps", MPPS_NOTIFICATION, MPPS_NOTIFICATION, _mpps_words)
COMMITMENT_EVENTS: Final = EventKind(
    "commitment", STORAGE_COMMITMENT, STORAGE_COMMITMENT, _commitment_words
)
