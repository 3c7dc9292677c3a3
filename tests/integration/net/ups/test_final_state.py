"""What a step needs before it is COMPLETED or CANCELED (PS3.4 CC.2.5.1.1, Table CC.2.5-3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.net.ups.messages import dataset, final_update, reason
from tests.integration.net.ups.wire import CLAIM

if TYPE_CHECKING:
    from tests.integration.net.ups.wire import Tms

NEEDED = (
    "PerformedStationNameCodeSequence",
    "PerformedProcedureStepStartDateTime",
    "PerformedWorkitemCodeSequence",
    "PerformedProcedureStepEndDateTime",
)


@pytest.mark.parametrize("keyword", NEEDED)
def test_completed_needs_the_performed_procedure(tms: Tms, keyword: str) -> None:
    uid = tms.bring_to("IN PROGRESS")
    tms.set(uid, final_update(**{keyword: None}), CLAIM)
    answer = tms.change(uid, "COMPLETED")
    assert (answer.status, answer.comment.split()[0]) == (0xC304, keyword)
    assert tms.state(uid) == "IN PROGRESS"
    assert tms.set(uid, final_update(), CLAIM).status == 0
    assert tms.change(uid, "COMPLETED").status == 0


def test_output_must_be_present_in_the_update_already(tms: Tms) -> None:
    """It is of type 2 in N-SET."""
    uid = tms.bring_to("IN PROGRESS")
    answer = tms.set(uid, final_update(OutputInformationSequence=None), CLAIM)
    assert (answer.status, answer.comment.split()[0]) == (0x0120, "OutputInformationSequence")
    assert tms.change(uid, "COMPLETED").status == 0xC304


def test_completed_needs_a_performed_procedure_at_all(tms: Tms) -> None:
    uid = tms.bring_to("IN PROGRESS")
    assert tms.change(uid, "COMPLETED").status == 0xC304


def test_output_may_be_empty_but_for_the_profile(tms: Tms, strict: Tms) -> None:
    """The standard takes no output; TDW-II wants the record of what was delivered (RO-64)."""
    for service, status in ((tms, 0x0000), (strict, 0xC304)):
        uid = service.bring_to("IN PROGRESS")
        service.set(uid, final_update(OutputInformationSequence=[]), CLAIM)
        assert service.change(uid, "COMPLETED").status == status


def test_canceled_without_a_reason_gets_the_unspecified_one(tms: Tms, strict: Tms) -> None:
    """Code X against the note of CC.2.5.1.3.2: the strict service answers C304."""
    uid = tms.bring_to("IN PROGRESS")
    assert tms.change(uid, "CANCELED").status == 0
    (item,) = tms.read(uid).ProcedureStepProgressInformationSequence
    assert item.ProcedureStepDiscontinuationReasonCodeSequence[0].CodeValue == "110513"
    uid = strict.bring_to("IN PROGRESS")
    assert strict.change(uid, "CANCELED").status == 0xC304
    assert strict.set(uid, reason(), CLAIM).status == 0
    assert strict.change(uid, "CANCELED").status == 0


def test_the_scp_fills_the_cancellation_date_time(tms: Tms) -> None:
    uid = tms.bring_to("IN PROGRESS")
    tms.set(uid, reason(), CLAIM)
    tms.change(uid, "CANCELED")
    (item,) = tms.read(uid).ProcedureStepProgressInformationSequence
    assert item.ProcedureStepCancellationDateTime
    assert item.ProcedureStepDiscontinuationReasonCodeSequence[0].CodeValue == "110501"


def test_a_cancellation_date_time_is_kept(tms: Tms) -> None:
    uid = tms.bring_to("IN PROGRESS")
    changes = reason()
    (item,) = changes.ProcedureStepProgressInformationSequence
    item.ProcedureStepCancellationDateTime = "20261121080500"
    tms.set(uid, changes, CLAIM)
    tms.change(uid, "CANCELED")
    (item,) = tms.read(uid).ProcedureStepProgressInformationSequence
    assert item.ProcedureStepCancellationDateTime == "20261121080500"


def test_canceled_needs_no_performed_procedure(tms: Tms) -> None:
    uid = tms.bring_to("IN PROGRESS")
    assert tms.change(uid, "CANCELED").status == 0
    assert list(tms.read(uid).UnifiedProcedureStepPerformedProcedureSequence) == []


@pytest.mark.parametrize("state", ["COMPLETED", "CANCELED"])
def test_what_both_need_cannot_be_taken_away(tms: Tms, state: str) -> None:
    """The attributes of code R are of type 1 on creation, or the SCP's own."""
    uid = tms.bring_to("IN PROGRESS")
    for keyword in (
        "ScheduledProcedureStepPriority",
        "ScheduledProcedureStepStartDateTime",
        "InputReadinessState",
    ):
        assert tms.set(uid, dataset(**{keyword: ""}), CLAIM).status == 0x0121
    assert tms.set(uid, final_update(), CLAIM).status == 0
    assert tms.change(uid, state).status == 0
    step = tms.read(uid)
    assert step.ScheduledProcedureStepModificationDateTime
    assert step.SpecificCharacterSet == "ISO_IR 192"
