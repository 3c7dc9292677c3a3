"""What comes to the PPVS: instances as they arrive, and events of the TMS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QPushButton, QTabWidget, QWidget

from tdwii_gui.ui.icons import set_icon
from tdwii_gui.ui.models.arrival_rows import ArrivalRow, arrival_model
from tdwii_gui.ui.models.report_rows import ReportRow, report_model
from tdwii_gui.ui.panels.card import Card
from tdwii_gui.ui.panels.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tdwii_gui.dicom.store.instance_summary import InstanceSummary


class ArrivalsPanel(Card):
    """Arrivals and events, the newest first.

    Parameters
    ----------
    step_name : Callable
        Tells the patient of a step by its UID, made plain.

    Signals
    -------
    step_wanted : str
        The step of an event is to be shown.
    """

    step_wanted = Signal(str)

    def __init__(self, step_name: Callable[[str], str], parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self._arrivals = arrival_model()
        self._reports = report_model(step_name)
        self._arrived = 0
        self._reported = 0
        self._tables = arrivals, reports = self._arrival_table(), self._report_table()
        for table in self._tables:
            table.sortByColumn(0, Qt.SortOrder.DescendingOrder)
        reports.activated_row.connect(self._on_activated)
        self.folder = QPushButton(self.tr("&Open folder"))
        self.folder.setObjectName("open_folder")
        set_icon(self.folder, "folder")
        self.tabs = QTabWidget()
        self.tabs.setObjectName("arrivals_and_events")
        self.tabs.setDocumentMode(True)
        self.tabs.tabBar().setAccessibleName(self.tr("Arrivals and events"))
        self.tabs.addTab(arrivals, "")
        self.tabs.addTab(reports, "")
        self.tabs.setCornerWidget(self.folder)
        self.body.addWidget(self.tabs)
        self._say_counts()

    def add_arrivals(self, summaries: Iterable[InstanceSummary]) -> None:
        """Show instances that have arrived."""
        for summary in summaries:
            self._arrived += 1
            self._arrivals.put(ArrivalRow(self._arrived, summary))
        self._tables[0].fit_columns()
        self._say_counts()

    def repaint_steps(self) -> None:
        """Show the steps of events by the names that are known now."""
        self._tables[1].viewport().update()

    def next_number(self) -> int:
        """Return the number of the next event."""
        self._reported += 1
        return self._reported

    def add_report(self, row: ReportRow) -> None:
        """Show an event."""
        self._reports.put(row)
        self._say_counts()

    def _arrival_table(self) -> Table:
        return Table(
            self._arrivals,
            name="arrivals",
            accessible_name=self.tr("Objects as they arrive"),
            empty=lambda: self.tr("No object has arrived since this window was opened."),
        )

    def _report_table(self) -> Table:
        return Table(
            self._reports,
            name="events",
            accessible_name=self.tr("Events of the TMS"),
            empty=lambda: self.tr(
                "No event has come since this window was opened.\n"
                "The TMS sends events to its subscribers."
            ),
        )

    def _say_counts(self) -> None:
        for tab, words, count in (
            (0, self.tr("Arrivals"), self._arrived),
            (1, self.tr("Events"), self._reported),
        ):
            self.tabs.setTabText(tab, f"{words} ({count})" if count else words)

    def _on_activated(self, row: ReportRow | None) -> None:
        if row is not None:
            self.step_wanted.emit(row.sop_instance_uid)
