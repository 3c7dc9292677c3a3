"""A table model over plain frozen rows, sorted and filtered in Python."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor

from tdwii_gui.ui.theme import Tone, current_theme

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence

R = TypeVar("R")
Index = QModelIndex | QPersistentModelIndex

ROW_ROLE = Qt.ItemDataRole.UserRole
"""The row itself."""

_NO_INDEX = QModelIndex()
_MANY_SHIFTS: Final = 64
_DISPLAY: Final = int(Qt.ItemDataRole.DisplayRole)
_ACCESSIBLE: Final = int(Qt.ItemDataRole.AccessibleTextRole)
_ALIGNMENT: Final = int(Qt.ItemDataRole.TextAlignmentRole)
_FOREGROUND: Final = int(Qt.ItemDataRole.ForegroundRole)
_TOOLTIP: Final = int(Qt.ItemDataRole.ToolTipRole)
_ROLES: Final = frozenset({_DISPLAY, _ACCESSIBLE, _ALIGNMENT, _FOREGROUND, _TOOLTIP, int(ROW_ROLE)})
_LEFT: Final = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT: Final = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


@dataclass(frozen=True, slots=True)
class Column(Generic[R]):
    """A column of a table.

    Parameters
    ----------
    title : str
        The head, translated.
    text : Callable
        What a cell shows of its row; made plain already.
    key : Callable or None
        What the column is sorted by; None for the text.
    right : bool
        Whether numbers stand right-aligned.
    tooltip : Callable or None
        The exact value, as a tooltip that is made harmless already.
    tone : Callable or None
        The tone of the text; None (also of the callable) for the ordinary one.
    share : int
        The column's share of the table's width; 0 for as wide as its contents.
    """

    title: str
    text: Callable[[R], str]
    key: Callable[[R], Any] | None = None
    right: bool = False
    tooltip: Callable[[R], str] | None = None
    tone: Callable[[R], Tone | None] | None = None
    share: int = 0


class RowModel(QAbstractTableModel, Generic[R]):
    """Rows that are found by a key, in an order, of which some are shown.

    Parameters
    ----------
    columns : Sequence[Column]
        The columns.
    key : Callable
        Tells which rows are the same one at another time.
    limit : int
        The most rows that are kept: the oldest goes; 0 for no limit.
    """

    def __init__(
        self, columns: Sequence[Column[R]], key: Callable[[R], Hashable], *, limit: int = 0
    ) -> None:
        super().__init__()
        self.columns = tuple(columns)
        self._key = key
        self._limit = limit
        self._all: dict[Hashable, R] = {}
        self._shown: list[R] = []
        self._places: dict[Hashable, int] = {}
        self._taken = 0
        self._shifts = 0
        self._filter: Callable[[R], bool] | None = None
        self._sort_column = -1
        self._descending = False

    @property
    def rows(self) -> list[R]:
        """The rows that are shown, in order."""
        return list(self._shown)

    @property
    def all_rows(self) -> list[R]:
        """All rows, in order of their arrival."""
        return list(self._all.values())

    @property
    def total(self) -> int:
        """How many rows there are, shown or not."""
        return len(self._all)

    def replace_all(self, rows: Iterable[R]) -> None:
        """Show other rows."""
        self._all = {self._key(row): row for row in rows}
        self._rebuild()

    def put(self, row: R) -> None:
        """Add a row, or change the one with the same key."""
        key = self._key(row)
        is_new = key not in self._all
        self._all[key] = row
        if is_new and self._limit and len(self._all) > self._limit:
            self.remove(next(iter(self._all)))
        place = self._place(key)
        visible = self._filter is None or self._filter(row)
        if place is None:
            if visible:
                self._insert(row, key)
        elif not visible:
            self._take_out(place, key)
        else:
            self._change(place, row, key)

    def update(self, rows: Iterable[R]) -> None:
        """Show these rows and no others; those that have not changed stay as they are."""
        wanted = {self._key(row): row for row in rows}
        for gone in self._all.keys() - wanted.keys():
            self.remove(gone)
        for key, row in wanted.items():
            if self._all.get(key) != row:
                self.put(row)

    def remove(self, key: Hashable) -> None:
        """Take out a row, if it is there."""
        if self._all.pop(key, None) is not None:
            place = self._place(key)
            if place is not None:
                self._take_out(place, key)

    def clear(self) -> None:
        """Take out all rows."""
        self.replace_all(())

    def row(self, index: Index) -> R | None:
        """Return the row of an index, or None."""
        return self._shown[index.row()] if 0 <= index.row() < len(self._shown) else None

    def rows_between(self, first: int, end: int | None) -> list[R]:
        """Return the rows that are shown from a place on to before another one, or to the end."""
        return self._shown[first:end]

    def row_of(self, key: Hashable) -> R | None:
        """Return the row with a key, shown or not."""
        return self._all.get(key)

    def index_of(self, key: Hashable) -> QModelIndex:
        """Return the index of the row with a key; invalid if it is not shown."""
        place = self._place(key)
        return QModelIndex() if place is None else self.index(place, 0)

    def set_filter(self, predicate: Callable[[R], bool] | None) -> None:
        """Show only the rows of which a predicate is true; None shows all."""
        self._filter = predicate
        self._rebuild()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column; -1 goes back to the order of arrival."""
        self._sort_column = column
        self._descending = order == Qt.SortOrder.DescendingOrder
        self._rebuild(keep=True)

    def rowCount(self, parent: Index = _NO_INDEX) -> int:
        """Return the number of rows that are shown."""
        return 0 if parent.isValid() else len(self._shown)

    def columnCount(self, parent: Index = _NO_INDEX) -> int:
        """Return the number of columns."""
        return 0 if parent.isValid() else len(self.columns)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Return a column's title."""
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(self.columns):
            return None
        column = self.columns[section]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return column.title
            case Qt.ItemDataRole.TextAlignmentRole:
                return _alignment(column)
            case _:
                return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return what a cell shows."""
        # A view asks for eight roles of each cell that it paints; most of them are not ours.
        if role not in _ROLES:
            return None
        row, column = index.row(), index.column()
        if not (0 <= row < len(self._shown) and 0 <= column < len(self.columns)):
            return None
        return _cell(self.columns[column], self._shown[row], role)

    def _place(self, key: Hashable) -> int | None:
        """Return where a row is shown: near the place that was noted for it.

        Places are noted as if the rows that were since taken from the front were still there: a
        full log loses its first row with each new one.
        """
        noted = self._places.get(key)
        if noted is None:
            return None
        if self._shifts > _MANY_SHIFTS:
            self._note_places()
            return self._places[key]
        # Each shift since it was noted has moved the row by one place at most.
        place = noted - self._taken
        for distance in range(self._shifts + 1):
            for near in {place - distance, place + distance}:
                if 0 <= near < len(self._shown) and self._key(self._shown[near]) == key:
                    return near
        raise AssertionError(f"{key!r} is noted, but not shown")

    def _note_places(self) -> None:
        self._taken = self._shifts = 0
        self._places = {self._key(row): place for place, row in enumerate(self._shown)}

    def _sort_key(self, row: R) -> Any:
        column = self.columns[self._sort_column]
        return column.key(row) if column.key else column.text(row)

    def _change(self, place: int, row: R, key: Hashable) -> None:
        """Show another row in the place of one, which moves if it is sorted by what has changed."""
        target = place
        if self._sort_column >= 0 and self._sort_key(self._shown[place]) != self._sort_key(row):
            target = self._target(row)
        if target not in (place, place + 1):
            self.beginMoveRows(QModelIndex(), place, place, QModelIndex(), target)
            del self._shown[place]
            place = target - (target > place)
            self._shown.insert(place, row)
            self._places[key] = place + self._taken
            self._shifts += 1
            self.endMoveRows()
        self._shown[place] = row
        self.dataChanged.emit(self.index(place, 0), self.index(place, len(self.columns) - 1))

    def _target(self, row: R) -> int:
        """Return before which place a row belongs."""
        end = len(self._shown)
        if self._sort_column < 0:
            return end
        if not self._descending:
            return bisect_right(self._shown, self._sort_key(row), key=self._sort_key)
        # bisect wants rising keys: look from the other end.
        return end - bisect_right(
            range(end), self._sort_key(row), key=lambda n: self._sort_key(self._shown[end - 1 - n])
        )

    def _insert(self, row: R, key: Hashable) -> None:
        place = self._target(row)
        self.beginInsertRows(QModelIndex(), place, place)
        if place < len(self._shown):
            self._shifts += 1
        self._shown.insert(place, row)
        self._places[key] = place + self._taken
        self.endInsertRows()

    def _take_out(self, place: int, key: Hashable) -> None:
        self.beginRemoveRows(QModelIndex(), place, place)
        del self._shown[place]
        del self._places[key]
        if place == 0:
            self._taken += 1
        elif place < len(self._shown):
            self._shifts += 1
        self.endRemoveRows()

    def _rebuild(self, *, keep: bool = False) -> None:
        """Filter and sort anew; `keep` lets selections follow their rows."""
        if keep:
            self.layoutAboutToBeChanged.emit()
            before = self.persistentIndexList()
            keys = [self._key(self._shown[index.row()]) for index in before]
        else:
            self.beginResetModel()
        shown = [row for row in self._all.values() if self._filter is None or self._filter(row)]
        if self._sort_column >= 0:
            shown.sort(key=self._sort_key, reverse=self._descending)
        self._shown = shown
        self._note_places()
        if keep:
            after = [
                self.index(self._places[key], index.column())
                for key, index in zip(keys, before, strict=True)
            ]
            self.changePersistentIndexList(before, after)
            self.layoutChanged.emit()
        else:
            self.endResetModel()


def _cell(column: Column[R], row: R, role: int) -> Any:
    if role in (_DISPLAY, _ACCESSIBLE):
        return column.text(row)
    if role == _ALIGNMENT:
        return _alignment(column)
    if role == _FOREGROUND:
        tone = column.tone(row) if column.tone else None
        return QColor(current_theme().colour(tone)) if tone else None
    if role == _TOOLTIP:
        return column.tooltip(row) if column.tooltip else None
    return row


def _alignment(column: Column[Any]) -> Qt.AlignmentFlag:
    return _RIGHT if column.right else _LEFT
