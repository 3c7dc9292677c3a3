"""Storage commitment transactions in a database (PS3.4 Annex J).

A request is here before it is answered, its result before it is reported, and both stay when the
result has reached its requestor: a Transaction UID is used once.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    func,
    insert,
    select,
    update,
)

from tdwii_gui.dicom.iod.commitment import (
    Commitment,
    CommitmentResult,
    CommitmentState,
    Reference,
    commitment_request,
    read_request,
    read_result,
)
from tdwii_gui.dicom.status import Status
from tdwii_gui.dicom.store.database import read, write
from tdwii_gui.dicom.store.encoding import decode, encode
from tdwii_gui.dicom.store.schema import bring_up_to_date

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pydicom.dataset import Dataset
    from sqlalchemy import ColumnElement, Connection, Engine, Row

METADATA: Final = MetaData()

_ID: Final = BigInteger().with_variant(Integer(), "sqlite")

COMMITMENTS: Final = Table(
    "commitment",
    METADATA,
    Column("id", _ID, primary_key=True, autoincrement=True),
    Column("transaction_uid", String(64), nullable=False),
    Column("requestor_ae", String(16), nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("request", LargeBinary, nullable=False),
    Column("event_type", Integer, nullable=True),
    Column("result", LargeBinary, nullable=True),
    Column("state", String(16), nullable=False),
    Column("reason", Text, nullable=False, default=""),
    Column("attempts", Integer, nullable=False, default=0),
    Index("commitment_by_uid", "transaction_uid"),
    Index("commitment_by_state", "state", "requestor_ae", "id"),
)
"""``created`` is in microseconds since 1970 UTC; ``request`` and ``result`` are data sets in
explicit VR little endian."""

_T: Final = COMMITMENTS.c
_PENDING: Final = _T.state == CommitmentState.PENDING
_DUE: Final = _PENDING & _T.result.is_not(None)
_EXPIRED: Final = "not delivered in time"


class Request(NamedTuple):
    """A request without a result."""

    id: int
    transaction_uid: str
    requestor_ae: str
    references: tuple[Reference, ...]


class DueResult(NamedTuple):
    """A result that its requestor has not got; `encoded` is the Event Information."""

    id: int
    requestor_ae: str
    event_type: int
    encoded: bytes
    attempts: int
    created: int


class CommitmentStore:
    """The transactions of an SCP, or those that an SCU has asked for.

    All methods are thread-safe; what they change is durable when they return.

    Parameters
    ----------
    engine : Engine
        The database; the table is made where it is missing.

    Raises
    ------
    StoreError
        If the database cannot be used; so do all methods.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        with write(engine) as connection:
            bring_up_to_date(connection, METADATA)

    def add(
        self, transaction_uid: str, requestor_ae: str, references: Sequence[Reference]
    ) -> Commitment:
        """Add a request and return it.

        One whose Transaction UID was used before gets its result at once: all of it fails (0131,
        PS3.3 C.14.1.1).
        """
        created = time.time_ns() // 1000
        values: dict[str, object] = {
            "transaction_uid": transaction_uid,
            "requestor_ae": requestor_ae,
            "created": created,
            "request": _encoded(commitment_request(transaction_uid, references)),
            "state": CommitmentState.PENDING,
        }
        with write(self.engine) as connection:
            known = select(_T.id).where(_T.transaction_uid == transaction_uid)
            if connection.execute(known).first() is not None:
                refused = int(Status.DUPLICATE_TRANSACTION_UID)
                failed = tuple((reference, refused) for reference in references)
                values |= _outcome(CommitmentResult(transaction_uid, (), failed))
            key = connection.execute(insert(COMMITMENTS).values(values)).inserted_primary_key
            return _one(connection, _T.id == (key[0] if key else None))

    def unchecked(self) -> list[Request]:
        """Return the requests without a result, the oldest first."""
        query = select(COMMITMENTS).where(_PENDING, _T.result.is_(None)).order_by(_T.id)
        with read(self.engine) as connection:
            return [
                Request(row.id, row.transaction_uid, row.requestor_ae, _requested(row))
                for row in connection.execute(query)
            ]

    def check(self, request_id: int, result: CommitmentResult, retrieve_ae_title: str = "") -> None:
        """Note the result of a request; from now on it is due to its requestor."""
        values = _outcome(result, retrieve_ae_title)
        with write(self.engine) as connection:
            connection.execute(update(COMMITMENTS).where(_T.id == request_id).values(values))

    def receive(self, result: CommitmentResult) -> Commitment | None:
        """Note a result that an SCU has got; None if no such transaction is open."""
        this = (_T.transaction_uid == result.transaction_uid) & _PENDING
        values = _outcome(result) | {"state": CommitmentState.REPORTED}
        with write(self.engine) as connection:
            found = connection.execute(select(_T.id).where(this)).first()
            if found is None:
                return None
            connection.execute(update(COMMITMENTS).where(_T.id == found.id).values(values))
            return _one(connection, _T.id == found.id)

    def withdraw(self, transaction_uid: str, reason: str) -> Commitment:
        """Note that a request of an SCU did not arrive or was refused; return it."""
        this = _T.transaction_uid == transaction_uid
        self._update(this, state=CommitmentState.UNDELIVERED, reason=reason)
        with read(self.engine) as connection:
            return _one(connection, this)

    def all(self) -> list[Commitment]:
        """Return all transactions, the oldest first."""
        with read(self.engine) as connection:
            query = select(COMMITMENTS).order_by(_T.id)
            return [_commitment(row) for row in connection.execute(query)]

    def get(self, ids: Iterable[int]) -> list[Commitment]:
        """Return transactions by their numbers."""
        with read(self.engine) as connection:
            query = select(COMMITMENTS).where(_T.id.in_(list(ids))).order_by(_T.id)
            return [_commitment(row) for row in connection.execute(query)]

    def lines(self) -> list[tuple[str, int, int]]:
        """Return to which AEs results are due: how many, and since when the oldest of them."""
        query = (
            select(_T.requestor_ae, func.count(), func.min(_T.created))
            .where(_DUE)
            .group_by(_T.requestor_ae)
        )
        with read(self.engine) as connection:
            return [(row[0], row[1], row[2]) for row in connection.execute(query)]

    def due(self, requestor_ae: str, limit: int) -> list[DueResult]:
        """Return the oldest results that are due to an AE."""
        query = (
            select(_T.id, _T.requestor_ae, _T.event_type, _T.result, _T.attempts, _T.created)
            .where(_DUE, _T.requestor_ae == requestor_ae)
            .order_by(_T.id)
            .limit(limit)
        )
        with read(self.engine) as connection:
            return [DueResult(*row) for row in connection.execute(query)]

    def report(self, ids: Sequence[int]) -> None:
        """Note that results have reached their requestor."""
        self._update(_T.id.in_(ids) & _PENDING, state=CommitmentState.REPORTED)

    def count_attempt(self, ids: Sequence[int]) -> None:
        """Count a failed attempt to report; the results stay due."""
        self._update(_T.id.in_(ids), attempts=_T.attempts + 1)

    def give_up(self, request_id: int, reason: str) -> None:
        """Note that a result does not reach its requestor, and why."""
        this = (_T.id == request_id) & _PENDING
        self._update(this, state=CommitmentState.UNDELIVERED, reason=reason)

    def expire(self, requestor_ae: str, until: int) -> list[int]:
        """Give up the results to an AE requested until a moment; return their numbers.

        Parameters
        ----------
        until : int
            Microseconds since 1970 UTC.
        """
        old = _DUE & (_T.requestor_ae == requestor_ae) & (_T.created <= until)
        values = {"state": CommitmentState.UNDELIVERED, "reason": _EXPIRED}
        with write(self.engine) as connection:
            ids = list(connection.scalars(select(_T.id).where(old)))
            connection.execute(update(COMMITMENTS).where(_T.id.in_(ids)).values(values))
        return ids

    def _update(self, condition: ColumnElement[bool], **values: object) -> None:
        with write(self.engine) as connection:
            connection.execute(update(COMMITMENTS).where(condition).values(values))


def _one(connection: Connection, condition: ColumnElement[bool]) -> Commitment:
    return _commitment(connection.execute(select(COMMITMENTS).where(condition)).one())


def _commitment(row: Row[tuple[object, ...]]) -> Commitment:
    requested = Commitment(
        transaction_uid=row.transaction_uid,
        requestor_ae=row.requestor_ae,
        at=datetime.fromtimestamp(row.created / 1e6, UTC),
        uids=tuple(reference.sop_instance_uid for reference in _requested(row)),
        state=CommitmentState(row.state),
        reason=row.reason,
    )
    if row.result is None:
        return requested
    return requested.with_result(read_result(decode(row.result, implicit_vr=False)))


def _requested(row: Row[tuple[object, ...]]) -> tuple[Reference, ...]:
    return read_request(decode(row.request, implicit_vr=False))[1]


def _outcome(result: CommitmentResult, retrieve_ae_title: str = "") -> dict[str, object]:
    information = result.information(retrieve_ae_title)
    return {"event_type": int(result.event_type), "result": _encoded(information)}


def _encoded(dataset: Dataset) -> bytes:
    return encode(dataset, implicit_vr=False)[0]
