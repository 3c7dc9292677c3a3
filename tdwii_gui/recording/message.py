"""A recorded DIMSE message, and what else happened on the recorded associations."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from pydicom.dataset import Dataset


@dataclass(frozen=True, slots=True)
class MessageSummary:
    """What the index of a recording holds of a message.

    Parameters
    ----------
    number : int
        From 1, in the order in which the messages were complete on the wire.
    at : datetime
        When its last byte was seen, aware.
    association : int
        The number of its association.
    sender, receiver : str
        AE titles: those of the A-ASSOCIATE-RQ.
    kind : str
        As PS3.7 9.3 and 10.3 name it, e.g. ``"N-CREATE-RQ"``, ``"C-FIND-RSP"``.
    message_id : int
        Its own, or the one that it responds to.
    sop_class_uid, sop_instance_uid : str
        Those of the command set; empty if it has none.
    status : int or None
        That of a response.
    comment : str
        The Error Comment, untrusted text of a peer.
    dataset_bytes : int
        Of its encoded data set; 0 without.
    frame : int
        The packet of ``capture.pcap`` with its last byte, from 1.
    """

    number: int
    at: datetime
    association: int
    sender: str
    receiver: str
    kind: str
    message_id: int
    sop_class_uid: str
    sop_instance_uid: str
    status: int | None
    comment: str
    dataset_bytes: int
    frame: int

    @property
    def is_request(self) -> bool:
        """Whether it is a request."""
        return self.kind.endswith("-RQ")

    @property
    def service(self) -> str:
        """The service, e.g. ``"N-CREATE"``."""
        return self.kind.rpartition("-")[0]


@dataclass(frozen=True, slots=True)
class RecordedMessage:
    """A message with its content.

    Parameters
    ----------
    command : Dataset
        The command set, group length left out.
    dataset : Dataset or None
        The data set, not to be changed; large binary values may be left out, see the recording.
    context_uid, transfer_syntax_uid : str
        Of its presentation context; empty if that was not accepted.
    object_file : str
        The file of a stored object, relative to the recording; empty if it is none.
    note : str
        Why the data set is not there although the message had one.
    """

    summary: MessageSummary
    command: Dataset
    dataset: Dataset | None
    context_uid: str
    transfer_syntax_uid: str
    object_file: str = ""
    note: str = ""


class AssociationChange(StrEnum):
    """What happened to an association besides messages."""

    REQUESTED = "requested"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    RELEASED = "released"
    ABORTED = "aborted"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class AssociationEvent:
    """Something that happened to a recorded association.

    Parameters
    ----------
    after : int
        The number of the last message before it, 0 if there was none.
    by_requestor : bool
        Whether the requestor did it.
    detail : str
        In words: the reason of a rejection, the source of an abort.
    """

    at: datetime
    association: int
    change: AssociationChange
    calling_ae: str
    called_ae: str
    by_requestor: bool
    after: int
    detail: str = ""
