"""A query of an archive for plans or records, and the choice of what is to be fetched."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from tdwii_gui.actors.archive_search import MOST_OBJECTS, ObjectQuery
from tdwii_gui.ui import texts
from tdwii_gui.ui.models.found_rows import found_model
from tdwii_gui.ui.panels.labels import field_label, heading, muted, set_primary
from tdwii_gui.ui.panels.table import Table
from tdwii_gui.ui.theme import set_property

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future
    from pathlib import Path

    from tdwii_gui.actors.archive_search import FoundObject
    from tdwii_gui.ui.bridge import ActorBridge

_SIZE: Final = (780, 480)
_ARRIVING_MS: Final = 100
_FIELDS: Final = ("patient_id", "patient_name", "label", "first", "last")
_DAYS: Final = ("first", "last")
_LONGEST: Final = 64


@dataclass(frozen=True, slots=True)
class Archive:
    """What the dialog asks, and how.

    Parameters
    ----------
    ae_title : str
        The archive.
    title, verb : str
        What is looked for, and what is done with it, translated.
    find, fetch, cancel : Callable
        Of the actor.
    is_many : bool
        Whether several may be chosen.
    """

    ae_title: str
    title: str
    verb: str
    find: Callable[[ObjectQuery, Callable[[FoundObject], None]], Future[list[FoundObject]]]
    fetch: Callable[[FoundObject], Future[Path]]
    cancel: Callable[[], object]
    is_many: bool = False


class ArchiveDialog(QDialog):
    """Fields of a query, what was found, and a button that fetches what is selected.

    Signals
    -------
    fetched : list[tuple[FoundObject, Path]]
        What was chosen, with its files.
    """

    fetched = Signal(object)

    def __init__(
        self, parent: QWidget, bridge: ActorBridge, archive: Archive, query: ObjectQuery
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setObjectName("archive_dialog")
        self.setWindowTitle(archive.title)
        self.resize(*_SIZE)
        self._bridge = bridge
        self._archive = archive
        self._arrived: deque[FoundObject] = deque()
        self._running: Future[list[FoundObject]] | Future[Path] | None = None
        self._asked = ""
        self._is_open = True
        self._fields = {name: self._field(name) for name in _FIELDS}
        self._fields["patient_id"].setText(query.patient_id)
        self._fields["patient_name"].setText(query.patient_name)
        self._model = found_model()
        self.table = Table(
            self._model,
            name="found",
            accessible_name=self.tr("What was found"),
            empty=self._empty_words,
        )
        if archive.is_many:
            self.table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.table.chosen.connect(self._allow)
        self.table.activated_row.connect(self._on_fetch)
        self._said = muted(wraps=True)
        self._said.setObjectName("archive_said")
        self._search = self._button("archive_search", self.tr("&Search"), self._on_search)
        self._stop = self._button("archive_stop", self.tr("S&top"), self._on_stop)
        self._fetch = set_primary(self._button("archive_fetch", archive.verb, self._on_fetch))
        self._close = self._button("archive_close", self.tr("&Close"), self.reject)
        self._timer = QTimer(self)
        self._timer.setInterval(_ARRIVING_MS)
        self._timer.timeout.connect(self._take_arrived)
        self._lay_out()
        self._allow()
        QTimer.singleShot(0, self, self._on_search)

    def done(self, result: int) -> None:
        """Close; what still runs is ended, and is of no interest."""
        self._is_open = False
        self._timer.stop()
        if self._running is not None:
            self._archive.cancel()
        super().done(result)

    # asking

    @Slot()
    def _on_search(self) -> None:
        query = self._query()
        if query is None or self._running is not None:
            return
        self._model.clear()
        self._asked = _words(query)
        self._say(self.tr("Asking {0} …").format(texts.plain(self._archive.ae_title, 16)))
        self._running = future = self._archive.find(query, self._arrived.append)
        self._timer.start()
        self._bridge.watch(future, self._on_found, self._on_failed)
        self._allow()

    def _on_found(self, found: list[FoundObject]) -> None:
        if not self._is_open:
            return
        self._end()
        words = texts.counted(len(found), self.tr("{0} found"), self.tr("{0} found"))
        if len(found) >= MOST_OBJECTS:
            words = self.tr("The first {0}: ask for less to see others").format(len(found))
        self._say(words)
        if len(found) == 1:
            self.table.selectRow(0)

    def _on_failed(self, error: BaseException) -> None:
        if self._is_open:
            self._end()
            self._say(f"✕ {texts.plain(error)}", is_error=True)

    @Slot()
    def _take_arrived(self) -> None:
        while self._arrived:
            self._model.put(self._arrived.popleft())

    @Slot()
    def _on_stop(self) -> None:
        self._archive.cancel()

    # fetching

    @Slot()
    def _on_fetch(self) -> None:
        rows = self._model.rows
        chosen = [rows[number] for number in sorted(self.table.selected_numbers())]
        if chosen and self._running is None:
            self._fetch_next(chosen, [])

    def _fetch_next(self, left: list[FoundObject], here: list[tuple[FoundObject, Path]]) -> None:
        first, *others = left
        label = texts.plain(first.label or first.reference.sop_instance_uid, 40)
        self._say(self.tr("Fetching {0} …").format(label))
        self._running = future = self._archive.fetch(first)
        self._allow()

        def on_fetched(path: Path) -> None:
            if not self._is_open:
                return
            self._end()
            if others:
                self._fetch_next(others, [*here, (first, path)])
                return
            self.accept()
            self.fetched.emit([*here, (first, path)])

        self._bridge.watch(future, on_fetched, self._on_failed)

    def _end(self) -> None:
        self._running = None
        self._timer.stop()
        self._take_arrived()
        self._allow()
        self.table.viewport().update()

    # fields

    def _query(self) -> ObjectQuery | None:
        """Return what is entered; None, and say so, if a date is none."""
        days: dict[str, date | None] = {}
        for name in _DAYS:
            field = self._fields[name]
            try:
                days[name] = date.fromisoformat(field.text().strip()) if field.text() else None
            except ValueError:
                set_property(field, "invalid", value=True)
                field.setFocus()
                self._say(self.tr("✕ A date is written as 2026-11-21"), is_error=True)
                return None
            set_property(field, "invalid", value=False)
        said = {name: self._fields[name].text().strip() for name in _FIELDS if name not in _DAYS}
        return ObjectQuery(**said, first=days["first"], last=days["last"])

    def _empty_words(self) -> str:
        if self._running is not None:
            return self.tr("Asking {0} …").format(texts.plain(self._archive.ae_title, 16))
        peer = texts.plain(self._archive.ae_title, 16)
        if not self._asked:
            return self.tr("{0} has none.").format(peer)
        return self.tr("{0} has none that match: {1}.").format(peer, self._asked)

    @Slot()
    def _allow(self) -> None:
        is_busy = self._running is not None
        self._search.setEnabled(not is_busy)
        self._stop.setVisible(is_busy)
        chosen = len(self.table.selected_numbers())
        why_not = self.tr("The archive is being asked") if is_busy else ""
        if not why_not and not chosen:
            why_not = self.tr("Select what to fetch first")
        self._fetch.setEnabled(not why_not)
        self._fetch.setToolTip(texts.tooltip(why_not))

    def _say(self, words: str, *, is_error: bool = False) -> None:
        self._said.setText(words)
        set_property(self._said, "role", "error" if is_error else "muted")

    def _field(self, name: str) -> QLineEdit:
        field = QLineEdit()
        field.setObjectName(f"archive_{name}")
        field.setMaxLength(_LONGEST)
        field.returnPressed.connect(self._on_search)
        if name in _DAYS:
            field.setPlaceholderText(self.tr("2026-11-21"))
            field.setToolTip(texts.tooltip(self.tr("A study of this day, or empty for any")))
        else:
            field.setToolTip(texts.tooltip(self.tr("* stands for anything, ? for one character")))
        return field

    def _button(self, name: str, text: str, call: Callable[[], object]) -> QPushButton:
        button = QPushButton(text)
        button.setObjectName(name)
        button.setAutoDefault(False)
        button.clicked.connect(call)
        return button

    def _lay_out(self) -> None:
        grid = QGridLayout()
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(3)
        labels = (
            self.tr("Patient &ID"),
            self.tr("Patient &name"),
            self.tr("&Label"),
            self.tr("Study &from"),
            self.tr("t&o"),
        )
        for column, (words, name) in enumerate(zip(labels, _FIELDS, strict=True)):
            grid.addWidget(field_label(words, self._fields[name]), 0, column)
            grid.addWidget(self._fields[name], 1, column)
            grid.setColumnStretch(column, 2 if name in _DAYS else 3)
        grid.addWidget(self._search, 1, len(_FIELDS))
        line = QHBoxLayout()
        line.setSpacing(10)
        line.addWidget(self._said, 1)
        for button in (self._stop, self._fetch, self._close):
            line.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 16, 18, 16)
        layout.setSpacing(10)
        layout.addWidget(heading(self._archive.title))
        layout.addLayout(grid)
        layout.addWidget(self.table, 1)
        layout.addLayout(line)


def _words(query: ObjectQuery) -> str:
    """Return what was asked for, as it was typed."""
    days = "–".join(str(day) if day else "…" for day in (query.first, query.last))
    is_dated = query.first is not None or query.last is not None
    said = (query.patient_id, query.patient_name, query.label, days if is_dated else "")
    return ", ".join(f"“{texts.plain(each, 40)}”" for each in said if each)
