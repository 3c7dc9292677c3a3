"""What comes to the PPVS: instances as they arrive, and events of the TMS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal

from tdwii_gui.ui.models.arrival_rows import ArrivalRow, arrival_model
from tdwii_gui.ui.models.report_rows import ReportRow, report_model
from tdwii_gui.ui.panels.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tdwii_gui.dicom.store.instance_summary import InstanceSummary


class ArrivalTables(QObject):
    """Arrivals and events, the newest first.

    Parameters
    ----------
    step_name : Callable
        Tells the patient of a step by its UID, made plain.

    Attributes
    ----------
    arrivals, reports : Table
        The tables, for whoever shows them.

    Signals
    -------
    step_wanted : str
        The step of an event is to be shown.
    counted : int, int
        So many instances and events have come.
    """

    step_wanted = Signal(str)
    counted = Signal(int, int)

    def __init__(self, step_name: Callable[[str], str], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._arrival_rows = arrival_model()
        self._report_rows = report_model(step_name)
        self._arrived = 0
        self._reported = 0
        self.arrivals, self.reports = self._arrival_table(), self._report_table()
        for table in (self.arrivals, self.reports):
            table.sortByColumn(0, Qt.SortOrder.DescendingOrder)
        self.reports.activated_row.connect(self._on_activated)

    def add_arrivals(self, summaries: Iterable[InstanceSummary]) -> None:
        """Show instances that have arrived."""
        for summary in summaries:
            self._arrived += 1
            self._arrival_rows.put(ArrivalRow(self._arrived, summary))
        self.arrivals.fit_columns()
        self.counted.emit(self._arrived, self._reported)

    def repaint_steps(self) -> None:
        """Show the steps of events by the names that are known now."""
        self.reports.viewport().update()

    def next_number(self) -> int:
        """Return the number of the next event."""
        self._reported += 1
        return self._reported

    def add_report(self, row: ReportRow) -> None:
        """Show an event."""
        self._report_rows.put(row)
        self.counted.emit(self._arrived, self._reported)

    def _arrival_table(self) -> Table:
        return Table(
            self._arrival_rows,
            name="arrivals",
            accessible_name=self.tr("Objects as they arrive"),
            empty=lambda: self.tr("No object has arrived since this window was opened."),
        )

    def _report_table(self) -> Table:
        return Table(
            self._report_rows,
            name="events",
            accessible_name=self.tr("Events of the TMS"),
            empty=lambda: self.tr(
                "No event has come since this window was opened.\n"
                "The TMS sends events to its subscribers."
            ),
        )

    def _on_activated(self, row: ReportRow | None) -> None:
        if row is not None:
            self.step_wanted.emit(row.sop_instance_uid)
