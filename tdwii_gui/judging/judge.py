"""The judge: from a recording to a verdict on each requirement."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from tdwii_gui.dicom.errors import ConfigError
from tdwii_gui.judging.history import History
from tdwii_gui.judging.ost import observe_ost
from tdwii_gui.judging.ost_requirements import OST_REQUIREMENTS
from tdwii_gui.judging.tdd import observe_tdd
from tdwii_gui.judging.tdd_requirements import TDD_REQUIREMENTS
from tdwii_gui.judging.tms import observe_tms
from tdwii_gui.judging.tms_requirements import TMS_REQUIREMENTS
from tdwii_gui.judging.verdict import Outcome, Verdict
from tdwii_gui.recording.exchanges import roles_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from tdwii_gui.judging.observation import Observation
    from tdwii_gui.judging.verdict import Requirement
    from tdwii_gui.recording.exchanges import MessageSource
    from tdwii_gui.recording.message import MessageSummary, RecordedMessage

_PROOFS: Final = 50
"""Of a requirement that every message proves, so many messages are named."""

_OBSERVERS: Final[Mapping[str, Callable[[History, str], Iterator[Observation]]]] = {
    "tdd": observe_tdd,
    "tms": observe_tms,
    "ost": observe_ost,
}

REQUIREMENTS: Final[Mapping[str, tuple[Requirement, ...]]] = {
    "tdd": TDD_REQUIREMENTS,
    "tms": TMS_REQUIREMENTS,
    "ost": OST_REQUIREMENTS,
}
"""What is required of each role that can be judged."""


def judge(
    messages: MessageSource | Sequence[RecordedMessage],
    roles: Mapping[str, str],
    *,
    recorded: Collection[str] = (),
) -> list[Verdict]:
    """Return a verdict on each requirement of each judged system.

    Parameters
    ----------
    messages : MessageSource or Sequence[RecordedMessage]
        A recording, or its messages in order.
    roles : Mapping[str, str]
        The role of each AE title that is to be judged; several AE titles may have the same one.
    recorded : Collection[str]
        AE titles whose associations were all recorded: what they were not asked for was not asked.

    Raises
    ------
    ConfigError
        If there are no requirements of a role.
    """
    for ae_title, role in roles.items():
        if role not in REQUIREMENTS:
            known = ", ".join(REQUIREMENTS)
            raise ConfigError(f"{ae_title}: {role!r} cannot be judged, only {known}")
    history = History(_source(messages), recorded)
    return [
        verdict
        for ae_title, role in roles.items()
        for verdict in _verdicts(history, ae_title, role)
    ]


def roles_of_others(messages: Iterable[MessageSummary], own: Collection[str]) -> dict[str, str]:
    """Return the roles of systems that can be judged, as far as their messages show them.

    Parameters
    ----------
    messages : Iterable[MessageSummary]
        Those of a recording.
    own : Collection[str]
        The AE titles of our own actors, which are left out.
    """
    shown = roles_of(messages, {})
    return {ae: role for ae, role in shown.items() if role in REQUIREMENTS and ae not in own}


def _source(messages: MessageSource | Sequence[RecordedMessage]) -> MessageSource:
    return _Messages(messages) if isinstance(messages, Sequence) else messages


def _verdicts(history: History, ae_title: str, role: str) -> Iterator[Verdict]:
    seen: dict[str, list[Observation]] = defaultdict(list)
    for observation in _OBSERVERS[role](history, ae_title):
        seen[observation.key].append(observation)
    for requirement in REQUIREMENTS[role]:
        yield _verdict(requirement, ae_title, seen.get(requirement.key, []))


def _verdict(requirement: Requirement, ae_title: str, seen: list[Observation]) -> Verdict:
    """Return the verdict: one occasion on which a requirement was not met decides."""
    failed = [observation for observation in seen if not observation.is_met]
    telling = failed or seen
    if not telling:
        words = "The recording does not show it."
        return Verdict(requirement, ae_title, Outcome.NOT_SEEN, words)
    words = telling[0].words
    if len(telling) > 1:
        words = f"{words}; {len(telling)} times in all" if failed else f"{words}, {len(seen)} times"
    numbers = dict.fromkeys(number for each in telling for number in each.messages)
    return Verdict(
        requirement,
        ae_title,
        Outcome.NOT_MET if failed else Outcome.MET,
        f"{words[0].upper()}{words[1:]}.",
        tuple(numbers)[:_PROOFS],
    )


class _Messages:
    """Messages in memory as a source of messages."""

    def __init__(self, messages: Sequence[RecordedMessage]) -> None:
        self._by_number = {message.summary.number: message for message in messages}

    @property
    def messages(self) -> Sequence[MessageSummary]:
        """All messages in order."""
        return [message.summary for message in self._by_number.values()]

    def message(self, number: int) -> RecordedMessage:
        """Return a message with its content."""
        return self._by_number[number]
