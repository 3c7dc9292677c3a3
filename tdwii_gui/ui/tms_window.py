"""The monitor of the TMS: its worklist as it changes, and what it tells to whom."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtWidgets import QSplitter, QToolButton, QWidget

from tdwii_gui.actors.events import ExchangeMade, StepChanged
from tdwii_gui.dicom.iod.ups import ProcedureStepState, Ups
from tdwii_gui.dicom.status import Status, status_words
from tdwii_gui.dicom.ups.change import ChangeKind
from tdwii_gui.ui import texts
from tdwii_gui.ui.actor_window import ActorWindow, action
from tdwii_gui.ui.icons import icon
from tdwii_gui.ui.models.history_rows import StepHistory
from tdwii_gui.ui.models.row_model import RowModel
from tdwii_gui.ui.models.step_facts import StepFacts
from tdwii_gui.ui.models.subscription_rows import subscription_rows
from tdwii_gui.ui.models.worklist import (
    WorklistColumn,
    WorklistFilter,
    WorklistRow,
    worklist_columns,
)
from tdwii_gui.ui.panels.banner import Identity
from tdwii_gui.ui.panels.card import Card
from tdwii_gui.ui.panels.event_panel import EventPanel
from tdwii_gui.ui.panels.labels import muted
from tdwii_gui.ui.panels.progress_delegate import (
    ProgressDelegate,
    RecentChanges,
    StateDelegate,
    StepDelegate,
)
from tdwii_gui.ui.panels.request_cancel_dialog import RequestCancelDialog
from tdwii_gui.ui.panels.step_details import StepDetails
from tdwii_gui.ui.panels.subscription_panel import SubscriptionPanel
from tdwii_gui.ui.panels.tab_card import TabCard
from tdwii_gui.ui.panels.table import Table
from tdwii_gui.ui.panels.worklist_filter import WorklistFilterBar
from tdwii_gui.ui.worklist_feed import WorklistFeed

if TYPE_CHECKING:
    from tdwii_gui.actors.events import ActorEvent
    from tdwii_gui.actors.tms import SubscriptionInfo, Tms
    from tdwii_gui.dicom.ups.change import StepChange
    from tdwii_gui.ui.bridge import ActorBridge

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
_SUBSCRIPTION_CHANGES: Final = frozenset(
    {ChangeKind.SUBSCRIBED, ChangeKind.UNSUBSCRIBED, ChangeKind.SUSPENDED}
)
_DELIVERY_MS: Final = 400
_TINT_MS: Final = 100


class TmsWindow(ActorWindow):
    """Shows the worklist of a TMS live, and each step's messages, subscribers and events.

    Parameters
    ----------
    tms : Tms
        The actor.
    bridge : ActorBridge
        Its listener.
    owns_actor : bool
        Whether closing the window stops the actor.
    """

    def __init__(self, tms: Tms, bridge: ActorBridge, *, owns_actor: bool = True) -> None:
        super().__init__(tms, bridge, name="tms", title=self.tr("TMS"), owns_actor=owns_actor)
        self._tms = tms
        self._uid = ""
        self._is_loaded = False
        self._is_reading = False
        self._read_again = False
        self._counts: Counter[ProcedureStepState | None] = Counter()
        self._seen: set[str] = set()
        self._history = StepHistory()
        self._recent = RecentChanges()
        self._subscriptions: list[SubscriptionInfo] = []
        self._feed = WorklistFeed(tms, bridge, self.background, self)
        self._feed.loaded.connect(self._on_loaded)
        self._feed.changed.connect(self._on_changed)
        self._feed.failed.connect(self._on_failed)
        self._tint_timer = self._timer(_TINT_MS, self._fade)
        self._delivery_timer = self._timer(_DELIVERY_MS, self._read_delivery, is_single=True)
        self._build()
        action(self, self.tr("Filter"), "Ctrl+F", self._filter.focus_text)
        action(self, self.tr("Read the worklist again"), "F5", self.refresh)
        self._table.setFocus()
        self.restore_layout()
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Read worklist and subscriptions anew."""
        self._feed.load()
        self._read_delivery()

    def on_event(self, event: ActorEvent) -> None:
        """Show a change of the worklist, or a message that was exchanged."""
        match event:
            case StepChanged():
                self._take_change(event.change)
            case ExchangeMade():
                self._take_exchange(event)

    def _timer(self, period: int, call: object, *, is_single: bool = False) -> QTimer:
        timer = QTimer(self)
        timer.setInterval(period)
        timer.setSingleShot(is_single)
        timer.timeout.connect(call)
        return timer

    # what the window is made of

    def _build(self) -> None:
        self._model: RowModel[WorklistRow] = RowModel(
            worklist_columns(_COLUMNS), key=lambda row: row.uid
        )
        self._filter = WorklistFilterBar()
        self._filter.changed.connect(self._on_filter)
        self._table = self._worklist_table()
        self._details = StepDetails()
        self._details.cancel_asked.connect(self._ask_to_cancel)
        self._events = EventPanel(self._step_name)
        self._events.step_wanted.connect(self._table.select_key)
        self._subscribers = SubscriptionPanel()
        lower = QSplitter(Qt.Orientation.Horizontal)
        lower.setObjectName("details_splitter")
        lower.addWidget(self._details)
        lower.addWidget(self._telling())
        work = QSplitter(Qt.Orientation.Vertical)
        work.setObjectName("work_splitter")
        work.addWidget(self._worklist())
        work.addWidget(lower)
        for splitter in (lower, work):
            splitter.setHandleWidth(12)
            splitter.setChildrenCollapsible(False)
        work.setSizes([330, 250])
        lower.setSizes([700, 620])
        self.set_work(work)

    def _worklist_table(self) -> Table:
        table = Table(
            self._model,
            name="worklist",
            accessible_name=self.tr("Worklist of the TMS"),
            empty=self._empty_words,
        )
        table.setItemDelegate(StepDelegate(self._recent, table))
        state, progress = StateDelegate(self._recent, table), ProgressDelegate(self._recent, table)
        table.setItemDelegateForColumn(_COLUMNS.index(WorklistColumn.STATE), state)
        table.setItemDelegateForColumn(_COLUMNS.index(WorklistColumn.PROGRESS), progress)
        table.fit_columns()
        table.chosen.connect(self._on_chosen)
        return table

    def _worklist(self) -> Card:
        card = Card(self.tr("Worklist"))
        self._counts_label = muted()
        self._counts_label.setObjectName("worklist_counts")
        refresh = QToolButton()
        refresh.setObjectName("refresh")
        refresh.setIcon(icon("refresh"))
        refresh.setAccessibleName(self.tr("Read the worklist again"))
        refresh.setToolTip(texts.tooltip(self.tr("Read the worklist again (F5)")))
        refresh.clicked.connect(self.refresh)
        card.head.addWidget(self._counts_label)
        card.head.addWidget(refresh)
        card.body.addWidget(self._filter)
        card.body.addWidget(self._table, 1)
        self._show_counts()
        return card

    def _telling(self) -> QWidget:
        card = TabCard("telling_tabs", self.tr("What subscribers are told"))
        card.add_page(self._events, self.tr("Events"))
        card.add_page(self._subscribers, self.tr("Subscriptions"))
        card.corner.addWidget(self._events.summary)
        return card

    # the worklist

    def _take_change(self, change: StepChange) -> None:
        if change.kind not in _SUBSCRIPTION_CHANGES:
            self._feed.take(change)
        self._delivery_timer.start()

    @Slot(object)
    def _on_loaded(self, rows: list[WorklistRow]) -> None:
        self._is_loaded = True
        self._model.replace_all(rows)
        self._counts = Counter(row.state for row in rows)
        self._seen = {text for row in rows for text in _sized(row)}
        self._filter.set_machines(row.machine for row in rows)
        self._show_counts()
        self._table.select_key(self._uid)

    @Slot(object)
    def _on_changed(self, rows: list[WorklistRow]) -> None:
        is_wider = False
        for row in rows:
            known = self._model.row_of(row.uid)
            if known is not None and _is_later(known, row):
                continue
            if known is not None:
                self._counts[known.state] -= 1
            self._counts[row.state] += 1
            self._recent.add(row.uid)
            self._model.put(row)
            self._filter.add_machine(row.machine)
            is_wider |= not self._seen.issuperset(_sized(row))
            self._seen.update(_sized(row))
            if row.uid == self._uid:
                self._read_details()
        if is_wider:
            self._table.fit_columns()
        self._events.repaint_steps()
        self._tint_timer.start()
        self._show_counts()

    @Slot(object)
    def _on_filter(self, wanted: WorklistFilter) -> None:
        uid = self._uid
        self._model.set_filter(None if wanted.is_empty else wanted)
        self._table.select_key(uid)
        self._show_counts()

    @Slot()
    def _fade(self) -> None:
        if not self._recent.fade():
            self._tint_timer.stop()
        self._table.viewport().update()

    def _show_counts(self) -> None:
        counts = [
            self.tr("{0} scheduled").format(self._counts[ProcedureStepState.SCHEDULED]),
            self.tr("{0} in progress").format(self._counts[ProcedureStepState.IN_PROGRESS]),
            self.tr("{0} completed").format(self._counts[ProcedureStepState.COMPLETED]),
        ]
        if self._counts[ProcedureStepState.CANCELED]:
            canceled = self._counts[ProcedureStepState.CANCELED]
            counts.append(self.tr("{0} canceled").format(canceled))
        self._counts_label.setText(" · ".join(counts))
        self._filter.show_count(self._model.rowCount(), self._model.total)

    def _empty_words(self) -> str:
        if not self._is_loaded:
            return self.tr("Reading the worklist…")
        return self._filter.explain(self._model.total) or self.tr(
            "No steps yet. A creator schedules them by N-CREATE; they appear here at once."
        )

    def _step_name(self, uid: str) -> str:
        row = self._model.row_of(uid)
        return (row.patient if row else "") or texts.elided_uid(uid)

    @Slot(str)
    def _on_failed(self, error: str) -> None:
        self._is_loaded = True
        self.messages.fail(self.tr("The worklist cannot be read: {0}").format(error))

    # the selected step

    @Slot(object)
    def _on_chosen(self, row: WorklistRow | None) -> None:
        uid = row.uid if row else ""
        if uid == self._uid:
            return
        self._uid = uid
        if not uid:
            self._details.show_step(None)
            self.banner.show_patient(None)
            return
        self._details.history.show_rows(self._history.of(uid))
        self._read_details()

    def _read_details(self) -> None:
        """Read the selected step; changes meanwhile are read together afterwards."""
        if self._is_reading:
            self._read_again = True
            return
        self._is_reading = True
        uid, owner = self._uid, self._feed.owner(self._uid)
        future = self.background.submit(
            "details", "", lambda: StepFacts.of(Ups(self._tms.service.get(uid)), owner)
        )
        self.bridge.watch(future, self._on_details, self._on_details_failed)

    def _on_details(self, facts: StepFacts) -> None:
        self._is_reading = False
        if facts.row.uid == self._uid:
            self._details.show_step(facts)
            self.banner.show_patient(Identity.of_step(facts.step))
            self._again()
        elif self._uid:
            self._read_details()

    def _on_details_failed(self, error: BaseException) -> None:
        self._is_reading = False
        self.messages.fail(self.tr("The step cannot be read: {0}").format(error))
        self._again()

    def _again(self) -> None:
        again, self._read_again = self._read_again, False
        if again and self._uid:
            self._read_details()

    @Slot()
    def _ask_to_cancel(self) -> None:
        row = self._model.row_of(self._uid)
        if row is None:
            return
        dialog = RequestCancelDialog(row, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(
            lambda: self._request_cancel(dialog.uid, dialog.reason, dialog.contact)
        )
        dialog.open()

    def _request_cancel(self, uid: str, reason: str, contact: str) -> None:
        name = self._step_name(uid)
        self.job(
            self._tms.request_cancel(uid, reason, contact),
            self.tr("Asking to cancel the step of {0}").format(name),
            lambda status: self._on_cancel_requested(name, status),
            lambda error: self.messages.fail(
                self.tr("The step of {0} is not canceled: {1}").format(name, error)
            ),
        )

    def _on_cancel_requested(self, name: str, status: int) -> None:
        if status == Status.SUCCESS:
            self.messages.say(self.tr("Asked to cancel the step of {0}").format(name))
        else:
            self.messages.warn(f"{name}: {status_words(status)}")

    # messages, events and subscriptions

    def _take_exchange(self, made: ExchangeMade) -> None:
        row = self._history.add(made)
        if row is not None and row.uid == self._uid:
            self._details.history.add_row(row)
        if made.exchange.role == "scu":
            # An association that failed may leave events waiting; one that was made, send them.
            self._delivery_timer.start()
            if made.exchange.message == "N-EVENT-REPORT":
                self._events.add_sent(made)

    @Slot()
    def _read_delivery(self) -> None:
        self.bridge.watch(self._tms.subscriptions(), self._on_subscriptions, self._on_delivery_lost)
        self.bridge.watch(
            self._tms.pending_events(), self._events.show_waiting, self._on_delivery_lost
        )

    def _on_subscriptions(self, infos: list[SubscriptionInfo]) -> None:
        self._subscribers.show_rows(subscription_rows(infos, self._step_name, self._events.last))

    def _on_delivery_lost(self, error: BaseException) -> None:
        self.messages.fail(self.tr("Subscriptions cannot be read: {0}").format(error))


def _sized(row: WorklistRow) -> tuple[str, ...]:
    """Return the texts whose columns are as wide as what is in them."""
    return row.machine, row.owner, row.plan_label


def _is_later(known: WorklistRow, row: WorklistRow) -> bool:
    """Whether a row that is shown is newer: two threads may tell their changes in wrong order."""
    return (
        known.changed_at is not None
        and row.changed_at is not None
        and known.changed_at > row.changed_at
    )
