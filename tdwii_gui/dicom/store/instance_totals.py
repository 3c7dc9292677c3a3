"""The computed keys of a level: counters, and what is in a study (PS3.4 C.3.4, C.6)."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import func, select

from tdwii_gui.dicom.store.instance_index import Level
from tdwii_gui.dicom.store.instance_tables import INSTANCES, SERIES, STUDIES
from tdwii_gui.dicom.store.text_conditions import any_of, text_condition

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sqlalchemy import Column, ColumnElement, Connection, Select

_SERIES_OF_PATIENT: Final = SERIES.join(STUDIES)
_INSTANCES_OF_STUDY: Final = INSTANCES.join(SERIES)
_INSTANCES_OF_PATIENT: Final = _INSTANCES_OF_STUDY.join(STUDIES)


def _counted(owner: Column[Any], table: Any) -> Select[Any]:
    return select(owner, func.count()).select_from(table).group_by(owner)


def _listed(owner: Column[Any], value: Column[Any], table: Any) -> Select[Any]:
    return select(owner, value).select_from(table).distinct().order_by(value)


TOTALS: Final[Mapping[Level, Mapping[str, Select[Any]]]] = MappingProxyType(
    {
        Level.PATIENT: {
            "NumberOfPatientRelatedStudies": _counted(STUDIES.c.patient_id, STUDIES),
            "NumberOfPatientRelatedSeries": _counted(STUDIES.c.patient_id, _SERIES_OF_PATIENT),
            "NumberOfPatientRelatedInstances": _counted(
                STUDIES.c.patient_id, _INSTANCES_OF_PATIENT
            ),
        },
        Level.STUDY: {
            "ModalitiesInStudy": _listed(SERIES.c.study_instance_uid, SERIES.c.modality, SERIES),
            "SOPClassesInStudy": _listed(
                SERIES.c.study_instance_uid, INSTANCES.c.sop_class_uid, _INSTANCES_OF_STUDY
            ),
            "NumberOfStudyRelatedSeries": _counted(SERIES.c.study_instance_uid, SERIES),
            "NumberOfStudyRelatedInstances": _counted(
                SERIES.c.study_instance_uid, _INSTANCES_OF_STUDY
            ),
        },
        Level.SERIES: {
            "NumberOfSeriesRelatedInstances": _counted(INSTANCES.c.series_instance_uid, INSTANCES),
        },
        Level.IMAGE: {},
    }
)
"""By level and keyword: queries for the owner's unique key and a value, or several rows of it."""


def totals(
    connection: Connection, level: Level, keyword: str, owners: Collection[str]
) -> dict[str, str]:
    """Return a computed key of some entities, by their unique keys; several values joined."""
    query = TOTALS[level][keyword]
    owner: Any = next(iter(query.selected_columns))
    found: dict[str, list[str]] = {}
    for row in connection.execute(query.where(any_of(owner, owners))):
        found.setdefault(row[0], []).append(str(row[1]))
    return {key: "\\".join(filter(None, values)) for key, values in found.items()}


def total_condition(keyword: str, texts: list[str]) -> ColumnElement[bool] | None:
    """Return the condition that narrows studies by what is in them; None for counters."""
    inner = SERIES.alias()
    in_study = inner.c.study_instance_uid == STUDIES.c.study_instance_uid
    if keyword == "ModalitiesInStudy":
        narrowed = text_condition(inner.c.modality, texts)
        found = select(inner).where(in_study)
        return None if narrowed is None else found.where(narrowed).exists()
    if keyword == "SOPClassesInStudy":
        instances = INSTANCES.alias()
        of_series = instances.c.series_instance_uid == inner.c.series_instance_uid
        found = select(inner).where(in_study, of_series)
        return found.where(any_of(instances.c.sop_class_uid, texts)).exists()
    return None
