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
    """Return the outcome as glyph and word."""
    return "✓ " + _tr("Agrees") if check.passed else "✕ " + _tr("Differs")


def check_model() -> RowModel[Check]:
    """Return an empty model of checks."""
    columns: list[Column[Check]] = [
        Column(
            _tr("Result"),
            outcome_words,
            tone=lambda check: Tone.DONE if check.passed else Tone.FAULT,
            share=1,
        ),
        Column(
            _tr("Check"),
            lambda check: texts.plain(check.subject),
            tooltip=lambda check: texts.tooltip(check.subject),
            share=2,
        ),
        Column(
            _tr("Found"),
            lambda check: texts.plain(check.text),
            tooltip=lambda check: texts.tooltip(check.text),
            share=2,
        ),
    ]
    return RowModel(columns, key=lambda check: check.subject)


def _tr(text: str) -> str:
    return QCoreApplication.translate("Checks", text)
