"""Events of a TMS as rows: when, which, of which step, and what they say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from tdwii_gui.dicom.iod.ups_event import EventReport, EventType, read_event
from tdwii_gui.ui import texts
from tdwii_gui.ui.models.row_model import Column, RowModel
from tdwii_gui.ui.theme import Tone

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from pydicom.dataset import Dataset

_LIMIT = 5000


@dataclass(frozen=True, slots=True)
class ReportRow:
    """A received event.

    Parameters
    ----------
    words : str
        What it says, made plain.
    """

    number: int
    at: datetime
    event_type: EventType
    sop_instance_uid: str
    words: str


def report_row(
    number: int,
    at: datetime,
    event_type: int,
    sop_instance_uid: str,
    information: Dataset,
) -> ReportRow:
    """Return the row of an N-EVENT-REPORT of one of the five types of the UPS Event SOP Class."""
    report = read_event(event_type, sop_instance_uid, information)
    return ReportRow(number, at, report.event_type, sop_instance_uid, _words(report))


def report_model(step_name: Callable[[str], str]) -> RowModel[ReportRow]:
    """Return an empty model of events; the oldest give way to the newest.

    Parameters
    ----------
    step_name : Callable
        Tells the patient of a step by its UID, made plain.
    """
    columns: list[Column[ReportRow]] = [
        Column(
            _tr("Time"),
            lambda row: texts.clock(row.at),
            key=lambda row: row.number,
            tooltip=lambda row: texts.tooltip(texts.moment(row.at)),
        ),
        Column(_tr("Event"), lambda row: row.event_type.title, tone=_tone, share=2),
        Column(
            _tr("Step"),
            lambda row: step_name(row.sop_instance_uid),
            tooltip=lambda row: texts.tooltip(row.sop_instance_uid),
            share=2,
        ),
        Column(
            _tr("What it says"),
            lambda row: row.words,
            tooltip=lambda row: texts.tooltip(row.words),
            share=3,
        ),
    ]
    return RowModel(columns, key=lambda row: row.number, limit=_LIMIT)


def _words(report: EventReport) -> str:
    match report.event_type:
        case EventType.STATE_REPORT:
            said = f"{texts.state_glyph(report.state)} {texts.state_words(report.state)}"
            return _with_reason(said, report)
        case EventType.CANCEL_REQUESTED:
            asked = _tr("{0} asks to cancel").format(texts.plain(report.requesting_ae, 16))
            return _with_reason(asked, report)
        case EventType.PROGRESS_REPORT:
            return _progress(report)
        case EventType.SCP_STATUS_CHANGE:
            return _scp_status(report)
        case EventType.ASSIGNED:
            performer = report.human_performer
            named = (report.machine, performer.meaning if performer else "")
            return _tr("to {0}").format(", ".join(texts.plain(name, 64) for name in named if name))


def _with_reason(said: str, report: EventReport) -> str:
    code = report.reason_code
    reason = report.reason or (code.meaning if code else "")
    return f"{said}: {texts.plain(reason)}" if reason else said


def _progress(report: EventReport) -> str:
    progress = report.progress
    if progress is None or progress.percent is None:
        return ""
    said = _tr("{0} %").format(texts.number(progress.percent, 0))
    if progress.beam_number is None:
        return said
    return _tr("{0}, beam {1}").format(said, progress.beam_number)


def _scp_status(report: EventReport) -> str:
    words = [status.value for status in (report.scp_status,) if status]
    if report.ups_list:
        words.append(_tr("worklist {0}").format(report.ups_list.value))
    if report.subscription_list:
        words.append(_tr("subscriptions {0}").format(report.subscription_list.value))
    return ", ".join(words)


def _tone(row: ReportRow) -> Tone | None:
    return Tone.FAULT if row.event_type is EventType.CANCEL_REQUESTED else None


def _tr(text: str) -> str:
    return QCoreApplication.translate("Events", text)
