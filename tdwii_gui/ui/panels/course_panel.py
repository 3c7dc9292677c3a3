"""The course of a plan: its rules, its calendar, and what the chosen day has."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QDoubleSpinBox,
    QFileDialog,
    QHBoxLayout,
    QPushButton,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from tdwii_gui.dicom.iod.course import CourseRules
from tdwii_gui.ui import texts
from tdwii_gui.ui.icons import set_icon
from tdwii_gui.ui.models.calendar_model import CalendarModel
from tdwii_gui.ui.models.course_days import DayMark, course_days
from tdwii_gui.ui.models.day_words import GLYPHS, TONES, mark_words
from tdwii_gui.ui.panels.fraction_form import SPIN_MARGINS
from tdwii_gui.ui.panels.labels import Chip, field_label, muted
from tdwii_gui.ui.theme import set_property
from tdwii_gui.ui.views.course_calendar import CourseCalendar

if TYPE_CHECKING:
    from tdwii_gui.dicom.iod.course import CoursePlan
    from tdwii_gui.dicom.iod.course_status import CourseStatus

_MOST_A_DAY: Final = 24
_MOST_HOURS: Final = 1000.0

S = TypeVar("S", bound=QAbstractSpinBox)


class CoursePanel(QWidget):
    """Shows and asks on which days a course is treated.

    Signals
    -------
    rules_changed
        Holidays, fractions a day or their interval are other ones.
    read_asked
        What was treated and is scheduled shall be read again.
    holidays_chosen : Path
        The holidays of a file are wanted.
    """

    rules_changed = Signal()
    read_asked = Signal()
    holidays_chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._holidays: frozenset[date] = frozenset()
        self._is_open = False
        self.model = CalendarModel()
        self.calendar = CourseCalendar(self.model)
        self._per_day = _spin(QSpinBox(), "per_day", self.tr("Fractions a day"))
        self._per_day.setRange(1, _MOST_A_DAY)
        self._interval = _spin(
            QDoubleSpinBox(), "minimum_interval", self.tr("Hours between the sessions of a day")
        )
        self._interval.setRange(0.0, _MOST_HOURS)
        self._interval.setDecimals(1)
        self._interval.setSuffix(self.tr(" h apart"))
        self._file = QPushButton(self.tr("&Holidays…"))
        self._file.setObjectName("holiday_file")
        self._file.setToolTip(
            texts.tooltip(self.tr("Read holidays from a text file: a day or range of days a line"))
        )
        self._holiday = QPushButton(self.tr("Holi&day"))
        self._holiday.setObjectName("holiday")
        self._holiday.setCheckable(True)
        self._again = QToolButton()
        self._again.setObjectName("read_course")
        set_icon(self._again, "refresh")
        self._again.setAccessibleName(self.tr("Read records and steps again"))
        self._again.setToolTip(texts.tooltip(self.tr("Read records and steps again")))
        # What is moved away is what is moved here.
        self._chips = {mark: _mark_chip(mark) for mark in DayMark if mark is not DayMark.LEFT}
        self._day_words = muted(wraps=True)
        self._day_words.setObjectName("day_words")
        self._note = muted(wraps=True)
        self._note.setObjectName("course_note")
        self._lay_out()
        self._per_day.valueChanged.connect(self._on_rules)
        self._interval.valueChanged.connect(self._on_rules)
        self._file.clicked.connect(self._choose_file)
        self._holiday.clicked.connect(self._on_holiday)
        self._again.clicked.connect(self.read_asked)
        self.calendar.day_chosen.connect(self._on_day)
        self.show_course(None, None)

    @property
    def rules(self) -> CourseRules:
        """On which days, and how often, is treated."""
        return CourseRules(
            self._holidays, self._per_day.value(), timedelta(hours=self._interval.value())
        )

    def allow(self, *, is_planning: bool, is_running: bool) -> None:
        """Let the rules be changed while a course is planned and nothing runs."""
        for widget in (self._per_day, self._file):
            widget.setEnabled(is_planning and not is_running)
        why = "" if is_planning else self.tr("Tick “Whole course” to plan it")
        for field in (self._per_day, self._interval):
            field.setToolTip(texts.tooltip(why))
        self._interval.setEnabled(is_planning and not is_running and self._per_day.value() > 1)
        self._again.setEnabled(not is_running)
        self._is_open = is_planning and not is_running
        self._on_day(self.calendar.chosen)

    def show_course(
        self, status: CourseStatus | None, plan: CoursePlan | None, done: int = 0
    ) -> None:
        """Show what was treated and is scheduled, and what is going to be.

        Parameters
        ----------
        done : int
            So many of the plan's new and moved sessions have their steps by now.
        """
        days = course_days(date.today(), status, plan, done)
        groups = {one.group.number for one in status.groups} if status is not None else set()
        groups |= {session.group.number for session in plan.sessions} if plan is not None else set()
        self.model.show_days(days, self._holidays, with_group=len(groups) > 1)
        counts = days.counts()
        for mark, chip in self._chips.items():
            count = counts.get(mark, 0)
            chip.setVisible(bool(count))
            chip.show_state(TONES[mark], GLYPHS[mark], f"{count} {mark_words(mark)}")
        self._on_day(self.calendar.chosen)

    def show_note(self, text: str, *, is_problem: bool = False) -> None:
        """Say what is not known, or why there is no course."""
        self._note.setText(texts.plain(f"✕ {text}" if is_problem and text else text))
        set_property(self._note, "role", "error" if is_problem else "hint")
        self._note.setVisible(bool(text))

    def show_rules(self, per_day: int, hours: float) -> None:
        """Begin with other rules."""
        self._per_day.setValue(per_day)
        self._interval.setValue(hours)

    def add_holidays(self, days: frozenset[date]) -> None:
        """Take more days as holidays."""
        self._holidays |= days
        self._on_rules()

    def _lay_out(self) -> None:
        bar = QHBoxLayout()
        bar.setSpacing(8)
        for title, field in (
            (self.tr("Fractions a da&y"), self._per_day),
            (self.tr("at least"), self._interval),
        ):
            bar.addWidget(field_label(title, field))
            bar.addWidget(field)
        bar.addSpacing(6)
        bar.addWidget(self._file)
        bar.addWidget(self._holiday)
        bar.addStretch(1)
        bar.addWidget(self._again)
        counts = QHBoxLayout()
        counts.setSpacing(6)
        for chip in self._chips.values():
            counts.addWidget(chip)
        counts.addStretch(1)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 6, 0, 0)
        rows.setSpacing(8)
        rows.addLayout(bar)
        rows.addLayout(counts)
        rows.addWidget(self._note)
        rows.addWidget(self.calendar, 1)
        rows.addWidget(self._day_words)

    @Slot(object)
    def _on_day(self, day: date | None) -> None:
        is_open = day is not None and self._is_open
        self._holiday.setEnabled(is_open)
        self._holiday.setChecked(day is not None and day in self._holidays)
        why = "" if is_open else self.tr("Choose a day of a course that is planned")
        self._holiday.setToolTip(texts.tooltip(why or self.tr("Nobody is treated on this day")))
        index = self.calendar.currentIndex()
        words = self.model.words(index) if day is not None and index.isValid() else ""
        self._day_words.setText(words or self.tr("Choose a day to read what it has."))

    @Slot()
    def _on_holiday(self) -> None:
        day = self.calendar.chosen
        if day is not None:
            self._holidays ^= {day}
            self._on_rules()

    @Slot()
    def _on_rules(self) -> None:
        self.rules_changed.emit()

    @Slot()
    def _choose_file(self) -> None:
        dialog = QFileDialog(self, self.tr("Holidays"))
        dialog.setObjectName("holiday_dialog")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilters([self.tr("Text files (*.txt)"), self.tr("All files (*)")])
        dialog.fileSelected.connect(lambda name: self.holidays_chosen.emit(Path(name)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()


def _spin(field: S, name: str, accessible_name: str) -> S:
    field.setObjectName(name)
    field.setAccessibleName(accessible_name)
    field.lineEdit().setTextMargins(*SPIN_MARGINS)
    field.lineEdit().setAlignment(Qt.AlignmentFlag.AlignRight)
    return field


def _mark_chip(mark: DayMark) -> Chip:
    chip = Chip()
    chip.setObjectName(f"count_{mark.name.lower()}")
    return chip
