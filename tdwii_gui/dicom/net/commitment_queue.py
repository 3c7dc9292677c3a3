"""The results of storage commitment that are due, as a sender of events has them."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING

from tdwii_gui.dicom.uids import STORAGE_COMMITMENT_INSTANCE
from tdwii_gui.dicom.ups.outbox import OutboxEvent, WaitingLine

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from tdwii_gui.dicom.iod.commitment import Commitment
    from tdwii_gui.dicom.net.event_line import Attempt
    from tdwii_gui.dicom.store.commitment_store import CommitmentStore


class CommitmentQueue:
    """The `EventQueue` of a commitment store, which one process serves.

    Parameters
    ----------
    on_change : Callable[[Commitment], None]
        Hears of each transaction that is reported or given up.
    """

    is_shared = False

    def __init__(self, store: CommitmentStore, on_change: Callable[[Commitment], None]) -> None:
        self._store = store
        self._on_change = on_change

    def take(self, receiving_ae: str) -> bool:
        """Take a receiver's line, which no other process has."""
        return True

    def give_back(self, receiving_ae: str) -> None:
        """Do nothing: no other process waits."""

    def close(self) -> None:
        """Do nothing."""

    def lines(self) -> list[WaitingLine]:
        """Return to whom results are due."""
        return [WaitingLine(*line) for line in self._store.lines()]

    def next(self, receiving_ae: str, limit: int = 100) -> list[OutboxEvent]:
        """Return the oldest results that are due to an AE."""
        return [
            OutboxEvent(
                id=due.id,
                receiving_ae=due.requestor_ae,
                event_type=due.event_type,
                sop_instance_uid=STORAGE_COMMITMENT_INSTANCE,
                encoded=due.encoded,
                attempts=due.attempts,
                created=due.created,
            )
            for due in self._store.due(receiving_ae, limit)
        ]

    def next_of(self, receiving_aes: Collection[str], limit: int) -> list[OutboxEvent]:
        """Return the oldest results that are due to any of some AEs."""
        due = [each for receiving_ae in receiving_aes for each in self.next(receiving_ae, limit)]
        return sorted(due, key=attrgetter("id"))[:limit]

    def delivered(self, ids: Sequence[int]) -> None:
        """Note that results were answered."""
        self._store.report(ids)
        self._tell(ids)

    def failed(self, ids: Sequence[int]) -> None:
        """Count a failed attempt."""
        self._store.count_attempt(ids)

    def expire(self, receiving_ae: str, until: int) -> int:
        """Give up results that are too old; return how many."""
        ids = self._store.expire(receiving_ae, until)
        self._tell(ids)
        return len(ids)

    def trim(self, receiving_ae: str, excess: int) -> int:
        """Give up none: each result is needed."""
        return 0

    def tried(self, attempt: Attempt) -> None:
        """Note a result that its requestor has refused for good."""
        if attempt.reason and not attempt.again:
            self._store.give_up(attempt.event_id, attempt.reason)

    def _tell(self, ids: Sequence[int]) -> None:
        for commitment in self._store.get(ids):
            self._on_change(commitment)
