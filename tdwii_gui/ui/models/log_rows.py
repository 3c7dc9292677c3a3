"""Rows of the log: what this actor asked and answered, and what went wrong."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from tdwii_gui.actors.events import ExchangeMade, Listening, Stopped, TaskFailed
from tdwii_gui.dicom.status import is_failure, status_words
from tdwii_gui.ui import texts
from tdwii_gui.ui.models.row_model import Column, RowModel
from tdwii_gui.ui.theme import Tone

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tdwii_gui.actors.events import ActorEvent

KEPT = 5000
"""How many lines are kept."""


@dataclass(frozen=True, slots=True)
class LogRow:
    """A line of the log."""

    number: int
    at: datetime
    transaction: str
    peer: str
    message: str
    outcome: str
    milliseconds: float | None
    failed: bool


class LogModel(RowModel[LogRow]):
    """The last 5,000 lines."""

    def __init__(self) -> None:
        self._numbers: Iterator[int] = count()
        super().__init__(_columns(), key=lambda row: row.number, limit=KEPT)

    def line(self, event: ActorEvent) -> LogRow | None:
        """Return the line of an event, if it has one."""
        match event:
            case ExchangeMade():
                return self._of_exchange(event)
            case TaskFailed():
                return self._of_text(event.task, str(event.error), failed=True)
            case Listening():
                text = self.tr("listening on {0}:{1}").format(event.host, event.port)
                return self._of_text("", text)
            case Stopped():
                return self._of_text("", self.tr("stopped"))
            case _:
                return None

    def add(self, lines: Sequence[LogRow]) -> None:
        """Add many lines at once."""
        self.replace_all([*self.all_rows, *lines][-KEPT:])

    def _of_exchange(self, event: ExchangeMade) -> LogRow:
        exchange = event.exchange
        asked = exchange.role == "scu"
        arrow = "→ {0}" if asked else "← {0}"
        peer = exchange.called_ae if asked else exchange.calling_ae
        if exchange.status is None:
            words = self.tr("no answer")
        else:
            words = f"{status_words(exchange.status)} ({exchange.status:04X})"
        outcome = ", ".join(filter(None, (words, exchange.detail, exchange.comment)))
        return LogRow(
            next(self._numbers),
            exchange.at,
            event.transaction,
            arrow.format(texts.plain(peer)),
            exchange.message,
            texts.plain(outcome),
            exchange.milliseconds,
            exchange.status is None or is_failure(exchange.status),
        )

    def _of_text(self, message: str, outcome: str, *, failed: bool = False) -> LogRow:
        now = datetime.now().astimezone()
        shown = texts.plain(outcome)
        return LogRow(next(self._numbers), now, "", "", message, shown, None, failed)


def _columns() -> list[Column[LogRow]]:
    def tr(text: str) -> str:
        return QCoreApplication.translate("LogModel", text)

    return [
        Column(tr("Time"), lambda row: texts.clock(row.at), key=lambda row: row.at),
        Column(tr("RO"), lambda row: row.transaction),
        Column(tr("Peer"), lambda row: row.peer),
        Column(tr("Message"), lambda row: row.message),
        Column(
            tr("Outcome"),
            lambda row: f"✕ {row.outcome}" if row.failed else row.outcome,
            tooltip=lambda row: texts.tooltip(row.outcome),
            tone=lambda row: Tone.FAULT if row.failed else None,
            share=1,
        ),
        Column(
            tr("ms"),
            lambda row: texts.number(row.milliseconds),
            key=lambda row: row.milliseconds or 0.0,
            right=True,
        ),
    ]
