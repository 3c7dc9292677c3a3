"""What a page may ask of the window around it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from tdwii_gui.actors.worker import SerialWorker
    from tdwii_gui.ui.bridge import ActorBridge
    from tdwii_gui.ui.panels.messages import MessageArea

R = TypeVar("R")


class Desk(Protocol):
    """The window of a page: its worker for local work, its messages, its watch over futures."""

    background: SerialWorker
    bridge: ActorBridge
    messages: MessageArea

    def job(
        self,
        future: Future[R],
        text: str,
        done: Callable[[R], Any] | None = None,
        failed: Callable[[BaseException], Any] | None = None,
        cancel: Callable[[], object] | None = None,
    ) -> int:
        """Show what a future does until it has ended, then hand on its outcome."""
