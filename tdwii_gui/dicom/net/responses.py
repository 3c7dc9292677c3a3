"""Responses to requests, encoded as they travel (PS3.7 6.3.1, 9.3 and 10.3).

pynetdicom builds each response as a primitive, a message, a command data set and its bytes, which
takes longer than to find a step in the worklist; and it queues without limit what a peer is slow
to read.
"""

from __future__ import annotations

from ssl import SSLSocket
from struct import Struct
from threading import current_thread
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeGuard

from pydicom.dataset import Dataset
from pydicom.uid import UID
from pynetdicom.dimse_primitives import (
    C_ECHO,
    C_FIND,
    C_STORE,
    N_ACTION,
    N_CREATE,
    N_DELETE,
    N_EVENT_REPORT,
    N_GET,
    N_SET,
)
from pynetdicom.dsutils import encode
from pynetdicom.pdu_primitives import P_DATA

from tdwii_gui.dicom.errors import DatasetError
from tdwii_gui.dicom.net.accepted_socket import AcceptedSocket
from tdwii_gui.dicom.store import encoding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pynetdicom.association import Association
    from pynetdicom.events import Event
    from pynetdicom.transport import AssociationSocket

Command: TypeAlias = int | Dataset
"""The status of a response, or its command elements with Status."""

MOST_WAITING: Final = 64
"""So many fragments wait for a peer at most; then who answers waits too."""

_LOOK_SECONDS: Final = 0.1

_COMMAND_FIELDS: Final = {
    C_STORE: 0x8001,
    C_FIND: 0x8020,
    C_ECHO: 0x8030,
    N_EVENT_REPORT: 0x8100,
    N_GET: 0x8110,
    N_SET: 0x8120,
    N_ACTION: 0x8130,
    N_CREATE: 0x8140,
    N_DELETE: 0x8150,
}

_GROUP_LENGTH: Final = 0x0000
_SOP_CLASS: Final = 0x0002
_FIELD: Final = 0x0100
_MESSAGE_ID: Final = 0x0120
_DATA_SET_TYPE: Final = 0x0800
_STATUS: Final = 0x0900
_SOP_INSTANCE: Final = 0x1000
_EVENT_TYPE: Final = 0x1002
_ACTION_TYPE: Final = 0x1008
_WITHOUT_DATA_SET: Final = 0x0101
_WITH_DATA_SET: Final = 0x0001

_HEADER: Final = Struct("<HHL")
_SHORT: Final = Struct("<H")
_LONG: Final = Struct("<L")
_PDU_HEADER: Final = Struct(">BxLLB")
_P_DATA_TF: Final = 0x04
_DATA_SET: Final = 0
_COMMAND: Final = 1
_LAST: Final = 2
_PDV_HEADER_BYTES: Final = 6


class Responder:
    """Sends the responses to one request, on the thread of its association."""

    def __init__(self, event: Event) -> None:
        self._association: Association = event.assoc
        self._context_id: int = event.context.context_id
        self._syntax = UID(event.context.transfer_syntax)
        self._elements = _common_elements(event.request)

    @property
    def is_heard(self) -> bool:
        """Whether the peer is still there."""
        association = self._association
        return (
            association.is_established
            and not association.acse.is_aborted()
            and association.dul.is_alive()
        )

    def encode(self, dataset: Dataset) -> bytes:
        """Return a data set in the transfer syntax of the request's context.

        Raises
        ------
        DatasetError
            If it cannot be encoded.
        """
        syntax = self._syntax
        is_plain = syntax.is_little_endian and not syntax.is_deflated
        if is_plain and dataset.original_encoding in ((syntax.is_implicit_VR, True), (None, None)):
            return encoding.encode(dataset, implicit_vr=syntax.is_implicit_VR)[0]
        encoded = encode(
            dataset, syntax.is_implicit_VR, syntax.is_little_endian, syntax.is_deflated
        )
        if encoded is None:
            raise DatasetError("the data set cannot be encoded")
        return encoded

    def send(self, command: Command, encoded: bytes = b"") -> None:
        """Send a response; wait while the peer is slow to read.

        Parameters
        ----------
        command : int or Dataset
            Its status, or command elements that include it.
        encoded : bytes
            Its data set, from `encode`.
        """
        elements = self._elements | _elements(command)
        elements[_DATA_SET_TYPE] = _SHORT.pack(_WITH_DATA_SET if encoded else _WITHOUT_DATA_SET)
        fragments = [*self._fragments(encode_command(elements), _COMMAND)]
        if encoded:
            fragments += self._fragments(encoded, _DATA_SET)
        if not self.is_heard:
            return
        connection = self._association.dul.socket
        if self._may_write(connection):
            # Otherwise the association's two threads have to take turns for each response.
            connection.send(b"".join(map(self._pdu, fragments)))
        else:
            self._queue(fragments)

    def _may_write(self, connection: AssociationSocket | None) -> TypeGuard[AcceptedSocket]:
        """Return whether this thread may write: no other does, and TLS is written by one alone."""
        return (
            isinstance(connection, AcceptedSocket)
            and not isinstance(connection.socket, SSLSocket)
            and current_thread() is self._association
            and self._association.dul.to_provider_queue.empty()
        )

    def _fragments(self, content: bytes, kind: int) -> Iterator[bytes]:
        """Yield a command or data set in fragments with their control header (PS3.8 E.2)."""
        longest = self._association.dimse.maximum_pdu_size
        size = max(longest - _PDV_HEADER_BYTES, 1) if longest else len(content)
        for start in range(0, len(content), size):
            is_last = start + size >= len(content)
            yield bytes((kind | _LAST if is_last else kind,)) + content[start : start + size]

    def _pdu(self, fragment: bytes) -> bytes:
        """Return a P-DATA-TF PDU with one fragment (PS3.8 9.3.5)."""
        length = len(fragment) + 1
        return _PDU_HEADER.pack(_P_DATA_TF, length + 4, length, self._context_id) + fragment

    def _queue(self, fragments: list[bytes]) -> None:
        waiting = self._association.dul.to_provider_queue
        with waiting.not_full:
            while len(waiting.queue) >= MOST_WAITING and self.is_heard:
                waiting.not_full.wait(_LOOK_SECONDS)
        for fragment in fragments:
            primitive = P_DATA()
            value: Any = [self._context_id, fragment]
            primitive.presentation_data_value_list = [value]
            self._association.dul.send_pdu(primitive)


def encode_command(elements: dict[int, bytes]) -> bytes:
    """Return a command set (PS3.7 6.3.1) with its group length.

    Parameters
    ----------
    elements : dict[int, bytes]
        Values of even length by element number.
    """
    body = b"".join(
        _HEADER.pack(0, number, len(value)) + value for number, value in sorted(elements.items())
    )
    return _HEADER.pack(0, _GROUP_LENGTH, _LONG.size) + _LONG.pack(len(body)) + body


def _common_elements(request: Any) -> dict[int, bytes]:
    """Return what the responses to a request take over from it."""
    given = {
        _SOP_CLASS: _first(request, "AffectedSOPClassUID", "RequestedSOPClassUID"),
        _SOP_INSTANCE: _first(request, "AffectedSOPInstanceUID", "RequestedSOPInstanceUID"),
    }
    elements = {number: _padded(str(uid), b"\0") for number, uid in given.items() if uid}
    types = {
        _EVENT_TYPE: _first(request, "EventTypeID"),
        _ACTION_TYPE: _first(request, "ActionTypeID"),
    }
    elements |= {number: _SHORT.pack(each) for number, each in types.items() if each is not None}
    elements[_FIELD] = _SHORT.pack(_COMMAND_FIELDS[type(request)])
    elements[_MESSAGE_ID] = _SHORT.pack(request.MessageID)
    return elements


def _first(request: Any, *keywords: str) -> Any:
    values = (getattr(request, keyword, None) for keyword in keywords)
    return next((value for value in values if value is not None), None)


def _elements(command: Command) -> dict[int, bytes]:
    if isinstance(command, Dataset):
        return dict(_encoded(command))
    return {_STATUS: _SHORT.pack(command)}


def _encoded(command: Dataset) -> Iterator[tuple[int, bytes]]:
    for element in command:
        values = element.value if element.VM > 1 else [element.value]
        if element.VR == "US":
            value = b"".join(map(_SHORT.pack, values))
        elif element.VR == "AT":
            value = b"".join(
                _SHORT.pack(each >> 16) + _SHORT.pack(each & 0xFFFF) for each in values
            )
        else:
            padding = b"\0" if element.VR == "UI" else b" "
            value = _padded("\\".join(map(str, values)), padding)
        yield element.tag.element, value


def _padded(text: str, padding: bytes) -> bytes:
    value = text.encode("ascii", "replace")
    return value + padding * (len(value) % 2)
