"""Worklist query of a treatment delivery device (RO-58, PS3.4 CC.2.8)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Final

from pydicom.dataset import Dataset

from tdwii_gui.dicom.errors import DatasetError, Finding
from tdwii_gui.dicom.iod import codes, legal
from tdwii_gui.dicom.iod.macros import code_item
from tdwii_gui.dicom.iod.requirements import return_keys

if TYPE_CHECKING:
    from datetime import datetime

    from tdwii_gui.dicom.iod.codes import Code
    from tdwii_gui.dicom.iod.ups import InputReadiness, ProcedureStepState

_START: Final = "ScheduledProcedureStepStartDateTime"


@dataclass(frozen=True, slots=True)
class WorklistKeys:
    """Matching keys of a worklist query; what is None or empty matches everything.

    Parameters
    ----------
    machine : str
        Code Value of the Scheduled Station Name; its coding scheme is left open.
    start_from, start_to : datetime or None
        The range of scheduled starts, both ends included; RO-58 sends both or none.
    workitem : Code or None
        Scheduled Workitem; by default treatment with internal verification.
    """

    machine: str = ""
    state: ProcedureStepState | None = None
    input_readiness: InputReadiness | None = None
    start_from: datetime | None = None
    start_to: datetime | None = None
    patient_id: str = ""
    patient_name: str = ""
    workitem: Code | None = codes.RT_TREATMENT_INTERNAL_VERIFICATION
    sop_instance_uid: str = ""


def worklist_query(keys: WorklistKeys) -> Dataset:
    """Return the C-FIND identifier for a worklist; it asks for all return keys of the UPS table.

    Raises
    ------
    DatasetError
        If a key is not legal or the range lacks an end; the error names the attribute.
    """
    identifier = Dataset()
    for requirement in return_keys():
        setattr(identifier, requirement.keyword, [Dataset()] if requirement.vr == "SQ" else None)
    for keyword, text in (
        ("PatientID", keys.patient_id),
        ("PatientName", keys.patient_name),
        ("SOPInstanceUID", keys.sop_instance_uid),
    ):
        setattr(identifier, keyword, legal.permit(keyword, text))
    identifier.ProcedureStepState = keys.state.value if keys.state else ""
    identifier.InputReadinessState = keys.input_readiness.value if keys.input_readiness else ""
    setattr(identifier, _START, _range(keys.start_from, keys.start_to))
    if keys.machine:
        machine = legal.require("CodeValue", keys.machine)
        identifier.ScheduledStationNameCodeSequence = [code_item(codes.Code(machine, "", ""))]
    if keys.workitem is not None:
        workitem = codes.Code(keys.workitem.value, keys.workitem.scheme, "")
        identifier.ScheduledWorkitemCodeSequence = [code_item(workitem)]
    legal.add_character_set(identifier)
    return identifier


def _range(start: datetime | None, end: datetime | None) -> str:
    """Return a DT range in UTC: a negative offset would read as the range's hyphen (C.2.2.2.5)."""
    if start is None and end is None:
        return ""
    if start is None or end is None:
        raise DatasetError([Finding(_START, "needs both ends of its range")])
    first, last = start.astimezone(UTC), end.astimezone(UTC)
    if last < first:
        raise DatasetError([Finding(_START, "has a range that ends before it begins")])
    return f"{_utc_dt(first)}-{_utc_dt(last)}"


def _utc_dt(moment: datetime) -> str:
    return moment.strftime("%Y%m%d%H%M%S.%f%z")
