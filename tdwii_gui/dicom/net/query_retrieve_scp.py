"""Querying and retrieving stored instances: C-FIND, C-MOVE, C-GET (PS3.4 C, Y)."""

from __future__ import annotations

import logging
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pynetdicom import build_context, evt

from tdwii_gui.dicom.errors import (
    Aborted,
    AssociationError,
    ConfigError,
    DatasetError,
    DimseStatusError,
    NotAccepted,
)
from tdwii_gui.dicom.net.dispatch import calling_ae
from tdwii_gui.dicom.net.fault import FaultKind
from tdwii_gui.dicom.net.query_negotiation import agreement, combines_date_times
from tdwii_gui.dicom.net.storage_scp import STORAGE_SYNTAXES, storage_contexts
from tdwii_gui.dicom.net.storage_scu import ObjectSender, Originator, ReadAhead, StorageScu
from tdwii_gui.dicom.net.sub_operations import SubOperations
from tdwii_gui.dicom.status import Status, is_failure, is_warning
from tdwii_gui.dicom.store.instance_index import Level, Root, query_level
from tdwii_gui.dicom.store.instance_query import InstanceQuery
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
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

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


def no_notice(_instance: StoredInstance, _ae_title: str) -> None:
    """Take no notice of an instance that was sent."""


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
    private_sop_classes : Iterable[str]
        SOP classes whose instances are sent by C-GET besides those that are known.
    on_sent : Callable[[StoredInstance, str], None]
        Is called for each instance that a peer was sent, and has answered, with the peer's AE
        title, on the association's thread.
    """

    def __init__(
        self,
        store: InstanceStore,
        directory: AeDirectory,
        local: LocalAe,
        supply: Callable[[Dataset, Root], Sequence[NotSupplied]] = nothing_to_supply,
        *,
        private_sop_classes: Iterable[str] = (),
        on_sent: Callable[[StoredInstance, str], None] = no_notice,
    ) -> None:
        self._store = store
        self._directory = directory
        self._local = local
        self._supply = supply
        self._private_sop_classes = tuple(private_sop_classes)
        self._on_sent = on_sent

    @property
    def contexts(self) -> Sequence[PresentationContext]:
        """The presentation contexts, those of the sub-operations of C-GET among them."""
        private = (build_context(uid, list(STORAGE_SYNTAXES)) for uid in self._private_sop_classes)
        stored = [*map(copy, storage_contexts()), *private]
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
            evt.EVT_SOP_EXTENDED: agreement,
        }

    def _on_find(self, event: Event) -> Iterator[tuple[int, bytes | Dataset | None]]:
        query = InstanceQuery(
            event.identifier,
            _root(event),
            retrieve_ae_title=self._local.ae_title,
            combined_date_times=combines_date_times(event),
        )
        status = Status.PENDING_KEYS_UNSUPPORTED if query.unsupported else Status.PENDING
        syntax = event.context.transfer_syntax
        for found in self._store.search(query):
            if found is None:
                yield status, None
            elif syntax.is_little_endian:
                yield status, found.encode(implicit_vr=syntax.is_implicit_VR)
            else:
                yield status, found.dataset()

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
        ahead, sender = ReadAhead(), ObjectSender(event.assoc, self._local.faults)

        def send(number: int, following: StoredInstance | None) -> int:
            self._fail_by_fault("C-GET", calling_ae(event))
            command = sender.send(
                ahead.take(instances[number]),
                (event.message_id + number) % _MAXIMUM_MESSAGE_ID + 1,
                meanwhile=lambda: ahead.read(following),
            )
            if "Status" not in command:
                raise Aborted("the association was lost")
            return int(command.Status)

        if absent and not instances:
            yield _all_failed((), absent)
        yield from _each(instances, absent, send, self._sent_to(calling_ae(event)))

    def _fail_by_fault(self, message: str, receiver: str) -> None:
        """Have a sub-operation fail before anything is sent, if a fault says so."""
        faults, kind = self._local.faults, FaultKind.FAIL_SUB_OPERATION
        if faults.is_active and faults.strike(kind, message=message, peer=receiver):
            raise DatasetError("a fault is set at this emulator")

    def _sent_to(self, ae_title: str) -> Callable[[StoredInstance], None]:
        return lambda instance: self._on_sent(instance, ae_title)

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
            with StorageScu(self._local, destination, instances) as scu:

                def send(number: int, following: StoredInstance | None) -> int:
                    self._fail_by_fault("C-MOVE", destination.ae_title)
                    instance = instances[number]
                    return scu.c_store(instance, originator=originator, following=following)

                on_sent = self._sent_to(destination.ae_title)
                yield from _each(instances, absent, send, on_sent)
        except (AssociationError, DatasetError) as error:
            LOGGER.warning("C-MOVE to %r: %s", destination.ae_title, error)
            yield _all_failed(instances, absent, str(error))

    def _destination(self, ae_title: str) -> ApplicationEntity:
        try:
            return self._directory.lookup(ae_title)
        except ConfigError as error:
            where = self._directory.source or "the AE directory"
            advice = f"enter {ae_title!r} with its host and port in {where}"
            LOGGER.warning("C-MOVE to %r, which is not known: %s", ae_title, advice)
            raise DimseStatusError(
                Status.MOVE_DESTINATION_UNKNOWN, f"{ae_title} is not known here", advice=advice
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
    send: Callable[[int, StoredInstance | None], int],
    on_sent: Callable[[StoredInstance], None],
) -> Iterator[SubOperations]:
    """Send each instance; tell after each how far it is. One that fails does not end the rest."""
    completed = warning = 0
    failed = [one.sop_instance_uid for one in absent]
    comment = absent[0].reason if absent else ""
    lost = False
    for number, instance in enumerate(instances):
        status: int | None = None
        following = instances[number + 1] if number + 1 < len(instances) else None
        try:
            if not lost:
                status = send(number, following)
        except DimseStatusError as error:
            status, comment = error.status, str(error)
        except (NotAccepted, DatasetError) as error:
            comment = str(error)
        except AssociationError as error:
            comment, lost = str(error), True
        if status is not None:
            on_sent(instance)
        if status is None or is_failure(status):
            failed.append(instance.sop_instance_uid)
            comment = comment or str(DimseStatusError(status or Status.PROCESSING_FAILURE))
            LOGGER.warning("not sent: %s: %s", instance.sop_instance_uid, comment)
        elif is_warning(status):
            warning += 1
        else:
            completed += 1
        remaining = len(instances) - number - 1
        yield SubOperations(remaining, completed, warning, tuple(failed), comment)
