"""The tables of stored instances: studies, series and instances, and how they are written.

The attributes are those of the Study Root and Patient Root models (PS3.4 C.6.1.1, C.6.2.1).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pydicom.multival import MultiValue
from sqlalchemy import (
    Column,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    delete,
    insert,
    select,
    update,
)

from tdwii_gui.dicom.errors import DimseStatusError
from tdwii_gui.dicom.status import Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pydicom.dataset import Dataset
    from sqlalchemy import Connection

METADATA: Final = MetaData()


PATIENT_KEYWORDS: Final = ("PatientName", "PatientID", "PatientBirthDate", "PatientSex")
STUDY_KEYWORDS: Final = (
    "StudyInstanceUID",
    "StudyDate",
    "StudyTime",
    "StudyID",
    "StudyDescription",
    "AccessionNumber",
    "ReferringPhysicianName",
)
SERIES_KEYWORDS: Final = (
    "SeriesInstanceUID",
    "Modality",
    "SeriesNumber",
    "SeriesDescription",
    "SeriesDate",
    "SeriesTime",
)
INSTANCE_KEYWORDS: Final = ("SOPInstanceUID", "SOPClassUID", "InstanceNumber")


def column_name(keyword: str) -> str:
    """Return the column of an attribute: ``StudyInstanceUID`` is in ``study_instance_uid``."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", keyword).lower()


def _columns(keywords: Iterable[str]) -> list[Column[str]]:
    return [Column(column_name(word), String, nullable=False, default="") for word in keywords]


STUDIES: Final = Table(
    "studies",
    METADATA,
    Column("study_instance_uid", String(64), primary_key=True),
    *_columns((*PATIENT_KEYWORDS, *STUDY_KEYWORDS[1:])),
)
SERIES: Final = Table(
    "series",
    METADATA,
    Column("series_instance_uid", String(64), primary_key=True),
    Column("study_instance_uid", ForeignKey(STUDIES.c.study_instance_uid), index=True),
    *_columns(SERIES_KEYWORDS[1:]),
)
INSTANCES: Final = Table(
    "instances",
    METADATA,
    Column("sop_instance_uid", String(64), primary_key=True),
    Column("series_instance_uid", ForeignKey(SERIES.c.series_instance_uid), index=True),
    *_columns(INSTANCE_KEYWORDS[1:]),
    Column("transfer_syntax_uid", String(64), nullable=False),
    Column("file_name", String, nullable=False),
    Column("size", Integer, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("received", String, nullable=False),
    Column("source_ae", String(16), nullable=False, default=""),
)


def column(keyword: str) -> Column[Any]:
    """Return the column of an attribute."""
    for table in (STUDIES, SERIES, INSTANCES):
        if column_name(keyword) in table.c:
            return table.c[column_name(keyword)]
    raise KeyError(keyword)


@dataclass(frozen=True, slots=True)
class Entry:
    """What is written of one instance: values by column name, a mapping per table."""

    study: Mapping[str, str]
    series: Mapping[str, str]
    instance: Mapping[str, Any]


def attribute_texts(dataset: Dataset, keywords: Iterable[str]) -> dict[str, str]:
    """Return attribute values as column texts; multiple values joined by a backslash."""
    return {column_name(word): text_of(dataset.get(word)) for word in keywords}


def text_of(value: Any) -> str:
    """Return the value of an attribute as a column text."""
    if value is None:
        return ""
    if isinstance(value, MultiValue):
        return "\\".join(str(single) for single in value)
    return str(value).strip(" \0")


def write_entry(connection: Connection, entry: Entry) -> None:
    """Insert or replace one instance, with its series and study where they are new.

    Raises
    ------
    DimseStatusError
        If the series is already known as part of another study.
    """
    study_uid = entry.study["study_instance_uid"]
    series_uid = entry.series["series_instance_uid"]
    known = connection.execute(
        select(SERIES.c.study_instance_uid).where(SERIES.c.series_instance_uid == series_uid)
    ).scalar()
    if known is not None and known != study_uid:
        raise DimseStatusError(
            Status.DATASET_MISMATCH, "SeriesInstanceUID belongs to another study"
        )
    if known is None:
        present = select(STUDIES.c.study_instance_uid).where(
            STUDIES.c.study_instance_uid == study_uid
        )
        if connection.execute(present).scalar() is None:
            connection.execute(insert(STUDIES).values(**entry.study))
        connection.execute(insert(SERIES).values(**entry.series, study_instance_uid=study_uid))
    values = {**entry.instance, "series_instance_uid": series_uid}
    this = INSTANCES.c.sop_instance_uid == entry.instance["sop_instance_uid"]
    if connection.execute(update(INSTANCES).where(this).values(**values)).rowcount == 0:
        connection.execute(insert(INSTANCES).values(**values))
    else:
        _remove_empty(connection)


def _remove_empty(connection: Connection) -> None:
    filled = select(INSTANCES.c.series_instance_uid)
    connection.execute(delete(SERIES).where(SERIES.c.series_instance_uid.not_in(filled)))
    kept = select(SERIES.c.study_instance_uid)
    connection.execute(delete(STUDIES).where(STUDIES.c.study_instance_uid.not_in(kept)))
