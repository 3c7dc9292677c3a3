"""The check of a treatment record as rows: what is compared, and the outcome in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QCoreApplication

from tdwii_gui.dicom.iod.record_finding import Verdict
from tdwii_gui.ui import texts
from tdwii_gui.ui.models.row_model import Column, RowModel
from tdwii_gui.ui.theme import Tone

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tdwii_gui.dicom.iod.record_finding import RecordFinding


class FindingRow(NamedTuple):
    """A finding, with its place among all and the record that it is about."""

    number: int
    record: str
    finding: RecordFinding


def finding_rows(found: Iterable[tuple[str, Iterable[RecordFinding]]]) -> list[FindingRow]:
    """Return a row per finding of each record: what is not met first."""
    rows = [(record, finding) for record, findings in found for finding in findings]
    order = (Verdict.NOT_MET, Verdict.NOT_TOLD, Verdict.MET)
    rows.sort(key=lambda row: order.index(row[1].verdict))
    return [FindingRow(number, *row) for number, row in enumerate(rows)]


def finding_model() -> RowModel[FindingRow]:
    """Return an empty model of findings."""
    columns: list[Column[FindingRow]] = [
        Column(
            _tr("Result"),
            lambda row: verdict_words(row.finding.verdict),
            tone=lambda row: _TONES[row.finding.verdict],
        ),
        Column(
            _tr("Attribute"),
            lambda row: texts.plain(row.finding.subject),
            tooltip=lambda row: texts.tooltip(f"{row.record}: {row.finding.subject}"),
            share=3,
        ),
        Column(
            _tr("Found"),
            lambda row: texts.plain(row.finding.text),
            tooltip=lambda row: texts.tooltip(row.finding.text),
            share=2,
        ),
    ]
    return RowModel(columns, key=lambda row: row.number)


def verdict_words(verdict: Verdict) -> str:
    """Return a verdict as glyph and words."""
    return {
        Verdict.MET: "✓ " + _tr("Met"),
        Verdict.NOT_MET: "✕ " + _tr("Not met"),
        Verdict.NOT_TOLD: "○ " + _tr("Not told"),
    }[verdict]


_TONES = {
    Verdict.MET: Tone.DONE,
    Verdict.NOT_MET: Tone.FAULT,
    Verdict.NOT_TOLD: Tone.NEUTRAL,
}


def _tr(text: str) -> str:
    return QCoreApplication.translate("Findings", text)
