"""The days of a course in words, glyphs and tones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QCoreApplication

from tdwii_gui.ui import texts
from tdwii_gui.ui.models.course_days import Day, DayEntry, DayMark
from tdwii_gui.ui.theme import Tone

if TYPE_CHECKING:
    from datetime import date

GLYPHS: Final = {
    DayMark.DELIVERED: "✓",
    DayMark.INTERRUPTED: "◐",
    DayMark.IN_PROGRESS: "▶",
    DayMark.SCHEDULED: "○",
    DayMark.NEW: "+",
    DayMark.MOVED: "→",
    DayMark.LEFT: "↷",
    DayMark.MISSED: "✕",
}
TONES: Final = {
    DayMark.DELIVERED: Tone.DONE,
    DayMark.INTERRUPTED: Tone.PROGRESS,
    DayMark.IN_PROGRESS: Tone.PROGRESS,
    DayMark.SCHEDULED: Tone.ACCENT,
    DayMark.NEW: Tone.NEUTRAL,
    DayMark.MOVED: Tone.ACCENT,
    DayMark.LEFT: Tone.NEUTRAL,
    DayMark.MISSED: Tone.FAULT,
}


def mark_words(mark: DayMark) -> str:
    """Return a mark in words."""
    return {
        DayMark.DELIVERED: _tr("delivered"),
        DayMark.INTERRUPTED: _tr("interrupted"),
        DayMark.IN_PROGRESS: _tr("in progress"),
        DayMark.SCHEDULED: _tr("scheduled"),
        DayMark.NEW: _tr("to be scheduled"),
        DayMark.MOVED: _tr("to be moved"),
        DayMark.LEFT: _tr("to be moved away"),
        DayMark.MISSED: _tr("missed"),
    }[mark]


def entry_label(entry: DayEntry, *, with_group: bool) -> str:
    """Return what stands in a cell: glyph and fraction number, with several groups theirs too."""
    number = f"{entry.group}·{entry.fraction}" if with_group else str(entry.fraction)
    return f"{GLYPHS[entry.mark]} {number}"


def entry_words(entry: DayEntry, *, with_group: bool) -> str:
    """Return a fraction of a day in words."""
    name = _tr("fraction {0}").format(entry.fraction)
    if with_group:
        name = _tr("group {0}, {1}").format(entry.group, name)
    words = f"{name} {mark_words(entry.mark)}"
    if entry.is_continuation:
        words = _tr("{0} as continuation").format(words)
    if entry.moment is not None:
        words = f"{words}, {entry.moment.astimezone():%H:%M}"
    return words


def day_title(day: date) -> str:
    """Return a day with its weekday, e.g. ``Tue 24 Nov 2026``."""
    return f"{weekday_name(day.weekday())} {day.day} {day:%b %Y}"


def weekday_name(weekday: int) -> str:
    """Return the short name of a weekday, 0 for Monday."""
    return (
        _tr("Mon"),
        _tr("Tue"),
        _tr("Wed"),
        _tr("Thu"),
        _tr("Fri"),
        _tr("Sat"),
        _tr("Sun"),
    )[weekday]


def day_words(day: Day, *, is_holiday: bool, with_group: bool) -> str:
    """Return a day as a sentence."""
    parts = [entry_words(entry, with_group=with_group) for entry in day.entries]
    if is_holiday:
        parts.insert(0, _tr("holiday"))
    return texts.plain(f"{day_title(day.date)}: {'; '.join(parts) or _tr('nothing')}")


def _tr(text: str) -> str:
    return QCoreApplication.translate("CourseDays", text)
