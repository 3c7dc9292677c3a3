"""Associations with peers as rows, with the rates that follow from two looks at them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from tdwii_gui.ui import texts
from tdwii_gui.ui.models.row_model import Column, RowModel
from tdwii_gui.ui.theme import Tone

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from tdwii_gui.actors.events import AssociationInfo

_MEGABYTE = 1e6
_SHORTEST_SECONDS = 0.2
"""Rates over less than that say nothing."""
ENDED_KEPT = 30
"""How many associations that have brought objects stay to be seen after their end."""

Key = tuple[str, str, int, float]


@dataclass(frozen=True, slots=True)
class AssociationRow:
    """An association as it was last seen.

    Parameters
    ----------
    rate : float or None
        MB per second: lately while it is open, on the whole when it has ended.
    seen : datetime
        When its objects were counted for the rate.
    seen_bytes : int
        How many bytes had come by then.
    """

    calling_ae: str
    host: str
    port: int
    since: datetime
    objects: int
    octets: int
    rate: float | None
    seen: datetime
    seen_bytes: int
    is_open: bool = True

    @property
    def key(self) -> Key:
        """What tells it from all others."""
        return (self.calling_ae, self.host, self.port, self.since.timestamp())


def next_rows(
    before: Iterable[AssociationRow], associations: Iterable[AssociationInfo], now: datetime
) -> list[AssociationRow]:
    """Return the rows after another look; those that ended without any object are left out."""
    known = {row.key: row for row in before}
    rows = [_seen(known, association, now) for association in associations]
    current = {row.key for row in rows}
    gone = [row for row in known.values() if row.key not in current and row.objects]
    ended = [_ended(row, now) for row in gone]
    return [*ended[-ENDED_KEPT:], *rows]


def _seen(
    known: dict[Key, AssociationRow], association: AssociationInfo, now: datetime
) -> AssociationRow:
    row = AssociationRow(
        calling_ae=association.calling_ae,
        host=association.host,
        port=association.port,
        since=association.since,
        objects=association.received_objects,
        octets=association.received_bytes,
        rate=None,
        seen=association.since,
        seen_bytes=0,
    )
    last = known.get(row.key, row)
    seconds = (now - last.seen).total_seconds()
    if seconds < _SHORTEST_SECONDS:
        return replace(row, rate=last.rate, seen=last.seen, seen_bytes=last.seen_bytes)
    rate = _rate(row.octets - last.seen_bytes, seconds)
    return replace(row, rate=rate, seen=now, seen_bytes=row.octets)


def _ended(row: AssociationRow, now: datetime) -> AssociationRow:
    if not row.is_open:
        return row
    seconds = (now - row.since).total_seconds()
    return replace(row, rate=_rate(row.octets, seconds), is_open=False)


def _rate(octets: int, seconds: float) -> float | None:
    return octets / _MEGABYTE / seconds if seconds > 0 else None


def association_model() -> RowModel[AssociationRow]:
    """Return an empty model of associations."""
    columns: list[Column[AssociationRow]] = [
        Column(_tr("State"), _state, tone=_tone),
        Column(
            _tr("Calling AE"),
            lambda row: texts.plain(row.calling_ae, 16),
            tooltip=lambda row: texts.tooltip(row.calling_ae),
            share=1,
        ),
        Column(_tr("Address"), lambda row: texts.plain(f"{row.host}:{row.port}"), share=1),
        Column(
            _tr("Since"),
            lambda row: texts.clock(row.since)[:8],
            key=lambda row: row.since,
            tooltip=lambda row: texts.tooltip(texts.moment(row.since)),
        ),
        Column(
            _tr("Objects"),
            lambda row: str(row.objects),
            key=lambda row: row.objects,
            right=True,
        ),
        Column(
            _tr("MB"),
            lambda row: texts.number(row.octets / _MEGABYTE),
            key=lambda row: row.octets,
            right=True,
        ),
        Column(
            _tr("MB/s"),
            lambda row: texts.number(row.rate),
            key=lambda row: -1.0 if row.rate is None else row.rate,
            right=True,
        ),
    ]
    return RowModel(columns, key=lambda row: row.key)


def _state(row: AssociationRow) -> str:
    return "▶ " + _tr("Open") if row.is_open else "✓ " + _tr("Ended")


def _tone(row: AssociationRow) -> Tone:
    return Tone.PROGRESS if row.is_open else Tone.NEUTRAL


def _tr(text: str) -> str:
    return QCoreApplication.translate("Associations", text)
