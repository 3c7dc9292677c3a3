"""The way in of objects: the data set of a C-STORE goes to its service as it comes.

pynetdicom copies each byte six times and keeps the whole data set in memory until the request is
handed on. Here what comes after the command goes from the connection's buffer to whoever is to
have it; pynetdicom is told of the last fragment only.
"""

from __future__ import annotations

import select
from contextlib import suppress
from struct import Struct
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol, cast, runtime_checkable

from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.pdu import P_DATA_TF
from pynetdicom.pdu_primitives import P_DATA

from tdwii_gui.dicom.net.message_writer import COMMAND, LAST

if TYPE_CHECKING:
    from collections.abc import Callable

    from pynetdicom.association import Association

    from tdwii_gui.dicom.net.accepted_socket import AcceptedSocket
    from tdwii_gui.dicom.net.message_reader import ArrivingMessage

_HEADER: Final = Struct(">BxL")
_PDV_HEADER: Final = Struct(">LBB")
_LENGTH_BYTES: Final = 4
_CONTROL_BYTES: Final = 2
_P_DATA_TF: Final = 4
_DATA_TRANSFER: Final = "Sta6"
_P_DATA_RECEIVED: Final = "Evt10"
_CONNECTION_LOST: Final = "Evt17"
_INVALID_PDU: Final = "Evt19"
_LOOK_SECONDS: Final = 0.1


class ObjectRequest(NamedTuple):
    """What is known of an object when its C-STORE command has come; nothing of it is checked."""

    sop_class_uid: str
    sop_instance_uid: str
    abstract_syntax: str
    transfer_syntax_uid: str
    source_ae: str


class ReceivedObject(Protocol):
    """Takes the data set of an object; nothing that it does fails before the request is served."""

    @property
    def size(self) -> int:
        """Bytes that it was given."""

    def write(self, data: bytes | memoryview) -> None:
        """Take a part of the data set; it is not to be used after the return."""

    def discard(self) -> None:
        """Forget it, if it is not kept yet."""


@runtime_checkable
class ObjectReceiver(Protocol):
    """A service that takes data sets as they come."""

    def receive(self, request: ObjectRequest) -> ReceivedObject:
        """Return what takes the data set of an object."""


def received_object(request: Any) -> ReceivedObject | None:
    """Return what has taken the data set of a request or message; None if it is in memory."""
    file = getattr(request, "_dataset_file", None) or getattr(request, "_data_set_file", None)
    return file.receiver if isinstance(file, _DataSetFile) else None


class _DataSetFile:
    """What pynetdicom takes for the temporary file of a data set."""

    def __init__(self, receiver: ReceivedObject) -> None:
        self.receiver = receiver
        self.file = self

    def write(self, data: bytes) -> None:
        self.receiver.write(data)

    def flush(self) -> None:
        """Do nothing."""


class ObjectIntake:
    """Reads the data sets of an association's objects, on its connection's thread.

    Parameters
    ----------
    open_object : Callable[[ObjectRequest], ReceivedObject or None]
        Returns who takes the data set of an object; None leaves it in memory.
    may_take : Callable[[int], bool]
        Whether a message may have so many bytes more.
    """

    def __init__(
        self,
        association: Association,
        open_object: Callable[[ObjectRequest], ReceivedObject | None],
        may_take: Callable[[int], bool],
    ) -> None:
        self._association = association
        self._dul: Any = association.dul
        self._connection = cast("AcceptedSocket", association.dul.socket)
        self._open_object = open_object
        self._may_take = may_take
        self._receiver: ReceivedObject | None = None
        self._read: Callable[[], None] = self._dul._read_pdu_data
        self._receive: Callable[[P_DATA], None] = association.dimse.receive_primitive
        cast("Any", association.dul)._read_pdu_data = self._read_pdus

    def receive(self, primitive: P_DATA) -> None:
        """Take a P-DATA primitive, fragment by fragment."""
        for value in primitive.presentation_data_value_list:
            one = P_DATA()
            one._presentation_data_value_list = [value]
            self._receive(one)
            message = cast("ArrivingMessage | None", self._association.dimse.message)
            if message is None:
                self._receiver = None
            elif self._receiver is None and message.is_object:
                self._begin(message)

    def end(self) -> None:
        """Discard what was not served, now that the association is over."""
        receiver, self._receiver = self._receiver, None
        if receiver is not None:
            receiver.discard()
        queue = self._association.dimse.msg_queue
        while queue.qsize():
            _, request = queue.get_nowait()
            discard(request)

    def _begin(self, message: ArrivingMessage) -> None:
        context = self._association._accepted_cx.get(message.context_id or 0)
        if context is None:
            return
        receiver = self._open_object(
            ObjectRequest(
                message.affected_sop_class_uid,
                message.affected_sop_instance_uid,
                str(context.abstract_syntax),
                str(context.transfer_syntax[0]),
                str(self._association.requestor.ae_title),
            )
        )
        if receiver is not None:
            self._receiver = receiver
            message._data_set_file = _DataSetFile(receiver)

    def _read_pdus(self) -> None:
        """Read PDUs until there is something that pynetdicom has to handle."""
        while (
            self._receiver is not None and self._dul.state_machine.current_state == _DATA_TRANSFER
        ):
            try:
                event = self._read_fragments(self._receiver)
            except OSError:
                event = _CONNECTION_LOST
            if event is None:
                break
            if event:
                self._dul.event_queue.put(event)
                return
            self._dul._idle_timer.restart()
            if not self._more_comes():
                return
        self._read()

    def _read_fragments(self, receiver: ReceivedObject) -> str | None:
        """Read a P-DATA-TF PDU (PS3.8 9.3.5); return its event for the state machine, or "".

        None if the next one is another PDU.
        """
        connection = self._connection
        header = connection.recv(_HEADER.size)
        if len(header) < _HEADER.size or header[0] != _P_DATA_TF:
            connection.put_back(header)
            return None
        left = _HEADER.unpack(header)[1]
        while left:
            if left < _PDV_HEADER.size:
                return _INVALID_PDU
            start = connection.read_part(_PDV_HEADER.size)
            length, context_id, control = _PDV_HEADER.unpack(start)
            left -= length + _LENGTH_BYTES
            size = length - _CONTROL_BYTES
            if size < 0 or left < 0:
                return _INVALID_PDU
            if control & COMMAND:
                return self._hand_on(start + connection.read_part(size + left))
            if not self._may_take(size):
                return _INVALID_PDU
            connection.pour(size, receiver.write)
            if control & LAST:
                end = _PDV_HEADER.pack(_CONTROL_BYTES, context_id, control)
                return self._hand_on(end + connection.read_part(left))
        connection.end_pdu()
        return ""

    def _hand_on(self, values: bytes) -> str:
        """Have pynetdicom handle presentation data values."""
        self._connection.end_pdu()
        pdu = P_DATA_TF()
        pdu.decode(_HEADER.pack(_P_DATA_TF, len(values)) + values)
        self._dul._recv_pdu.put(pdu)
        return _P_DATA_RECEIVED

    def _more_comes(self) -> bool:
        """Wait a moment for the next PDU, unless there is something else to do."""
        if self._dul._kill_thread or not self._dul.to_provider_queue.empty():
            return False
        connection = self._connection
        if connection.ready:
            return True
        if connection.socket is not None:
            with suppress(OSError, ValueError):  # it was closed meanwhile
                return bool(select.select([connection.socket], [], [], _LOOK_SECONDS)[0])
        return False


def discard(request: Any) -> None:
    """Discard what has taken the data set of a request, if it is not kept yet."""
    receiver = received_object(request) if isinstance(request, C_STORE) else None
    if receiver is not None:
        receiver.discard()
