"""What the ladder shows: lanes and arrows as plain values, and the list that keeps them.

Neither DICOM nor widgets: the launcher shows the empty ladder before DICOM is imported.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

LIMIT: Final = 20_000
"""So many arrows are kept; then the oldest are dropped."""

_SECONDS_FROM: Final = 10_000


@dataclass(frozen=True, slots=True)
class Lane:
    """An actor or another AE between which arrows go.

    Parameters
    ----------
    title : str
        Plain text, translated where it is a word.
    """

    key: str
    title: str


@dataclass(frozen=True, slots=True)
class Arrow:
    """An exchange, or a run of equal ones, in words.

    Parameters
    ----------
    key : int
        Tells arrows apart; a later arrow has a greater one.
    from_lane, to_lane : str
        Keys of the lanes.
    title : str
        Message and what it is about, e.g. ``"C-STORE RT Plan"``.
    outcome : str
        What came of it, without glyph and duration, e.g. ``"Success"``.
    failed, warning, canceled : bool
        The class of its status; none of them is success.
    transaction : str
        E.g. ``"RO-62"``; may be empty.
    """

    key: int
    from_lane: str
    to_lane: str
    title: str
    outcome: str
    failed: bool
    warning: bool
    transaction: str
    at: datetime
    milliseconds: float
    canceled: bool = False

    @property
    def is_problem(self) -> bool:
        """Whether it is shown among only the problems."""
        return self.failed or self.warning

    @property
    def took(self) -> str:
        """The duration with a fitting unit."""
        if self.milliseconds >= _SECONDS_FROM:
            return f"{self.milliseconds / 1000:.1f} s"
        return f"{self.milliseconds:.0f} ms" if self.milliseconds >= 1 else "< 1 ms"

    @property
    def words(self) -> str:
        """Outcome and duration with the glyph, e.g. ``"✓ Success · 6 ms"``."""
        return f"{self.glyph} {self.outcome} · {self.took}"

    @property
    def glyph(self) -> str:
        """What tells the outcome without a colour."""
        if self.failed:
            return "✕"
        if self.warning:
            return "⚠"
        return "⊘" if self.canceled else "✓"


@dataclass(frozen=True, slots=True)
class ArrowChange:
    """An arrow that is new, or takes the place of the one with its key."""

    arrow: Arrow
    is_new: bool


class ArrowList:
    """The newest arrows in order, all of them or only the problems.

    Parameters
    ----------
    limit : int
        How many are kept.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._all: list[Arrow] = []
        self._numbers: dict[int, int] = {}
        self._first = 0
        self._problems: list[int] = []
        self._only_problems = False

    def __len__(self) -> int:
        return len(self._problems) if self._only_problems else len(self._all)

    def __getitem__(self, place: int) -> Arrow:
        if self._only_problems:
            return self._all[self._problems[place] - self._first]
        return self._all[place]

    def __contains__(self, key: int) -> bool:
        return key in self._numbers

    @property
    def total(self) -> int:
        """How many are kept, shown or not."""
        return len(self._all)

    @property
    def dropped(self) -> int:
        """How many have been dropped."""
        return self._first

    @property
    def problems(self) -> int:
        """How many of the kept ones are problems."""
        return len(self._problems)

    @property
    def only_problems(self) -> bool:
        """Whether only problems are shown."""
        return self._only_problems

    @only_problems.setter
    def only_problems(self, only: bool) -> None:
        self._only_problems = only

    def shown(self, first: int = 0, end: int | None = None) -> list[Arrow]:
        """Return the arrows that are shown from one place to before another."""
        places = range(*slice(first, end).indices(len(self)))
        return [self[place] for place in places]

    def everything(self) -> list[Arrow]:
        """Return all arrows, whatever is shown."""
        return list(self._all)

    def place_of(self, key: int | None) -> int | None:
        """Return where the arrow with a key is shown, or None."""
        number = self._numbers.get(key) if key is not None else None
        if number is None:
            return None
        if not self._only_problems:
            return number - self._first
        place = bisect_left(self._problems, number)
        found = place < len(self._problems) and self._problems[place] == number
        return place if found else None

    def add(self, arrows: Sequence[Arrow]) -> int:
        """Add arrows at the end; return how many shown ones were dropped at the beginning."""
        number = self._first + len(self._all)
        for arrow in arrows:
            self._numbers[arrow.key] = number
            if arrow.is_problem:
                self._problems.append(number)
            number += 1
        self._all.extend(arrows)
        return self._drop(len(self._all) - self._limit)

    def replace(self, arrow: Arrow) -> None:
        """Put an arrow in the place of the one with its key, if that is still kept."""
        number = self._numbers.get(arrow.key)
        if number is None:
            return
        before = self._all[number - self._first]
        self._all[number - self._first] = arrow
        if arrow.is_problem and not before.is_problem:
            insort(self._problems, number)
        elif before.is_problem and not arrow.is_problem:
            del self._problems[bisect_left(self._problems, number)]

    def clear(self) -> None:
        """Forget all."""
        self._all.clear()
        self._numbers.clear()
        self._problems.clear()
        self._first = 0

    def _drop(self, count: int) -> int:
        if count <= 0:
            return 0
        self._forget(self._all[:count])
        del self._all[:count]
        self._first += count
        problems = bisect_left(self._problems, self._first)
        del self._problems[:problems]
        return problems if self._only_problems else count

    def _forget(self, arrows: Iterable[Arrow]) -> None:
        for arrow in arrows:
            del self._numbers[arrow.key]
