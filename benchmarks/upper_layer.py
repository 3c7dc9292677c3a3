"""A small blocking upper layer, so that a peer is measured and not who measures.

One socket, TCP_NODELAY, one write for each message: a request costs some 0.05 ms here. It trusts
what it reads and is for benchmarks alone.
"""

from __future__ import annotations

import selectors
import socket
import sys
import time
from dataclasses import dataclass, field
from struct import Struct
from typing import TYPE_CHECKING, Final

from pynetdicom import PYNETDICOM_IMPLEMENTATION_UID

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

C_FIND: Final = 0x0020
N_EVENT_REPORT: Final = 0x0100
N_SET: Final = 0x0120
N_ACTION: Final = 0x0130
N_CREATE: Final = 0x0140

SOP_CLASS: Final = 0x0002
REQUESTED_CLASS: Final = 0x0003
FIELD: Final = 0x0100
MESSAGE_ID: Final = 0x0110
ANSWERED_ID: Final = 0x0120
PRIORITY: Final = 0x0700
DATA_SET_TYPE: Final = 0x0800
STATUS: Final = 0x0900
INSTANCE: Final = 0x1000
REQUESTED_INSTANCE: Final = 0x1001
EVENT_TYPE: Final = 0x1002
ACTION_TYPE: Final = 0x1008

IMPLICIT_VR: Final = "1.2.840.10008.1.2"
_APPLICATION_CONTEXT: Final = "1.2.840.10008.3.1.1.1"
_TEXTS: Final = frozenset({SOP_CLASS, REQUESTED_CLASS, INSTANCE, REQUESTED_INSTANCE})
_WITHOUT_DATA_SET: Final = 0x0101
_LONGEST_PDU: Final = 128 * 1024

_ELEMENT: Final = Struct("<HHL")
_SHORT: Final = Struct("<H")
_LONG: Final = Struct("<L")
_PDU: Final = Struct(">BxL")
_ITEM: Final = Struct(">BxH")
_PDV: Final = Struct(">LBB")

Command = dict[int, int | str]


class ConnectionEndedError(Exception):
    """The peer has rejected, aborted or closed."""


class Requestor:
    """An association that this side requests, with one transfer syntax in all contexts.

    Parameters
    ----------
    received : Sequence[str]
        Those of the classes whose instances this side takes, by C-GET.

    Attributes
    ----------
    longest : int
        Bytes of a PDU that the peer takes.
    """

    def __init__(
        self,
        port: int,
        called_ae: str,
        classes: Sequence[str],
        *,
        syntax: str = IMPLICIT_VR,
        received: Sequence[str] = (),
    ) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._contexts = {uid: 2 * number + 1 for number, uid in enumerate(classes)}
        self._message_id = 0
        self._socket.sendall(_associate_rq(called_ae, self._contexts, syntax, received))
        kind, answer = self._pdu()
        if kind != 2:
            raise ConnectionEndedError(f"the association is not accepted: PDU type {kind}")
        self.longest = _longest(answer)

    def send(self, context: str, command: Command, data: bytes) -> None:
        """Send a request with a data set."""
        self._message_id = self._message_id % 0xFFFF + 1
        body = encode_command({**command, MESSAGE_ID: self._message_id, DATA_SET_TYPE: 1})
        number = self._contexts[context]
        self._socket.sendall(p_data(number, body, 3) + p_data(number, data, 2))

    def receive(self) -> tuple[Command, bytes]:
        """Return the command and data set of the next message."""
        command, parts, data = b"", b"", b""
        while True:
            kind, pdu = self._pdu()
            if kind != 4:
                raise ConnectionEndedError(f"PDU type {kind}")
            for header, value in pdvs(pdu):
                if not header & 1:
                    data += value
                    if header & 2:
                        return decode_command(command), data
                    continue
                parts += value
                if header & 2:
                    command, parts = parts, b""
                    if decode_command(command)[DATA_SET_TYPE] == _WITHOUT_DATA_SET:
                        return decode_command(command), b""

    def request(self, context: str, command: Command, data: bytes) -> int:
        """Send a request and return the status of its response."""
        self.send(context, command, data)
        return int(self.receive()[0][STATUS])

    def release(self) -> None:
        """Release the association and close."""
        self._socket.sendall(_PDU.pack(5, 4) + bytes(4))
        self._pdu()
        self._socket.close()

    def _pdu(self) -> tuple[int, bytes]:
        kind, length = _PDU.unpack(self._read(_PDU.size))
        return kind, self._read(length)

    def _read(self, size: int) -> bytes:
        data = bytearray()
        while len(data) < size:
            portion = self._socket.recv(size - len(data))
            if not portion:
                raise ConnectionEndedError("closed")
            data += portion
        return bytes(data)


def encode_command(elements: Command) -> bytes:
    """Return a command set (PS3.7 6.3.1)."""
    body = b""
    for number, value in sorted(elements.items()):
        if isinstance(value, int):
            encoded = _SHORT.pack(value)
        else:
            encoded = value.encode("ascii") + b"\0" * (len(value) % 2)
        body += _ELEMENT.pack(0, number, len(encoded)) + encoded
    return _ELEMENT.pack(0, 0, 4) + _LONG.pack(len(body)) + body


def decode_command(encoded: bytes) -> Command:
    """Return the UIDs and numbers of a command set."""
    elements: Command = {}
    position = 0
    while position < len(encoded):
        _, number, length = _ELEMENT.unpack_from(encoded, position)
        position += _ELEMENT.size
        value = encoded[position : position + length]
        position += length
        if number in _TEXTS:
            elements[number] = value.rstrip(b"\0 ").decode("ascii")
        elif length == _SHORT.size:
            elements[number] = _SHORT.unpack(value)[0]
    return elements


def p_data(context: int, data: bytes, header: int) -> bytes:
    """Return a P-DATA-TF PDU with one PDV."""
    return _PDU.pack(4, len(data) + 6) + _PDV.pack(len(data) + 2, context, header) + data


def pdvs(pdu: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield control header and value of each PDV."""
    position = 0
    while position < len(pdu):
        length, _, header = _PDV.unpack_from(pdu, position)
        yield header, pdu[position + _PDV.size : position + 4 + length]
        position += 4 + length


def _item(kind: int, content: bytes) -> bytes:
    return _ITEM.pack(kind, len(content)) + content


def _associate_rq(
    called_ae: str, contexts: dict[str, int], syntax: str, received: Sequence[str]
) -> bytes:
    body = b"\0\1\0\0" + called_ae.ljust(16).encode() + b"BENCHMARK".ljust(16) + bytes(32)
    body += _item(0x10, _APPLICATION_CONTEXT.encode())
    for uid, number in contexts.items():
        inner = _item(0x30, uid.encode()) + _item(0x40, syntax.encode())
        body += _item(0x20, bytes((number, 0, 0, 0)) + inner)
    user = _item(0x51, _LONGEST_PDU.to_bytes(4, "big"))
    user += _item(0x52, PYNETDICOM_IMPLEMENTATION_UID.encode())
    for uid in received:
        user += _item(0x54, len(uid).to_bytes(2, "big") + uid.encode() + b"\1\1")
    body += _item(0x50, user)
    return _PDU.pack(1, len(body)) + body


def _longest(acceptance: bytes) -> int:
    """Return the longest PDU that an A-ASSOCIATE-AC allows."""
    for kind, item in _items(acceptance[68:]):
        for inner, value in _items(item) if kind == 0x50 else ():
            if inner == 0x51:
                return int.from_bytes(value, "big") or _LONGEST_PDU
    return _LONGEST_PDU


@dataclass(slots=True)
class _Connection:
    socket: socket.socket
    receiver: int
    received: bytearray = field(default_factory=bytearray)
    command: Command = field(default_factory=dict)


def receive_events(first_port: int, receivers: int) -> None:
    """Answer N-EVENT-REPORT on ports in a row; print when each arrived, at which, and its UID."""
    selector = selectors.DefaultSelector()
    for number in range(receivers):
        listening = socket.create_server(("127.0.0.1", first_port + number), backlog=16)
        selector.register(listening, selectors.EVENT_READ, number)
    sys.stdout.write("listening\n")
    sys.stdout.flush()
    while True:
        for key, _ in selector.select():
            if isinstance(key.data, int):
                accepted, _ = key.fileobj.accept()  # type: ignore[union-attr]
                accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                selector.register(accepted, selectors.EVENT_READ, _Connection(accepted, key.data))
            elif not _serve(key.data):
                selector.unregister(key.data.socket)
                key.data.socket.close()


def _serve(connection: _Connection) -> bool:
    arrived = time.monotonic_ns()
    portion = connection.socket.recv(64 * 1024)
    buffer = connection.received
    buffer += portion
    while len(buffer) >= _PDU.size:
        kind, length = _PDU.unpack_from(buffer)
        end = _PDU.size + length
        if len(buffer) < end:
            break
        pdu = bytes(buffer[_PDU.size : end])
        del buffer[:end]
        if kind == 1:
            connection.socket.sendall(associate_ac(pdu))
        elif kind == 4:
            _answer(connection, pdu, arrived)
        elif kind == 5:
            connection.socket.sendall(_PDU.pack(6, 4) + bytes(4))
    return bool(portion)


def _answer(connection: _Connection, pdu: bytes, arrived: int) -> None:
    for header, value in pdvs(pdu):
        if header & 1:
            connection.command = decode_command(value)
        elif header & 2:
            event = connection.command
            sys.stdout.write(f"{arrived} {connection.receiver} {event[INSTANCE]}\n")
            sys.stdout.flush()
            answer = {number: event[number] for number in (SOP_CLASS, INSTANCE, EVENT_TYPE)}
            answer |= {FIELD: N_EVENT_REPORT | 0x8000, ANSWERED_ID: event[MESSAGE_ID]}
            answer |= {DATA_SET_TYPE: _WITHOUT_DATA_SET, STATUS: 0}
            connection.socket.sendall(p_data(pdu[4], encode_command(answer), 3))


def associate_ac(request: bytes, syntax: str = IMPLICIT_VR) -> bytes:
    """Return the acceptance of all contexts and roles of a request.

    In this transfer syntax where it is proposed, or else in the first one.
    """
    body = request[:68] + _item(0x10, _APPLICATION_CONTEXT.encode())
    roles = b""
    for kind, item in _items(request[68:]):
        if kind == 0x20:
            proposed = [one for inner, one in _items(item[4:]) if inner == 0x40]
            wanted = [one for one in proposed if one == syntax.encode()]
            accepted = _item(0x40, (wanted or proposed)[0])
            body += _item(0x21, bytes((item[0], 0, 0, 0)) + accepted)
        elif kind == 0x50:
            roles = b"".join(_item(0x54, role) for sub, role in _items(item) if sub == 0x54)
    longest = _item(0x51, _LONGEST_PDU.to_bytes(4, "big"))
    implementation = _item(0x52, PYNETDICOM_IMPLEMENTATION_UID.encode())
    body += _item(0x50, longest + implementation + roles)
    return _PDU.pack(2, len(body)) + body


def _items(data: bytes) -> Iterator[tuple[int, bytes]]:
    position = 0
    while position < len(data):
        kind, length = _ITEM.unpack_from(data, position)
        yield kind, data[position + 4 : position + 4 + length]
        position += 4 + length


if __name__ == "__main__":
    receive_events(int(sys.argv[1]), int(sys.argv[2]))
