"""Unified Procedure Steps as their SCP: the TMS's side on the network (PS3.4 CC.2).

The rules are in `UpsService`; here are the messages. The presentation context may be that of any
UPS SOP class, and the SOP class in the message UPS Push (PS3.4 CC.3.1.1) or, as some peers have
it, that of the context: neither decides what is answered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydicom.dataset import Dataset
from pynetdicom import build_context, evt

from tdwii_gui.dicom.errors import DimseStatusError
from tdwii_gui.dicom.iod.ups_action import ActionType
from tdwii_gui.dicom.net.dispatch import affected_uid, calling_ae, requested_uid
from tdwii_gui.dicom.net.ups_scu import (
    UPS_CLASSES,
)
from tdwii_gui.dicom.status import Status
from tdwii_gui.dicom.uids import UPS_PUSH, is_valid_uid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from pynetdicom.events import Event
    from pynetdicom.presentation import PresentationContext

    from tdwii_gui.dicom.net.dispatch import Handler
    from tdwii_gui.dicom.ups.service import UpsService


class UpsScp:
    """Answers the requests of UPS Push, Pull, Watch and Query."""

    def __init__(self, service: UpsService) -> None:
        self._service = service
        self._actions: Mapping[int, Callable[[str, Dataset, str], int]] = {
            ActionType.CHANGE_STATE: service.change_state,
            ActionType.REQUEST_CANCEL: service.request_cancel,
            ActionType.SUBSCRIBE: service.subscribe,
            ActionType.UNSUBSCRIBE: service.unsubscribe,
            ActionType.SUSPEND_GLOBAL: service.suspend,
        }

    @property
    def contexts(self) -> Sequence[PresentationContext]:
        """The presentation contexts of the service."""
        return [build_context(uid) for uid in UPS_CLASSES]

    @property
    def handlers(self) -> Mapping[evt.InterventionEvent, Handler]:
        """The handler of each request."""
        return {
            evt.EVT_N_CREATE: self._on_create,
            evt.EVT_N_GET: self._on_get,
            evt.EVT_N_SET: self._on_set,
            evt.EVT_N_ACTION: self._on_action,
            evt.EVT_C_FIND: self._on_find,
        }

    def _on_create(self, event: Event) -> tuple[int | Dataset, Dataset]:
        given = affected_uid(event)
        uid = _checked(given) if given else None
        attributes = event.attribute_list
        step = self._service.create(uid, attributes, calling_ae(event))
        if given:
            return step.status, step.attributes
        # pynetdicom takes an assigned UID from the one place on success, else from the other.
        if step.status == Status.SUCCESS:
            answer = Dataset(step.attributes)
            answer.AffectedSOPInstanceUID = step.sop_instance_uid
            return step.status, answer
        command = Dataset()
        command.Status = step.status
        command.AffectedSOPInstanceUID = step.sop_instance_uid
        return command, step.attributes

    def _on_get(self, event: Event) -> tuple[int, Dataset]:
        uid = _requested_uid(event)
        return Status.SUCCESS, self._service.get(uid, event.attribute_identifiers)

    def _on_set(self, event: Event) -> tuple[int, None]:
        modifications = event.modification_list
        return self._service.set(_requested_uid(event), modifications, calling_ae(event)), None

    def _on_action(self, event: Event) -> tuple[int, None]:
        action = self._actions.get(event.action_type or 0)
        if action is None:
            raise DimseStatusError(Status.NO_SUCH_ACTION, f"action type {event.action_type}")
        information = event.action_information
        return action(_requested_uid(event), information, calling_ae(event)), None

    def _on_find(self, event: Event) -> Iterator[tuple[int, Dataset]]:
        identifier = event.identifier
        supported = not self._service.unsupported_keys(identifier)
        status = Status.PENDING if supported else Status.PENDING_KEYS_UNSUPPORTED
        for found in self._service.find(identifier):
            if "SOPClassUID" in identifier:
                found.SOPClassUID = UPS_PUSH
            yield status, found


def _requested_uid(event: Event) -> str:
    return _checked(requested_uid(event))


def _checked(uid: str) -> str:
    if not is_valid_uid(uid):
        raise DimseStatusError(Status.INVALID_SOP_INSTANCE, "SOP Instance UID is no UID")
    return uid
