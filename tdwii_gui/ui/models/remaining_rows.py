"""What remains of an interrupted fraction as rows: a beam, and what the next session does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QCoreApplication

from tdwii_gui.dicom.iod.continuation import BeamStanding, RemainingBeam
from tdwii_gui.ui import texts
from tdwii_gui.ui.models.row_model import Column, RowModel
from tdwii_gui.ui.theme import Tone

if TYPE_CHECKING:
    from collections.abc import Sequence

_DECIMALS: Final = 2
_TONES: Final = {
    BeamStanding.ALREADY_TREATED: Tone.DONE,
    BeamStanding.CONTINUATION: Tone.PROGRESS,
    BeamStanding.TREATMENT: Tone.ACCENT,
}

SHARE_COLUMN: Final = 3
"""The column that shows the delivered share as a bar."""


def remaining_model() -> RowModel[RemainingBeam]:
    """Return an empty model of beams."""
    columns: list[Column[RemainingBeam]] = [
        Column(_tr("No."), lambda row: str(row.number), key=lambda row: row.number, right=True),
        Column(
            _tr("Beam"),
            lambda row: texts.plain(row.name) or "–",
            tooltip=lambda row: texts.tooltip(row.name),
            share=2,
        ),
        Column(
            _tr("Planned"),
            lambda row: meterset(row.specified, row.unit),
            key=lambda row: row.specified,
            right=True,
        ),
        Column(_tr("Delivered"), share_words, key=delivered_share, share=2),
        Column(
            _tr("Remaining"),
            lambda row: meterset(row.remaining, row.unit),
            key=lambda row: row.remaining,
            right=True,
        ),
        Column(_tr("This session"), session_words, tone=lambda row: _TONES[row.standing], share=3),
    ]
    return RowModel(columns, key=lambda row: row.number)


def delivered_share(row: RemainingBeam) -> float:
    """Return which share of a beam was delivered, 0 to 1."""
    return min(1.0, row.delivered / row.specified) if row.specified > 0 else 0.0


def share_words(row: RemainingBeam) -> str:
    """Return the meterset that was delivered."""
    return meterset(row.delivered, row.unit)


def session_words(row: RemainingBeam) -> str:
    """Return what the next session does with a beam, as glyph and words."""
    match row.standing:
        case BeamStanding.ALREADY_TREATED:
            return "✓ " + _tr("already treated")
        case BeamStanding.CONTINUATION:
            ends = (texts.number(each, _DECIMALS) for each in (row.delivered, row.specified))
            return "▶ " + _tr("continuation {0} → {1}").format(*ends)
        case BeamStanding.TREATMENT:
            return "○ " + _tr("whole beam")


def summary_words(beams: Sequence[RemainingBeam]) -> str:
    """Return what the session delivers of the fraction; one sum for each dosimeter unit."""
    parts = []
    for unit in dict.fromkeys(beam.unit for beam in beams):
        alike = [beam for beam in beams if beam.unit == unit]
        remaining = sum(beam.remaining for beam in alike)
        planned = sum(beam.specified for beam in alike)
        words = _tr("{0} of {1}")
        parts.append(words.format(texts.number(remaining, _DECIMALS), meterset(planned, unit)))
    return _tr("{0} to be delivered").format(" + ".join(parts)) if parts else ""


def meterset(value: float, unit: str) -> str:
    """Return a meterset with its unit."""
    return f"{texts.number(value, _DECIMALS)} {texts.plain(unit, 16)}"


def _tr(text: str) -> str:
    return QCoreApplication.translate("RemainingBeams", text)
