"""The one crossing from the threads of actors to the GUI thread."""

from __future__ import annotations

from collections import deque
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final, TypeVar

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from tdwii_gui.actors.events import ActorEvent

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

R = TypeVar("R")

_PERIOD_MS: Final = 33
_SLICE_SECONDS: Final = 0.005
_BATCH: Final = 5


class ActorBridge(QObject):
    """Takes events and outcomes on any thread and hands them on, in order, on the GUI thread.

    A timer empties the queue for at most 5 ms at a time, so that a flood never blocks the windows.
    Nothing is handed on after `close`.

    Signals
    -------
    events : list[ActorEvent]
        What happened, up to 5 at a time.
    """

    events = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._queue: deque[ActorEvent | Callable[[], None]] = deque()
        self._closed = False
        self._timer = QTimer(self)
        self._timer.setInterval(_PERIOD_MS)
        self._timer.timeout.connect(self._drain)
        self._timer.start()

    def hear(self, event: ActorEvent) -> None:
        """Take an event, on any thread; this is an actor's listener."""
        if not self._closed:
            self._queue.append(event)

    def post(self, call: Callable[[], None]) -> None:
        """Have a call made on the GUI thread."""
        if not self._closed:
            self._queue.append(call)

    def watch(
        self,
        future: Future[R],
        done: Callable[[R], Any],
        failed: Callable[[BaseException], Any] | None = None,
    ) -> None:
        """Call `done` or `failed` on the GUI thread when a future has ended.

        A future that was canceled calls neither.
        """

        def ended(ended_future: Future[R]) -> None:
            if not ended_future.cancelled():
                self.post(lambda: _hand_on(ended_future, done, failed))

        future.add_done_callback(ended)

    def close(self) -> None:
        """Drop what waits and take nothing more."""
        self._closed = True
        self._timer.stop()
        self._queue.clear()

    @Slot()
    def _drain(self) -> None:
        deadline = perf_counter() + _SLICE_SECONDS
        while self._queue and perf_counter() < deadline:
            batch: list[ActorEvent] = []
            while self._queue and len(batch) < _BATCH:
                entry = self._queue[0]
                if not isinstance(entry, ActorEvent):
                    break
                batch.append(entry)
                self._queue.popleft()
            if batch:
                self.events.emit(batch)
            elif self._queue:
                call = self._queue.popleft()
                if not isinstance(call, ActorEvent):
                    call()


def _hand_on(
    future: Future[R],
    done: Callable[[R], Any],
    failed: Callable[[BaseException], Any] | None,
) -> None:
    error = future.exception()
    if error is None:
        done(future.result())
    elif failed is not None:
        failed(error)
