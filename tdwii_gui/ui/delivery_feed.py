"""From the TMS to its window: who is subscribed, what waits for them, how deliveries went."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from tdwii_gui.ui.models.outbox_rows import outbox_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tdwii_gui.actors.tms import PendingEvent, SubscriptionInfo, Tms
    from tdwii_gui.actors.worker import SerialWorker
    from tdwii_gui.ui.bridge import ActorBridge
    from tdwii_gui.ui.models.subscription_rows import Delivery

_SOON_MS: Final = 400


class DeliveryFeed(QObject):
    """Reads subscriptions and outbox, once for all that happens within a moment.

    Signals
    -------
    subscriptions : list[SubscriptionInfo], dict[str, Delivery]
        Who is subscribed, and the last attempt for each receiver.
    waiting : list[PendingEvent]
        The events that are due, in order.
    outbox : list[OutboxRow]
        The same, by receiver.
    failed : str
        Why they cannot be read.
    """

    subscriptions = Signal(object, object)
    waiting = Signal(object)
    outbox = Signal(object)
    failed = Signal(str)

    def __init__(
        self, tms: Tms, bridge: ActorBridge, background: SerialWorker, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._tms = tms
        self._bridge = bridge
        self._background = background
        self._deliveries: Mapping[str, Delivery] = {}
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_SOON_MS)
        self._timer.timeout.connect(self.read)

    def read_soon(self) -> None:
        """Read what has changed, in a moment."""
        if not self._timer.isActive():
            self._timer.start()

    @Slot()
    def read(self) -> None:
        """Read all."""
        tms, watch = self._tms, self._bridge.watch
        watch(tms.deliveries(), self._on_deliveries, self._on_failed)
        watch(tms.subscriptions(), self._on_subscriptions, self._on_failed)
        watch(tms.pending_events(), self._on_pending, self._on_failed)

    def _on_deliveries(self, deliveries: Mapping[str, Delivery]) -> None:
        self._deliveries = deliveries

    def _on_subscriptions(self, infos: list[SubscriptionInfo]) -> None:
        self.subscriptions.emit(infos, self._deliveries)

    def _on_pending(self, events: list[PendingEvent]) -> None:
        self.waiting.emit(events)
        future = self._background.submit("outbox", "", lambda: outbox_rows(events))
        self._bridge.watch(future, self.outbox.emit, self._on_failed)

    def _on_failed(self, error: BaseException) -> None:
        self.failed.emit(str(error))
