"""The timeline with what chooses its day."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from PySide6.QtCore import QDate, QSignalBlocker, Qt, Signal, Slot
from PySide6.QtWidgets import QDateEdit, QHBoxLayout, QPushButton, QToolButton, QVBoxLayout, QWidget

from tdwii_gui.dicom.iod.ups import ProcedureStepState
from tdwii_gui.ui import texts
from tdwii_gui.ui.panels.labels import Chip, muted
from tdwii_gui.ui.views.timeline_view import TimelineView

if TYPE_CHECKING:
    from collections.abc import Callable

    from tdwii_gui.ui.models.day_plan import DayPlan
    from tdwii_gui.ui.models.worklist import WorklistRow


class TimelinePanel(QWidget):
    """A day on each machine.

    Parameters
    ----------
    row_of : Callable
        Returns a step's row of the worklist as it is now.

    Attributes
    ----------
    view : TimelineView
        The picture.

    Signals
    -------
    day_wanted : date
        Another day is to be shown.
    """

    day_wanted = Signal(object)

    def __init__(
        self, row_of: Callable[[str], WorklistRow | None], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.view = TimelineView(row_of)
        self.view.day_turned.connect(self._turn)
        self._date = QDateEdit(QDate.currentDate())
        self._date.setObjectName("timeline_day")
        self._date.setAccessibleName(self.tr("Day of the timeline"))
        self._date.setCalendarPopup(True)
        self._date.setDisplayFormat("ddd yyyy-MM-dd")
        self._date.dateChanged.connect(self._tell)
        self._words = muted()
        self._words.setObjectName("timeline_words")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.setSpacing(6)
        layout.addLayout(self._bar())
        layout.addWidget(self.view, 1)

    @property
    def day(self) -> date:
        """The day that is chosen."""
        chosen = self._date.date()
        return date(chosen.year(), chosen.month(), chosen.day())

    def show_day(self, day: date) -> None:
        """Choose a day."""
        self._date.setDate(QDate(day.year, day.month, day.day))

    @Slot(object)
    def show_plan(self, plan: DayPlan) -> None:
        """Show what was read, unless another day is chosen meanwhile."""
        if plan.day != self.day:
            return
        empty = self.tr("No steps are scheduled on {0}.").format(f"{plan.day:%Y-%m-%d}")
        self.view.show_plan(plan, empty)
        steps = texts.counted(plan.count, self.tr("{0} step"), self.tr("{0} steps"))
        lanes = len(plan.lanes)
        machines = texts.counted(lanes, self.tr("{0} machine"), self.tr("{0} machines"))
        self._words.setText(f"{steps} · {machines}")

    def _bar(self) -> QHBoxLayout:
        today = QPushButton(self.tr("&Today"))
        today.setObjectName("timeline_today")
        today.setToolTip(texts.tooltip(self.tr("Show today, with the present moment in sight")))
        today.clicked.connect(self._on_today)
        bar = QHBoxLayout()
        bar.setSpacing(8)
        bar.addWidget(self._turner("timeline_before", self.tr("The day before (Page Up)"), -1))
        bar.addWidget(self._date)
        bar.addWidget(self._turner("timeline_after", self.tr("The day after (Page Down)"), 1))
        bar.addWidget(today)
        bar.addSpacing(6)
        bar.addWidget(self._words)
        bar.addStretch(1)
        for state in ProcedureStepState:
            chip = Chip()
            chip.show_state(
                texts.state_tone(state), texts.state_glyph(state), texts.state_words(state)
            )
            bar.addWidget(chip, 0, Qt.AlignmentFlag.AlignVCenter)
        bar.addSpacing(6)
        for name, text, tip, step in (
            ("timeline_wider", "–", self.tr("Show more hours (-)"), -1),
            ("timeline_closer", "+", self.tr("Show fewer hours (+)"), 1),
        ):
            button = _tool_button(name, text, tip)
            button.clicked.connect(lambda _checked, step=step: self.view.zoom_by(step))
            bar.addWidget(button)
        return bar

    def _turner(self, name: str, tip: str, days: int) -> QToolButton:
        button = _tool_button(name, "", tip)
        button.setArrowType(Qt.ArrowType.LeftArrow if days < 0 else Qt.ArrowType.RightArrow)
        button.clicked.connect(lambda: self._turn(days))
        return button

    @Slot(int)
    def _turn(self, days: int) -> None:
        self.show_day(self.day + timedelta(days=days))

    @Slot()
    def _on_today(self) -> None:
        with QSignalBlocker(self._date):
            self._date.setDate(QDate.currentDate())
        self._tell()
        self.view.show_now()

    @Slot()
    def _tell(self) -> None:
        self.day_wanted.emit(self.day)


def _tool_button(name: str, text: str, tip: str) -> QToolButton:
    button = QToolButton()
    button.setObjectName(name)
    button.setText(text)
    button.setAccessibleName(tip)
    button.setToolTip(texts.tooltip(tip))
    return button
