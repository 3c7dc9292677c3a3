"""The structures over the images: each can be shown or not, and one stands out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QItemSelection, Qt, Signal, Slot
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QListView, QToolButton, QWidget

from tdwii_gui.ui import texts
from tdwii_gui.ui.models.structure_model import StructureModel
from tdwii_gui.ui.panels.card import Card
from tdwii_gui.ui.theme import current_theme
from tdwii_gui.ui.views.slice_painter import Shown

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PySide6.QtGui import QPaintEvent

    from tdwii_gui.dicom.iod.contours import Structure


class StructuresPanel(Card):
    """A list with a check box and a colour for each structure.

    Signals
    -------
    shown : Shown
        Other structures are to be drawn, or another one is to stand out.
    """

    shown = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.set_title(self.tr("Structures"))
        self._why_empty = self.tr("No structure set is here yet.")
        self.model = StructureModel(self)
        self.view = _StructureList(self.model, lambda: self._why_empty)
        self.view.setObjectName("structures")
        self.view.setAccessibleName(self.tr("Structures over the image"))
        self.view.setToolTip(
            texts.tooltip(
                self.tr("Space shows or hides the selected structure; it stands out in the image")
            )
        )
        self.body.addWidget(self.view, 1)
        self._all = self._button("show_all_structures", self.tr("A&ll"))
        self._none = self._button("hide_all_structures", self.tr("&None"))
        self._all.clicked.connect(lambda: self.model.set_all(is_shown=True))
        self._none.clicked.connect(lambda: self.model.set_all(is_shown=False))
        self.model.shown_changed.connect(self._tell)
        self.view.selectionModel().selectionChanged.connect(self._on_selection)
        self.show_structures((), self._why_empty)

    def show_structures(self, structures: Sequence[Structure], why_empty: str = "") -> None:
        """List the structures of another structure set; or say why there are none."""
        self._why_empty = why_empty
        self.model.replace_all(structures)
        for button in (self._all, self._none):
            button.setEnabled(bool(structures))
            button.setToolTip("" if structures else texts.tooltip(why_empty))
        self.view.viewport().update()

    def _button(self, name: str, text: str) -> QToolButton:
        button = QToolButton()
        button.setObjectName(name)
        button.setText(text)
        self.head.addWidget(button)
        return button

    @Slot(QItemSelection, QItemSelection)
    def _on_selection(self, _new: QItemSelection, _old: QItemSelection) -> None:
        self._tell()

    @Slot()
    def _tell(self) -> None:
        rows = self.view.selectionModel().selectedIndexes()
        current = self.model.structure(rows[0]) if rows else None
        self.shown.emit(Shown(self.model.shown, current.number if current else 0))


class _StructureList(QListView):
    """A list that says why it is empty."""

    def __init__(self, model: StructureModel, why_empty: Callable[[], str]) -> None:
        super().__init__()
        self._why_empty = why_empty
        self.setModel(model)
        self.setUniformItemSizes(True)
        self.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setMinimumHeight(60)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the rows, or why there are none."""
        super().paintEvent(event)
        if self.model().rowCount():
            return
        with QPainter(self.viewport()) as painter:
            painter.setPen(QColor(current_theme().muted))
            flags = int(Qt.AlignmentFlag.AlignCenter) | int(Qt.TextFlag.TextWordWrap)
            area = self.viewport().rect().adjusted(12, 4, -12, -4)
            painter.drawText(area, flags, self._why_empty())
