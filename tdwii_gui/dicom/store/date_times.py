"""Dates and times that are matched together (PS3.4 C.2.2.2.5, C.5.1.1: combined matching).

With it, a range of Study Date and one of Study Time are one range, from the first time of the
first day to the last time of the last. Without it each is matched on its own.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from tdwii_gui.dicom.store.intervals import Interval, parse, parse_range

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_DAY: Final = timedelta(days=1) // timedelta(microseconds=1)
_WHOLE_DAY: Final = Interval(0, _DAY - 1)


def pairs(keywords: Iterable[str]) -> list[tuple[str, str]]:
    """Return the keywords of dates with those of their times, where both are there."""
    words = list(keywords)
    dates = [word for word in words if word.endswith("Date")]
    times = [f"{word.removesuffix('Date')}Time" for word in dates]
    return [(date, time) for date, time in zip(dates, times, strict=True) if time in words]


def combined_test(date_key: str, time_key: str) -> Callable[[str, str], bool]:
    """Return the test of a date and its time, as texts, for keys of single values or ranges.

    Raises
    ------
    ValueError
        If a key is no value and no range of its VR.
    """
    dates, times = parse_range("DA", date_key), parse_range("TM", time_key)
    wanted = Interval(
        None if dates.first is None else dates.first + (times.first or 0),
        None if dates.last is None else dates.last - _DAY + 1 + _end(times),
    )

    def test(date: str, time: str) -> bool:
        try:
            day = parse("DA", date)
        except ValueError:
            return False
        within = _time(time)
        if day.first is None or within.first is None:
            return False
        moment = Interval(day.first + within.first, day.first + _end(within))
        return moment.overlaps(wanted)

    return test


def _time(text: str) -> Interval:
    try:
        return parse("TM", text)
    except ValueError:
        return _WHOLE_DAY


def _end(times: Interval) -> int:
    return _DAY - 1 if times.last is None else times.last
