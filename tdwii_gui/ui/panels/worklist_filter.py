"""The bar above a worklist by which its rows are filtered."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QDate, QSignalBlocker, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import (
    QComboBox,
    QDateEdit,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from tdwii_gui.dicom.iod.ups import ProcedureStepState
from tdwii_gui.ui import texts
from tdwii_gui.ui.models.worklist import WorklistFilter
from tdwii_gui.ui.panels.labels import muted

if TYPE_CHECKING:
    from collections.abc import Iterable

_TYPING_MS: Final = 120


class Day(StrEnum):
    """Which days a worklist shows."""

    ANY = "any"
    TODAY = "today"
    CHOSEN = "chosen"


class WorklistFilterBar(QWidget):
    """Text, machine, day and states of the steps that a worklist shows.

    Parameters
    ----------
    stacked : bool
        Two lines instead of one, for narrow places.

    Signals
    -------
    changed : WorklistFilter
        Other rows are wanted.
    """

    changed = Signal(object)

    def __init__(self, parent: QWidget | None = None, *, stacked: bool = False) -> None:
        super().__init__(parent)
        self.setObjectName("worklist_filter")
        self._machines: tuple[str, ...] = ()
        self._told = WorklistFilter()
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_TYPING_MS)
        self._typing.timeout.connect(self._tell)
        self._text = self._text_field()
        self._machine = self._machine_field()
        self._day, self._date = self._day_fields()
        self._states = {state: self._state_button(state) for state in ProcedureStepState}
        self._clear = self._clear_button()
        self._result = muted()
        self._result.setObjectName("filter_result")
        self._lay_out(stacked=stacked)

    @property
    def machines(self) -> tuple[str, ...]:
        """The machines that are offered."""
        return self._machines

    @property
    def filter(self) -> WorklistFilter:
        """What is asked for now."""
        first, last = self._days()
        return WorklistFilter(
            text=self._text.text().strip(),
            machine=self._machine.currentData() or "",
            first=first,
            last=last,
            states=frozenset(s for s, button in self._states.items() if button.isChecked()),
        )

    def set_machines(self, machines: Iterable[str]) -> None:
        """Offer machines to choose from; the chosen one stays."""
        offered = tuple(sorted({each for each in machines if each}, key=str.casefold))
        if offered == self._machines:
            return
        self._machines = offered
        chosen = self._machine.currentData() or ""
        with QSignalBlocker(self._machine):
            self._machine.clear()
            self._machine.addItem(self.tr("All machines"), "")
            # A filter that nothing matches any more still says what it is.
            for machine in sorted({*offered, chosen} - {""}, key=str.casefold):
                self._machine.addItem(texts.plain(machine, 40), machine)
            self._machine.setCurrentIndex(max(0, self._machine.findData(chosen)))

    def add_machine(self, machine: str) -> bool:
        """Offer one more machine; return whether it is new."""
        is_new = bool(machine) and machine not in self._machines
        if is_new:
            self.set_machines((*self._machines, machine))
        return is_new

    def show_count(self, shown: int, total: int) -> None:
        """Say how many rows the filter leaves."""
        if self.filter.is_empty or not total:
            self._result.clear()
        else:
            self._result.setText(self.tr("{0} of {1} match").format(shown, total))

    def explain(self, total: int) -> str:
        """Return in words why no row is shown, of how many there are."""
        wanted = self.filter
        if wanted.is_empty or not total:
            return ""
        return self.tr("0 of {0} match: {1}.\n“Clear filter” shows all.").format(
            total, wanted.words()
        )

    def ask(self, wanted: WorklistFilter) -> None:
        """Ask for what a filter says; of its days the first counts."""
        fields = (self._text, self._machine, self._day, self._date, *self._states.values())
        blocked = [QSignalBlocker(each) for each in fields]
        self._text.setText(wanted.text)
        self.add_machine(wanted.machine)
        self._machine.setCurrentIndex(max(0, self._machine.findData(wanted.machine)))
        day = wanted.first
        chosen = Day.ANY if day is None else Day.TODAY if day == date.today() else Day.CHOSEN
        self._day.setCurrentIndex(list(Day).index(chosen))
        if day is not None:
            self._date.setDate(QDate(day.year, day.month, day.day))
        self._date.setVisible(chosen is Day.CHOSEN)
        for state, button in self._states.items():
            button.setChecked(state in wanted.states)
        del blocked
        self._tell()

    @Slot()
    def clear(self) -> None:
        """Ask for everything."""
        self.ask(WorklistFilter())

    def focus_text(self) -> None:
        """Put the keyboard into the text field."""
        self._text.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._text.selectAll()

    def _days(self) -> tuple[date | None, date | None]:
        match self._day.currentData():
            case Day.TODAY:
                day = date.today()
            case Day.CHOSEN:
                chosen = self._date.date()
                day = date(chosen.year(), chosen.month(), chosen.day())
            case _:
                return None, None
        return day, day

    def _text_field(self) -> QLineEdit:
        field = QLineEdit()
        field.setObjectName("filter_text")
        field.setPlaceholderText(self.tr("Patient, plan, machine, owner…"))
        field.setAccessibleName(self.tr("Filter by text"))
        field.setToolTip(texts.tooltip(self.tr("Words that must all occur in the step (Ctrl+F)")))
        field.setClearButtonEnabled(True)
        field.setMaxLength(200)
        field.setMinimumWidth(field.fontMetrics().averageCharWidth() * 26)
        field.textChanged.connect(self._typing.start)
        return field

    def _machine_field(self) -> QComboBox:
        field = QComboBox()
        field.setObjectName("filter_machine")
        field.setAccessibleName(self.tr("Filter by machine"))
        field.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        field.setMinimumContentsLength(14)
        field.addItem(self.tr("All machines"), "")
        field.currentIndexChanged.connect(self._tell)
        return field

    def _day_fields(self) -> tuple[QComboBox, QDateEdit]:
        choice = QComboBox()
        choice.setObjectName("filter_day")
        choice.setAccessibleName(self.tr("Filter by day"))
        choice.addItem(self.tr("Any day"), Day.ANY)
        choice.addItem(self.tr("Today"), Day.TODAY)
        choice.addItem(self.tr("On a day…"), Day.CHOSEN)
        day = QDateEdit(QDate.currentDate())
        day.setObjectName("filter_date")
        day.setAccessibleName(self.tr("Day of the scheduled start"))
        day.setCalendarPopup(True)
        day.setDisplayFormat("yyyy-MM-dd")
        day.setVisible(False)
        choice.currentIndexChanged.connect(self._on_day_chosen)
        day.dateChanged.connect(self._tell)
        return choice, day

    def _state_button(self, state: ProcedureStepState) -> QToolButton:
        button = QToolButton()
        button.setObjectName(f"filter_{state.name.lower()}")
        button.setText(f"{texts.state_glyph(state)} {texts.state_words(state)}")
        button.setCheckable(True)
        button.setToolTip(
            texts.tooltip(self.tr("Show steps in this state; with none chosen, in any state"))
        )
        button.toggled.connect(self._tell)
        return button

    def _clear_button(self) -> QPushButton:
        button = QPushButton(self.tr("C&lear filter"))
        button.setObjectName("clear_filter")
        button.setProperty("flat", True)
        button.setEnabled(False)
        button.setToolTip(texts.tooltip(self.tr("No filter is set")))
        button.clicked.connect(self.clear)
        return button

    def _lay_out(self, *, stacked: bool) -> None:
        upper = QHBoxLayout()
        upper.setSpacing(8)
        upper.addWidget(self._text, 1)
        for widget in (self._machine, self._day, self._date):
            upper.addWidget(widget)
        lower = QHBoxLayout() if stacked else upper
        lower.setSpacing(8)
        for button in self._states.values():
            lower.addWidget(button)
        lower.addWidget(self._clear)
        lower.addWidget(self._result)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(8)
        outer.addLayout(upper)
        if stacked:
            lower.addStretch(1)
            outer.addLayout(lower)

    @Slot()
    def _on_day_chosen(self) -> None:
        self._date.setVisible(self._day.currentData() == Day.CHOSEN)
        self._tell()

    @Slot()
    def _tell(self) -> None:
        self._typing.stop()
        wanted = self.filter
        self._clear.setEnabled(not wanted.is_empty)
        words = self.tr("No filter is set") if wanted.is_empty else wanted.words()
        self._clear.setToolTip(texts.tooltip(words))
        if wanted != self._told:
            self._told = wanted
            self.changed.emit(wanted)
