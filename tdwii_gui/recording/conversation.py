"""A recorded connection: what travelled on it becomes packets, messages and events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tdwii_gui.dicom.net.rejection import rejection
from tdwii_gui.recording.capture import TcpStream
from tdwii_gui.recording.lines import Association, moment
from tdwii_gui.recording.message import AssociationChange
from tdwii_gui.recording.message_assembly import EncodedMessage, MessageAssembly
from tdwii_gui.recording.message_writing import Envelope, MessageWriting
from tdwii_gui.recording.pdu import (
    NotAPduError,
    Pdu,
    PduReader,
    PduType,
    ProposedContext,
    accepted_contexts,
    ae_titles,
    proposed_contexts,
    without_identity,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tdwii_gui.recording.capture import Address
    from tdwii_gui.recording.folder import RecordingFolder
    from tdwii_gui.recording.part import Part

LONGEST_DATASET: Final = 256 * 2**20

_ABORT_SOURCES: Final = {0: "by the user", 2: "by the provider"}
_ABORT_REASONS: Final = {
    0: "no reason given",
    1: "unrecognized PDU",
    2: "unexpected PDU",
    4: "unrecognized PDU parameter",
    5: "unexpected PDU parameter",
    6: "invalid PDU parameter value",
}


@dataclass(frozen=True, slots=True)
class Opened:
    """How a connection was opened."""

    number: int
    requestor: Address
    acceptor: Address
    tls: bool


class Conversation:
    """Takes what both ends send."""

    def __init__(self, opened: Opened, folder: RecordingFolder, writing: MessageWriting) -> None:
        self.number = opened.number
        self.called_ae = self.calling_ae = ""
        self._opened = opened
        self._folder = folder
        self._writing = writing
        self._proposed: dict[int, ProposedContext] = {}
        self._accepted: dict[int, str] = {}
        self._directions = {True: _Direction(), False: _Direction()}
        self._beginning: list[tuple[bytes, bool]] = []
        self._stream: TcpStream | None = None
        self._part: Part | None = None
        self._released_by_requestor: bool | None = None
        self._is_over = False

    def take(self, at: int, data: bytes, *, by_requestor: bool) -> None:
        """Take what one end has sent.

        Raises
        ------
        OSError
            If it cannot be written.
        """
        direction = self._directions[by_requestor]
        if direction.is_broken:
            self._send(at, [self._writing.without_content(data)], by_requestor=by_requestor)
            return
        try:
            for pdu in direction.reader.feed(data):
                self._take_pdu(at, pdu, by_requestor=by_requestor)
        except NotAPduError:
            direction.is_broken = True
            self._take_rest(at, by_requestor=by_requestor)

    def close(self, at: int, *, by_requestor: bool) -> None:
        """Take the end of the connection."""
        self.end(at)
        if not self._is_over and self.calling_ae:
            self._tell(at, AssociationChange.CLOSED, by_requestor=by_requestor)
        if self._stream is not None and self._part is self._folder.part:
            self._stream.finish(at, by_requestor=by_requestor)

    def end(self, at: int) -> None:
        """Write what has not come to its end."""
        for by_requestor in (True, False):
            self._take_rest(at, by_requestor=by_requestor)

    def _send(self, at: int, parts: Iterable[bytes], *, by_requestor: bool) -> None:
        """Write packets, each part in its own."""
        stream = self._here(at)
        for part in parts:
            stream.send(at, part, by_requestor=by_requestor)

    def _here(self, at: int) -> TcpStream:
        """Return the stream in the present part, which has the association's beginning."""
        self._folder.make_room()
        part = self._folder.part
        if self._stream is None or self._part is not part:
            self._part = part
            ends = (self._opened.requestor, self._opened.acceptor)
            self._stream = TcpStream(part.capture, at, *ends)
            for data, is_requestor in self._beginning:
                self._stream.send(at, data, by_requestor=is_requestor)
        return self._stream

    def _take_pdu(self, at: int, pdu: Pdu, *, by_requestor: bool) -> None:
        if pdu.kind is PduType.P_DATA_TF:
            assembly = self._directions[by_requestor].assembly
            for message in assembly.take(pdu):
                self._take_message(at, message, by_requestor=by_requestor)
            return
        is_beginning = pdu.kind in (PduType.ASSOCIATE_RQ, PduType.ASSOCIATE_AC)
        if is_beginning and not self._writing.patient_data:
            pdu = pdu._replace(content=without_identity(pdu.content))
        if pdu.kind is PduType.ABORT:
            self.end(at)
        self._send(at, [pdu.encoded], by_requestor=by_requestor)
        if is_beginning:
            self._beginning.append((pdu.encoded, by_requestor))
        self._note(at, pdu, by_requestor=by_requestor)

    def _take_message(self, at: int, message: EncodedMessage, *, by_requestor: bool) -> None:
        titles = (self.calling_ae, self.called_ae)
        envelope = Envelope(
            at,
            self.number,
            *(titles if by_requestor else titles[::-1]),
            *self._context(message.context_id),
        )
        self._writing.make_private(message, envelope.transfer_syntax_uid)
        parts = [piece.encoded for piece in message.pieces]
        self._send(at, parts, by_requestor=by_requestor)
        self._writing.write(message, envelope)

    def _context(self, number: int) -> tuple[str, str]:
        """Return abstract and transfer syntax of a presentation context; empty if not accepted."""
        if number not in self._accepted or number not in self._proposed:
            return "", ""
        return self._proposed[number].abstract_syntax, self._accepted[number]

    def _note(self, at: int, pdu: Pdu, *, by_requestor: bool) -> None:
        """Take note of what a PDU means for the association."""
        content = pdu.content
        match pdu.kind:
            case PduType.ASSOCIATE_RQ:
                self.called_ae, self.calling_ae = ae_titles(content)
                self._proposed = proposed_contexts(content)
                self._tell(
                    at, AssociationChange.REQUESTED, self._request(), by_requestor=by_requestor
                )
            case PduType.ASSOCIATE_AC:
                self._accepted = accepted_contexts(content)
                contexts = [[number, *self._context(number)] for number in self._accepted]
                self._tell(
                    at,
                    AssociationChange.ACCEPTED,
                    {Association.CONTEXTS: contexts},
                    by_requestor=by_requestor,
                )
            case PduType.ASSOCIATE_RJ:
                words = rejection(*content[1:4]) if len(content) == 4 else ""
                self._tell(
                    at, AssociationChange.REJECTED, _detail(words), by_requestor=by_requestor
                )
            case PduType.RELEASE_RQ:
                if self._released_by_requestor is None:
                    self._released_by_requestor = by_requestor
            case PduType.RELEASE_RP:
                asked_by = self._released_by_requestor
                self._tell(
                    at,
                    AssociationChange.RELEASED,
                    by_requestor=not by_requestor if asked_by is None else asked_by,
                )
            case PduType.ABORT:
                words = _abort_words(content)
                self._tell(at, AssociationChange.ABORTED, _detail(words), by_requestor=by_requestor)

    def _request(self) -> dict[str, object]:
        return {
            Association.REQUESTOR: _address(self._opened.requestor),
            Association.ACCEPTOR: _address(self._opened.acceptor),
            Association.TLS: self._opened.tls,
            Association.CONTEXTS: [
                [number, one.abstract_syntax, one.transfer_syntaxes]
                for number, one in self._proposed.items()
            ],
        }

    def _tell(
        self,
        at: int,
        change: AssociationChange,
        more: Mapping[str, object] | None = None,
        *,
        by_requestor: bool,
    ) -> None:
        self._is_over = self._is_over or change not in (
            AssociationChange.REQUESTED,
            AssociationChange.ACCEPTED,
        )
        self._folder.part.write_association(
            {
                Association.AT: moment(at),
                Association.ASSOCIATION: self.number,
                Association.CHANGE: change,
                Association.CALLING_AE: self.calling_ae,
                Association.CALLED_AE: self.called_ae,
                Association.BY_REQUESTOR: by_requestor,
                Association.AFTER: self._folder.messages,
                Association.DETAIL: "",
                **(more or {}),
            }
        )

    def _take_rest(self, at: int, *, by_requestor: bool) -> None:
        """Write what is no whole message and no whole PDU."""
        direction = self._directions[by_requestor]
        message = direction.assembly.take_rest()
        if message is not None:
            _, syntax = self._context(message.context_id)
            self._writing.make_private(message, syntax)
            parts = [piece.encoded for piece in message.pieces]
            self._send(at, parts, by_requestor=by_requestor)
        rest = direction.reader.take_rest()
        if rest:
            self._send(at, [self._writing.without_content(rest)], by_requestor=by_requestor)


class _Direction:
    """What one end has sent and is not complete."""

    def __init__(self) -> None:
        self.reader = PduReader()
        self.assembly = MessageAssembly(LONGEST_DATASET)
        self.is_broken = False


def _address(address: Address) -> str:
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _detail(words: str) -> dict[str, object]:
    return {Association.DETAIL: words}


def _abort_words(content: bytes) -> str:
    source, reason = (content[2], content[3]) if len(content) == 4 else (0, 0)
    words = _ABORT_SOURCES.get(source, "by somebody")
    if source == 2:
        words += f": {_ABORT_REASONS.get(reason, 'reason unknown')}"
    return words
