"""The order in which events leave for a receiver: as they came, unless a fault is set."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from tdwii_gui.dicom.net.fault import FaultKind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tdwii_gui.dicom.net.faults import Faults
    from tdwii_gui.dicom.ups.outbox import OutboxEvent

HOLD_SECONDS: Final = 10.0
"""So long an event waits for the one that is to overtake it."""

_MESSAGE: Final = "N-EVENT-REPORT"


class EventOrder:
    """Decides for each event of a receiver, once, whether it gets lost, doubled or late.

    Parameters
    ----------
    now : Callable[[], float]
        The monotonic clock.
    """

    def __init__(
        self, faults: Faults, receiver: str, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._faults = faults
        self._receiver = receiver
        self._now = now
        self._decided = -1
        self._lost: set[int] = set()
        self._twice: set[int] = set()
        self._late: set[int] = set()
        self._held: OutboxEvent | None = None
        self._held_until = 0.0
        self._is_overtaken = False

    @property
    def seconds_left(self) -> float | None:
        """How long an event is held back yet; None if none is."""
        return None if self._held is None else max(0.0, self._held_until - self._now())

    def arranged(self, events: Sequence[OutboxEvent]) -> list[OutboxEvent]:
        """Return what is to be sent now of the events that are due."""
        if self._faults.is_active:
            self._decide(events)
        elif self._held is None:
            return list(events)
        leaving: list[OutboxEvent] = []
        for event in events:
            if self._held is not None and event.id == self._held.id:
                continue
            if self._held is None and event.id in self._late:
                self._hold(event)
                continue
            leaving += [event] * (2 if event.id in self._twice else 1)
        held = self._held
        if held is None:
            return leaving
        if self._is_overtaken or self.seconds_left == 0:
            return [held, *leaving]
        after = [number for number, event in enumerate(leaving, 1) if event.id > held.id]
        if after:
            leaving.insert(after[0], held)
        return leaving

    def is_lost(self, event: OutboxEvent) -> bool:
        """Return whether an event is not to be sent, though its sender believes that it was."""
        return event.id in self._lost

    def sent(self, event: OutboxEvent) -> None:
        """Take note that an event was answered."""
        for decided in (self._lost, self._twice, self._late):
            decided.discard(event.id)
        if self._held is not None:
            if event.id == self._held.id:
                self._held = None
            else:
                self._is_overtaken = event.id > self._held.id

    def _hold(self, event: OutboxEvent) -> None:
        self._held, self._held_until = event, self._now() + HOLD_SECONDS
        self._is_overtaken = False
        self._late.discard(event.id)

    def _decide(self, events: Sequence[OutboxEvent]) -> None:
        for event in events:
            if event.id <= self._decided:
                continue
            self._decided = event.id
            for kind, chosen in (
                (FaultKind.DROP_EVENT, self._lost),
                (FaultKind.DOUBLE_EVENT, self._twice),
                (FaultKind.REORDER_EVENT, self._late),
            ):
                if self._faults.strike(
                    kind, message=_MESSAGE, peer=self._receiver, type_id=event.event_type
                ):
                    chosen.add(event.id)
