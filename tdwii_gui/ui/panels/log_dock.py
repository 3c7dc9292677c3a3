"""The log of a window: what its actor asked and answered."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QDockWidget, QWidget

from tdwii_gui.ui.models.log_rows import KEPT, LogModel, LogRow
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
        self._unseen: deque[LogRow] = deque(maxlen=KEPT)
        self.visibilityChanged.connect(self._on_visibility)

    def hear(self, event: ActorEvent) -> None:
        """Add the line of an event, if it has one; what nobody sees is put together later."""
        line = self.model.line(event)
        if line is None:
            return
        if not self.isVisible():
            self._unseen.append(line)
            return
        bar = self._table.verticalScrollBar()
        follows = bar.value() >= bar.maximum()
        self.model.put(line)
        if follows:
            self._table.scrollToBottom()

    @Slot(bool)
    def _on_visibility(self, visible: bool) -> None:
        if visible and self._unseen:
            self.model.add(self._unseen)
            self._unseen.clear()
            self._table.scrollToBottom()
