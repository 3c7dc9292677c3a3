"""Which exchange of one recording is which of another."""

from __future__ import annotations

from collections import defaultdict
from difflib import SequenceMatcher
from itertools import starmap, zip_longest
from typing import TYPE_CHECKING, Final, NamedTuple

from tdwii_gui.recording.exchanges import class_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tdwii_gui.recording.exchanges import RecordedExchange

_LOOKS: Final = frozenset({"N-GET", "C-ECHO"})
_MOST_MATCHED: Final = 1000
"""To find which of more exchanges is missing takes too long; then they are paired in order."""


class Aligned(NamedTuple):
    """An exchange of the first recording and the one of the second that is the same, if any."""

    first: RecordedExchange | None
    second: RecordedExchange | None


class _Kind(NamedTuple):
    sender: str
    receiver: str
    transaction: str
    service: str
    sop_class: str
    about: str


def same_ae_titles(first: Mapping[str, str], second: Mapping[str, str]) -> dict[str, str]:
    """Return the AE title of the first recording by that of the second.

    Parameters
    ----------
    first, second : Mapping[str, str]
        Role by AE title.
    """
    same = {ae: ae for ae in second if ae in first}
    for ae, role in second.items():
        left = [one for one, its in first.items() if its == role and one not in same.values()]
        others = [one for one, its in second.items() if its == role and one not in same]
        if ae not in same and len(left) == len(others) == 1:
            same[ae] = left[0]
    return same


def align(
    first: Iterable[RecordedExchange],
    second: Iterable[RecordedExchange],
    ae_titles: Mapping[str, str],
) -> list[Aligned]:
    """Return the exchanges of both in pairs, in the order of the first.

    Only exchanges of the same kind between the same systems are a pair, and in the order in which
    they came: what happens at the same time between others may come earlier or later. How often and
    when somebody looks (N-GET, C-ECHO, C-FIND in an archive) is chance: of the first two, only what
    tells the same is a pair, and of all only a failure is missed.
    """
    ours = _by_kind(first, {})
    theirs = _by_kind(second, ae_titles)
    aligned: list[Aligned] = []
    for kind in dict.fromkeys((*ours, *theirs)):
        pair_up = _looks if kind.service in _LOOKS else _pairs
        pairs = pair_up(ours.get(kind, ()), theirs.get(kind, ()))
        is_chance = kind.service in _LOOKS or (kind.service == "C-FIND" and not kind.transaction)
        if is_chance and kind in ours and kind in theirs:
            pairs = (pair for pair in pairs if _is_missed(pair))
        aligned += pairs
    return sorted(aligned, key=_place)


def _by_kind(
    exchanges: Iterable[RecordedExchange], ae_titles: Mapping[str, str]
) -> dict[_Kind, list[RecordedExchange]]:
    kinds: dict[_Kind, list[RecordedExchange]] = defaultdict(list)
    for one in exchanges:
        sender, receiver = one.request.sender, one.request.receiver
        kind = _Kind(
            ae_titles.get(sender, sender),
            ae_titles.get(receiver, receiver),
            one.transaction,
            one.service,
            class_name(one.request.sop_class_uid),
            one.about,
        )
        kinds[kind].append(one)
    return kinds


def _looks(
    first: Sequence[RecordedExchange], second: Sequence[RecordedExchange]
) -> Iterator[Aligned]:
    """Yield those that were told the same in pairs, the others alone."""
    ours, theirs = ({(one.status, one.amount): one for one in each} for each in (first, second))
    for told in dict.fromkeys((*ours, *theirs)):
        yield Aligned(ours.get(told), theirs.get(told))


def _is_missed(pair: Aligned) -> bool:
    """Return whether a pair counts where only one of both may have looked."""
    found = pair.first or pair.second
    return None not in pair or (found is not None and found.failed)


def _pairs(
    first: Sequence[RecordedExchange], second: Sequence[RecordedExchange]
) -> Iterator[Aligned]:
    """Yield exchanges of a kind in pairs: those of the same object, the others in order."""
    by_uid: dict[str, list[RecordedExchange]] = defaultdict(list)
    for one in second:
        if one.service == "C-STORE":
            by_uid[one.request.sop_instance_uid].append(one)
    same = [
        Aligned(one, by_uid[one.request.sop_instance_uid].pop(0))
        for one in first
        if by_uid.get(one.request.sop_instance_uid)
    ]
    yield from same
    taken = {id(one) for pair in same for one in pair}
    yield from _in_order(
        [one for one in first if id(one) not in taken],
        [one for one in second if id(one) not in taken],
    )


def _in_order(
    first: Sequence[RecordedExchange], second: Sequence[RecordedExchange]
) -> Iterator[Aligned]:
    if len(first) == len(second) or max(len(first), len(second)) > _MOST_MATCHED:
        yield from starmap(Aligned, zip_longest(first, second))
        return
    ones, others = ([(one.amount, one.status) for one in each] for each in (first, second))
    matcher = SequenceMatcher(None, ones, others, autojunk=False)
    for _tag, i1, i2, j1, j2 in matcher.get_opcodes():
        yield from starmap(Aligned, zip_longest(first[i1:i2], second[j1:j2]))


def _place(pair: Aligned) -> tuple[int, int]:
    """Return where a pair stands: those that only the second has after the others."""
    if pair.first is not None:
        return 0, pair.first.request.number
    return 1, 0 if pair.second is None else pair.second.request.number
