"""Storing what peers send: C-STORE (PS3.4 B)."""

from __future__ import annotations

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
from tdwii_gui.dicom.status import Status
from tdwii_gui.dicom.uids import is_valid_uid

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pynetdicom.events import Event
    from pynetdicom.presentation import PresentationContext

    from tdwii_gui.dicom.net.dispatch import Handler
    from tdwii_gui.dicom.store.instance_store import AddOutcome, InstanceStore

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
    """

    def __init__(
        self, store: InstanceStore, on_stored: Callable[[AddOutcome], None] = no_notice
    ) -> None:
        self._store = store
        self._on_stored = on_stored

    @property
    def contexts(self) -> Sequence[PresentationContext]:
        """The presentation contexts of the service."""
        return storage_contexts()

    @property
    def handlers(self) -> Mapping[evt.InterventionEvent, Handler]:
        """The handler of each request."""
        return {evt.EVT_C_STORE: self._on_store}

    def _on_store(self, event: Event) -> int:
        if not is_valid_uid(affected_uid(event)):
            raise DimseStatusError(Status.DATASET_MISMATCH, "AffectedSOPInstanceUID is no UID")
        if sop_class(event) != event.context.abstract_syntax:
            raise DimseStatusError(Status.DATASET_MISMATCH, "SOP class is not that of the context")
        outcome = self._store.add(event.encoded_dataset(), calling_ae(event))
        self._on_stored(outcome)
        return Status.SUCCESS
