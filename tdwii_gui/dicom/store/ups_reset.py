"""Emptying a worklist for a cold start, and its outbox of events that shall not be sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, insert, select

from tdwii_gui.dicom.store.database import read, write
from tdwii_gui.dicom.store.ups_tables import (
    DELETIONS,
    GLOBAL_SUBSCRIPTIONS,
    OUTBOX,
    STEPS,
    SUBSCRIPTIONS,
)

if TYPE_CHECKING:
    from sqlalchemy import Engine


@dataclass(frozen=True, slots=True)
class WorklistSize:
    """How much a worklist holds: steps, subscriptions (global ones as well), events due."""

    steps: int
    subscriptions: int
    events: int


def size_of(engine: Engine) -> WorklistSize:
    """Return how much a worklist holds.

    Raises
    ------
    StoreError
        If the database cannot be used; so do the other functions.
    """
    with read(engine) as connection:
        steps, single, to_all, events = (
            connection.scalar(select(func.count()).select_from(table)) or 0
            for table in (STEPS, SUBSCRIPTIONS, GLOBAL_SUBSCRIPTIONS, OUTBOX)
        )
    return WorklistSize(steps, single + to_all, events)


def forget_steps(engine: Engine) -> None:
    """Delete all steps, locked ones as well, and all events that are due."""
    numbers = select(STEPS.c.modification).union_all(select(DELETIONS.c.modification)).subquery()
    with write(engine) as connection:
        last = connection.scalar(select(func.max(numbers.c.modification))) or 0
        number = last + func.row_number().over(order_by=STEPS.c.sop_instance_uid)
        connection.execute(
            insert(DELETIONS).from_select(
                ["modification", "sop_instance_uid"], select(number, STEPS.c.sop_instance_uid)
            )
        )
        connection.execute(delete(STEPS))
        connection.execute(delete(OUTBOX))


def forget_subscriptions(engine: Engine) -> None:
    """Delete all subscriptions, global ones as well."""
    with write(engine) as connection:
        connection.execute(delete(SUBSCRIPTIONS))
        connection.execute(delete(GLOBAL_SUBSCRIPTIONS))


def withdraw_events(engine: Engine, event_type: int) -> None:
    """Take the events of a type out of the outbox, as what they tell is no longer true."""
    with write(engine) as connection:
        connection.execute(delete(OUTBOX).where(OUTBOX.c.event_type == event_type))
