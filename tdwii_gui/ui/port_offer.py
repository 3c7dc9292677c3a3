"""Offers another port where that of a single actor's window is in use."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot

from tdwii_gui.actors.events import ListenFailed

if TYPE_CHECKING:
    from tdwii_gui.actors.actor import Actor
    from tdwii_gui.ui.actor_window import ActorWindow
    from tdwii_gui.ui.bridge import ActorBridge


class PortOffer(QObject):
    """Hears that the actor cannot listen, and offers a port that is free."""

    def __init__(self, actor: Actor, bridge: ActorBridge, window: ActorWindow) -> None:
        super().__init__(window)
        self._actor = actor
        self._window = window
        feed = bridge.feed(
            lambda event: isinstance(event, ListenFailed) and event.ae_title == actor.ae_title
        )
        feed.events.connect(self._on_events)

    @Slot(object)
    def _on_events(self, events: list[ListenFailed]) -> None:
        for event in events:
            self._offer(event.reason)

    def _offer(self, reason: str) -> None:
        host, _ = self._actor.address
        port = _free_port(host)
        if port == 0:
            self._window.messages.fail(reason)
            return

        def take() -> None:
            self._actor.listen_on(port)
            self._window.start_actor()

        self._window.messages.fail(reason, self.tr("Take port {0} instead").format(port), take)


def _free_port(host: str) -> int:
    """Return a port of an address that is free at the moment, or 0 if the address is not usable."""
    try:
        with socket.create_server((host, 0)) as server:
            port: int = server.getsockname()[1]
            return port
    except OSError:
        return 0
