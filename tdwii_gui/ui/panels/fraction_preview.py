"""What is going to be sent: beams, and the data sets of instruction, step and plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QTabWidget, QWidget

from tdwii_gui.ui.panels.beam_table import BeamTable
from tdwii_gui.ui.panels.card import Card
from tdwii_gui.ui.panels.dataset_view import DatasetView
from tdwii_gui.ui.panels.labels import muted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydicom.dataset import Dataset

    from tdwii_gui.actors.rtbdi_creator import ScheduledFraction


class FractionPreview(Card):
    """Tabs with the beams, the RTBDI, the UPS and the plan.

    Attributes
    ----------
    beams : BeamTable
        The beams of the fraction group.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", parent)
        self.setObjectName("fraction_preview")
        self.beams = BeamTable()
        self._rtbdi = DatasetView(self.tr("RT Beams Delivery Instruction to be stored"))
        self._ups = DatasetView(self.tr("Attributes of the step to be created"))
        self._plan = DatasetView(self.tr("The plan"))
        self.tabs = QTabWidget()
        self.tabs.setObjectName("preview_tabs")
        self.tabs.setAccessibleName(self.tr("What is going to be sent"))
        self.tabs.setDocumentMode(True)
        self.tabs.addTab(self.beams, self.tr("&Beams"))
        self._which = muted()
        for name, view, title in (
            ("rtbdi_view", self._rtbdi, self.tr("RT&BDI")),
            ("ups_view", self._ups, self.tr("&UPS")),
            ("plan_view", self._plan, self.tr("P&lan")),
        ):
            view.setObjectName(name)
            self.tabs.addTab(view, title)
        self.tabs.setCornerWidget(self._which)
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
