"""The monitor of the TMS: its worklist as it changes, and what it tells to whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtWidgets import QSplitter, QWidget

from tdwii_gui.actors.events import ExchangeMade, StepChanged
from tdwii_gui.dicom.iod.ups import Ups
from tdwii_gui.dicom.status import Status, status_words
from tdwii_gui.dicom.ups.change import ChangeKind
from tdwii_gui.ui.actor_window import ActorWindow, action
from tdwii_gui.ui.models.history_rows import StepHistory
from tdwii_gui.ui.models.step_facts import StepFacts
from tdwii_gui.ui.models.subscription_rows import subscription_rows
from tdwii_gui.ui.panels.banner import Identity
from tdwii_gui.ui.panels.event_panel import EventPanel
from tdwii_gui.ui.panels.live_worklist import LiveWorklist
from tdwii_gui.ui.panels.request_cancel_dialog import RequestCancelDialog
from tdwii_gui.ui.panels.step_details import StepDetails
from tdwii_gui.ui.panels.subscription_panel import SubscriptionPanel
from tdwii_gui.ui.panels.tab_card import TabCard
from tdwii_gui.ui.worklist_feed import WorklistFeed

if TYPE_CHECKING:
    from tdwii_gui.actors.events import ActorEvent
    from tdwii_gui.actors.tms import SubscriptionInfo, Tms
    from tdwii_gui.dicom.ups.change import StepChange
    from tdwii_gui.ui.bridge import ActorBridge
    from tdwii_gui.ui.models.worklist import WorklistRow

_SUBSCRIPTION_CHANGES: Final = frozenset(
    {ChangeKind.SUBSCRIBED, ChangeKind.UNSUBSCRIBED, ChangeKind.SUSPENDED}
)
_DELIVERY_MS: Final = 400


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

    follows_steps = True

    def __init__(self, tms: Tms, bridge: ActorBridge, *, owns_actor: bool = True) -> None:
        super().__init__(tms, bridge, name="tms", title=self.tr("TMS"), owns_actor=owns_actor)
        self._tms = tms
        self._uid = ""
        self._is_reading = False
        self._read_again = False
        self._history = StepHistory()
        self._feed = WorklistFeed(tms, bridge, self.background, self)
        self._delivery_timer = QTimer(self)
        self._delivery_timer.setSingleShot(True)
        self._delivery_timer.setInterval(_DELIVERY_MS)
        self._delivery_timer.timeout.connect(self._read_delivery)
        self._build()
        self._feed.loaded.connect(self._worklist.show_all)
        self._feed.changed.connect(self._on_changed)
        self._feed.failed.connect(self._on_failed)
        action(self, self.tr("Filter"), "Ctrl+F", self._worklist.filter_bar.focus_text)
        action(self, self.tr("Read the worklist again"), "F5", self.refresh)
        self._worklist.table.setFocus()
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

    # what the window is made of

    def _build(self) -> None:
        self._worklist = LiveWorklist()
        self._worklist.chosen.connect(self._on_chosen)
        self._worklist.refresh_asked.connect(self.refresh)
        self._details = StepDetails()
        self._details.cancel_asked.connect(self._ask_to_cancel)
        self._events = EventPanel(self._worklist.step_name)
        self._events.step_wanted.connect(self._worklist.table.select_key)
        self._subscribers = SubscriptionPanel()
        lower = QSplitter(Qt.Orientation.Horizontal)
        lower.setObjectName("details_splitter")
        lower.addWidget(self._details)
        lower.addWidget(self._telling())
        work = QSplitter(Qt.Orientation.Vertical)
        work.setObjectName("work_splitter")
        work.addWidget(self._worklist)
        work.addWidget(lower)
        for splitter in (lower, work):
            splitter.setHandleWidth(12)
            splitter.setChildrenCollapsible(False)
        work.setSizes([330, 250])
        lower.setSizes([700, 620])
        self.set_work(work)

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
        self._read_delivery_soon()

    @Slot(object)
    def _on_changed(self, rows: list[WorklistRow]) -> None:
        self._worklist.show_changed(rows)
        self._events.repaint_steps()
        if any(row.uid == self._uid for row in rows):
            self._read_details()

    @Slot(str)
    def _on_failed(self, error: str) -> None:
        self._worklist.stop_waiting()
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
            self.show_patient(None)
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
            self.show_patient(Identity.of_step(facts.step))
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
        row = self._worklist.row_of(self._uid)
        if row is None:
            return
        dialog = RequestCancelDialog(row, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(
            lambda: self._request_cancel(dialog.uid, dialog.reason, dialog.contact)
        )
        dialog.open()

    def _request_cancel(self, uid: str, reason: str, contact: str) -> None:
        name = self._worklist.step_name(uid)
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
            self._read_delivery_soon()
            if made.exchange.message == "N-EVENT-REPORT":
                self._events.add_sent(made)

    def _read_delivery_soon(self) -> None:
        """Read deliveries once for all that happens within a moment."""
        if not self._delivery_timer.isActive():
            self._delivery_timer.start()

    @Slot()
    def _read_delivery(self) -> None:
        self.bridge.watch(self._tms.subscriptions(), self._on_subscriptions, self._on_delivery_lost)
        self.bridge.watch(
            self._tms.pending_events(), self._events.show_waiting, self._on_delivery_lost
        )

    def _on_subscriptions(self, infos: list[SubscriptionInfo]) -> None:
        self._subscribers.show_rows(
            subscription_rows(infos, self._worklist.step_name, self._events.last)
        )

    def _on_delivery_lost(self, error: BaseException) -> None:
        self.messages.fail(self.tr("Subscriptions cannot be read: {0}").format(error))
