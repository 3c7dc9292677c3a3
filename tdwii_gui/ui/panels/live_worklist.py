"""The worklist of a TMS as it changes: counts, filters and the table."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtWidgets import QToolButton, QWidget

from tdwii_gui.dicom.iod.ups import ProcedureStepState
from tdwii_gui.ui import texts
from tdwii_gui.ui.icons import set_icon
from tdwii_gui.ui.models.row_model import RowModel
from tdwii_gui.ui.models.worklist import (
    WorklistColumn,
    WorklistFilter,
    WorklistRow,
    worklist_columns,
)
from tdwii_gui.ui.panels.card import Card
from tdwii_gui.ui.panels.labels import muted
from tdwii_gui.ui.panels.progress_delegate import (
    ProgressDelegate,
    RecentChanges,
    StateDelegate,
)
from tdwii_gui.ui.panels.table import Table
from tdwii_gui.ui.panels.worklist_filter import WorklistFilterBar

if TYPE_CHECKING:
    from collections.abc import Iterable

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


class LiveWorklist(Card):
    """Shows the steps of a TMS and tints those that have just changed.

    Attributes
    ----------
    table : Table
        The steps.
    filter_bar : WorklistFilterBar
        Which of them are shown.

    Signals
    -------
    chosen : WorklistRow or None
        Another step is selected.
    refresh_asked
        The user wants the worklist read again.
    """

    chosen = Signal(object)
    refresh_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.set_title(self.tr("Worklist"))
        self._is_read = False
        self._selected = ""
        self._counts: Counter[ProcedureStepState | None] = Counter()
        self._seen: set[str] = set()
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
        self._words = muted()
        self._words.setObjectName("worklist_counts")
        self.head.addWidget(self._words)
        self.head.addWidget(self._refresh_button())
        self.body.addWidget(self.filter_bar)
        self.body.addWidget(self.table, 1)
        self._show_counts()

    def row_of(self, uid: str) -> WorklistRow | None:
        """Return the row of a step, shown or not."""
        return self._model.row_of(uid)

    def step_name(self, uid: str) -> str:
        """Return the patient of a step, or its UID where it is not known here."""
        row = self._model.row_of(uid)
        return texts.plain(row.patient if row else "", 80) or texts.elided_uid(uid)

    @Slot(object)
    def show_all(self, rows: list[WorklistRow]) -> None:
        """Show what was read; what has changed meanwhile is newer than that."""
        self._is_read = True
        uid = self._selected
        known = {row.uid: row for row in self._model.all_rows}
        merged = known | {row.uid: _later(known.get(row.uid), row) for row in rows}
        self._model.replace_all(merged.values())
        self._counts = Counter(row.state for row in merged.values())
        self._seen = {text for row in merged.values() for text in _sized(row)}
        self.filter_bar.set_machines(row.machine for row in merged.values())
        self._show_counts()
        self.table.select_key(uid)

    @Slot(object)
    def show_changed(self, rows: Iterable[WorklistRow]) -> None:
        """Show rows that are new or other than before."""
        is_wider = False
        for row in rows:
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

    def _make_table(self) -> Table:
        table = Table(
            self._model,
            name="worklist",
            accessible_name=self.tr("Worklist of the TMS"),
            empty=self.empty_words,
        )
        table.tint = self._recent.tint
        state, progress = StateDelegate(table), ProgressDelegate(table)
        table.setItemDelegateForColumn(_COLUMNS.index(WorklistColumn.STATE), state)
        table.setItemDelegateForColumn(_COLUMNS.index(WorklistColumn.PROGRESS), progress)
        table.fit_columns()
        table.chosen.connect(self._on_chosen)
        return table

    def _refresh_button(self) -> QToolButton:
        button = QToolButton()
        button.setObjectName("refresh")
        set_icon(button, "refresh")
        button.setAccessibleName(self.tr("Read the worklist again"))
        button.setToolTip(texts.tooltip(self.tr("Read the worklist again (F5)")))
        button.clicked.connect(self.refresh_asked)
        return button

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
        self._words.setText(" · ".join(said))
        self.filter_bar.show_count(self._model.rowCount(), self._model.total)


def _sized(row: WorklistRow) -> tuple[str, ...]:
    """Return the texts whose columns are as wide as what is in them."""
    return row.machine, row.owner, row.plan_label


def _later(known: WorklistRow | None, row: WorklistRow) -> WorklistRow:
    """Return the later of two rows of a step: threads may tell their changes in wrong order."""
    if known is None or known.changed_at is None or row.changed_at is None:
        return row
    return known if known.changed_at > row.changed_at else row
