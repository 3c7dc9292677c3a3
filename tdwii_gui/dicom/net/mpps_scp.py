"""Modality Performed Procedure Steps as their SCP (PS3.4 Annex F).

The three SOP Classes share their instances; each has services of its own: MPPS N-CREATE and N-SET,
Retrieve N-GET. Notifications leave from the outbox, on associations that the SCP requests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag
from pynetdicom import build_context, evt

from tdwii_gui.dicom.errors import DimseStatusError
from tdwii_gui.dicom.iod.requirement_table import mpps_requirements
from tdwii_gui.dicom.net.dispatch import affected_uid, calling_ae, requested_uid, sop_class
from tdwii_gui.dicom.status import Status
from tdwii_gui.dicom.store.encoding import duplicate
from tdwii_gui.dicom.uids import MPPS, MPPS_NOTIFICATION, MPPS_RETRIEVE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from pynetdicom.events import Event
    from pynetdicom.presentation import PresentationContext

    from tdwii_gui.dicom.iod.mpps import Mpps
    from tdwii_gui.dicom.net.dispatch import Handler
    from tdwii_gui.dicom.store.mpps_store import MppsStore

_CLASSES: Final = (MPPS, MPPS_RETRIEVE, MPPS_NOTIFICATION)
_CHARACTER_SET: Final = Tag("SpecificCharacterSet")
_TOLD_BY_COMMAND: Final = (Tag("SOPClassUID"), Tag("SOPInstanceUID"))
CLASS_OF_SERVICE: Final = {"N_CREATE": MPPS, "N_SET": MPPS, "N_GET": MPPS_RETRIEVE}


class MppsScp:
    """Answers N-CREATE, N-SET and N-GET of performed procedure steps.

    Parameters
    ----------
    on_change : Callable[[Mpps, str], None]
        Is called after each commit, before the answer, with the step and who changed it.
    """

    def __init__(self, store: MppsStore, on_change: Callable[[Mpps, str], None]) -> None:
        self._store = store
        self._on_change = on_change

    @property
    def contexts(self) -> Sequence[PresentationContext]:
        """The presentation contexts of the service; a requestor may take either role (F.2.1)."""
        contexts = [build_context(uid) for uid in _CLASSES]
        for context in contexts:
            context.scu_role = context.scp_role = True
        return contexts

    @property
    def handlers(self) -> Mapping[evt.InterventionEvent, Handler]:
        """The handler of each request."""
        return {
            evt.EVT_N_CREATE: self._on_create,
            evt.EVT_N_SET: self._on_set,
            evt.EVT_N_GET: self._on_get,
        }

    def _on_create(self, event: Event) -> tuple[int | Dataset, None]:
        _check_scope(event)
        given = affected_uid(event)
        mpps = self._store.create(given, event.attribute_list)
        self._on_change(mpps, calling_ae(event))
        if given:
            return Status.SUCCESS, None
        command = Dataset()
        command.Status = Status.SUCCESS
        command.AffectedSOPInstanceUID = mpps.uid
        return command, None

    def _on_set(self, event: Event) -> tuple[int, None]:
        _check_scope(event)
        mpps = self._store.set(requested_uid(event), event.modification_list)
        self._on_change(mpps, calling_ae(event))
        return Status.SUCCESS, None

    def _on_get(self, event: Event) -> tuple[int, Dataset]:
        _check_scope(event)
        mpps = self._store.get(requested_uid(event))
        found, complete = _selected(mpps.dataset, event.attribute_identifiers)
        return Status.SUCCESS if complete else Status.ATTRIBUTES_UNSUPPORTED, found


def _selected(dataset: Dataset, tags: Iterable[int]) -> tuple[Dataset, bool]:
    """Return what an N-GET asks for, and whether all of that is supported (PS3.4 F.8.2.1).

    Attributes of the table are supported, and come without a value where the step has none.
    Without tags, all are asked for.
    """
    wanted = {Tag(tag) for tag in tags}
    if not wanted:
        found = duplicate(dataset)
        for tag in _TOLD_BY_COMMAND:
            found.pop(tag, None)
        return found, True
    table = {row.tag: row.vr for row in mpps_requirements()}
    found = Dataset()
    for tag in wanted | {_CHARACTER_SET}:
        if tag in dataset and tag not in _TOLD_BY_COMMAND:
            found[tag] = dataset[tag]
        elif tag in table and tag != _CHARACTER_SET:
            found[tag] = DataElement(tag, table[tag], [] if table[tag] == "SQ" else None)
    known = {_CHARACTER_SET, *_TOLD_BY_COMMAND}
    return found, all(tag in found or tag in known for tag in wanted)


def _check_scope(event: Event) -> None:
    """Refuse a request whose context or SOP Class is not that of its service.

    Raises
    ------
    DimseStatusError
        0211 for a service that the context's SOP Class does not have; 0118 for a SOP Class that
        is no MPPS, 0119 for another one of MPPS.
    """
    message = type(event.request).__name__
    right = CLASS_OF_SERVICE[message]
    if event.context.abstract_syntax != right:
        name = f"no {message.replace('_', '-')} in this context"
        raise DimseStatusError(Status.UNRECOGNIZED_OPERATION, name)
    given = sop_class(event)
    if given != right:
        known = given in _CLASSES
        status = Status.CLASS_INSTANCE_CONFLICT if known else Status.NO_SUCH_SOP_CLASS
        raise DimseStatusError(status, "not the SOP Class of this service")
