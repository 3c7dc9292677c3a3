"""Dates and times by their meaning: each value of VR DA, TM or DT is an interval (PS3.5 6.2).

A value that leaves out its lower components stands for all moments that it covers:
``20261121`` as a DT is that whole day. Numbers are microseconds: since 1970 UTC for a DT, since
0001-01-01 for a DA, since midnight for a TM.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

_DA: Final = re.compile(r"(\d{4})(?:\.?)(\d{2})(?:\.?)(\d{2})")
_TM: Final = re.compile(r"(\d{2})(?::?(\d{2})(?::?(\d{2})(?:\.(\d{1,6}))?)?)?")
_DT: Final = re.compile(
    r"(\d{4})(?:(\d{2})(?:(\d{2})(?:(\d{2})(?:(\d{2})(?:(\d{2})(?:\.(\d{1,6}))?)?)?)?)?)?"
    r"([+-](?:0\d|1[0-4])[0-5]\d)?"
)
_OFFSET: Final = re.compile(r"([+-])(\d{2})(\d{2})")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_DAY: Final = datetime(1, 1, 1)
_MICROSECOND: Final = timedelta(microseconds=1)
_WIDTHS: Final = (
    timedelta(hours=1),
    timedelta(minutes=1),
    timedelta(seconds=1),
)


@dataclass(frozen=True, slots=True)
class Interval:
    """All moments from `first` to `last`, both included; None is without an end."""

    first: int | None
    last: int | None

    def overlaps(self, other: Interval) -> bool:
        """Return whether the two have a moment in common."""
        return _reaches(self.last, other.first) and _reaches(other.last, self.first)


def parse(vr: str, value: str, offset: str = "") -> Interval:
    """Return the interval that a value of VR DA, TM or DT stands for.

    Parameters
    ----------
    vr : str
        ``"DA"``, ``"TM"`` or ``"DT"``.
    value : str
        The value.
    offset : str
        UTC offset of a DT without one, as in Timezone Offset From UTC (0008,0201); empty is the
        local time zone.

    Raises
    ------
    ValueError
        If the value is none of its VR.
    """
    value = value.strip()
    try:
        if vr == "DA":
            return _date(value)
        if vr == "TM":
            return _time(value)
        return _datetime(value, offset)
    except OverflowError as error:
        raise ValueError(f"no {vr}") from error


def parse_range(vr: str, key: str, offset: str = "") -> Interval:
    """Return the interval of a matching key: ``a``, ``a-b``, ``a-`` or ``-b`` (PS3.4 C.2.2.2.5).

    A hyphen in a key always means a range; where offsets bring further hyphens, the one is taken
    that leaves a value on each side.

    Raises
    ------
    ValueError
        If the key is no value and no range of its VR.
    """
    key = key.strip()
    if "-" not in key:
        return parse(vr, key, offset)
    for position, character in enumerate(key):
        first, last = key[:position].strip(), key[position + 1 :].strip()
        if character == "-" and (first or last) and _is_side(vr, first) and _is_side(vr, last):
            return Interval(
                parse(vr, first, offset).first if first else None,
                parse(vr, last, offset).last if last else None,
            )
    raise ValueError("no range")


def _reaches(last: int | None, first: int | None) -> bool:
    return last is None or first is None or last >= first


def _is_side(vr: str, text: str) -> bool:
    pattern = {"DA": _DA, "TM": _TM}.get(vr, _DT)
    return not text or pattern.fullmatch(text) is not None


def _date(value: str) -> Interval:
    found = _DA.fullmatch(value)
    if found is None:
        raise ValueError("no DA")
    year, month, day = (int(part) for part in found.groups())
    moment = datetime(year, month, day)
    first = (moment - _FIRST_DAY) // _MICROSECOND
    return Interval(first, first + timedelta(days=1) // _MICROSECOND - 1)


def _time(value: str) -> Interval:
    found = _TM.fullmatch(value)
    if found is None:
        raise ValueError("no TM")
    *parts, fraction = found.groups()
    numbers = [int(part) for part in parts if part is not None]
    hour, minute, second = (*numbers, 0, 0)[:3]
    if hour > 23 or minute > 59 or second > 60:
        raise ValueError("no TM")
    first = timedelta(hours=hour, minutes=minute, seconds=second) // _MICROSECOND
    return _widened(first, _WIDTHS[len(numbers) - 1], fraction)


def _datetime(value: str, offset: str) -> Interval:
    found = _DT.fullmatch(value)
    if found is None:
        raise ValueError("no DT")
    *parts, fraction, own_offset = found.groups()
    numbers = [int(part) for part in parts if part is not None]
    year, month, day, hour, minute, second = (*numbers, *(1, 1, 1, 0, 0, 0)[len(numbers) :])
    # A leap second is the last one that datetime knows.
    moment = datetime(year, month, day, hour, minute, min(second, 59))
    first = (_aware(moment, own_offset or offset) - _EPOCH) // _MICROSECOND
    if len(numbers) > 3:
        return _widened(first, _WIDTHS[len(numbers) - 4], fraction)
    following = _next_date(moment, len(numbers))
    last = (_aware(following, own_offset or offset) - _EPOCH) // _MICROSECOND - 1
    return Interval(first, last)


def _widened(first: int, width: timedelta, fraction: str | None) -> Interval:
    if fraction is None:
        return Interval(first, first + width // _MICROSECOND - 1)
    first += int(fraction.ljust(6, "0"))
    return Interval(first, first + int(10 ** (6 - len(fraction))) - 1)


def _next_date(moment: datetime, components: int) -> datetime:
    """Return the start of the following year, month or day."""
    if components == 3:
        return moment + timedelta(days=1)
    months = 12 if components == 1 else 1
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    return moment.replace(year=year, month=month + 1)


def _aware(moment: datetime, offset: str) -> datetime:
    found = _OFFSET.fullmatch(offset.strip())
    if found:
        sign, hours, minutes = found.groups()
        shift = timedelta(hours=int(hours), minutes=int(minutes))
        return moment.replace(tzinfo=timezone(-shift if sign == "-" else shift))
    if not 1970 < moment.year < 9999:
        return moment.replace(tzinfo=UTC)  # outside of what the system's time zones cover
    return moment.astimezone()
