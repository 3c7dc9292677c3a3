"""The details of the step that is selected in a worklist."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import (
    QGridLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSplitter,
    QWidget,
)

from tdwii_gui.ui.models.step_facts import ReferenceRow, StepFacts, reference_model
from tdwii_gui.ui.panels.dataset_view import DatasetView
from tdwii_gui.ui.panels.history_panel import HistoryPanel
from tdwii_gui.ui.panels.labels import ElidedLabel, muted
from tdwii_gui.ui.panels.tab_card import TabCard
from tdwii_gui.ui.panels.table import Table

if TYPE_CHECKING:
    from pydicom.dataset import Dataset


class StepDetails(TabCard):
    """Overview, attributes and history of a step.

    Attributes
    ----------
    history : HistoryPanel
        The messages about it.

    edit, cancel : QPushButton
        What is done most often with it; their owner says what they do and when they can.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("step_tabs", "", parent)
        self.tabs.setAccessibleName(self.tr("Details of the selected step"))
        self._facts: StepFacts | None = None
        self._unread: Dataset | None = None
        self.edit = QPushButton(self.tr("&Edit…"))
        self.edit.setObjectName("edit")
        self.cancel = QPushButton(self.tr("&Ask to cancel…"))
        self.cancel.setObjectName("request_cancel")
        self.corner.addWidget(self.edit)
        self.corner.addWidget(self.cancel)
        self._overview = StepOverview()
        self._attributes = DatasetView(self.tr("Attributes of the selected step"))
        self._attributes.setObjectName("step_attributes")
        self.history = HistoryPanel()
        self.add_page(self._overview, self.tr("Overview"))
        self.add_page(self._attributes, self.tr("Attributes"))
        self.add_page(self.history, self.tr("History"))
        self.page_changed.connect(self._show_attributes)
        self.show_step(None)

    @property
    def facts(self) -> StepFacts | None:
        """What is shown."""
        return self._facts

    def show_step(self, facts: StepFacts | None) -> None:
        """Show a step, or that none is selected."""
        self._facts = facts
        self._overview.show_step(facts)
        self._unread = facts.step.dataset if facts else None
        if facts is None:
            self._attributes.show_dataset(None)
            self.history.show_rows(())
        self._show_attributes()

    @Slot()
    def _show_attributes(self) -> None:
        """Fill the tree once somebody looks at it: a step in delivery changes all the time."""
        if self._unread is not None and self.page is self._attributes:
            self._attributes.show_dataset(self._unread)
            self._unread = None


class StepOverview(QWidget):
    """What a step says, and the instances that it refers to."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._labels: list[tuple[QLabel, ElidedLabel]] = []
        self._grid = QGridLayout()
        self._grid.setContentsMargins(0, 6, 8, 0)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(5)
        self._grid.setColumnStretch(1, 1)
        facts = QWidget()
        facts.setProperty("transparent", True)
        facts.setLayout(self._grid)
        scroll = QScrollArea()
        scroll.setObjectName("step_facts")
        scroll.setAccessibleName(self.tr("Facts about the selected step"))
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(facts)
        self._references = reference_model()
        self._is_empty = True
        table = Table(
            self._references,
            name="step_references",
            accessible_name=self.tr("Inputs and outputs of the selected step"),
            empty=self._empty_words,
        )
        sides = QSplitter(Qt.Orientation.Horizontal)
        sides.addWidget(scroll)
        sides.addWidget(table)
        sides.setChildrenCollapsible(False)
        sides.setSizes([290, 380])
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(sides)

    def show_step(self, facts: StepFacts | None) -> None:
        """Show a step, or nothing."""
        shown = facts.facts if facts else ()
        while len(self._labels) < len(shown):
            self._add_line()
        for number, (title, value) in enumerate(self._labels):
            used = number < len(shown)
            title.setVisible(used)
            value.setVisible(used)
            if used:
                title.setText(shown[number][0])
                value.set_text(shown[number][1])
        references: tuple[ReferenceRow, ...] = facts.references if facts else ()
        self._is_empty = facts is None
        if references != tuple(self._references.all_rows):
            self._references.replace_all(references)

    def _add_line(self) -> None:
        row = len(self._labels)
        self._grid.setRowStretch(row, 0)
        title, value = muted(), ElidedLabel()
        self._grid.addWidget(title, row, 0)
        self._grid.addWidget(value, row, 1)
        self._grid.setRowStretch(row + 1, 1)
        self._labels.append((title, value))

    def _empty_words(self) -> str:
        if self._is_empty:
            return self.tr("Select a step in the worklist to see what is in it.")
        return self.tr("The step refers to no instances.")
