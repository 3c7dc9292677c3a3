"""The window in which a recording is inspected: its messages, their ladder, their data sets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QMainWindow, QVBoxLayout

from tdwii_gui.recording.lines import Info
from tdwii_gui.ui import texts
from tdwii_gui.ui.models.message_rows import MessageModel
from tdwii_gui.ui.models.recorded_associations import association_model
from tdwii_gui.ui.panels.inspector import InspectorPanel
from tdwii_gui.ui.panels.labels import muted
from tdwii_gui.ui.panels.message_filter import MessageFilterBar
from tdwii_gui.ui.panels.messages import MessageArea
from tdwii_gui.ui.panels.open_folder import open_folder
from tdwii_gui.ui.panels.recording_head import RecordingHead
from tdwii_gui.ui.panels.tab_card import TabCard
from tdwii_gui.ui.panels.table import Table
from tdwii_gui.ui.panels.view_menu import ViewMenu
from tdwii_gui.ui.recording_reading import RecordingReading
from tdwii_gui.ui.views.ladder_view import LadderView
from tdwii_gui.ui.window_frame import framed, panes
from tdwii_gui.ui.window_layout import WindowLayout

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from PySide6.QtGui import QCloseEvent
    from PySide6.QtWidgets import QWidget

    from tdwii_gui.recording.message import MessageSummary
    from tdwii_gui.ui.models.exchange_log import LoggedExchange
    from tdwii_gui.ui.models.recorded_associations import RecordedAssociation
    from tdwii_gui.ui.models.recorded_ladder import RecordedLadder
    from tdwii_gui.ui.models.recorded_messages import MessageFilter, RecordedMessages
    from tdwii_gui.ui.panels.view_menu import Entry

_SIZE: Final = (1342, 760)
_COLUMNS: Final = [880, 430]
_KEY: Final = "windows/recording"
_WHOLE: Final = 100


class RecordingWindow(QMainWindow):
    """Messages, ladder and associations on the left, the chosen message on the right.

    Parameters
    ----------
    folder : Path
        A recording, or a folder of which the newest one is shown.

    Attributes
    ----------
    reading : RecordingReading
        What reads it.
    """

    def __init__(self, folder: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._folder = folder
        self._recorded: RecordedMessages | None = None
        self._is_broken = False
        self._chosen = 0
        self._wanted = 0
        self._shown_words = ("", "")
        self._known = _WHOLE
        self._keys: Mapping[int, int] = {}
        self._drawn: list[MessageSummary] | None = None
        self.setObjectName("recording")
        self.setWindowTitle(self.tr("Recording – emulator, not for clinical use"))
        self.reading = RecordingReading(self)
        self.messages = MessageArea()
        self.head = RecordingHead(folder)
        self.filter = MessageFilterBar()
        self._model = MessageModel()
        self.table = Table(
            self._model,
            name="recorded_messages",
            accessible_name=self.tr("Messages of the recording"),
            empty=self._why_no_message,
        )
        self.ladder = LadderView()
        self.associations = Table(
            association_model(),
            name="recorded_associations",
            accessible_name=self.tr("Associations of the recording"),
            empty=lambda: self.tr("The recording holds no association."),
        )
        self.inspector = InspectorPanel(
            self.reading.background, self.reading.watch, is_recorded=True
        )
        self._build()
        self._add_actions()
        self._connect()
        self._layout = WindowLayout(self, self._columns, _KEY, _SIZE, _COLUMNS)
        self._layout.restore()
        self.reading.open(folder)

    def select(self, number: int) -> None:
        """Choose a message as soon as it is read, whatever the filter shows."""
        self._wanted = number
        if self._recorded is None:
            return
        if self.table.select_key(number):
            self._wanted = 0
            self._pages.show_page(self.table)
        elif self.filter.is_asking:
            self.filter.clear()

    def reset_layout(self) -> None:
        """Forget size and borders."""
        self._layout.reset()

    def closeEvent(self, event: QCloseEvent) -> None:
        """End what reads, and let the messages go."""
        self._layout.remember()
        self.reading.close()
        if self._recorded is not None:
            self._model.show_rows(self._recorded, [])
            self._recorded = self._drawn = None
        super().closeEvent(event)

    def _build(self) -> None:
        self._pages = TabCard("recording_pages", self.tr("Views of the recording"))
        self._pages.add_page(self.table, self.tr("Messages"))
        self._pages.add_page(self.ladder, self.tr("Ladder"))
        self._pages.add_page(self.associations, self.tr("Associations"))
        self._count = muted()
        self._count.setObjectName("shown_count")
        self._pages.corner.addWidget(self._count)
        self._pages.body.insertWidget(0, self.filter)
        columns = (self._pages, self.inspector)
        self._columns = panes(Qt.Orientation.Horizontal, "columns", *columns)
        self._columns.setStretchFactor(0, 3)
        self._columns.setStretchFactor(1, 2)
        inner = QVBoxLayout()
        inner.setContentsMargins(14, 10, 14, 14)
        inner.setSpacing(10)
        inner.addWidget(self.head)
        inner.addWidget(self.messages)
        inner.addWidget(self._columns, 1)
        self.setCentralWidget(framed(inner))
        self.table.setFocus()

    def _add_actions(self) -> None:
        menus = ViewMenu(self, [], reset=self.reset_layout)
        show, go = self._pages.show_page, self._go_to_problem
        entries: tuple[Entry, ...] = (
            ("page_1", self.tr("Messages"), "Alt+1", lambda: show(self.table)),
            ("page_2", self.tr("Ladder"), "Alt+2", lambda: show(self.ladder)),
            ("page_3", self.tr("Associations"), "Alt+3", lambda: show(self.associations)),
            ("find", self.tr("Filter"), "Ctrl+F", self.filter.focus_text),
            ("clear", self.tr("All messages"), "Escape", self.filter.clear),
            ("next_problem", self.tr("Next problem"), "F8", lambda: go(1)),
            ("previous_problem", self.tr("Previous problem"), "Shift+F8", lambda: go(-1)),
            ("folder", self.tr("Folder of the recording"), "", self._on_folder_wanted),
            ("close", self.tr("Close"), "Ctrl+W", self.close),
        )
        menus.put_first(entries)

    def _connect(self) -> None:
        self.reading.opened.connect(self._on_opened)
        self.reading.paired.connect(self._on_paired)
        self.reading.failed.connect(self._on_failed)
        self.reading.found.connect(self._on_found)
        self.reading.drawn.connect(self._on_drawn)
        self.reading.told.connect(self._on_told)
        self.reading.loaded.connect(self._on_loaded)
        self.filter.changed.connect(self._find)
        self._model.order_wanted.connect(self._find)
        self.table.chosen.connect(self._on_chosen)
        self.ladder.chosen.connect(self._on_arrow_chosen)
        self.associations.activated_row.connect(self._on_association_activated)
        self._pages.page_changed.connect(self._draw)

    def _why_no_message(self) -> str:
        if self._is_broken:
            return self.tr("There is nothing to show.")
        if self._recorded is None:
            return self.tr("Opening…")
        if not self._recorded.messages:
            return self.tr("No message was recorded.")
        return self.tr("No message fits the filter. Escape shows all.")

    def _go_to_problem(self, step: int) -> None:
        """Choose the next problem after the chosen message, or before it."""
        if self._recorded is None:
            return
        rows = self.table.rows.rows
        place = self.table.currentIndex().row()
        places = range(place + 1, len(rows)) if step > 0 else range(place - 1, -1, -1)
        found = next((n for n in places if self._recorded.is_problem(rows[n])), None)
        if found is not None:
            self.table.select_key(rows[found].number)

    @Slot(object)
    def _on_opened(self, recorded: RecordedMessages) -> None:
        self._recorded, self._known = recorded, 0
        recording = recorded.recording
        self.head.show_recording(recording)
        title = self.tr("{0} – recording – emulator, not for clinical use")
        self.setWindowTitle(title.format(texts.plain(recording.folder.name, 60)))
        self._tell_problems(recorded)
        self.filter.offer_services(recorded.services)
        self.filter.offer_titles(recorded.ae_titles)
        if self.filter.is_asking:
            self._find()
        else:
            self._on_found(recorded, list(recorded.messages))

    @Slot(object, object)
    def _on_paired(
        self, recorded: RecordedMessages, associations: list[RecordedAssociation]
    ) -> None:
        self.associations.rows.replace_all(associations)
        self.head.show_associations(len(associations))
        self.filter.show_problems(recorded.problems)
        self.table.viewport().update()
        self._drawn = None
        self._draw()

    def _tell_problems(self, recorded: RecordedMessages) -> None:
        recording = recorded.recording
        for problem in recording.problems:
            self.messages.warn(problem)
        removed = recording.info.get(Info.REMOVED_PARTS)
        if removed:
            words = self.tr("The recording became too large: it begins with message {0}.")
            first = recorded.messages[0].number if recorded.messages else 0
            self.messages.warn(words.format(f"{first:,}"))
        reason = recording.info.get(Info.REASON)
        if reason:
            self.messages.warn(self.tr("The recording ended early: {0}").format(reason))

    @Slot(str)
    def _on_failed(self, words: str) -> None:
        self.messages.fail(words)
        if self._recorded is None:
            self._is_broken = True
            self.head.show_failure()
            self.table.viewport().update()

    @Slot()
    @Slot(object)
    def _find(self, _wanted: MessageFilter | None = None) -> None:
        self.reading.find(self.filter.filter, self._model)

    @Slot(object, object)
    def _on_found(self, recorded: RecordedMessages, rows: list[MessageSummary]) -> None:
        chosen = self._chosen
        self._model.show_rows(recorded, rows)
        self._show_counts()
        if self._wanted and self.table.select_key(self._wanted):
            self._wanted = 0
        elif chosen or not self.filter.is_asking:
            self.table.select_key(chosen or (rows[0].number if rows else 0))
        self._drawn = None
        self._draw()

    @Slot()
    def _draw(self, _page: QWidget | None = None) -> None:
        """Draw the ladder of the messages that are shown, if it is in sight."""
        if self._pages.page is self.ladder and self._recorded is not None and self._drawn is None:
            self._drawn = self._model.rows
            self.reading.draw(self._drawn)

    @Slot(object)
    def _on_drawn(self, drawn: RecordedLadder) -> None:
        self._keys = drawn.keys
        self.ladder.clear()
        self.ladder.set_lanes(drawn.lanes)
        # Nothing of it is new: the ladder is read from its beginning.
        self.ladder.following = True
        self.ladder.add_arrows(drawn.arrows)
        self.ladder.verticalScrollBar().setValue(0)
        self.ladder.select(self._arrow_of(self._chosen))
        if drawn.total > len(drawn.arrows):
            words = self.tr("The ladder shows the first {0} of {1} exchanges; filter for others.")
            self.messages.say(words.format(f"{len(drawn.arrows):,}", f"{drawn.total:,}"))

    @Slot(int, int)
    def _on_told(self, known: int, total: int) -> None:
        recorded = self._recorded
        if recorded is None:
            return
        self.filter.offer_transactions(recorded.transactions)
        is_whole = known >= total
        self._known = 100 * known // max(total, 1)
        self._show_counts()
        chosen = self.table.selected()
        if chosen is not None and self._words_of(recorded, chosen) != self._shown_words:
            self._load(recorded, chosen)
        wanted = self.filter.filter
        if is_whole and (wanted.transaction or wanted.text):
            self._find()
            return
        self.table.viewport().update()
        if is_whole:
            self._drawn = None
            self._draw()

    def _show_counts(self) -> None:
        total = len(self._recorded.messages) if self._recorded else 0
        shown = self._model.rowCount()
        parts = []
        if self._known < _WHOLE:
            parts.append(self.tr("{0} % of what they are about read").format(self._known))
        if shown != total:
            words = self.tr("{0} of {1} messages")
            parts.append(words.format(f"{shown:,}", f"{total:,}"))
        self._count.setText("  ·  ".join(parts))

    @Slot(object)
    def _on_chosen(self, message: MessageSummary | None) -> None:
        if message is None:
            self._chosen = 0
            self.inspector.show_exchange(None)
        elif message.number != self._chosen:
            self._chosen = message.number
            self.ladder.select(self._arrow_of(message.number))
            if self._recorded is not None:
                self._load(self._recorded, message)

    def _load(self, recorded: RecordedMessages, message: MessageSummary) -> None:
        self._shown_words = self._words_of(recorded, message)
        self.reading.load(message)

    @staticmethod
    def _words_of(recorded: RecordedMessages, message: MessageSummary) -> tuple[str, str]:
        """Return what the inspector says of a message that is found out later."""
        return recorded.transaction(message), recorded.about(message)

    @Slot(int, object)
    def _on_loaded(self, number: int, entry: LoggedExchange) -> None:
        if number == self._chosen:
            self.inspector.show_exchange(entry)

    @Slot(int)
    def _on_arrow_chosen(self, key: int) -> None:
        if not self.table.select_key(key) and self._recorded is not None:
            # The filter may show the response alone.
            exchange = self._recorded.exchange(key)
            for number in exchange.numbers if exchange else ():
                if self.table.select_key(number):
                    break

    @Slot(object)
    def _on_association_activated(self, row: RecordedAssociation | None) -> None:
        if row is not None:
            self.filter.ask_association(row.number)
            self._pages.show_page(self.table)

    @Slot()
    def _on_folder_wanted(self) -> None:
        open_folder(self._recorded.recording.folder if self._recorded else self._folder)

    def _arrow_of(self, number: int) -> int | None:
        exchange = self._recorded.exchange(number) if self._recorded and number else None
        return self._keys.get(exchange.request.number) if exchange else None
