"""The UPS view, on a real match of a commercial TMS and on what the field gets wrong."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from pydicom import dcmread
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from tdwii_gui.dicom import uids
from tdwii_gui.dicom.iod import codes
from tdwii_gui.dicom.iod.codes import Code
from tdwii_gui.dicom.iod.macros import code_item, numeric_item, sop_reference, text_item
from tdwii_gui.dicom.iod.references import InputReference
from tdwii_gui.dicom.iod.rtbdi import TreatmentDeliveryType
from tdwii_gui.dicom.iod.ups import InputReadiness, Priority, ProcedureStepState, Progress, Ups

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def match(shared_data: Path) -> Ups:
    return Ups(dcmread(shared_data / "ups_samples" / "rsp000001.dcm"))


def test_real_match_of_a_commercial_tms(match: Ups) -> None:
    assert match.sop_instance_uid.startswith("1.2.840.113854.19.4.")
    assert match.state is ProcedureStepState.SCHEDULED
    assert match.input_readiness is InputReadiness.READY
    assert match.priority is Priority.MEDIUM
    assert (match.patient_name, match.patient_id) == ("head phantom^Hitachi", "202304061")
    assert match.machine == "FX1"
    assert match.workitem == codes.RT_TREATMENT_INTERNAL_VERIFICATION
    assert match.delivery_type is TreatmentDeliveryType.TREATMENT
    assert match.plan_label == "TargetNameRxSite"
    assert (match.fraction_number, match.fractions_planned) == (1, 2)


def test_real_match_inputs_despite_its_repeated_series(match: Ups) -> None:
    assert len(match.inputs) == 2
    assert match.plan is not None
    assert match.plan.sop_class_uid == uids.RT_ION_PLAN
    assert match.plan.retrieve_ae_title == "IMS_IHERO_TMS1"
    assert match.rtbdi is not None
    assert match.rtbdi.study_instance_uid == "1.2.840.113854.19.1.31631.3"
    assert match.static_inputs == (match.plan,)
    assert match.dynamic_inputs == (match.rtbdi,)
    assert match.records == ()


def test_what_the_match_does_not_hold_is_none_or_empty(match: Ups) -> None:
    assert match.start is None
    assert (match.label, match.worklist_label, match.birth_date, match.sex) == ("", "", "", "")
    assert match.progress == Progress()
    assert match.performed.outputs == ()
    assert match.cancellation.code is None


def test_empty_data_set_is_all_none_or_empty() -> None:
    ups = Ups(Dataset())
    names = [name for name in dir(Ups) if isinstance(getattr(Ups, name), property)]
    assert len(names) > 25
    plain = [name for name in names if name not in ("progress", "cancellation", "performed")]
    assert not any(getattr(ups, name) for name in plain)


def test_series_sequence_alone_tells_the_inputs() -> None:
    series = Dataset()
    series.SeriesInstanceUID = "1.2.3"
    series.RetrieveAETitle = "OST"
    series.ReferencedSOPSequence = [sop_reference(uids.RT_PLAN, "1.2.3.4")]
    item = Dataset()
    item.StudyInstanceUID = "1.2"
    item.ReferencedSeriesSequence = [series]
    dataset = Dataset()
    dataset.InputInformationSequence = [item]
    assert Ups(dataset).inputs == (InputReference(uids.RT_PLAN, "1.2.3.4", "1.2", "1.2.3", "OST"),)


def test_one_item_may_hold_several_instances_of_a_series() -> None:
    item = Dataset()
    item.StudyInstanceUID, item.SeriesInstanceUID = "1.2", "1.3"
    item.ReferencedSOPSequence = [
        sop_reference(uids.RT_BEAMS_TREATMENT_RECORD, uid) for uid in ("1.4", "1.5")
    ]
    dataset = Dataset()
    dataset.InputInformationSequence = [item]
    assert [record.sop_instance_uid for record in Ups(dataset).records] == ["1.4", "1.5"]


@pytest.mark.parametrize("value_type", ["NUMERIC", "NUM"])  # IHE-RO text says NUM
def test_beam_number_of_either_value_type(value_type: str) -> None:
    parameter = numeric_item(codes.REFERENCED_BEAM_NUMBER, 3)
    parameter.ValueType = value_type
    progress = Dataset()
    progress.ProcedureStepProgress = "62.5"
    progress.ProcedureStepProgressParametersSequence = [parameter]
    dataset = Dataset()
    dataset.ProcedureStepProgressInformationSequence = [progress]
    assert Ups(dataset).progress == Progress(62.5, 3, "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("CONTINUATION", TreatmentDeliveryType.CONTINUATION),
        ("TREAMENT", TreatmentDeliveryType.TREATMENT),  # misspelt in the supplement
        ("OTHER", None),
    ],
)
def test_delivery_type(text: str, expected: TreatmentDeliveryType | None) -> None:
    dataset = Dataset()
    parameter = text_item(codes.TREATMENT_DELIVERY_TYPE, text)
    dataset.ScheduledProcessingParametersSequence = [parameter]
    assert Ups(dataset).delivery_type is expected


def test_start_is_an_aware_moment() -> None:
    dataset = Dataset()
    dataset.ScheduledProcedureStepStartDateTime = "20260102080000.000000+0200"
    assert Ups(dataset).start == datetime(2026, 1, 2, 6, tzinfo=UTC)


def test_performed_and_canceled() -> None:
    performed = Dataset()
    performed.PerformedStationNameCodeSequence = [code_item(Code("FX1", "99X", "FX1"))]
    performed.PerformedProcedureStepStartDateTime = "20260102080000+0000"
    performed.PerformedProcedureStepEndDateTime = "20260102081500+0000"
    progress = Dataset()
    progress.ReasonForCancellation = "machine down"
    progress.ProcedureStepDiscontinuationReasonCodeSequence = [
        code_item(codes.discontinuation_reason("110501"))
    ]
    dataset = Dataset()
    dataset.UnifiedProcedureStepPerformedProcedureSequence = [performed]
    dataset.ProcedureStepProgressInformationSequence = [progress]
    ups = Ups(dataset)
    assert ups.performed.machine == "FX1"
    assert ups.performed.end == datetime(2026, 1, 2, 8, 15, tzinfo=UTC)
    assert ups.cancellation.code == Code("110501", "DCM", "Equipment failure")
    assert ups.cancellation.reason == "machine down"


@pytest.mark.parametrize("value", ["FOO", "DISCONTINUED", ""])
def test_unknown_state_is_none(value: str) -> None:
    dataset = Dataset()
    dataset.ProcedureStepState = value
    assert Ups(dataset).state is None


@pytest.mark.parametrize(
    ("keyword", "vr", "content", "name"),
    [
        ("InputInformationSequence", "SQ", b"\xff" * 4, "inputs"),
        ("ScheduledProcedureStepStartDateTime", "DT", b"yesterday ", "start"),
        ("ProcedureStepProgress", "DS", b"half", "progress"),
    ],
)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_unreadable_values_do_not_raise(keyword: str, vr: str, content: bytes, name: str) -> None:
    holder = dataset = Dataset()
    if name == "progress":
        holder = Dataset()
        dataset.ProcedureStepProgressInformationSequence = [holder]
    tag = Tag(keyword)
    holder[tag] = RawDataElement(tag, vr, len(content), content, 0, True, True)
    assert getattr(Ups(dataset), name) in ((), None, Progress())


def test_final_states() -> None:
    final = {state for state in ProcedureStepState if state.is_final}
    assert final == {ProcedureStepState.COMPLETED, ProcedureStepState.CANCELED}
