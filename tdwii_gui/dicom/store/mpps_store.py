"""Modality Performed Procedure Steps in a database, with the events that are due about them.

A change and the events that tell of it are one transaction: neither is ever without the other.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    delete,
    insert,
    select,
    update,
)

from tdwii_gui.dicom.errors import DatasetError, DimseStatusError, StoreError
from tdwii_gui.dicom.iod.mpps_reader import Mpps, MppsEvent
from tdwii_gui.dicom.iod.mpps_rules import (
    event_of,
    refuse_creation,
    refuse_final_state,
    refuse_modification,
)
from tdwii_gui.dicom.status import Status
from tdwii_gui.dicom.store.attribute_lists import merged, without_command_elements
from tdwii_gui.dicom.store.database import StoreFull, read, write
from tdwii_gui.dicom.store.encoding import decode, encode, put
from tdwii_gui.dicom.store.schema import bring_up_to_date
from tdwii_gui.dicom.uids import MPPS, is_valid_uid, new_uid

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pydicom.dataset import Dataset
    from sqlalchemy import Connection, Engine

METADATA: Final = MetaData()

_ID: Final = BigInteger().with_variant(Integer(), "sqlite")

STEPS: Final = Table(
    "mpps",
    METADATA,
    Column("id", _ID, primary_key=True, autoincrement=True),
    Column("sop_instance_uid", String(64), nullable=False),
    Column("implicit_vr", Boolean, nullable=False),
    Column("dataset", LargeBinary, nullable=False),
    Index("mpps_by_uid", "sop_instance_uid", unique=True),
)

OUTBOX: Final = Table(
    "mpps_outbox",
    METADATA,
    Column("id", _ID, primary_key=True, autoincrement=True),
    Column("receiving_ae", String(16), nullable=False, index=True),
    Column("event_type", Integer, nullable=False),
    Column("sop_instance_uid", String(64), nullable=False),
    Column("information", LargeBinary, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("created", BigInteger, nullable=False),
    # An event's number is never given again, so a late acknowledgement hits no other event.
    sqlite_autoincrement=True,
)
"""Events as in the outbox of the worklist; ``information`` is always empty (PS3.4 F.9.2)."""


class MppsStore:
    """The performed procedure steps of an SCP. All methods are thread-safe.

    What changes something returns after the commit.

    Parameters
    ----------
    engine : Engine
        The database; the tables are made where they are missing.
    receivers : Sequence[str]
        The AEs to which events are due.

    Raises
    ------
    StoreError
        If the database cannot be used.
    """

    def __init__(self, engine: Engine, receivers: Sequence[str] = ()) -> None:
        self.engine = engine
        self._receivers = receivers
        with write(engine) as connection:
            bring_up_to_date(connection, METADATA)

    def create(self, sop_instance_uid: str, attributes: Dataset) -> Mpps:
        """Create a step, with a new UID if none is given (N-CREATE, PS3.4 F.7.2.1).

        Raises
        ------
        DimseStatusError
            0117 for a UID that is none, 0111 for one that is taken, and those of
            `refuse_creation`.
        """
        uid = sop_instance_uid or str(new_uid())
        if not is_valid_uid(uid):
            raise DimseStatusError(Status.INVALID_SOP_INSTANCE, "SOP Instance UID is no UID")
        dataset, _ = without_command_elements(attributes)
        refuse_creation(dataset)
        put(dataset, "SOPClassUID", MPPS)
        put(dataset, "SOPInstanceUID", uid)
        with _failures_as_statuses(), write(self.engine) as connection:
            if _load(connection, uid) is not None:
                raise DimseStatusError(Status.DUPLICATE_SOP_INSTANCE)
            connection.execute(insert(STEPS), {"sop_instance_uid": uid, **_content(dataset)})
            self._announce(connection, uid, MppsEvent.IN_PROGRESS)
        return Mpps(dataset)

    def set(self, sop_instance_uid: str, modifications: Dataset) -> Mpps:
        """Change attributes of a step, all or none; sequences are replaced whole (N-SET).

        Raises
        ------
        DimseStatusError
            0112 if it is not known, and those of `refuse_modification` and `refuse_final_state`.
        """
        changes, _ = without_command_elements(modifications)
        with _failures_as_statuses(), write(self.engine) as connection:
            stored = _known(_load(connection, sop_instance_uid))
            refuse_modification(stored, changes)
            after = merged(stored, changes)
            refuse_final_state(after)
            this = STEPS.c.sop_instance_uid == sop_instance_uid
            connection.execute(update(STEPS).where(this).values(_content(after)))
            self._announce(connection, sop_instance_uid, event_of(Mpps(stored), Mpps(after)))
        return Mpps(after)

    def get(self, sop_instance_uid: str) -> Mpps:
        """Return a step.

        Raises
        ------
        DimseStatusError
            0112 if it is not known.
        """
        with _failures_as_statuses(), read(self.engine) as connection:
            return Mpps(_known(_load(connection, sop_instance_uid)))

    def all(self) -> list[Mpps]:
        """Return all steps in the order of their creation."""
        query = select(STEPS.c.dataset, STEPS.c.implicit_vr).order_by(STEPS.c.id)
        with read(self.engine) as connection:
            return [Mpps(decode(*row)) for row in connection.execute(query)]

    def delete(self, sop_instance_uid: str) -> bool:
        """Take out a step; return False if it is not here."""
        this = STEPS.c.sop_instance_uid == sop_instance_uid
        with write(self.engine) as connection:
            if not connection.execute(delete(STEPS).where(this)).rowcount:
                return False
            self._announce(connection, sop_instance_uid, MppsEvent.DELETED)
        return True

    def _announce(self, connection: Connection, sop_instance_uid: str, event: MppsEvent) -> None:
        created = time.time_ns() // 1000
        rows = [
            {
                "receiving_ae": receiver,
                "event_type": int(event),
                "sop_instance_uid": sop_instance_uid,
                "information": b"",
                "created": created,
            }
            for receiver in self._receivers
        ]
        if rows:
            connection.execute(insert(OUTBOX), rows)


@contextmanager
def _failures_as_statuses() -> Iterator[None]:
    try:
        yield
    except StoreError as error:
        full = isinstance(error, StoreFull)
        status = Status.RESOURCE_LIMITATION if full else Status.PROCESSING_FAILURE
        raise DimseStatusError(status, "the database cannot be used") from error
    except DatasetError as error:
        raise DimseStatusError(Status.INVALID_ATTRIBUTE_VALUE, str(error)) from error


def _load(connection: Connection, sop_instance_uid: str) -> Dataset | None:
    query = select(STEPS.c.dataset, STEPS.c.implicit_vr).where(
        STEPS.c.sop_instance_uid == sop_instance_uid
    )
    row = connection.execute(query).first()
    return None if row is None else decode(row.dataset, row.implicit_vr)


def _known(dataset: Dataset | None) -> Dataset:
    if dataset is None:
        raise DimseStatusError(Status.NO_SUCH_SOP_INSTANCE, "no such performed procedure step")
    return dataset


def _content(dataset: Dataset) -> dict[str, object]:
    encoded, implicit_vr = encode(dataset)
    return {"dataset": encoded, "implicit_vr": implicit_vr}
