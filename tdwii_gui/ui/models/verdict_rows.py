"""The verdict on a system, requirement by requirement, as rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from tdwii_gui.judging.verdict import Outcome
from tdwii_gui.ui import texts
from tdwii_gui.ui.models.row_model import Column, RowModel
from tdwii_gui.ui.theme import Tone

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tdwii_gui.judging.verdict import Verdict

_LIMIT = 400
_ORDER = (Outcome.NOT_MET, Outcome.MET, Outcome.NOT_SEEN)


def verdict_model() -> RowModel[Verdict]:
    """Return an empty model of verdicts."""
    columns: list[Column[Verdict]] = [
        Column(
            _tr("Outcome"),
            outcome_words,
            key=lambda row: _ORDER.index(row.outcome),
            tone=lambda row: outcome_tone(row.outcome),
        ),
        Column(_tr("RO"), lambda row: texts.plain(row.requirement.transaction or "–", 8)),
        Column(
            _tr("Requirement"),
            lambda row: texts.plain(row.requirement.text, _LIMIT),
            tooltip=lambda row: texts.tooltip(f"{row.requirement.text} ({row.requirement.clause})"),
            share=3,
        ),
        Column(
            _tr("What was seen"),
            lambda row: texts.plain(row.words, _LIMIT),
            tooltip=lambda row: texts.tooltip(row.words),
            share=2,
        ),
    ]
    return RowModel(columns, key=lambda row: (row.ae_title, row.requirement.key))


def outcome_words(row: Verdict) -> str:
    """Return an outcome with its glyph."""
    words = {
        Outcome.MET: _tr("✓ Met"),
        Outcome.NOT_MET: _tr("✕ Not met"),
        Outcome.NOT_SEEN: _tr("○ Not seen"),
    }
    return words[row.outcome]


def outcome_tone(outcome: Outcome) -> Tone:
    """Return the tone of an outcome; what was not seen is no fault."""
    return {
        Outcome.MET: Tone.DONE,
        Outcome.NOT_MET: Tone.FAULT,
        Outcome.NOT_SEEN: Tone.NEUTRAL,
    }[outcome]


def verdict_summary(verdicts: Iterable[Verdict]) -> str:
    """Return in a line how many requirements were met."""
    counts = dict.fromkeys(Outcome, 0)
    for verdict in verdicts:
        counts[verdict.outcome] += 1
    return _tr("{0} met · {1} not met · {2} not seen").format(
        counts[Outcome.MET], counts[Outcome.NOT_MET], counts[Outcome.NOT_SEEN]
    )


def _tr(text: str) -> str:
    return QCoreApplication.translate("Verdict", text)
