"""What a window shows of a recording: messages, the exchanges they belong to, and a filter."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from tdwii_gui.dicom.status import is_failure, is_pending, is_warning, status_words
from tdwii_gui.dicom.uids import uid_name
from tdwii_gui.recording.exchanges import class_name, paired, roles_of
from tdwii_gui.recording.lines import Info
from tdwii_gui.ui import texts
from tdwii_gui.ui.models import exchange_words
from tdwii_gui.ui.models.arrow import Arrow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tdwii_gui.recording.exchanges import RecordedExchange
    from tdwii_gui.recording.message import MessageSummary
    from tdwii_gui.recording.reading import Recording


@dataclass(frozen=True, slots=True)
class MessageFilter:
    """Which messages are shown; what is empty asks for nothing.

    Parameters
    ----------
    text : str
        Words that must all occur.
    service : str
        E.g. ``"N-SET"``.
    ae_title : str
        Of the sender or the receiver.
    transaction : str
        E.g. ``"RO-62"``.
    association : int
        The number of one, 0 for all.
    """

    text: str = ""
    service: str = ""
    ae_title: str = ""
    transaction: str = ""
    only_problems: bool = False
    association: int = 0


class RecordedMessages:
    """The messages of a recording with the exchanges that they belong to, once they are paired.

    Parameters
    ----------
    recording : Recording
        What is shown.

    Attributes
    ----------
    exchanges : list[RecordedExchange]
        In the order of their requests; transaction and subject are known when they were told.
    roles : dict[str, str]
        The values of `Role` of AE titles, as far as they are known.
    services, ae_titles, transactions : set[str]
        Those that messages have, transactions as far as they are known.
    problems : int
        How many messages are problems.
    """

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.messages: Sequence[MessageSummary] = recording.messages
        self.services = {message.service for message in self.messages}
        self.ae_titles = {message.sender for message in self.messages}
        self.ae_titles |= {message.receiver for message in self.messages}
        self.transactions: set[str] = set()
        self.exchanges: list[RecordedExchange] = []
        self.roles: dict[str, str] = {}
        self.problems = 0
        self._places: dict[int, int] = {}

    def pair(self) -> None:
        """Find the exchanges that messages belong to; takes a second for 100,000."""
        told = self.recording.info.get(Info.ACTORS)
        known = {str(ae): str(role) for ae, role in told.items()} if isinstance(told, dict) else {}
        self.roles = roles_of(self.messages, known)
        self.exchanges = paired(self.messages)
        self._places = {
            number: place
            for place, exchange in enumerate(self.exchanges)
            for number in exchange.numbers
        }
        self.problems = sum(map(self.is_problem, self.messages))

    def exchange(self, number: int) -> RecordedExchange | None:
        """Return the exchange of a message; None for a response without its request."""
        place = self._places.get(number)
        return None if place is None else self.exchanges[place]

    def tell(self, first: int, exchanges: Sequence[RecordedExchange]) -> None:
        """Take what is known of exchanges by now, from a place on."""
        self.exchanges[first : first + len(exchanges)] = exchanges
        self.transactions |= {exchange.transaction for exchange in exchanges} - {""}

    def is_problem(self, message: MessageSummary) -> bool:
        """Return whether a message is a failure or warning, or had no answer."""
        if message.status is not None:
            return is_failure(message.status) or is_warning(message.status)
        exchange = self.exchange(message.number)
        return exchange is not None and exchange.needs_response and exchange.final is None

    def transaction(self, message: MessageSummary) -> str:
        """Return the transaction of a message, e.g. ``"RO-62"``; empty outside of the profile."""
        exchange = self.exchange(message.number)
        return exchange.transaction if exchange else ""

    def about(self, message: MessageSummary) -> str:
        """Return what a message is about."""
        exchange = self.exchange(message.number)
        if exchange is not None and (exchange.about or exchange.amount):
            return " ".join(filter(None, (exchange.about, exchange.amount)))
        return _class_names(message.sop_class_uid)[0]

    def outcome(self, message: MessageSummary) -> str:
        """Return the status of a response in words, with its glyph and the comment of the peer."""
        status = message.status
        if status is None:
            if message.is_request and self.is_problem(message):
                return f"✕ {exchange_words.no_answer()}"
            return ""
        if is_pending(status):
            return f"… {_tr('Pending')}"
        glyph = "✕" if is_failure(status) else "⚠" if is_warning(status) else "✓"
        if status == 0:
            return f"{glyph} {exchange_words.status_title(status)}"
        words = f"{glyph} {exchange_words.status_title(status)} ({status:04X})"
        return f"{words}: {message.comment}" if message.comment else words

    def search(self, message: MessageSummary) -> str:
        """Return all text by which a message is found, in lower case."""
        status = message.status
        parts = (
            message.kind,
            message.sender,
            message.receiver,
            self.transaction(message),
            self.about(message),
            *_class_names(message.sop_class_uid),
            message.sop_class_uid,
            message.sop_instance_uid,
            message.comment,
            "" if status is None else f"{status:04x} {status_words(status)}",
        )
        return " ".join(parts).casefold()

    def accepts(self, message: MessageSummary, wanted: MessageFilter) -> bool:
        """Return whether a filter lets a message pass."""
        if wanted.association and message.association != wanted.association:
            return False
        if wanted.service and message.service != wanted.service:
            return False
        if wanted.ae_title and wanted.ae_title not in (message.sender, message.receiver):
            return False
        if wanted.transaction and self.transaction(message) != wanted.transaction:
            return False
        if wanted.only_problems and not self.is_problem(message):
            return False
        if not wanted.text:
            return True
        text = self.search(message)
        return all(word in text for word in wanted.text.casefold().split())

    def arrow_of(self, message: MessageSummary) -> Arrow:
        """Return a message in the words of an arrow."""
        exchange = self.exchange(message.number)
        begun = exchange.request.at if exchange else message.at
        ended = exchange.final.at if exchange and exchange.final else begun
        title = texts.plain(f"{message.kind} {self.about(message)}".strip())
        return Arrow(
            key=message.number,
            from_lane=message.sender,
            to_lane=message.receiver,
            title=title,
            outcome=texts.plain(self.outcome(message)[2:], 200),
            failed=exchange is not None and exchange.failed,
            warning=exchange is not None and exchange.warned,
            canceled=exchange is not None and exchange.canceled,
            transaction=self.transaction(message),
            at=message.at,
            milliseconds=((ended if message.is_request else message.at) - begun).total_seconds()
            * 1000,
        )


@lru_cache(maxsize=1024)
def _class_names(sop_class_uid: str) -> tuple[str, str]:
    """Return the short and the whole name of a SOP class; to look them up takes a while."""
    if not sop_class_uid:
        return "", ""
    return class_name(sop_class_uid), uid_name(sop_class_uid)


def _tr(text: str) -> str:
    return QCoreApplication.translate("RecordedMessages", text)
