"""Unified Procedure Steps as their SCP: the TMS's side on the network (PS3.4 CC.2).

The rules are in `UpsService`; here are the messages. Which SOP Class and presentation context fit
them depends on the mode of the service.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pydicom.dataset import Dataset
from pydicom.tag import Tag
from pynetdicom import build_context, evt

from tdwii_gui.dicom.errors import DimseStatusError
from tdwii_gui.dicom.iod.ups_action import ActionType
from tdwii_gui.dicom.net.dispatch import affected_uid, calling_ae, requested_uid
from tdwii_gui.dicom.net.ups_scope import check_scope
from tdwii_gui.dicom.net.ups_scu import UPS_CLASSES
from tdwii_gui.dicom.status import Status
from tdwii_gui.dicom.uids import UPS_PUSH, is_valid_uid
from tdwii_gui.dicom.ups.supported import left_out

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from pynetdicom.events import Event
    from pynetdicom.presentation import PresentationContext

    from tdwii_gui.dicom.net.dispatch import Handler
    from tdwii_gui.dicom.ups.service import UpsService


_TOLD_BY_COMMAND: Final = (Tag("SOPClassUID"), Tag("SOPInstanceUID"))


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
        check_scope(event, self._service.mode)
        given = affected_uid(event)
        uid = _checked(given) if given else None
        attributes = event.attribute_list
        step = self._service.create(uid, attributes, calling_ae(event))
        if given:
            return step.status, step.attributes
        command = Dataset()
        command.Status = step.status
        command.AffectedSOPInstanceUID = step.sop_instance_uid
        return command, step.attributes

    def _on_get(self, event: Event) -> tuple[int, Dataset]:
        check_scope(event, self._service.mode)
        tags = event.attribute_identifiers
        found = self._service.get(_requested_uid(event), tags)
        for tag in _TOLD_BY_COMMAND:
            found.pop(tag, None)
        return Status.ATTRIBUTES_UNSUPPORTED if left_out(tags, found) else Status.SUCCESS, found

    def _on_set(self, event: Event) -> tuple[int, None]:
        check_scope(event, self._service.mode)
        modifications = event.modification_list
        return self._service.set(_requested_uid(event), modifications, calling_ae(event)), None

    def _on_action(self, event: Event) -> tuple[int, None]:
        action = self._actions.get(event.action_type or 0)
        if action is None:
            raise DimseStatusError(Status.NO_SUCH_ACTION, f"action type {event.action_type}")
        check_scope(event, self._service.mode)
        information = event.action_information
        return action(_requested_uid(event), information, calling_ae(event)), None

    def _on_find(self, event: Event) -> Iterator[tuple[int, Dataset]]:
        check_scope(event, self._service.mode)
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
