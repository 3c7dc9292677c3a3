"""Instances as they arrive, newest last."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from tdwii_gui.ui import texts
from tdwii_gui.ui.models.instance_tree_model import class_words
from tdwii_gui.ui.models.row_model import Column, RowModel

if TYPE_CHECKING:
    from tdwii_gui.dicom.store.instance_summary import InstanceSummary

_LIMIT = 5000


@dataclass(frozen=True, slots=True)
class ArrivalRow:
    """One arrival; what was sent twice arrives twice."""

    number: int
    instance: InstanceSummary

    @property
    def at(self) -> datetime:
        """When it was stored."""
        return datetime.fromisoformat(self.instance.received)


def arrival_model() -> RowModel[ArrivalRow]:
    """Return an empty model of arrivals; the oldest give way to the newest."""
    columns: list[Column[ArrivalRow]] = [
        Column(
            _tr("Time"),
            lambda row: texts.clock(row.at),
            key=lambda row: row.number,
            tooltip=lambda row: texts.tooltip(texts.moment(row.at)),
        ),
        Column(
            _tr("Object"),
            lambda row: (
                f"{class_words(row.instance.sop_class_uid)} "
                f"{texts.plain(row.instance.instance_number, 12)}".rstrip()
            ),
            tooltip=lambda row: texts.tooltip(row.instance.sop_instance_uid),
            share=2,
        ),
        Column(_tr("Patient"), _patient, tooltip=lambda row: texts.tooltip(_patient(row)), share=2),
        Column(
            _tr("Series"),
            lambda row: texts.plain(row.instance.series_description or row.instance.modality, 80),
            tooltip=lambda row: texts.tooltip(row.instance.series_instance_uid),
            share=1,
        ),
        Column(
            _tr("Size"),
            lambda row: texts.size(row.instance.size),
            key=lambda row: row.instance.size,
            right=True,
        ),
        Column(_tr("From"), lambda row: texts.plain(row.instance.source_ae, 16)),
    ]
    return RowModel(columns, key=lambda row: row.number, limit=_LIMIT)


def _patient(row: ArrivalRow) -> str:
    name = texts.person_name(row.instance.patient_name)
    patient_id = texts.plain(row.instance.patient_id)
    return " · ".join(part for part in (name, patient_id) if part)


def _tr(text: str) -> str:
    return QCoreApplication.translate("Arrivals", text)
