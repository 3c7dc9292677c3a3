"""A TMS by its messages: what was under way at once, what is not known, and what is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tdwii_gui.dicom.uids import UPS_EVENT, UPS_GLOBAL_SUBSCRIPTION
from tests.unit.judging.wire import (
    MET,
    NOT_MET,
    NOT_SEEN,
    OTHERS,
    OWN,
    STEP,
    Wire,
    dataset,
)

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

C301 = 0xC301


@pytest.fixture
def wire() -> Wire:
    """Return the messages of a TMS that has told of a SCHEDULED step."""
    wire = Wire()
    wire.query()
    return wire


def claim(uid: str) -> Dataset:
    return dataset(ProcedureStepState="IN PROGRESS", TransactionUID=uid)


def test_two_claims_at_once_may_be_answered_in_any_order(wire: Wire) -> None:
    """The one that was refused is answered first, when the step seems to be SCHEDULED."""
    first = wire.send("TDD", "TMS", "N-ACTION", STEP, claim(OWN), ActionTypeID=1)
    second = wire.send("TDD2", "TMS", "N-ACTION", STEP, claim(OTHERS), ActionTypeID=1)
    wire.answer(second, C301)
    wire.answer(first, 0)
    assert wire.outcome("tms-grants-claim", "TMS") is NOT_SEEN
    assert wire.outcome("tms-refuses-other-claim", "TMS") is NOT_SEEN
    wire.progress(10)
    assert wire.outcome("tms-updates", "TMS") is MET


def test_two_claims_at_once_are_not_both_granted(wire: Wire) -> None:
    first = wire.send("TDD", "TMS", "N-ACTION", STEP, claim(OWN), ActionTypeID=1)
    second = wire.send("TDD2", "TMS", "N-ACTION", STEP, claim(OTHERS), ActionTypeID=1)
    wire.answer(second, 0)
    wire.answer(first, 0)
    assert wire.outcome("tms-one-performer", "TMS") is NOT_MET


def test_whose_a_step_is_that_was_claimed_before_is_not_known() -> None:
    wire = Wire()
    wire.query(ProcedureStepState="IN PROGRESS")
    wire.progress(10, status=C301)
    wire.change("COMPLETED", status=0)
    found = wire.verdicts("tms", "TMS")
    assert not [key for key, one in found.items() if one.outcome is NOT_MET]
    wire.progress(20, uid="", status=0)
    assert wire.outcome("tms-refuses-late-update", "TMS") is NOT_MET


def test_after_a_lost_answer_the_state_is_not_known(wire: Wire) -> None:
    wire.change("IN PROGRESS", status=None)
    wire.change("IN PROGRESS", status=0xC302)
    assert wire.outcome("tms-refuses-second-claim", "TMS") is NOT_SEEN
    assert wire.outcome("tms-grants-claim", "TMS") is NOT_SEEN


def test_what_an_operator_changes_is_believed(wire: Wire) -> None:
    wire.query(ProcedureStepState="CANCELED")
    wire.change("IN PROGRESS", status=0xC300)
    assert wire.outcome("tms-refuses-late-change", "TMS") is NOT_SEEN
    wire.change("IN PROGRESS", uid="", status=0)
    assert wire.outcome("tms-refuses-other-claim", "TMS") is NOT_MET


def test_a_step_that_a_cold_start_has_lost_is_unknown_by_right(wire: Wire) -> None:
    lost = dataset(
        SCPStatus="RESTARTED",
        SubscriptionListStatus="COLD START",
        UnifiedProcedureStepListStatus="COLD START",
    )
    wire.subscribe("PPVS", UPS_GLOBAL_SUBSCRIPTION)
    wire.ask(
        "TMS", "PPVS", "N-EVENT-REPORT", UPS_GLOBAL_SUBSCRIPTION, lost,
        context=UPS_EVENT, EventTypeID=4,
    )  # fmt: skip
    wire.ask("TDD", "TMS", "N-GET", STEP, status=0xC307)
    assert wire.outcome("tms-unknown-step", "TMS") is MET
    wire.query()
    wire.change("IN PROGRESS")
    assert wire.outcome("tms-reports-states", "TMS") is NOT_SEEN


def test_a_step_may_not_be_forgotten(wire: Wire) -> None:
    wire.ask("TDD", "TMS", "N-GET", STEP, status=0xC307)
    assert wire.outcome("tms-unknown-step", "TMS") is NOT_MET


@pytest.mark.parametrize("is_recorded", [False, True])
def test_reports_to_an_unrecorded_receiver_are_not_missed(wire: Wire, is_recorded: bool) -> None:
    wire.subscribe("PPVS", STEP)
    wire.change("IN PROGRESS")
    recorded = ("PPVS",) if is_recorded else ()
    expected = NOT_MET if is_recorded else NOT_SEEN
    assert wire.outcome("tms-reports-states", "TMS", *recorded) is expected
    wire.report("PPVS", "IN PROGRESS")
    assert wire.outcome("tms-reports-states", "TMS", *recorded) is MET


def test_one_report_is_not_the_proof_of_two_changes(wire: Wire) -> None:
    wire.subscribe("PPVS", STEP)
    wire.report("PPVS", "SCHEDULED")
    assert wire.outcome("tms-reports-initial", "TMS") is MET
    wire.subscribe("PPVS", STEP)
    assert wire.outcome("tms-reports-initial", "TMS") is NOT_MET


def test_an_update_that_tells_nothing_new_needs_no_report(wire: Wire) -> None:
    wire.subscribe("PPVS", STEP)
    wire.change("IN PROGRESS")
    wire.report("PPVS", "IN PROGRESS")
    wire.progress(0)
    assert wire.outcome("tms-reports-progress", "TMS") is NOT_MET
    before = wire.verdicts("tms", "TMS")["tms-reports-progress"].messages
    wire.progress(0, beam=2)
    assert wire.verdicts("tms", "TMS")["tms-reports-progress"].messages == before
