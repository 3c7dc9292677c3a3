"""The history of a worklist: which messages and operations touched each step.

It is for people: nothing depends on it. It is kept within bounds, and written in portions, so
that no answer waits for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    bindparam,
    delete,
    func,
    insert,
    select,
)

from tdwii_gui.dicom.store.database import read, write

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Engine

OPERATION: Final = "operator"
"""Message of an entry about what an operator did, without any DIMSE service."""

_KEPT: Final = 200_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_METADATA: Final = MetaData()
_ENTRIES: Final = Table(
    "ups_history",
    _METADATA,
    Column(
        "id", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=True
    ),
    Column("at", BigInteger, nullable=False),
    Column("sop_instance_uid", String(64), nullable=False),
    Column("calling_ae", String(16), nullable=False),
    Column("called_ae", String(16), nullable=False),
    Column("message", String(32), nullable=False),
    Column("what", Text, nullable=False),
    Column("status", Integer, nullable=True),
    Column("comment", Text, nullable=False),
    Column("origin", String(32), nullable=False),
    Index("ups_history_by_step", "sop_instance_uid", "id"),
    # No number is given twice, so that a reader who knows the last one misses none.
    sqlite_autoincrement=True,
)
"""``at`` is in microseconds since 1970 UTC; ``origin`` names the process that wrote it."""


_ADD: Final = insert(_ENTRIES)
_LAST: Final = select(func.max(_ENTRIES.c.id))
_DROP: Final = delete(_ENTRIES).where(_ENTRIES.c.id <= bindparam("number"))


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """A message about a step, or an operation on it.

    Parameters
    ----------
    at : datetime
        When it began, aware.
    sop_instance_uid : str
        The step.
    calling_ae, called_ae : str
        Who asked whom.
    message : str
        The service, e.g. ``"N-SET"``, or `OPERATION`.
    what : str
        What it says: the action, the event, or the names of the attributes that it changes.
    status : int or None
        The status of the answer; None if there was none.
    comment : str
        The Error Comment, or in words why there was no answer.
    """

    at: datetime
    sop_instance_uid: str
    calling_ae: str
    called_ae: str
    message: str
    what: str
    status: int | None = 0
    comment: str = ""


class UpsHistory:
    """The history of a worklist, in its database.

    Parameters
    ----------
    engine : Engine
        The database of the worklist.
    origin : str
        A name for this process that no other one has.
    kept : int
        How many entries are kept in all; older ones are dropped.

    Raises
    ------
    StoreError
        If the database cannot be used; so do all methods.
    """

    def __init__(self, engine: Engine, origin: str, *, kept: int = _KEPT) -> None:
        self._engine = engine
        self._origin = origin
        self._kept = kept
        with write(engine) as connection:
            _METADATA.create_all(connection)

    def add(self, entries: Iterable[HistoryEntry]) -> None:
        """Add entries, in their order, and drop what is too old."""
        rows = [self._row(entry) for entry in entries]
        if not rows:
            return
        with write(self._engine) as connection:
            connection.execute(_ADD, rows)
            last = connection.scalar(_LAST) or 0
            connection.execute(_DROP, {"number": last - self._kept})

    def of(self, sop_instance_uid: str) -> list[HistoryEntry]:
        """Return the entries of a step, the oldest first."""
        query = (
            select(_ENTRIES)
            .where(_ENTRIES.c.sop_instance_uid == sop_instance_uid)
            .order_by(_ENTRIES.c.at, _ENTRIES.c.id)
        )
        with read(self._engine) as connection:
            return [_entry(row) for row in connection.execute(query)]

    def last_deliveries(self, receivers: Sequence[str]) -> dict[str, HistoryEntry]:
        """Return the last event report to each of some AEs, as far as it is remembered."""
        last = (
            select(func.max(_ENTRIES.c.id))
            .where(_ENTRIES.c.message == "N-EVENT-REPORT", _ENTRIES.c.called_ae.in_(receivers))
            .group_by(_ENTRIES.c.called_ae)
        )
        with read(self._engine) as connection:
            rows = connection.execute(select(_ENTRIES).where(_ENTRIES.c.id.in_(last)))
            return {row.called_ae: _entry(row) for row in rows}

    def last_number(self) -> int:
        """Return the number of the last entry; 0 if there is none."""
        with read(self._engine) as connection:
            return connection.scalar(_LAST) or 0

    def of_others_since(self, number: int) -> tuple[int, list[HistoryEntry]]:
        """Return what other processes wrote after an entry, and the number of the last of all."""
        query = select(_ENTRIES).where(_ENTRIES.c.id > number).order_by(_ENTRIES.c.id)
        with read(self._engine) as connection:
            last = connection.scalar(_LAST) or 0
            if last <= number:
                return number, []
            rows = connection.execute(query.where(_ENTRIES.c.origin != self._origin))
            return last, [_entry(row) for row in rows]

    def _row(self, entry: HistoryEntry) -> dict[str, Any]:
        return {
            "at": (entry.at - _EPOCH) // timedelta(microseconds=1),
            "sop_instance_uid": _bounded(entry.sop_instance_uid, 64),
            "calling_ae": _bounded(entry.calling_ae, 16),
            "called_ae": _bounded(entry.called_ae, 16),
            "message": entry.message,
            "what": _bounded(entry.what, 500),
            "status": entry.status,
            "comment": _bounded(entry.comment, 500),
            "origin": self._origin,
        }


def _bounded(text: str, length: int) -> str:
    """Return a peer's text as every database takes it."""
    return text.replace("\0", "")[:length]


def _entry(row: Any) -> HistoryEntry:
    return HistoryEntry(
        at=(_EPOCH + timedelta(microseconds=row.at)).astimezone(),
        sop_instance_uid=row.sop_instance_uid,
        calling_ae=row.calling_ae,
        called_ae=row.called_ae,
        message=row.message,
        what=row.what,
        status=row.status,
        comment=row.comment,
    )
