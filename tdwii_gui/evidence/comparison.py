"""Two recordings compared: by transaction, status and attribute, UIDs and times mapped."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import islice, zip_longest
from typing import TYPE_CHECKING, Final

from tdwii_gui.dicom.status import is_pending, status_words
from tdwii_gui.evidence.alignment import Aligned, align, same_ae_titles
from tdwii_gui.evidence.attribute_lines import attribute_lines
from tdwii_gui.evidence.correspondence import Correspondence
from tdwii_gui.recording.exchanges import exchanges, roles_of
from tdwii_gui.recording.lines import Info
from tdwii_gui.recording.message import AssociationChange

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pydicom.dataset import Dataset

    from tdwii_gui.evidence.attribute_lines import AttributeLine
    from tdwii_gui.recording.exchanges import RecordedExchange
    from tdwii_gui.recording.message import MessageSummary, RecordedMessage
    from tdwii_gui.recording.reading import Recording

MOST: Final = 1000
"""So many differences are told; the others are counted."""

_QUERIES: Final = frozenset({"C-FIND", "C-MOVE", "C-GET"})
_MOST_TRIED: Final = 100
"""Among so many queries or matches the one with the same UIDs is looked for."""

_MOST_KEPT: Final = 50_000
"""Recordings with more differences have nothing in common."""

ABSENT: Final = "absent"

_NOT_COMPARED: Final = frozenset(
    {
        "CommandGroupLength", "CommandDataSetType", "MessageID", "MessageIDBeingRespondedTo",
        "MoveOriginatorMessageID", "Status",
    }
)  # fmt: skip
"""Elements of a command set that say nothing, or what is compared otherwise."""


class DifferenceKind(StrEnum):
    """What differs."""

    MISSING = "missing"
    ADDED = "added"
    STATUS = "status"
    ATTRIBUTE = "attribute"
    ASSOCIATION = "association"


@dataclass(frozen=True, slots=True)
class Difference:
    """Something in which two recordings differ.

    Parameters
    ----------
    transaction : str
        E.g. ``"RO-62"``; empty outside of the profile.
    exchange : str
        In words, e.g. ``"TDD → TMS N-SET final update"``; may hold text of a peer.
    part : str
        ``"request"``, ``"response"`` or ``"match 3"``; empty for a difference of the whole.
    path : str
        The attribute; empty where it is none.
    first, second : str
        What it is in each; ``"absent"`` for an attribute that is not there.
    first_message, second_message : int
        The messages, 0 where there is none.
    """

    kind: DifferenceKind
    transaction: str
    exchange: str
    part: str = ""
    path: str = ""
    first: str = ""
    second: str = ""
    first_message: int = 0
    second_message: int = 0


@dataclass(frozen=True, slots=True)
class TransactionCount:
    """How often a transaction was seen in each recording, and in how many things it differs."""

    transaction: str
    first: int
    second: int
    differences: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """In what two recordings differ.

    Parameters
    ----------
    differences : tuple[Difference, ...]
        The first ones, in the order of the first recording.
    count : int
        How many there are.
    transactions : tuple[TransactionCount, ...]
        Those that were seen in one of them; what is outside of the profile under an empty one.
    """

    differences: tuple[Difference, ...]
    count: int
    transactions: tuple[TransactionCount, ...]

    @property
    def equal(self) -> bool:
        """Whether there is no difference."""
        return not self.count


def compare(first: Recording, second: Recording) -> Comparison:
    """Compare two recordings or evidence packs.

    Raises
    ------
    StoreError
        If a message cannot be read.
    """
    return _Comparer(first, second).compare()


class _Comparer:
    def __init__(self, first: Recording, second: Recording) -> None:
        self._first = first
        self._second = second
        self._roles = tuple(
            roles_of(one.messages, one.info.get(Info.ACTORS, {})) for one in (first, second)
        )
        self._ae_titles = same_ae_titles(*self._roles)
        self._values = Correspondence(
            self._ae_titles,
            has_pseudonyms=not all(one.info.get(Info.PATIENT_DATA) for one in (first, second)),
        )

    def compare(self) -> Comparison:
        ours, theirs = (
            list(exchanges(one, roles))
            for one, roles in zip((self._first, self._second), self._roles, strict=True)
        )
        found = list(islice(self._differences(align(ours, theirs, self._ae_titles)), _MOST_KEPT))
        told = [one for one in found if not self._values.explains(one.first, one.second)]
        counts = Counter(one.transaction for one in told)
        seen = [Counter(one.transaction for one in each) for each in (ours, theirs)]
        names = sorted(seen[0].keys() | seen[1].keys() | counts.keys(), key=lambda n: (not n, n))
        return Comparison(
            tuple(told[:MOST]),
            len(told),
            tuple(TransactionCount(n, seen[0][n], seen[1][n], counts[n]) for n in names),
        )

    def _differences(self, pairs: Sequence[Aligned]) -> Iterator[Difference]:
        for first, second in self._reordered(pairs):
            found = first or second
            if found is None:
                continue
            blank = Difference(DifferenceKind.STATUS, found.transaction, _words(found))
            if first is None or second is None or first.status != second.status:
                yield _as_a_whole(blank, first, second)
            if first is not None and second is not None:
                yield from self._of_pair(blank, first, second)
        yield from self._of_associations()

    def _reordered(self, pairs: Sequence[Aligned]) -> Iterator[Aligned]:
        """Yield pairs; of equal queries, those about the same instance, whichever came first.

        Which UIDs stand for the same is known from the pairs before.
        """
        queries: dict[str, list[RecordedExchange]] = defaultdict(list)
        for first, second in pairs:
            if first and second and first.service in _QUERIES:
                queries[_kind(first)].append(second)
        for first, second in pairs:
            left = queries[_kind(first)] if first and second else []
            if first is None or not left:
                yield Aligned(first, second)
                continue
            wanted = _lines(self._first.message(first.request.number).dataset)
            place = next(
                (
                    place
                    for place, one in enumerate(left[:_MOST_TRIED])
                    if self._may_be(wanted, self._second.message(one.request.number))
                ),
                0,
            )
            yield Aligned(first, left.pop(place))

    def _may_be(self, wanted: Mapping[str, AttributeLine], message: RecordedMessage) -> bool:
        found = _lines(message.dataset)
        common = wanted.keys() & found.keys()
        return all(self._values.may_be_same(wanted[path], found[path]) for path in common)

    def _in_order(
        self, first: RecordedExchange, second: RecordedExchange
    ) -> tuple[MessageSummary, ...]:
        """Return the messages of the second in the order of the first: matches have none."""
        left = list(second.responses)
        if first.service != "C-FIND" or max(len(left), len(first.responses)) > _MOST_TRIED:
            return second.request, *left
        ordered: list[MessageSummary] = []
        for response in first.responses:
            wanted = _lines(self._first.message(response.number).dataset)
            fitting = (
                one
                for one in left
                if one.status == response.status
                and self._may_be(wanted, self._second.message(one.number))
            )
            found = next(fitting, None)
            if found is None:
                return second.request, *second.responses
            left.remove(found)
            ordered.append(found)
        return second.request, *ordered, *left

    def _of_pair(
        self, blank: Difference, first: RecordedExchange, second: RecordedExchange
    ) -> Iterator[Difference]:
        ours, theirs = (first.request, *first.responses), self._in_order(first, second)
        for place, (one, other) in enumerate(zip_longest(ours, theirs)):
            if one is not None and other is not None:
                part = replace(blank, part=_part(place, one))
                yield from self._of_messages(part, one, other)
            elif one is not None and other is None:
                yield replace(
                    blank, kind=DifferenceKind.MISSING, part=_part(place, one),
                    second=ABSENT, first_message=one.number,
                )  # fmt: skip
            elif other is not None:
                yield replace(
                    blank, kind=DifferenceKind.ADDED, part=_part(place, other),
                    first=ABSENT, second_message=other.number,
                )  # fmt: skip

    def _of_messages(
        self, blank: Difference, one: MessageSummary, other: MessageSummary
    ) -> Iterator[Difference]:
        ours, theirs = self._first.message(one.number), self._second.message(other.number)
        blank = replace(
            blank,
            kind=DifferenceKind.ATTRIBUTE,
            first_message=one.number,
            second_message=other.number,
        )
        for first, second in ((ours.command, theirs.command), (ours.dataset, theirs.dataset)):
            before, after = _lines(first), _lines(second)
            for path in dict.fromkeys((*before, *after)):
                values = before.get(path), after.get(path)
                if not self._same(*values):
                    shown = [ABSENT if value is None else value.value for value in values]
                    yield replace(blank, path=path, first=shown[0], second=shown[1])

    def _same(self, first: AttributeLine | None, second: AttributeLine | None) -> bool:
        if first is None or second is None:
            return first is second
        return self._values.same(first, second)

    def _of_associations(self) -> Iterator[Difference]:
        """Yield the associations that were rejected in one of both alone, or for another reason."""
        ours = Counter(_rejections(self._first, {}))
        theirs = Counter(_rejections(self._second, self._ae_titles))
        for rejection in sorted(ours.keys() | theirs.keys()):
            if ours[rejection] != theirs[rejection]:
                words = [f"{count[rejection]} times" for count in (ours, theirs)]
                yield Difference(
                    DifferenceKind.ASSOCIATION, "", rejection, first=words[0], second=words[1]
                )


def _as_a_whole(
    blank: Difference, first: RecordedExchange | None, second: RecordedExchange | None
) -> Difference:
    """Return that an exchange is in one recording alone, or was answered otherwise."""
    kind = DifferenceKind.MISSING if second is None else DifferenceKind.ADDED
    return replace(
        blank,
        kind=DifferenceKind.STATUS if first and second else kind,
        first=_status(first),
        second=_status(second),
        first_message=_last(first),
        second_message=_last(second),
    )


def _kind(exchange: RecordedExchange) -> str:
    """Return what equal queries have in common."""
    return _words(exchange) if exchange.service in _QUERIES else ""


def _words(exchange: RecordedExchange) -> str:
    request = exchange.request
    return f"{request.sender} → {request.receiver} {exchange.title}"


def _status(exchange: RecordedExchange | None) -> str:
    if exchange is None:
        return ABSENT
    if exchange.status is None:
        return "no answer"
    return f"{exchange.status:04X}H {status_words(exchange.status)}"


def _last(exchange: RecordedExchange | None) -> int:
    return 0 if exchange is None else exchange.numbers[-1]


def _part(place: int, message: MessageSummary) -> str:
    if message.is_request:
        return "request"
    pending = message.status is not None and is_pending(message.status)
    return f"match {place}" if pending else "response"


def _lines(dataset: Dataset | None) -> dict[str, AttributeLine]:
    if dataset is None:
        return {}
    return {line.path: line for line in attribute_lines(dataset) if line.path not in _NOT_COMPARED}


def _rejections(recording: Recording, ae_titles: Mapping[str, str]) -> Iterator[str]:
    for event in recording.associations():
        if event.change is AssociationChange.REJECTED:
            calling, called = (ae_titles.get(ae, ae) for ae in (event.calling_ae, event.called_ae))
            detail = f": {event.detail}" if event.detail else ""
            yield f"{calling} → {called} {event.change}{detail}"
