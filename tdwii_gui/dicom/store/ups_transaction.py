"""One write transaction of the worklist: steps, subscriptions, and the events that are due."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import bindparam, delete, func, insert, literal, select, union_all, update
from sqlalchemy.dialects import postgresql, sqlite

from tdwii_gui.dicom.iod.ups import ProcedureStepState
from tdwii_gui.dicom.store.encoding import decode, encode
from tdwii_gui.dicom.store.narrowing import has_key, key_columns
from tdwii_gui.dicom.store.ups_subscriptions import StepSubscriptions
from tdwii_gui.dicom.store.ups_tables import DELETIONS, OUTBOX, STEPS, SUBSCRIPTIONS

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    from pydicom.dataset import Dataset
    from sqlalchemy import Connection

_NUMBERS: Final = union_all(
    select(func.max(STEPS.c.modification).label("last")),
    select(func.max(DELETIONS.c.modification)),
).subquery()
_NEXT_MODIFICATION: Final = select(
    func.coalesce(func.max(_NUMBERS.c.last), 0) + 1
).scalar_subquery()
_INSERT_STEP: Final = {
    # A statement that fails would end the transaction on a server.
    name: dialect.insert(STEPS)
    .values(modification=_NEXT_MODIFICATION)
    .on_conflict_do_nothing()
    .execution_options(preserve_rowcount=True)
    for name, dialect in (("sqlite", sqlite), ("postgresql", postgresql))
}
_LOAD_STEP: Final = select(
    STEPS.c.state,
    STEPS.c.transaction_uid,
    STEPS.c.performer_ae,
    STEPS.c.dataset,
    STEPS.c.implicit_vr,
).where(STEPS.c.sop_instance_uid == bindparam("uid"))
_LOCK_STEP: Final = _LOAD_STEP.with_for_update()  # SQLite has locked all by BEGIN IMMEDIATE
_UPDATE_STEP: Final = (
    update(STEPS)
    .where(STEPS.c.sop_instance_uid == bindparam("uid"))
    .values(modification=_NEXT_MODIFICATION)
)
_CLAIM_STEP: Final = _UPDATE_STEP.where(STEPS.c.state == bindparam("scheduled"))
_APPEND_EVENTS: Final = insert(OUTBOX)
_APPEND_TO_SUBSCRIBERS: Final = insert(OUTBOX).from_select(
    ["receiving_ae", "event_type", "sop_instance_uid", "information", "attempts", "created"],
    select(
        SUBSCRIPTIONS.c.receiving_ae,
        bindparam("event_type", type_=OUTBOX.c.event_type.type),
        SUBSCRIPTIONS.c.sop_instance_uid,
        bindparam("information", type_=OUTBOX.c.information.type),
        literal(0),
        bindparam("created", type_=OUTBOX.c.created.type),
    )
    .where(SUBSCRIPTIONS.c.sop_instance_uid == bindparam("uid"))
    .order_by(SUBSCRIPTIONS.c.receiving_ae),
)


@dataclass(frozen=True, slots=True)
class Step:
    """A Unified Procedure Step as the store keeps it.

    Parameters
    ----------
    sop_instance_uid : str
        Its UID.
    state : ProcedureStepState
        The same as Procedure Step State in the data set.
    transaction_uid : str
        The Transaction UID of its claim, empty as long as nobody claimed it; it is in no data set.
    performer_ae : str
        The AE that claimed it, for display; rights depend on the Transaction UID alone.
    dataset : Dataset
        All attributes, without the Transaction UID.
    """

    sop_instance_uid: str
    state: ProcedureStepState
    transaction_uid: str
    performer_ae: str
    dataset: Dataset

    def in_state(self, state: ProcedureStepState, dataset: Dataset) -> Step:
        """Return this step with another state and data set."""
        return replace(self, state=state, dataset=dataset)


@dataclass(frozen=True, slots=True)
class Event:
    """An event report that is due to an AE.

    Parameters
    ----------
    receiving_ae : str
        To whom.
    event_type : int
        The Event Type ID (PS3.4 Table CC.2.4-1).
    sop_instance_uid : str
        The UPS it tells about.
    information : bytes
        The Event Information in explicit VR little endian.
    """

    receiving_ae: str
    event_type: int
    sop_instance_uid: str
    information: bytes


class UpsTransaction:
    """The operations of one write transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.subscriptions = StepSubscriptions(connection)

    def insert(self, step: Step) -> bool:
        """Add a step; return False if its UID is taken."""
        # Encoded first: what has not been looked at yet is copied as it is.
        content = self._content(step)
        values = {
            "sop_instance_uid": step.sop_instance_uid,
            **key_columns(step.dataset),
            **content,
        }
        statement = _INSERT_STEP[self._connection.dialect.name]
        return self._connection.execute(statement, values).rowcount == 1

    def load(self, sop_instance_uid: str) -> Step | None:
        """Return a step, or None if it is not here."""
        return load_step(self._connection, sop_instance_uid, lock=True)

    def save(self, step: Step, changed: Container[int] = ()) -> None:
        """Replace a step.

        Parameters
        ----------
        step : Step
            The step as it is to be.
        changed : Container of int
            The tags of its attributes that may differ, apart from those that no query is
            narrowed by; a data set will do.
        """
        content = self._content(step)
        keys = key_columns(step.dataset) if has_key(changed) else {}
        values = {"uid": step.sop_instance_uid, **keys, **content}
        self._connection.execute(_UPDATE_STEP, values)

    def claim(self, step: Step) -> bool:
        """Replace a step if it is still SCHEDULED; return False if somebody was faster.

        It is one conditional UPDATE, so that of two claims one wins, even from two processes.
        """
        values = {
            "uid": step.sop_instance_uid,
            "scheduled": ProcedureStepState.SCHEDULED,
            **self._content(step),
        }
        return self._connection.execute(_CLAIM_STEP, values).rowcount == 1

    def delete(self, sop_instance_uid: str) -> bool:
        """Take out a step, its subscriptions and its due events; return False if it is not here.

        Whether it may go is for the caller to decide: its state, and who holds a deletion lock.
        """
        step = STEPS.c.sop_instance_uid == sop_instance_uid
        if self._connection.scalar(select(STEPS.c.modification).where(step)) is None:
            return False
        deletion = {"sop_instance_uid": sop_instance_uid, "modification": _NEXT_MODIFICATION}
        self._connection.execute(insert(DELETIONS).values(deletion))
        self._connection.execute(delete(STEPS).where(step))
        for table in (SUBSCRIPTIONS, OUTBOX):
            own = table.c.sop_instance_uid == sop_instance_uid
            self._connection.execute(delete(table).where(own))
        return True

    def append(self, events: Iterable[Event]) -> None:
        """Put event reports into the outbox, in this order."""
        created = time.time_ns() // 1000
        rows = [
            {
                "receiving_ae": event.receiving_ae,
                "event_type": event.event_type,
                "sop_instance_uid": event.sop_instance_uid,
                "information": event.information,
                "created": created,
            }
            for event in events
        ]
        if rows:
            self._connection.execute(_APPEND_EVENTS, rows)

    def append_to_subscribers(
        self, sop_instance_uid: str, reports: Iterable[tuple[int, bytes]]
    ) -> None:
        """Put event reports about a step into the outbox for all who are subscribed to it.

        Parameters
        ----------
        sop_instance_uid : str
            The step.
        reports : Iterable of tuple[int, bytes]
            Event Type ID and Event Information as in `Event`, in the order of the reports.
        """
        created = time.time_ns() // 1000
        values = [
            {
                "uid": sop_instance_uid,
                "event_type": event_type,
                "information": information,
                "created": created,
            }
            for event_type, information in reports
        ]
        if values:
            self._connection.execute(_APPEND_TO_SUBSCRIBERS, values)

    def _content(self, step: Step) -> dict[str, Any]:
        encoded, implicit_vr = encode(step.dataset)
        return {
            "state": step.state,
            "transaction_uid": step.transaction_uid,
            "performer_ae": step.performer_ae,
            "dataset": encoded,
            "implicit_vr": implicit_vr,
        }


def load_step(connection: Connection, sop_instance_uid: str, *, lock: bool = False) -> Step | None:
    """Return a step, or None if it is not here; locked until the transaction ends."""
    query = _LOCK_STEP if lock else _LOAD_STEP
    row = connection.execute(query, {"uid": sop_instance_uid}).first()
    if row is None:
        return None
    dataset = decode(row.dataset, row.implicit_vr)
    state = ProcedureStepState(row.state)
    return Step(sop_instance_uid, state, row.transaction_uid, row.performer_ae, dataset)
