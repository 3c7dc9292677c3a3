"""Plans or records that an archive has told of, as rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from tdwii_gui.dicom.uids import uid_name
from tdwii_gui.ui import texts
from tdwii_gui.ui.models.row_model import Column, RowModel

if TYPE_CHECKING:
    from tdwii_gui.actors.archive_search import FoundObject


def found_model() -> RowModel[FoundObject]:
    """Return an empty model of what was found."""
    columns: list[Column[FoundObject]] = [
        Column(
            _tr("Patient"),
            _patient,
            key=lambda row: (row.patient_name.casefold(), row.patient_id),
            tooltip=lambda row: texts.tooltip(
                _tr("{0}, born {1}").format(_patient(row), texts.date(row.patient_birth_date))
            ),
            share=3,
        ),
        Column(
            _tr("Label"),
            lambda row: texts.plain(row.label, 60) or "–",
            key=lambda row: row.label.casefold(),
            tooltip=lambda row: texts.tooltip(row.label),
            share=2,
        ),
        Column(_tr("Date"), lambda row: texts.date(row.date) or "–", key=lambda row: row.date),
        Column(
            _tr("Object"),
            lambda row: texts.plain(uid_name(row.reference.sop_class_uid), 60).removesuffix(
                " Storage"
            ),
            tooltip=lambda row: texts.tooltip(row.reference.sop_instance_uid),
            share=2,
        ),
    ]
    return RowModel(columns, key=lambda row: row.reference.sop_instance_uid)


def _patient(row: FoundObject) -> str:
    name = texts.person_name(row.patient_name)
    return " · ".join(filter(None, (name, texts.plain(row.patient_id))))


def _tr(text: str) -> str:
    return QCoreApplication.translate("Found", text)
