"""What a query has found, and what belongs to it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Final

from pydicom.multival import MultiValue

from tdwii_gui.app.tools.query import entity_identifier, levels_down_to, with_return_keys
from tdwii_gui.dicom.store.instance_index import UNIQUE_KEYS, Level, Root

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pydicom.dataset import Dataset

    from tdwii_gui.app.tools.sources import Source

_UIDS_PER_IDENTIFIER: Final = 500


@dataclass(frozen=True, slots=True)
class Found:
    """Entities of a level, and who knows more of them."""

    source: Source
    level: Level
    root: Root
    answers: Sequence[Dataset]

    def at(self, level: Level) -> list[Dataset]:
        """Return the entities of another level that these belong to, or that belong to them.

        What is not known of them is asked for, level by level: not every archive answers a query
        that leaves out the unique keys above its level.
        """
        if level is self.level:
            return list(self.answers)
        if _is_above(level, self.level):
            parents = _distinct(self.answers, level, self.root)
            asked = (with_return_keys(one, level) for one in parents)
            return list(self.source.find(asked, self.root))
        answers = list(self.answers)
        reached = self.level
        while reached is not level:
            parents = _distinct(answers, reached, self.root)
            reached = list(Level)[list(Level).index(reached) + 1]
            answers = list(
                self.source.find((with_return_keys(one, reached) for one in parents), self.root)
            )
        return answers

    def identifiers(self) -> list[Dataset]:
        """Return what C-MOVE and C-GET have to be asked for: an entity each, or some instances."""
        if self.level is not Level.IMAGE:
            return _distinct(self.answers, self.level, self.root)
        return list(_of_instances(self.answers, self.root))


def text(answer: Dataset, keyword: str) -> str:
    """Return an attribute of an answer as text; empty where it is absent."""
    value = answer.get(keyword)
    if isinstance(value, MultiValue | list):
        return "\\".join(map(str, value))
    return "" if value is None else str(value)


def _is_above(level: Level, other: Level) -> bool:
    levels = list(Level)
    return levels.index(level) < levels.index(other)


def _distinct(answers: Sequence[Dataset], level: Level, root: Root) -> list[Dataset]:
    """Return the identifiers of the entities of a level that answers name, each once."""
    keywords = [UNIQUE_KEYS[one] for one in levels_down_to(level, root)]
    named: dict[tuple[str, ...], Dataset] = {}
    for answer in answers:
        named.setdefault(tuple(text(answer, keyword) for keyword in keywords), answer)
    return [entity_identifier(answer, level, root) for answer in named.values()]


def _of_instances(answers: Sequence[Dataset], root: Root) -> Iterator[Dataset]:
    """Yield identifiers at IMAGE level, each with instances of one series."""
    keywords = [UNIQUE_KEYS[one] for one in levels_down_to(Level.SERIES, root)]

    def series(answer: Dataset) -> tuple[str, ...]:
        return tuple(text(answer, keyword) for keyword in keywords)

    for _, group in groupby(sorted(answers, key=series), series):
        instances = list(group)
        uids = list(dict.fromkeys(str(one.SOPInstanceUID) for one in instances))
        for start in range(0, len(uids), _UIDS_PER_IDENTIFIER):
            identifier = entity_identifier(instances[0], Level.IMAGE, root)
            part = uids[start : start + _UIDS_PER_IDENTIFIER]
            identifier.SOPInstanceUID = part if len(part) > 1 else part[0]
            yield identifier
