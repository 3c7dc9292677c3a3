"""Sends and receives objects, so that an archive is measured and not who measures.

Objects are framed before the clock runs, and what is received is thrown away as it comes.
``python -m benchmarks.storage_user PORT`` receives what C-MOVE sends.
"""

from __future__ import annotations

import socket
import sys
from struct import Struct
from threading import Thread
from typing import TYPE_CHECKING, Final

from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

from benchmarks.upper_layer import (
    ANSWERED_ID,
    C_FIND,
    DATA_SET_TYPE,
    FIELD,
    INSTANCE,
    MESSAGE_ID,
    PRIORITY,
    SOP_CLASS,
    STATUS,
    Command,
    ConnectionEndedError,
    Requestor,
    associate_ac,
    decode_command,
    encode_command,
    p_data,
)
from tdwii_gui.dicom.uids import STUDY_ROOT_FIND, STUDY_ROOT_GET, STUDY_ROOT_MOVE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.archive_content import Slice

C_STORE: Final = 0x0001
C_GET: Final = 0x0010
C_MOVE: Final = 0x0021
DESTINATION: Final = 0x0600
COMPLETED: Final = 0x1021

_RESPONSE: Final = 0x8000
_WITHOUT_DATA_SET: Final = 0x0101
_PENDING: Final = (0xFF00, 0xFF01)
_PORTION: Final = 256 * 1024
_PDU: Final = Struct(">BxL")
_PDV: Final = Struct(">LBB")
_FRAGMENT_HEADER: Final = 6


class StorageUser(Requestor):
    """An association with an archive: C-STORE, C-FIND, C-MOVE and C-GET of CT images."""

    def __init__(self, port: int, called_ae: str) -> None:
        classes = [str(CTImageStorage), STUDY_ROOT_FIND, STUDY_ROOT_MOVE, STUDY_ROOT_GET]
        super().__init__(
            port,
            called_ae,
            classes,
            syntax=str(ExplicitVRLittleEndian),
            received=[str(CTImageStorage)],
        )
        self._incoming = Incoming(self._socket)

    def framed(self, images: Sequence[Slice]) -> list[bytes]:
        """Return a C-STORE request for each image, as it travels to this peer."""
        return [self._framed(number, image) for number, image in enumerate(images, start=1)]

    def _framed(self, message_id: int, image: Slice) -> bytes:
        number = self._contexts[str(CTImageStorage)]
        command: Command = {
            SOP_CLASS: str(CTImageStorage),
            FIELD: C_STORE,
            MESSAGE_ID: message_id,
            PRIORITY: 0,
            DATA_SET_TYPE: 1,
            INSTANCE: image.uid,
        }
        size = self.longest - _FRAGMENT_HEADER
        starts = range(0, len(image.encoded), size)
        parts = [p_data(number, encode_command(command), 3)]
        for start in starts:
            is_last = start == starts[-1]
            part = image.encoded[start : start + size]
            parts.append(p_data(number, part, 2 if is_last else 0))
        return b"".join(parts)

    def store(self, requests: Sequence[bytes]) -> None:
        """Send C-STORE requests, one after the answer to the other."""
        for request in requests:
            self._socket.sendall(request)
            status = self.receive()[0][STATUS]
            if status:
                raise RuntimeError(f"C-STORE answered with status {status:04X}H")

    def find(self, identifier: bytes) -> Iterator[None]:
        """Query; yield as each match comes."""
        self._ask(STUDY_ROOT_FIND, {FIELD: C_FIND}, identifier)
        while (command := self.receive()[0])[STATUS] in _PENDING:
            yield
        _succeeded(command)

    def move(self, identifier: bytes, destination: str) -> int:
        """Retrieve by C-MOVE; return how many objects were sent."""
        self._ask(STUDY_ROOT_MOVE, {FIELD: C_MOVE, DESTINATION: destination}, identifier)
        while True:
            command = self.receive()[0]
            if command[STATUS] not in _PENDING:
                _succeeded(command)
                return int(command.get(COMPLETED, 0))

    def get(self, identifier: bytes) -> int:
        """Retrieve by C-GET; return how many objects came."""
        self._ask(STUDY_ROOT_GET, {FIELD: C_GET}, identifier)
        received = 0
        while True:
            kind, command = self._incoming.message(self._socket)
            if kind != 4:
                raise ConnectionEndedError(f"PDU type {kind}")
            if command[FIELD] == C_STORE:
                received += 1
            elif command[STATUS] not in _PENDING:
                _succeeded(command)
                return received

    def _ask(self, sop_class: str, command: Command, identifier: bytes) -> None:
        self.send(sop_class, {SOP_CLASS: sop_class, PRIORITY: 0, **command}, identifier)


def _succeeded(command: Command) -> None:
    if command[STATUS]:
        raise RuntimeError(f"answered with status {command[STATUS]:04X}H")


class Incoming:
    """Reads messages from a connection and throws their data sets away, without a copy."""

    def __init__(self, connection: socket.socket) -> None:
        self.content = b""
        self._connection = connection
        self._buffer = memoryview(bytearray(_PORTION))
        self._begin = self._end = 0

    def message(self, answers: socket.socket) -> tuple[int, Command]:
        """Return the type of the next PDU and the command of its message; answer a C-STORE."""
        encoded, command = b"", {}
        while True:
            kind, length = _PDU.unpack(self.take(_PDU.size))
            if kind != 4:
                self.content = self.take(length)
                return kind, {}
            while length:
                size, context, header = _PDV.unpack(self.take(_PDV.size))
                length -= size + 4
                if header & 1:
                    encoded += self.take(size - 2)
                    if header & 2:
                        command, encoded = decode_command(encoded), b""
                else:
                    self.skip(size - 2)
                if not header & 2:
                    continue
                if not header & 1 or command[DATA_SET_TYPE] == _WITHOUT_DATA_SET:
                    if command[FIELD] == C_STORE:
                        answers.sendall(_answer(context, command))
                    return kind, command

    def take(self, size: int) -> bytes:
        """Return the next bytes."""
        taken = b""
        while len(taken) < size:
            self._fill()
            part = self._buffer[self._begin : min(self._end, self._begin + size - len(taken))]
            taken += part
            self._begin += len(part)
        return taken

    def skip(self, size: int) -> None:
        """Throw the next bytes away."""
        while size:
            self._fill()
            part = min(size, self._end - self._begin)
            self._begin += part
            size -= part

    def _fill(self) -> None:
        if self._begin == self._end:
            self._begin, self._end = 0, self._connection.recv_into(self._buffer)
            if not self._end:
                raise ConnectionEndedError("closed")


def _answer(context: int, command: Command) -> bytes:
    answer = {number: command[number] for number in (SOP_CLASS, INSTANCE)}
    answer |= {FIELD: C_STORE | _RESPONSE, ANSWERED_ID: command[MESSAGE_ID]}
    answer |= {DATA_SET_TYPE: _WITHOUT_DATA_SET, STATUS: 0}
    return p_data(context, encode_command(answer), 3)


def receive(port: int) -> None:
    """Receive objects on any number of associations, until the process is ended."""
    with socket.create_server(("127.0.0.1", port), backlog=16) as listening:
        sys.stdout.write("listening\n")
        sys.stdout.flush()
        while True:
            connection, _ = listening.accept()
            Thread(target=_serve, args=(connection,), daemon=True).start()


def _serve(connection: socket.socket) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    incoming = Incoming(connection)
    with connection:
        while True:
            try:
                kind, _ = incoming.message(connection)
            except (ConnectionEndedError, OSError):
                return
            if kind == 1:
                connection.sendall(associate_ac(incoming.content, str(ExplicitVRLittleEndian)))
            elif kind == 5:
                connection.sendall(_PDU.pack(6, 4) + bytes(4))


if __name__ == "__main__":
    receive(int(sys.argv[1]))
