"""The checks before beam on as rows: what is compared, and the outcome in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from tdwii_gui.ui import texts
from tdwii_gui.ui.models.row_model import Column, RowModel
from tdwii_gui.ui.theme import Tone

if TYPE_CHECKING:
    from tdwii_gui.actors.checks import Check


def outcome_words(check: Check) -> str:
    """Return the outcome as glyph and words: whether what differs keeps the beam off."""
    if check.passed:
        return "✓ " + _tr("Agrees")
    return "✕ " + _tr("Blocks the beam") if check.is_obstacle else "⚠ " + _tr("Only warns")


def outcome_tone(check: Check) -> Tone:
    """Return the tone of an outcome."""
    if check.passed:
        return Tone.DONE
    return Tone.FAULT if check.is_obstacle else Tone.PROGRESS


def check_model() -> RowModel[Check]:
    """Return an empty model of checks."""
    columns: list[Column[Check]] = [
        Column(
            _tr("Result"),
            outcome_words,
            tone=outcome_tone,
            share=2,
        ),
        Column(
            _tr("Check"),
            lambda check: texts.plain(check.subject),
            tooltip=lambda check: texts.tooltip(check.subject),
            share=3,
        ),
        Column(
            _tr("Found"),
            lambda check: texts.plain(check.text),
            tooltip=lambda check: texts.tooltip(check.text),
            share=4,
        ),
    ]
    return RowModel(columns, key=lambda check: check.subject)


def _tr(text: str) -> str:
    return QCoreApplication.translate("Checks", text)
