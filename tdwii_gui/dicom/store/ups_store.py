"""The worklist in a database: steps, subscriptions, and the events that are due.

Everything that belongs together happens in one `UpsTransaction`; what a method of it wrote is
there for others when the ``with`` block has ended, and not before.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import bindparam, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from tdwii_gui.dicom.errors import StoreError
from tdwii_gui.dicom.iod.ups import ProcedureStepState
from tdwii_gui.dicom.store.database import open_database, read, write
from tdwii_gui.dicom.store.encoding import decode, encode
from tdwii_gui.dicom.store.matching import Matcher
from tdwii_gui.dicom.store.narrowing import conditions, has_key, key_columns
from tdwii_gui.dicom.store.ups_tables import (
    GLOBAL_SUBSCRIPTIONS,
    METADATA,
    OUTBOX,
    STEPS,
    SUBSCRIPTIONS,
)

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Sequence
    from pathlib import Path

    from pydicom.dataset import Dataset
    from sqlalchemy import Connection

_BATCH: Final = 100

_INSERT_STEP: Final = insert(STEPS)
_LOAD_STEP: Final = select(
    STEPS.c.state,
    STEPS.c.transaction_uid,
    STEPS.c.performer_ae,
    STEPS.c.dataset,
    STEPS.c.implicit_vr,
).where(STEPS.c.sop_instance_uid == bindparam("uid"))
_LOCK_STEP: Final = _LOAD_STEP.with_for_update()  # SQLite has locked all by BEGIN IMMEDIATE
_UPDATE_STEP: Final = update(STEPS).where(STEPS.c.sop_instance_uid == bindparam("uid"))
_CLAIM_STEP: Final = _UPDATE_STEP.where(STEPS.c.state == bindparam("scheduled"))
_LAST_MODIFICATION: Final = select(func.max(STEPS.c.modification))
_SUBSCRIBERS: Final = (
    select(SUBSCRIPTIONS.c.receiving_ae)
    .where(SUBSCRIPTIONS.c.sop_instance_uid == bindparam("uid"))
    .order_by(SUBSCRIPTIONS.c.receiving_ae)
)
_GLOBAL_SUBSCRIBERS: Final = select(
    GLOBAL_SUBSCRIPTIONS.c.receiving_ae, GLOBAL_SUBSCRIPTIONS.c.deletion_lock
).order_by(GLOBAL_SUBSCRIPTIONS.c.receiving_ae)


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


@dataclass(frozen=True, slots=True)
class StoredSubscription:
    """A subscription; without a SOP Instance UID it is global, for the steps to come."""

    receiving_ae: str
    sop_instance_uid: str
    deletion_lock: bool


class UpsStore:
    """The worklist in a database; several processes may share one.

    Parameters
    ----------
    location : str or Path
        A path or a URL, as for `open_database`. What does not exist yet is made.

    Attributes
    ----------
    engine : Engine
        The database, for the outbox.

    Raises
    ------
    StoreError
        If the database cannot be used; so do all methods.
    """

    def __init__(self, location: str | Path) -> None:
        self.engine = open_database(location)
        try:
            with write(self.engine) as connection:
                METADATA.create_all(connection)
        except StoreError:
            self.close()
            raise

    def close(self) -> None:
        """Close the database."""
        self.engine.dispose()

    @contextmanager
    def transaction(self) -> Iterator[UpsTransaction]:
        """Run a block as one write transaction: committed at its end, undone by an exception."""
        with write(self.engine) as connection:
            yield UpsTransaction(connection)

    def load(self, sop_instance_uid: str) -> Step | None:
        """Return a step, or None if it is not here."""
        with read(self.engine) as connection:
            return _load(connection, sop_instance_uid)

    def select(self, identifier: Dataset) -> Iterator[Dataset]:
        """Return the data sets that match an identifier, by start time (PS3.4 CC.2.8).

        SQL narrows by the indexed keys, matching decides. No transaction stays open between two
        data sets, however slowly they are taken.

        Raises
        ------
        DimseStatusError
            A900 if a key is unusable; at once, not at the first data set.
        """
        matcher = Matcher(identifier)
        query = select(STEPS.c.sop_instance_uid).order_by(
            STEPS.c.start_first, STEPS.c.sop_instance_uid
        )
        narrowed = conditions(identifier)
        if narrowed is not None:
            query = query.where(narrowed)
        return self._matching(query, matcher)

    def changed_since(self, modification: int) -> list[tuple[int, str]]:
        """Return (modification, SOP Instance UID) of all steps changed after a modification.

        For those that show a worklist to which other processes write as well; 0 gives all steps.
        """
        query = (
            select(STEPS.c.modification, STEPS.c.sop_instance_uid)
            .where(STEPS.c.modification > modification)
            .order_by(STEPS.c.modification)
        )
        with read(self.engine) as connection:
            return [(row.modification, row.sop_instance_uid) for row in connection.execute(query)]

    def performers(self) -> dict[str, str]:
        """Return the AE that claimed a step, by the SOP Instance UID of each claimed one."""
        query = select(STEPS.c.sop_instance_uid, STEPS.c.performer_ae).where(
            STEPS.c.performer_ae != ""
        )
        with read(self.engine) as connection:
            return {row.sop_instance_uid: row.performer_ae for row in connection.execute(query)}

    def subscriptions(self) -> list[StoredSubscription]:
        """Return all subscriptions, the global ones first."""
        single = select(SUBSCRIPTIONS).order_by(
            SUBSCRIPTIONS.c.receiving_ae, SUBSCRIPTIONS.c.sop_instance_uid
        )
        with read(self.engine) as connection:
            to_all = [
                StoredSubscription(row.receiving_ae, "", row.deletion_lock)
                for row in connection.execute(_GLOBAL_SUBSCRIBERS)
            ]
            to_one = [
                StoredSubscription(row.receiving_ae, row.sop_instance_uid, row.deletion_lock)
                for row in connection.execute(single)
            ]
        return to_all + to_one

    def _matching(self, query: Any, matcher: Matcher) -> Iterator[Dataset]:
        with read(self.engine) as connection:
            uids = list(connection.scalars(query))
        for start in range(0, len(uids), _BATCH):
            for dataset in self._datasets(uids[start : start + _BATCH]):
                if matcher.matches(dataset):
                    yield dataset

    def _datasets(self, uids: Sequence[str]) -> list[Dataset]:
        columns = (STEPS.c.sop_instance_uid, STEPS.c.dataset, STEPS.c.implicit_vr)
        query = select(*columns).where(STEPS.c.sop_instance_uid.in_(uids))
        with read(self.engine) as connection:
            found = {
                row.sop_instance_uid: (row.dataset, row.implicit_vr)
                for row in connection.execute(query)
            }
        return [decode(*found[uid]) for uid in uids if uid in found]


class UpsTransaction:
    """The operations of one write transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def insert(self, step: Step) -> bool:
        """Add a step; return False if its UID is taken."""
        keys = key_columns(step.dataset)
        values = {"sop_instance_uid": step.sop_instance_uid, **keys, **self._content(step)}
        try:
            self._connection.execute(_INSERT_STEP, values)
        except IntegrityError:
            return False
        return True

    def load(self, sop_instance_uid: str) -> Step | None:
        """Return a step, or None if it is not here."""
        return _load(self._connection, sop_instance_uid, lock=True)

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
        keys = key_columns(step.dataset) if has_key(changed) else {}
        values = {"uid": step.sop_instance_uid, **keys, **self._content(step)}
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

    def subscribers(self, sop_instance_uid: str) -> list[str]:
        """Return the AEs that are subscribed to a step."""
        return list(self._connection.scalars(_SUBSCRIBERS, {"uid": sop_instance_uid}))

    def global_subscribers(self) -> dict[str, bool]:
        """Return the AEs that are subscribed globally, and whether with a deletion lock."""
        rows = self._connection.execute(_GLOBAL_SUBSCRIBERS)
        return {row.receiving_ae: row.deletion_lock for row in rows}

    def subscribe(self, sop_instance_uid: str, receiving_ae: str, deletion_lock: bool) -> None:
        """Subscribe an AE to a step, or give its subscription another lock."""
        key = {"sop_instance_uid": sop_instance_uid, "receiving_ae": receiving_ae}
        self._replace(SUBSCRIPTIONS, key, deletion_lock)

    def subscribe_to_all(self, receiving_ae: str, deletion_lock: bool) -> list[str]:
        """Subscribe an AE to each step to which it is not; return the UIDs of these."""
        missing = _unsubscribed(receiving_ae)
        uids = list(self._connection.scalars(missing))
        if uids:
            self._connection.execute(
                insert(SUBSCRIPTIONS),
                [
                    {
                        "sop_instance_uid": uid,
                        "receiving_ae": receiving_ae,
                        "deletion_lock": deletion_lock,
                    }
                    for uid in uids
                ],
            )
        return uids

    def unsubscribe(self, sop_instance_uid: str, receiving_ae: str) -> None:
        """End an AE's subscription to a step."""
        own = SUBSCRIPTIONS.c.receiving_ae == receiving_ae
        step = SUBSCRIPTIONS.c.sop_instance_uid == sop_instance_uid
        self._connection.execute(delete(SUBSCRIPTIONS).where(own, step))

    def unsubscribe_from_all(self, receiving_ae: str) -> None:
        """End all of an AE's subscriptions to single steps."""
        own = SUBSCRIPTIONS.c.receiving_ae == receiving_ae
        self._connection.execute(delete(SUBSCRIPTIONS).where(own))

    def set_global(self, receiving_ae: str, deletion_lock: bool) -> None:
        """Record an AE's global subscription, for the steps to come."""
        self._replace(GLOBAL_SUBSCRIPTIONS, {"receiving_ae": receiving_ae}, deletion_lock)

    def clear_global(self, receiving_ae: str) -> None:
        """Forget an AE's global subscription."""
        own = GLOBAL_SUBSCRIPTIONS.c.receiving_ae == receiving_ae
        self._connection.execute(delete(GLOBAL_SUBSCRIPTIONS).where(own))

    def append(self, events: Iterable[Event]) -> None:
        """Put event reports into the outbox, in this order."""
        rows = [
            {
                "receiving_ae": event.receiving_ae,
                "event_type": event.event_type,
                "sop_instance_uid": event.sop_instance_uid,
                "information": event.information,
            }
            for event in events
        ]
        if rows:
            self._connection.execute(insert(OUTBOX), rows)

    def _content(self, step: Step) -> dict[str, Any]:
        encoded, implicit_vr = encode(step.dataset)
        modification = self._connection.scalar(_LAST_MODIFICATION) or 0
        return {
            "state": step.state,
            "transaction_uid": step.transaction_uid,
            "performer_ae": step.performer_ae,
            "dataset": encoded,
            "implicit_vr": implicit_vr,
            "modification": modification + 1,
        }

    def _replace(self, table: Any, key: dict[str, str], deletion_lock: bool) -> None:
        own = [table.c[name] == value for name, value in key.items()]
        self._connection.execute(delete(table).where(*own))
        self._connection.execute(insert(table).values(**key, deletion_lock=deletion_lock))


def _load(connection: Connection, sop_instance_uid: str, *, lock: bool = False) -> Step | None:
    query = _LOCK_STEP if lock else _LOAD_STEP
    row = connection.execute(query, {"uid": sop_instance_uid}).first()
    if row is None:
        return None
    dataset = decode(row.dataset, row.implicit_vr)
    state = ProcedureStepState(row.state)
    return Step(sop_instance_uid, state, row.transaction_uid, row.performer_ae, dataset)


def _unsubscribed(receiving_ae: str) -> Any:
    """Return the query of the steps to which an AE is not subscribed."""
    subscribed = select(SUBSCRIPTIONS.c.sop_instance_uid).where(
        SUBSCRIPTIONS.c.receiving_ae == receiving_ae
    )
    return (
        select(STEPS.c.sop_instance_uid)
        .where(STEPS.c.sop_instance_uid.not_in(subscribed))
        .order_by(STEPS.c.start_first, STEPS.c.sop_instance_uid)
    )
