"""The table of the messages of a recording: as many as there are, filtered by somebody else."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QCoreApplication, QModelIndex, Qt, Signal

from tdwii_gui.recording.message import MessageSummary
from tdwii_gui.ui import texts
from tdwii_gui.ui.models.row_model import Column, RowModel
from tdwii_gui.ui.theme import Tone

if TYPE_CHECKING:
    from collections.abc import Hashable

    from tdwii_gui.ui.models.recorded_messages import RecordedMessages


class MessageModel(RowModel[MessageSummary]):
    """Messages in the order in which they are given.

    To sort and filter 100,000 of them takes too long for the GUI thread: whoever hears
    `order_wanted` does it and calls `show_rows`.

    Signals
    -------
    order_wanted : ()
        Another order is wanted: see `ordered`.
    """

    order_wanted = Signal()

    def __init__(self) -> None:
        self._recorded: RecordedMessages | None = None
        super().__init__(self._columns(), key=lambda row: row.number)

    @property
    def order(self) -> tuple[int, bool]:
        """The column that is sorted by, -1 for none, and whether the greatest comes first."""
        return self._sort_column, self._descending

    def ordered(self, rows: list[MessageSummary], order: tuple[int, bool]) -> list[MessageSummary]:
        """Return rows in an order; on any thread."""
        number, descending = order
        if number < 0:
            return rows
        column = self.columns[number]
        key: Any = column.key or column.text
        return sorted(rows, key=key, reverse=descending)

    def show_rows(self, recorded: RecordedMessages, rows: list[MessageSummary]) -> None:
        """Show messages of a recording."""
        self.beginResetModel()
        self._recorded = recorded
        self._shown = rows
        self.endResetModel()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Have somebody sort by a column; -1 goes back to the order of the recording."""
        self._sort_column = column
        self._descending = order == Qt.SortOrder.DescendingOrder
        self.order_wanted.emit()

    def index_of(self, key: Hashable) -> QModelIndex:
        """Return the index of the message with a number; invalid if it is not shown."""
        if not isinstance(key, int):
            return QModelIndex()
        if self._sort_column < 0:
            place = bisect_left(self._shown, key, key=lambda row: row.number)
        else:
            place = next((n for n, row in enumerate(self._shown) if row.number == key), -1)
        if 0 <= place < len(self._shown) and self._shown[place].number == key:
            return self.index(place, 0)
        return QModelIndex()

    def _columns(self) -> list[Column[MessageSummary]]:
        return [
            Column(
                _tr("No."),
                lambda row: str(row.number),
                key=lambda row: row.number,
                tooltip=_place,
                right=True,
            ),
            Column(
                _tr("Time"),
                lambda row: texts.clock(row.at),
                key=lambda row: row.at,
                tooltip=lambda row: texts.tooltip(texts.moment(row.at)),
            ),
            Column(_tr("RO"), self._transaction),
            Column(_tr("From → to"), _ends),
            Column(
                _tr("Message"),
                self._message,
                tooltip=lambda row: texts.tooltip(row.sop_instance_uid),
                share=3,
            ),
            Column(
                _tr("Outcome"),
                self._outcome,
                tooltip=lambda row: texts.tooltip(self._outcome(row)),
                tone=self._tone,
                share=2,
            ),
        ]

    def _transaction(self, row: MessageSummary) -> str:
        return self._recorded.transaction(row) if self._recorded else ""

    def _message(self, row: MessageSummary) -> str:
        about = self._recorded.about(row) if self._recorded else ""
        return texts.plain(f"{row.kind} {about}".strip())

    def _outcome(self, row: MessageSummary) -> str:
        return texts.plain(self._recorded.outcome(row)) if self._recorded else ""

    def _tone(self, row: MessageSummary) -> Tone | None:
        outcome = self._outcome(row)
        return {"✕": Tone.FAULT, "⚠": Tone.PROGRESS}.get(outcome[:1])


def _ends(row: MessageSummary) -> str:
    return f"{texts.plain(row.sender, 16)} → {texts.plain(row.receiver, 16)}"


def _place(row: MessageSummary) -> str:
    words = _tr("Association {0}, packet {1}, data set of {2}")
    size = texts.size(row.dataset_bytes)
    return texts.tooltip(words.format(row.association, row.frame, size))


def _tr(text: str) -> str:
    return QCoreApplication.translate("MessageModel", text)
