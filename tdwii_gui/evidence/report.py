"""What a report tells of a run or of a recording: its model, which HTML, PDF and JSON show."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from tdwii_gui.dicom.status import is_failure
from tdwii_gui.evidence.transaction_verdict import TransactionTally, TransactionVerdict
from tdwii_gui.judging.verdict import Outcome
from tdwii_gui.recording.exchanges import exchanges, roles_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from tdwii_gui.judging.verdict import Verdict
    from tdwii_gui.recording.exchanges import MessageSource, RecordedExchange
    from tdwii_gui.recording.message import AssociationEvent, MessageSummary
    from tdwii_gui.scenario.results import ScenarioResult, StepResult

SHOWN_MESSAGES: Final = 500
"""So many messages the report shows, from the first; those that prove a finding besides."""

_MORE_PROOFS: Final = 200
_STEP_PROOFS: Final = 6
_SHOWN_EXCHANGES: Final = 400


@dataclass(frozen=True, slots=True)
class Background:
    """What a report tells besides what happened.

    Parameters
    ----------
    roles : Mapping[str, str]
        The value of `Role` by AE title, as far as it is known.
    external : frozenset[str]
        The AE titles of systems that are none of ours.
    configuration, versions : str, Mapping[str, str]
        The settings as TOML; versions by name.
    patient_data : bool
        Whether names, IDs and dates are real ones.
    notes : tuple[str, ...]
        What a reader has to know of the recording.
    """

    roles: Mapping[str, str] = field(default_factory=dict)
    external: frozenset[str] = frozenset()
    configuration: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    patient_data: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """A run with its recording, ready to be shown.

    Parameters
    ----------
    source : MessageSource
        The recorded messages.
    result : ScenarioResult or None
        The run of a scenario; None for a mere recording.
    verdicts : tuple[Verdict, ...]
        Of the systems that were judged.
    shown : tuple[MessageSummary, ...]
        The messages that are shown, by number.
    exchanges : tuple[RecordedExchange, ...]
        The first ones, for the ladder.
    """

    source: MessageSource
    result: ScenarioResult | None
    verdicts: tuple[Verdict, ...]
    background: Background
    transactions: tuple[TransactionVerdict, ...]
    shown: tuple[MessageSummary, ...]
    exchanges: tuple[RecordedExchange, ...]
    exchange_count: int
    failed_exchanges: int
    associations: tuple[AssociationEvent, ...]
    roles: Mapping[str, str]

    @property
    def title(self) -> str:
        """The scenario's title, or that it is a recording."""
        return self.result.scenario.title if self.result else "Recording"

    @property
    def name(self) -> str:
        """The scenario's short name."""
        return self.result.scenario.name if self.result else "recording"

    @property
    def began(self) -> datetime | None:
        """When it began; None for an empty recording."""
        if self.result is not None:
            return self.result.started
        return self.source.messages[0].at if self.source.messages else None

    @property
    def seconds(self) -> float:
        """How long it took."""
        if self.result is not None:
            return self.result.seconds
        messages = self.source.messages
        return (messages[-1].at - messages[0].at).total_seconds() if messages else 0.0

    @property
    def steps(self) -> Sequence[StepResult]:
        """The steps of the scenario; none for a mere recording."""
        return self.result.steps if self.result else ()

    @property
    def failed_steps(self) -> list[StepResult]:
        """The steps that failed."""
        return [step for step in self.steps if step.outcome == "failed"]

    @property
    def unmet(self) -> list[Verdict]:
        """The requirements that are not met."""
        return self.requirements(Outcome.NOT_MET)

    def requirements(self, outcome: Outcome) -> list[Verdict]:
        """Return the requirements with an outcome."""
        return [verdict for verdict in self.verdicts if verdict.outcome is outcome]

    @property
    def proofs(self) -> frozenset[int]:
        """The messages that show what is not met, and those of failed steps that say why."""
        numbers = {number for verdict in self.unmet for number in verdict.messages}
        for step in self.failed_steps:
            numbers.update(self.failures_in(step))
        return frozenset(numbers)

    def shows(self, number: int) -> bool:
        """Return whether the report shows a message, so that a link can lead to it."""
        place = bisect_left(self.shown, number, key=lambda message: message.number)
        return place < len(self.shown) and self.shown[place].number == number

    def messages_in(self, step: StepResult) -> Sequence[MessageSummary]:
        """Return the messages that travelled during a step."""
        messages = self.source.messages
        end = step.started + timedelta(seconds=step.seconds)
        first = bisect_left(messages, step.started, key=lambda message: message.at)
        return messages[first : bisect_right(messages, end, key=lambda message: message.at)]

    def failures_in(self, step: StepResult) -> tuple[int, ...]:
        """Return the responses during a step that say failure; without one, its last message."""
        messages = self.messages_in(step)
        failed = [m for m in messages if m.status is not None and is_failure(m.status)]
        return tuple(message.number for message in (failed or messages[-1:]))[:_STEP_PROOFS]

    @property
    def passed(self) -> bool | None:
        """Whether the scenario passed, or what was judged is met; None if there is neither."""
        if self.result is not None:
            return self.result.passed
        return not self.unmet if self.verdicts else None


def make_report(
    source: MessageSource,
    result: ScenarioResult | None,
    verdicts: Sequence[Verdict],
    background: Background,
    associations: Sequence[AssociationEvent] = (),
) -> Report:
    """Return the report of a recording; all messages are read once, few are kept."""
    tally = TransactionTally()
    kept: list[RecordedExchange] = []
    count = failed = 0
    for exchange in exchanges(source, background.roles):
        tally.add(exchange)
        count += 1
        failed += exchange.failed
        if len(kept) < _SHOWN_EXCHANGES:
            kept.append(exchange)
    expected = result is not None and result.passed
    return Report(
        source=source,
        result=result,
        verdicts=tuple(verdicts),
        background=background,
        transactions=tally.verdicts(verdicts, as_expected=expected),
        shown=_shown(source.messages, verdicts),
        exchanges=tuple(kept),
        exchange_count=count,
        failed_exchanges=failed,
        associations=tuple(associations),
        roles=roles_of(source.messages, background.roles),
    )


def _shown(
    messages: Sequence[MessageSummary], verdicts: Sequence[Verdict]
) -> tuple[MessageSummary, ...]:
    """Return the first messages, and of the others those that prove what is not met."""
    first = messages[:SHOWN_MESSAGES]
    last = first[-1].number if first else 0
    proofs = (
        number
        for verdict in verdicts
        if verdict.outcome is Outcome.NOT_MET
        for number in verdict.messages
        if number > last
    )
    wanted = set(sorted(set(proofs))[:_MORE_PROOFS])
    if not wanted:
        return tuple(first)
    return (*first, *(one for one in messages[SHOWN_MESSAGES:] if one.number in wanted))
