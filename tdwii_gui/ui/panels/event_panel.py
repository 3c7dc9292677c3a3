"""The events of a TMS as they leave, with those that wait for their receiver."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from tdwii_gui.ui import texts
from tdwii_gui.ui.models.event_rows import EventRow, event_model
from tdwii_gui.ui.panels.labels import muted
from tdwii_gui.ui.panels.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tdwii_gui.actors.events import ExchangeMade
    from tdwii_gui.actors.tms import PendingEvent

_WAITING_SHOWN: Final = 300


class EventPanel(QWidget):
    """A table of N-EVENT-REPORTs, the latest first.

    Parameters
    ----------
    step_name : Callable
        Tells the patient of a step by its UID.

    Attributes
    ----------
    summary : QLabel
        How many were sent and how many wait, for the panel's frame.
    last : dict
        The last event to each receiver.

    Signals
    -------
    step_wanted : str
        The step of an event is to be shown.
    """

    step_wanted = Signal(str)

    def __init__(self, step_name: Callable[[str], str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = event_model(step_name)
        self._number = 0
        self._sent = 0
        self._waiting: dict[object, EventRow] = {}
        self.last: dict[str, EventRow] = {}
        self._table = Table(
            self._model,
            name="events",
            accessible_name=self.tr("Events as they leave"),
            empty=self._empty_words,
        )
        self._table.sortByColumn(0, Qt.SortOrder.DescendingOrder)
        self._table.activated_row.connect(self._on_activated)
        self.summary = muted()
        self.summary.setObjectName("events_summary")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 6, 0, 0)
        layout.addWidget(self._table)
        self._show_summary()

    def add_sent(self, made: ExchangeMade) -> None:
        """Show an event that was sent."""
        self._number += 1
        self._sent += 1
        row = EventRow.sent(self._number, made)
        if row.receiver not in self.last:
            QTimer.singleShot(0, self._table, self._table.fit_columns)
        self.last[row.receiver] = row
        self._model.put(row)
        self._show_summary()

    def show_waiting(self, events: Sequence[PendingEvent]) -> None:
        """Show the events whose delivery has failed so far; others are on their way."""
        failed = [event for event in events if event.attempts or event.last_error]
        wanted: dict[object, EventRow] = {}
        alike: Counter[object] = Counter()
        for event in failed[:_WAITING_SHOWN]:
            same = (event.receiving_ae, event.sop_instance_uid, event.event_type)
            row = EventRow.waiting(alike[same], event)
            alike[same] += 1
            wanted[row.key] = row
        for key in self._waiting.keys() - wanted.keys():
            self._model.remove(key)
        for key, row in wanted.items():
            known = self._waiting.get(key)
            if known is None or known.outcome != row.outcome or known.attempts != row.attempts:
                self._model.put(row)
        self._waiting = wanted
        self._show_summary(len(failed))

    def repaint_steps(self) -> None:
        """Show the steps by names that are known meanwhile."""
        self._table.viewport().update()

    def _show_summary(self, waiting: int | None = None) -> None:
        number = len(self._waiting) if waiting is None else waiting
        said = [self.tr("{0} sent").format(self._sent)]
        if number:
            away = sorted({row.receiver for row in self._waiting.values()})
            names = ", ".join(texts.plain(name, 18) for name in away[:2])
            more = " …" if len(away) > 2 else ""
            told = self.tr("⚠ {0} waiting, {1} cannot be reached")
            said.append(told.format(number, names + more))
        self.summary.setText(" · ".join(said))

    def _on_activated(self, row: EventRow | None) -> None:
        if row is not None:
            self.step_wanted.emit(row.uid)

    def _empty_words(self) -> str:
        return self.tr(
            "No event has left since this window was opened.\n"
            "Events go to subscribers, at every change of a step."
        )
