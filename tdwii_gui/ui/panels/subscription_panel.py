"""Who is subscribed to the events of a TMS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QVBoxLayout, QWidget

from tdwii_gui.ui.models.subscription_rows import SubscriptionRow, subscription_model
from tdwii_gui.ui.panels.table import Table

if TYPE_CHECKING:
    from collections.abc import Sequence


class SubscriptionPanel(QWidget):
    """A table of subscriptions, with the last delivery to each receiver."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = subscription_model()
        table = Table(
            self._model,
            name="subscriptions",
            accessible_name=self.tr("Subscriptions"),
            empty=self._empty_words,
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 6, 0, 0)
        layout.addWidget(table)

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

    def _empty_words(self) -> str:
        return self.tr(
            "Nobody is subscribed: no system is told about changes.\n"
            "A PPVS or TDD subscribes by N-ACTION, in its own window."
        )
