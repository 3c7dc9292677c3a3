"""Who has asked the archive to keep what safely, and what it could not promise."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QSplitter, QWidget

from tdwii_gui.ui.models.commitment_rows import commitment_model, failures
from tdwii_gui.ui.models.failure_rows import failure_model
from tdwii_gui.ui.panels.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tdwii_gui.dicom.iod.commitment import Commitment


class CommitmentsPanel(QSplitter):
    """Requests, the newest first, and the instances of the selected one that are not safe."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.model = commitment_model()
        self._failures = failure_model()
        self.table = Table(
            self.model,
            name="commitments",
            accessible_name=self.tr("Storage commitment requests"),
            empty=lambda: self.tr("Nobody has asked for storage commitment."),
        )
        self.table.sortByColumn(0, Qt.SortOrder.DescendingOrder)
        self.table.chosen.connect(self._on_chosen)
        self._failed = Table(
            self._failures,
            name="uncommitted",
            accessible_name=self.tr("What is not committed to"),
            empty=lambda: self.tr("All of it is safe."),
        )
        self.addWidget(self.table)
        self.addWidget(self._failed)
        self.setChildrenCollapsible(False)
        self._failed.hide()

    def show_commitments(self, commitments: Iterable[Commitment]) -> None:
        """Show these, and no others."""
        self.model.update(commitments)
        self.table.fit_columns()

    def put(self, commitment: Commitment) -> None:
        """Show a request that is new, or further."""
        self.model.put(commitment)
        self._on_chosen(self.table.selected())

    @Slot(object)
    def _on_chosen(self, commitment: Commitment | None) -> None:
        self._failures.replace_all(failures(commitment) if commitment else ())
        self._failed.setVisible(bool(self._failures.total))
