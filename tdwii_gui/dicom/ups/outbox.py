"""The outbox: event reports that are due, one ordered line per receiver.

An event enters it in the transaction of the change that it tells about, so that neither is ever
without the other. It leaves it when its receiver answered: each event is delivered at least once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, select, update

from tdwii_gui.dicom.store.database import read, write
from tdwii_gui.dicom.store.encoding import decode, encode
from tdwii_gui.dicom.store.ups_tables import OUTBOX
from tdwii_gui.dicom.store.ups_transaction import Event

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pydicom.dataset import Dataset

    from tdwii_gui.dicom.store.ups_store import UpsStore
    from tdwii_gui.dicom.ups.report import Report


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
    information : Dataset
        The Event Information.
    attempts : int
        How often its delivery has failed.
    """

    id: int
    receiving_ae: str
    event_type: int
    sop_instance_uid: str
    information: Dataset
    attempts: int


@dataclass(frozen=True, slots=True)
class DueEvent:
    """What the outbox tells of an event without its information: see `OutboxEvent`."""

    receiving_ae: str
    event_type: int
    sop_instance_uid: str
    attempts: int


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

    def receivers(self) -> list[str]:
        """Return the AEs to which an event is due."""
        with read(self._engine) as connection:
            query = select(OUTBOX.c.receiving_ae).distinct().order_by(OUTBOX.c.receiving_ae)
            return list(connection.scalars(query))

    def next(self, receiving_ae: str, limit: int = 100) -> list[OutboxEvent]:
        """Return the oldest events that are due to an AE, in their order."""
        query = (
            select(OUTBOX)
            .where(OUTBOX.c.receiving_ae == receiving_ae)
            .order_by(OUTBOX.c.id)
            .limit(limit)
        )
        with read(self._engine) as connection:
            return [
                OutboxEvent(
                    row.id,
                    row.receiving_ae,
                    row.event_type,
                    row.sop_instance_uid,
                    decode(row.information, implicit_vr=False),
                    row.attempts,
                )
                for row in connection.execute(query)
            ]

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
        with write(self._engine) as connection:
            connection.execute(delete(OUTBOX).where(OUTBOX.c.id.in_(ids)))

    def failed(self, ids: Sequence[int]) -> None:
        """Count a failed attempt for events; they stay due, at their place in the line."""
        failed = OUTBOX.c.id.in_(ids)
        with write(self._engine) as connection:
            connection.execute(update(OUTBOX).where(failed).values(attempts=OUTBOX.c.attempts + 1))


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
