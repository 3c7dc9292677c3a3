"""One write transaction of the worklist: steps, subscriptions, and the events that are due."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from tdwii_gui.dicom.iod.ups import ProcedureStepState
from tdwii_gui.dicom.store.encoding import decode, encode
from tdwii_gui.dicom.store.narrowing import has_key, key_columns
from tdwii_gui.dicom.store.ups_subscriptions import StepSubscriptions
from tdwii_gui.dicom.store.ups_tables import OUTBOX, STEPS

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    from pydicom.dataset import Dataset
    from sqlalchemy import Connection

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
        keys = key_columns(step.dataset)
        values = {"sop_instance_uid": step.sop_instance_uid, **keys, **self._content(step)}
        try:
            self._connection.execute(_INSERT_STEP, values)
        except IntegrityError:
            return False
        return True

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


def load_step(connection: Connection, sop_instance_uid: str, *, lock: bool = False) -> Step | None:
    """Return a step, or None if it is not here; locked until the transaction ends."""
    query = _LOCK_STEP if lock else _LOAD_STEP
    row = connection.execute(query, {"uid": sop_instance_uid}).first()
    if row is None:
        return None
    dataset = decode(row.dataset, row.implicit_vr)
    state = ProcedureStepState(row.state)
    return Step(sop_instance_uid, state, row.transaction_uid, row.performer_ae, dataset)
