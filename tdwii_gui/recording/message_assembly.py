"""Messages from the fragments in which they travel (PS3.7 6.3, PS3.8 E.2), and back again."""

from __future__ import annotations

from dataclasses import dataclass, field
from struct import Struct
from typing import TYPE_CHECKING, Final, NamedTuple

from tdwii_gui.recording.pdu import Fragment, Pdu, PduType, data_transfer, fragments

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_ELEMENT: Final = Struct("<HHL")
_DATA_SET_TYPE: Final = 0x0800
_NO_DATA_SET: Final = 0x0101
_FRAGMENT_BYTES: Final = 16 * 1024
_LAST: Final = 2


class Piece(NamedTuple):
    """The part of a P-DATA-TF PDU that belongs to one message: nearly always all of it."""

    reserved: int
    fragments: list[Fragment]

    @property
    def encoded(self) -> bytes:
        """It as a PDU."""
        content = data_transfer(self.fragments)
        return Pdu(PduType.P_DATA_TF, self.reserved, content).encoded


@dataclass(slots=True)
class EncodedMessage:
    """A message as it travelled.

    Attributes
    ----------
    dataset_bytes : int
        Of the data set as it came.
    is_left_out : bool
        Whether the data set was too long, and is not there.
    is_whole : bool
        Whether it came to its end.
    """

    pieces: list[Piece] = field(default_factory=list)
    dataset_bytes: int = 0
    is_left_out: bool = False
    is_whole: bool = False

    @property
    def context_id(self) -> int:
        """The presentation context of its first fragment."""
        return next((each.context_id for each in self._fragments()), 0)

    @property
    def command(self) -> bytes:
        """The encoded command set."""
        return b"".join(each.data for each in self._fragments() if each.is_command)

    @property
    def dataset(self) -> bytes:
        """The encoded data set; empty if there is none or it is left out."""
        return b"".join(each.data for each in self._fragments() if not each.is_command)

    def put(self, content: bytes, *, is_command: bool) -> None:
        """Replace the command set or the data set, in fragments as they were."""
        sizes = [len(one.data) for one in self._fragments() if one.is_command == is_command]
        if sum(sizes) == len(content):
            self._fill(content, is_command=is_command)
        else:
            self._refragment(content, is_command=is_command)

    def _fill(self, content: bytes, *, is_command: bool) -> None:
        start = 0
        for piece in self.pieces:
            for number, (context_id, control, data) in enumerate(piece.fragments):
                if bool(control & 1) == is_command:
                    end = start + len(data)
                    piece.fragments[number] = Fragment(context_id, control, content[start:end])
                    start = end

    def _refragment(self, content: bytes, *, is_command: bool) -> None:
        context_id, kind = self.context_id, int(is_command)
        others = [
            Piece(piece.reserved, kept)
            for piece in self.pieces
            if (kept := [one for one in piece.fragments if one.is_command != is_command])
        ]
        starts = range(0, max(len(content), 1), _FRAGMENT_BYTES)
        own = [
            Piece(
                0,
                [
                    Fragment(
                        context_id,
                        kind | _LAST if self.is_whole and start == starts[-1] else kind,
                        content[start : start + _FRAGMENT_BYTES],
                    )
                ],
            )
            for start in starts
        ]
        self.pieces = own + others if is_command else others + own

    def _fragments(self) -> Iterator[Fragment]:
        for piece in self.pieces:
            yield from piece.fragments


class MessageAssembly:
    """Puts the messages of one direction together.

    Parameters
    ----------
    longest_dataset : int
        Bytes; a longer data set is left out.
    """

    def __init__(self, longest_dataset: int) -> None:
        self._longest_dataset = longest_dataset
        self._message = EncodedMessage()

    def take(self, pdu: Pdu) -> Iterator[EncodedMessage]:
        """Yield the messages that a P-DATA-TF PDU completes.

        Raises
        ------
        NotAPduError
            If it cannot be read; nothing of it is taken.
        """
        part: list[Fragment] = []
        for fragment in fragments(pdu.content):
            kept = self._limited(fragment)
            if kept is not None:
                part.append(kept)
            if self._is_end(fragment, part):
                yield self._complete(pdu.reserved, part)
                part = []
        if part:
            self._message.pieces.append(Piece(pdu.reserved, part))

    def take_rest(self) -> EncodedMessage | None:
        """Return the message that has not come to its end, if there is one, and forget it."""
        rest, self._message = self._message, EncodedMessage()
        return rest if rest.pieces else None

    def _limited(self, fragment: Fragment) -> Fragment | None:
        """Return what is kept of a fragment."""
        message = self._message
        if fragment.is_command:
            return fragment
        message.dataset_bytes += len(fragment.data)
        if message.dataset_bytes <= self._longest_dataset:
            return fragment
        if not message.is_left_out:
            message.is_left_out = True
            message.put(b"", is_command=False)
        return fragment._replace(data=b"") if fragment.is_last else None

    def _is_end(self, fragment: Fragment, part: Iterable[Fragment]) -> bool:
        if not fragment.is_last:
            return False
        if fragment.is_command:
            command = self._message.command + b"".join(one.data for one in part if one.is_command)
            return not _has_dataset(command)
        return True

    def _complete(self, reserved: int, part: list[Fragment]) -> EncodedMessage:
        message, self._message = self._message, EncodedMessage()
        message.pieces.append(Piece(reserved, part))
        message.is_whole = True
        if message.is_left_out:
            message.put(b"", is_command=False)
        return message


def _has_dataset(command: bytes) -> bool:
    """Return whether a data set follows a command set (0000,0800)."""
    position = 0
    while position + _ELEMENT.size <= len(command):
        group, element, length = _ELEMENT.unpack_from(command, position)
        position += _ELEMENT.size
        if (group, element) == (0, _DATA_SET_TYPE):
            return int.from_bytes(command[position : position + length], "little") != _NO_DATA_SET
        position += length
    return False
