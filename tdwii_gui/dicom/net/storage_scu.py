"""Storing objects at a peer: C-STORE (PS3.4 B)."""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING, Final, NamedTuple

from pydicom.dataset import Dataset
from pydicom.uid import ImplicitVRLittleEndian
from pynetdicom import build_context
from pynetdicom.dimse_primitives import C_STORE

from tdwii_gui.dicom.errors import DatasetError, NotAccepted
from tdwii_gui.dicom.net.exchange import Request
from tdwii_gui.dicom.net.leaving_messages import LeavingMessages
from tdwii_gui.dicom.net.message_writer import (
    PORTION_BYTES,
    BytesDataset,
    MessageWriter,
    encode_command,
    padded,
)
from tdwii_gui.dicom.net.outgoing_object import (
    UNCOMPRESSED,
    ObjectKind,
    OutgoingObject,
    Source,
    object_kind,
)
from tdwii_gui.dicom.net.session import LocalAe, Session
from tdwii_gui.dicom.uids import uid_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pynetdicom.association import Association
    from pynetdicom.presentation import PresentationContext

    from tdwii_gui.config.ae_directory import ApplicationEntity
    from tdwii_gui.dicom.net.faults import Faults
    from tdwii_gui.dicom.net.message_writer import EncodedDataset

_MAXIMUM_CONTEXTS: Final = 128
_SHORT: Final = Struct("<H")
_C_STORE_RQ: Final = 0x0001
_MEDIUM: Final = 0x0000
_MESSAGE: Final = "C-STORE"
_WITH_DATA_SET: Final = 0x0001


class Originator(NamedTuple):
    """Who asked for a sub-operation by C-MOVE (PS3.7 9.1.1.1.6)."""

    ae_title: str
    message_id: int


class StorageScu(Session):
    """An association to store objects.

    Parameters
    ----------
    objects : Iterable[Dataset or Path or StoredInstance]
        What is going to be sent: it decides the presentation contexts, each object in the
        transfer syntax it is stored in, and implicit VR little endian besides where that needs
        no decompression.

    Raises
    ------
    DatasetError
        If one of them has no SOP Class UID, or they need more than 128 presentation contexts.
    """

    def __init__(
        self,
        local: LocalAe,
        peer: ApplicationEntity,
        objects: Iterable[Source],
    ) -> None:
        kinds = map(object_kind, objects)
        pairs = {(kind.sop_class_uid, kind.transfer_syntax_uid) for kind in kinds}
        super().__init__(local, peer, storage_contexts(pairs))
        self._ahead = ReadAhead()
        self._sender: ObjectSender | None = None

    def open(self) -> None:
        """Associate with the peer."""
        super().open()
        self._sender = (
            ObjectSender(self._association, self.local.faults) if self._association else None
        )

    def c_store(
        self,
        source: Source,
        *,
        originator: Originator | None = None,
        following: Source | None = None,
    ) -> int:
        """Store an object; return its status, success or a warning.

        Parameters
        ----------
        following : Dataset or Path or StoredInstance
            What will be sent next: it is read while the peer stores this one.

        Raises
        ------
        DimseStatusError
            If the peer does not store it.
        NotAccepted
            If the peer accepts no presentation context that it can be sent in.
        AssociationError
            If the association is lost.
        DatasetError
            If it cannot be read or encoded.
        """
        outgoing = self._ahead.take(source)

        def send(association: Association, message_id: int) -> tuple[Dataset, None]:
            sender = self._sender or ObjectSender(association, self.local.faults)
            command = sender.send(
                outgoing, message_id, originator, meanwhile=lambda: self._ahead.read(following)
            )
            return command, None

        request = Request("C-STORE", outgoing.kind.sop_class_uid, outgoing.kind.sop_instance_uid)
        return self._ask(request, send, more=following is not None).status


class ReadAhead:
    """Reads the object that comes next while the peer is busy with the one before."""

    def __init__(self) -> None:
        self._next: OutgoingObject | None = None

    def read(self, source: Source | None) -> None:
        """Read an object, if there is one; what is wrong with it shows when it is taken."""
        try:
            self._next = OutgoingObject(source) if source is not None else None
        except DatasetError:
            self._next = None

    def take(self, source: Source) -> OutgoingObject:
        """Return an object, which may have been read before.

        Raises
        ------
        DatasetError
            If it cannot be read.
        """
        ahead, self._next = self._next, None
        return ahead if ahead is not None and ahead.source is source else OutgoingObject(source)


def storage_contexts(pairs: Iterable[tuple[str, str]]) -> list[PresentationContext]:
    """Return the contexts for pairs of SOP Class UID and transfer syntax.

    Raises
    ------
    DatasetError
        If they are more than an association can hold (PS3.8 9.3.2.2).
    """
    wanted: dict[tuple[str, str], None] = {}
    for sop_class, syntax in sorted(pairs):
        wanted[sop_class, syntax] = None
        if syntax in UNCOMPRESSED:
            wanted[sop_class, ImplicitVRLittleEndian] = None
    if len(wanted) > _MAXIMUM_CONTEXTS:
        raise DatasetError(f"the objects need {len(wanted)} presentation contexts, 128 are allowed")
    return [build_context(sop_class, syntax) for sop_class, syntax in wanted]


def nothing_meanwhile() -> None:
    """Do nothing while the peer is busy."""


class ObjectSender:
    """Sends C-STORE requests on an association, whoever requested it, and takes the responses."""

    def __init__(self, association: Association, faults: Faults) -> None:
        self._association = association
        self._faults = faults
        self._leaving = LeavingMessages(association, faults)
        self._writer = MessageWriter(association)
        self._contexts: dict[str, dict[str, int]] = {}
        for context in association.accepted_contexts:
            if context.as_scu:
                syntaxes = self._contexts.setdefault(str(context.abstract_syntax), {})
                syntaxes[str(context.transfer_syntax[0])] = context.context_id or 0

    def send(
        self,
        outgoing: OutgoingObject,
        message_id: int,
        originator: Originator | None = None,
        *,
        meanwhile: Callable[[], None] = nothing_meanwhile,
    ) -> Dataset:
        """Send an object and return the command elements of the response; none if it is lost.

        A file is sent as it is where its transfer syntax is accepted, and else re-encoded.

        Parameters
        ----------
        meanwhile : Callable
            Is called between the request and its response.

        Raises
        ------
        NotAccepted
            If no accepted presentation context fits.
        DatasetError
            If the object cannot be read or encoded.
        """
        kind = outgoing.kind
        contexts = self._contexts.get(kind.sop_class_uid, {})
        syntax = outgoing.syntax_among(contexts)
        if syntax is None:
            what = f"{uid_name(kind.sop_class_uid)} in {uid_name(kind.transfer_syntax_uid)}"
            raise NotAccepted(f"{what} is not accepted by the peer")
        encoded = outgoing.encoded(syntax)
        if self._faults.is_active:
            if not self._leaving.may_leave(_MESSAGE):
                return Dataset()
            encoded = self._altered(encoded, syntax)
        command = _command(kind, message_id, originator)
        try:
            self._writer.write(contexts[syntax], command, encoded)
        except OSError as error:
            # Half a message is on its way, and nothing can follow it.
            _abort(self._association)
            raise DatasetError(f"cannot be read: {error.strerror or error}") from error
        meanwhile()
        return _answer(self._association, message_id)

    def _altered(self, encoded: EncodedDataset, syntax: str) -> EncodedDataset:
        try:
            content = b"".join(encoded.portions(PORTION_BYTES))
        except OSError as error:
            raise DatasetError(f"cannot be read: {error.strerror or error}") from error
        return BytesDataset(self._leaving.altered(_MESSAGE, 0, content, syntax)[0])


def _command(kind: ObjectKind, message_id: int, originator: Originator | None) -> bytes:
    """Return the command of a C-STORE-RQ (PS3.7 Table 9.3-1)."""
    elements = {
        0x0002: padded(kind.sop_class_uid, b"\0"),
        0x0100: _SHORT.pack(_C_STORE_RQ),
        0x0110: _SHORT.pack(message_id),
        0x0700: _SHORT.pack(_MEDIUM),
        0x0800: _SHORT.pack(_WITH_DATA_SET),
        0x1000: padded(kind.sop_instance_uid, b"\0"),
    }
    if originator is not None:
        elements[0x1030] = padded(originator.ae_title, b" ")
        elements[0x1031] = _SHORT.pack(originator.message_id)
    return encode_command(elements)


def _answer(association: Association, message_id: int) -> Dataset:
    """Wait for the response; without one it is empty, as pynetdicom has it."""
    _, response = association.dimse.get_msg(block=True)
    if response is None:
        association._reactor_checkpoint.set()
        association._handle_no_response()
        return Dataset()
    if not isinstance(response, C_STORE) or response.MessageIDBeingRespondedTo != message_id:
        _abort(association)
        return Dataset()
    return association._check_received_status(response)


def _abort(association: Association) -> None:
    association._reactor_checkpoint.set()
    association.abort()
