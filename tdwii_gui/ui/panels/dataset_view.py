"""The tree of a data set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTreeView, QWidget

from tdwii_gui.ui.models.dataset_model import DatasetModel

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_WIDEST = ("(0008,0005)", "Referenced Frame of Reference Sequence", "OB/OW")
_INDENTATION = 48


class DatasetView(QTreeView):
    """Shows a data set as tag, name, VR and value.

    Parameters
    ----------
    accessible_name : str
        What a screen reader says, translated.
    """

    def __init__(self, accessible_name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = DatasetModel()
        self.setModel(self._model)
        self.setAccessibleName(accessible_name)
        self.setUniformRowHeights(True)
        self.setAlternatingRowColors(False)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        header = self.header()
        header.setStretchLastSection(True)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        for section, widest in enumerate(_WIDEST):
            header.resizeSection(section, self.fontMetrics().horizontalAdvance(widest) + 24)
        header.resizeSection(0, header.sectionSize(0) + _INDENTATION)
        copy = QAction(self.tr("Copy value"), self)
        copy.setShortcut(QKeySequence.StandardKey.Copy)
        copy.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        copy.triggered.connect(self._on_copy)
        self.addAction(copy)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)

    def show_dataset(self, dataset: Dataset | None) -> None:
        """Show a data set, which nobody changes afterwards; None for none."""
        self._model.show_dataset(dataset)

    def _on_copy(self) -> None:
        node = self._model.node(self.currentIndex())
        QGuiApplication.clipboard().setText(node.whole or node.texts[3])
