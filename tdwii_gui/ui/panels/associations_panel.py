"""Who is connected, and how fast objects come."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QVBoxLayout, QWidget

from tdwii_gui.ui.models.association_rows import association_model, next_rows
from tdwii_gui.ui.panels.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tdwii_gui.actors.events import AssociationInfo


class AssociationsPanel(QWidget):
    """The associations in progress, and the last ones that brought objects."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = association_model()
        self.table = Table(
            self._model,
            name="associations",
            accessible_name=self.tr("Associations with peers"),
            empty=lambda: self.tr("Nobody is connected."),
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.table)

    @property
    def open_count(self) -> int:
        """How many associations are open; their rates change with time alone."""
        return sum(row.is_open for row in self._model.all_rows)

    def show_associations(self, associations: Iterable[AssociationInfo]) -> None:
        """Show those that are open now, with the rates since the last look."""
        before = self._model.all_rows
        rows = next_rows(before, associations, datetime.now().astimezone())
        kept = {row.key for row in rows}
        for row in before:
            if row.key not in kept:
                self._model.remove(row.key)
        for row in rows:
            self._model.put(row)
        if len(rows) != len(before):
            self.table.fit_columns()
