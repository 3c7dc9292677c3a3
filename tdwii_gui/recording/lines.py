"""The files of a recording and the names in their JSON lines: what is written, and what is read.

A recording is a folder::

    recording.json          see `Info`; written at the start, at each new part and at the end
    0001/ 0002/ ...         its parts, the oldest may be gone
        messages.jsonl      a JSON object per DIMSE message, see `Message`
        index.jsonl         a JSON array per DIMSE message, see `INDEX`
        associations.jsonl  a JSON object per event of an association, see `Association`
        capture.pcap        packets
        objects/<number>.dcm  the data sets of C-STORE requests, as files

Each line ends with a line feed; the last one is cut short where the writing program was ended by
force. Times are ISO 8601 in UTC with microseconds. Data sets are in the DICOM JSON Model
(PS3.18 F); binary values longer than `LONGEST_BINARY` bytes are left out: such an element has a
``BulkDataURI`` instead of a value.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

RECORDING: Final = "recording.json"
MESSAGES: Final = "messages.jsonl"
INDEX_FILE: Final = "index.jsonl"
ASSOCIATIONS: Final = "associations.jsonl"
CAPTURE: Final = "capture.pcap"
OBJECTS: Final = "objects"

PART_DIGITS: Final = 4
"""The folder of a part is its number, from 1, with leading zeros to at least so many digits."""

LONGEST_BINARY: Final = 4096
"""Bytes of a binary value in the JSON of a data set."""

INDEX: Final = (
    "number",
    "at",
    "association",
    "sender",
    "receiver",
    "kind",
    "message_id",
    "sop_class_uid",
    "sop_instance_uid",
    "status",
    "comment",
    "dataset_bytes",
    "frame",
    "offset",
    "length",
)
"""What the values of an index line are: the fields of `MessageSummary` in order, then where the
message's line begins in ``messages.jsonl`` of the same part, and its bytes without the line feed.
"""


class Message:
    """The names in a line of ``messages.jsonl``."""

    NUMBER: Final = "number"
    AT: Final = "at"
    ASSOCIATION: Final = "association"
    SENDER: Final = "sender"
    RECEIVER: Final = "receiver"
    KIND: Final = "kind"
    MESSAGE_ID: Final = "message_id"
    CONTEXT_ID: Final = "context_id"
    CONTEXT: Final = "context"
    """Abstract syntax UID; empty if the context was not accepted."""
    TRANSFER_SYNTAX: Final = "transfer_syntax"
    COMMAND: Final = "command"
    """The command set in DICOM JSON, without its group length; null if it cannot be decoded."""
    DATASET: Final = "dataset"
    """The data set in DICOM JSON; null without one, with `OBJECT`, or with `NOTE`."""
    DATASET_BYTES: Final = "dataset_bytes"
    FRAME: Final = "frame"
    """The packet with its last byte, in ``capture.pcap`` of the same part, from 1."""
    OBJECT: Final = "object"
    """The file of a stored object, relative to the part, with ``/``; empty if it is none."""
    NOTE: Final = "note"
    """Why the data set is not there although it has bytes: left out, or cannot be decoded."""


class Association:
    """The names in a line of ``associations.jsonl``."""

    AT: Final = "at"
    ASSOCIATION: Final = "association"
    CHANGE: Final = "change"
    """A value of `AssociationChange`."""
    CALLING_AE: Final = "calling_ae"
    CALLED_AE: Final = "called_ae"
    BY_REQUESTOR: Final = "by_requestor"
    AFTER: Final = "after"
    DETAIL: Final = "detail"
    REQUESTOR: Final = "requestor"
    """``host:port``, in the line of the request alone, as `ACCEPTOR` and `TLS`."""
    ACCEPTOR: Final = "acceptor"
    TLS: Final = "tls"
    """Whether the connection was encrypted: what is recorded is the plaintext."""
    CONTEXTS: Final = "contexts"
    """In the line of the acceptance: ``[[id, abstract syntax, transfer syntax], ...]`` of the
    accepted contexts; in that of the request: ``[[id, abstract syntax, [transfer syntaxes]]]``."""


class Info:
    """The names in ``recording.json``."""

    FORMAT: Final = "format"
    """1."""
    VERSIONS: Final = "versions"
    """Of Python, the package, pydicom, pynetdicom and the operating system, by name."""
    STARTED: Final = "started"
    ENDED: Final = "ended"
    """When it ended; null while it runs, or if the recording process was ended by force."""
    REASON: Final = "reason"
    """Why it ended; empty if it was stopped as asked."""
    ACTORS: Final = "actors"
    """Role by AE title, as known when the recording began."""
    PATIENT_DATA: Final = "patient_data"
    """False if names, IDs and dates are pseudonyms."""
    NOTES: Final = "notes"
    """What a reader has to know, in words: a list."""
    MESSAGES: Final = "messages"
    """How many were recorded, those of removed parts too; as of the last time it was written."""
    REMOVED_PARTS: Final = "removed_parts"
    """How many parts are gone, the oldest ones, because the recording became too large."""


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def moment(nanoseconds: int) -> str:
    """Return a time in nanoseconds since 1970 as it is in the lines."""
    time = _EPOCH + timedelta(microseconds=nanoseconds // 1000)
    return time.isoformat(timespec="microseconds")


def part_name(number: int) -> str:
    """Return the name of the folder of a part, from 1."""
    return f"{number:0{PART_DIGITS}d}"
