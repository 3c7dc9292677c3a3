"""Which requests a presentation context of UPS takes (PS3.4 CC.2, CC.3.1.1).

pynetdicom hands any DIMSE-N request on any context to its handler; what fits is decided here.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from tdwii_gui.dicom.errors import DimseStatusError
from tdwii_gui.dicom.iod.ups_action import ActionType
from tdwii_gui.dicom.net.dispatch import sop_class
from tdwii_gui.dicom.status import Status
from tdwii_gui.dicom.uids import UPS_EVENT, UPS_PULL, UPS_PUSH, UPS_QUERY, UPS_WATCH
from tdwii_gui.dicom.ups.mode import ServiceMode

if TYPE_CHECKING:
    from pynetdicom.events import Event

logger = logging.getLogger(__name__)

_CLASSES: Final = frozenset({UPS_PUSH, UPS_PULL, UPS_WATCH, UPS_QUERY, UPS_EVENT})
SERVICES: Final = {
    UPS_PUSH: frozenset({"N-CREATE", "N-GET", "N-ACTION"}),
    UPS_PULL: frozenset({"C-FIND", "N-GET", "N-SET", "N-ACTION"}),
    UPS_WATCH: frozenset({"C-FIND", "N-GET", "N-ACTION"}),
    UPS_QUERY: frozenset({"C-FIND"}),
}
ACTIONS: Final = {
    UPS_PUSH: frozenset({ActionType.REQUEST_CANCEL}),
    UPS_PULL: frozenset({ActionType.CHANGE_STATE}),
    UPS_WATCH: frozenset(ActionType) - {ActionType.CHANGE_STATE},
}


def check_scope(event: Event, mode: ServiceMode) -> None:
    """Refuse a request whose SOP Class or presentation context is not for it.

    Raises
    ------
    DimseStatusError
        0118 or 0119 for the SOP Class of a DIMSE-N message; if strict, 0211 for a service and
        0123 for an action that the context's SOP Class does not have. For C-FIND both are 0122.
    """
    message = type(event.request).__name__.replace("_", "-")
    context = event.context.abstract_syntax
    _check_class(message, sop_class(event), context, mode)
    if mode is not ServiceMode.STRICT:
        return
    if message not in SERVICES[context]:
        is_query = message == "C-FIND"
        status = Status.SOP_CLASS_NOT_SUPPORTED if is_query else Status.UNRECOGNIZED_OPERATION
        raise DimseStatusError(status, f"no {message} in a context of {context.name}")
    if message == "N-ACTION" and event.action_type not in ACTIONS[context]:
        raise DimseStatusError(
            Status.NO_SUCH_ACTION, f"action type {event.action_type} is not of this context"
        )


def _check_class(message: str, given: str, context: str, mode: ServiceMode) -> None:
    # A query names the class of its context (PS3.4 CC.2.8.1.2), all others UPS Push.
    right = context if message == "C-FIND" else UPS_PUSH
    if given == right or (mode is ServiceMode.STANDARD and given == context):
        return
    if mode is ServiceMode.LENIENT and given in _CLASSES:
        logger.info("%s names SOP Class %s instead of %s", message, given, right)
        return
    raise DimseStatusError(_status(message, given), "not the SOP Class of this service")


def _status(message: str, given: str) -> Status:
    if message == "C-FIND":
        return Status.SOP_CLASS_NOT_SUPPORTED
    if message == "N-CREATE" or given not in _CLASSES:
        return Status.NO_SUCH_SOP_CLASS
    return Status.CLASS_INSTANCE_CONFLICT  # all steps are instances of UPS Push
