"""The monitor of the TMS: its worklist as it changes, what can be done with it, whom it tells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtWidgets import QToolButton

from tdwii_gui.actors.events import AssociationRejected, ExchangeMade, StepChanged
from tdwii_gui.dicom.ups.change import ChangeKind
from tdwii_gui.ui import texts
from tdwii_gui.ui.actor_window import ActorWindow, action
from tdwii_gui.ui.delivery_feed import DeliveryFeed
from tdwii_gui.ui.icons import set_icon
from tdwii_gui.ui.models.subscription_rows import subscription_rows
from tdwii_gui.ui.panels.banner import Identity
from tdwii_gui.ui.panels.live_worklist import LiveWorklist
from tdwii_gui.ui.panels.step_details import StepDetails
from tdwii_gui.ui.panels.tab_card import TabCard
from tdwii_gui.ui.panels.telling_card import TellingCard
from tdwii_gui.ui.panels.timeline_panel import TimelinePanel
from tdwii_gui.ui.step_reader import StepReader
from tdwii_gui.ui.timeline_feed import TimelineFeed
from tdwii_gui.ui.tms_actions import StepActions, TmsMenu, follow
from tdwii_gui.ui.tms_operations import TmsOperations
from tdwii_gui.ui.window_frame import panes
from tdwii_gui.ui.worklist_feed import WorklistFeed

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from tdwii_gui.actors.events import ActorEvent
    from tdwii_gui.actors.tms import PendingEvent, SubscriptionInfo, Tms
    from tdwii_gui.dicom.ups.change import StepChange
    from tdwii_gui.ui.bridge import ActorBridge
    from tdwii_gui.ui.models.step_facts import StepFacts
    from tdwii_gui.ui.models.subscription_rows import Delivery, SubscriptionRow
    from tdwii_gui.ui.models.worklist import WorklistRow

_OF_NO_STEP: Final = frozenset(
    {
        ChangeKind.SUBSCRIBED,
        ChangeKind.UNSUBSCRIBED,
        ChangeKind.SUSPENDED,
        ChangeKind.ANNOUNCED,
    }
)


class TmsWindow(ActorWindow):
    """Shows the worklist of a TMS live, its days, and each step's messages and subscribers.

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
        self._feed = WorklistFeed(tms, bridge, self.background, self)
        self._reader = StepReader(tms, bridge, self.background, self._feed.owner, self)
        self._delivery = DeliveryFeed(tms, bridge, self.background, self)
        self._operations = TmsOperations(tms, self)
        self._step_actions = StepActions(self)
        self._acting = QTimer(self)
        self._acting.setSingleShot(True)
        self._acting.timeout.connect(self._show_actions)
        self._tms_menu = TmsMenu(self)
        self._tms_menu.known_only.setChecked(tms.known_aes_only)
        bar = self.menuBar()
        for menu in (self._tms_menu, self._step_actions.menu):
            bar.insertMenu(self.menus.view.menuAction(), menu)
        self._build()
        self._connect_worklist()
        self._connect_step()
        self._connect_operations()
        action(self, self.tr("Filter"), "Ctrl+F", self._filter)
        action(self, self.tr("Read the worklist again"), "F5", self.refresh)
        self._worklist.table.setFocus()
        self.restore_layout()
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Read everything anew."""
        self._feed.load()
        self._delivery.read()
        self._reader.read_history()

    def on_event(self, event: ActorEvent) -> None:
        """Show a change of the worklist, or a message that was exchanged."""
        match event:
            case StepChanged():
                self._take_change(event.change)
            case ExchangeMade():
                self._take_exchange(event)
            case AssociationRejected():
                self._show_rejection(event)

    # what the window is made of

    def _build(self) -> None:
        self._worklist = LiveWorklist()
        self._timeline = TimelinePanel(self._worklist.row_of)
        rows = self._worklist
        self._days = TimelineFeed(lambda: rows.all_rows, self.bridge, self.background, self)
        self._details = StepDetails()
        self._telling = TellingCard(self._worklist.step_name)
        for view in (self._worklist.table, self._timeline.view):
            self._step_actions.attach(view)
        follow(self._details.edit, self._step_actions.edit)
        follow(self._details.cancel, self._step_actions.request_cancel)
        details = (self._details, self._telling)
        lower = panes(Qt.Orientation.Horizontal, "details_splitter", *details)
        work = panes(Qt.Orientation.Vertical, "work_splitter", self._steps_card(), lower)
        work.setSizes([330, 250])
        lower.setSizes([680, 640])
        self.set_work(work)

    def _steps_card(self) -> TabCard:
        self._card = TabCard("work_tabs", self.tr("Steps as a list or by day"))
        self._card.add_page(self._worklist, self.tr("Worklist"))
        self._card.add_page(self._timeline, self.tr("Timeline"))
        self._card.corner.addWidget(self._worklist.counts)
        again = QToolButton()
        again.setObjectName("refresh")
        set_icon(again, "refresh")
        again.setAccessibleName(self.tr("Read the worklist again"))
        again.setToolTip(texts.tooltip(self.tr("Read the worklist again (F5)")))
        again.clicked.connect(self.refresh)
        self._card.corner.addWidget(again)
        return self._card

    def _connect_worklist(self) -> None:
        feed, days, view = self._feed, self._days, self._timeline.view
        feed.loaded.connect(self._worklist.show_all)
        feed.loaded.connect(days.outdated)
        feed.changed.connect(self._on_changed)
        feed.gone.connect(self._worklist.take_out)
        self._worklist.left.connect(days.gone)
        feed.failed.connect(self._on_failed)
        days.loaded.connect(self._timeline.show_plan)
        self._timeline.day_wanted.connect(days.show)
        self._card.page_changed.connect(self._on_page)
        self._worklist.chosen.connect(self._on_chosen)
        self._worklist.table.selectionModel().selectionChanged.connect(self._acting.start)
        view.chosen.connect(self._worklist.select)
        view.opened.connect(self._show_in_worklist)

    def _connect_step(self) -> None:
        reader, history = self._reader, self._details.history
        reader.facts.connect(self._on_facts)
        reader.history.connect(history.show_rows)
        reader.message.connect(history.add_row)
        reader.failed.connect(
            lambda error: self.messages.fail(self.tr("The step cannot be read: {0}").format(error))
        )
        self._delivery.waiting.connect(self._on_waiting)
        self._delivery.outbox.connect(self._telling.show_outbox)
        self._delivery.subscriptions.connect(self._on_subscriptions)
        self._delivery.failed.connect(
            lambda error: self.messages.fail(
                self.tr("Subscriptions cannot be read: {0}").format(error)
            )
        )

    def _connect_operations(self) -> None:
        does, can, whole = self._operations, self._step_actions, self._tms_menu
        can.edit_asked.connect(lambda row: does.edit(row, self._worklist.filter_bar.machines))
        can.request_cancel_asked.connect(does.request_cancel)
        can.cancel_asked.connect(does.cancel)
        can.delete_asked.connect(does.delete)
        can.subscribe_asked.connect(lambda row: does.subscribe(row, for_step=True))
        whole.restart_asked.connect(does.restart)
        whole.known_only_asked.connect(does.set_known_only)
        whole.purge_asked.connect(does.purge)
        whole.subscribe_asked.connect(lambda: does.subscribe(None))
        told = self._telling
        told.step_wanted.connect(self._worklist.select)
        told.subscribe_asked.connect(lambda: does.subscribe(self._chosen_row()))
        told.unsubscribe_asked.connect(self._unsubscribe)
        told.discard_asked.connect(does.discard)
        does.done.connect(self._on_operated)
        does.restarted.connect(self._on_restarted)
        does.known_only_changed.connect(whole.known_only.setChecked)

    # the worklist

    def _take_change(self, change: StepChange) -> None:
        if change.kind not in _OF_NO_STEP:
            self._feed.take(change)
        self._delivery.read_soon()

    @Slot(object)
    def _on_changed(self, rows: list[WorklistRow]) -> None:
        self._worklist.show_changed(rows)
        self._telling.repaint_steps()
        self._days.changed(rows)
        self._timeline.view.viewport().update()
        if any(row.uid == self._reader.uid for row in rows):
            self._reader.read()
            self._show_actions()

    @Slot(str)
    def _on_failed(self, error: str) -> None:
        self._worklist.stop_waiting()
        self.messages.fail(self.tr("The worklist cannot be read: {0}").format(error))

    @Slot(object)
    def _on_page(self, page: QWidget) -> None:
        self._days.watch(page is self._timeline)
        if not self._card.tabs.hasFocus():
            view = self._timeline.view if page is self._timeline else self._worklist.table
            view.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot()
    def _filter(self) -> None:
        self._card.show_page(self._worklist)
        self._worklist.filter_bar.focus_text()

    @Slot(str)
    def _show_in_worklist(self, uid: str) -> None:
        self._card.show_page(self._worklist)
        self._worklist.select(uid)
        self._worklist.table.setFocus(Qt.FocusReason.OtherFocusReason)

    # the selected step

    @Slot(object)
    def _on_chosen(self, row: WorklistRow | None) -> None:
        uid = row.uid if row else ""
        if uid == self._reader.uid:
            return
        self._timeline.view.select(uid)
        self._reader.choose(uid)
        self._show_actions()
        if not uid:
            self._details.show_step(None)
            self.show_patient(None)

    @Slot()
    def _show_actions(self) -> None:
        self._step_actions.show_rows(self._worklist.selected_rows)

    def _chosen_row(self) -> WorklistRow | None:
        return self._worklist.row_of(self._reader.uid)

    @Slot(object)
    def _on_facts(self, facts: StepFacts) -> None:
        self._details.show_step(facts)
        self.show_patient(Identity.of_step(facts.step))

    # operations

    @Slot(object)
    def _unsubscribe(self, row: SubscriptionRow) -> None:
        self._operations.unsubscribe(row.receiver, row.sop_instance_uid, row.scope)

    @Slot()
    def _on_operated(self) -> None:
        self._delivery.read()
        self._reader.read_history()

    @Slot(bool)
    def _on_restarted(self, cold: bool) -> None:
        if cold:
            self._worklist.show_all([])
            self.refresh()

    def _show_rejection(self, event: AssociationRejected) -> None:
        rejected = event.rejected
        told = self.tr("An association of {0} from {1} was rejected: {2}")
        calling, host = texts.plain(rejected.calling_ae, 20), texts.plain(rejected.host, 60)
        self.messages.warn(told.format(calling, host, rejected.reason))

    # messages, events and subscriptions

    def _take_exchange(self, made: ExchangeMade) -> None:
        self._reader.take(made)
        if made.exchange.role == "scu":
            # An association that failed may leave events waiting; one that was made, send them.
            self._delivery.read_soon()
            if made.exchange.message == "N-EVENT-REPORT":
                self._telling.events.add_sent(made)

    @Slot(object)
    def _on_waiting(self, events: list[PendingEvent]) -> None:
        self._telling.events.show_waiting(events)
        self._details.history.show_due(self._reader.due(events))

    @Slot(object, object)
    def _on_subscriptions(
        self, infos: list[SubscriptionInfo], deliveries: dict[str, Delivery]
    ) -> None:
        self._telling.show_subscriptions(
            subscription_rows(infos, self._worklist.step_name, deliveries)
        )
