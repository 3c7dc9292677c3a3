"""Storage Commitment Push Model: requests and results (PS3.4 J.3, PS3.3 C.14)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from pydicom.dataset import Dataset

from tdwii_gui.dicom.errors import DatasetError, Finding
from tdwii_gui.dicom.iod import legal, tolerant
from tdwii_gui.dicom.iod.macros import sop_reference
from tdwii_gui.dicom.status import Status
from tdwii_gui.dicom.uids import is_valid_uid

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

REQUEST: Final = 1
"""Action Type ID of a storage commitment request."""

_WITHOUT_REASON: Final = int(Status.PROCESSING_FAILURE)


class CommitmentEvent(IntEnum):
    """Event Type ID of a storage commitment result (PS3.4 Table J.3-2)."""

    SUCCESSFUL = 1
    FAILURES_EXIST = 2

    @property
    def title(self) -> str:
        """The event's meaning in the standard."""
        words = "Successful" if self is CommitmentEvent.SUCCESSFUL else "Complete - Failures Exist"
        return f"Storage Commitment Request {words}"


class CommitmentState(StrEnum):
    """How far a storage commitment is."""

    PENDING = "pending"
    REPORTED = "reported"
    UNDELIVERED = "undelivered"


class Reference(NamedTuple):
    """An instance for which commitment is requested."""

    sop_class_uid: str
    sop_instance_uid: str


@dataclass(frozen=True, slots=True)
class Commitment:
    """A storage commitment transaction.

    Parameters
    ----------
    requestor_ae : str
        Who asked for it.
    at : datetime
        When, with its time zone.
    uids : tuple[str, ...]
        SOP Instance UIDs for which it was requested.
    failed : tuple[tuple[str, int], ...]
        SOP Instance UIDs that are not committed to, with their Failure Reason (0008,1197); known
        once there is a result.
    state : CommitmentState
        PENDING until the result has reached its requestor; UNDELIVERED if that was given up.
    reason : str
        Why it was given up, in words.
    """

    transaction_uid: str
    requestor_ae: str
    at: datetime
    uids: tuple[str, ...]
    failed: tuple[tuple[str, int], ...] = ()
    state: CommitmentState = CommitmentState.PENDING
    reason: str = ""

    @property
    def is_safe(self) -> bool:
        """Whether the result is here, and no instance failed."""
        return self.state is CommitmentState.REPORTED and not self.failed

    def with_result(self, result: CommitmentResult) -> Commitment:
        """Return the transaction with its result; what that leaves out has failed (0110)."""
        failed = {each.sop_instance_uid: reason for each, reason in result.failed}
        safe = {each.sop_instance_uid for each in result.safe}
        failed |= {uid: _WITHOUT_REASON for uid in self.uids if uid not in safe | failed.keys()}
        return replace(self, failed=tuple(failed.items()))


@dataclass(frozen=True, slots=True)
class CommitmentResult:
    """What became of a request: each instance is in exactly one of the lists."""

    transaction_uid: str
    safe: tuple[Reference, ...]
    failed: tuple[tuple[Reference, int], ...]

    @property
    def event_type(self) -> CommitmentEvent:
        """The event that reports it."""
        return CommitmentEvent.FAILURES_EXIST if self.failed else CommitmentEvent.SUCCESSFUL

    def information(self, retrieve_ae_title: str = "") -> Dataset:
        """Return the Event Information that reports it (PS3.4 Table J.3-2).

        Parameters
        ----------
        retrieve_ae_title : str
            The AE from which the instances can be retrieved, where there is one.

        Raises
        ------
        DatasetError
            If the AE title is not legal.
        """
        dataset = Dataset()
        dataset.TransactionUID = self.transaction_uid
        if retrieve_ae_title and self.safe:
            dataset.RetrieveAETitle = legal.require("RetrieveAETitle", retrieve_ae_title)
        if self.safe:
            dataset.ReferencedSOPSequence = [sop_reference(*each) for each in self.safe]
        if self.failed:
            items = []
            for reference, reason in self.failed:
                item = sop_reference(*reference)
                item.FailureReason = reason
                items.append(item)
            dataset.FailedSOPSequence = items
        return dataset


def commitment_request(transaction_uid: str, references: Iterable[Reference]) -> Dataset:
    """Return the Action Information of a request (PS3.4 Table J.3-1).

    Raises
    ------
    DatasetError
        If there is no instance, or a UID is none.
    """
    wanted = list(dict.fromkeys(references))
    if not wanted:
        raise DatasetError([Finding("ReferencedSOPSequence", "names no instance")])
    if not all(is_valid_uid(uid) for uid in (transaction_uid, *(u for one in wanted for u in one))):
        raise DatasetError([Finding("ReferencedSOPSequence", "holds what is no UID")])
    dataset = Dataset()
    dataset.TransactionUID = transaction_uid
    dataset.ReferencedSOPSequence = [sop_reference(*reference) for reference in wanted]
    return dataset


def read_request(information: Dataset) -> tuple[str, tuple[Reference, ...]]:
    """Return the Transaction UID of a request and the instances, each of them once.

    Raises
    ------
    DatasetError
        If one of them is missing or no UID.
    """
    uid = tolerant.text(information, "TransactionUID")
    if not uid or not is_valid_uid(uid):
        raise DatasetError([Finding("TransactionUID", "is missing or no UID")])
    references = _references(tolerant.items(information, "ReferencedSOPSequence"))
    if not references:
        raise DatasetError([Finding("ReferencedSOPSequence", "names no instance")])
    for reference in references:
        if not all(part and is_valid_uid(part) for part in reference):
            raise DatasetError([Finding("ReferencedSOPSequence", "holds what is no UID")])
    return uid, tuple(dict.fromkeys(references))


def read_result(information: Dataset) -> CommitmentResult:
    """Return what a result says; unreadable parts are empty, a failure without a reason is 0110."""
    failed = tolerant.items(information, "FailedSOPSequence")
    reasons = [tolerant.number(item, "FailureReason") for item in failed]
    return CommitmentResult(
        tolerant.text(information, "TransactionUID"),
        _references(tolerant.items(information, "ReferencedSOPSequence")),
        tuple(
            (reference, _WITHOUT_REASON if reason is None else int(reason))
            for reference, reason in zip(_references(failed), reasons, strict=True)
        ),
    )


def _references(items: Sequence[Dataset]) -> tuple[Reference, ...]:
    return tuple(
        Reference(
            tolerant.text(item, "ReferencedSOPClassUID"),
            tolerant.text(item, "ReferencedSOPInstanceUID"),
        )
        for item in items
    )
