"""A line for each transaction, as `deliver` and `demo` print it."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

from tdwii_gui.actors.events import ExchangeMade
from tdwii_gui.app.console import say
from tdwii_gui.dicom.status import status_words

if TYPE_CHECKING:
    from tdwii_gui.actors.events import ActorEvent

_HEAD = f"{'':6} {'FROM':13} {'TO':13} {'MESSAGE':15} {'STATUS':6} {'MS':>8}  OUTCOME"


@dataclass(slots=True)
class _Line:
    event: ExchangeMade
    count: int
    milliseconds: float

    def continues_with(self, event: ExchangeMade) -> bool:
        """Whether an exchange is one more C-STORE of the same kind, which needs no own line."""
        mine, other = self.event.exchange, event.exchange
        return (
            mine.message == "C-STORE"
            and self.event.transaction == event.transaction
            and (mine.message, mine.calling_ae, mine.called_ae, mine.status)
            == (other.message, other.calling_ae, other.called_ae, other.status)
        )

    def __str__(self) -> str:
        exchange = self.event.exchange
        status = "none" if exchange.status is None else f"{exchange.status:04X}H"
        words = "no answer" if exchange.status is None else status_words(exchange.status)
        objects = f"{self.count} objects" if self.count > 1 else ""
        outcome = ", ".join(filter(None, (words, objects, exchange.detail, exchange.comment)))
        return (
            f"{self.event.transaction:6} {exchange.calling_ae:13} {exchange.called_ae:13} "
            f"{exchange.message:15} {status:6} {self.milliseconds:8.1f}  {outcome}"
        )


class TransactionPrinter:
    """Prints each exchange that an actor asked for; a row of C-STOREs becomes one line."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._last: _Line | None = None
        self._head_due = True
        self._closed = False

    def hear(self, event: ActorEvent) -> None:
        """Take an event; the line of an exchange is printed once it is known not to grow."""
        if not isinstance(event, ExchangeMade) or event.exchange.role != "scu":
            return
        with self._lock:
            if self._closed:
                return
            if self._last and self._last.continues_with(event):
                self._last.count += 1
                self._last.milliseconds += event.exchange.milliseconds
                return
            self._print_last()
            self._last = _Line(event, 1, event.exchange.milliseconds)
            if event.exchange.message != "C-STORE":
                self._print_last()

    def close(self) -> None:
        """Print what is held back, and nothing that comes later."""
        with self._lock:
            self._print_last()
            self._closed = True

    def _print_last(self) -> None:
        line, self._last = self._last, None
        if line:
            if self._head_due:
                say(_HEAD)
                self._head_due = False
            say(str(line))
