"""The outbox of a TMS: what waits for whom, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from tdwii_gui.ui import texts
from tdwii_gui.ui.models.outbox_rows import OutboxRow, outbox_model
from tdwii_gui.ui.panels.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class OutboxPanel(QWidget):
    """A table of receivers for whom events wait.

    Parameters
    ----------
    step_name : Callable
        Tells the patient of a step by its UID.

    Attributes
    ----------
    discard : QPushButton
        For the panel's frame.

    Signals
    -------
    discard_asked : str
        What waits for a receiver is to be dropped.
    step_wanted : str
        The step of an event is to be shown.
    """

    discard_asked = Signal(str)
    step_wanted = Signal(str)

    def __init__(self, step_name: Callable[[str], str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = outbox_model(step_name)
        self._table = Table(
            self._model,
            name="outbox",
            accessible_name=self.tr("Receivers for whom events wait"),
            empty=self._empty_words,
        )
        self._table.chosen.connect(self._show_action)
        self._table.activated_row.connect(self._on_activated)
        self.discard = QPushButton(self.tr("&Discard…"))
        self.discard.setObjectName("discard_events")
        self.discard.clicked.connect(self._on_discard)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 6, 0, 0)
        layout.addWidget(self._table)
        self._show_action()

    @property
    def waiting(self) -> int:
        """How many events wait, after an attempt that failed."""
        return sum(row.count for row in self._model.all_rows if row.is_late)

    def show_rows(self, rows: Sequence[OutboxRow]) -> None:
        """Show what waits now."""
        model = self._model
        wanted = {row.receiver for row in rows}
        for gone in [row.receiver for row in model.all_rows if row.receiver not in wanted]:
            model.remove(gone)
        is_new = False
        for row in rows:
            known = model.row_of(row.receiver)
            is_new |= known is None
            if known != row:
                model.put(row)
        if is_new:
            self._table.fit_columns()
        self._show_action()

    @Slot()
    def _show_action(self) -> None:
        is_chosen = self._table.selected() is not None
        self.discard.setEnabled(is_chosen)
        told = self.tr("Drops all that waits for the selected receiver; it stays subscribed")
        why = self.tr("Select a receiver first")
        self.discard.setToolTip(texts.tooltip(told if is_chosen else why))

    @Slot(object)
    def _on_activated(self, row: OutboxRow | None) -> None:
        if row is not None:
            self.step_wanted.emit(row.uid)

    @Slot()
    def _on_discard(self) -> None:
        row: OutboxRow | None = self._table.selected()
        if row is not None:
            self.discard_asked.emit(row.receiver)

    def _empty_words(self) -> str:
        return self.tr("Nothing waits: each event has reached its receiver.")
