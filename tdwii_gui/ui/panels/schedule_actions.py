"""The bar of actions of the creator's window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QWidget

from tdwii_gui.ui import texts
from tdwii_gui.ui.panels.labels import muted, set_primary

if TYPE_CHECKING:
    from PySide6.QtCore import SignalInstance

    from tdwii_gui.ui.fraction_draft import Draft
    from tdwii_gui.ui.panels.fraction_form import FormValues


class ScheduleActions(QFrame):
    """Schedule or try again, start over, export, and open another plan.

    Signals
    -------
    schedule_asked, try_again_asked, start_over_asked, export_asked, open_asked, close_asked
        The button of that name was pressed.
    """

    schedule_asked = Signal()
    try_again_asked = Signal()
    start_over_asked = Signal()
    export_asked = Signal()
    open_asked = Signal()
    close_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("schedule_actions")
        self.setProperty("card", True)
        self._schedule = self._button("schedule", self.tr("&Schedule"), self.schedule_asked)
        self._again = self._button("try_again", self.tr("&Try again"), self.try_again_asked)
        self._over = self._button("start_over", self.tr("Start o&ver"), self.start_over_asked)
        self._over.setToolTip(texts.tooltip(self.tr("Build new objects and begin with step 1")))
        self._export = self._button("export", self.tr("E&xport…"), self.export_asked)
        self._export.setToolTip(texts.tooltip(self.tr("Write plan, RTBDI and UPS as files")))
        self._open = self._button("open_other", self.tr("&Open another plan…"), self.open_asked)
        self._close = self._button("close_plan", self.tr("&Close plan"), self.close_asked)
        self._hint = muted()
        self._hint.setObjectName("schedule_hint")
        for button in (self._schedule, self._again):
            set_primary(button)
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 10, 14, 10)
        row.setSpacing(8)
        for widget in (self._schedule, self._again, self._over, self._export):
            row.addWidget(widget)
        row.addSpacing(8)
        row.addWidget(self._hint, 1)
        row.addWidget(self._open)
        row.addWidget(self._close)

    def show_state(self, text: str, why_not: str, *, is_running: bool, has_failed: bool) -> None:
        """Show what can be done now.

        Parameters
        ----------
        text : str
            What the primary button does.
        why_not : str
            Why it cannot; empty if it can.
        is_running : bool
            Whether steps are under way.
        has_failed : bool
            Whether a try is there that can be gone on with.
        """
        self._schedule.setText(text)
        self._schedule.setVisible(not has_failed)
        self._schedule.setEnabled(not why_not and not is_running)
        self._schedule.setToolTip(texts.tooltip(why_not))
        self._hint.setText(texts.plain(why_not, 120))
        self._again.setVisible(has_failed)
        self._over.setVisible(has_failed)
        self._export.setEnabled(not why_not and not is_running)
        for button in (self._open, self._close, self._again, self._over):
            button.setEnabled(not is_running)

    def _button(self, name: str, text: str, signal: SignalInstance) -> QPushButton:
        button = QPushButton(text)
        button.setObjectName(name)
        button.clicked.connect(signal)
        return button


def verb(values: FormValues, draft: Draft | None) -> str:
    """Return what the primary button does with what the form asks for."""
    number = values.first.fraction_number
    if values.is_continuation:
        return _tr("&Schedule the rest of fraction {0}").format(number)
    if not values.whole_course:
        return _tr("&Schedule fraction {0}").format(number)
    if draft is None or draft.is_empty:
        return _tr("&Schedule the course")
    if not draft.moves:
        return _tr("&Schedule {0} fractions").format(len(draft.fractions))
    return _tr("&Schedule {0} fractions, move {1}").format(len(draft.fractions), len(draft.moves))


def _tr(text: str) -> str:
    return QCoreApplication.translate("ScheduleActions", text)
