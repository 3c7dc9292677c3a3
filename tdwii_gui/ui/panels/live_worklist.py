"""The worklist of a TMS as it changes: counts, filters and the table."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QSignalBlocker, QTimer, Signal, Slot
from PySide6.QtWidgets import QVBoxLayout, QWidget

from tdwii_gui.dicom.iod.ups import ProcedureStepState
from tdwii_gui.ui import texts
from tdwii_gui.ui.models.row_model import RowModel
from tdwii_gui.ui.models.worklist import (
    WorklistColumn,
    WorklistFilter,
    WorklistRow,
    worklist_columns,
)
from tdwii_gui.ui.panels.labels import muted
from tdwii_gui.ui.panels.progress_delegate import (
    ProgressDelegate,
    RecentChanges,
    StateDelegate,
)
from tdwii_gui.ui.panels.table import Table
from tdwii_gui.ui.panels.worklist_filter import WorklistFilterBar

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping

_COLUMNS: Final = (
    WorklistColumn.STATE,
    WorklistColumn.PATIENT,
    WorklistColumn.MACHINE,
    WorklistColumn.START,
    WorklistColumn.FRACTION,
    WorklistColumn.PLAN,
    WorklistColumn.OWNER,
    WorklistColumn.PROGRESS,
    WorklistColumn.CHANGED,
)
_TINT_MS: Final = 100
_LEAVING_MS: Final = 250
_MANY_GONE: Final = 5


class LiveWorklist(QWidget):
    """Shows the steps of a TMS and tints those that have just changed.

    Attributes
    ----------
    counts : QLabel
        How many steps are in which state, for the panel's frame.
    table : Table
        The steps, of which several can be selected.
    filter_bar : WorklistFilterBar
        Which of them are shown.

    Signals
    -------
    chosen : WorklistRow or None
        Another step is selected.
    left : set[str]
        The UIDs of steps that are shown no longer.
    """

    chosen = Signal(object)
    left = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._is_read = False
        self._selected = ""
        self._counts: Counter[ProcedureStepState | None] = Counter()
        self._seen: set[str] = set()
        self._gone: set[str] = set()
        self._leaving = QTimer(self)
        self._leaving.setSingleShot(True)
        self._leaving.setInterval(_LEAVING_MS)
        self._leaving.timeout.connect(self._take_out)
        self._recent = RecentChanges()
        self._timer = QTimer(self)
        self._timer.setInterval(_TINT_MS)
        self._timer.timeout.connect(self._fade)
        self._model: RowModel[WorklistRow] = RowModel(
            worklist_columns(_COLUMNS), key=lambda row: row.uid
        )
        self.filter_bar = WorklistFilterBar()
        self.filter_bar.changed.connect(self._on_filter)
        self.table = self._make_table()
        self.counts = muted()
        self.counts.setObjectName("worklist_counts")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.filter_bar)
        layout.addWidget(self.table, 1)
        self._show_counts()

    @property
    def selected_rows(self) -> list[WorklistRow]:
        """The rows of all steps that are selected."""
        shown = self._model.rows
        return [shown[number] for number in sorted(self.table.selected_numbers())]

    @property
    def all_rows(self) -> list[WorklistRow]:
        """The rows of all steps, shown or not."""
        return self._model.all_rows

    def row_of(self, uid: str) -> WorklistRow | None:
        """Return the row of a step, shown or not."""
        return self._model.row_of(uid)

    def step_name(self, uid: str) -> str:
        """Return the patient of a step, or its UID where it is not known here."""
        row = self._model.row_of(uid)
        return texts.plain(row.patient if row else "", 80) or texts.elided_uid(uid)

    def select(self, uid: str) -> bool:
        """Select a step, without the filter if that hides it; return whether it is here."""
        if self._model.row_of(uid) is None:
            return False
        if not self.table.select_key(uid):
            self.filter_bar.clear()
            self.table.select_key(uid)
        return True

    @Slot(object, object)
    def show_all(self, rows: list[WorklistRow], touched: Container[str] = ()) -> None:
        """Show what was read; of what was touched meanwhile, what is known here may be newer."""
        self._is_read = True
        known = {row.uid: row for row in self._model.all_rows if row.uid in touched}
        self._replace(known | {row.uid: _later(known.get(row.uid), row) for row in rows})

    @Slot(object)
    def take_out(self, uids: list[str]) -> None:
        """Show steps no longer, in a moment: they were deleted, often many of them."""
        self._gone.update(uids)
        if not self._leaving.isActive():
            self._leaving.start()

    @Slot()
    def _take_out(self) -> None:
        gone, self._gone = self._gone, set()
        if len(gone) > _MANY_GONE:
            self._replace({row.uid: row for row in self._model.all_rows if row.uid not in gone})
        else:
            for uid in gone:
                row = self._model.row_of(uid)
                if row is not None:
                    self._counts[row.state] -= 1
                    self._model.remove(uid)
            self._show_counts()
        self.left.emit(gone)

    @Slot(object)
    def show_changed(self, rows: Iterable[WorklistRow]) -> None:
        """Show rows that are new or other than before."""
        is_wider = False
        for row in rows:
            self._gone.discard(row.uid)
            known = self._model.row_of(row.uid)
            if _later(known, row) is known:
                continue
            if known is not None:
                self._counts[known.state] -= 1
            self._counts[row.state] += 1
            self._recent.add(row.uid)
            self._model.put(row)
            self.filter_bar.add_machine(row.machine)
            is_wider |= not self._seen.issuperset(_sized(row))
            self._seen.update(_sized(row))
        if is_wider:
            self.table.fit_columns()
        self._timer.start()
        self._show_counts()

    def stop_waiting(self) -> None:
        """Say no longer that the worklist is being read."""
        self._is_read = True
        self.table.viewport().update()

    def empty_words(self) -> str:
        """Return why no step is shown."""
        if not self._is_read:
            return self.tr("Reading the worklist…")
        return self.filter_bar.explain(self._model.total) or self.tr(
            "No steps yet. A creator schedules them by N-CREATE; they appear here at once."
        )

    def _replace(self, rows: Mapping[str, WorklistRow]) -> None:
        """Show other rows; the selected step stays selected."""
        uid = self._selected
        with QSignalBlocker(self.table):
            self._model.replace_all(rows.values())
            stays = self.table.select_key(uid)
        if uid and not stays:
            self._on_chosen(None)
        self._counts = Counter(row.state for row in rows.values())
        self._seen = {text for row in rows.values() for text in _sized(row)}
        self.filter_bar.set_machines(row.machine for row in rows.values())
        self._show_counts()

    def _make_table(self) -> Table:
        table = Table(
            self._model,
            name="worklist",
            accessible_name=self.tr("Worklist of the TMS"),
            empty=self.empty_words,
        )
        table.setSelectionMode(Table.SelectionMode.ExtendedSelection)
        table.tint = self._recent.tint
        state, progress = StateDelegate(table), ProgressDelegate(table)
        table.setItemDelegateForColumn(_COLUMNS.index(WorklistColumn.STATE), state)
        table.setItemDelegateForColumn(_COLUMNS.index(WorklistColumn.PROGRESS), progress)
        table.fit_columns()
        table.chosen.connect(self._on_chosen)
        return table

    @Slot(object)
    def _on_chosen(self, row: WorklistRow | None) -> None:
        self._selected = row.uid if row else ""
        self.chosen.emit(row)

    @Slot(object)
    def _on_filter(self, wanted: WorklistFilter) -> None:
        uid = self._selected
        self._model.set_filter(None if wanted.is_empty else wanted)
        self.table.select_key(uid)
        self._show_counts()

    @Slot()
    def _fade(self) -> None:
        if not self._recent.fade():
            self._timer.stop()
        self.table.viewport().update()

    def _show_counts(self) -> None:
        counts = self._counts
        said = [
            self.tr("{0} scheduled").format(counts[ProcedureStepState.SCHEDULED]),
            self.tr("{0} in progress").format(counts[ProcedureStepState.IN_PROGRESS]),
            self.tr("{0} completed").format(counts[ProcedureStepState.COMPLETED]),
        ]
        if canceled := counts[ProcedureStepState.CANCELED]:
            said.append(self.tr("{0} canceled").format(canceled))
        self.counts.setText(" · ".join(said))
        self.filter_bar.show_count(self._model.rowCount(), self._model.total)


def _sized(row: WorklistRow) -> tuple[str, ...]:
    """Return the texts whose columns are as wide as what is in them."""
    return row.machine, row.owner, row.plan_label


def _later(known: WorklistRow | None, row: WorklistRow) -> WorklistRow:
    """Return the later of two rows of a step: threads may tell their changes in wrong order."""
    if known is None or known.changed_at is None or row.changed_at is None:
        return row
    return known if known.changed_at > row.changed_at else row
