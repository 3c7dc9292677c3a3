"""N-CREATE on the wire (PS3.4 CC.2.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydicom.dataset import Dataset

from tdwii_gui.dicom.uids import UPS_PULL, UPS_PUSH, is_valid_uid, new_uid
from tests.integration.net.ups.messages import attribute_list, code, dataset, performed

if TYPE_CHECKING:
    from tests.integration.net.ups.wire import Tms

PERFORMED = "UnifiedProcedureStepPerformedProcedureSequence"
PROGRESS = "ProcedureStepProgressInformationSequence"


def test_a_step_is_kept_as_sent(tms: Tms) -> None:
    """Never B300: what was sent is stored; what the SCP fills is of type -/1 and 2/1."""
    uid = new_uid()
    sent = attribute_list(PatientComments="extra")
    answer = tms.create(sent, uid)
    assert answer.status == 0
    assert answer.dataset is not None
    assert answer.dataset.dir() == ["ScheduledProcedureStepModificationDateTime"]
    stored = tms.read(uid)
    assert stored.ScheduledProcedureStepModificationDateTime
    del stored.ScheduledProcedureStepModificationDateTime
    del sent.TransactionUID
    assert stored == sent


def test_the_scp_fills_what_the_creator_leaves_to_it(tms: Tms) -> None:
    uid = new_uid()
    answer = tms.create(attribute_list(WorklistLabel=""), uid)
    assert answer.dataset is not None
    assert answer.dataset.WorklistLabel == "Treatment Delivery"
    assert tms.read(uid).WorklistLabel == "Treatment Delivery"
    ((found,), _, _) = tms.find(SOPInstanceUID=uid, SOPClassUID="")
    assert found.SOPClassUID == UPS_PUSH


def test_without_a_uid_the_scp_assigns_one(tms: Tms) -> None:
    """PS3.7 10.1.5.1.4."""
    before = set(uids(tms))
    assert tms.create(attribute_list()).status == 0
    (uid,) = set(uids(tms)) - before
    assert is_valid_uid(uid)


def uids(tms: Tms) -> list[str]:
    found, _, _ = tms.find(SOPInstanceUID="")
    return [str(each.SOPInstanceUID) for each in found]


@pytest.mark.parametrize("state", ["IN PROGRESS", "COMPLETED", "CANCELED"])
def test_a_state_other_than_scheduled_is_c309(tms: Tms, state: str) -> None:
    refuse(tms, {"ProcedureStepState": state}, 0xC309, "ProcedureStepState")


@pytest.mark.parametrize(
    ("changes", "status", "named"),
    [
        ({"TransactionUID": None}, 0x0120, "TransactionUID"),
        ({"TransactionUID": "1.2.3"}, 0x0106, "TransactionUID"),
        ({PROGRESS: None}, 0x0120, PROGRESS),
        ({PERFORMED: None}, 0x0120, PERFORMED),
        ({PROGRESS: [dataset(ProcedureStepProgress="1")]}, 0x0105, "ProcedureStepProgress"),
        ({PERFORMED: [performed()]}, 0x0105, "PerformedStationNameCodeSequence"),
    ],
)
def test_what_must_be_there_and_empty(
    tms: Tms, changes: dict[str, object], status: int, named: str
) -> None:
    refuse(tms, changes, status, named)


TYPE_1 = (
    "ScheduledProcedureStepPriority",
    "ProcedureStepLabel",
    "ScheduledProcedureStepStartDateTime",
    "InputReadinessState",
    "ProcedureStepState",
)


@pytest.mark.parametrize("keyword", TYPE_1)
@pytest.mark.parametrize(("value", "status"), [(None, 0x0120), ("", 0x0121)])
def test_type_1(tms: Tms, keyword: str, value: str | None, status: int) -> None:
    refuse(tms, {keyword: value}, status, keyword)


@pytest.mark.parametrize(
    "keyword", ["WorklistLabel", "PatientName", "InputInformationSequence", "AdmissionID"]
)
def test_type_2_may_be_empty_but_not_missing(tms: Tms, keyword: str) -> None:
    refuse(tms, {keyword: None}, 0x0120, keyword)
    assert tms.new(**{keyword: [] if keyword.endswith("Sequence") else ""})


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("ScheduledProcedureStepPriority", "URGENT"),
        ("InputReadinessState", "SOON"),
        ("ScheduledProcedureStepStartDateTime", "tomorrow"),
    ],
)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_an_illegal_value_is_0106(tms: Tms, keyword: str, value: str) -> None:
    refuse(tms, {keyword: value}, 0x0106, keyword)


@pytest.mark.parametrize(
    ("priority", "readiness"), [("HIGH", "INCOMPLETE"), ("MEDIUM", "UNAVAILABLE"), ("LOW", "READY")]
)
def test_the_enumerated_values(tms: Tms, priority: str, readiness: str) -> None:
    uid = tms.new(ScheduledProcedureStepPriority=priority, InputReadinessState=readiness)
    step = tms.read(uid)
    assert (step.ScheduledProcedureStepPriority, step.InputReadinessState) == (priority, readiness)


def test_the_items_of_a_sequence_are_checked(tms: Tms) -> None:
    wrong = code("TR1")
    del wrong.CodeMeaning
    refuse(tms, {"ScheduledStationNameCodeSequence": [wrong]}, 0x0120, "CodeMeaning")
    reference = Dataset()
    reference.TypeOfInstances = "PAPER"
    refuse(tms, {"InputInformationSequence": [reference]}, 0x0106, "TypeOfInstances")


@pytest.mark.parametrize("keyword", ["SOPClassUID", "SOPInstanceUID", "MediaStorageSOPClassUID"])
def test_elements_of_the_command_are_0105(tms: Tms, keyword: str) -> None:
    """PS3.4 5.4.2.3."""
    refuse(tms, {keyword: "1.2.3"}, 0x0105, keyword)


def test_a_uid_that_is_none_is_0117(tms: Tms) -> None:
    assert tms.create(attribute_list(), "1.02.3").status == 0x0117


def test_another_sop_class_is_0118(tms: Tms) -> None:
    assert tms.create(attribute_list(), new_uid(), sop_class=UPS_PULL).status == 0x0118


def test_lenient_takes_what_the_fields_samples_send(lenient: Tms) -> None:
    uid = new_uid()
    attributes = attribute_list(SOPClassUID=UPS_PUSH, SOPInstanceUID=uid)
    attributes.add_new(0x00000003, "UI", UPS_PUSH)
    attributes.add_new(0x00020002, "UI", UPS_PUSH)
    assert lenient.create(attributes, uid, sop_class=UPS_PULL).status == 0
    assert {element.tag.group for element in lenient.read(uid)}.isdisjoint({0x0000, 0x0002})
    assert lenient.state(uid) == "SCHEDULED"


def test_strict_demands_what_the_field_leaves_out(strict: Tms, tms: Tms) -> None:
    change = {"IssuerOfPatientIDQualifiersSequence": None}
    refuse(strict, change, 0x0120, "IssuerOfPatientIDQualifiersSequence")
    assert list(tms.read(tms.new(**change)).IssuerOfPatientIDQualifiersSequence) == []


@pytest.mark.parametrize(
    ("changes", "status", "named"),
    [
        ({"StudyInstanceUID": None}, 0x0120, "StudyInstanceUID"),
        ({"InputInformationSequence": []}, 0x0121, "InputInformationSequence"),
        ({"ScheduledWorkitemCodeSequence": [code("X")]}, 0x0106, "ScheduledWorkitemCodeSequence"),
    ],
)
def test_strict_demands_the_profile(
    strict: Tms, tms: Tms, changes: dict[str, object], status: int, named: str
) -> None:
    """TDW-II, content of creation; otherwise a warning in the log."""
    uid = new_uid()
    answer = strict.create(attribute_list(**changes), uid)
    assert answer.status == status
    assert answer.comment.startswith(f"TDW-II: {named}")
    assert strict.get(uid).status == 0xC307
    assert tms.new(**changes)


def refuse(tms: Tms, changes: dict[str, object], status: int, named: str) -> None:
    """Send a wrong attribute list: the status, a comment that names the attribute, no step."""
    uid = new_uid()
    answer = tms.create(attribute_list(**changes), uid)
    assert (answer.status, answer.comment.split()[0]) == (status, named)
    assert len(answer.comment) <= 64
    assert tms.get(uid).status == 0xC307


def test_progress_of_a_new_step_is_unknown(tms: Tms) -> None:
    step = tms.read(tms.new())
    assert list(step[PROGRESS].value) == []
    assert list(step[PERFORMED].value) == []
    assert "TransactionUID" not in step
