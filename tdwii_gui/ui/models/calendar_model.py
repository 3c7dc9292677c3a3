"""The calendar of a course as a table: a row a week, a column a weekday."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from tdwii_gui.ui import texts
from tdwii_gui.ui.models.course_days import WEEK, CourseDays, Day, course_days
from tdwii_gui.ui.models.day_words import day_words, entry_label, weekday_name

Index = QModelIndex | QPersistentModelIndex

_NO_INDEX = QModelIndex()
_SATURDAY: Final = 5


class CalendarModel(QAbstractTableModel):
    """Shows the days of a course, and which of them are holidays."""

    def __init__(self) -> None:
        super().__init__()
        self._days = course_days(date.today())
        self._holidays: frozenset[date] = frozenset()
        self._with_group = False

    @property
    def days(self) -> CourseDays:
        """What is shown."""
        return self._days

    @property
    def with_group(self) -> bool:
        """Whether a fraction is named with its fraction group."""
        return self._with_group

    def show_days(
        self, days: CourseDays, holidays: frozenset[date], *, with_group: bool = False
    ) -> None:
        """Show another course, or the same one as it is now."""
        is_alike = (days.first, days.weeks) == (self._days.first, self._days.weeks)
        if not is_alike:
            self.beginResetModel()
        self._days, self._holidays, self._with_group = days, holidays, with_group
        if not is_alike:
            self.endResetModel()
            return
        self.dataChanged.emit(self.index(0, 0), self.index(days.weeks - 1, WEEK - 1))

    def day(self, index: Index) -> Day:
        """Return the day of a cell."""
        return self._days.day(index.row(), index.column())

    def is_holiday(self, day: date) -> bool:
        """Whether nobody is treated on a day of the holidays."""
        return day in self._holidays

    @staticmethod
    def is_weekend(day: date) -> bool:
        """Whether a day is a Saturday or Sunday."""
        return day.weekday() >= _SATURDAY

    def index_of(self, day: date) -> QModelIndex:
        """Return the cell of a day; an invalid index for one that is not shown."""
        place = self._days.place(day)
        return self.index(*place) if place is not None else QModelIndex()

    def words(self, index: Index) -> str:
        """Return a day as a sentence."""
        day = self.day(index)
        return day_words(day, is_holiday=self.is_holiday(day.date), with_group=self._with_group)

    def rowCount(self, parent: Index = _NO_INDEX) -> int:
        """Return the number of weeks."""
        return 0 if parent.isValid() else self._days.weeks

    def columnCount(self, parent: Index = _NO_INDEX) -> int:
        """Return the number of weekdays."""
        return 0 if parent.isValid() else WEEK

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return the text of a day, its sentence as tooltip and for a screen reader."""
        if not index.isValid():
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            day = self.day(index)
            labels = [entry_label(each, with_group=self._with_group) for each in day.entries]
            return " ".join([str(day.date.day), *labels])
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self.words(index)
        if role == Qt.ItemDataRole.ToolTipRole:
            return texts.tooltip(self.words(index))
        return None

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        """Return the weekdays, and the ISO 8601 numbers of the weeks."""
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        if orientation == Qt.Orientation.Horizontal:
            return weekday_name(section)
        return str(self._days.day(section, 0).date.isocalendar().week)
