"""Queries of the stored instances, by the levels of the information models (PS3.4 C.6).

SQL narrows a query; `matching` decides.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from pydicom import config as pydicom_config
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from sqlalchemy import Column, func, select

from tdwii_gui.dicom.errors import DimseStatusError
from tdwii_gui.dicom.status import Status
from tdwii_gui.dicom.store.instance_tables import (
    INSTANCE_KEYWORDS,
    INSTANCES,
    PATIENT_KEYWORDS,
    SERIES,
    SERIES_KEYWORDS,
    STUDIES,
    STUDY_KEYWORDS,
    column,
    column_name,
    text_of,
)
from tdwii_gui.dicom.uids import is_valid_uid

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sqlalchemy import ColumnElement, Connection, RowMapping, Select


class Level(StrEnum):
    """Query/Retrieve Level (0008,0052), PS3.4 C.6.1."""

    PATIENT = "PATIENT"
    STUDY = "STUDY"
    SERIES = "SERIES"
    IMAGE = "IMAGE"


class Root(StrEnum):
    """The information model of a query or retrieval (PS3.4 C.6)."""

    PATIENT = "PATIENT"
    STUDY = "STUDY"


UNIQUE_KEYS: Final[Mapping[Level, str]] = {
    Level.PATIENT: "PatientID",
    Level.STUDY: "StudyInstanceUID",
    Level.SERIES: "SeriesInstanceUID",
    Level.IMAGE: "SOPInstanceUID",
}

_LEVEL_KEYWORDS: Final[Mapping[Level, tuple[str, ...]]] = {
    Level.PATIENT: PATIENT_KEYWORDS,
    Level.STUDY: (*PATIENT_KEYWORDS, *STUDY_KEYWORDS),
    Level.SERIES: (*PATIENT_KEYWORDS, *STUDY_KEYWORDS, *SERIES_KEYWORDS),
    Level.IMAGE: (*PATIENT_KEYWORDS, *STUDY_KEYWORDS, *SERIES_KEYWORDS, *INSTANCE_KEYWORDS),
}
_EXACT_KEYS: Final = frozenset({"PatientID", "StudyID", "AccessionNumber", "Modality"})
_DATE_RANGE: Final = re.compile(r"(\d{8})?(-?)(\d{8})?")
_UIDS_PER_QUERY: Final = 500


_JOINED: Final = INSTANCES.join(SERIES).join(STUDIES)
_TABLE_OF_LEVEL: Final[Mapping[Level, Any]] = {
    Level.PATIENT: STUDIES,
    Level.STUDY: STUDIES,
    Level.SERIES: SERIES.join(STUDIES),
    Level.IMAGE: _JOINED,
}


def instance_rows(connection: Connection, *conditions: ColumnElement[bool]) -> Iterator[RowMapping]:
    """Return the instances that meet the conditions, with study UID, in order of reception."""
    query = (
        select(INSTANCES, SERIES.c.study_instance_uid)
        .select_from(INSTANCES.join(SERIES))
        .where(*conditions)
        .order_by(INSTANCES.c.received, INSTANCES.c.sop_instance_uid)
    )
    yield from connection.execute(query).mappings()


def count_instances(connection: Connection) -> int:
    """Return how many instances there are."""
    return connection.scalar(select(func.count()).select_from(INSTANCES)) or 0


def present_uids(connection: Connection, uids: Iterable[str]) -> set[str]:
    """Return those of the SOP Instance UIDs that are stored."""
    wanted = list(dict.fromkeys(uids))
    found: set[str] = set()
    for start in range(0, len(wanted), _UIDS_PER_QUERY):
        part = wanted[start : start + _UIDS_PER_QUERY]
        query = select(INSTANCES.c.sop_instance_uid).where(INSTANCES.c.sop_instance_uid.in_(part))
        found.update(connection.execute(query).scalars())
    return found


def query_level(identifier: Dataset, root: Root, *, default: Level | None = None) -> Level:
    """Return the Query/Retrieve Level of an identifier (PS3.4 C.4.1.1.3.1).

    Raises
    ------
    DimseStatusError
        A900 if it is missing, unknown, or not a level of the information model.
    """
    text = text_of(identifier.get("QueryRetrieveLevel"))
    if not text and default is not None:
        return default
    if text not in set(Level) or (root is Root.STUDY and text == Level.PATIENT):
        model = "Patient" if root is Root.PATIENT else "Study"
        words = f"level {text[:16]!r} unknown" if text else "QueryRetrieveLevel missing"
        raise DimseStatusError(Status.DATASET_MISMATCH, f"{words} ({model} Root)")
    return Level(text)


def uid_values(identifier: Dataset, keyword: str) -> list[str]:
    """Return the values of a UID key; empty where it is absent or universal.

    Raises
    ------
    DimseStatusError
        A900 if a value is no UID: UIDs are matched by single value or list, never by wildcard.
    """
    value = identifier.get(keyword)
    values = [] if value in (None, "") else list(value) if _is_list(value) else [value]
    uids = [str(uid).strip(" \0") for uid in values]
    for uid in uids:
        if not is_valid_uid(uid):
            raise DimseStatusError(Status.DATASET_MISMATCH, f"{keyword} is no UID")
    return uids


def _is_list(value: Any) -> bool:
    return isinstance(value, (MultiValue, list, tuple))


def candidates(connection: Connection, identifier: Dataset, level: Level) -> list[Dataset]:
    """Return the entities of a level that may match an identifier, as data sets."""
    keywords = _LEVEL_KEYWORDS[level]
    columns = [column(word) for word in keywords]
    table = _TABLE_OF_LEVEL[level]
    query = select(*columns).select_from(table).where(*_conditions(identifier, keywords))
    query = query.order_by(*(column(UNIQUE_KEYS[one]) for one in _levels_down_to(level)))
    found = []
    for row in connection.execute(query).mappings():
        dataset = _dataset(row, keywords)
        _add_totals(connection, dataset, identifier, level)
        found.append(dataset)
    return _distinct_patients(found) if level is Level.PATIENT else found


def _levels_down_to(level: Level) -> list[Level]:
    levels = list(Level)
    return levels[: levels.index(level) + 1]


def _conditions(identifier: Dataset, keywords: Iterable[str]) -> Iterator[ColumnElement[bool]]:
    for keyword in keywords:
        tag = tag_for_keyword(keyword)
        vr = dictionary_VR(keyword)
        if tag is None or tag not in identifier:
            continue
        if vr == "UI":
            if uids := uid_values(identifier, keyword):
                yield column(keyword).in_(uids)
            continue
        text = text_of(identifier[tag].value)
        if keyword in _EXACT_KEYS and text and not set(text) & set("*?\\"):
            yield column(keyword) == text
        elif vr == "DA":
            yield from _date_conditions(column(keyword), text)


def _date_conditions(column: Column[Any], text: str) -> Iterator[ColumnElement[bool]]:
    match = _DATE_RANGE.fullmatch(text)
    if match is None or not text:
        return
    first, dash, last = match.groups()
    if not dash:
        yield column == text
        return
    if first:
        yield column >= first
    if last:
        yield column <= last


def _dataset(row: RowMapping, keywords: Iterable[str]) -> Dataset:
    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 192"
    for keyword in keywords:
        _put(dataset, keyword, row[column_name(keyword)])
    return dataset


def _put(dataset: Dataset, keyword: str, value: Any) -> None:
    tag = tag_for_keyword(keyword)
    if tag is None:
        raise KeyError(keyword)
    # The values come from real data: what is illegal in them is returned as it was stored.
    dataset[tag] = DataElement(
        tag, dictionary_VR(tag), value, validation_mode=pydicom_config.IGNORE
    )


def _distinct_patients(found: list[Dataset]) -> list[Dataset]:
    return list({str(dataset.PatientID): dataset for dataset in reversed(found)}.values())[::-1]


def _add_totals(
    connection: Connection, dataset: Dataset, identifier: Dataset, level: Level
) -> None:
    """Add the computed keys that are asked for (PS3.4 C.3.4)."""
    for keyword, query in _totals(dataset, level):
        if keyword in identifier:
            values = connection.execute(query).scalars().all()
            _put(dataset, keyword, list(values) if len(values) > 1 else next(iter(values), ""))


def _totals(dataset: Dataset, level: Level) -> Iterator[tuple[str, Select[Any]]]:
    if level is Level.PATIENT:
        of_patient = STUDIES.c.patient_id == str(dataset.PatientID)
        number = select(func.count(STUDIES.c.study_instance_uid)).where(of_patient)
        yield "NumberOfPatientRelatedStudies", number
        return
    of_study = SERIES.c.study_instance_uid == str(dataset.StudyInstanceUID)
    in_series = INSTANCES.join(SERIES)
    yield (
        "ModalitiesInStudy",
        select(SERIES.c.modality).where(of_study).distinct().order_by(SERIES.c.modality),
    )
    yield "NumberOfStudyRelatedSeries", select(func.count()).select_from(SERIES).where(of_study)
    yield (
        "NumberOfStudyRelatedInstances",
        select(func.count()).select_from(in_series).where(of_study),
    )
    if level in (Level.SERIES, Level.IMAGE):
        of_series = INSTANCES.c.series_instance_uid == str(dataset.SeriesInstanceUID)
        yield (
            "NumberOfSeriesRelatedInstances",
            select(func.count()).select_from(INSTANCES).where(of_series),
        )


def retrieve_conditions(identifier: Dataset, root: Root) -> list[ColumnElement[bool]]:
    """Return what the unique keys of a C-MOVE or C-GET identifier ask for (PS3.4 C.4.2.1.4.1).

    Keys of the levels above may be left out, as in relational retrieval; an identifier with
    nothing but SOP Instance UIDs is taken for the IMAGE level.

    Raises
    ------
    DimseStatusError
        A900 if the level or its unique key is missing or not usable.
    """
    only_instances = bool(identifier.get("SOPInstanceUID"))
    level = query_level(identifier, root, default=Level.IMAGE if only_instances else None)
    conditions: list[ColumnElement[bool]] = []
    for one in _levels_down_to(level):
        keyword = UNIQUE_KEYS[one]
        if one is Level.PATIENT:
            patient_id = text_of(identifier.get(keyword))
            if set(patient_id) & set("*?\\"):
                raise DimseStatusError(Status.DATASET_MISMATCH, "PatientID is no single value")
            values = [patient_id] if patient_id else []
        else:
            values = uid_values(identifier, keyword)
        if one is level and not values:
            raise DimseStatusError(Status.DATASET_MISMATCH, f"{keyword} missing at level {level}")
        if values:
            conditions.append(column(keyword).in_(values))
    return conditions


def selected_rows(
    connection: Connection, conditions: Iterable[ColumnElement[bool]]
) -> Iterator[RowMapping]:
    """Return the instances below the entities that the conditions name."""
    query = (
        select(INSTANCES, SERIES.c.study_instance_uid)
        .select_from(_JOINED)
        .where(*conditions)
        .order_by(SERIES.c.study_instance_uid, INSTANCES.c.series_instance_uid)
        .order_by(INSTANCES.c.received)
    )
    yield from connection.execute(query).mappings()
