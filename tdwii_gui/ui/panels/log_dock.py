"""The log of a window: what its actor asked and answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QDockWidget, QWidget

from tdwii_gui.ui.models.log_rows import LogModel
from tdwii_gui.ui.panels.table import Table

if TYPE_CHECKING:
    from tdwii_gui.actors.events import ActorEvent


class LogDock(QDockWidget):
    """A dock with the newest line at the bottom, which it follows unless scrolled away."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("log_dock")
        self.setWindowTitle(self.tr("Log"))
        self.model = LogModel()
        self._table = Table(
            self.model,
            name="log",
            accessible_name=self.tr("Log of the exchanges"),
            empty=lambda: self.tr("Nothing was exchanged yet."),
        )
        self._table.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 8)
        self.setWidget(self._table)

    def hear(self, event: ActorEvent) -> None:
        """Add the line of an event, if it has one."""
        bar = self._table.verticalScrollBar()
        follows = bar.value() >= bar.maximum()
        self.model.hear(event)
        if follows and self.isVisible():
            self._table.scrollToBottom()
