"""The beams of a fraction group."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QVBoxLayout, QWidget

from tdwii_gui.ui.models.beam_rows import beam_model, left_out_text
from tdwii_gui.ui.panels.labels import muted
from tdwii_gui.ui.panels.table import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tdwii_gui.ui.models.beam_rows import BeamRow


class BeamTable(QWidget):
    """A table of beams; below it stands why beams are left out."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = beam_model()
        self.table = Table(
            self.model,
            name="beams",
            accessible_name=self.tr("Beams of the fraction group"),
            empty=lambda: self.tr("The fraction group has no beam."),
        )
        self._left_out = muted(wraps=True)
        self._left_out.setObjectName("left_out")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.table, 1)
        layout.addWidget(self._left_out)
        self._left_out.hide()

    def show_beams(self, rows: Sequence[BeamRow]) -> None:
        """Show the beams of a group."""
        self.model.replace_all(rows)
        reasons = [text for text in map(left_out_text, rows) if text]
        self._left_out.setText("\n".join(reasons))
        self._left_out.setVisible(bool(reasons))
