"""The ladder of recorded messages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QCoreApplication

from tdwii_gui.ui import texts
from tdwii_gui.ui.models import exchange_words
from tdwii_gui.ui.models.arrow import Arrow, Lane

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tdwii_gui.recording.exchanges import RecordedExchange
    from tdwii_gui.recording.message import MessageSummary
    from tdwii_gui.ui.models.recorded_messages import RecordedMessages

MOST_ARROWS: Final = 5000

_ORDER: Final = ("creator", "tms", "ost", "tdd", "ppvs")
_RUN_LENGTH: Final = 1000
_RUN_PAUSE: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class RecordedLadder:
    """What the ladder shows of messages.

    Parameters
    ----------
    arrows : Sequence[Arrow]
        The first ones.
    keys : Mapping[int, int]
        The key of the arrow of an exchange, by the number of its request.
    total : int
        How many arrows there would be.
    """

    lanes: Sequence[Lane]
    arrows: Sequence[Arrow]
    keys: Mapping[int, int]
    total: int


def recorded_ladder(
    recorded: RecordedMessages, messages: Iterable[MessageSummary]
) -> RecordedLadder:
    """Return the ladder of the exchanges that some messages belong to."""
    runs = _runs(recorded, messages)
    shown = runs[:MOST_ARROWS]
    keys = {each.request.number: run[0].request.number for run in shown for each in run}
    return RecordedLadder(
        _lanes(recorded), [_arrow(recorded, run) for run in shown], keys, len(runs)
    )


def _lanes(recorded: RecordedMessages) -> list[Lane]:
    """Return the lanes: actors of known roles first, in the order of their work."""

    def order(title: str) -> tuple[int, str]:
        role = recorded.roles.get(title, "")
        return (_ORDER.index(role) if role in _ORDER else len(_ORDER), title)

    return [Lane(title, texts.plain(title, 16)) for title in sorted(recorded.ae_titles, key=order)]


def _runs(
    recorded: RecordedMessages, messages: Iterable[MessageSummary]
) -> list[list[RecordedExchange]]:
    """Return exchanges; equal C-STOREs between two systems without another between are one run."""
    found: dict[int, RecordedExchange] = {}
    for message in messages:
        exchange = recorded.exchange(message.number)
        if exchange is not None:
            found[exchange.request.number] = exchange
    runs: list[list[RecordedExchange]] = []
    last: dict[tuple[str, str], list[RecordedExchange]] = {}
    for number in sorted(found):
        exchange = found[number]
        ends = (exchange.request.sender, exchange.request.receiver)
        run = last.get(ends)
        if run is not None and len(run) < _RUN_LENGTH and _continues(run[-1], exchange):
            run.append(exchange)
        else:
            last[ends] = [exchange]
            runs.append(last[ends])
    return runs


def _continues(before: RecordedExchange, exchange: RecordedExchange) -> bool:
    ended = before.final.at if before.final else before.request.at
    return (
        exchange.service == before.service == "C-STORE"
        and exchange.request.sop_class_uid == before.request.sop_class_uid
        and exchange.status == before.status
        and exchange.transaction == before.transaction
        and exchange.request.at - ended <= _RUN_PAUSE
    )


def _arrow(recorded: RecordedMessages, run: Sequence[RecordedExchange]) -> Arrow:
    first, last = run[0], run[-1]
    request, final = first.request, last.final
    about = first.title.removeprefix(first.service) if first.about else recorded.about(request)
    times = f" ×{len(run)}" if len(run) > 1 else ""
    if final is None:
        outcome = exchange_words.no_answer() if last.needs_response else ""
    elif final.status != 0:
        outcome = recorded.outcome(final)[2:]
    elif last.service == "C-FIND" and last.matches:
        outcome = texts.counted(last.matches, _tr("{0} match"), _tr("{0} matches"))
    else:
        outcome = exchange_words.status_title(0)
    return Arrow(
        key=request.number,
        from_lane=request.sender,
        to_lane=request.receiver,
        title=texts.plain(f"{first.service}{times} {about.strip()}".strip()),
        outcome=texts.plain(outcome, 200),
        failed=last.failed,
        warning=last.warned,
        canceled=last.canceled,
        transaction=first.transaction,
        at=request.at,
        milliseconds=sum(each.milliseconds for each in run),
    )


def _tr(text: str) -> str:
    return QCoreApplication.translate("RecordedMessages", text)
