"""Whom a TMS tells what: events as they leave, subscriptions, and what waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal, Slot

from tdwii_gui.ui.panels.event_panel import EventPanel
from tdwii_gui.ui.panels.outbox_panel import OutboxPanel
from tdwii_gui.ui.panels.subscription_panel import SubscriptionPanel
from tdwii_gui.ui.panels.tab_card import TabCard

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PySide6.QtWidgets import QWidget

    from tdwii_gui.ui.models.outbox_rows import OutboxRow
    from tdwii_gui.ui.models.subscription_rows import SubscriptionRow

_OUTBOX = 2


class TellingCard(TabCard):
    """Events, subscriptions and outbox of a TMS, with the actions of the page in sight.

    Parameters
    ----------
    step_name : Callable
        Tells the patient of a step by its UID.

    Attributes
    ----------
    events : EventPanel
        The events that have left.

    Signals
    -------
    step_wanted : str
        The step of an event is to be shown.
    subscribe_asked, unsubscribe_asked : None, SubscriptionRow
        A subscription is to be made or ended.
    discard_asked : str
        What waits for a receiver is to be dropped.
    """

    step_wanted = Signal(str)
    subscribe_asked = Signal()
    unsubscribe_asked = Signal(object)
    discard_asked = Signal(str)

    def __init__(self, step_name: Callable[[str], str], parent: QWidget | None = None) -> None:
        super().__init__("telling_tabs", self.tr("What subscribers are told"), parent)
        self.events = EventPanel(step_name)
        self._subscriptions = SubscriptionPanel()
        self._outbox = OutboxPanel(step_name)
        self.add_page(self.events, self.tr("Events"))
        self.add_page(self._subscriptions, self.tr("Subscriptions"))
        self.add_page(self._outbox, self.tr("Outbox"))
        self._of_page: dict[QWidget, tuple[QWidget, ...]] = {
            self.events: (self.events.summary,),
            self._subscriptions: (self._subscriptions.subscribe, self._subscriptions.unsubscribe),
            self._outbox: (self._outbox.discard,),
        }
        for widgets in self._of_page.values():
            for widget in widgets:
                self.corner.addWidget(widget)
        self.events.step_wanted.connect(self.step_wanted)
        self._outbox.step_wanted.connect(self.step_wanted)
        self._outbox.discard_asked.connect(self.discard_asked)
        self._subscriptions.subscribe_asked.connect(self.subscribe_asked)
        self._subscriptions.unsubscribe_asked.connect(self.unsubscribe_asked)
        self.page_changed.connect(self._show_corner)
        self._show_corner()

    def show_subscriptions(self, rows: Sequence[SubscriptionRow]) -> None:
        """Show who is subscribed."""
        self._subscriptions.show_rows(rows)

    @Slot(object)
    def show_outbox(self, rows: Sequence[OutboxRow]) -> None:
        """Show what waits, and how much in the tab where it waits too long."""
        self._outbox.show_rows(rows)
        waiting = self._outbox.waiting
        title = self.tr("⚠ Outbox ({0})").format(waiting) if waiting else self.tr("Outbox")
        self.tabs.setTabText(_OUTBOX, title)

    def repaint_steps(self) -> None:
        """Show steps by names that are known meanwhile."""
        self.events.repaint_steps()

    @Slot()
    def _show_corner(self) -> None:
        for page, widgets in self._of_page.items():
            for widget in widgets:
                widget.setVisible(page is self.page)
