"""Messages on their way to a peer: command and data set in P-DATA-TF PDUs (PS3.7 6.3, PS3.8 9.3.5).

pynetdicom cuts a message into primitives, makes a PDU of each and copies it several times, and
queues without limit what a peer is slow to read. Here the bytes go to the connection as they are,
where no other thread of the association has something to send.
"""

from __future__ import annotations

from ssl import SSLSocket
from struct import Struct
from threading import current_thread
from typing import TYPE_CHECKING, Any, Final, Protocol

from pynetdicom.pdu_primitives import P_DATA

from tdwii_gui.dicom.net.closing_socket import ClosingSocket

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pynetdicom.association import Association

LONGEST_PDU: Final = 128 * 1024
"""Bytes; so long are PDUs to peers that take longer ones, or of any length (PS3.8 D.1)."""

MOST_WAITING: Final = 64
"""So many fragments wait for a peer at most; then who sends waits too."""

PORTION_BYTES: Final = 1024 * 1024
"""About so much of a data set is handed to the connection at once."""

COMMAND: Final = 1
LAST: Final = 2
"""Bits of a Message Control Header (PS3.8 E.2): a fragment of the command, and the last one."""

ELEMENT_HEADER: Final = Struct("<HHL")
"""Group, element and length, as before each value of a command (PS3.7 6.3.1)."""

_LOOK_SECONDS: Final = 0.1
_DATA_TRANSFER: Final = "Sta6"

_LONG: Final = Struct("<L")
_GROUP_LENGTH: Final = 0x0000
_PDU_HEADER: Final = Struct(">BxLLBB")
_P_DATA_TF: Final = 0x04
_DATA_SET: Final = 0
_PDV_HEADER_BYTES: Final = 6
_CONTROL_BYTES: Final = 2


class EncodedDataset(Protocol):
    """An encoded data set."""

    @property
    def size(self) -> int:
        """Its bytes."""

    def portions(self, length: int) -> Iterator[memoryview]:
        """Yield it in portions of `length` bytes, the last one shorter.

        A portion is not used any more when the next one is asked for.
        """


class BytesDataset:
    """An encoded data set in memory."""

    def __init__(self, content: bytes | memoryview) -> None:
        self._content = memoryview(content)

    @property
    def size(self) -> int:
        """Its bytes."""
        return len(self._content)

    def portions(self, length: int) -> Iterator[memoryview]:
        """Yield it in portions."""
        for start in range(0, self.size, length):
            yield self._content[start : start + length]


class MessageWriter:
    """Sends the messages of an association, from the one thread that sends."""

    def __init__(self, association: Association) -> None:
        self._association = association

    @property
    def is_heard(self) -> bool:
        """Whether the peer is still there."""
        association = self._association
        return (
            association.is_established
            and not association.acse.is_aborted()
            and association.dul.is_alive()
        )

    def write(self, context_id: int, command: bytes, dataset: EncodedDataset | None = None) -> None:
        """Send a message; wait while the peer is slow to read.

        Does nothing any more once the connection is lost.

        Raises
        ------
        OSError
            If the data set cannot be read to its end; the message is then cut short.
        """
        connection = self._to_write_to()
        for fragments in self._portions(command, dataset):
            if not self.is_heard:
                return
            if connection is None:
                self._queue(context_id, fragments)
            # Otherwise the association's two threads have to take turns for each message.
            elif not connection.send_parts(list(_pdus(context_id, fragments))):
                return

    def _to_write_to(self) -> ClosingSocket | None:
        """Return the connection if this thread may write: no other does, nor has to (TLS)."""
        association, dul = self._association, self._association.dul
        connection = dul.socket
        if (
            isinstance(connection, ClosingSocket)
            and not isinstance(connection.socket, SSLSocket)
            # Events are answered on threads of their own.
            and (association.is_requestor or current_thread() is association)
            and dul.to_provider_queue.empty()
            and dul.state_machine.current_state == _DATA_TRANSFER
        ):
            return connection
        return None

    def _portions(
        self, command: bytes, dataset: EncodedDataset | None
    ) -> Iterator[list[tuple[int, memoryview]]]:
        """Yield fragments with their control header (PS3.8 E.2), as many as are sent at once."""
        size = self._fragment_bytes
        before = [*_fragments(memoryview(command), COMMAND, size, is_end=True)]
        if dataset is None or not dataset.size:
            yield before
            return
        left = dataset.size
        for portion in dataset.portions(max(PORTION_BYTES // size, 1) * size):
            left -= len(portion)
            yield [*before, *_fragments(portion, _DATA_SET, size, is_end=not left)]
            before = []

    @property
    def _fragment_bytes(self) -> int:
        """How long a fragment may be; even, as some peers want it."""
        longest = self._association.dimse.maximum_pdu_size
        longest = min(longest, LONGEST_PDU) if longest else LONGEST_PDU
        return max(longest - _PDV_HEADER_BYTES, 2) & ~1

    def _queue(self, context_id: int, fragments: list[tuple[int, memoryview]]) -> None:
        waiting = self._association.dul.to_provider_queue
        with waiting.not_full:
            while len(waiting.queue) >= MOST_WAITING and self.is_heard:
                waiting.not_full.wait(_LOOK_SECONDS)
        if not self.is_heard:
            return
        for control, fragment in fragments:
            primitive = P_DATA()
            value: Any = [context_id, bytes((control,)) + fragment]
            primitive.presentation_data_value_list = [value]
            self._association.dul.send_pdu(primitive)


def encode_command(elements: Mapping[int, bytes]) -> bytes:
    """Return a command set (PS3.7 6.3.1) with its group length.

    Parameters
    ----------
    elements : Mapping[int, bytes]
        Values of even length by element number.
    """
    body = b"".join(
        ELEMENT_HEADER.pack(0, number, len(value)) + value
        for number, value in sorted(elements.items())
    )
    return ELEMENT_HEADER.pack(0, _GROUP_LENGTH, _LONG.size) + _LONG.pack(len(body)) + body


def padded(text: str, padding: bytes) -> bytes:
    """Return a text of a command set, of even length."""
    value = text.encode("ascii", "replace")
    return value + padding * (len(value) % 2)


def _fragments(
    content: memoryview, kind: int, size: int, *, is_end: bool
) -> Iterator[tuple[int, memoryview]]:
    for start in range(0, len(content), size):
        is_last = is_end and start + size >= len(content)
        yield kind | LAST if is_last else kind, content[start : start + size]


def _pdus(context_id: int, fragments: list[tuple[int, memoryview]]) -> Iterator[memoryview]:
    """Yield the parts of P-DATA-TF PDUs, each with one fragment (PS3.8 9.3.5)."""
    for control, fragment in fragments:
        length = len(fragment) + _CONTROL_BYTES
        header = _PDU_HEADER.pack(_P_DATA_TF, length + 4, length, context_id, control)
        yield memoryview(header)
        yield fragment
