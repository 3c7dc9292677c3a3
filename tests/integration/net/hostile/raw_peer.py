"""A peer made of bytes: it can say what no DICOM library would."""

from __future__ import annotations

import socket
import struct
import time
from io import BytesIO
from typing import TYPE_CHECKING, Any, Self

from pydicom.dataset import Dataset
from pynetdicom.dsutils import decode, encode

from tdwii_gui.dicom.uids import VERIFICATION

if TYPE_CHECKING:
    from collections.abc import Iterable

IMPLICIT = "1.2.840.10008.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
SECONDS = 10.0
ASSOCIATE_RQ, ASSOCIATE_AC, ASSOCIATE_RJ, P_DATA, RELEASE_RQ, RELEASE_RP, ABORT = range(1, 8)


def pdu(kind: int, body: bytes, length: int | None = None) -> bytes:
    """Return a PDU (PS3.8 9.3), with a length of its own if one is given."""
    return struct.pack(">BxL", kind, len(body) if length is None else length) + body


def item(kind: int, body: bytes) -> bytes:
    return struct.pack(">BxH", kind, len(body)) + body


def associate_rq(
    called: str,
    calling: str = "RAW",
    contexts: Iterable[tuple[str, str]] = ((VERIFICATION, IMPLICIT),),
) -> bytes:
    """Return an A-ASSOCIATE-RQ; the presentation contexts have the IDs 1, 3, 5 ..."""
    items = item(0x10, b"1.2.840.10008.3.1.1.1")
    for number, (abstract, transfer) in enumerate(contexts):
        syntaxes = item(0x30, abstract.encode()) + item(0x40, transfer.encode())
        items += item(0x20, bytes([2 * number + 1, 0, 0, 0]) + syntaxes)
    user = item(0x51, struct.pack(">L", 16384)) + item(0x52, b"1.2.3.4")
    titles = called.encode("latin-1").ljust(16) + calling.encode("latin-1").ljust(16)
    return pdu(
        ASSOCIATE_RQ, struct.pack(">HH", 1, 0) + titles + bytes(32) + items + item(0x50, user)
    )


def fragment(context: int, data: bytes, *, command: bool, last: bool) -> bytes:
    """Return a P-DATA-TF with one fragment (PS3.8 E.2)."""
    value = bytes([context, command | last << 1]) + data
    return pdu(P_DATA, struct.pack(">L", len(value)) + value)


def command(**elements: Any) -> bytes:
    """Return an encoded command set (PS3.7 6.3.1)."""
    dataset = Dataset()
    dataset.CommandGroupLength = 0
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    dataset.CommandGroupLength = len(encode(dataset, True, True) or b"") - 12
    return encode(dataset, True, True) or b""


def request(context: int, data: bytes | None, **elements: Any) -> bytes:
    """Return a request as P-DATA-TF; data of more than one PDU is cut."""
    elements["CommandDataSetType"] = 0x0101 if data is None else 1
    message = fragment(context, command(**elements), command=True, last=True)
    for start in range(0, len(data or b""), 16000):
        part = (data or b"")[start : start + 16000]
        last = start + 16000 >= len(data or b"")
        message += fragment(context, part, command=False, last=last)
    return message


class RawPeer:
    """A TCP connection to a host."""

    def __init__(self, port: int, *, calling: str = "RAW") -> None:
        self.calling = calling
        self.socket = socket.create_connection(("127.0.0.1", port), SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        """Send bytes; a host that has closed already is no error."""
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            return

    def receive(self) -> tuple[int, bytes]:
        """Return the type and body of the next PDU; type 0 when the connection is closed."""
        header = self._take(6)
        if len(header) < 6:
            return 0, b""
        kind, length = struct.unpack(">BxL", header)
        return kind, self._take(length)

    def associate(self, called: str, *contexts: tuple[str, str]) -> Self:
        """Associate."""
        wanted = contexts or ((VERIFICATION, IMPLICIT),)
        self.send(associate_rq(called, self.calling, wanted))
        kind, _ = self.receive()
        assert kind == ASSOCIATE_AC
        return self

    def answer(self) -> Dataset:
        """Return the command set of the next response; its data set is passed over."""
        received = b""
        while True:
            kind, body = self.receive()
            assert kind == P_DATA, kind
            while body:
                (length,) = struct.unpack(">L", body[:4])
                control, value = body[5], body[6 : 4 + length]
                body = body[4 + length :]
                if control & 1:
                    received += value
                if control & 1 and control & 2:
                    return decode(BytesIO(received), True, True)

    def seconds_to_close(self) -> float:
        """Wait until the host closes the connection, for 12 seconds at most."""
        started = time.monotonic()
        self.socket.settimeout(12)
        while self._portion(65536):
            continue
        return time.monotonic() - started

    def is_closed(self) -> bool:
        """Wait until the host closes the connection; False if it has not within the time limit."""
        try:
            while self._portion(65536):
                continue
        except TimeoutError:
            return False
        return True

    def _take(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            portion = self._portion(size - len(data))
            if not portion:
                break
            data += portion
        return data

    def _portion(self, size: int) -> bytes:
        try:
            return self.socket.recv(size)
        except ConnectionResetError:
            return b""
