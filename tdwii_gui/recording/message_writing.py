"""Messages of a recording: made private, decoded, and written as lines and objects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pydicom.dataset import Dataset
from pydicom.uid import ImplicitVRLittleEndian

from tdwii_gui.dicom.errors import DatasetError
from tdwii_gui.dicom.iod.file_meta import encode_file_meta
from tdwii_gui.dicom.iod.part10 import PYDICOM_ERRORS
from tdwii_gui.recording.dataset_json import as_json, decode
from tdwii_gui.recording.lines import Message, moment
from tdwii_gui.recording.pseudonyms import Pseudonyms, pseudonymise

if TYPE_CHECKING:
    from tdwii_gui.recording.folder import RecordingFolder
    from tdwii_gui.recording.message_assembly import EncodedMessage

_C_STORE_RQ: Final = "C-STORE-RQ"
_RESPONSE: Final = 0x8000
_SERVICES: Final = {
    0x0001: "C-STORE",
    0x0010: "C-GET",
    0x0020: "C-FIND",
    0x0021: "C-MOVE",
    0x0030: "C-ECHO",
    0x0FFF: "C-CANCEL",
    0x0100: "N-EVENT-REPORT",
    0x0110: "N-GET",
    0x0120: "N-SET",
    0x0130: "N-ACTION",
    0x0140: "N-CREATE",
    0x0150: "N-DELETE",
}
"""By Command Field (PS3.7 E.1)."""
_UNKNOWN: Final = "UNKNOWN"
_TOO_LONG: Final = "left out: too long"


@dataclass(frozen=True, slots=True)
class Envelope:
    """What is known of a message besides its content.

    Parameters
    ----------
    at : int
        Nanoseconds since 1970.
    context_uid, transfer_syntax_uid : str
        Of its presentation context; empty if that was not accepted.
    """

    at: int
    association: int
    sender: str
    receiver: str
    context_uid: str
    transfer_syntax_uid: str


class MessageWriting:
    """Writes messages to the present part of a recording.

    Parameters
    ----------
    pseudonyms : Pseudonyms or None
        None keeps patient data.
    """

    def __init__(self, folder: RecordingFolder, pseudonyms: Pseudonyms | None) -> None:
        self._folder = folder
        self._pseudonyms = pseudonyms

    @property
    def patient_data(self) -> bool:
        """Whether names, IDs and dates are kept."""
        return self._pseudonyms is None

    def without_content(self, data: bytes) -> bytes:
        """Return what cannot be read as zeros, unless patient data are kept."""
        return data if self._pseudonyms is None else bytes(len(data))

    def make_private(self, message: EncodedMessage, transfer_syntax_uid: str) -> None:
        """Put pseudonyms into a message, unless patient data are kept."""
        if self._pseudonyms is None:
            return
        command = pseudonymise(message.command, ImplicitVRLittleEndian, self._pseudonyms)
        message.put(command, is_command=True)
        dataset = message.dataset
        if dataset:
            private = pseudonymise(dataset, transfer_syntax_uid, self._pseudonyms)
            message.put(private, is_command=False)

    def write(self, message: EncodedMessage, envelope: Envelope) -> None:
        """Write a message that is whole; its packets are written already.

        Raises
        ------
        OSError
            If it cannot be written.
        """
        self._folder.messages += 1
        part = self._folder.part
        command = _decoded_command(message.command)
        summary = {
            Message.NUMBER: self._folder.messages,
            Message.AT: moment(envelope.at),
            Message.ASSOCIATION: envelope.association,
            Message.SENDER: envelope.sender,
            Message.RECEIVER: envelope.receiver,
            **_summary(command),
            Message.DATASET_BYTES: message.dataset_bytes,
            Message.FRAME: part.capture.frames,
        }
        dataset, note = message.dataset, _TOO_LONG if message.is_left_out else ""
        content, object_file = None, ""
        if dataset and summary[Message.KIND] == _C_STORE_RQ and envelope.transfer_syntax_uid:
            meta = encode_file_meta(
                str(summary["sop_class_uid"]),
                str(summary["sop_instance_uid"]),
                envelope.transfer_syntax_uid,
                envelope.sender,
            )
            object_file = part.write_object(self._folder.messages, (meta, dataset))
        elif dataset:
            content, note = _dataset_json(dataset, envelope.transfer_syntax_uid)
        part.write_message(
            {
                **{name: summary[name] for name in _SHARED},
                Message.CONTEXT_ID: message.context_id,
                Message.CONTEXT: envelope.context_uid,
                Message.TRANSFER_SYNTAX: envelope.transfer_syntax_uid,
                Message.COMMAND: as_json(command) if command is not None else None,
                Message.DATASET: content,
                Message.DATASET_BYTES: message.dataset_bytes,
                Message.FRAME: part.capture.frames,
                Message.OBJECT: object_file,
                Message.NOTE: note,
            },
            summary,
        )


_SHARED: Final = (
    Message.NUMBER,
    Message.AT,
    Message.ASSOCIATION,
    Message.SENDER,
    Message.RECEIVER,
    Message.KIND,
    Message.MESSAGE_ID,
)


def _decoded_command(encoded: bytes) -> Dataset | None:
    """Return a command set without its group length; None if it cannot be decoded."""
    try:
        command = decode(encoded, ImplicitVRLittleEndian)
        command.decode()
    except (DatasetError, *PYDICOM_ERRORS):
        return None
    command.pop("CommandGroupLength", None)
    return command


def _summary(command: Dataset | None) -> dict[str, Any]:
    """Return what the index has of a command set; values of a wrong kind are left out."""
    known = command if command is not None else Dataset()
    status = known.get("Status")
    return {
        Message.KIND: _kind(known.get("CommandField")),
        Message.MESSAGE_ID: _number(
            known.get("MessageID") or known.get("MessageIDBeingRespondedTo")
        ),
        "sop_class_uid": _text(
            known.get("AffectedSOPClassUID") or known.get("RequestedSOPClassUID")
        ),
        "sop_instance_uid": _text(
            known.get("AffectedSOPInstanceUID") or known.get("RequestedSOPInstanceUID")
        ),
        "status": status if isinstance(status, int) else None,
        "comment": _text(known.get("ErrorComment")),
    }


def _kind(field: object) -> str:
    if not isinstance(field, int) or field & ~_RESPONSE not in _SERVICES:
        return _UNKNOWN
    return f"{_SERVICES[field & ~_RESPONSE]}-{'RSP' if field & _RESPONSE else 'RQ'}"


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _dataset_json(encoded: bytes, transfer_syntax_uid: str) -> tuple[dict[str, Any] | None, str]:
    """Return a data set in DICOM JSON, or why it is none."""
    try:
        return as_json(decode(encoded, transfer_syntax_uid)), ""
    except DatasetError as error:
        return None, str(error)
