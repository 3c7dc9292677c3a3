"""The chip that shows a step's state in the table of the PPVS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QPainter

from tdwii_gui.ui.models.row_model import ROW_ROLE
from tdwii_gui.ui.models.step_input_rows import StepInputRow
from tdwii_gui.ui.panels.progress_delegate import StateDelegate

if TYPE_CHECKING:
    from PySide6.QtCore import QModelIndex, QPersistentModelIndex
    from PySide6.QtWidgets import QStyleOptionViewItem


class StepStateDelegate(StateDelegate):
    """Paints the state of the worklist's row within a row."""

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        """Paint the cell, and the chip on it."""
        super().paint(painter, option, index)
        row = index.data(ROW_ROLE)
        if isinstance(row, StepInputRow):
            painter.save()
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self.paint_row(painter, option, row.step)
            painter.restore()
