"""A day on each treatment machine, as the worklist has it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from pydicom.dataset import Dataset

from tdwii_gui.dicom.iod import tolerant
from tdwii_gui.dicom.iod.ups import Ups

if TYPE_CHECKING:
    from datetime import date

    from tdwii_gui.dicom.iod.ups import ProcedureStepState
    from tdwii_gui.dicom.store.ups_store import UpsStore


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """A step on a machine's day.

    Parameters
    ----------
    start : datetime
        The scheduled start.
    end : datetime or None
        The expected completion; None if the step names none.
    sop_instance_uid, patient_id, patient_name : str
        The step, and whose it is.
    state : ProcedureStepState or None
        Its state.
    performed_start, performed_end : datetime or None
        When it was performed, as far as that was reported.
    """

    start: datetime
    end: datetime | None
    sop_instance_uid: str
    patient_id: str
    patient_name: str
    state: ProcedureStepState | None
    performed_start: datetime | None = None
    performed_end: datetime | None = None


def timeline(store: UpsStore, day: date) -> dict[str, list[TimelineEntry]]:
    """Return the steps that are to start on a day in local time, by machine and start.

    Steps without a machine are under an empty name.

    Raises
    ------
    StoreError
        If the worklist cannot be read.
    """
    begin = datetime(day.year, day.month, day.day).astimezone()
    tomorrow = day + timedelta(days=1)
    end = datetime(tomorrow.year, tomorrow.month, tomorrow.day).astimezone()
    last = end - timedelta(microseconds=1)
    identifier = Dataset()
    identifier.ScheduledProcedureStepStartDateTime = f"{_utc(begin)}-{_utc(last)}"
    machines: dict[str, list[TimelineEntry]] = {}
    for dataset in store.select(identifier):
        step = Ups(dataset)
        if step.start is not None:
            machines.setdefault(step.machine, []).append(_entry(step, step.start))
    for entries in machines.values():
        entries.sort(key=lambda entry: entry.start)
    return dict(sorted(machines.items()))


def _entry(step: Ups, start: datetime) -> TimelineEntry:
    performed = step.performed
    return TimelineEntry(
        start=start,
        end=tolerant.moment(step.dataset, "ExpectedCompletionDateTime"),
        sop_instance_uid=step.sop_instance_uid,
        patient_id=step.patient_id,
        patient_name=step.patient_name,
        state=step.state,
        performed_start=performed.start,
        performed_end=performed.end,
    )


def _utc(moment: datetime) -> str:
    """Return a DT value without a hyphen, which would end a range (PS3.4 C.2.2.2.5)."""
    return moment.astimezone(UTC).strftime("%Y%m%d%H%M%S.%f%z")
