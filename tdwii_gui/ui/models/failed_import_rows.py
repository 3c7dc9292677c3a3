"""Received objects that could not be stored, as rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from tdwii_gui.ui import texts
from tdwii_gui.ui.models.row_model import Column, RowModel
from tdwii_gui.ui.theme import Tone

if TYPE_CHECKING:
    from tdwii_gui.dicom.store.failed_imports import FailedImport


def failed_import_model() -> RowModel[FailedImport]:
    """Return an empty model of failed imports."""
    columns: list[Column[FailedImport]] = [
        Column(
            _tr("Received"),
            lambda row: texts.moment(row.at),
            key=lambda row: row.at,
            tooltip=lambda row: texts.tooltip(row.path),
        ),
        Column(_tr("From"), lambda row: texts.plain(row.source_ae, 16) or "–"),
        Column(
            _tr("SOP Instance UID"),
            lambda row: texts.elided_uid(row.sop_instance_uid) or "–",
            tooltip=lambda row: texts.tooltip(row.sop_instance_uid),
        ),
        Column(
            _tr("Reason"),
            lambda row: f"✕ {texts.plain(row.reason)}",
            tooltip=lambda row: texts.tooltip(row.reason),
            tone=lambda _row: Tone.FAULT,
            share=1,
        ),
    ]
    return RowModel(columns, key=lambda row: row.path)


def _tr(text: str) -> str:
    return QCoreApplication.translate("FailedImports", text)
