"""What a sender of events needs of the queue that they leave from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from tdwii_gui.dicom.ups.outbox import OutboxEvent, WaitingLine


class EventQueue(Protocol):
    """Events that are due, one ordered line per receiver; an `Outbox` is one.

    Methods raise `StoreError` if the queue cannot be used.
    """

    @property
    def is_shared(self) -> bool:
        """Whether other processes may put events into it."""

    def take(self, receiving_ae: str) -> bool:
        """Take a receiver's line; False while another process has it."""

    def give_back(self, receiving_ae: str) -> None:
        """Let another process have a receiver's line."""

    def close(self) -> None:
        """Give back all lines."""

    def lines(self) -> list[WaitingLine]:
        """Return the lines in which events are due, by receiver."""

    def next(self, receiving_ae: str, limit: int = 100) -> list[OutboxEvent]:
        """Return the oldest events that are due to an AE, in their order."""

    def next_of(self, receiving_aes: Collection[str], limit: int) -> list[OutboxEvent]:
        """Return the oldest events that are due to any of some AEs, in their order."""

    def delivered(self, ids: Sequence[int]) -> None:
        """Take out events that their receiver answered."""

    def failed(self, ids: Sequence[int]) -> None:
        """Count a failed attempt for events, which stay due."""

    def expire(self, receiving_ae: str, until: int) -> int:
        """Give up the events to an AE that became due until a moment; return how many."""

    def trim(self, receiving_ae: str, excess: int) -> int:
        """Give up what is least needed of a line that is too long; return how many."""
