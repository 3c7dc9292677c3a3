"""What a worklist filter asks of the TMS, and what the TDD's console begins with."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from tdwii_gui.dicom.iod.ups import ProcedureStepState
from tdwii_gui.dicom.iod.ups_query import WorklistKeys
from tdwii_gui.ui.models.worklist import WorklistFilter


def first_filter(machine: str) -> WorklistFilter:
    """Return the filter for what a machine is to treat today."""
    today = date.today()
    states = frozenset({ProcedureStepState.SCHEDULED})
    return WorklistFilter(machine=machine, first=today, last=today, states=states)


def query_keys(wanted: WorklistFilter) -> WorklistKeys:
    """Return the matching keys of a filter (RO-58).

    Its text is for the rows that came, and so are two states or more: a C-FIND names one or none.
    """
    states = list(wanted.states)
    first = _midnight(wanted.first) if wanted.first and wanted.last else None
    last = _midnight(wanted.last + timedelta(days=1)) if first and wanted.last else None
    return WorklistKeys(
        machine=wanted.machine,
        state=states[0] if len(states) == 1 else None,
        start_from=first,
        start_to=last and last - timedelta(microseconds=1),
    )


def _midnight(day: date) -> datetime:
    """Return the beginning of a day in local time, in UTC."""
    return datetime.combine(day, time.min).astimezone().astimezone(UTC)
