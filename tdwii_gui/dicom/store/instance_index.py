"""The index of stored instances by the levels of the information models (PS3.4 C.6)."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from pydicom.multival import MultiValue
from sqlalchemy import func, select

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
    text_of,
)
from tdwii_gui.dicom.store.text_conditions import any_of
from tdwii_gui.dicom.uids import is_valid_uid

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pydicom.dataset import Dataset
    from sqlalchemy import ColumnElement, Connection, RowMapping


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

LEVEL_KEYWORDS: Final[Mapping[Level, tuple[str, ...]]] = {
    Level.PATIENT: PATIENT_KEYWORDS,
    Level.STUDY: (*PATIENT_KEYWORDS, *STUDY_KEYWORDS),
    Level.SERIES: (*PATIENT_KEYWORDS, *STUDY_KEYWORDS, *SERIES_KEYWORDS),
    Level.IMAGE: (*PATIENT_KEYWORDS, *STUDY_KEYWORDS, *SERIES_KEYWORDS, *INSTANCE_KEYWORDS),
}

JOINED: Final = INSTANCES.join(SERIES).join(STUDIES)


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
    query = select(INSTANCES.c.sop_instance_uid)
    wanted = any_of(INSTANCES.c.sop_instance_uid, set(uids))
    return set(connection.scalars(query.where(wanted)))


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
        words = f"{text[:16]!r} is none of {root.capitalize()} Root" if text else "is missing"
        raise DimseStatusError(Status.DATASET_MISMATCH, f"QueryRetrieveLevel {words}")
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
    check_uids(keyword, uids)
    return uids


def check_uids(keyword: str, uids: Iterable[str]) -> None:
    """Refuse values that are no UIDs; raises A900."""
    if not all(map(is_valid_uid, uids)):
        raise DimseStatusError(Status.DATASET_MISMATCH, f"{keyword} is no UID")


def _is_list(value: Any) -> bool:
    return isinstance(value, (MultiValue, list, tuple))


def levels_down_to(level: Level) -> list[Level]:
    """Return the levels above a level, and itself."""
    levels = list(Level)
    return levels[: levels.index(level) + 1]


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
    for one in levels_down_to(level):
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
            conditions.append(any_of(column(keyword), values))
    return conditions


def selected_rows(
    connection: Connection, conditions: Iterable[ColumnElement[bool]]
) -> Iterator[RowMapping]:
    """Return the instances below the entities that the conditions name."""
    query = (
        select(INSTANCES, SERIES.c.study_instance_uid)
        .select_from(JOINED)
        .where(*conditions)
        .order_by(SERIES.c.study_instance_uid, INSTANCES.c.series_instance_uid)
        .order_by(INSTANCES.c.received)
    )
    yield from connection.execute(query).mappings()
