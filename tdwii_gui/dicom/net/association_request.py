"""The A-ASSOCIATE-RQ of a new connection, read whole before there is an association (PS3.8 9.3.2).

WORKAROUND for pynetdicom 3.0: its sockets have no time limit, and it believes any length. A
connection that sends half a request, or none, would hold two threads and the place of an
association.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from socket import SHUT_WR
from struct import Struct
from typing import TYPE_CHECKING, Final

from tdwii_gui.config.ae_directory import check_ae_title
from tdwii_gui.dicom.errors import ConfigError

if TYPE_CHECKING:
    from socket import socket

LONGEST_REQUEST: Final = 256 * 1024
"""Bytes; 128 presentation contexts with 30 transfer syntaxes each need 110,000."""
ARRIVAL_SECONDS: Final = 5.0

_HEADER: Final = Struct(">BxL")
_REQUEST: Final = 0x01
_ABORT: Final = 0x07
_PDU_TYPES: Final = range(1, 8)
# Protocol version, AE titles and reserved bytes, before the first item.
_FIXED_BYTES: Final = 68
_CALLED: Final = slice(10, 26)
_CALLING: Final = slice(26, 42)


class NoRequestError(Exception):
    """What came is no A-ASSOCIATE-RQ; `answer` is the PDU to send before closing, or empty.

    Parameters
    ----------
    reason : str
        Why, in words without anything that the peer has sent; empty if it closed in silence.
    """

    def __init__(self, reason: str, answer: bytes = b"") -> None:
        self.reason = reason
        self.answer = answer
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class AssociationRequest:
    """An A-ASSOCIATE-RQ as it came, and who calls whom in it."""

    encoded: bytes

    @property
    def called_ae(self) -> str:
        """The called AE title, without outer spaces."""
        return _title(self.encoded[_CALLED])

    @property
    def calling_ae(self) -> str:
        """The calling AE title, without outer spaces."""
        return _title(self.encoded[_CALLING])

    @property
    def has_calling_ae(self) -> bool:
        """Whether the calling AE title is one (PS3.5 6.2, VR AE)."""
        try:
            check_ae_title(self.calling_ae)
        except ConfigError:
            return False
        return True


def read_request(connection: socket, deadline: float) -> AssociationRequest:
    """Read an A-ASSOCIATE-RQ, and nothing beyond it.

    Parameters
    ----------
    deadline : float
        On the monotonic clock.

    Raises
    ------
    NoRequestError
        If something else comes, too much, or not all in time.
    """
    header = _read(connection, _HEADER.size, deadline)
    kind, length = _HEADER.unpack(header)
    if kind == _ABORT:
        raise NoRequestError("aborted without an association")
    if kind != _REQUEST:
        # PS3.8 9.3.8: unrecognized, or unexpected here.
        raise NoRequestError("sent no A-ASSOCIATE-RQ", abort_pdu(2 if kind in _PDU_TYPES else 1))
    if not _FIXED_BYTES <= length <= LONGEST_REQUEST:
        raise NoRequestError("sent an A-ASSOCIATE-RQ of no possible length", abort_pdu(6))
    return AssociationRequest(header + _read(connection, length, deadline))


def abort_pdu(reason: int) -> bytes:
    """Return an A-ABORT of the service provider (PS3.8 9.3.8)."""
    return b"\x07\x00\x00\x00\x00\x04\x00\x00\x02" + bytes([reason])


def rejection_pdu(result: int, source: int, diagnostic: int) -> bytes:
    """Return an A-ASSOCIATE-RJ (PS3.8 9.3.4)."""
    return b"\x03\x00\x00\x00\x00\x04\x00" + bytes([result, source, diagnostic])


def answer_and_end(connection: socket, answer: bytes) -> None:
    """Send a last PDU without waiting, and end the connection; it is not closed.

    Raises
    ------
    OSError, ValueError
        If the connection is gone.
    """
    connection.settimeout(ARRIVAL_SECONDS)
    connection.sendall(answer)
    connection.shutdown(SHUT_WR)


def _read(connection: socket, size: int, deadline: float) -> bytes:
    received = bytearray()
    while len(received) < size:
        left = deadline - time.monotonic()
        if left <= 0:
            raise NoRequestError("sent no whole A-ASSOCIATE-RQ in time")
        connection.settimeout(left)
        try:
            portion = connection.recv(size - len(received))
        except TimeoutError:
            continue
        # A TLS connection that is closed by the other thread raises ValueError.
        except (OSError, ValueError) as error:
            raise NoRequestError("broke the connection off before an association") from error
        if not portion:
            raise NoRequestError("closed before an association" if received else "")
        received += portion
    return bytes(received)


def _title(encoded: bytes) -> str:
    return encoded.decode("ascii", "replace").strip(" ")
