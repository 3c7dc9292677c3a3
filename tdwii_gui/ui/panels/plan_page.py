"""The page of a window with a plan: plan and objects beside form and steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QScrollArea,
    QSizePolicy,
    QWidget,
)

from tdwii_gui.ui.panels.card import column
from tdwii_gui.ui.panels.fraction_form import FractionForm
from tdwii_gui.ui.panels.fraction_preview import FractionPreview
from tdwii_gui.ui.panels.plan_card import PlanCard
from tdwii_gui.ui.panels.schedule_steps import ScheduleSteps

if TYPE_CHECKING:
    from tdwii_gui.ui.plan_source import OpenedPlan

_LEAST_HEIGHT: Final = 160


class PlanPage(QWidget):
    """What there is to see (left) and to fill in (right).

    Attributes
    ----------
    card, preview, form, steps : PlanCard, FractionPreview, FractionForm, ScheduleSteps
        Its parts, in the order of the work.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.card = PlanCard()
        self.preview = FractionPreview()
        self.form = FractionForm()
        self.steps = ScheduleSteps()
        # The banner names the plan; the calendar needs the height.
        self.preview.needs_room.connect(self.card.setHidden)
        columns = QHBoxLayout(self)
        columns.setContentsMargins(0, 0, 0, 0)
        columns.setSpacing(12)
        columns.addWidget(column(self.card, self.preview), 1)
        self._work = _ScrolledColumn(column(self.form, self.steps))
        columns.addWidget(self._work)

    def show_plan(self, opened: OpenedPlan) -> None:
        """Show a plan, and ask for its first fraction."""
        self.card.show_plan(opened)
        self.preview.show_plan(opened.tree)
        self.form.show_plan(opened)
        self.steps.show_related(len(opened.related))
        self.steps.reset()

    def show_steps(self) -> None:
        """Bring the steps into sight."""
        self._work.ensureWidgetVisible(self.steps)


class _ScrolledColumn(QScrollArea):
    """A column as wide as it needs, which scrolls where the window is too low."""

    def __init__(self, content: QWidget) -> None:
        super().__init__()
        self._content = content
        content.setProperty("transparent", True)
        self.setWidget(content)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)

    def sizeHint(self) -> QSize:
        """Return the content's size, with room for the scroll bar where it is needed."""
        content = self._content.sizeHint()
        bar = self.verticalScrollBar().sizeHint().width() if self._is_too_low() else 0
        return QSize(content.width() + bar, content.height())

    def minimumSizeHint(self) -> QSize:
        """Return a size that may cut the content's height, but not its width."""
        return QSize(self.sizeHint().width(), _LEAST_HEIGHT)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the content when it needs more or less room."""
        if event.type() in (QEvent.Type.LayoutRequest, QEvent.Type.Resize):
            self.updateGeometry()
        return super().eventFilter(watched, event)

    def _is_too_low(self) -> bool:
        return self.height() < self._content.minimumSizeHint().height()
