"""Sending events: N-EVENT-REPORT from an outbox (PS3.4 CC.2.4, CC.3.2, F.9, J.3.3)."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from tdwii_gui.dicom.errors import StoreError
from tdwii_gui.dicom.net.event_kind import UPS_EVENTS, EventKind
from tdwii_gui.dicom.net.event_line import BURST, EventLine, Pace, Surroundings
from tdwii_gui.dicom.net.event_queue import EventQueue
from tdwii_gui.dicom.net.event_receipts import Receipts
from tdwii_gui.dicom.net.sending_turn import SendingTurn

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from tdwii_gui.config.ae_directory import AeDirectory
    from tdwii_gui.dicom.net.event_line import Attempt
    from tdwii_gui.dicom.net.session import LocalAe
    from tdwii_gui.dicom.ups.outbox import OutboxEvent, WaitingLine

__all__ = ["Delivery", "EventSender", "Pace", "Trouble"]

LOGGER = logging.getLogger(__name__)

Q = TypeVar("Q", bound=EventQueue)

MAXIMUM_AGE: Final = 24 * 3600.0
LONGEST_LINE: Final = 10_000
"""Events to one receiver; beyond it, the oldest progress reports are dropped."""

_POLL_SECONDS: Final = 5.0
_SHARED_POLL_SECONDS: Final = 0.25
_STOP_SECONDS: Final = 2.0
_GRACE_SECONDS: Final = 0.5
_ANSWER_SECONDS: Final = 0.02
_READ_AT_ONCE: Final = 8


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why events do not reach a receiver, and since when."""

    since: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of the events to a receiver since the start.

    Parameters
    ----------
    at : datetime
        The moment of the last attempt, or of the last drop.
    event_type, sop_instance_uid : int, str
        The event of the last attempt; 0 and empty if there was none.
    status : int or None
        The status that the receiver answered; None without an answer.
    reason : str
        Why it was no success; empty otherwise.
    delivered, dropped : int
        How many events the receiver answered, and how many were dropped as too old or too many.
    """

    at: datetime
    event_type: int = 0
    sop_instance_uid: str = ""
    status: int | None = None
    reason: str = ""
    delivered: int = 0
    dropped: int = 0

    @property
    def ok(self) -> bool:
        """Whether the receiver took the last event."""
        return self.status is not None and not self.reason


class EventSender(Generic[Q]):
    """Delivers the events of an outbox, each receiver's in order and independent of the others.

    A receiver that has no association to give is tried again after 1, 2, 4 ... 60 s. Any status
    it answers with counts as delivered, except 0110 and 0213, which are tried again a few times.
    Of several processes on one database, one delivers a receiver's events at a time.

    Parameters
    ----------
    directory : AeDirectory
        Where the receivers are looked up.
    local : LocalAe
        The own AE; its `on_exchange` is called on the threads of the sender.
    kind : EventKind
        Which service's events they are.
    maximum_age : float
        After so many seconds an event that was not delivered is dropped, and the log says so.
    let_answers_leave : Callable[[float], object]
        Waits until no request is being answered, for so many seconds at most: with many
        receivers, their threads would take the interpreter from those that answer.
    on_attempt : Callable
        Hears of each attempt, before the event leaves the outbox; on the receiver's thread.
    """

    def __init__(
        self,
        outbox: Q,
        directory: AeDirectory,
        local: LocalAe,
        *,
        kind: EventKind = UPS_EVENTS,
        pace: Pace | None = None,
        maximum_age: float = MAXIMUM_AGE,
        let_answers_leave: Callable[[float], object] = lambda _seconds: None,
        on_attempt: Callable[[Attempt], object] = lambda _attempt: None,
    ) -> None:
        self.outbox = outbox
        self.directory = directory
        self.local = local
        self.pace = pace or Pace()
        self._maximum_age = maximum_age
        self._let_answers_leave = let_answers_leave
        self._on_attempt = on_attempt
        self._kind = kind
        self._stopping = Event()
        self._woken = Event()
        self._lock = Lock()
        self._wanted: set[str] = set()
        self._look_wanted = True
        self._lines: dict[str, EventLine] = {}
        self._troubles: dict[str, Trouble] = {}
        self._deliveries: dict[str, Delivery] = {}
        self._thread: Thread | None = None
        self._receipts: Receipts | None = None

    def start(self) -> None:
        """Begin to deliver, what was left over first."""
        self._stopping.clear()
        name = f"{self.local.ae_title}-{self._kind.name}"
        self._receipts = Receipts(self.outbox, f"{name}-receipts")
        self._receipts.start()
        around = Surroundings(
            self.outbox,
            self.directory,
            self.local,
            self._kind,
            self.pace,
            self._receipts,
            SendingTurn(self._let_answers_leave),
            self._stopping,
            self._retire,
            self._tried,
        )
        self._thread = Thread(target=self._run, args=(around,), name=name, daemon=True)
        self._thread.start()

    def wake(self, receivers: Iterable[str] = ()) -> None:
        """Tell that events are due, to these receivers or to any; returns at once."""
        named = set(receivers)
        with self._lock:
            self._wanted |= named
            self._look_wanted |= not named
        self._woken.set()

    def stop(self) -> None:
        """End delivering within 2 s; what is undelivered stays in the outbox."""
        thread, self._thread = self._thread, None
        receipts, self._receipts = self._receipts, None
        if thread is None or receipts is None:
            return
        deadline = time.monotonic() + _STOP_SECONDS
        self._stopping.set()
        self._woken.set()
        thread.join()
        with self._lock:
            lines = list(self._lines.values())
        for line in lines:
            line.woken.set()
        grace = time.monotonic() + _GRACE_SECONDS
        for line in lines:
            line.join(max(0.0, grace - time.monotonic()))
        for line in lines:
            line.abort()
        for line in lines:
            line.join(max(0.0, deadline - time.monotonic()))
        receipts.end(_STOP_SECONDS)
        self.outbox.close()

    def troubles(self) -> dict[str, Trouble]:
        """Return the receivers that the last attempt did not reach."""
        with self._lock:
            return dict(self._troubles)

    def deliveries(self) -> dict[str, Delivery]:
        """Return what became of the events to each receiver since the start."""
        with self._lock:
            return dict(self._deliveries)

    def _tried(self, receiver: str, attempt: Attempt) -> None:
        """Note the outcome of an attempt."""
        self._on_attempt(attempt)
        with self._lock:
            before = self._deliveries.get(receiver)
            self._deliveries[receiver] = Delivery(
                attempt.at,
                attempt.event_type,
                attempt.sop_instance_uid,
                attempt.status,
                attempt.reason,
                (before.delivered if before else 0) + attempt.is_delivered,
                before.dropped if before else 0,
            )
            if not attempt.again:
                self._troubles.pop(receiver, None)
                return
            known = self._troubles.get(receiver)
            since = known.since if known else attempt.at
            self._troubles[receiver] = Trouble(since, attempt.reason)

    def _retire(self, line: EventLine) -> bool:
        """Take out a line that has no work; False if it has been given some meanwhile."""
        with self._lock:
            if line.woken.is_set() and not self._stopping.is_set():
                return False
            if self._lines.get(line.receiver) is line:
                del self._lines[line.receiver]
            return True

    def _run(self, around: Surroundings) -> None:
        pause = _SHARED_POLL_SECONDS if self.outbox.is_shared else _POLL_SECONDS
        looked_at = float("-inf")
        while not self._stopping.is_set():
            with self._lock:
                wanted, self._wanted = self._wanted, set()
                look, self._look_wanted = self._look_wanted, False
            self._hand_on(around, wanted)
            if look or time.monotonic() - looked_at >= pause:
                looked_at = time.monotonic()
                self._look(around)
            if self._woken.wait(pause):
                self._let_answers_leave(_ANSWER_SECONDS)
            self._woken.clear()

    def _look(self, around: Surroundings) -> None:
        """See to all that is due, and drop what is too old or too much."""
        try:
            lines = self.outbox.lines()
            for line in lines:
                self._shorten(line)
        except StoreError as error:
            LOGGER.log(logging.ERROR, "events cannot be delivered: %s", error)
            return
        self._hand_on(around, [line.receiving_ae for line in lines])

    def _shorten(self, line: WaitingLine) -> None:
        receiver, number = line.receiving_ae, line.number
        until = int((time.time() - self._maximum_age) * 1e6)
        if line.oldest is not None and line.oldest <= until:
            old = self.outbox.expire(receiver, until)
            number -= old
            self._dropped(receiver, old, f"older than {self._maximum_age / 3600:g} h")
        if number > LONGEST_LINE:
            excess = self.outbox.trim(receiver, number - LONGEST_LINE)
            self._dropped(receiver, excess, f"progress reports beyond {LONGEST_LINE} events")

    def _dropped(self, receiver: str, number: int, why: str) -> None:
        if not number:
            return
        LOGGER.warning("%d events to %r dropped: %s", number, receiver, why)
        with self._lock:
            before = self._deliveries.get(receiver) or Delivery(datetime.now(UTC))
            self._deliveries[receiver] = replace(
                before,
                at=datetime.now(UTC),
                reason=before.reason or f"{number} dropped: {why}",
                dropped=before.dropped + number,
            )

    def _hand_on(self, around: Surroundings, receivers: Collection[str]) -> None:
        read = self._read(receivers)
        with self._lock:
            for receiver in receivers:
                if self._stopping.is_set():
                    return
                line = self._lines.get(receiver)
                if line is None:
                    line = self._lines[receiver] = EventLine(around, receiver)
                    line.start()
                else:
                    line.wake(read.get(receiver))

    def _read(self, receivers: Collection[str]) -> dict[str, list[OutboxEvent]]:
        """Read at once what is due to receivers that are not in trouble; nothing if it is much.

        Nor from a shared outbox: another process may deliver it before a line is ours.
        """
        with self._lock:
            well = [each for each in receivers if each not in self._troubles]
        limit = BURST * _READ_AT_ONCE
        read: dict[str, list[OutboxEvent]] = {}
        if len(well) < 2 or self.outbox.is_shared:
            return read
        try:
            events = self.outbox.next_of(well, limit)
        except StoreError:
            return read  # each line says so
        if len(events) == limit:
            return read
        for event in events:
            read.setdefault(event.receiving_ae, []).append(event)
        return {receiver: due for receiver, due in read.items() if len(due) < BURST}
