"""The worklist query of RO-58."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from io import BytesIO
from typing import TYPE_CHECKING

import pytest
from pydicom import dcmread, dcmwrite
from pydicom.dataset import Dataset

from tdwii_gui.dicom.errors import DatasetError
from tdwii_gui.dicom.iod.ups import InputReadiness, ProcedureStepState
from tdwii_gui.dicom.iod.ups_query import WorklistKeys, worklist_query

if TYPE_CHECKING:
    from pathlib import Path

MORNING = datetime(2026, 1, 2, 8, tzinfo=UTC)


def test_typical_query_of_a_delivery_device() -> None:
    query = worklist_query(
        WorklistKeys(
            machine="FX1",
            state=ProcedureStepState.SCHEDULED,
            input_readiness=InputReadiness.READY,
        )
    )
    assert query.ProcedureStepState == "SCHEDULED"
    assert query.InputReadinessState == "READY"
    station = query.ScheduledStationNameCodeSequence[0]
    assert (station.CodeValue, station.CodingSchemeDesignator, station.CodeMeaning) == (
        "FX1",
        "",
        "",
    )
    workitem = query.ScheduledWorkitemCodeSequence[0]
    assert (workitem.CodeValue, workitem.CodingSchemeDesignator) == ("121726", "DCM")
    assert workitem.CodeMeaning == ""  # never a matching key (PS3.4 CC.2.8)


def test_query_asks_for_all_that_the_fields_own_queries_ask_for(shared_data: Path) -> None:
    name = "UPSCFind_TDWII_SCHEDULED_FX1.dcm"
    sample = dcmread(shared_data / "ups_samples" / name)
    keys = WorklistKeys(machine="FX1", state=ProcedureStepState.SCHEDULED)
    query = worklist_query(keys)
    for element in sample:
        assert query[element.tag].value == element.value, element.keyword


def test_query_asks_for_every_return_key_of_the_table() -> None:
    query = worklist_query(WorklistKeys())
    wanted = (
        "SOPClassUID SOPInstanceUID PatientName PatientID ProcedureStepLabel WorklistLabel "
        "InputInformationSequence ScheduledProcessingParametersSequence StudyInstanceUID "
        "ScheduledProcedureStepPriority ScheduledProcedureStepStartDateTime InputReadinessState "
        "ReplacedProcedureStepSequence ProcedureStepProgressInformationSequence"
    )
    assert all(keyword in query for keyword in wanted.split())
    assert "TransactionUID" not in query
    assert "SpecificCharacterSet" not in query
    assert "QueryRetrieveLevel" not in query


def test_range_has_both_ends_in_utc() -> None:
    east = timezone(-timedelta(hours=5))
    start = MORNING.astimezone(east)
    keys = WorklistKeys(start_from=start, start_to=start + timedelta(hours=1))
    value = worklist_query(keys).ScheduledProcedureStepStartDateTime
    assert value == "20260102080000.000000+0000-20260102090000.000000+0000"


@pytest.mark.parametrize(
    ("start", "end"),
    [(MORNING, None), (None, MORNING), (MORNING, MORNING - timedelta(seconds=1))],
)
def test_half_or_reversed_range_is_refused(start: datetime | None, end: datetime | None) -> None:
    with pytest.raises(DatasetError, match="ScheduledProcedureStepStartDateTime"):
        worklist_query(WorklistKeys(start_from=start, start_to=end))


@pytest.mark.parametrize(
    ("keys", "attribute"),
    [
        (WorklistKeys(patient_id="a\\b"), "PatientID"),
        (WorklistKeys(patient_id="x" * 65), "PatientID"),
        (WorklistKeys(machine="x" * 17), "CodeValue"),
        (WorklistKeys(sop_instance_uid="1.x"), "SOPInstanceUID"),
    ],
)
def test_illegal_keys_are_refused(keys: WorklistKeys, attribute: str) -> None:
    with pytest.raises(DatasetError, match=attribute):
        worklist_query(keys)


def test_extended_name_brings_its_character_set() -> None:
    query = worklist_query(WorklistKeys(patient_name="Müller*"))
    assert query.SpecificCharacterSet == "ISO_IR 192"


def test_query_can_be_encoded() -> None:
    buffer = BytesIO()
    query = worklist_query(WorklistKeys(machine="FX1"))
    dcmwrite(buffer, query, implicit_vr=True, little_endian=True)
    buffer.seek(0)
    read = dcmread(buffer, force=True)
    assert isinstance(read, Dataset)
    assert read.ScheduledStationNameCodeSequence[0].CodeValue == "FX1"
