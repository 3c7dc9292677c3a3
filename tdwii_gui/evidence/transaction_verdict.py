"""What a recording tells of each transaction of the profile, RO-58 to RO-65."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING

from tdwii_gui.actors.transactions import TRANSACTIONS
from tdwii_gui.dicom.status import status_words
from tdwii_gui.judging.verdict import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tdwii_gui.actors.transactions import Transaction
    from tdwii_gui.judging.verdict import Verdict
    from tdwii_gui.recording.exchanges import RecordedExchange


@dataclass(frozen=True, slots=True)
class TransactionVerdict:
    """What was seen of a transaction.

    Parameters
    ----------
    words : str
        Why, in a sentence.
    count : int
        How many exchanges of it there were.
    messages : tuple[int, ...]
        The messages that show it, by number: those that failed, else the first ones.
    """

    transaction: Transaction
    outcome: Outcome
    words: str
    count: int
    messages: tuple[int, ...]


@dataclass(slots=True)
class _Seen:
    """What was seen of a transaction so far; of its exchanges only what is told."""

    count: int = 0
    last_failed: bool = False
    failures: int = 0
    first: RecordedExchange | None = None
    failure: RecordedExchange | None = None
    milliseconds: list[float] = field(default_factory=list)

    def add(self, exchange: RecordedExchange) -> None:
        self.count += 1
        self.first = self.first or exchange
        self.last_failed = exchange.failed
        if exchange.failed:
            self.failures += 1
            self.failure = exchange
        else:
            self.milliseconds.append(exchange.milliseconds)


class TransactionTally:
    """Counts the exchanges of each transaction as they come."""

    def __init__(self) -> None:
        self._seen = {transaction.number: _Seen() for transaction in TRANSACTIONS}

    def add(self, exchange: RecordedExchange) -> None:
        """Take an exchange; those outside of the profile do not count."""
        if exchange.transaction in self._seen:
            self._seen[exchange.transaction].add(exchange)

    def verdicts(
        self,
        requirements: Iterable[Verdict],
        *,
        as_expected: bool = False,
    ) -> tuple[TransactionVerdict, ...]:
        """Return the verdict of each transaction.

        It is not met if a requirement of it is not met, or if its last exchange failed; the latter
        not where that was expected.

        Parameters
        ----------
        requirements : Iterable[Verdict]
            Those of the systems that were judged.
        as_expected : bool
            Whether what failed was what a scenario expected.
        """
        unmet: dict[str, list[Verdict]] = {}
        for verdict in requirements:
            if verdict.outcome is Outcome.NOT_MET:
                unmet.setdefault(verdict.requirement.transaction, []).append(verdict)
        return tuple(
            _verdict(one, self._seen[one.number], unmet.get(one.number, ()), as_expected)
            for one in TRANSACTIONS
        )


def _verdict(
    transaction: Transaction, seen: _Seen, unmet: Sequence[Verdict], as_expected: bool
) -> TransactionVerdict:
    words = [_words(seen, as_expected)]
    messages: list[int] = []
    if unmet:
        count = len(unmet)
        words.append(f"{count} requirement{'' if count == 1 else 's'} not met")
        messages += [number for verdict in unmet for number in verdict.messages]
    if seen.failure is not None:
        messages += seen.failure.numbers
    elif seen.first is not None and not messages:
        messages += seen.first.numbers
    is_unmet = unmet or (seen.last_failed and not as_expected)
    outcome = Outcome.MET if seen.count else Outcome.NOT_SEEN
    return TransactionVerdict(
        transaction,
        Outcome.NOT_MET if is_unmet else outcome,
        "; ".join(words),
        seen.count,
        tuple(dict.fromkeys(messages)),
    )


def _words(seen: _Seen, as_expected: bool) -> str:
    if not seen.count:
        return "not in the recording"
    counted = f"{seen.count:,} exchange{'' if seen.count == 1 else 's'}"
    if seen.failure is None:
        return f"{counted}, {median(seen.milliseconds):.0f} ms"
    status = seen.failure.status
    why = "no answer" if status is None else f"{status:04X}H {status_words(status)}"
    expected = ", as the scenario expects" if as_expected else ""
    return f"{counted}, {seen.failures:,} refused{expected}: {why}"
