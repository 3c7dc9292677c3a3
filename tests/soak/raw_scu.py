"""A small UPS client of a test's own: one blocking socket, no threads, nothing of pynetdicom.

Dozens of them fit into a test, and a request is either answered or has failed: there is no state
in between, which a test of lost answers needs.
"""

from __future__ import annotations

import socket
import struct
from io import BytesIO
from typing import Final, Self

from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_dataset
from pydicom.filewriter import write_dataset

from tdwii_gui.dicom.uids import UPS_PULL, UPS_PUSH, UPS_WATCH

_SECONDS: Final = 60.0
_APPLICATION: Final = b"1.2.840.10008.3.1.1.1"
_IMPLICIT_LITTLE: Final = b"1.2.840.10008.1.2"
_CONTEXTS: Final = {UPS_PUSH: 1, UPS_PULL: 3, UPS_WATCH: 5}
_N_GET, _N_SET, _N_ACTION, _N_CREATE = 0x0110, 0x0120, 0x0130, 0x0140
_RESPONSE: Final = 0x8000
_WITH_DATASET, _WITHOUT_DATASET = 0x0001, 0x0101
_COMMAND, _LAST = 1, 2


class RawScu:
    """An association with a TMS; a connection that is lost raises OSError."""

    def __init__(self, port: int, called: str, calling: str) -> None:
        self._message_id = 0
        self._socket = socket.create_connection(("127.0.0.1", port), _SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(_associate(called, calling))
        kind, _ = self._receive_pdu()
        if kind != 2:
            self._socket.close()
            raise ConnectionRefusedError(f"no association: PDU type {kind}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Abort the association; does nothing if it is lost."""
        try:
            self._socket.sendall(struct.pack(">BBLBBBB", 7, 0, 4, 0, 0, 0, 0))
        except OSError:
            pass
        finally:
            self._socket.close()

    def n_create(self, uid: str, attributes: Dataset) -> int:
        """Create a step; return the status."""
        return self._ask(UPS_PUSH, _N_CREATE, uid, attributes)[0].Status

    def n_set(self, uid: str, modifications: Dataset) -> int:
        """Change a step; return the status."""
        return self._ask(UPS_PULL, _N_SET, uid, modifications)[0].Status

    def change_state(self, uid: str, state: str, transaction_uid: str) -> int:
        """Claim, complete or cancel a step; return the status."""
        information = Dataset()
        information.ProcedureStepState = state
        information.TransactionUID = transaction_uid
        return self._ask(UPS_PULL, _N_ACTION, uid, information, 1)[0].Status

    def subscribe(self, uid: str, receiving_ae: str) -> int:
        """Subscribe an AE to a step, or globally; return the status."""
        information = Dataset()
        information.ReceivingAE = receiving_ae
        information.DeletionLock = "FALSE"
        return self._ask(UPS_WATCH, _N_ACTION, uid, information, 3)[0].Status

    def n_get(self, uid: str) -> Dataset | None:
        """Return a step, or None if it is not known."""
        command, dataset = self._ask(UPS_PULL, _N_GET, uid, None)
        if command.Status == 0xC307:
            return None
        assert command.Status == 0, hex(command.Status)
        return dataset

    def _ask(
        self,
        context: str,
        operation: int,
        uid: str,
        dataset: Dataset | None,
        action_type: int | None = None,
    ) -> tuple[Dataset, Dataset | None]:
        self._message_id = self._message_id % 65535 + 1
        command = Dataset()
        which = "Affected" if operation == _N_CREATE else "Requested"
        setattr(command, f"{which}SOPClassUID", UPS_PUSH)
        setattr(command, f"{which}SOPInstanceUID", uid)
        command.CommandField = operation
        command.MessageID = self._message_id
        command.CommandDataSetType = _WITHOUT_DATASET if dataset is None else _WITH_DATASET
        if action_type is not None:
            command.ActionTypeID = action_type
        encoded = _encoded(command)
        length = struct.pack("<HHLL", 0, 0, 4, len(encoded))
        number = _CONTEXTS[context]
        message = _data(number, _COMMAND | _LAST, length + encoded)
        if dataset is not None:
            message += _data(number, _LAST, _encoded(dataset))
        self._socket.sendall(message)
        answer = self._receive_message()
        assert answer[0].CommandField == operation | _RESPONSE
        assert answer[0].MessageIDBeingRespondedTo == self._message_id
        return answer

    def _receive_message(self) -> tuple[Dataset, Dataset | None]:
        command, ended = self._receive_part()
        assert ended
        decoded = read_dataset(BytesIO(command), True, True)
        if decoded.CommandDataSetType == _WITHOUT_DATASET:
            return decoded, None
        dataset, _ = self._receive_part()
        return decoded, read_dataset(BytesIO(dataset), True, True)

    def _receive_part(self) -> tuple[bytes, bool]:
        """Return a command or data set; the server sends a part per PDU."""
        found = b""
        while True:
            kind, body = self._receive_pdu()
            if kind != 4:
                raise ConnectionAbortedError(f"PDU type {kind}")
            length, _, control = struct.unpack_from(">LBB", body)
            assert length + 4 == len(body)
            found += body[6:]
            if control & _LAST:
                return found, True

    def _receive_pdu(self) -> tuple[int, bytes]:
        kind, length = struct.unpack(">BxL", self._receive(6))
        return kind, self._receive(length)

    def _receive(self, number: int) -> bytes:
        found = b""
        while len(found) < number:
            part = self._socket.recv(number - len(found))
            if not part:
                raise ConnectionAbortedError("the connection ended")
            found += part
        return found


def _encoded(dataset: Dataset) -> bytes:
    buffer = DicomBytesIO()
    buffer.is_implicit_VR = buffer.is_little_endian = True
    write_dataset(buffer, dataset)
    return buffer.getvalue()


def _data(context: int, control: int, content: bytes) -> bytes:
    item = struct.pack(">LBB", len(content) + 2, context, control) + content
    return struct.pack(">BBL", 4, 0, len(item)) + item


def _associate(called: str, calling: str) -> bytes:
    def item(kind: int, content: bytes) -> bytes:
        return struct.pack(">BBH", kind, 0, len(content)) + content

    contexts = b"".join(
        item(
            0x20,
            bytes((number, 0, 0, 0)) + item(0x30, uid.encode()) + item(0x40, _IMPLICIT_LITTLE),
        )
        for uid, number in _CONTEXTS.items()
    )
    user = item(0x51, struct.pack(">L", 1 << 20)) + item(0x52, b"1.2.3.4.5")
    body = (
        struct.pack(">HH16s16s32x", 1, 0, called.ljust(16).encode(), calling.ljust(16).encode())
        + item(0x10, _APPLICATION)
        + contexts
        + item(0x50, user)
    )
    return struct.pack(">BBL", 1, 0, len(body)) + body
