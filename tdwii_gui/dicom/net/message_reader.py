"""Messages that come from a peer: command sets as they travel (PS3.7 6.3.1).

pynetdicom makes a data set of each command, and of that the parameters one by one, which takes
longer than to find the step that a message is about. Here the few values are read from the bytes.
"""

from __future__ import annotations

from functools import cache
from io import BytesIO
from struct import Struct
from typing import TYPE_CHECKING, Any, Final

from pydicom.datadict import dictionary_VR, keyword_for_tag
from pydicom.tag import Tag
from pynetdicom.dimse_messages import DIMSEMessage
from pynetdicom.dimse_primitives import C_CANCEL, N_EVENT_REPORT

from tdwii_gui.dicom.net.command_fields import OPERATIONS, RESPONSE
from tdwii_gui.dicom.net.message_writer import COMMAND, ELEMENT_HEADER, LAST
from tdwii_gui.dicom.store.encoding import decode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pydicom.dataset import Dataset
    from pynetdicom.association import Association
    from pynetdicom.pdu_primitives import P_DATA

_SHORT: Final = Struct("<H")
_LONG: Final = Struct("<L")
_SOP_CLASS: Final = 0x0002
_FIELD: Final = 0x0100
_DATA_SET_TYPE: Final = 0x0800
_SOP_INSTANCE: Final = 0x1000
_WITHOUT_DATA_SET: Final = 0x0101
_C_STORE_RQ: Final = 0x0001
_ENCODING: Final = "iso8859"

_PRIMITIVES: Final[dict[int, tuple[type, str]]] = {
    **{each.field: (each.primitive, each.of_request) for each in OPERATIONS},
    **{
        each.field | RESPONSE: (each.primitive, each.of_response)
        for each in OPERATIONS
        if each.event is not None
    },
}
"""By Command Field: the primitive, and its parameter that is the data set."""


class ArrivingMessage(DIMSEMessage):
    """A message that is put together from its fragments, in place of one of pynetdicom's.

    Parameters
    ----------
    on_request : Callable
        Is called when it is complete, and a request whose response is waited for.
    """

    def __init__(self, on_request: Callable[[], None] = lambda: None) -> None:
        # Not that of the class above, which makes a data set.
        self.context_id: int | None = None
        self.encoded_command_set = BytesIO()
        self.data_set: BytesIO = BytesIO()
        self._data_set_path = None
        self._data_set_file: Any = None
        self._values: dict[int, bytes] = {}
        self._field = 0
        self._on_request = on_request

    @property
    def is_object(self) -> bool:
        """Whether it is a C-STORE-RQ, as far as it has come."""
        return self._field == _C_STORE_RQ

    # pynetdicom has an attribute there, which it fills and reads.
    @property
    def command_set(self) -> Dataset:  # type: ignore[override]
        """The command, as far as it has come, for those who want all of it."""
        return decode(self.encoded_command_set.getvalue(), implicit_vr=True)

    @property
    def affected_sop_class_uid(self) -> str:
        """The Affected SOP Class UID; empty without one."""
        return _text(self._values.get(_SOP_CLASS, b""))

    @property
    def affected_sop_instance_uid(self) -> str:
        """The Affected SOP Instance UID; empty without one."""
        return _text(self._values.get(_SOP_INSTANCE, b""))

    def decode_msg(self, primitive: P_DATA, assoc: Association | None = None) -> bool:
        """Take fragments (PS3.8 E.2); return whether the message is complete.

        Raises
        ------
        ValueError
            If the command cannot be read.
        LookupError
            If it is none, or does not say whether there is a data set.
        """
        for context_id, fragment in primitive.presentation_data_value_list:
            control = fragment[0]
            if not control & COMMAND:
                into = self._data_set_file or self.data_set
                into.write(fragment[1:])
                if control & LAST:
                    return True
                continue
            self.encoded_command_set.write(fragment[1:])
            if control & LAST:
                self.context_id = context_id
                if not self._read_command():
                    return True
        return False

    def _read_command(self) -> bool:
        """Read the command; return whether a data set follows."""
        self._values = dict(_elements(self.encoded_command_set.getbuffer()))
        self._field = _SHORT.unpack(self._values[_FIELD])[0]
        if self._field not in _PRIMITIVES:
            raise ValueError(f"command field {self._field:04X}H")
        return bool(_SHORT.unpack(self._values[_DATA_SET_TYPE])[0] != _WITHOUT_DATA_SET)

    def message_to_primitive(self) -> Any:
        """Return the service primitive.

        Raises
        ------
        ValueError, TypeError
            If a parameter is not what it has to be.
        """
        kind, keyword_of_data_set = _PRIMITIVES[self._field]
        if not self._field & RESPONSE and kind not in (C_CANCEL, N_EVENT_REPORT):
            self._on_request()
        primitive = kind()
        for element, value in self._values.items():
            keyword, vr = _registered(element)
            if _has(kind, keyword):
                setattr(primitive, keyword, _decoded(vr, value))
        if keyword_of_data_set:
            setattr(primitive, keyword_of_data_set, self.data_set)
        primitive._context_id = self.context_id
        primitive._dataset_path = self._data_set_path
        primitive._dataset_file = self._data_set_file
        return primitive


def read_messages(association: Association) -> None:
    """Have the messages of an association that is not yet established read here."""
    dimse: Any = association.dimse
    receive = dimse.receive_primitive

    def forget_cancels() -> None:
        # A C-CANCEL may come before the request that it is about is begun to be answered; but one
        # that came before the request is about another one, maybe with the same Message ID.
        dimse.cancel_req = {}

    def receive_primitive(primitive: P_DATA) -> None:
        if dimse.message is None:
            dimse.message = ArrivingMessage(forget_cancels)
        receive(primitive)

    dimse.receive_primitive = receive_primitive


def _elements(encoded: memoryview) -> Iterator[tuple[int, bytes]]:
    """Yield the element numbers and values of a command set."""
    position = 0
    while position < len(encoded):
        if position + ELEMENT_HEADER.size > len(encoded):
            raise ValueError("the command ends within an element")
        group, element, length = ELEMENT_HEADER.unpack_from(encoded, position)
        position += ELEMENT_HEADER.size
        if position + length > len(encoded):
            raise ValueError("an element of the command is longer than the command")
        if group == 0:
            yield element, bytes(encoded[position : position + length])
        position += length


@cache
def _registered(element: int) -> tuple[str, str]:
    """Return keyword and VR of a command element; empty for one that is not in PS3.7 E."""
    keyword = keyword_for_tag(element)
    return keyword, dictionary_VR(element) if keyword else ""


@cache
def _has(kind: type, keyword: str) -> bool:
    return bool(keyword) and hasattr(kind(), keyword)


def _decoded(vr: str, value: bytes) -> Any:
    """Return the value of a parameter: the first one, except of a list of tags."""
    if vr == "AT":
        count = len(value) // 4
        parts = [value[start : start + 4] for start in range(0, 4 * count, 4)]
        tags = [Tag(*(_SHORT.unpack_from(part, at)[0] for at in (0, 2))) for part in parts]
        return tags if len(tags) > 1 else next(iter(tags), None)
    if vr in ("US", "UL"):
        number = _SHORT if vr == "US" else _LONG
        return number.unpack_from(value)[0] if value else None
    return _text(value).lstrip(" ") if vr == "AE" else _text(value)


def _text(value: bytes) -> str:
    return value.decode(_ENCODING).partition("\\")[0].rstrip("\0 ")
