"""The events of a TMS as they leave, and those that wait for a receiver."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QCoreApplication

from tdwii_gui.dicom.iod import message_kind
from tdwii_gui.dicom.iod.ups_event import EventType
from tdwii_gui.ui import texts
from tdwii_gui.ui.models.history_rows import outcome_words, short_words, status_cell, status_tone
from tdwii_gui.ui.models.row_model import Column, RowModel
from tdwii_gui.ui.theme import Tone

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from datetime import datetime

    from tdwii_gui.actors.events import ExchangeMade
    from tdwii_gui.actors.tms import PendingEvent

_LIMIT: Final = 1000


@dataclass(frozen=True, slots=True, eq=False)
class EventRow:
    """An N-EVENT-REPORT that was sent, or could not be yet.

    Parameters
    ----------
    key : Hashable
        By which it is found.
    what : str
        The event, and the state that it reports.
    attempts : int
        How often its delivery failed; 0 for one that was sent.
    made : ExchangeMade or None
        The exchange; None while it waits.
    """

    key: Hashable
    at: datetime | None
    receiver: str
    what: str
    uid: str
    outcome: str
    tone: Tone | None
    milliseconds: float | None
    attempts: int = 0
    made: ExchangeMade | None = None

    @classmethod
    def sent(cls, number: int, made: ExchangeMade) -> EventRow:
        """Return the row of an event that has left."""
        exchange = made.exchange
        kind = message_kind.event_type(exchange)
        return cls(
            key=number,
            at=exchange.at,
            receiver=exchange.called_ae,
            what=exchange.detail or (kind.title if kind else ""),
            uid=exchange.sop_instance_uid,
            outcome=outcome_words(exchange.status, exchange.comment),
            tone=status_tone(exchange.status),
            milliseconds=exchange.milliseconds,
            made=made,
        )

    @classmethod
    def waiting(cls, number: int, event: PendingEvent) -> EventRow:
        """Return the row of an event whose receiver has not taken it yet; `number` is its place."""
        words = _tr("⚠ waiting, receiver cannot be reached")
        if event.last_error:
            words = f"{words}: {texts.plain(event.last_error)}"
        return cls(
            key=(event.receiving_ae, event.sop_instance_uid, event.event_type, number),
            at=event.since,
            receiver=event.receiving_ae,
            what=_title(event.event_type),
            uid=event.sop_instance_uid,
            outcome=words,
            tone=Tone.PROGRESS,
            milliseconds=None,
            attempts=event.attempts,
        )

    @property
    def is_waiting(self) -> bool:
        """Whether it has not left yet."""
        return self.made is None


def event_model(step_name: Callable[[str], str]) -> RowModel[EventRow]:
    """Return an empty model of events; the oldest leave it.

    Parameters
    ----------
    step_name : Callable
        Tells the patient of a step by its UID; asked whenever a cell is painted, for an event may
        leave before its step is in the worklist.
    """
    return RowModel(_columns(step_name), key=lambda row: row.key, limit=_LIMIT)


def _columns(step_name: Callable[[str], str]) -> list[Column[EventRow]]:
    return [
        Column(
            _tr("Time"),
            lambda row: texts.clock(row.at),
            # With the latest first, those that wait stand above all.
            key=lambda row: (row.is_waiting, row.at.timestamp() if row.at else 0.0),
            tooltip=lambda row: texts.tooltip(texts.moment(row.at)),
        ),
        Column(_tr("Receiver"), lambda row: texts.plain(row.receiver, 18)),
        Column(
            _tr("Event"),
            lambda row: texts.plain(short_words(row.what), 80),
            tooltip=lambda row: texts.tooltip(row.what),
            share=2,
        ),
        Column(
            _tr("Step"),
            lambda row: texts.plain(step_name(row.uid), 60),
            tooltip=lambda row: texts.tooltip(f"{step_name(row.uid)} – {row.uid}"),
            share=1,
        ),
        Column(
            _tr("Status"),
            lambda row: status_cell(row.tone, row.outcome, row.milliseconds),
            key=lambda row: row.milliseconds or 0.0,
            tooltip=lambda row: texts.tooltip(_outcome_in_full(row)),
            tone=lambda row: row.tone or Tone.DONE,
            share=1,
        ),
    ]


def _outcome_in_full(row: EventRow) -> str:
    if not row.attempts:
        return row.outcome
    return _tr("{0}; attempts so far: {1}").format(row.outcome, row.attempts)


def _title(event_type: int) -> str:
    return EventType(event_type).title if event_type in set(EventType) else str(event_type)


def _tr(text: str) -> str:
    return QCoreApplication.translate("Events", text)
