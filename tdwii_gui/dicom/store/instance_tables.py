"""The tables of stored instances: studies, series and instances, and how they are written.

The attributes are the unique and required keys of the Study Root and Patient Root models (PS3.4
C.6.1.1, C.6.2.1) and those optional ones by which radiotherapy objects are looked for. All have
one value. A query at IMAGE level finds the others in the files (see `instance_query`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pydicom.multival import MultiValue
from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    bindparam,
    delete,
    select,
    update,
)
from sqlalchemy.dialects.sqlite import insert

from tdwii_gui.dicom.errors import DimseStatusError, StoreError
from tdwii_gui.dicom.status import Status
from tdwii_gui.dicom.store.schema import bring_up_to_date
from tdwii_gui.dicom.store.text_conditions import any_of, name_text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from sqlalchemy import Connection
    from sqlalchemy.engine.default import DefaultExecutionContext

METADATA: Final = MetaData()

INDEX_VERSION: Final = 1
"""Grows with every change of what a row holds: an older index is rebuilt from the files."""

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
    "BodyPartExamined",
    "ProtocolName",
    "Manufacturer",
    "ManufacturerModelName",
    "StationName",
    "FrameOfReferenceUID",
)
LATE_KEYWORDS: Final = (
    "StructureSetLabel",
    "RTPlanLabel",
    "RTPlanDate",
    "RTPlanTime",
    "ApprovalStatus",
)
"""Those of an instance that are behind group 0020, where large objects have their content."""
INSTANCE_KEYWORDS: Final = (
    "SOPInstanceUID",
    "SOPClassUID",
    "InstanceNumber",
    "InstanceCreationDate",
    "InstanceCreationTime",
    *LATE_KEYWORDS,
)


def column_name(keyword: str) -> str:
    """Return the column of an attribute: ``StudyInstanceUID`` is in ``study_instance_uid``."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", keyword).lower()


def _columns(keywords: Iterable[str]) -> list[Column[str]]:
    return [
        Column(column_name(word), String, nullable=False, default="", server_default="")
        for word in keywords
    ]


def _name_key(context: DefaultExecutionContext) -> str:
    parameters: Mapping[str, str] = context.get_current_parameters()  # type: ignore[no-untyped-call]
    return name_key(parameters["patient_name"])


def name_key(patient_name: str) -> str:
    """Return what the column ``patient_name_key`` holds of a name, for `name_condition`."""
    return name_text([name for name in patient_name.split("\\") if name])


STUDIES: Final = Table(
    "studies",
    METADATA,
    Column("study_instance_uid", String(64), primary_key=True),
    *_columns((*PATIENT_KEYWORDS, *STUDY_KEYWORDS[1:])),
    Column("patient_name_key", String, nullable=False, default=_name_key, server_default=""),
    Index("studies_by_patient", "patient_id", "study_instance_uid"),
    Index("studies_by_name", "patient_name_key", "study_instance_uid"),
    Index("studies_by_date", "study_date", "study_instance_uid"),
    Index("studies_by_accession", "accession_number"),
)
SERIES: Final = Table(
    "series",
    METADATA,
    Column("series_instance_uid", String(64), primary_key=True),
    Column("study_instance_uid", ForeignKey(STUDIES.c.study_instance_uid)),
    *_columns(SERIES_KEYWORDS[1:]),
    Index("series_by_study", "study_instance_uid", "modality"),
)
INSTANCES: Final = Table(
    "instances",
    METADATA,
    Column("sop_instance_uid", String(64), primary_key=True),
    Column("series_instance_uid", ForeignKey(SERIES.c.series_instance_uid)),
    *_columns(INSTANCE_KEYWORDS[1:]),
    Column("transfer_syntax_uid", String(64), nullable=False),
    Column("file_name", String, nullable=False),
    Column("size", Integer, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("received", String, nullable=False),
    Column("source_ae", String(16), nullable=False, default=""),
    # In the order of answers, so that a page of a large series is found without sorting it.
    Index("instances_by_series", "series_instance_uid", "sop_instance_uid"),
)


def prepare(connection: Connection) -> bool:
    """Make the tables, or complete those of an older version.

    Returns
    -------
    bool
        Whether the index has to be rebuilt from the files: it is new, or of an older version.

    Raises
    ------
    StoreError
        If it is of a later version.
    """
    version = connection.exec_driver_sql("PRAGMA user_version").scalar() or 0
    if version > INDEX_VERSION:
        raise StoreError("the index of the objects was made by a later version of this program")
    bring_up_to_date(connection, METADATA)
    return version < INDEX_VERSION


def mark_complete(connection: Connection) -> None:
    """Note that all rows are of this version."""
    connection.exec_driver_sql(f"PRAGMA user_version = {INDEX_VERSION}")


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


def column_text(keyword: str, value: Any) -> str:
    """Return the value of an attribute as its column has it.

    Dates are without the points of old files, so that they are in the order of their texts.
    """
    text = text_of(value)
    return text.replace(".", "") if keyword.endswith("Date") else text


def text_of(value: Any) -> str:
    """Return the value of an attribute as a text; multiple values joined by a backslash."""
    if value is None:
        return ""
    if isinstance(value, MultiValue):
        return "\\".join(str(single) for single in value)
    return str(value).strip(" \0")


# Made once: to make a statement takes longer than to execute it.
_UID: Final = "uid"
_STUDY_OF_SERIES: Final = select(SERIES.c.study_instance_uid).where(
    SERIES.c.series_instance_uid == bindparam(_UID)
)
_SERIES_OF_INSTANCE: Final = select(INSTANCES.c.series_instance_uid).where(
    INSTANCES.c.sop_instance_uid == bindparam(_UID)
)
_INSERT_STUDY: Final = insert(STUDIES).on_conflict_do_nothing()
_INSERT_SERIES: Final = insert(SERIES)
_INSERT_INSTANCE: Final = insert(INSTANCES)
_UPDATE_INSTANCE: Final = update(INSTANCES).where(INSTANCES.c.sop_instance_uid == bindparam(_UID))


def write_entry(connection: Connection, entry: Entry) -> None:
    """Insert or replace one instance, with its series and study where they are new.

    Raises
    ------
    DimseStatusError
        If the series is already known as part of another study.
    """
    study_uid = entry.study["study_instance_uid"]
    series_uid = entry.series["series_instance_uid"]
    known = connection.scalar(_STUDY_OF_SERIES, {_UID: series_uid})
    if known is not None and known != study_uid:
        raise DimseStatusError(
            Status.DATASET_MISMATCH, "SeriesInstanceUID belongs to another study"
        )
    if known is None:
        connection.execute(_INSERT_STUDY, entry.study)
        connection.execute(_INSERT_SERIES, {**entry.series, "study_instance_uid": study_uid})
    values = {**entry.instance, "series_instance_uid": series_uid}
    uid = entry.instance["sop_instance_uid"]
    before = connection.scalar(_SERIES_OF_INSTANCE, {_UID: uid})
    if before is None:
        connection.execute(_INSERT_INSTANCE, values)
        return
    connection.execute(_UPDATE_INSTANCE, {**values, _UID: uid})
    if before != series_uid:
        remove_empty(connection, [before])


def remove_empty(connection: Connection, series_uids: Collection[str]) -> None:
    """Remove those of some series that have no instances, and studies that have no series then."""
    theirs = any_of(SERIES.c.series_instance_uid, series_uids)
    study_uids = connection.scalars(select(SERIES.c.study_instance_uid).where(theirs).distinct())
    studies = any_of(STUDIES.c.study_instance_uid, study_uids.all())
    in_series = INSTANCES.c.series_instance_uid == SERIES.c.series_instance_uid
    connection.execute(delete(SERIES).where(theirs, ~select(INSTANCES).where(in_series).exists()))
    in_study = SERIES.c.study_instance_uid == STUDIES.c.study_instance_uid
    connection.execute(delete(STUDIES).where(studies, ~select(SERIES).where(in_study).exists()))
