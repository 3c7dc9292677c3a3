"""Responses to requests, encoded as they travel (PS3.7 6.3.1, 9.3 and 10.3).

pynetdicom builds each response as a primitive, a message, a command data set and its bytes, which
takes longer than to find a step in the worklist.
"""

from __future__ import annotations

from struct import Struct, pack
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from pydicom.dataset import Dataset
from pydicom.uid import UID
from pynetdicom.dsutils import encode

from tdwii_gui.dicom.errors import DatasetError
from tdwii_gui.dicom.net.command_fields import OPERATIONS, RESPONSE
from tdwii_gui.dicom.net.leaving_messages import LeavingMessages, type_id_of
from tdwii_gui.dicom.net.message_writer import (
    BytesDataset,
    MessageWriter,
    encode_command,
    padded,
)
from tdwii_gui.dicom.store import encoding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pynetdicom.events import Event

    from tdwii_gui.dicom.net.faults import Faults

Command: TypeAlias = int | Dataset
"""The status of a response, or its command elements with Status."""

NO_COUNTERS: Final[Mapping[int, int]] = MappingProxyType({})

_COMMAND_FIELDS: Final = {each.primitive: each.field | RESPONSE for each in OPERATIONS}

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

_SHORT: Final = Struct("<H")
_LONGEST_SHORT_VALUE: Final = 0xFFFE


class Responder:
    """Sends the responses to one request, on the thread of its association."""

    def __init__(self, event: Event, faults: Faults) -> None:
        self._writer = MessageWriter(event.assoc)
        self._faults = faults
        self._leaving = LeavingMessages(event.assoc, faults)
        self._about = type(event.request).__name__.replace("_", "-"), type_id_of(event.request)
        self._context_id: int = event.context.context_id
        self._syntax = UID(event.context.transfer_syntax)
        self._elements = _common_elements(event.request)

    @property
    def is_heard(self) -> bool:
        """Whether the peer is still there."""
        return self._writer.is_heard

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

    def altered(
        self, encoded: bytes, dataset: Dataset | None = None
    ) -> tuple[bytes, Dataset | None]:
        """Return the data set of a response, encoded and decoded, as the faults have it."""
        if not self._faults.is_active:
            return encoded, dataset
        encoded, altered = self._leaving.altered(*self._about, encoded, self._syntax)
        return encoded, dataset if altered is None else altered

    def uid_list(self, tag: int, uids: Sequence[str]) -> bytes:
        """Return a data set of one element of UIDs, in the transfer syntax; empty without any.

        A list that is too long for its VR is of VR UN (PS3.5 6.2.2).
        """
        if not uids:
            return b""
        order = "<" if self._syntax.is_little_endian else ">"
        value = padded("\\".join(uids), b"\0")
        start = pack(f"{order}HH", tag >> 16, tag & 0xFFFF)
        if self._syntax.is_implicit_VR:
            return start + pack(f"{order}L", len(value)) + value
        if len(value) <= _LONGEST_SHORT_VALUE:
            return start + b"UI" + pack(f"{order}H", len(value)) + value
        return start + b"UN\0\0" + pack(f"{order}L", len(value)) + value

    def send(
        self,
        command: Command,
        encoded: bytes = b"",
        *,
        counters: Mapping[int, int] = NO_COUNTERS,
    ) -> None:
        """Send a response; wait while the peer is slow to read.

        Nothing is sent once a fault has aborted the association.

        Parameters
        ----------
        command : int or Dataset
            Its status, or command elements that include it.
        encoded : bytes
            Its data set, from `encode`.
        counters : Mapping[int, int]
            Those of sub-operations, by element number.
        """
        if self._faults.is_active and not self._leaving.may_leave(*self._about):
            return
        elements = self._elements | _elements(command)
        elements |= {number: _SHORT.pack(count) for number, count in counters.items()}
        elements[_DATA_SET_TYPE] = _SHORT.pack(_WITH_DATA_SET if encoded else _WITHOUT_DATA_SET)
        dataset = BytesDataset(encoded) if encoded else None
        self._writer.write(self._context_id, encode_command(elements), dataset)


def _common_elements(request: Any) -> dict[int, bytes]:
    """Return what the responses to a request take over from it."""
    given = {
        _SOP_CLASS: _first(request, "AffectedSOPClassUID", "RequestedSOPClassUID"),
        _SOP_INSTANCE: _first(request, "AffectedSOPInstanceUID", "RequestedSOPInstanceUID"),
    }
    elements = {number: padded(str(uid), b"\0") for number, uid in given.items() if uid}
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
            value = padded("\\".join(map(str, values)), padding)
        yield element.tag.element, value
