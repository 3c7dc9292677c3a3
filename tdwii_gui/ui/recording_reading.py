"""Reads a recording for its window, off the GUI thread."""

from __future__ import annotations

from threading import Event
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QObject, Signal

from tdwii_gui.actors.recorded_exchange import exchange_made
from tdwii_gui.actors.worker import SerialWorker
from tdwii_gui.recording.exchanges import exchanges
from tdwii_gui.recording.reading import Recording, find_recording
from tdwii_gui.ui.bridge import ActorBridge
from tdwii_gui.ui.models.exchange_log import LoggedExchange
from tdwii_gui.ui.models.recorded_associations import recorded_associations
from tdwii_gui.ui.models.recorded_ladder import recorded_ladder
from tdwii_gui.ui.models.recorded_messages import RecordedMessages

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Future
    from pathlib import Path

    from tdwii_gui.actors.events import ExchangeMade
    from tdwii_gui.recording.exchanges import RecordedExchange
    from tdwii_gui.recording.message import MessageSummary
    from tdwii_gui.ui.models.message_rows import MessageModel
    from tdwii_gui.ui.models.recorded_associations import RecordedAssociation
    from tdwii_gui.ui.models.recorded_messages import MessageFilter

_CHUNK_SECONDS: Final = 0.1
_LOOKS: Final = 2000


class RecordingReading(QObject):
    """Opens a recording, filters its messages, and finds out what they are about.

    Signals
    -------
    opened : RecordedMessages
        It is open.
    paired : (RecordedMessages, list[RecordedAssociation])
        Its exchanges and associations are known.
    failed : str
        It cannot be opened, or a message not be read, in words.
    found : (RecordedMessages, list[MessageSummary])
        The messages that were asked for last.
    drawn : RecordedLadder
        The ladder of the messages asked for last.
    told : (int, int)
        Of so many exchanges is known what they are about, of how many.
    loaded : (int, LoggedExchange)
        The message that was asked for last, with its exchange.
    """

    opened = Signal(object)
    paired = Signal(object, object)
    failed = Signal(str)
    found = Signal(object, object)
    drawn = Signal(object)
    told = Signal(int, int)
    loaded = Signal(int, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge = ActorBridge(self)
        # What a message is about takes long with 100,000 of them; nothing else waits for it.
        self._worker = SerialWorker("recording-read", _told_by_its_future)
        self._telling = SerialWorker("recording-tell", _told_by_its_future)
        self._recorded: RecordedMessages | None = None
        self._closing = False
        self._is_free = Event()
        self._is_free.set()
        self._asked = 0
        self._number = 0

    def watch(
        self,
        future: Future[Any],
        done: Callable[[Any], Any],
        failed: Callable[[BaseException], Any] | None = None,
    ) -> None:
        """As `ActorBridge.watch`."""
        self._bridge.watch(future, done, failed)

    def background(self, call: Callable[[], Any]) -> Future[Any]:
        """Run a call off the GUI thread."""
        return self._worker.submit("inspect", "", call)

    def open(self, folder: Path) -> None:
        """Read a recording, or the newest one in a folder."""
        self._watch(lambda: RecordedMessages(Recording(find_recording(folder))), self._on_opened)

    def find(self, wanted: MessageFilter, model: MessageModel) -> None:
        """Find messages, in the order of a model."""
        recorded = self._recorded
        if recorded is None:
            return
        self._asked += 1
        asked, order = self._asked, model.order

        def find() -> list[MessageSummary]:
            rows = []
            for place, row in enumerate(recorded.messages):
                if place % _LOOKS == 0 and (asked != self._asked or self._closing):
                    return []
                if recorded.accepts(row, wanted):
                    rows.append(row)
            return model.ordered(rows, order)

        self._watch(find, lambda rows: self._on_found(asked, recorded, rows))

    def draw(self, rows: Sequence[MessageSummary]) -> None:
        """Make the ladder of the exchanges that some messages belong to."""
        recorded = self._recorded
        if recorded is None:
            return

        self._watch(lambda: recorded_ladder(recorded, rows), self.drawn.emit)

    def load(self, message: MessageSummary) -> None:
        """Read a message with the other end of its exchange."""
        recorded = self._recorded
        if recorded is None:
            return
        self._number = message.number
        self._watch(
            lambda: _loaded(recorded, message),
            lambda made: self._on_loaded(recorded, message, made),
        )

    def close(self) -> None:
        """End the threads; nothing is told any more."""
        self._closing = True
        self._bridge.close()
        self._worker.stop()
        self._telling.stop()
        self._recorded = None

    def _watch(self, call: Callable[[], Any], done: Callable[[Any], Any]) -> None:
        """Read something that the user waits for: whatever else runs has a rest meanwhile."""

        def read() -> Any:
            self._is_free.clear()
            try:
                return call()
            finally:
                self._is_free.set()

        self._bridge.watch(
            self._worker.submit("read", "", read),
            done,
            lambda error: self.failed.emit(str(error)),
        )

    def _on_opened(self, recorded: RecordedMessages) -> None:
        self._recorded = recorded
        # Before anything that those who hear of it may want read: that needs the exchanges.
        self._watch(
            lambda: _paired(recorded), lambda associations: self._on_paired(recorded, associations)
        )
        self.opened.emit(recorded)

    def _on_paired(
        self, recorded: RecordedMessages, associations: list[RecordedAssociation]
    ) -> None:
        self.paired.emit(recorded, associations)
        self._bridge.watch(
            self._telling.submit("tell", "", lambda: self._tell(recorded)),
            lambda _: None,
            lambda error: self.failed.emit(str(error)),
        )

    def _on_found(self, asked: int, recorded: RecordedMessages, rows: list[MessageSummary]) -> None:
        if asked == self._asked:
            self.found.emit(recorded, rows)

    def _on_loaded(
        self, recorded: RecordedMessages, message: MessageSummary, made: ExchangeMade
    ) -> None:
        if message.number == self._number:
            arrow = recorded.arrow_of(message)
            self.loaded.emit(message.number, LoggedExchange(arrow, [made]))

    def _tell(self, recorded: RecordedMessages) -> None:
        """Find out, on a thread of its own, what all exchanges are about."""
        first, chunk, begun = 0, [], perf_counter()
        for exchange in exchanges(recorded.recording, recorded.roles):
            self._is_free.wait()
            if self._closing:
                return
            chunk.append(exchange)
            if perf_counter() - begun > _CHUNK_SECONDS:
                self._hand_on(recorded, first, chunk)
                first, chunk, begun = first + len(chunk), [], perf_counter()
        self._hand_on(recorded, first, chunk)

    def _hand_on(
        self, recorded: RecordedMessages, first: int, chunk: list[RecordedExchange]
    ) -> None:
        def take() -> None:
            recorded.tell(first, chunk)
            self.told.emit(first + len(chunk), len(recorded.exchanges))

        self._bridge.post(take)


def _paired(recorded: RecordedMessages) -> list[RecordedAssociation]:
    recorded.pair()
    return recorded_associations(recorded.recording.associations(), recorded.messages)


def _loaded(recorded: RecordedMessages, message: MessageSummary) -> ExchangeMade:
    """Read a message and the one that belongs to it: the request, or the final response."""
    read = recorded.recording.message
    exchange = recorded.exchange(message.number)
    if exchange is None:
        return exchange_made(None, read(message.number), "")
    response = exchange.final if message.is_request else message
    return exchange_made(
        read(exchange.request.number),
        read(response.number) if response is not None else None,
        exchange.transaction,
    )


def _told_by_its_future(_name: str, _error: Exception) -> None:
    """Leave an error to who waits for the future."""
