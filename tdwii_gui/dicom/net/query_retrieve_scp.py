"""Querying and retrieving stored instances: C-FIND, C-MOVE, C-GET (PS3.4 C)."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from pynetdicom import build_context, evt

from tdwii_gui.dicom.errors import (
    AssociationError,
    ConfigError,
    DatasetError,
    DimseStatusError,
    NotAccepted,
)
from tdwii_gui.dicom.net.dispatch import SubOperations, calling_ae
from tdwii_gui.dicom.net.storage_scp import STORAGE_SYNTAXES, storage_sop_classes
from tdwii_gui.dicom.net.storage_scu import Originator, StorageScu, send_object
from tdwii_gui.dicom.status import Status, is_failure, is_warning
from tdwii_gui.dicom.store.instance_index import Root
from tdwii_gui.dicom.uids import (
    PATIENT_ROOT_FIND,
    PATIENT_ROOT_GET,
    PATIENT_ROOT_MOVE,
    STUDY_ROOT_FIND,
    STUDY_ROOT_GET,
    STUDY_ROOT_MOVE,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from pydicom.dataset import Dataset
    from pynetdicom.events import Event
    from pynetdicom.presentation import PresentationContext

    from tdwii_gui.config.ae_directory import AeDirectory, ApplicationEntity
    from tdwii_gui.dicom.net.dispatch import Handler
    from tdwii_gui.dicom.net.session import LocalAe
    from tdwii_gui.dicom.store.instance_store import InstanceStore, StoredInstance

LOGGER = logging.getLogger(__name__)

_ROOTS: Final = {
    PATIENT_ROOT_FIND: Root.PATIENT,
    PATIENT_ROOT_MOVE: Root.PATIENT,
    PATIENT_ROOT_GET: Root.PATIENT,
    STUDY_ROOT_FIND: Root.STUDY,
    STUDY_ROOT_MOVE: Root.STUDY,
    STUDY_ROOT_GET: Root.STUDY,
}
_MAXIMUM_MESSAGE_ID: Final = 65535


class QueryRetrieveScp:
    """Answers queries and retrievals from an instance store, Patient Root and Study Root.

    Parameters
    ----------
    directory : AeDirectory
        Where the destinations of C-MOVE are looked up; others are not known (A801).
    local : LocalAe
        The own AE, which associates with the destination.
    """

    def __init__(self, store: InstanceStore, directory: AeDirectory, local: LocalAe) -> None:
        self._store = store
        self._directory = directory
        self._local = local

    @property
    def contexts(self) -> Sequence[PresentationContext]:
        """The presentation contexts, those of the sub-operations of C-GET among them."""
        stored = [build_context(uid, list(STORAGE_SYNTAXES)) for uid in storage_sop_classes()]
        for context in stored:
            context.scu_role = True
            context.scp_role = True
        return [*(build_context(uid) for uid in _ROOTS), *stored]

    @property
    def handlers(self) -> Mapping[evt.InterventionEvent, Handler]:
        """The handler of each request."""
        return {
            evt.EVT_C_FIND: self._on_find,
            evt.EVT_C_MOVE: self._on_move,
            evt.EVT_C_GET: self._on_get,
        }

    def _on_find(self, event: Event) -> Iterator[tuple[int, Dataset]]:
        for found in self._store.find(event.identifier, _root(event)):
            found.RetrieveAETitle = self._local.ae_title
            yield Status.PENDING, found

    def _on_move(self, event: Event) -> Iterator[SubOperations]:
        destination = self._destination(event.move_destination or "")
        instances = self._store.select(event.identifier, _root(event))
        yield SubOperations(remaining=len(instances))
        if instances:
            originator = Originator(calling_ae(event), event.message_id)
            yield from self._move(instances, destination, originator)

    def _on_get(self, event: Event) -> Iterator[SubOperations]:
        instances = self._store.select(event.identifier, _root(event))
        yield SubOperations(remaining=len(instances))

        def send(instance: StoredInstance, number: int) -> int:
            message_id = (event.message_id + number) % _MAXIMUM_MESSAGE_ID + 1
            command = send_object(event.assoc, instance.path, message_id)
            return int(command.get("Status", Status.PROCESSING_FAILURE))

        yield from _each(instances, send)

    def _move(
        self,
        instances: Sequence[StoredInstance],
        destination: ApplicationEntity,
        originator: Originator,
    ) -> Iterator[SubOperations]:
        try:
            with StorageScu(self._local, destination, [one.path for one in instances]) as scu:
                yield from _each(
                    instances, lambda one, _number: scu.c_store(one.path, originator=originator)
                )
        except (AssociationError, DatasetError) as error:
            LOGGER.warning("C-MOVE to %r: %s", destination.ae_title, error)
            uids = tuple(instance.sop_instance_uid for instance in instances)
            yield SubOperations(0, failed_uids=uids, comment=str(error))

    def _destination(self, ae_title: str) -> ApplicationEntity:
        try:
            return self._directory.lookup(ae_title)
        except ConfigError as error:
            LOGGER.warning("C-MOVE to %r, which is not in the AE directory", ae_title)
            raise DimseStatusError(
                Status.MOVE_DESTINATION_UNKNOWN, f"{ae_title} is not known here"
            ) from error


def _root(event: Event) -> Root:
    return _ROOTS[event.context.abstract_syntax]


def _each(
    instances: Sequence[StoredInstance], send: Callable[[StoredInstance, int], int]
) -> Iterator[SubOperations]:
    """Send each instance; tell after each how far it is. One that fails does not end the rest."""
    completed = warning = 0
    failed: list[str] = []
    comment = ""
    lost = False
    for number, instance in enumerate(instances):
        status: int = Status.PROCESSING_FAILURE
        try:
            if not lost:
                status = send(instance, number)
        except DimseStatusError as error:
            comment = str(error)
        except (NotAccepted, DatasetError) as error:
            comment = str(error)
        except AssociationError as error:
            comment, lost = str(error), True
        if is_failure(status):
            failed.append(instance.sop_instance_uid)
            LOGGER.warning("not sent: %s: %s", instance.sop_instance_uid, comment)
        elif is_warning(status):
            warning += 1
        else:
            completed += 1
        remaining = len(instances) - number - 1
        yield SubOperations(remaining, completed, warning, tuple(failed), comment)
