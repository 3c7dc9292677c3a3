"""The line of one receiver of events: in order, whatever happens."""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Event, Thread
from typing import TYPE_CHECKING, Final

from tdwii_gui.dicom.errors import (
    AssociationError,
    ConfigError,
    DatasetError,
    DimseStatusError,
    StoreError,
)
from tdwii_gui.dicom.net.event_order import EventOrder
from tdwii_gui.dicom.net.event_scu import EventScu
from tdwii_gui.dicom.status import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tdwii_gui.config.ae_directory import AeDirectory
    from tdwii_gui.dicom.net.event_kind import EventKind
    from tdwii_gui.dicom.net.event_queue import EventQueue
    from tdwii_gui.dicom.net.event_receipts import Receipts
    from tdwii_gui.dicom.net.sending_turn import SendingTurn
    from tdwii_gui.dicom.net.session import LocalAe
    from tdwii_gui.dicom.ups.outbox import OutboxEvent

LOGGER = logging.getLogger(__name__)

BURST: Final = 32
"""So many events of a line are read at once."""

_LOOK_SECONDS: Final = 0.5
_MAXIMUM_ATTEMPTS: Final = 5
_WORTH_ANOTHER_ATTEMPT: Final = (Status.PROCESSING_FAILURE, Status.RESOURCE_LIMITATION)


@dataclass(frozen=True, slots=True)
class Pace:
    """How long, in seconds, a sender waits.

    Parameters
    ----------
    first_delay, last_delay : float
        Before the next attempt after a failure; the delay doubles from the one to the other.
    linger : float
        How long an association is kept for further events.
    """

    first_delay: float = 1.0
    last_delay: float = 60.0
    linger: float = 30.0

    def delay(self, failures: int) -> float:
        """Return the delay after a number of failures in a row, one or more."""
        return min(self.last_delay, self.first_delay * 2.0 ** min(failures - 1, 16))


@dataclass(frozen=True, slots=True)
class Attempt:
    """How sending an event ended: with a status, or with the reason why there is none."""

    at: datetime
    event_type: int
    sop_instance_uid: str
    status: int | None
    reason: str
    again: bool
    event_id: int = 0

    @property
    def is_delivered(self) -> bool:
        """Whether the receiver answered, be it with a failure."""
        return self.status is not None and not self.again


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all lines of a sender share.

    Parameters
    ----------
    retire : Callable
        Takes out a line that has no work; False if it has been given some meanwhile.
    tried : Callable
        Hears of each attempt.
    """

    outbox: EventQueue
    directory: AeDirectory
    local: LocalAe
    kind: EventKind
    pace: Pace
    receipts: Receipts
    turn: SendingTurn
    stopping: Event
    retire: Callable[[EventLine], bool]
    tried: Callable[[str, Attempt], None]


class EventLine(Thread):
    """Sends the events of one receiver, on a thread and an association of its own."""

    def __init__(self, around: Surroundings, receiver: str) -> None:
        name = f"{around.local.ae_title}-{around.kind.name}-{receiver}"
        super().__init__(name=name, daemon=True)
        self.receiver = receiver
        self.woken = Event()
        self._read: deque[Sequence[OutboxEvent]] = deque(maxlen=1)
        self._around = around
        self._session: EventScu | None = None
        self._failures = 0
        self._receipt: Event | None = None
        self._answered = -1
        self._order = EventOrder(around.local.faults, receiver)

    def run(self) -> None:
        """Deliver until there is no more work, or the sender stops."""
        try:
            while self._step():
                pass
        finally:
            self._close()
            self._give_back()
            self.woken.clear()
            self._around.retire(self)

    def wake(self, read: Sequence[OutboxEvent] | None = None) -> None:
        """Have the line look for events, or take the oldest that are due, just read; no others."""
        if read is not None:
            self._read.append(read)
        self.woken.set()

    def abort(self) -> None:
        """Abort the association, whatever it waits for; called from another thread."""
        session = self._session
        if session is not None and self.is_alive():
            session.abort()

    def _step(self) -> bool:
        """Deliver what is due, or wait; return whether to go on."""
        around = self._around
        if around.stopping.is_set():
            return False
        self.woken.clear()
        try:
            if not around.outbox.take(self.receiver):
                return False  # another process sends them
            read = self._read.pop() if self._read else None
            events = around.outbox.next(self.receiver, BURST) if read is None else read
            due = [each for each in events if each.id > self._answered]
            delivered = self._deliver(self._order.arranged(due))
        except StoreError as error:
            LOGGER.log(logging.ERROR, "events to %r: %s", self.receiver, error)
            delivered = False
        if not delivered:
            self._failures += 1
            self._read.clear()
            return not around.stopping.wait(around.pace.delay(self._failures))
        self._failures = 0
        if len(events) == BURST or self.woken.is_set():
            return True
        held_for = self._order.seconds_left
        if held_for is not None:
            self.woken.wait(held_for)
            return True
        if self._session is not None and self.woken.wait(around.pace.linger):
            return True
        self._close()
        # Whoever takes over the line does not know what is answered.
        self._settle()
        return not around.retire(self)

    def _deliver(self, events: Sequence[OutboxEvent]) -> bool:
        """Send events until one fails; return whether all are answered."""
        for event in events:
            if self._around.stopping.is_set():
                return True
            attempt = self._send(event)
            self._around.tried(self.receiver, attempt)
            if attempt.again:
                self._settle()
                self._around.outbox.failed([event.id])
                return False
            # After a crash, no more than the last two answered events are sent again.
            self._settle()
            self._receipt = self._around.receipts.note(event.id)
            self._answered = max(self._answered, event.id)
            self._order.sent(event)
        return True

    def _settle(self) -> None:
        """Wait until the outbox is without the last event that was answered."""
        receipt, self._receipt = self._receipt, None
        while receipt is not None and not receipt.wait(_LOOK_SECONDS):
            if self._around.stopping.is_set():
                return

    def _send(self, event: OutboxEvent) -> Attempt:
        """Send one event and return how it ended."""
        status: int | None = None
        reason, again = "", False
        try:
            status = (
                int(Status.SUCCESS)
                if self._order.is_lost(event)
                else self._opened().n_event_report(
                    event.event_type, event.sop_instance_uid, event.encoded
                )
            )
        except DimseStatusError as error:
            LOGGER.warning("event %d to %r: %s", event.id, self.receiver, error)
            status, reason = error.status, str(error)
            again = status in _WORTH_ANOTHER_ATTEMPT and event.attempts + 1 < _MAXIMUM_ATTEMPTS
        except (AssociationError, ConfigError) as error:
            if not self._around.stopping.is_set():
                LOGGER.warning("event %d to %r: %s", event.id, self.receiver, error)
            self._session = None
            reason, again = str(error), True
        except DatasetError as error:
            LOGGER.log(logging.ERROR, "event %d to %r: %s", event.id, self.receiver, error)
            reason = str(error)
        now = datetime.now(UTC)
        about = (event.event_type, event.sop_instance_uid)
        return Attempt(now, *about, status, reason, again, event.id)

    def _opened(self) -> EventScu:
        if self._session is None or not self._session.is_open:
            self._close()
            peer = self._around.directory.lookup(self.receiver)
            session = EventScu(self._around.local, peer, self._around.kind, self._around.turn)
            self._session = session
            session.open()
        return self._session

    def _close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.release()

    def _give_back(self) -> None:
        try:
            self._around.outbox.give_back(self.receiver)
        except StoreError as error:
            LOGGER.warning("events to %r: %s", self.receiver, error)
