"""The outbox: event reports that are due, one ordered line per receiver.

An event enters it in the transaction of the change that it tells about, so that neither is ever
without the other. It leaves it when its receiver answered: each event is delivered at least once.
"""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Final

from sqlalchemy import bindparam, case, delete, func, select, update

from tdwii_gui.dicom.iod.ups_event import EventType
from tdwii_gui.dicom.store.database import is_shared, read, write
from tdwii_gui.dicom.store.encoding import decode, encode
from tdwii_gui.dicom.store.leases import Leases
from tdwii_gui.dicom.store.ups_tables import OUTBOX
from tdwii_gui.dicom.store.ups_transaction import Event

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pydicom.dataset import Dataset
    from sqlalchemy import ColumnElement

    from tdwii_gui.dicom.store.ups_store import UpsStore
    from tdwii_gui.dicom.ups.report import Report


_NEXT: Final = (
    select(
        OUTBOX.c.id,
        OUTBOX.c.receiving_ae,
        OUTBOX.c.event_type,
        OUTBOX.c.sop_instance_uid,
        OUTBOX.c.information,
        OUTBOX.c.attempts,
        OUTBOX.c.created,
    )
    .where(OUTBOX.c.receiving_ae == bindparam("receiver"))
    .order_by(OUTBOX.c.id)
    .limit(bindparam("number"))
)
_DELIVERED: Final = delete(OUTBOX).where(OUTBOX.c.id == bindparam("number"))


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
    """The outbox of a worklist, for those who deliver.

    Parameters
    ----------
    store : UpsStore
        The worklist whose events are delivered.

    Raises
    ------
    StoreError
        If the database cannot be used; so do all methods.
    """

    def __init__(self, store: UpsStore) -> None:
        self._engine = store.engine
        self._leases = Leases(store.engine)
        # Many lines read at once: one connection serves them faster than one for each.
        self._reading = Lock()

    @property
    def is_shared(self) -> bool:
        """Whether other processes may put events into it."""
        return is_shared(self._engine)

    def take(self, receiving_ae: str) -> bool:
        """Take a receiver's line; False while another process on the same database has it."""
        return self._leases.take(receiving_ae)

    def give_back(self, receiving_ae: str) -> None:
        """Let another process have a receiver's line."""
        self._leases.give_back(receiving_ae)

    def close(self) -> None:
        """Give back all lines."""
        self._leases.close()

    def lines(self) -> list[WaitingLine]:
        """Return the lines in which events are due, by receiver."""
        known = case((OUTBOX.c.created > 0, OUTBOX.c.created))
        query = (
            select(OUTBOX.c.receiving_ae, func.count(), func.min(known))
            .group_by(OUTBOX.c.receiving_ae)
            .order_by(OUTBOX.c.receiving_ae)
        )
        with read(self._engine) as connection:
            return [WaitingLine(*row) for row in connection.execute(query)]

    def receivers(self) -> list[str]:
        """Return the AEs to which an event is due."""
        with read(self._engine) as connection:
            query = select(OUTBOX.c.receiving_ae).distinct().order_by(OUTBOX.c.receiving_ae)
            return list(connection.scalars(query))

    def next(self, receiving_ae: str, limit: int = 100) -> list[OutboxEvent]:
        """Return the oldest events that are due to an AE, in their order."""
        values = {"receiver": receiving_ae, "number": limit}
        with self._reading, read(self._engine) as connection:
            return [OutboxEvent(*row) for row in connection.execute(_NEXT, values)]

    def due(self) -> list[DueEvent]:
        """Return all events that are due, in their order."""
        query = select(
            OUTBOX.c.receiving_ae,
            OUTBOX.c.event_type,
            OUTBOX.c.sop_instance_uid,
            OUTBOX.c.attempts,
        ).order_by(OUTBOX.c.id)
        with read(self._engine) as connection:
            return [DueEvent(*row) for row in connection.execute(query)]

    def delivered(self, ids: Sequence[int]) -> None:
        """Take out events that their receiver answered."""
        if not ids:
            return
        with write(self._engine) as connection:
            connection.execute(_DELIVERED, [{"number": each} for each in ids])

    def failed(self, ids: Sequence[int]) -> None:
        """Count a failed attempt for events; they stay due, at their place in the line."""
        failed = OUTBOX.c.id.in_(ids)
        with write(self._engine) as connection:
            connection.execute(update(OUTBOX).where(failed).values(attempts=OUTBOX.c.attempts + 1))

    def discard(self, receiving_ae: str) -> int:
        """Take out all events to an AE; return how many they were."""
        return self._drop(OUTBOX.c.receiving_ae == receiving_ae)

    def expire(self, receiving_ae: str, until: int) -> int:
        """Take out the events to an AE that became due until a moment; return how many.

        Parameters
        ----------
        until : int
            Microseconds since 1970 UTC.
        """
        own = OUTBOX.c.receiving_ae == receiving_ae
        return self._drop(own, OUTBOX.c.created.between(1, until))

    def trim(self, receiving_ae: str, excess: int) -> int:
        """Take out the oldest progress reports to an AE, as many as are too much; return how many.

        State reports stay: a receiver can do without the progress of a step, but not without its
        end.
        """
        oldest = (
            select(OUTBOX.c.id)
            .where(
                OUTBOX.c.receiving_ae == receiving_ae,
                OUTBOX.c.event_type == EventType.PROGRESS_REPORT,
            )
            .order_by(OUTBOX.c.id)
            .limit(excess)
        )
        return self._drop(OUTBOX.c.id.in_(oldest))

    def _drop(self, *conditions: ColumnElement[bool]) -> int:
        with write(self._engine) as connection:
            return connection.execute(delete(OUTBOX).where(*conditions)).rowcount


def addressed(
    sop_instance_uid: str, reports: Iterable[Report], receivers: Iterable[str]
) -> list[Event]:
    """Return reports about a step as events to each of some receivers, in the reports' order."""
    encoded = [(report.event_type, encode(report.information)[0]) for report in reports]
    return [
        Event(receiving_ae, event_type, sop_instance_uid, information)
        for receiving_ae in receivers
        for event_type, information in encoded
    ]
