"""The faults that are set at an actor, as rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from tdwii_gui.ui import texts
from tdwii_gui.ui.models.row_model import Column, RowModel
from tdwii_gui.ui.theme import Tone

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tdwii_gui.actors.faults import FaultState

_WORDS_LIMIT = 200
_SHOWN = 2


def fault_model() -> RowModel[FaultState]:
    """Return an empty model of faults."""
    columns: list[Column[FaultState]] = [
        Column(
            _tr("Fault"),
            fault_words,
            tooltip=lambda row: texts.tooltip(str(row.fault)),
            share=1,
        ),
        Column(_tr("State"), state_words, tone=_tone),
        Column(
            _tr("Has struck"),
            hit_words,
            key=lambda row: row.hits,
            tone=lambda row: Tone.PROGRESS if row.hits else None,
        ),
    ]
    return RowModel(columns, key=lambda row: row.fault)


def active(states: Sequence[FaultState]) -> list[FaultState]:
    """Return those that may still strike."""
    return [state for state in states if not state.is_spent]


def summary(states: Sequence[FaultState]) -> str:
    """Return in a line what may still strike; empty if nothing may."""
    on = active(states)
    shown = [_with_hits(state) for state in on[:_SHOWN]]
    if len(on) > len(shown):
        shown.append(_tr("and {0} more").format(len(on) - len(shown)))
    return "  ·  ".join(shown)


def fault_words(state: FaultState) -> str:
    """Return what a fault does."""
    words = texts.plain(state.fault.describe(), _WORDS_LIMIT)
    return words[:1].upper() + words[1:]


def state_words(state: FaultState) -> str:
    """Return whether a fault may still strike."""
    return _tr("○ Spent") if state.is_spent else _tr("⚡ Active")


def hit_words(state: FaultState) -> str:
    """Return how often a fault has struck."""
    if not state.hits:
        return _tr("not yet")
    return texts.counted(state.hits, _tr("once"), _tr("{0} times"))


def _tone(state: FaultState) -> Tone:
    return Tone.NEUTRAL if state.is_spent else Tone.PROGRESS


def _with_hits(state: FaultState) -> str:
    words = texts.plain(state.fault.describe(), _WORDS_LIMIT)
    return _tr("{0} – struck {1}").format(words, hit_words(state)) if state.hits else words


def _tr(text: str) -> str:
    return QCoreApplication.translate("Faults", text)
