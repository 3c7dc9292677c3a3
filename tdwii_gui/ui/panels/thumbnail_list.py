"""Images as small pictures, in a strip or in rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QItemSelection, QModelIndex, QSignalBlocker, QSize, Qt, Signal, Slot
from PySide6.QtWidgets import QListView, QWidget

from tdwii_gui.ui.models.thumbnail_model import SIDE, ThumbnailModel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tdwii_gui.ui.models.thumbnail_model import Thumbnail

_PADDING: Final = 14


class ThumbnailList(QListView):
    """Small pictures with a title each; arrow keys go from one to the next.

    Parameters
    ----------
    in_strip : bool
        Whether they stand in one line that scrolls sideways; else in as many as they need.

    Signals
    -------
    chosen : str
        The SOP Instance UID of the picture that was selected.
    opened : str
        That of one that was double-clicked, or Enter pressed on it.
    """

    chosen = Signal(str)
    opened = Signal(str)

    def __init__(
        self,
        model: ThumbnailModel,
        *,
        name: str,
        accessible_name: str,
        in_strip: bool,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._thumbnails = model
        model.setParent(self)
        self.setObjectName(name)
        self.setProperty("thumbnails", True)
        self.setAccessibleName(accessible_name)
        self.setModel(model)
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setMovement(QListView.Movement.Static)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setUniformItemSizes(True)
        self.setWrapping(not in_strip)
        self.setIconSize(QSize(SIDE, SIDE))
        line = self.fontMetrics().lineSpacing()
        width = SIDE + _PADDING if in_strip else SIDE + 5 * _PADDING
        self.setGridSize(QSize(width, SIDE + line + _PADDING))
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        if in_strip:
            bar = self.horizontalScrollBar().sizeHint().height()
            self.setFixedHeight(self.gridSize().height() + bar)
            self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.selectionModel().selectionChanged.connect(self._on_selection)
        self.activated.connect(self._on_activated)

    def show_images(self, rows: Sequence[Thumbnail]) -> None:
        """Show other images."""
        self._thumbnails.show_images(rows)

    def select(self, uid: str) -> None:
        """Select the picture of an image, without telling it, and bring it into sight."""
        index = self._thumbnails.index_of(uid)
        if index.isValid() and index != self.currentIndex():
            with QSignalBlocker(self):
                self.setCurrentIndex(index)
            self.scrollTo(index)

    @Slot(QItemSelection, QItemSelection)
    def _on_selection(self, _new: QItemSelection, _old: QItemSelection) -> None:
        rows = self.selectionModel().selectedIndexes()
        if rows:
            self.chosen.emit(self._thumbnails.rows[rows[0].row()].uid)

    @Slot(QModelIndex)
    def _on_activated(self, index: QModelIndex) -> None:
        self.opened.emit(self._thumbnails.rows[index.row()].uid)
