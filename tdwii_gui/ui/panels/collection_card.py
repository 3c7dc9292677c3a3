"""The collection of the selected step, what is missing of it, and all that comes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from tdwii_gui.ui import texts
from tdwii_gui.ui.icons import set_icon
from tdwii_gui.ui.models.collection_rows import kind_model, missing_model
from tdwii_gui.ui.panels.labels import Chip, set_primary
from tdwii_gui.ui.panels.tab_card import TabCard
from tdwii_gui.ui.panels.table import Table
from tdwii_gui.ui.theme import Tone

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tdwii_gui.ui.models.collection_rows import KindRow, MissingRow
    from tdwii_gui.ui.models.step_input_rows import StepInputRow
    from tdwii_gui.ui.panels.arrival_tables import ArrivalTables

_BAR_HEIGHT: Final = 6
_ROW_HEIGHT: Final = 28
_MISSING, _ARRIVALS, _EVENTS = 1, 2, 3


class CollectionCard(TabCard):
    """How far each kind of objects is, what is missing and why, arrivals, and events.

    Parameters
    ----------
    tables : ArrivalTables
        Of arrivals and events.

    Attributes
    ----------
    retrieve, cancel : QPushButton
        To go on with the retrieval, and to stop it; one of them is seen.
    folder : QPushButton
        For where the objects are; its owner opens it.

    Signals
    -------
    retrieve_wanted : str
        What is missing of a step is to be asked for; its SOP Instance UID.
    cancel_wanted
        The retrieval under way is to stop.
    """

    retrieve_wanted = Signal(str)
    cancel_wanted = Signal()

    def __init__(self, tables: ArrivalTables, parent: QWidget | None = None) -> None:
        super().__init__("collection_tabs", "", parent)
        self.tabs.setAccessibleName(self.tr("Collection of the selected step, and what comes"))
        self._uid = ""
        self._is_retrieving = False
        self._kinds = kind_model()
        self._missing = missing_model()
        self.kinds = Table(
            self._kinds,
            name="inputs",
            accessible_name=self.tr("Collection of the selected step"),
            empty=self._empty_words,
        )
        self.missing = Table(
            self._missing,
            name="missing",
            accessible_name=self.tr("What is missing, and why"),
            empty=self._none_missing_words,
        )
        for table in (self.kinds, self.missing):
            table.verticalHeader().setDefaultSectionSize(_ROW_HEIGHT)
        self._chip = Chip()
        self._chip.setObjectName("inputs_here")
        self._bar = QProgressBar()
        self._bar.setObjectName("inputs_progress")
        self._bar.setAccessibleName(self.tr("Objects that are here"))
        self._bar.setTextVisible(False)
        self._bar.setFixedHeight(_BAR_HEIGHT)
        self.retrieve = self._button("retrieve", self.tr("&Retrieve"))
        self.retrieve.clicked.connect(self._on_retrieve)
        self.cancel = self._button("cancel_retrieval", self.tr("S&top"))
        self.cancel.clicked.connect(self.cancel_wanted)
        self.folder = self._button("open_folder", self.tr("&Open folder"))
        set_icon(self.folder, "folder")
        self.add_page(self._kinds_page(), self.tr("Collection"))
        self.add_page(self.missing, self.tr("Missing"))
        self.add_page(tables.arrivals, self.tr("Arrivals"))
        self.add_page(tables.reports, self.tr("Events"))
        tables.counted.connect(self._on_counted)
        self.page_changed.connect(self._show_buttons)
        self.show_step(None, (), ())

    def show_step(
        self, row: StepInputRow | None, kinds: Sequence[KindRow], missing: Sequence[MissingRow]
    ) -> None:
        """Show what is here of a step, and what is not; None for no step."""
        uid = row.uid if row else ""
        if uid != self._uid:
            self._uid = uid
            self._kinds.clear()
            self._missing.clear()
        self._kinds.update(kinds)
        self._missing.update(missing)
        words = self.tr("Missing")
        self.tabs.setTabText(_MISSING, f"✕ {words} ({len(missing)})" if missing else words)
        self._show_count(row)
        self._allow(row)

    def set_primary(self, is_primary: bool) -> None:
        """Make retrieving the one thing to do next, or not."""
        set_primary(self.retrieve, is_primary)

    def _kinds_page(self) -> QWidget:
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.kinds, 1)
        line = QHBoxLayout()
        line.setSpacing(10)
        line.addWidget(self._chip)
        line.addWidget(self._bar, 1)
        line.addStretch(0)
        layout.addLayout(line)
        return page

    def _button(self, name: str, text: str) -> QPushButton:
        button = QPushButton(text)
        button.setObjectName(name)
        self.corner.addWidget(button)
        return button

    def _show_count(self, row: StepInputRow | None) -> None:
        is_counted = row is not None and row.here is not None and bool(row.expected)
        is_retrieving = row is not None and row.is_retrieving
        # Where all is here, each row says so already.
        is_whole = row is not None and row.is_complete and not is_retrieving
        self._chip.setVisible(is_counted and not is_whole)
        self._bar.setVisible(is_counted and is_retrieving)
        if row is None or row.here is None or not row.expected:
            return
        words = self.tr("{0} of {1} objects here").format(row.here, row.expected)
        if row.is_complete:
            self._chip.show_state(Tone.DONE, "✓", words)
        elif is_retrieving:
            self._chip.show_state(Tone.PROGRESS, "↓", words)
        elif row.missing:
            self._chip.show_state(Tone.FAULT, "✕", words)
        elif row.unresolved:
            self._chip.show_state(Tone.PROGRESS, "⚠", words)
        else:
            self._chip.show_state(Tone.ACCENT, "○", words)
        self._bar.setRange(0, row.expected)
        self._bar.setValue(row.here)

    def _allow(self, row: StepInputRow | None) -> None:
        self.retrieve.setEnabled(row is not None)
        words = self.tr("&Retrieve")
        if row is not None and row.is_complete:
            words = self.tr("&Retrieve again")
        elif row is not None and row.here:
            words = self.tr("&Resume")
        self.retrieve.setText(words)
        self.retrieve.setToolTip("" if row else texts.tooltip(self.tr("Select a step first")))
        self._is_retrieving = row is not None and row.is_retrieving
        self._show_buttons()

    @Slot()
    def _show_buttons(self) -> None:
        """Show what belongs to the page in sight."""
        number = self.tabs.currentIndex()
        is_about_step = number <= _MISSING
        self.retrieve.setVisible(is_about_step and not self._is_retrieving)
        self.cancel.setVisible(is_about_step and self._is_retrieving)
        self.folder.setVisible(number == _ARRIVALS)

    def _empty_words(self) -> str:
        if not self._uid:
            return self.tr("Select a step to see what of it is here.")
        return self.tr("The inputs of the step have not been read yet.")

    def _none_missing_words(self) -> str:
        if not self._uid:
            return self.tr("Select a step to see what of it is missing.")
        return self.tr("Nothing was found missing when the inputs were last asked for.")

    @Slot(int, int)
    def _on_counted(self, arrived: int, reported: int) -> None:
        for tab, words, count in (
            (_ARRIVALS, self.tr("Arrivals"), arrived),
            (_EVENTS, self.tr("Events"), reported),
        ):
            self.tabs.setTabText(tab, f"{words} ({count})" if count else words)

    @Slot()
    def _on_retrieve(self) -> None:
        self.retrieve_wanted.emit(self._uid)
