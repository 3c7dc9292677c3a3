"""The messages about a step, and the two data sets of one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import (
    QHBoxLayout,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from tdwii_gui.ui import texts
from tdwii_gui.ui.models.history_rows import HistoryRow, history_columns
from tdwii_gui.ui.models.row_model import RowModel
from tdwii_gui.ui.panels.dataset_view import DatasetView
from tdwii_gui.ui.panels.labels import ElidedLabel
from tdwii_gui.ui.panels.table import Table

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence


_KEPT: Final = 1000


class HistoryPanel(QStackedWidget):
    """A table of messages; a double click on one shows its request and its response."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("step_history")
        self._due: set[Hashable] = set()
        self._model: RowModel[HistoryRow] = RowModel(
            history_columns(), key=lambda row: row.number, limit=_KEPT
        )
        self.table = Table(
            self._model,
            name="history",
            accessible_name=self.tr("Messages about the selected step"),
            empty=self._empty_words,
        )
        self.table.activated_row.connect(self.show_message)
        self._message = MessageView()
        self._message.back.clicked.connect(self.show_table)
        self.addWidget(self.table)
        self.addWidget(self._message)

    def show_rows(self, rows: Iterable[HistoryRow]) -> None:
        """Show what touched another step."""
        self._due = set()
        self._model.replace_all(rows)
        self.show_table()
        self.table.scrollToBottom()

    def show_due(self, rows: Sequence[HistoryRow]) -> None:
        """Show the events of the step that are still due."""
        wanted = {row.number for row in rows}
        for gone in self._due - wanted:
            self._model.remove(gone)
        for row in rows:
            known = self._model.row_of(row.number)
            if known is None or (known.outcome, known.at) != (row.outcome, row.at):
                self._model.put(row)
        self._due = wanted

    def add_row(self, row: HistoryRow) -> None:
        """Show one more message; the view stays at the end if it is there."""
        bar = self.table.verticalScrollBar()
        at_end = bar.value() >= bar.maximum()
        self._model.put(row)
        if at_end:
            self.table.scrollToBottom()

    @Slot()
    def show_table(self) -> None:
        """Go back from a message to the table."""
        self.setCurrentWidget(self.table)

    @Slot(object)
    def show_message(self, row: HistoryRow | None) -> None:
        """Show the data sets of a message."""
        if row is not None:
            self._message.show_message(row)
            self.setCurrentWidget(self._message)
            self._message.back.setFocus(Qt.FocusReason.OtherFocusReason)

    def _empty_words(self) -> str:
        return self.tr("Nothing is remembered that touched this step.")


class MessageView(QWidget):
    """Request and response of a message, one at a time.

    Attributes
    ----------
    back : QPushButton
        Goes back to the table.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._row: HistoryRow | None = None
        self.back = QPushButton(self.tr("&Back"))
        self.back.setObjectName("history_back")
        self.back.setToolTip(texts.tooltip(self.tr("Back to the history")))
        self._request = self._choice("history_request", self.tr("Re&quest"))
        self._response = self._choice("history_response", self.tr("Re&sponse"))
        self._title = ElidedLabel()
        self._view = DatasetView(self.tr("Data set of the message"))
        self._view.setObjectName("history_dataset")
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self.back)
        head.addWidget(self._title, 1)
        head.addWidget(self._request)
        head.addWidget(self._response)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(6)
        outer.addLayout(head)
        outer.addWidget(self._view, 1)

    def show_message(self, row: HistoryRow) -> None:
        """Show a message, its request first."""
        self._row = row
        request = row.made.exchange.request if row.made else None
        response = row.made.exchange.response if row.made else None
        said = (texts.clock(row.at), row.route, row.message, texts.plain(row.what, 80), row.outcome)
        self._title.set_text("  ".join(filter(None, said)))
        for button, dataset in (
            (self._request, request),
            (self._response, response),
        ):
            button.setEnabled(dataset is not None)
            why = self._why_not(row) if dataset is None else ""
            button.setToolTip(texts.tooltip(why))
        only_response = request is None and response is not None
        self._request.setChecked(not only_response)
        self._response.setChecked(only_response)
        self._show_dataset()

    def _choice(self, name: str, text: str) -> QPushButton:
        button = QPushButton(text)
        button.setObjectName(name)
        button.setCheckable(True)
        button.setAutoExclusive(True)
        button.clicked.connect(self._show_dataset)
        return button

    @Slot()
    def _show_dataset(self) -> None:
        made = self._row.made if self._row else None
        if made is None:
            self._view.show_dataset(None)
            return
        exchange = made.exchange
        self._view.show_dataset(
            exchange.response if self._response.isChecked() else exchange.request
        )

    def _why_not(self, row: HistoryRow) -> str:
        if row.made is not None:
            return self.tr("It had no data set")
        return self.tr("Data sets are kept only of messages since this window was opened")
