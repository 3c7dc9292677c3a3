"""The one crossing from the threads of actors to the GUI thread."""

from __future__ import annotations

from collections import deque
from math import inf
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final, TypeVar

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from tdwii_gui.actors.events import ActorEvent

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

R = TypeVar("R")

_TICK_MS: Final = 16
_REST_SECONDS: Final = 0.2
_SLICE_SECONDS: Final = 0.003
_BATCH: Final = 2


class EventFeed(QObject):
    """Events on their way to one listener, which takes them when its turn comes.

    Parameters
    ----------
    wanted : Callable
        Tells which events the listener takes.

    Signals
    -------
    events : list[ActorEvent]
        What happened, in order, up to 2 at a time.
    """

    events = Signal(object)

    def __init__(self, wanted: Callable[[ActorEvent], bool], parent: QObject) -> None:
        super().__init__(parent)
        self._wanted = wanted
        self._waiting: deque[tuple[int, ActorEvent]] = deque()
        self.served_at = 0.0

    def take(self, number: int, event: ActorEvent) -> None:
        """Have an event wait, if the listener wants it."""
        if self._wanted(event):
            self._waiting.append((number, event))

    @property
    def first_number(self) -> int | None:
        """The number of the event that waits longest."""
        return self._waiting[0][0] if self._waiting else None

    def serve(self, deadline: float) -> None:
        """Hand events on until the deadline (of `perf_counter`), a few in any case."""
        while self._waiting:
            count = min(_BATCH, len(self._waiting))
            self.events.emit([self._waiting.popleft()[1] for _ in range(count)])
            if perf_counter() > deadline:
                break
        self.served_at = perf_counter()


class ActorBridge(QObject):
    """Takes events and outcomes on any thread and hands them on, in order, on the GUI thread.

    A timer serves one feed in a turn of the event loop, so that a flood of events has one window
    painted at a time instead of all at once, and none more than five times in a second. An outcome
    comes after the events that were there before it. Nothing is handed on after `close`.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._queue: deque[ActorEvent | Callable[[], None]] = deque()
        self._feeds: list[EventFeed] = []
        self._calls: deque[tuple[int, Callable[[], None]]] = deque()
        self._taken = 0
        self._closed = False
        self._timer = QTimer(self)
        self._timer.setInterval(_TICK_MS)
        self._timer.timeout.connect(self._drain)
        self._timer.start()

    def feed(self, wanted: Callable[[ActorEvent], bool] = lambda _event: True) -> EventFeed:
        """Return a feed of the events to come; it lives as long as the bridge."""
        made = EventFeed(wanted, self)
        self._feeds.append(made)
        return made

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
        self._feeds.clear()
        self._calls.clear()

    @Slot()
    def _drain(self) -> None:
        self._sort_out()
        deadline = perf_counter() + _SLICE_SECONDS
        rested = [
            feed for feed in self._feeds if feed.first_number is not None and _has_rested(feed)
        ]
        if rested:
            min(rested, key=lambda feed: feed.served_at).serve(deadline)
        while self._calls and self._calls[0][0] < self._oldest_event() and not self._closed:
            self._calls.popleft()[1]()
            if perf_counter() > deadline:
                break

    def _sort_out(self) -> None:
        """Give what has come, numbered, to whom it concerns."""
        while self._queue:
            entry = self._queue.popleft()
            self._taken += 1
            if isinstance(entry, ActorEvent):
                for feed in self._feeds:
                    feed.take(self._taken, entry)
            else:
                self._calls.append((self._taken, entry))

    def _oldest_event(self) -> float:
        """Return the number of the oldest event that waits; infinity if none does."""
        numbers = (feed.first_number for feed in self._feeds)
        return min((number for number in numbers if number is not None), default=inf)


def _has_rested(feed: EventFeed) -> bool:
    return perf_counter() - feed.served_at >= _REST_SECONDS


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
