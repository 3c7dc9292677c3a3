"""Treatment records of a plan as rows, each with what its check has found."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QCoreApplication

from tdwii_gui.dicom.iod.meterset import meterset_sum
from tdwii_gui.dicom.iod.record_finding import RecordFinding, Verdict
from tdwii_gui.ui import texts
from tdwii_gui.ui.models.remaining_rows import meterset
from tdwii_gui.ui.models.row_model import Column, RowModel
from tdwii_gui.ui.theme import Tone

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from pydicom.dataset import Dataset

    from tdwii_gui.dicom.iod.plan_record import PlanRecord

VERDICT_TONES: Final = {
    Verdict.MET: Tone.DONE,
    Verdict.NOT_MET: Tone.FAULT,
    Verdict.NOT_TOLD: Tone.NEUTRAL,
}
_GLYPHS: Final = {Verdict.MET: "✓", Verdict.NOT_MET: "✕", Verdict.NOT_TOLD: "–"}


@dataclass(frozen=True, slots=True)
class RecordRow:
    """A treatment record.

    Parameters
    ----------
    uid : str
        Its SOP Instance UID, the row's key.
    started : datetime or None
        Treatment Date and Time.
    group, fraction : int or None
        Of which fraction it tells; None where its beams are of several, or of none.
    beams : tuple[int, ...]
        Beam Numbers.
    delivered : float
        The sum of its metersets.
    termination : str
        Treatment Termination Status of its last beam.
    source : str
        Where it is from: an archive or a file.
    findings : tuple[RecordFinding, ...]
        What its check has found.
    """

    uid: str
    started: datetime | None
    group: int | None
    fraction: int | None
    beams: tuple[int, ...]
    delivered: float
    unit: str
    termination: str
    source: str
    dataset: Dataset = field(repr=False, compare=False)
    findings: tuple[RecordFinding, ...] = ()

    @property
    def failed(self) -> int:
        """How many comparisons are not met."""
        return sum(each.verdict is Verdict.NOT_MET for each in self.findings)


def record_row(record: PlanRecord, source: str, findings: Sequence[RecordFinding]) -> RecordRow:
    """Return the row of a record that belongs to a plan."""
    numbers = {beam.fraction_number for beam in record.beams}
    units = {beam.dosimeter_unit for beam in record.group.beams}
    return RecordRow(
        uid=str(record.dataset.SOPInstanceUID),
        started=record.started,
        group=record.group.number,
        fraction=numbers.pop() if len(numbers) == 1 else None,
        beams=tuple(beam.beam_number for beam in record.beams),
        delivered=meterset_sum(beam.delivered for beam in record.beams),
        unit=units.pop() if len(units) == 1 else "",
        termination=record.beams[-1].termination if record.beams else "",
        source=source,
        dataset=record.dataset,
        findings=tuple(findings),
    )


def record_model() -> RowModel[RecordRow]:
    """Return an empty model of records."""
    columns: list[Column[RecordRow]] = [
        Column(
            _tr("Treated"),
            lambda row: texts.moment(row.started) or "–",
            key=lambda row: row.started.timestamp() if row.started else 0.0,
        ),
        Column(
            _tr("Fraction"),
            lambda row: "–" if row.fraction is None else str(row.fraction),
            key=lambda row: (row.group or 0, row.fraction or 0),
            right=True,
        ),
        Column(_tr("Beams"), lambda row: ", ".join(map(str, row.beams)) or "–", share=1),
        Column(
            _tr("Delivered"),
            lambda row: meterset(row.delivered, row.unit),
            key=lambda row: row.delivered,
            right=True,
        ),
        Column(_tr("Ended"), lambda row: termination_words(row.termination)),
        Column(
            _tr("From"),
            lambda row: texts.plain(row.source, 40),
            tooltip=lambda row: texts.tooltip(row.source),
        ),
        Column(
            _tr("Check"),
            check_words,
            key=lambda row: row.failed,
            tone=lambda row: Tone.FAULT if row.failed else Tone.DONE,
        ),
    ]
    return RowModel(columns, key=lambda row: row.uid)


def finding_model() -> RowModel[tuple[int, RecordFinding]]:
    """Return an empty model of findings, numbered from 0 on: subjects may stand twice."""
    columns: list[Column[tuple[int, RecordFinding]]] = [
        Column(
            _tr("Result"),
            lambda row: f"{_GLYPHS[row[1].verdict]} {_verdict_words(row[1].verdict)}",
            tone=lambda row: VERDICT_TONES[row[1].verdict],
            key=lambda row: list(Verdict).index(row[1].verdict),
        ),
        Column(
            _tr("Attribute"),
            lambda row: texts.plain(row[1].subject),
            tooltip=lambda row: texts.tooltip(row[1].subject),
            share=3,
        ),
        Column(
            _tr("Found"),
            lambda row: texts.plain(row[1].text),
            tooltip=lambda row: texts.tooltip(row[1].text),
            share=3,
        ),
    ]
    return RowModel(columns, key=lambda row: row[0])


def numbered(findings: Sequence[RecordFinding]) -> list[tuple[int, RecordFinding]]:
    """Return findings as rows: what is not met first."""
    worst = {Verdict.NOT_MET: 0, Verdict.NOT_TOLD: 1, Verdict.MET: 2}
    return list(enumerate(sorted(findings, key=lambda each: worst[each.verdict])))


def check_words(row: RecordRow) -> str:
    """Return the outcome of a record's check as glyph and words."""
    if row.failed:
        words = texts.counted(row.failed, _tr("{0} not met"), _tr("{0} not met"))
        return f"✕ {words}"
    return "✓ " + _tr("agrees")


def findings_summary(findings: Sequence[RecordFinding]) -> str:
    """Return how many comparisons there are of each verdict."""
    counts = Counter(each.verdict for each in findings)
    return ", ".join(
        f"{counts[verdict]} {_verdict_words(verdict)}" for verdict in Verdict if counts[verdict]
    )


def termination_words(status: str) -> str:
    """Return a Treatment Termination Status in words."""
    words = {
        "NORMAL": _tr("as planned"),
        "OPERATOR": _tr("by the operator"),
        "MACHINE": _tr("by the machine"),
        "UNKNOWN": _tr("unknown"),
    }
    return words.get(status, texts.plain(status, 16)) or "–"


def _verdict_words(verdict: Verdict) -> str:
    return {
        Verdict.MET: _tr("met"),
        Verdict.NOT_MET: _tr("not met"),
        Verdict.NOT_TOLD: _tr("not told"),
    }[verdict]


def _tr(text: str) -> str:
    return QCoreApplication.translate("Records", text)
