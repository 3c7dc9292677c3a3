"""Sending the events of a TMS: N-EVENT-REPORT from the outbox (PS3.4 CC.2.4, CC.3.2)."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Final

from pynetdicom import build_context, build_role

from tdwii_gui.dicom.errors import (
    AssociationError,
    ConfigError,
    DatasetError,
    DimseStatusError,
    StoreError,
)
from tdwii_gui.dicom.iod.tolerant import text
from tdwii_gui.dicom.iod.ups_event import EventType
from tdwii_gui.dicom.net.exchange import Request
from tdwii_gui.dicom.net.session import LocalAe, Session
from tdwii_gui.dicom.status import Status
from tdwii_gui.dicom.uids import UPS_EVENT, UPS_PUSH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydicom.dataset import Dataset
    from pynetdicom.association import Association

    from tdwii_gui.config.ae_directory import AeDirectory, ApplicationEntity
    from tdwii_gui.dicom.ups.outbox import Outbox, OutboxEvent

LOGGER = logging.getLogger(__name__)

_BURST: Final = 32
_POLL_SECONDS: Final = 5.0
_STOP_SECONDS: Final = 2.0
_GRACE_SECONDS: Final = 0.5
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
    linger: float = 2.0

    def delay(self, failures: int) -> float:
        """Return the delay after a number of failures in a row, one or more."""
        return min(self.last_delay, self.first_delay * 2.0 ** min(failures - 1, 16))


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why events do not reach a receiver, and since when."""

    since: datetime
    reason: str


class EventScu(Session):
    """An association to report events: we invoke the operation, and are the SCP of UPS Event."""

    def __init__(self, local: LocalAe, peer: ApplicationEntity) -> None:
        # A requestor is the SCU unless it proposes otherwise (PS3.7 D.3.3.4). Peers that ignore
        # the proposal receive events all the same.
        roles = [build_role(UPS_EVENT, scp_role=True)]
        super().__init__(local, peer, [build_context(UPS_EVENT)], roles)

    def n_event_report(self, event_type: int, sop_instance_uid: str, information: Dataset) -> int:
        """Report an event; return the status of its answer.

        Raises
        ------
        DimseStatusError
            If the status is a failure.
        AssociationError
            If there is no answer.
        """

        def send(association: Association, message_id: int) -> tuple[Dataset, Dataset | None]:
            context = self.accepted(UPS_EVENT)
            return association.send_n_event_report(
                information,
                event_type,
                UPS_PUSH,
                sop_instance_uid,
                message_id,
                meta_uid=context,
            )

        request = Request("N-EVENT-REPORT", UPS_PUSH, sop_instance_uid, information)
        detail = _words(event_type, information)
        return self._ask(request, send, detail=lambda _command: detail).status


class EventSender:
    """Delivers the events of an outbox, each receiver's in order and independent of the others.

    A receiver that has no association to give is tried again after 1, 2, 4 ... 60 s. Any status
    it answers with counts as delivered, except 0110 and 0213, which are tried again a few times.

    Parameters
    ----------
    directory : AeDirectory
        Where the receivers are looked up.
    local : LocalAe
        The own AE; its `on_exchange` is called on the threads of the sender.
    """

    def __init__(
        self, outbox: Outbox, directory: AeDirectory, local: LocalAe, *, pace: Pace | None = None
    ) -> None:
        self.outbox = outbox
        self.directory = directory
        self.local = local
        self.pace = pace or Pace()
        self.stopping = Event()
        self._woken = Event()
        self._lock = Lock()
        self._lines: dict[str, _Line] = {}
        self._troubles: dict[str, Trouble] = {}
        self._thread: Thread | None = None

    def start(self) -> None:
        """Begin to deliver, what was left over first."""
        self.stopping.clear()
        self._woken.set()
        self._thread = Thread(target=self._run, name=f"{self.local.ae_title}-notify", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Tell that events are due; returns at once."""
        self._woken.set()

    def stop(self) -> None:
        """End delivering within 2 s; what is undelivered stays in the outbox."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        deadline = time.monotonic() + _STOP_SECONDS
        self.stopping.set()
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

    def troubles(self) -> dict[str, Trouble]:
        """Return the receivers that the last attempt did not reach."""
        with self._lock:
            return dict(self._troubles)

    def tried(self, receiver: str, reason: str = "") -> None:
        """Note the outcome of an attempt: why a receiver was not reached, or that it was."""
        with self._lock:
            if not reason:
                self._troubles.pop(receiver, None)
                return
            known = self._troubles.get(receiver)
            since = known.since if known else datetime.now(UTC)
            self._troubles[receiver] = Trouble(since, reason)

    def retire(self, line: _Line) -> bool:
        """Take out a line that has no work; False if it has been given some meanwhile."""
        with self._lock:
            if line.woken.is_set() and not self.stopping.is_set():
                return False
            if self._lines.get(line.receiver) is line:
                del self._lines[line.receiver]
            return True

    def _run(self) -> None:
        while not self.stopping.is_set():
            self._woken.wait(_POLL_SECONDS)
            self._woken.clear()
            try:
                receivers = self.outbox.receivers()
            except StoreError as error:
                LOGGER.log(logging.ERROR, "events cannot be delivered: %s", error)
                continue
            self._hand_on(receivers)

    def _hand_on(self, receivers: Sequence[str]) -> None:
        with self._lock:
            for receiver in receivers:
                if self.stopping.is_set():
                    return
                line = self._lines.get(receiver)
                if line is None:
                    line = self._lines[receiver] = _Line(self, receiver)
                    line.start()
                else:
                    line.woken.set()


class _Line(Thread):
    """The events of one receiver, in order."""

    def __init__(self, sender: EventSender, receiver: str) -> None:
        super().__init__(name=f"{sender.local.ae_title}-notify-{receiver}", daemon=True)
        self.receiver = receiver
        self.woken = Event()
        self._sender = sender
        self._session: EventScu | None = None
        self._failures = 0

    def run(self) -> None:
        """Deliver until there is no more work, or the sender stops."""
        try:
            while self._step():
                pass
        finally:
            self._close()
            self.woken.clear()
            self._sender.retire(self)

    def abort(self) -> None:
        """Abort the association, whatever it waits for; called from another thread."""
        session = self._session
        if session is not None and self.is_alive():
            session.abort()

    def _step(self) -> bool:
        """Deliver what is due, or wait; return whether to go on."""
        sender = self._sender
        if sender.stopping.is_set():
            return False
        self.woken.clear()
        try:
            events = sender.outbox.next(self.receiver, _BURST)
            delivered = self._deliver(events)
        except StoreError as error:
            LOGGER.log(logging.ERROR, "events to %r: %s", self.receiver, error)
            delivered = False
        if not delivered:
            self._failures += 1
            return not sender.stopping.wait(sender.pace.delay(self._failures))
        self._failures = 0
        if events:
            return True
        if self._session is not None and self.woken.wait(sender.pace.linger):
            return True
        self._close()
        return not sender.retire(self)

    def _deliver(self, events: Sequence[OutboxEvent]) -> bool:
        """Send events until one fails; return whether all are answered."""
        answered: list[int] = []
        try:
            for event in events:
                if self._sender.stopping.is_set():
                    return True
                if not self._send(event):
                    self._sender.outbox.failed([event.id])
                    return False
                answered.append(event.id)
            return True
        finally:
            if answered:
                self._sender.outbox.delivered(answered)

    def _send(self, event: OutboxEvent) -> bool:
        """Send one event; return whether it is done with."""
        reason = ""
        try:
            self._opened().n_event_report(
                event.event_type, event.sop_instance_uid, event.information
            )
        except DimseStatusError as error:
            LOGGER.warning("event %d to %r: %s", event.id, self.receiver, error)
            again = error.status in _WORTH_ANOTHER_ATTEMPT
            if again and event.attempts + 1 < _MAXIMUM_ATTEMPTS:
                reason = str(error)
        except (AssociationError, ConfigError) as error:
            if not self._sender.stopping.is_set():
                LOGGER.warning("event %d to %r: %s", event.id, self.receiver, error)
            self._session = None
            reason = str(error)
        except DatasetError as error:
            LOGGER.log(logging.ERROR, "event %d to %r: %s", event.id, self.receiver, error)
        self._sender.tried(self.receiver, reason)
        return not reason

    def _opened(self) -> EventScu:
        if self._session is None or not self._session.is_open:
            self._close()
            sender = self._sender
            session = EventScu(sender.local, sender.directory.lookup(self.receiver))
            self._session = session
            session.open()
        return self._session

    def _close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.release()


def _words(event_type: int, information: Dataset) -> str:
    """Return the event's name, and the state that it reports."""
    state = text(information, "ProcedureStepState")
    title = EventType(event_type).title
    return f"{title}: {state}" if state else title
