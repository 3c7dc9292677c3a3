"""What an import or a transfer could not do, and why."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication

from tdwii_gui.ui import texts
from tdwii_gui.ui.models.row_model import Column, RowModel
from tdwii_gui.ui.theme import Tone


@dataclass(frozen=True, slots=True)
class FailureRow:
    """A file or instance, and why it was not stored.

    Parameters
    ----------
    name : str
        What a cell shows.
    whole : str
        The whole path or UID.
    """

    name: str
    whole: str
    reason: str


def failure_model() -> RowModel[FailureRow]:
    """Return an empty model of failures."""
    columns: list[Column[FailureRow]] = [
        Column(
            _tr("File or instance"),
            lambda row: texts.plain(row.name),
            tooltip=lambda row: texts.tooltip(row.whole),
            share=2,
        ),
        Column(
            _tr("Reason"),
            lambda row: f"✕ {texts.plain(row.reason)}",
            tooltip=lambda row: texts.tooltip(row.reason),
            tone=lambda _row: Tone.FAULT,
            share=3,
        ),
    ]
    return RowModel(columns, key=lambda row: row.whole)


def _tr(text: str) -> str:
    return QCoreApplication.translate("Failures", text)
