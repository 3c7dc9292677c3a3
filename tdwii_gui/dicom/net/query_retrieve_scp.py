"""Querying and retrieving stored instances: C-FIND, C-MOVE, C-GET (PS3.4 C, Y)."""

from __future__ import annotations

import logging
from copy import copy
from dataclasses import dataclass
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
from tdwii_gui.dicom.net.storage_scp import storage_contexts
from tdwii_gui.dicom.net.storage_scu import Originator, StorageScu, send_object
from tdwii_gui.dicom.status import Status, is_failure, is_warning
from tdwii_gui.dicom.store.instance_index import Level, Root, query_level
from tdwii_gui.dicom.uids import (
    COMPOSITE_INSTANCE_ROOT_GET,
    COMPOSITE_INSTANCE_ROOT_MOVE,
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
    COMPOSITE_INSTANCE_ROOT_MOVE: Root.STUDY,
    COMPOSITE_INSTANCE_ROOT_GET: Root.STUDY,
}
_COMPOSITE: Final = (COMPOSITE_INSTANCE_ROOT_MOVE, COMPOSITE_INSTANCE_ROOT_GET)
_MAXIMUM_MESSAGE_ID: Final = 65535


@dataclass(frozen=True, slots=True)
class NotSupplied:
    """An instance that should be here but is not, and why."""

    sop_instance_uid: str
    reason: str


def nothing_to_supply(_identifier: Dataset, _root: Root) -> tuple[NotSupplied, ...]:
    """Supply nothing: what is not stored does not exist."""
    return ()


class QueryRetrieveScp:
    """Answers queries and retrievals from an instance store.

    Patient Root, Study Root, and retrievals by Composite Instance Root (PS3.4 Y).

    Parameters
    ----------
    directory : AeDirectory
        Where the destinations of C-MOVE are looked up; others are not known (A801).
    local : LocalAe
        The own AE, which associates with the destination.
    supply : Callable
        Is asked before each retrieval, with its identifier and information model, to store what
        is wanted and not stored yet; it returns what it cannot supply, which counts as failed.
    """

    def __init__(
        self,
        store: InstanceStore,
        directory: AeDirectory,
        local: LocalAe,
        supply: Callable[[Dataset, Root], Sequence[NotSupplied]] = nothing_to_supply,
    ) -> None:
        self._store = store
        self._directory = directory
        self._local = local
        self._supply = supply

    @property
    def contexts(self) -> Sequence[PresentationContext]:
        """The presentation contexts, those of the sub-operations of C-GET among them."""
        stored = [copy(context) for context in storage_contexts()]
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
        instances, absent = self._wanted(event)
        yield SubOperations(remaining=len(instances) + len(absent))
        if instances:
            originator = Originator(calling_ae(event), event.message_id)
            yield from self._move(instances, absent, destination, originator)
        elif absent:
            yield _all_failed((), absent)

    def _on_get(self, event: Event) -> Iterator[SubOperations]:
        instances, absent = self._wanted(event)
        yield SubOperations(remaining=len(instances) + len(absent))

        def send(instance: StoredInstance, number: int) -> int:
            message_id = (event.message_id + number) % _MAXIMUM_MESSAGE_ID + 1
            command = send_object(event.assoc, instance.path, message_id)
            return int(command.get("Status", Status.PROCESSING_FAILURE))

        if absent and not instances:
            yield _all_failed((), absent)
        yield from _each(instances, absent, send)

    def _wanted(self, event: Event) -> tuple[list[StoredInstance], Sequence[NotSupplied]]:
        """Return the instances to send, and those that are wanted but cannot be had."""
        identifier, root = event.identifier, _root(event)
        if event.context.abstract_syntax in _COMPOSITE:
            _require_image_level(identifier, root)
        absent = self._supply(identifier, root)
        return self._store.select(identifier, root), absent

    def _move(
        self,
        instances: Sequence[StoredInstance],
        absent: Sequence[NotSupplied],
        destination: ApplicationEntity,
        originator: Originator,
    ) -> Iterator[SubOperations]:
        try:
            with StorageScu(self._local, destination, [one.path for one in instances]) as scu:
                yield from _each(
                    instances,
                    absent,
                    lambda one, _number: scu.c_store(one.path, originator=originator),
                )
        except (AssociationError, DatasetError) as error:
            LOGGER.warning("C-MOVE to %r: %s", destination.ae_title, error)
            yield _all_failed(instances, absent, str(error))

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


def _require_image_level(identifier: Dataset, root: Root) -> None:
    """Refuse what Composite Instance Root does not have: other levels (PS3.4 Y.3.1)."""
    if query_level(identifier, root, default=Level.IMAGE) is not Level.IMAGE:
        raise DimseStatusError(Status.DATASET_MISMATCH, "the level must be IMAGE")


def _all_failed(
    instances: Sequence[StoredInstance], absent: Sequence[NotSupplied], comment: str = ""
) -> SubOperations:
    uids = [one.sop_instance_uid for one in absent]
    uids += [one.sop_instance_uid for one in instances]
    return SubOperations(0, failed_uids=tuple(uids), comment=comment or absent[0].reason)


def _each(
    instances: Sequence[StoredInstance],
    absent: Sequence[NotSupplied],
    send: Callable[[StoredInstance, int], int],
) -> Iterator[SubOperations]:
    """Send each instance; tell after each how far it is. One that fails does not end the rest."""
    completed = warning = 0
    failed = [one.sop_instance_uid for one in absent]
    comment = absent[0].reason if absent else ""
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
