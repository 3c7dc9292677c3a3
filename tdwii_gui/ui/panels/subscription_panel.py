"""Who is subscribed to the events of a TMS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from tdwii_gui.ui import texts
from tdwii_gui.ui.models.subscription_rows import SubscriptionRow, subscription_model
from tdwii_gui.ui.panels.table import Table

if TYPE_CHECKING:
    from collections.abc import Sequence


class SubscriptionPanel(QWidget):
    """A table of subscriptions, with the last delivery to each receiver.

    Attributes
    ----------
    subscribe, unsubscribe : QPushButton
        For the panel's frame.

    Signals
    -------
    subscribe_asked
        A system is to be subscribed.
    unsubscribe_asked : SubscriptionRow
        A subscription is to end.
    """

    subscribe_asked = Signal()
    unsubscribe_asked = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = subscription_model()
        self._table = Table(
            self._model,
            name="subscriptions",
            accessible_name=self.tr("Subscriptions"),
            empty=self._empty_words,
        )
        self._table.chosen.connect(self._show_actions)
        self.subscribe = QPushButton(self.tr("S&ubscribe…"))
        self.subscribe.setObjectName("subscribe")
        self.subscribe.setToolTip(
            texts.tooltip(self.tr("Has a system told of changes, as its own N-ACTION would"))
        )
        self.subscribe.clicked.connect(self.subscribe_asked)
        self.unsubscribe = QPushButton(self.tr("U&nsubscribe…"))
        self.unsubscribe.setObjectName("unsubscribe")
        self.unsubscribe.clicked.connect(self._on_unsubscribe)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 6, 0, 0)
        layout.addWidget(self._table)
        self._show_actions()

    def show_rows(self, rows: Sequence[SubscriptionRow]) -> None:
        """Show the subscriptions as they are now."""
        model = self._model
        before = {(row.receiver, row.sop_instance_uid, row.scope) for row in model.all_rows}
        after = {(row.receiver, row.sop_instance_uid, row.scope) for row in rows}
        for key in before - after:
            model.remove(key)
        for row in rows:
            if model.row_of((row.receiver, row.sop_instance_uid, row.scope)) != row:
                model.put(row)
        if before != after:
            self._table.fit_columns()
        self._show_actions()

    @Slot()
    def _show_actions(self) -> None:
        is_chosen = self._table.selected() is not None
        self.unsubscribe.setEnabled(is_chosen)
        told = self.tr("Ends the selected subscription and releases its deletion locks")
        why = self.tr("Select a subscription first")
        self.unsubscribe.setToolTip(texts.tooltip(told if is_chosen else why))

    @Slot()
    def _on_unsubscribe(self) -> None:
        row = self._table.selected()
        if row is not None:
            self.unsubscribe_asked.emit(row)

    def _empty_words(self) -> str:
        return self.tr(
            "Nobody is subscribed: no system is told about changes.\n"
            "A PPVS or TDD subscribes by N-ACTION, in its own window."
        )
