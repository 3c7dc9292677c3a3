"""Values as people read them, and peers' texts made harmless."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QCoreApplication

from tdwii_gui.ui.theme import Tone

if TYPE_CHECKING:
    from datetime import datetime

    from tdwii_gui.dicom.iod.ups import ProcedureStepState

_ESCAPES: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_LIMIT: Final = 300
_TOOLTIP_LIMIT: Final = 2000
_CONTROL_PICTURES: Final = 0x2400
_DELETE: Final = 0x7F
_ISOLATE, _END = "\u2068", "\u2069"
_UID_ENDS: Final = (10, 8)
_TURNING: Final = frozenset({"R", "AL", "AN"})
"""Bidirectional classes of what is written from right to left."""


def plain(text: object, limit: int = _LIMIT) -> str:
    """Return a peer's text for one line of a label or cell.

    Control characters become their pictures, what could turn the direction of its neighbours is
    closed in, and what is longer than `limit` is cut with an ellipsis. To make a text plain again
    changes nothing.
    """
    line = str(text)
    cut = _cut(line, limit)
    if cut.isascii() and cut.isprintable():
        return cut
    kept = _ISOLATE + _END if _is_closed(cut) else ""
    shown = "".join(each if each in kept else _visible(each) for each in cut)
    if shown.startswith(_ISOLATE) and shown.endswith(_END):
        return shown
    if any(unicodedata.bidirectional(character) in _TURNING for character in shown):
        return f"{_ISOLATE}{shown}{_END}"
    return shown


def _cut(line: str, limit: int) -> str:
    if len(line) <= limit:
        return line
    kept = line[:limit]
    is_open = _is_closed(line) and not _is_closed(kept)
    return f"{kept}{_END}…" if is_open else f"{kept}…"


def _is_closed(text: str) -> bool:
    """Whether each isolate of a text ends in it, so that its neighbours keep their direction."""
    depth = 0
    for character in text:
        depth += (character == _ISOLATE) - (character == _END)
        if depth < 0:
            return False
    return depth == 0


def _visible(character: str) -> str:
    code = ord(character)
    if code < ord(" "):
        return chr(_CONTROL_PICTURES + code)
    if code == _DELETE:
        return "\u2421"
    category = unicodedata.category(character)
    return "�" if category in ("Cc", "Cf", "Cs", "Zl", "Zp") else character


def tooltip(text: object) -> str:
    """Return a text as a tooltip that Qt does not take for rich text of the peer's making."""
    shown = plain(text, _TOOLTIP_LIMIT)
    return f"<span>{shown.translate(_ESCAPES)}</span>" if shown else ""


def person_name(value: object) -> str:
    """Return a Person Name (PS3.5 6.2) as ``Family, Given Middle``."""
    alphabetic = str(value).partition("=")[0]
    family, *others = [part.strip() for part in alphabetic.split("^")]
    given = " ".join(part for part in others[:2] if part)
    return plain(", ".join(part for part in (family, given) if part))


def date(value: str) -> str:
    """Return a DA value as ``1956-04-02``; what is no date as it is."""
    if len(value) == 8 and value.isdigit():
        return f"{value[:4]}-{value[4:6]}-{value[6:]}"
    return plain(value)


def moment(value: datetime | None) -> str:
    """Return a moment in local time with its zone, or an empty text."""
    if value is None:
        return ""
    local = value.astimezone()
    return f"{local.day} {local:%b %Y, %H:%M} {local.tzname() or ''}".strip()


def clock(value: datetime | None) -> str:
    """Return the local time of day to the millisecond, or an empty text."""
    if value is None:
        return ""
    local = value.astimezone()
    return f"{local:%H:%M:%S}.{local.microsecond // 1000:03d}"


def number(value: float | None, decimals: int = 1) -> str:
    """Return a number with fixed decimals, or a dash where there is none."""
    return "–" if value is None else f"{value:.{decimals}f}"


def counted(count: int, one: str, many: str) -> str:
    """Return a number with its noun; ``{0}`` in either text, both translated, is the number."""
    return (one if count == 1 else many).format(count)


def elided_uid(uid: str) -> str:
    """Return a UID short enough for a cell, with its middle left out."""
    head, tail = _UID_ENDS
    shown = plain(uid)
    return shown if len(shown) <= head + tail + 1 else f"{shown[:head]}…{shown[-tail:]}"


def size(octets: float) -> str:
    """Return a number of bytes as kB, MB or GB."""
    for unit in ("B", "kB", "MB"):
        if octets < 1000:
            return f"{octets:.0f} {unit}" if unit == "B" else f"{octets:.1f} {unit}"
        octets /= 1000
    return f"{octets:.1f} GB"


def state_words(state: ProcedureStepState | None) -> str:
    """Return a Procedure Step State in words."""
    words = {
        "SCHEDULED": QCoreApplication.translate("State", "Scheduled"),
        "IN PROGRESS": QCoreApplication.translate("State", "In progress"),
        "COMPLETED": QCoreApplication.translate("State", "Completed"),
        "CANCELED": QCoreApplication.translate("State", "Canceled"),
    }
    return words.get(state or "", QCoreApplication.translate("State", "Unknown"))


def lane_names() -> dict[str, str]:
    """Return what stands above the lane of the actor of each role."""
    return {
        "creator": QCoreApplication.translate("Lane", "Creator"),
        "tms": QCoreApplication.translate("Lane", "TMS"),
        "ost": QCoreApplication.translate("Lane", "OST"),
        "tdd": QCoreApplication.translate("Lane", "TDD"),
        "ppvs": QCoreApplication.translate("Lane", "PPVS"),
    }


def fraction(number: int | None, planned: int | None) -> str:
    """Return a fraction as ``7 of 35``, or what of it is known."""
    if number is None:
        return ""
    if planned is None:
        return str(number)
    return QCoreApplication.translate("Fraction", "{0} of {1}").format(number, planned)


def defined_term(value: str | None) -> str:
    """Return a defined term of a step in words: its readiness, priority or delivery type."""
    words = {
        "READY": QCoreApplication.translate("DefinedTerm", "Ready"),
        "INCOMPLETE": QCoreApplication.translate("DefinedTerm", "Incomplete"),
        "UNAVAILABLE": QCoreApplication.translate("DefinedTerm", "Unavailable"),
        "HIGH": QCoreApplication.translate("DefinedTerm", "High"),
        "MEDIUM": QCoreApplication.translate("DefinedTerm", "Medium"),
        "LOW": QCoreApplication.translate("DefinedTerm", "Low"),
        "TREATMENT": QCoreApplication.translate("DefinedTerm", "Treatment"),
        "CONTINUATION": QCoreApplication.translate("DefinedTerm", "Continuation"),
    }
    return words.get(value or "", plain(value or ""))


def state_glyph(state: ProcedureStepState | None) -> str:
    """Return the glyph that stands before a state's word."""
    glyphs = {"SCHEDULED": "○", "IN PROGRESS": "▶", "COMPLETED": "✓", "CANCELED": "⊘"}
    return glyphs.get(state or "", "?")


def state_tone(state: ProcedureStepState | None) -> Tone:
    """Return the tone of a state; canceled is no fault."""
    tones = {
        "SCHEDULED": Tone.ACCENT,
        "IN PROGRESS": Tone.PROGRESS,
        "COMPLETED": Tone.DONE,
    }
    return tones.get(state or "", Tone.NEUTRAL)
