"""An outbox of events without a database."""

from __future__ import annotations

import time
from collections import Counter
from itertools import count
from queue import Queue
from threading import Lock
from typing import TYPE_CHECKING, Any

from pydicom.dataset import Dataset

from tdwii_gui.dicom.store.encoding import encode
from tdwii_gui.dicom.ups.outbox import OutboxEvent, WaitingLine

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

UID = "1.2.3.4"


def information(text: str = "SCHEDULED") -> Dataset:
    dataset = Dataset()
    dataset.ProcedureStepState = text
    return dataset


class MemoryOutbox:
    """An outbox that forgets when the test ends."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._events: list[OutboxEvent] = []
        self.attempts: dict[int, int] = {}
        self.done: Queue[int] = Queue()
        self.reads: Counter[str] = Counter()

    def put(self, receiver: str, number: int, event_type: int = 1, age: float = 0.0) -> None:
        created = int((time.time() - age) * 1e6)
        uid = f"{UID}.{number}"
        with self._lock:
            self._events.append(
                OutboxEvent(number, receiver, event_type, uid, encode(information())[0], 0, created)
            )

    is_shared = False
    taken_elsewhere: frozenset[str] = frozenset()

    def take(self, receiving_ae: str) -> bool:
        return receiving_ae not in self.taken_elsewhere

    def give_back(self, receiving_ae: str) -> None:
        pass

    def close(self) -> None:
        pass

    def lines(self) -> list[WaitingLine]:
        with self._lock:
            numbers = Counter(event.receiving_ae for event in self._events)
            oldest = {event.receiving_ae: event.created for event in reversed(self._events)}
        return [WaitingLine(one, number, oldest[one]) for one, number in numbers.items()]

    def expire(self, receiving_ae: str, until: int) -> int:
        return self._drop(lambda one: one.receiving_ae == receiving_ae and one.created <= until)

    def trim(self, receiving_ae: str, excess: int) -> int:
        left = count(excess, -1)
        return self._drop(lambda one: one.receiving_ae == receiving_ae and next(left) > 0)

    def _drop(self, goes: Callable[[OutboxEvent], bool]) -> int:
        with self._lock:
            before = len(self._events)
            self._events = [event for event in self._events if not goes(event)]
            return before - len(self._events)

    def receivers(self) -> list[str]:
        with self._lock:
            return sorted({event.receiving_ae for event in self._events})

    def next(self, receiving_ae: str, limit: int = 100) -> list[OutboxEvent]:
        with self._lock:
            self.reads[receiving_ae] += 1
            due = [event for event in self._events if event.receiving_ae == receiving_ae]
            return [self._counted(event) for event in due[:limit]]

    def next_of(self, receiving_aes: Collection[str], limit: int) -> list[OutboxEvent]:
        with self._lock:
            due = [event for event in self._events if event.receiving_ae in receiving_aes]
            return [self._counted(event) for event in due[:limit]]

    def delivered(self, ids: Any) -> None:
        with self._lock:
            self._events = [event for event in self._events if event.id not in ids]
        for one in ids:
            self.done.put(one)

    def failed(self, ids: Any) -> None:
        with self._lock:
            for one in ids:
                self.attempts[one] = self.attempts.get(one, 0) + 1

    def _counted(self, event: OutboxEvent) -> OutboxEvent:
        return OutboxEvent(
            event.id,
            event.receiving_ae,
            event.event_type,
            event.sop_instance_uid,
            event.encoded,
            self.attempts.get(event.id, 0),
            event.created,
        )
