"""The chip that shows a step's state in the table of the PPVS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tdwii_gui.ui.models.row_model import ROW_ROLE
from tdwii_gui.ui.models.step_input_rows import StepInputRow
from tdwii_gui.ui.panels.progress_delegate import StateDelegate

if TYPE_CHECKING:
    from PySide6.QtCore import QModelIndex, QPersistentModelIndex

    from tdwii_gui.ui.models.worklist import WorklistRow


class StepStateDelegate(StateDelegate):
    """Paints the state of the worklist's row within a row."""

    def step_row(self, index: QModelIndex | QPersistentModelIndex) -> WorklistRow | None:
        """Return the row of the worklist that a cell shows."""
        row = index.data(ROW_ROLE)
        return row.step if isinstance(row, StepInputRow) else None
