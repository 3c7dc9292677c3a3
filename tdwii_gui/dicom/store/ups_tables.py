"""Tables of the UPS store: steps, subscriptions and the outbox of events.

A step's row holds its whole data set and, in columns of their own, the keys by which SQL narrows
a query. Columns of text compare by code point on every database, so that a prefix is a range.
"""

from __future__ import annotations

from typing import Final

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
    Text,
    text,
    true,
)

METADATA: Final = MetaData()

_TEXT: Final = Text().with_variant(Text(collation="C"), "postgresql")
_UID: Final = String(64)
_AE_TITLE: Final = String(16)
_ID: Final = BigInteger().with_variant(Integer(), "sqlite")

STEPS: Final = Table(
    "ups",
    METADATA,
    Column("sop_instance_uid", _UID, primary_key=True),
    Column("state", String(16), nullable=False),
    Column("transaction_uid", _UID, nullable=False),
    Column("performer_ae", _AE_TITLE, nullable=False),
    Column("start_first", BigInteger, nullable=False),
    Column("start_last", BigInteger, nullable=False),
    Column("station", _TEXT, nullable=False),
    Column("workitem", _TEXT, nullable=False),
    Column("patient_id", _TEXT, nullable=False),
    Column("patient_name", _TEXT, nullable=False),
    Column("input_readiness", _TEXT, nullable=False),
    Column("modification", BigInteger, nullable=False, index=True),
    Column("implicit_vr", Boolean, nullable=False),
    Column("dataset", LargeBinary, nullable=False),
    Index("ups_by_start", "start_first", "sop_instance_uid"),
    Index("ups_by_state_start", "state", "start_first", "sop_instance_uid"),
    Index("ups_by_station_start", "station", "state", "start_first", "start_last", "workitem"),
    Index("ups_by_patient_id", "patient_id"),
    Index("ups_by_patient_name", "patient_name"),
    # How far a start may reach, so that a range of starts is one of `start_first`.
    Index("ups_by_start_width", text("(start_last - start_first)")),
)
"""``start_first`` and ``start_last`` are the start date-time in microseconds since 1970 UTC;
``modification`` grows with each change of any step."""

DELETIONS: Final = Table(
    "ups_deletion",
    METADATA,
    Column("modification", BigInteger, primary_key=True, autoincrement=False),
    Column("sop_instance_uid", _UID, nullable=False),
)
"""The steps that were deleted; ``modification`` is from the same count as that of the steps."""

GLOBAL_SUBSCRIPTIONS: Final = Table(
    "ups_global_subscription",
    METADATA,
    Column("receiving_ae", _AE_TITLE, primary_key=True),
    Column("deletion_lock", Boolean, nullable=False),
    Column("keys", LargeBinary, nullable=True),
)
"""``keys`` is the identifier of a filtered subscription, in explicit VR little endian."""

SUBSCRIPTIONS: Final = Table(
    "ups_subscription",
    METADATA,
    Column("sop_instance_uid", _UID, primary_key=True),
    Column("receiving_ae", _AE_TITLE, primary_key=True),
    Column("deletion_lock", Boolean, nullable=False),
    Column("single", Boolean, nullable=False, server_default=true()),
    sqlite_with_rowid=False,
)
# Without those of global subscriptions, of which each new step brings one for each AE: they would
# be as many places of the index.
Index(
    "ups_subscription_single_by_ae",
    SUBSCRIPTIONS.c.receiving_ae,
    sqlite_where=SUBSCRIPTIONS.c.single,
    postgresql_where=SUBSCRIPTIONS.c.single,
)
"""``single`` tells those that were asked for step by step from those of global subscriptions."""

OUTBOX: Final = Table(
    "ups_outbox",
    METADATA,
    Column("id", _ID, primary_key=True, autoincrement=True),
    Column("receiving_ae", _AE_TITLE, nullable=False),
    Column("event_type", Integer, nullable=False),
    Column("sop_instance_uid", _UID, nullable=False),
    Column("information", LargeBinary, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("created", BigInteger, nullable=False, server_default="0"),
    Index("ups_outbox_by_ae", "receiving_ae", "id"),
    # An event's number is never given again, so a late acknowledgement hits no other event.
    sqlite_autoincrement=True,
)
"""``created`` is in microseconds since 1970 UTC."""
