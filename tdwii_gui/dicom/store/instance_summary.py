"""What the index knows of each instance and of what it belongs to, for views of a whole store."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import select

from tdwii_gui.dicom.store.instance_tables import INSTANCES, SERIES, STUDIES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sqlalchemy import Connection, Select

_UIDS_PER_QUERY = 500
_JOINED = INSTANCES.join(SERIES).join(STUDIES)


class InstanceSummary(NamedTuple):
    """An instance with its series, study and patient, as the texts of the index.

    The fields are columns of the index; `received` is in ISO 8601.
    """

    patient_name: str
    patient_id: str
    patient_birth_date: str
    patient_sex: str
    study_instance_uid: str
    study_date: str
    study_time: str
    study_id: str
    study_description: str
    series_instance_uid: str
    modality: str
    series_number: str
    series_description: str
    sop_instance_uid: str
    sop_class_uid: str
    instance_number: str
    transfer_syntax_uid: str
    size: int
    received: str
    source_ae: str


def summaries(
    connection: Connection, uids: Iterable[str] | None = None
) -> Iterator[InstanceSummary]:
    """Yield the instances with these SOP Instance UIDs, or all, in order of reception."""
    if uids is None:
        yield from _summaries_of(connection, _query())
        return
    wanted = list(dict.fromkeys(uids))
    for start in range(0, len(wanted), _UIDS_PER_QUERY):
        part = wanted[start : start + _UIDS_PER_QUERY]
        yield from _summaries_of(connection, _query().where(INSTANCES.c.sop_instance_uid.in_(part)))


def _query() -> Select[tuple[str, ...]]:
    columns = [
        next(table.c[name] for table in (STUDIES, SERIES, INSTANCES) if name in table.c)
        for name in InstanceSummary._fields
    ]
    order = (INSTANCES.c.received, INSTANCES.c.sop_instance_uid)
    return select(*columns).select_from(_JOINED).order_by(*order)


def _summaries_of(
    connection: Connection, query: Select[tuple[str, ...]]
) -> Iterator[InstanceSummary]:
    yield from map(InstanceSummary._make, connection.execute(query))
