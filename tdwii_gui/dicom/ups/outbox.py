"""The outbox: event reports that are due, one ordered line per receiver.

An event enters it in the transaction of the change that it tells about, so that neither is ever
without the other. It leaves it when its receiver answered: each event is delivered at least once.
"""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Final, Protocol

from sqlalchemy import bindparam, case, delete, func, select, update

from tdwii_gui.dicom.iod.ups_event import EventType
from tdwii_gui.dicom.store.database import is_shared, read, write
from tdwii_gui.dicom.store.encoding import decode
from tdwii_gui.dicom.store.leases import Leases
from tdwii_gui.dicom.store.ups_tables import OUTBOX
from tdwii_gui.dicom.store.ups_transaction import Event

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from pydicom.dataset import Dataset
    from sqlalchemy import ColumnElement, Engine, Table

    from tdwii_gui.dicom.store.ups_transaction import UpsTransaction
    from tdwii_gui.dicom.ups.report import Report


_COLUMNS: Final = (
    "id",
    "receiving_ae",
    "event_type",
    "sop_instance_uid",
    "information",
    "attempts",
    "created",
)
"""Those of an `OutboxEvent`, in its order."""


class HasEngine(Protocol):
    """A store whose changes put events into an outbox."""

    engine: Engine


@dataclass(frozen=True, slots=True)
class OutboxEvent:
    """An event report that is due.

    Parameters
    ----------
    id : int
        Its number, by which it is acknowledged; it grows in the order of the events.
    receiving_ae : str
        The AE that it goes to.
    event_type : int
        The Event Type ID (PS3.4 Table CC.2.4-1).
    sop_instance_uid : str
        The UPS it tells about.
    encoded : bytes
        The Event Information in explicit VR little endian.
    attempts : int
        How often its delivery has failed.
    created : int
        When it became due, in microseconds since 1970 UTC; 0 if that is not known.
    """

    id: int
    receiving_ae: str
    event_type: int
    sop_instance_uid: str
    encoded: bytes
    attempts: int
    created: int

    @property
    def information(self) -> Dataset:
        """The Event Information."""
        return decode(self.encoded, implicit_vr=False)


@dataclass(frozen=True, slots=True)
class DueEvent:
    """What the outbox tells of an event without its information: see `OutboxEvent`."""

    receiving_ae: str
    event_type: int
    sop_instance_uid: str
    attempts: int


@dataclass(frozen=True, slots=True)
class WaitingLine:
    """The line of a receiver: its number of events, and when the oldest became due.

    `oldest` is in microseconds since 1970 UTC; None if no event's time is known.
    """

    receiving_ae: str
    number: int
    oldest: int | None


class Outbox:
    """The outbox of a worklist or of performed procedure steps, for those who deliver.

    Parameters
    ----------
    store : HasEngine
        Whose events are delivered.
    table : Table
        Where they are; its columns are those of the worklist's outbox.
    least_needed : int
        The Event Type ID of the events that a receiver can do without.

    Raises
    ------
    StoreError
        If the database cannot be used; so do all methods.
    """

    def __init__(
        self,
        store: HasEngine,
        table: Table = OUTBOX,
        least_needed: int = EventType.PROGRESS_REPORT,
    ) -> None:
        self._engine = store.engine
        self._table = table
        self._least_needed = least_needed
        self._leases = Leases(store.engine)
        # Many lines read at once: one connection serves them faster than one for each.
        self._reading = Lock()
        self._next = (
            select(*(table.c[name] for name in _COLUMNS))
            .where(table.c.receiving_ae == bindparam("receiver"))
            .order_by(table.c.id)
            .limit(bindparam("number"))
        )
        self._next_of = (
            select(*(table.c[name] for name in _COLUMNS))
            .where(table.c.receiving_ae.in_(bindparam("receivers", expanding=True)))
            .order_by(table.c.id)
            .limit(bindparam("number"))
        )
        self._delivered = delete(table).where(table.c.id == bindparam("number"))

    @property
    def is_shared(self) -> bool:
        """Whether other processes may put events into it."""
        return is_shared(self._engine)

    def take(self, receiving_ae: str) -> bool:
        """Take a receiver's line; False while another process on the same database has it."""
        return self._leases.take(self._lease(receiving_ae))

    def give_back(self, receiving_ae: str) -> None:
        """Let another process have a receiver's line."""
        self._leases.give_back(self._lease(receiving_ae))

    def close(self) -> None:
        """Give back all lines."""
        self._leases.close()

    def lines(self) -> list[WaitingLine]:
        """Return the lines in which events are due, by receiver."""
        known = case((self._table.c.created > 0, self._table.c.created))
        query = (
            select(self._table.c.receiving_ae, func.count(), func.min(known))
            .group_by(self._table.c.receiving_ae)
            .order_by(self._table.c.receiving_ae)
        )
        with read(self._engine) as connection:
            return [WaitingLine(*row) for row in connection.execute(query)]

    def receivers(self) -> list[str]:
        """Return the AEs to which an event is due."""
        with read(self._engine) as connection:
            query = (
                select(self._table.c.receiving_ae).distinct().order_by(self._table.c.receiving_ae)
            )
            return list(connection.scalars(query))

    def next(self, receiving_ae: str, limit: int = 100) -> list[OutboxEvent]:
        """Return the oldest events that are due to an AE, in their order."""
        values = {"receiver": receiving_ae, "number": limit}
        with self._reading, read(self._engine) as connection:
            return [OutboxEvent(*row) for row in connection.execute(self._next, values)]

    def next_of(self, receiving_aes: Collection[str], limit: int) -> list[OutboxEvent]:
        """Return the oldest events that are due to any of some AEs, in their order."""
        values = {"receivers": list(receiving_aes), "number": limit}
        with self._reading, read(self._engine) as connection:
            return [OutboxEvent(*row) for row in connection.execute(self._next_of, values)]

    def due(self) -> list[DueEvent]:
        """Return all events that are due, in their order."""
        query = select(
            self._table.c.receiving_ae,
            self._table.c.event_type,
            self._table.c.sop_instance_uid,
            self._table.c.attempts,
        ).order_by(self._table.c.id)
        with read(self._engine) as connection:
            return [DueEvent(*row) for row in connection.execute(query)]

    def delivered(self, ids: Sequence[int]) -> None:
        """Take out events that their receiver answered."""
        if not ids:
            return
        with write(self._engine) as connection:
            connection.execute(self._delivered, [{"number": each} for each in ids])

    def failed(self, ids: Sequence[int]) -> None:
        """Count a failed attempt for events; they stay due, at their place in the line."""
        failed = self._table.c.id.in_(ids)
        with write(self._engine) as connection:
            connection.execute(
                update(self._table).where(failed).values(attempts=self._table.c.attempts + 1)
            )

    def discard(self, receiving_ae: str) -> int:
        """Take out all events to an AE; return how many they were."""
        return self._drop(self._table.c.receiving_ae == receiving_ae)

    def expire(self, receiving_ae: str, until: int) -> int:
        """Take out the events to an AE that became due until a moment; return how many.

        Parameters
        ----------
        until : int
            Microseconds since 1970 UTC.
        """
        own = self._table.c.receiving_ae == receiving_ae
        return self._drop(own, self._table.c.created.between(1, until))

    def trim(self, receiving_ae: str, excess: int) -> int:
        """Take out the oldest events of least need to an AE, so many at most; return how many.

        Others stay: a receiver can do without the progress of a step, but not without its end.
        """
        oldest = (
            select(self._table.c.id)
            .where(
                self._table.c.receiving_ae == receiving_ae,
                self._table.c.event_type == self._least_needed,
            )
            .order_by(self._table.c.id)
            .limit(excess)
        )
        return self._drop(self._table.c.id.in_(oldest))

    def _lease(self, receiving_ae: str) -> str:
        return f"{self._table.name} {receiving_ae}"

    def _drop(self, *conditions: ColumnElement[bool]) -> int:
        with write(self._engine) as connection:
            return connection.execute(delete(self._table).where(*conditions)).rowcount


def addressed(
    sop_instance_uid: str, reports: Iterable[Report], receivers: Iterable[str]
) -> list[Event]:
    """Return reports about a step as events to each of some receivers, in the reports' order."""
    encoded = [(report.event_type, report.encoded()) for report in reports]
    return [
        Event(receiving_ae, event_type, sop_instance_uid, information)
        for receiving_ae in receivers
        for event_type, information in encoded
    ]


def send(
    transaction: UpsTransaction, sop_instance_uid: str, reports: Iterable[Report]
) -> list[str]:
    """Put reports about a step into the outbox for all its subscribers; return these."""
    reports = list(reports)
    receivers = transaction.subscriptions.subscribers(sop_instance_uid) if reports else []
    if receivers:
        send_to_subscribers(transaction, sop_instance_uid, reports)
    return receivers


def send_to_subscribers(
    transaction: UpsTransaction, sop_instance_uid: str, reports: Iterable[Report]
) -> None:
    """Put reports about a step, which has subscribers, into the outbox for all of them."""
    encoded = [(report.event_type, report.encoded()) for report in reports]
    transaction.append_to_subscribers(sop_instance_uid, encoded)
