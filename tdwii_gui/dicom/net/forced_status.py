"""Answers that faults give in place of the service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tdwii_gui.dicom.errors import DimseStatusError
from tdwii_gui.dicom.net.fault import FaultKind
from tdwii_gui.dicom.net.leaving_messages import peer_of, type_id_of
from tdwii_gui.dicom.status import Status, is_failure

if TYPE_CHECKING:
    from pynetdicom.events import Event

    from tdwii_gui.dicom.net.faults import Faults

_COMMENT: Final = "a fault is set at this emulator"
_OUT_OF_RESOURCES: Final = {
    "C-ECHO": None,  # has no such status (PS3.7 9.1.5.1.4)
    "C-STORE": Status.OUT_OF_RESOURCES,
    "C-FIND": Status.OUT_OF_RESOURCES,
    "C-MOVE": Status.CANNOT_PERFORM_SUBOPERATIONS,
    "C-GET": Status.CANNOT_PERFORM_SUBOPERATIONS,
}


def forced_status(faults: Faults, event: Event) -> int | None:
    """Return the success or warning with which a request is to be answered; None if it is not.

    Raises
    ------
    DimseStatusError
        If it is to be answered by a failure, and not to be carried out.
    """
    if not faults.is_active:
        return None
    request = event.request
    message = type(request).__name__.replace("_", "-")
    peer = peer_of(event.assoc)
    status: int | None = None
    exhausted = _OUT_OF_RESOURCES.get(message, Status.RESOURCE_LIMITATION)
    for kind in (FaultKind.ANSWER_STATUS, FaultKind.OUT_OF_RESOURCES):
        if kind is FaultKind.OUT_OF_RESOURCES and exhausted is None:
            continue
        fault = faults.strike(kind, message=message, peer=peer, type_id=type_id_of(request))
        if fault is not None and status is None:
            status = exhausted if fault.status is None else fault.status
    if status is not None and is_failure(status):
        raise DimseStatusError(status, _COMMENT)
    return status
