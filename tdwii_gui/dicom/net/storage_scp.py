"""Storing what peers send: C-STORE (PS3.4 B)."""

from __future__ import annotations

import logging
from functools import cache
from typing import TYPE_CHECKING, Final

from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)
from pynetdicom import ALL_TRANSFER_SYNTAXES, AllStoragePresentationContexts, build_context, evt

from tdwii_gui.dicom.errors import DimseStatusError
from tdwii_gui.dicom.net.dispatch import affected_uid, calling_ae, sop_class
from tdwii_gui.dicom.net.object_intake import received_object
from tdwii_gui.dicom.status import Status
from tdwii_gui.dicom.store.arriving_instance import ArrivingInstance
from tdwii_gui.dicom.uids import is_valid_uid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from pynetdicom.events import Event
    from pynetdicom.presentation import PresentationContext

    from tdwii_gui.dicom.net.dispatch import Handler
    from tdwii_gui.dicom.net.object_intake import ObjectRequest
    from tdwii_gui.dicom.store.failed_imports import FailedImport, FailedImports
    from tdwii_gui.dicom.store.instance_store import AddOutcome, InstanceStore

LOGGER = logging.getLogger(__name__)

# The first that a peer proposes too is taken. A deflated data set of some kilobytes can inflate
# to gigabytes, so that syntax is not offered.
STORAGE_SYNTAXES: Final[tuple[str, ...]] = tuple(
    dict.fromkeys(
        uid
        for uid in (ExplicitVRLittleEndian, ImplicitVRLittleEndian, *ALL_TRANSFER_SYNTAXES)
        if uid != DeflatedExplicitVRLittleEndian
    )
)


def no_notice(_outcome: AddOutcome) -> None:
    """Take no notice of a stored instance."""


def no_notice_of_failure(_failed: FailedImport) -> None:
    """Take no notice of an object that could not be stored."""


def no_notice_of_file(_file: Path, _sop_instance_uid: str, _source_ae: str) -> None:
    """Take no notice of an object's file."""


def storage_sop_classes() -> list[UID]:
    """Return all storage SOP classes that are known."""
    return [UID(str(context.abstract_syntax)) for context in AllStoragePresentationContexts]


@cache
def storage_contexts() -> tuple[PresentationContext, ...]:
    """Return the presentation contexts of all storage SOP classes; they are not to be changed.

    pynetdicom checks five thousand UIDs to make them, which takes longer than all else that a
    server does at its start.
    """
    return tuple(build_context(uid, list(STORAGE_SYNTAXES)) for uid in storage_sop_classes())


class StorageScp:
    """Keeps what is sent in an instance store, as it was sent.

    Parameters
    ----------
    on_stored : Callable[[AddOutcome], None]
        Is called after each instance is stored (or was there already), on the association's
        thread, before the answer.
    private_sop_classes : Iterable[str]
        SOP classes that are offered besides those that are known.
    failed : FailedImports or None
        Where objects go that could not be stored; they are dropped without.
    on_failed : Callable[[FailedImport], None]
        Is called for each of them, on the association's thread.
    on_received : Callable[[Path, str, str], None]
        Is called for each object that has come, stored or not: with its DICOM file, which moves
        on after the return, its SOP Instance UID as the command has it, and who sent it.
    """

    def __init__(
        self,
        store: InstanceStore,
        on_stored: Callable[[AddOutcome], None] = no_notice,
        *,
        private_sop_classes: Iterable[str] = (),
        failed: FailedImports | None = None,
        on_failed: Callable[[FailedImport], None] = no_notice_of_failure,
        on_received: Callable[[Path, str, str], None] = no_notice_of_file,
    ) -> None:
        self._store = store
        self._on_stored = on_stored
        self._private_sop_classes = tuple(private_sop_classes)
        self._failed = failed
        self._on_failed = on_failed
        self._on_received = on_received

    @property
    def contexts(self) -> Sequence[PresentationContext]:
        """The presentation contexts of the service."""
        private = (build_context(uid, list(STORAGE_SYNTAXES)) for uid in self._private_sop_classes)
        return (*storage_contexts(), *private)

    @property
    def handlers(self) -> Mapping[evt.InterventionEvent, Handler]:
        """The handler of each request."""
        return {evt.EVT_C_STORE: self._on_store}

    def receive(self, request: ObjectRequest) -> ArrivingInstance:
        """Return what takes the data set of an object as it comes."""
        return self._store.receive(
            request.sop_class_uid,
            request.sop_instance_uid,
            request.transfer_syntax_uid,
            request.source_ae,
        )

    def _on_store(self, event: Event) -> int:
        arriving = received_object(event.request)
        if not isinstance(arriving, ArrivingInstance):
            raise DimseStatusError(Status.CANNOT_UNDERSTAND, "no data set")
        try:
            if arriving.is_whole:
                self._on_received(arriving.path, affected_uid(event), calling_ae(event))
            _check_command(event)
            outcome = self._store.keep(arriving)
        except DimseStatusError as error:
            self._fail(event, arriving, error)
            arriving.discard()
            raise
        if outcome.replaced:
            uid = outcome.instance.sop_instance_uid
            LOGGER.warning("%s is replaced by other content from %r", uid, calling_ae(event))
        self._on_stored(outcome)
        return Status.SUCCESS

    def _fail(self, event: Event, arriving: ArrivingInstance, error: DimseStatusError) -> None:
        uid = affected_uid(event)
        LOGGER.warning(
            "not stored: %s from %r: %s", ascii(uid) if uid else "?", calling_ae(event), error
        )
        # What does not fit on the disk does not fit here either.
        if self._failed is None or error.status == Status.OUT_OF_RESOURCES:
            return
        failed = self._failed.keep(arriving.path, str(error), calling_ae(event), uid)
        if failed is not None:
            self._on_failed(failed)


def _check_command(event: Event) -> None:
    if not is_valid_uid(affected_uid(event)):
        raise DimseStatusError(Status.DATASET_MISMATCH, "AffectedSOPInstanceUID is no UID")
    if sop_class(event) != event.context.abstract_syntax:
        raise DimseStatusError(Status.DATASET_MISMATCH, "SOP class is not that of the context")
