"""What the subscription bar of the PPVS does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from tdwii_gui.actors.subscriptions import SubscriptionKind

if TYPE_CHECKING:
    from concurrent.futures import Future

    from tdwii_gui.actors.events import ExchangeMade
    from tdwii_gui.actors.ppvs import Ppvs
    from tdwii_gui.actors.subscriptions import Subscription
    from tdwii_gui.ui.actor_window import ActorWindow
    from tdwii_gui.ui.panels.subscription_bar import SubscriptionBar


class SubscriptionControl(QObject):
    """Subscribes and unsubscribes when it is wanted, and shows what became of it.

    Signals
    -------
    answered
        The TMS has accepted or ended a subscription.
    changed
        The bar shows another state.
    """

    answered = Signal()
    changed = Signal()

    def __init__(self, ppvs: Ppvs, bar: SubscriptionBar, window: ActorWindow) -> None:
        super().__init__(window)
        self._ppvs = ppvs
        self._bar = bar
        self._window = window
        self._is_asking = False
        self._reason = ""
        bar.auto_download.setChecked(ppvs.auto_download)
        bar.choose_machine(ppvs.machine)
        bar.choose_kind(ppvs.wanted_subscriptions[0].kind)
        bar.subscribe_wanted.connect(self._on_subscribe)
        bar.unsubscribe_wanted.connect(self._on_unsubscribe)
        bar.auto_download_changed.connect(self._on_auto_download)
        self.show_state()

    def take_exchange(self, made: ExchangeMade) -> None:
        """Follow what the actor asks by itself: it may subscribe, or fail to."""
        exchange = made.exchange
        if exchange.role != "scu" or exchange.called_ae != self._ppvs.tms_ae_title:
            return
        if exchange.message in ("N-ACTION", "A-ASSOCIATE"):
            self._reason = exchange.comment if exchange.status is None else ""
            self.show_state()

    def show_state(self) -> None:
        """Show what the actor is subscribed to now."""
        self._bar.show_state(
            self._ppvs.subscriptions,
            self._ppvs.tms_ae_title,
            is_busy=self._is_asking,
            reason=self._reason,
        )
        self.changed.emit()

    @Slot(object)
    def _on_subscribe(self, wanted: Subscription) -> None:
        ppvs, lock = self._ppvs, wanted.deletion_lock
        match wanted.kind:
            case SubscriptionKind.GLOBAL:
                asked = ppvs.subscribe(lock)
            case SubscriptionKind.FILTERED:
                asked = ppvs.subscribe_filtered(wanted.machine, lock)
            case SubscriptionKind.STEP:
                asked = ppvs.subscribe_step(wanted.step_uid, lock)
        self._ask(self.tr("Subscribing"), asked)

    @Slot()
    def _on_unsubscribe(self) -> None:
        self._ask(self.tr("Unsubscribing"), self._ppvs.unsubscribe())

    @Slot(bool)
    def _on_auto_download(self, is_on: bool) -> None:
        self._ppvs.auto_download = is_on

    def _ask(self, words: str, future: Future[int]) -> None:
        self._is_asking = True
        self.show_state()
        self._window.job(future, words, self._on_answered, self._on_refused)

    def _on_answered(self, _status: int) -> None:
        self._is_asking = False
        self._reason = ""
        self.show_state()
        self.answered.emit()

    def _on_refused(self, error: BaseException) -> None:
        self._is_asking = False
        self._reason = str(error)
        self.show_state()
        self._window.messages.fail(str(error))
