"""What is kept of a treatment session: the tables, and what is read from them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    select,
)

from tdwii_gui.dicom.iod.codes import Code
from tdwii_gui.dicom.iod.ups import Cancellation, Ups
from tdwii_gui.dicom.store.delivered_beam_text import read_beam_text
from tdwii_gui.dicom.store.encoding import decode

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydicom.dataset import Dataset
    from sqlalchemy import Connection, Row

    from tdwii_gui.dicom.iod.treatment_record import DeliveredBeam

METADATA: Final = MetaData()
SESSIONS: Final = Table(
    "treatment_session",
    METADATA,
    Column("step_uid", String(64), primary_key=True),
    Column("step", LargeBinary, nullable=False),
    Column("started", String(40), nullable=False),
    Column("supplied_meterset", Float, nullable=True),
    Column("operators_name", Text, nullable=False),
    Column("stage", String(16), nullable=False),
    Column("percent", Float, nullable=False, default=0.0),
    Column("beam_number", Integer, nullable=True),
    Column("reason_code", String(16), nullable=True),
    Column("reason_meaning", Text, nullable=True),
    Column("reason", Text, nullable=True),
)
BEAMS: Final = Table(
    "delivered_beam",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("step_uid", String(64), nullable=False),
    Column("run", Integer, nullable=False),
    Column("beam_number", Integer, nullable=False),
    Column("beam", Text, nullable=False),
    UniqueConstraint("step_uid", "run", "beam_number"),
)
RECORDS: Final = Table(
    "treatment_record",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("step_uid", String(64), nullable=False),
    Column("sop_instance_uid", String(64), nullable=False),
    Column("record", LargeBinary, nullable=False),
    Column("stored", Boolean, nullable=False, default=False),
    UniqueConstraint("step_uid", "sop_instance_uid"),
)
"""``step`` and ``record`` are data sets in explicit VR little endian."""


class Stage(StrEnum):
    """How far a session is known to have come.

    CLAIMING is before any dose, BEAM_ON from the first beam's start on; STOPPED and DELIVERED are
    the ends of a delivery. RECORDED: all records are stored, or are not to be. UPDATED: so says
    the final update.
    """

    CLAIMING = "claiming"
    BEAM_ON = "beam on"
    STOPPED = "stopped"
    DELIVERED = "delivered"
    RECORDED = "recorded"
    UPDATED = "updated"

    @property
    def has_begun(self) -> bool:
        """Whether a beam was on, or may have been."""
        return self is not Stage.CLAIMING

    @property
    def is_recorded(self) -> bool:
        """Whether no record is to be stored any more."""
        return self in (Stage.RECORDED, Stage.UPDATED)


@dataclass(frozen=True, slots=True)
class SessionBeginning:
    """What a session starts with.

    Parameters
    ----------
    started : datetime
        When, aware.
    supplied_meterset : float or None
        For plans without any Beam Meterset: what each beam delivers.
    operators_name : str
        Operators' Name of its records.
    """

    started: datetime
    supplied_meterset: float | None = None
    operators_name: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class SessionEntry:
    """What is known of a session.

    Parameters
    ----------
    step : Ups
        The step, as it was before the claim.
    percent : float
        Its progress; `beam_number` is the beam that was last in progress.
    runs : tuple[tuple[DeliveredBeam, ...], ...]
        What was delivered: beam by beam, from the first beam on and, in further runs, after each
        continuation. A beam that was on at the end has the termination UNKNOWN, and the meterset
        that was last known.
    records : tuple[Dataset, ...]
        The treatment records that were made.
    stored_uids : frozenset[str]
        Those of them that the archive has.
    cancellation : Cancellation or None
        Why the step is being canceled, if it is.
    """

    step: Ups
    beginning: SessionBeginning
    stage: Stage
    percent: float
    beam_number: int | None
    runs: tuple[tuple[DeliveredBeam, ...], ...]
    records: tuple[Dataset, ...]
    stored_uids: frozenset[str]
    cancellation: Cancellation | None

    @property
    def unsent_records(self) -> int:
        """How many records there are that the archive may not have."""
        return 0 if self.stage.is_recorded else len(self.records) - len(self.stored_uids)

    @property
    def owes_records(self) -> bool:
        """Whether something was delivered of which the archive may have no record."""
        is_lacking = bool(self.unsent_records) if self.records else bool(self.runs)
        return is_lacking and not self.stage.is_recorded


def session_row(connection: Connection, step_uid: str) -> Row[Any] | None:
    """Return the row of the session on a step, or None."""
    return connection.execute(select(SESSIONS).where(SESSIONS.c.step_uid == step_uid)).one_or_none()


def read_entry(connection: Connection, row: Row[Any]) -> SessionEntry:
    """Return what is known of the session of a row."""
    records = connection.execute(_of(RECORDS, row.step_uid)).all()
    step = decode(row.step, implicit_vr=False)
    # An answer to a query need not repeat the UID.
    step.SOPInstanceUID = row.step_uid
    return SessionEntry(
        step=Ups(step),
        beginning=SessionBeginning(
            datetime.fromisoformat(row.started), row.supplied_meterset, row.operators_name
        ),
        stage=Stage(row.stage),
        percent=row.percent,
        beam_number=row.beam_number,
        runs=_runs(connection.execute(_of(BEAMS, row.step_uid)).all()),
        records=tuple(decode(each.record, implicit_vr=False) for each in records),
        stored_uids=frozenset(each.sop_instance_uid for each in records if each.stored),
        cancellation=_cancellation(row),
    )


def _of(table: Table, step_uid: str) -> Any:
    return select(table).where(table.c.step_uid == step_uid).order_by(table.c.id)


def _runs(rows: Iterable[Row[Any]]) -> tuple[tuple[DeliveredBeam, ...], ...]:
    in_order = sorted(rows, key=lambda row: (row.run, row.id))
    return tuple(
        tuple(read_beam_text(row.beam) for row in run)
        for _number, run in groupby(in_order, key=lambda row: row.run)
    )


def _cancellation(row: Row[Any]) -> Cancellation | None:
    if row.reason is None:
        return None
    code = Code(row.reason_code, "DCM", row.reason_meaning or "") if row.reason_code else None
    return Cancellation(code, row.reason)
