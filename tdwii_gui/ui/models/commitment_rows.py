"""Storage commitment requests as rows, and the instances that are not committed to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from tdwii_gui.dicom.iod.commitment import Commitment, CommitmentState
from tdwii_gui.dicom.status import status_words
from tdwii_gui.ui import texts
from tdwii_gui.ui.models.failure_rows import FailureRow
from tdwii_gui.ui.models.row_model import Column, RowModel
from tdwii_gui.ui.theme import Tone

if TYPE_CHECKING:
    from collections.abc import Iterator

_LIMIT = 1000


def commitment_model() -> RowModel[Commitment]:
    """Return an empty model of requests; the oldest give way to the newest."""
    columns: list[Column[Commitment]] = [
        Column(
            _tr("Requested"),
            lambda row: texts.moment(row.at),
            key=lambda row: row.at,
            tooltip=lambda row: texts.tooltip(row.transaction_uid),
        ),
        Column(_tr("By"), lambda row: texts.plain(row.requestor_ae, 16)),
        Column(
            _tr("Objects"),
            lambda row: str(len(row.uids)),
            key=lambda row: len(row.uids),
            right=True,
        ),
        Column(
            _tr("Result"),
            result_words,
            tone=_tone,
            tooltip=lambda row: texts.tooltip(row.reason or result_words(row)),
            share=1,
        ),
    ]
    return RowModel(columns, key=lambda row: row.transaction_uid, limit=_LIMIT)


def result_words(row: Commitment) -> str:
    """Return how far a request is, and how many of its instances failed."""
    failed = ""
    if row.failed:
        failed = texts.counted(len(row.failed), _tr("{0} not safe"), _tr("{0} not safe"))
    match row.state:
        case CommitmentState.PENDING:
            return "○ " + (_tr("Pending, {0}").format(failed) if failed else _tr("Pending"))
        case CommitmentState.UNDELIVERED:
            return "✕ " + _tr("Not delivered: {0}").format(texts.plain(row.reason))
    return f"⚠ {failed}" if failed else "✓ " + _tr("All safe, reported")


def failures(row: Commitment) -> Iterator[FailureRow]:
    """Yield the instances that are not committed to, with the reasons."""
    for uid, reason in row.failed:
        yield FailureRow(texts.elided_uid(uid), uid, status_words(reason))


def _tone(row: Commitment) -> Tone:
    match row.state:
        case CommitmentState.PENDING:
            return Tone.ACCENT
        case CommitmentState.UNDELIVERED:
            return Tone.FAULT
    return Tone.PROGRESS if row.failed else Tone.DONE


def _tr(text: str) -> str:
    return QCoreApplication.translate("Commitments", text)
