"""A day on the treatment machines: which steps stand where. Uses no Qt; any thread may make it."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Final

from tdwii_gui.dicom.ups.timeline import TimelineEntry

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tdwii_gui.ui.models.worklist import WorklistRow

ASSUMED_HOURS: Final = 0.25
"""The length of a step that names no end."""

_LEAST_HOURS: Final = 0.1


@dataclass(frozen=True, slots=True)
class Block:
    """A step on the day of a machine.

    Parameters
    ----------
    entry : TimelineEntry
        The step.
    begin, end : float
        Hours since the day's begin; `end` is assumed where the step names none.
    """

    entry: TimelineEntry
    begin: float
    end: float

    @property
    def uid(self) -> str:
        """The step's SOP Instance UID."""
        return self.entry.sop_instance_uid


@dataclass(frozen=True, slots=True)
class Lane:
    """The day of one machine.

    Parameters
    ----------
    machine : str
        Its name; empty for steps that name none.
    rows : tuple of tuple of Block
        Blocks of one row do not overlap and are in order; steps at one time are in several rows.
    blocks : tuple of Block
        All blocks, by their begin.
    """

    machine: str
    rows: tuple[tuple[Block, ...], ...]
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class DayPlan:
    """The steps of a day, by machine.

    Parameters
    ----------
    day : date
        The day in local time.
    begin : datetime
        Its begin.
    hours : float
        How long it is: 23, 24 or 25 hours.
    lanes : tuple of Lane
        The machines that have a step on it.
    """

    day: date
    begin: datetime
    hours: float
    lanes: tuple[Lane, ...]
    _places: dict[str, tuple[int, int, Block]] = field(repr=False, default_factory=dict)

    @classmethod
    def of(cls, day: date, machines: Mapping[str, Sequence[TimelineEntry]]) -> DayPlan:
        """Return the plan of a day."""
        begin, end = _midnight(day), _midnight(day + timedelta(days=1))
        hours = (end - begin).total_seconds() / 3600
        lanes = tuple(
            _lane(machine, [_block(entry, begin, hours) for entry in entries])
            for machine, entries in machines.items()
            if entries
        )
        places = {
            block.uid: (number, row, block)
            for number, lane in enumerate(lanes)
            for row, blocks in enumerate(lane.rows)
            for block in blocks
        }
        return cls(day, begin, hours, lanes, places)

    @property
    def count(self) -> int:
        """How many steps there are."""
        return len(self._places)

    def __contains__(self, uid: object) -> bool:
        return uid in self._places

    def place(self, uid: str) -> tuple[int, int] | None:
        """Return lane and row of a step; None if it is not on this day."""
        found = self._places.get(uid)
        return found[:2] if found else None

    def block(self, uid: str) -> Block | None:
        """Return the block of a step."""
        found = self._places.get(uid)
        return found[2] if found else None

    def hour_of(self, moment: datetime) -> float:
        """Return how many hours after the day's begin a moment is."""
        return (moment - self.begin).total_seconds() / 3600

    def moment(self, hour: float) -> datetime:
        """Return the local time at an hour after the day's begin."""
        return (self.begin + timedelta(hours=hour)).astimezone()


def entries(day: date, rows: Iterable[WorklistRow]) -> dict[str, list[TimelineEntry]]:
    """Return the steps of a worklist that are to start on a day in local time, by machine."""
    machines: dict[str, list[TimelineEntry]] = {}
    for row in rows:
        if row.start is not None and row.start.date() == day:
            entry = TimelineEntry(
                row.start, row.expected_end, row.uid, row.patient_id, row.patient_name, row.state
            )
            machines.setdefault(row.machine, []).append(entry)
    return dict(sorted(machines.items()))


def visible(row: Sequence[Block], first: float, last: float) -> Iterable[Block]:
    """Return the blocks of a row that are between two hours."""
    start = bisect_left(row, first, key=lambda block: block.end)
    end = bisect_left(row, last, key=lambda block: block.begin)
    return row[start:end]


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day).astimezone()


def _block(entry: TimelineEntry, begin: datetime, hours: float) -> Block:
    first = max(0.0, (entry.start - begin).total_seconds() / 3600)
    last = first + ASSUMED_HOURS
    if entry.end is not None and entry.end > entry.start:
        last = max((entry.end - begin).total_seconds() / 3600, first + _LEAST_HOURS)
    return Block(entry, first, min(hours, last))


def _lane(machine: str, blocks: list[Block]) -> Lane:
    """Put each block into the first row that is free at its begin."""
    blocks.sort(key=lambda block: (block.begin, block.uid))
    rows: list[list[Block]] = []
    busy: list[tuple[float, int]] = []
    free: list[int] = []
    for block in blocks:
        while busy and busy[0][0] <= block.begin:
            heappush(free, heappop(busy)[1])
        if free:
            number = heappop(free)
        else:
            number = len(rows)
            rows.append([])
        rows[number].append(block)
        heappush(busy, (block.end, number))
    return Lane(machine, tuple(map(tuple, rows)), tuple(blocks))
