"""The calendar of a course, painted: a row a week, with each fraction as a chip on its day."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QItemSelection, QPoint, QRect, QRectF, Qt, Signal, Slot
from PySide6.QtGui import QBrush, QColor, QFont, QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from tdwii_gui.ui.models.course_days import DayMark
from tdwii_gui.ui.models.day_words import TONES, entry_label
from tdwii_gui.ui.theme import Tone, current_theme

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

    from tdwii_gui.ui.models.calendar_model import CalendarModel
    from tdwii_gui.ui.models.course_days import DayEntry

_LEAST_ROW: Final = 44
_MOST_ROW: Final = 84
_CHIP: Final = 20
_PAD: Final = 6
_GAP: Final = 4
_RADIUS: Final = 6
_FAINT: Final = (DayMark.NEW, DayMark.LEFT)


class CourseCalendar(QTableView):
    """Shows a `CalendarModel`; arrow keys go from day to day.

    Signals
    -------
    day_chosen : date or None
        Another day is selected.
    """

    day_chosen = Signal(object)

    def __init__(self, model: CalendarModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._days = model
        self.setObjectName("course_calendar")
        self.setAccessibleName(self.tr("Calendar of the course"))
        self.setModel(model)
        model.setParent(self)
        self.setItemDelegate(_DayDelegate(model, self))
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setCornerButtonEnabled(False)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        for header in (self.horizontalHeader(), self.verticalHeader()):
            header.setSectionsClickable(False)
            header.setHighlightSections(False)
            header.setDefaultAlignment(Qt.AlignmentFlag.AlignCenter)
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        weeks = self.verticalHeader()
        weeks.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        weeks.setAccessibleName(self.tr("Weeks of the year"))
        self.selectionModel().selectionChanged.connect(self._on_selection_changed)
        model.modelReset.connect(self._on_reset)
        self._share_height()

    @property
    def chosen(self) -> date | None:
        """The day that is selected."""
        index = self.currentIndex()
        return self._days.day(index).date if index.isValid() else None

    def choose(self, day: date) -> None:
        """Select a day and bring it into sight."""
        index = self._days.index_of(day)
        if index.isValid():
            self.setCurrentIndex(index)
            self.scrollTo(index)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give the weeks the height that there is, within limits."""
        super().resizeEvent(event)
        self._share_height()

    def _share_height(self) -> None:
        weeks = max(1, self._days.days.weeks)
        height = min(max(self.viewport().height() // weeks, _LEAST_ROW), _MOST_ROW)
        self.verticalHeader().setDefaultSectionSize(height)

    @Slot()
    def _on_reset(self) -> None:
        self._share_height()
        self.day_chosen.emit(None)

    @Slot(QItemSelection, QItemSelection)
    def _on_selection_changed(self, _new: QItemSelection, _old: QItemSelection) -> None:
        self.day_chosen.emit(self.chosen)


class _DayDelegate(QStyledItemDelegate):
    """Paints a day: its number, the ground of weekend or holiday, and a chip for each fraction."""

    def __init__(self, model: CalendarModel, parent: QWidget) -> None:
        super().__init__(parent)
        self._model = model

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Any) -> None:
        """Paint a cell."""
        day = self._model.day(index)
        area: QRect = option.rect
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._ground(painter, area, day.date, option.state)
        left = self._number(painter, area, day.date, option.font)
        self._chips(painter, area, left, day.entries, option.font)
        painter.restore()

    def _ground(self, painter: QPainter, area: QRect, day: date, state: QStyle.StateFlag) -> None:
        theme = current_theme()
        is_holiday = self._model.is_holiday(day)
        if is_holiday or self._model.is_weekend(day):
            painter.fillRect(area, QColor(theme.ground))
        if is_holiday:
            # Lines besides the colour: a holiday is not told by colour alone.
            painter.fillRect(area, QBrush(QColor(theme.line), Qt.BrushStyle.BDiagPattern))
        painter.setPen(QColor(theme.line))
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        if day.day <= 7 and not (day.weekday() == 0 and day.day == 1):
            # A thicker line between two months.
            painter.setPen(QPen(QColor(theme.muted), 1))
            painter.drawLine(area.topLeft() - QPoint(0, 1), area.topRight() - QPoint(0, 1))
            if day.day == 1:
                painter.drawLine(area.topLeft(), area.bottomLeft())
        if state & QStyle.StateFlag.State_Selected:
            painter.setPen(QPen(QColor(theme.accent), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(area).adjusted(2, 2, -2, -2), _RADIUS, _RADIUS)

    def _number(self, painter: QPainter, area: QRect, day: date, font: QFont) -> int:
        """Paint the number of the day, the month with its first; return where it ends."""
        theme, is_today = current_theme(), day == date.today()
        words = f"{day.day} {day:%b}" if day.day == 1 else str(day.day)
        own = QFont(font)
        own.setPixelSize(12)
        own.setWeight(QFont.Weight.Bold if is_today or day.day == 1 else QFont.Weight.Normal)
        painter.setFont(own)
        metrics = QFontMetrics(own)
        width = metrics.horizontalAdvance(words)
        base = area.top() + _PAD + metrics.ascent()
        left = area.left() + _PAD + 2
        if is_today:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(theme.accent))
            pill = QRectF(left - 5, base - metrics.ascent() - 2, width + 10, metrics.height() + 3)
            painter.drawRoundedRect(pill, _RADIUS, _RADIUS)
        painter.setPen(QColor(theme.on_accent if is_today else theme.muted))
        painter.drawText(left, base, words)
        return left + width + 2 * _PAD

    def _chips(
        self,
        painter: QPainter,
        area: QRect,
        left: int,
        entries: tuple[DayEntry, ...],
        font: QFont,
    ) -> None:
        """Paint fractions beside the number, where there are many below it too."""
        own = QFont(font)
        own.setPixelSize(12)
        own.setWeight(QFont.Weight.DemiBold)
        painter.setFont(own)
        metrics = QFontMetrics(own)
        x, y = left, area.top() + _PAD - 2
        for number, entry in enumerate(entries):
            label = entry_label(entry, with_group=self._model.with_group)
            width = metrics.horizontalAdvance(label) + 12
            if x + width > area.right() - _GAP and x > area.left() + _PAD:
                x, y = area.left() + _PAD, y + _CHIP + _GAP
            if y + _CHIP > area.bottom():
                painter.setPen(QColor(current_theme().muted))
                more = f"+{len(entries) - number}"
                painter.drawText(area.right() - 24, area.bottom() - 4, more)
                return
            _paint_chip(painter, QRectF(x, y, width, _CHIP), label, entry.mark)
            x += width + _GAP


def _paint_chip(painter: QPainter, place: QRectF, label: str, mark: DayMark) -> None:
    theme, tone = current_theme(), TONES[mark]
    is_faint = mark in _FAINT
    colour = QColor(theme.colour(tone))
    if is_faint or tone is Tone.FAULT:
        pen = QPen(colour, 1)
        pen.setStyle(Qt.PenStyle.DashLine if is_faint else Qt.PenStyle.SolidLine)
        painter.setPen(pen)
    else:
        painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(theme.card if is_faint else theme.tint(tone)))
    painter.drawRoundedRect(place.adjusted(0.5, 0.5, -0.5, -0.5), _CHIP / 2, _CHIP / 2)
    painter.setPen(colour)
    painter.drawText(place, int(Qt.AlignmentFlag.AlignCenter), label)
