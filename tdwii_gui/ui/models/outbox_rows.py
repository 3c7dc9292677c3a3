"""What waits in the outbox of a TMS, one row a receiver."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from tdwii_gui.dicom.iod.ups_event import EventType
from tdwii_gui.ui import texts
from tdwii_gui.ui.models.row_model import Column, RowModel
from tdwii_gui.ui.theme import Tone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from tdwii_gui.actors.tms import PendingEvent


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """The events that are due to a receiver.

    Parameters
    ----------
    receiver : str
        Its AE title.
    count : int
        How many events wait.
    since : datetime or None
        Since when it has not been reached; None while the first attempt is still to come.
    attempts : int
        How often the delivery of the oldest event has failed.
    event_type, uid : int, str
        The oldest event, and its step.
    error : str
        Why the last attempt failed.
    """

    receiver: str
    count: int
    since: datetime | None
    attempts: int
    event_type: int
    uid: str
    error: str

    @property
    def is_late(self) -> bool:
        """Whether an attempt has failed: others are on their way."""
        return bool(self.attempts or self.error)


def outbox_rows(events: Iterable[PendingEvent]) -> list[OutboxRow]:
    """Return a row for each receiver, of events in their order; any thread may do it."""
    first: dict[str, PendingEvent] = {}
    counts: dict[str, int] = {}
    for event in events:
        first.setdefault(event.receiving_ae, event)
        counts[event.receiving_ae] = counts.get(event.receiving_ae, 0) + 1
    return [
        OutboxRow(
            receiver=receiver,
            count=counts[receiver],
            since=event.since,
            attempts=event.attempts,
            event_type=event.event_type,
            uid=event.sop_instance_uid,
            error=event.last_error,
        )
        for receiver, event in sorted(first.items())
    ]


def outbox_model(step_name: Callable[[str], str]) -> RowModel[OutboxRow]:
    """Return an empty model of what waits; `step_name` tells the patient of a step."""
    columns: list[Column[OutboxRow]] = [
        Column(_tr("Receiver"), lambda row: texts.plain(row.receiver, 18)),
        Column(_tr("Waiting"), lambda row: str(row.count), key=lambda row: row.count, right=True),
        Column(
            _tr("Since"),
            lambda row: texts.clock(row.since).partition(".")[0] or _tr("now"),
            key=lambda row: row.since.timestamp() if row.since else 0.0,
            tooltip=lambda row: texts.tooltip(texts.moment(row.since)),
        ),
        Column(
            _tr("Tried"), lambda row: str(row.attempts), key=lambda row: row.attempts, right=True
        ),
        Column(
            _tr("Why"),
            lambda row: reason_words(row.receiver, row.error) if row.is_late else _tr("on its way"),
            tooltip=lambda row: texts.tooltip(row.error),
            tone=lambda row: Tone.FAULT if row.is_late else Tone.NEUTRAL,
            share=2,
        ),
        Column(
            _tr("Oldest event"),
            lambda row: f"{event_name(row.event_type)} · {texts.plain(step_name(row.uid), 60)}",
            tooltip=lambda row: texts.tooltip(f"{step_name(row.uid)} – {row.uid}"),
            share=1,
        ),
    ]
    return RowModel(columns, key=lambda row: row.receiver)


def reason_words(receiver: str, reason: str) -> str:
    """Return why a receiver was not reached, without its name and address at the beginning."""
    if reason.startswith(receiver):
        reason = reason.partition(": ")[2] or reason
    return texts.plain(reason)


def event_name(event_type: int) -> str:
    """Return the name of an event type without the words that all have."""
    if event_type not in set(EventType):
        return str(event_type)
    return EventType(event_type).title.removeprefix("UPS ").removesuffix(" Report")


def _tr(text: str) -> str:
    return QCoreApplication.translate("Outbox", text)
