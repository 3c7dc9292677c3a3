"""What is going to be sent, and what it rests on: beams, data sets, course and records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QSizePolicy, QTabWidget, QWidget

from tdwii_gui.ui.panels.beam_table import BeamTable
from tdwii_gui.ui.panels.card import Card
from tdwii_gui.ui.panels.course_panel import CoursePanel
from tdwii_gui.ui.panels.dataset_view import DatasetView
from tdwii_gui.ui.panels.labels import muted
from tdwii_gui.ui.panels.records_panel import RecordsPanel
from tdwii_gui.ui.panels.tab_card import CORNER_MARGIN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydicom.dataset import Dataset

    from tdwii_gui.actors.rtbdi_creator import ScheduledFraction


class FractionPreview(Card):
    """Tabs with the beams, the RTBDI, the UPS, the plan, its course and its records.

    Attributes
    ----------
    beams : BeamTable
        The beams of the fraction group.
    course : CoursePanel
        The calendar.
    records : RecordsPanel
        The treatment records, and what remains of a fraction.

    Signals
    -------
    looked_at
        Course or records came into sight.
    needs_room : bool
        Whether what is in sight needs all the height that there is.
    """

    looked_at = Signal()
    needs_room = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", parent)
        self.setObjectName("fraction_preview")
        self.beams = BeamTable()
        self.course = CoursePanel()
        self.records = RecordsPanel()
        self._rtbdi = DatasetView(self.tr("RT Beams Delivery Instruction to be stored"))
        self._ups = DatasetView(self.tr("Attributes of the step to be created"))
        self._plan = DatasetView(self.tr("The plan"))
        self.tabs = QTabWidget()
        self.tabs.setObjectName("preview_tabs")
        self.tabs.setAccessibleName(self.tr("What is going to be sent"))
        self.tabs.setDocumentMode(True)
        self.tabs.addTab(self.beams, self.tr("&Beams"))
        self._which = muted()
        self._which.setContentsMargins(0, 0, 0, CORNER_MARGIN)
        for name, view, title in (
            ("rtbdi_view", self._rtbdi, self.tr("RT&BDI")),
            ("ups_view", self._ups, self.tr("&UPS")),
            ("plan_view", self._plan, self.tr("P&lan")),
        ):
            view.setObjectName(name)
            self.tabs.addTab(view, title)
        for page, title in (
            (self.course, self.tr("Cours&e")),
            (self.records, self.tr("Rec&ords")),
        ):
            # They have more height than other pages: see `needs_room`.
            page.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Ignored)
            self.tabs.addTab(page, title)
        self.tabs.setCornerWidget(self._which)
        self.tabs.currentChanged.connect(self._on_tab)
        self.body.addWidget(self.tabs)

    def show_plan(self, tree: Dataset) -> None:
        """Show a plan's data set, and its beams in front."""
        self.tabs.setCurrentWidget(self.beams)
        self._plan.show_dataset(tree)
        self.show_fractions(())

    def show_fractions(self, fractions: Sequence[ScheduledFraction]) -> None:
        """Show what was built; of a course the first fraction."""
        first = fractions[0] if fractions else None
        self._rtbdi.show_dataset(first.rtbdi if first else None)
        self._ups.show_dataset(first.ups if first else None)
        is_course = len(fractions) > 1
        words = self.tr("first of {0} fractions").format(len(fractions)) if is_course else ""
        self._which.setText(words)

    def show_course(self) -> None:
        """Bring the calendar into sight."""
        self.tabs.setCurrentWidget(self.course)

    def show_records(self) -> None:
        """Bring the records into sight."""
        self.tabs.setCurrentWidget(self.records)

    @Slot()
    def _on_tab(self) -> None:
        is_large = self.tabs.currentWidget() in (self.course, self.records)
        self._which.setHidden(is_large)
        self.needs_room.emit(is_large)
        if is_large:
            self.looked_at.emit()
