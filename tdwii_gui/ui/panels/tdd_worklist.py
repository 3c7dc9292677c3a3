"""The TDD's worklist: query, filters, refresh by events, and the choice of a patient."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pydicom.dataset import Dataset
from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from tdwii_gui.dicom.errors import DimseStatusError
from tdwii_gui.dicom.iod.ups import ProcedureStepState, Ups
from tdwii_gui.dicom.iod.ups_event import EventType
from tdwii_gui.dicom.iod.ups_query import worklist_query
from tdwii_gui.dicom.status import Status
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
from tdwii_gui.ui.panels.labels import muted, set_primary
from tdwii_gui.ui.panels.subscribe_switch import SubscribeSwitch
from tdwii_gui.ui.panels.table import Table
from tdwii_gui.ui.panels.worklist_filter import WorklistFilterBar
from tdwii_gui.ui.worklist_keys import first_filter, query_keys

if TYPE_CHECKING:
    from PySide6.QtGui import QShowEvent

    from tdwii_gui.actors.events import EventReported
    from tdwii_gui.actors.tdd import Tdd
    from tdwii_gui.ui.panels.desk import Desk

_EVENT_MS: Final = 300
_QUERY_MS: Final = 1500
_COUNT_MS: Final = 100
_FEW: Final = 8
_COLUMNS: Final = (
    WorklistColumn.STATE,
    WorklistColumn.PATIENT,
    WorklistColumn.START,
    WorklistColumn.FRACTION,
    WorklistColumn.PLAN,
    WorklistColumn.MACHINE,
    WorklistColumn.READINESS,
)


class _Matches:
    """Collects matches on the actor's worker, made ready for the model there."""

    def __init__(self) -> None:
        self.steps: dict[str, Ups] = {}
        self.rows: list[WorklistRow] = []

    def take(self, step: Ups) -> None:
        """Take a match; it is kept as it came, for what is read of it is decoded for good."""
        self.steps[step.sop_instance_uid] = Ups(Dataset(dict(step.dataset.items())))
        self.rows.append(WorklistRow.from_step(step, None))


class WorklistPage(QWidget):
    """The steps that this device may treat.

    Signals
    -------
    step_chosen : Ups
        A patient was selected.
    """

    step_chosen = Signal(object)

    def __init__(self, tdd: Tdd, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tdd = tdd
        self._desk = desk
        self._steps: dict[str, Ups] = {}
        self._claimed: frozenset[str] = frozenset()
        self._changed: set[str] = set()
        self._matches: _Matches | None = None
        self._asked_again = False
        self._was_asked = False
        self._is_outdated = False
        self.model: RowModel[WorklistRow] = RowModel(
            worklist_columns(_COLUMNS), key=lambda row: row.uid
        )
        self.filter_bar = WorklistFilterBar()
        self.filter_bar.add_machine(tdd.machine)
        self.filter_bar.ask(first_filter(tdd.machine))
        self.filter_bar.changed.connect(self._on_filter)
        self._keys = query_keys(self.filter_bar.filter)
        self._build()
        self._events = _single_shot(self, _EVENT_MS, self._on_events_quiet)
        self._counting = QTimer(self)
        self._counting.setInterval(_COUNT_MS)
        self._counting.timeout.connect(self._show_count)
        self._apply_filter()
        self._refresh_buttons()

    @property
    def is_asking(self) -> bool:
        """Whether a query is under way."""
        return self._matches is not None

    @Slot()
    def refresh(self) -> None:
        """Ask the TMS for the worklist (RO-58)."""
        if self.is_asking:
            self._asked_again = True
            return
        self._was_asked = True
        self._is_outdated = False
        self._matches = matches = _Matches()
        query = worklist_query(self._keys)
        self._desk.job(
            self._tdd.query_worklist(query, matches.take),
            self.tr("Worklist query (RO-58)"),
            self._on_found,
            self._on_query_failed,
            self._tdd.cancel_request,
        )
        self._counting.start()
        self._show_count()
        self._refresh_buttons()

    def hear(self, event: EventReported) -> None:
        """Note a step that changed; it is asked for when the events pause."""
        uid = event.report.sop_instance_uid
        if self.model.row_of(uid) is None and not self._may_be_ours(event):
            return
        self._changed.add(uid)
        if self.isVisible() and not self._events.isActive():
            self._events.start()

    def outdate(self) -> None:
        """Ask for the worklist again, now or when the page is seen."""
        self._is_outdated = self._was_asked
        if self._is_outdated and self.isVisible():
            self.refresh()

    def _may_be_ours(self, event: EventReported) -> bool:
        """Return whether an event may have made a step one that the filter asks for."""
        report = event.report
        match report.event_type:
            case EventType.ASSIGNED:
                return True
            case EventType.STATE_REPORT:
                states = self.filter_bar.filter.states
                return not states or Ups(report.information).state in states
            case _:
                return False

    def revisit(self, sop_instance_uid: str = "") -> None:
        """Come back to the page: what has changed meanwhile is asked for."""
        self._changed |= {sop_instance_uid} - {""}
        if self._is_outdated:
            self.refresh()
        if self._changed:
            self._events.start()
        self._load_claims()
        self.table.setFocus(Qt.FocusReason.OtherFocusReason)

    def showEvent(self, event: QShowEvent) -> None:
        """Ask for the worklist when the page is seen for the first time."""
        super().showEvent(event)
        if not self._was_asked:
            self.table.setFocus(Qt.FocusReason.OtherFocusReason)
            QTimer.singleShot(0, self, self.refresh)

    def _build(self) -> None:
        card = Card(self.tr("Worklist"))
        self._count = muted()
        self._count.setObjectName("match_count")
        self._bar = QProgressBar()
        self._bar.setRange(0, 0)
        self._bar.setTextVisible(False)
        self._bar.setFixedWidth(90)
        self._bar.setAccessibleName(self.tr("Query running"))
        self.subscription = SubscribeSwitch(self._tdd, self._desk)
        self._refresh_button = QPushButton(self.tr("&Refresh"))
        self._refresh_button.setObjectName("refresh")
        self._refresh_button.setShortcut("F5")
        set_icon(self._refresh_button, "refresh")
        self._refresh_button.clicked.connect(self.refresh)
        self._stop = QPushButton(self.tr("S&top query"))
        self._stop.setObjectName("cancel_query")
        self._stop.clicked.connect(self._tdd.cancel_request)
        head = (self._count, self._bar, self._stop, self.subscription)
        for widget in (*head, self._refresh_button):
            card.head.addWidget(widget)
        card.body.addWidget(self.filter_bar)
        self.table = Table(
            self.model,
            name="worklist",
            accessible_name=self.tr("Worklist"),
            empty=self._why_empty,
        )
        self.table.chosen.connect(self._refresh_buttons)
        self.table.activated_row.connect(self._on_select)
        card.body.addWidget(self.table, 1)
        self._hint = muted()
        self._select = QPushButton(self.tr("Select &patient"))
        self._select.setObjectName("select_patient")
        set_primary(self._select)
        self._select.clicked.connect(self._on_select)
        bottom = QHBoxLayout()
        bottom.addWidget(self._hint, 1)
        bottom.addWidget(self._select)
        card.body.addLayout(bottom)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(card)

    def _on_found(self, _steps: object) -> None:
        matches, self._matches = self._matches, None
        if matches is not None:
            claimed = {uid: self._steps[uid] for uid in self._claimed if uid in self._steps}
            rows = {uid: self.model.row_of(uid) for uid in claimed}
            self._steps = claimed | matches.steps
            kept = [row for uid, row in rows.items() if row and uid not in matches.steps]
            chosen = self.table.selected()
            self.model.replace_all([*kept, *matches.rows])
            if chosen is not None:
                self.table.select_key(chosen.uid)
        self._after_query()
        self._load_claims()

    def _on_query_failed(self, error: BaseException) -> None:
        self._matches = None
        self._desk.messages.fail(str(error))
        self._after_query()

    def _after_query(self) -> None:
        self._counting.stop()
        self.filter_bar.set_machines({row.machine for row in self.model.all_rows})
        self._show_count()
        self._refresh_buttons()
        if self._asked_again:
            self._asked_again = False
            self.refresh()

    def _load_claims(self) -> None:
        """Find the steps that this device has claimed and not finished: they can be continued."""
        self._desk.job(
            self._desk.background.submit("claims", "", self._tdd.claims.all),
            self.tr("Reading claims"),
            lambda claims: self._on_claims({claim.sop_instance_uid for claim in claims}),
        )

    def _on_claims(self, uids: set[str]) -> None:
        if uids != self._claimed:
            new = uids - self._claimed
            self._claimed = frozenset(uids)
            self._apply_filter()
            for uid in new:
                self._fetch(uid)

    def _fetch(self, uid: str) -> None:
        self._desk.job(
            self._tdd.fetch_step(uid),
            self.tr("Reading a step"),
            self._on_fetched,
            lambda error: self._on_fetch_failed(uid, error),
        )

    def _on_fetched(self, step: Ups) -> None:
        uid = step.sop_instance_uid
        owner = self._tdd.ae_title if uid in self._claimed else ""
        self._steps[uid] = step
        self.model.put(WorklistRow.from_step(step, None, owner))
        self._show_count()
        self._refresh_buttons()

    def _on_fetch_failed(self, uid: str, error: BaseException) -> None:
        """Take out a step that is gone; tell everything else."""
        if isinstance(error, DimseStatusError) and error.status == Status.UPS_UNKNOWN:
            self._steps.pop(uid, None)
            self.model.remove(uid)
            return
        self._desk.messages.fail(str(error))

    @Slot()
    def _on_events_quiet(self) -> None:
        if not self.isVisible():
            return
        changed, self._changed = self._changed, set()
        unknown = {uid for uid in changed if self.model.row_of(uid) is None}
        is_much = bool(unknown) or len(changed) > _FEW
        # A query is more work than the events are: it does not follow each of many.
        self._events.setInterval(_QUERY_MS if is_much else _EVENT_MS)
        if is_much:
            self.refresh()
            return
        for uid in changed:
            self._fetch(uid)

    @Slot(object)
    def _on_filter(self, wanted: WorklistFilter) -> None:
        self._apply_filter()
        keys = query_keys(wanted)
        if keys != self._keys:
            self._keys = keys
            if self._was_asked:
                self.refresh()

    def _apply_filter(self) -> None:
        wanted, claimed = self.filter_bar.filter, self._claimed
        chosen = self.table.selected()
        self.model.set_filter(lambda row: row.uid in claimed or wanted(row))
        if chosen is not None:
            self.table.select_key(chosen.uid)
        self._show_count()
        self._refresh_buttons()

    @Slot()
    def _show_count(self) -> None:
        if self._matches is not None:
            self._count.setText(self.tr("{0} matches so far").format(len(self._matches.rows)))
        elif self._was_asked:
            shown = self.model.rowCount()
            steps = self.tr("1 step") if shown == 1 else self.tr("{0} steps").format(shown)
            self._count.setText(steps)
        self._bar.setVisible(self.is_asking)
        self._stop.setVisible(self.is_asking)

    def _why_empty(self) -> str:
        if self.is_asking:
            return self.tr("Asking the TMS…")
        if not self._was_asked:
            return self.tr("The TMS was not asked yet. Refresh (F5) queries the worklist.")
        words = self.filter_bar.filter.words()
        if not words:
            return self.tr("The TMS has no steps.")
        return self.tr("No step of the TMS matches: {0}.\n“Clear filter” asks for all.").format(
            words
        )

    @Slot()
    def _on_select(self, _row: object = None) -> None:
        row = self.table.selected()
        if row is not None and not self._obstacle(row):
            self.step_chosen.emit(self._steps[row.uid])

    @Slot()
    def _refresh_buttons(self, _row: object = None) -> None:
        row = self.table.selected()
        obstacle = self._obstacle(row)
        self._select.setEnabled(not obstacle)
        self._select.setToolTip(texts.tooltip(obstacle))
        is_ours = row is not None and row.uid in self._claimed
        self._select.setText(
            self.tr("Continue &patient") if is_ours else self.tr("Select &patient")
        )
        self._hint.setText(obstacle if row is not None else "")

    def _obstacle(self, row: WorklistRow | None) -> str:
        """Return why a row cannot be selected for treatment; empty if it can."""
        if row is None or row.uid not in self._steps:
            return self.tr("Choose a step in the list first")
        if row.state is ProcedureStepState.SCHEDULED or row.uid in self._claimed:
            return ""
        if row.state is ProcedureStepState.IN_PROGRESS:
            return self.tr("Another device has claimed this step")
        return self.tr("This step is {0}: it cannot be treated").format(
            texts.state_words(row.state)
        )


def _single_shot(parent: QWidget, milliseconds: int, call: object) -> QTimer:
    timer = QTimer(parent)
    timer.setSingleShot(True)
    timer.setInterval(milliseconds)
    timer.timeout.connect(call)
    return timer
