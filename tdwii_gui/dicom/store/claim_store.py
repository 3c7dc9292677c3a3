"""The steps that a performer has claimed, with their Transaction UIDs, across a crash."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import Column, MetaData, String, Table, delete, insert, select

from tdwii_gui.dicom.store.database import open_database

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Row

_METADATA = MetaData()
_CLAIMS = Table(
    "claims",
    _METADATA,
    Column("sop_instance_uid", String(64), primary_key=True),
    Column("transaction_uid", String(64), nullable=False),
    Column("tms_ae_title", String(16), nullable=False),
    Column("claimed_at", String(32), nullable=False),
)


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim on a Unified Procedure Step.

    Parameters
    ----------
    sop_instance_uid : str
        The step.
    transaction_uid : str
        The lock that the performer holds (PS3.4 CC.1.1); a secret between it and the TMS.
    tms_ae_title : str
        The TMS that manages the step.
    claimed_at : datetime
        When the claim was made, aware.
    """

    sop_instance_uid: str
    transaction_uid: str
    tms_ae_title: str
    claimed_at: datetime


class ClaimStore:
    """Keeps claims in a database file; a claim is on the disk when `add` returns.

    A claim is written before it is sent: if the answer is lost, it can be repeated with the same
    Transaction UID.
    """

    def __init__(self, path: Path) -> None:
        self._engine = open_database(path)
        _METADATA.create_all(self._engine)

    def add(self, sop_instance_uid: str, transaction_uid: str, tms_ae_title: str) -> Claim:
        """Keep a claim, in the place of an earlier one on the same step."""
        claim = Claim(sop_instance_uid, transaction_uid, tms_ae_title, datetime.now(UTC))
        with self._engine.begin() as connection:
            connection.execute(
                delete(_CLAIMS).where(_CLAIMS.c.sop_instance_uid == sop_instance_uid)
            )
            connection.execute(
                insert(_CLAIMS).values(
                    sop_instance_uid=claim.sop_instance_uid,
                    transaction_uid=claim.transaction_uid,
                    tms_ae_title=claim.tms_ae_title,
                    claimed_at=claim.claimed_at.isoformat(),
                )
            )
        return claim

    def get(self, sop_instance_uid: str) -> Claim | None:
        """Return the claim on a step, or None."""
        with self._engine.connect() as connection:
            row = connection.execute(
                select(_CLAIMS).where(_CLAIMS.c.sop_instance_uid == sop_instance_uid)
            ).one_or_none()
        return _claim(row) if row else None

    def all(self) -> list[Claim]:
        """Return all claims, the oldest first."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(_CLAIMS).order_by(_CLAIMS.c.claimed_at)).all()
        return [_claim(row) for row in rows]

    def remove(self, sop_instance_uid: str) -> None:
        """Forget the claim on a step, because the step is final or was never ours."""
        with self._engine.begin() as connection:
            connection.execute(
                delete(_CLAIMS).where(_CLAIMS.c.sop_instance_uid == sop_instance_uid)
            )

    def close(self) -> None:
        """Close the database."""
        self._engine.dispose()


def _claim(row: Row[tuple[str, str, str, str]]) -> Claim:
    return Claim(
        row.sop_instance_uid,
        row.transaction_uid,
        row.tms_ae_title,
        datetime.fromisoformat(row.claimed_at),
    )
