"""Paints the rows of a table at one go.

Left to itself, Qt asks a model for eight values of each cell, one call after the other. Each call,
and each small object of Qt that is made or dropped, lets the threads of the network pass first:
while data arrived, a picture took ten times as long. So there are few of them here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from tdwii_gui.ui.theme import current_theme

if TYPE_CHECKING:
    from tdwii_gui.ui.models.row_model import Column
    from tdwii_gui.ui.panels.table import Table
    from tdwii_gui.ui.theme import Tone

PADDING: Final = 11
"""Left and right of a cell's text."""

_LINE: Final = 1


class CellDelegate(QStyledItemDelegate):
    """Paints something else in the cells of a column than their text."""

    def cell_width(self, metrics: QFontMetrics) -> int:
        """Return how wide a cell should be."""
        raise NotImplementedError

    def paint_cell(self, painter: QPainter, option: QStyleOptionViewItem, row: Any) -> None:
        """Paint what a cell shows; the painter smooths edges."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class _Place:
    """A column on the screen, and what paints its cells if not their text."""

    left: int
    width: int
    column: Column[Any]
    delegate: CellDelegate | None


class RowPainter:
    """Paints the rows of a table that are in an area of its viewport."""

    def __init__(self, table: Table, painter: QPainter, area: QRect) -> None:
        self._table = table
        self._painter = painter
        self._area = area
        self._metrics = table.fontMetrics()
        self._rise = self._metrics.ascent() - self._metrics.descent()
        theme = current_theme()
        self._theme = theme
        self._text, self._line = QColor(theme.text), QColor(theme.line)
        self._chosen = QColor(theme.accent_tint)
        self._tones: dict[Tone, QColor] = {}
        self._places = self._columns()
        self._selected = table.selected_numbers()

    def paint(self) -> None:
        """Paint."""
        table, area = self._table, self._area
        first, last = table.rowAt(area.top()), table.rowAt(area.bottom())
        if first < 0 or not self._places:
            return
        self._painter.setFont(table.font())
        rows = table.rows.rows_between(first, last + 1 if last >= 0 else None)
        for number, row in enumerate(rows, start=first):
            top, height = table.rowViewportPosition(number), table.rowHeight(number)
            self._paint_row(row, top, height - _LINE, number in self._selected)

    def _columns(self) -> list[_Place]:
        table, area = self._table, self._area
        places = []
        for number, column in enumerate(table.rows.columns):
            left, width = table.columnViewportPosition(number), table.columnWidth(number)
            if width > 0 and left <= area.right() and left + width > area.left():
                places.append(_Place(left, width, column, table.cell_delegate(number)))
        return places

    def _paint_row(self, row: Any, top: int, height: int, is_selected: bool) -> None:
        painter, left = self._painter, self._places[0].left
        width = self._places[-1].left + self._places[-1].width - left
        if is_selected:
            painter.fillRect(left, top, width, height, self._chosen)
        tint = self._table.tint(row)
        if tint is not None:
            painter.fillRect(left, top, width, height, tint)
        painter.fillRect(left, top + height, width, _LINE, self._line)
        for place in self._places:
            if place.delegate is not None:
                area = QRect(place.left, top, place.width, height)
                self._paint_special(place.delegate, area, row, is_selected)
                continue
            text = place.column.text(row)
            if text:
                painter.setPen(self._text if is_selected else self._colour(place.column, row))
                self._paint_text(text, place, top + (height + self._rise) // 2)

    def _paint_text(self, text: str, place: _Place, base: int) -> None:
        room = place.width - 2 * PADDING
        width = self._metrics.horizontalAdvance(text)
        if width > room:
            text = self._metrics.elidedText(text, Qt.TextElideMode.ElideRight, room)
            width = room
        left = place.left + PADDING + (room - width if place.column.right else 0)
        # To a point: text in a rectangle lets the threads of the network pass.
        self._painter.drawText(left, base, text)

    def _colour(self, column: Column[Any], row: Any) -> QColor:
        tone = column.tone(row) if column.tone else None
        if tone is None:
            return self._text
        colour = self._tones.get(tone)
        if colour is None:
            colour = self._tones[tone] = QColor(self._theme.colour(tone))
        return colour

    def _paint_special(
        self, delegate: CellDelegate, area: QRect, row: Any, is_selected: bool
    ) -> None:
        option = QStyleOptionViewItem()
        option.rect = area
        option.fontMetrics = self._metrics
        if is_selected:
            option.state |= QStyle.StateFlag.State_Selected
        self._painter.save()
        self._painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        delegate.paint_cell(self._painter, option, row)
        self._painter.restore()
