"""A table of rows, as all windows have it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import (
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QAction, QColor, QGuiApplication, QKeySequence, QPainter
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from tdwii_gui.ui.panels.row_painter import PADDING, CellDelegate, RowPainter
from tdwii_gui.ui.theme import current_theme

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from PySide6.QtCore import QEvent, QPersistentModelIndex
    from PySide6.QtGui import QPaintEvent, QResizeEvent

    from tdwii_gui.ui.models.row_model import RowModel

ROW_HEIGHT = 34
_LEAST_SHARE = 72
_MANY_ROWS = 50
_SPARE = 8


class Table(QTableView):
    """A table view of a `RowModel`: rows are chosen whole, copied as TSV, and sorted by the head.

    Parameters
    ----------
    model : RowModel
        What is shown.
    name : str
        Object name.
    accessible_name : str
        What a screen reader says, translated.
    empty : Callable[[], str]
        Says why there are no rows.

    Attributes
    ----------
    rows : RowModel
        The model.
    tint : Callable
        Gives the rows that stand out a colour to lie under their cells.

    Signals
    -------
    chosen : object
        Another row is selected, or None.
    activated_row : object
        A row was double-clicked, or Enter pressed on it.
    """

    chosen = Signal(object)
    activated_row = Signal(object)

    def __init__(
        self,
        model: RowModel[Any],
        *,
        name: str,
        accessible_name: str,
        empty: Callable[[], str],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.rows = model
        self.tint: Callable[[Any], QColor | None] = _no_tint
        self._empty = empty
        self.setObjectName(name)
        self.setAccessibleName(accessible_name)
        self.setModel(model)
        if model.parent() is None:
            model.setParent(self)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setCornerButtonEnabled(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        vertical = self.verticalHeader()
        vertical.setVisible(False)
        vertical.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        vertical.setDefaultSectionSize(max(ROW_HEIGHT, self.fontMetrics().height() + 14))
        horizontal = self.horizontalHeader()
        horizontal.setHighlightSections(False)
        horizontal.setSectionsClickable(True)
        horizontal.setMinimumSectionSize(40)
        # Widths follow the rows in sight: to measure 1,000 of them takes a quarter of a second.
        horizontal.setResizeContentsPrecision(0)
        horizontal.setSortIndicatorClearable(True)
        horizontal.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.setSortingEnabled(True)
        copy = QAction(self.tr("Copy"), self)
        copy.setShortcut(QKeySequence.StandardKey.Copy)
        copy.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        copy.triggered.connect(self.copy)
        self.addAction(copy)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        self.selectionModel().selectionChanged.connect(self._on_selection_changed)
        self.activated.connect(self._on_activated)
        model.modelReset.connect(self._on_reset)
        for signal in (model.modelReset, model.rowsInserted, model.rowsRemoved):
            signal.connect(self._on_count_changed)
        self.fit_columns()

    def selected(self) -> Any:
        """Return the selected row, of several that with the keyboard's focus; or None."""
        ranges = self._ranges()
        if not ranges:
            return None
        current = self.currentIndex()
        if any(current.row() in each for each in ranges):
            return self.rows.row(current)
        return self.rows.row(self.rows.index(ranges[0].start, 0))

    def selected_numbers(self) -> set[int]:
        """Return the places of all rows that are selected."""
        return {number for each in self._ranges() for number in each}

    def _ranges(self) -> list[range]:
        """Return the places that are selected: Qt makes an index of each of 10,000 rows slowly."""
        selection = self.selectionModel().selection()
        found = (selection.at(number) for number in range(selection.count()))
        return [range(each.top(), each.bottom() + 1) for each in found if each.isValid()]

    def select_key(self, key: Hashable) -> bool:
        """Select the row with a key; return whether it is shown."""
        index = self.rows.index_of(key)
        if index.isValid():
            self.selectRow(index.row())
            self.scrollTo(index)
        return index.isValid()

    def selectionCommand(
        self,
        index: QModelIndex | QPersistentModelIndex,
        event: QEvent | None = None,
    ) -> QItemSelectionModel.SelectionFlag:
        """Return what to select: what the program chooses, whatever keys are held meanwhile."""
        if event is None:
            flags = QItemSelectionModel.SelectionFlag
            return flags.ClearAndSelect | flags.Rows
        return super().selectionCommand(index, event)

    def copy(self) -> None:
        """Copy the selected rows, or all, with the heads, as tab-separated values."""
        every = self.rows.rows
        rows = [every[number] for number in sorted(self.selected_numbers())] or every
        lines = ["\t".join(column.title for column in self.rows.columns)]
        lines += ["\t".join(column.text(row) for column in self.rows.columns) for row in rows]
        QGuiApplication.clipboard().setText("\n".join(lines))

    def fit_columns(self) -> None:
        """Give each column its contents' width, or its share of what is left."""
        header = self.horizontalHeader()
        columns = self.rows.columns
        widths = [
            0 if column.share else max(self._content_width(n), header.sectionSizeHint(n))
            for n, column in enumerate(columns)
        ]
        shares = sum(column.share for column in columns)
        left = max(self.viewport().width() - sum(widths), _LEAST_SHARE * shares)
        for number, column in enumerate(columns):
            width = left * column.share // shares if column.share else widths[number]
            header.resizeSection(number, width)

    def sizeHintForColumn(self, column: int) -> int:
        """Return the width of a column's cells in sight."""
        return self._content_width(column)

    def cell_delegate(self, column: int) -> CellDelegate | None:
        """Return what paints the cells of a column, if not their text is painted."""
        delegate = self.itemDelegateForColumn(column)
        return delegate if isinstance(delegate, CellDelegate) else None

    def _content_width(self, number: int) -> int:
        metrics, delegate = self.fontMetrics(), self.cell_delegate(number)
        if delegate is not None:
            return delegate.cell_width(metrics)
        first, last = self.rowAt(0), self.rowAt(self.viewport().height())
        rows = self.rows.rows_between(max(first, 0), last + 1 if last >= 0 else _MANY_ROWS)
        texts = {self.rows.columns[number].text(row) for row in rows}
        return max(map(metrics.horizontalAdvance, texts), default=0) + 2 * PADDING + _SPARE

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Share the width anew."""
        super().resizeEvent(event)
        self.fit_columns()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the rows, or why there are none."""
        painter = QPainter(self.viewport())
        if self.rows.rowCount():
            RowPainter(self, painter, event.rect()).paint()
            painter.end()
            return
        painter.setPen(QColor(current_theme().muted))
        area = self.viewport().rect().adjusted(24, 12, -24, -12)
        flags = int(Qt.AlignmentFlag.AlignCenter) | int(Qt.TextFlag.TextWordWrap)
        painter.drawText(area, flags, self._empty())
        painter.end()

    @Slot(QItemSelection, QItemSelection)
    def _on_selection_changed(self, _new: QItemSelection, _old: QItemSelection) -> None:
        self.chosen.emit(self.selected())

    @Slot(QModelIndex)
    def _on_activated(self, index: QModelIndex) -> None:
        self.activated_row.emit(self.rows.row(index))

    @Slot()
    def _on_reset(self) -> None:
        self.fit_columns()
        self.chosen.emit(None)

    @Slot()
    def _on_count_changed(self) -> None:
        if self.rows.rowCount() <= 1:
            self.fit_columns()
        self.viewport().update()


def _no_tint(_row: Any) -> QColor | None:
    return None
