"""N-GET on the wire (PS3.4 CC.2.7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydicom.tag import Tag

from tdwii_gui.dicom.uids import UPS_PULL, UPS_PUSH, UPS_WATCH
from tests.integration.net.ups.wire import CLAIM, STATES

if TYPE_CHECKING:
    from tests.integration.net.ups.wire import Tms


def keywords(tms: Tms, uid: str, *wanted: str) -> tuple[int, list[str]]:
    answer = tms.get(uid, *(Tag(each) for each in wanted))
    assert answer.dataset is not None
    return answer.status, answer.dataset.dir()


@pytest.mark.parametrize("context", [UPS_PUSH, UPS_PULL, UPS_WATCH])
def test_without_a_list_all_attributes_are_returned(tms: Tms, context: str) -> None:
    uid = tms.new()
    answer = tms.get(uid, context=context)
    assert answer.status == 0
    assert answer.dataset is not None
    assert answer.dataset.PatientName == "Müller^Jörg"
    assert answer.command.AffectedSOPInstanceUID == uid


def test_a_list_names_top_level_attributes(tms: Tms) -> None:
    uid = tms.new()
    wanted = ("PatientName", "ScheduledStationNameCodeSequence")
    status, found = keywords(tms, uid, *wanted)
    assert status == 0
    assert sorted(found) == sorted([*wanted, "SpecificCharacterSet"])


@pytest.mark.parametrize("state", STATES)
def test_the_transaction_uid_is_never_returned(tms: Tms, state: str) -> None:
    uid = tms.bring_to(state)
    assert "TransactionUID" not in tms.read(uid)
    status, found = keywords(tms, uid, "TransactionUID", "PatientID")
    assert (status, sorted(found)) == (0x0001, ["PatientID", "SpecificCharacterSet"])
    assert CLAIM not in str(tms.read(uid))


def test_the_sop_uids_are_in_the_command(tms: Tms) -> None:
    uid = tms.new()
    assert not {"SOPClassUID", "SOPInstanceUID"} & set(tms.read(uid).dir())
    answer = tms.get(uid, Tag("SOPInstanceUID"), Tag("PatientID"))
    assert answer.status == 0
    assert answer.command.AffectedSOPClassUID == UPS_PUSH
    assert answer.command.AffectedSOPInstanceUID == uid


def test_an_attribute_without_value_by_its_type(tms: Tms) -> None:
    """Type 2 comes back empty, type 1 only with a value (PS3.4 5.4.2.2)."""
    uid = tms.new()
    answer = tms.get(uid, Tag("MedicalAlerts"), Tag("ExpectedCompletionDateTime"))
    assert answer.status == 0
    assert answer.dataset is not None
    assert answer.dataset["MedicalAlerts"].is_empty
    assert "ExpectedCompletionDateTime" not in answer.dataset


@pytest.mark.parametrize("keyword", ["RTPlanLabel", "CodeValue", "HumanPerformerCodeSequence"])
def test_what_no_step_has_on_top_is_0001(tms: Tms, keyword: str) -> None:
    uid = tms.new()
    status, found = keywords(tms, uid, keyword, "PatientID")
    assert (status, sorted(found)) == (0x0001, ["PatientID", "SpecificCharacterSet"])


def test_an_unknown_step_is_c307(tms: Tms) -> None:
    assert tms.get("1.2.3.4").status == 0xC307


def test_a_final_step_is_still_there(tms: Tms) -> None:
    assert tms.state(tms.bring_to("COMPLETED")) == "COMPLETED"
