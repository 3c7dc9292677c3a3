"""A whole fraction between separate actors over loopback, RO-58 to RO-65."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from pydicom.dataset import Dataset

from tdwii_gui.actors.actor import Surroundings
from tdwii_gui.actors.events import (
    EventReported,
    ExchangeMade,
    InputsRetrieved,
    StepChanged,
    TaskFailed,
)
from tdwii_gui.actors.rtbdi_creator import FractionRequest
from tdwii_gui.actors.session_work import SessionOptions
from tdwii_gui.actors.suite import Suite
from tdwii_gui.actors.tdd import Tdd
from tdwii_gui.actors.whole_session import treat
from tdwii_gui.config.ae_directory import ApplicationEntity
from tdwii_gui.config.resources import resource_path
from tdwii_gui.config.settings import PpvsSettings, Settings, TddSettings
from tdwii_gui.dicom.errors import DatasetError, DimseStatusError, InputsMissing, Refused
from tdwii_gui.dicom.iod.plan import Plan, read_plan
from tdwii_gui.dicom.iod.ups import ProcedureStepState, Ups
from tdwii_gui.dicom.iod.ups_query import WorklistKeys, worklist_query
from tdwii_gui.dicom.status import Status
from tdwii_gui.dicom.ups.change import ChangeKind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PLANS = ("photon_plan.dcm", "electron_plan.dcm", "ion_plan.dcm")
SECONDS = 20


@pytest.fixture
def suite(tmp_path: Path, recorder) -> Iterator[Suite]:
    settings = Settings(ppvs=PpvsSettings(auto_download=True))
    with Suite(settings, tmp_path, recorder) as suite:
        yield suite


def demo_plan(name: str = "photon_plan.dcm") -> Plan:
    return read_plan(resource_path("demo_patient", name))


def schedule(suite: Suite, plan: Plan, fraction: int = 1) -> Ups:
    request = FractionRequest(fraction, datetime.now().astimezone())
    built = suite.creator.build(plan, request)
    (uid,) = suite.creator.schedule(plan, [built]).result(SECONDS)
    assert uid == built.sop_instance_uid
    (step,) = scheduled(suite)
    return step


def scheduled(suite: Suite) -> list[Ups]:
    query = worklist_query(WorklistKeys(state=ProcedureStepState.SCHEDULED))
    return suite.tdd.query_worklist(query).result(SECONDS)


def state_of(suite: Suite, step: Ups) -> ProcedureStepState | None:
    return Ups(suite.tms.service.get(step.sop_instance_uid)).state


@pytest.mark.parametrize("name", PLANS)
def test_a_whole_fraction_ends_completed_with_its_record_in_the_ost(
    suite: Suite, recorder, name: str
) -> None:
    suite.ppvs.subscribe().result(SECONDS)
    step = schedule(suite, demo_plan(name))
    (record,) = treat(suite.tdd, step, SessionOptions())

    final = Ups(suite.tms.service.get(step.sop_instance_uid))
    assert final.state is ProcedureStepState.COMPLETED
    assert final.progress.percent == 100
    assert [o.sop_instance_uid for o in final.performed.outputs] == [record.SOPInstanceUID]
    assert {o.retrieve_ae_title for o in final.performed.outputs} == {"OST"}
    assert suite.ost.instances.read(record.SOPInstanceUID).SOPClassUID == record.SOPClassUID

    requests = [e for e in recorder.of(ExchangeMade) if e.exchange.role == "scu"]
    assert {e.exchange.status for e in requests} == {Status.SUCCESS}
    transactions = [e.transaction for e in requests if e.transaction]
    assert list(dict.fromkeys(transactions)) == [f"RO-{number}" for number in range(58, 66)]
    assert not recorder.of(TaskFailed)


def test_the_ppvs_is_notified_and_has_the_inputs_before_the_beam(suite: Suite, recorder) -> None:
    suite.ppvs.subscribe().result(SECONDS)
    step = schedule(suite, demo_plan())
    retrieved = recorder.wait_for(InputsRetrieved, lambda e: e.ae_title == "PPVS_SCP")
    assert retrieved.sop_instance_uid == step.sop_instance_uid
    assert not retrieved.result.missing
    wanted = {reference.sop_instance_uid for reference in step.inputs}
    assert suite.ppvs.instances.present(wanted) == wanted

    treat(suite.tdd, step, SessionOptions())
    recorder.wait_for(
        EventReported,
        lambda e: Ups(e.report.information).state is ProcedureStepState.COMPLETED,
    )
    reports = [e.report for e in recorder.of(EventReported)]
    assert {report.sop_instance_uid for report in reports} == {step.sop_instance_uid}
    assert {report.event_type for report in reports} == {1, 3, 5}
    states = [Ups(r.information).state for r in reports if r.event_type == 1]
    assert states == [
        ProcedureStepState.SCHEDULED,
        ProcedureStepState.IN_PROGRESS,
        ProcedureStepState.COMPLETED,
    ]


def test_the_machine_of_the_ppvs_decides_what_it_downloads(tmp_path: Path, recorder) -> None:
    settings = Settings(ppvs=PpvsSettings(auto_download=True, machine="ANOTHER"))
    with Suite(settings, tmp_path, recorder) as suite:
        suite.ppvs.subscribe().result(SECONDS)
        step = schedule(suite, demo_plan())
        recorder.wait_for(EventReported)
        # The fetch is queued before this one, and the worker keeps order.
        assert suite.ppvs.fetch_step(step.sop_instance_uid).result(SECONDS).machine
        assert not recorder.of(InputsRetrieved)
        assert not suite.ppvs.instances.present(r.sop_instance_uid for r in step.inputs)


def test_a_second_device_does_not_get_a_claimed_step(suite: Suite, tmp_path: Path) -> None:
    step = schedule(suite, demo_plan())
    claim = suite.tdd.start_procedure(step.sop_instance_uid).result(SECONDS)
    other = Tdd(TddSettings(ae_title="TDD2"), Surroundings(suite.tdd.directory, tmp_path / "2"))
    try:
        with pytest.raises(DimseStatusError) as caught:
            other.start_procedure(step.sop_instance_uid).result(SECONDS)
        assert caught.value.status == Status.UPS_TRANSACTION_UID_WRONG
        assert other.claims.get(step.sop_instance_uid) is None
    finally:
        other.stop()
    assert suite.tdd.claims.get(step.sop_instance_uid) == claim
    assert suite.tdd.update_progress(step.sop_instance_uid, 10, 1).result(SECONDS) == 0


def test_a_claim_whose_answer_was_lost_is_repeated_and_still_ours(suite: Suite) -> None:
    step = schedule(suite, demo_plan())
    claim = suite.tdd.start_procedure(step.sop_instance_uid).result(SECONDS)
    assert suite.tdd.start_procedure(step.sop_instance_uid).result(SECONDS) == claim
    assert suite.tdd.update_progress(step.sop_instance_uid, 10, 1).result(SECONDS) == 0


def test_missing_static_inputs_leave_the_step_scheduled(suite: Suite) -> None:
    plan = demo_plan()
    built = suite.creator.build(plan, FractionRequest(1, datetime.now().astimezone()))
    suite.creator.store_rtbdi(built.rtbdi).result(SECONDS)
    suite.creator.create_step(built).result(SECONDS)
    (step,) = scheduled(suite)
    with pytest.raises(InputsMissing, match=r"is missing: OST has no such instance"):
        treat(suite.tdd, step, SessionOptions())
    assert state_of(suite, step) is ProcedureStepState.SCHEDULED


def test_missing_dynamic_inputs_cancel_the_claimed_step_with_the_reason(suite: Suite) -> None:
    plan = demo_plan()
    suite.tms.rtbdis.enabled = False
    built = suite.creator.build(plan, FractionRequest(1, datetime.now().astimezone()))
    suite.creator.store_static([plan.dataset]).result(SECONDS)
    suite.creator.create_step(built).result(SECONDS)
    (step,) = scheduled(suite)
    with pytest.raises(InputsMissing, match="is missing: TMS has no such instance"):
        treat(suite.tdd, step, SessionOptions())
    final = Ups(suite.tms.service.get(step.sop_instance_uid))
    assert final.state is ProcedureStepState.CANCELED
    assert final.cancellation.code
    assert final.cancellation.code.value == "110523"
    assert suite.tdd.claims.get(step.sop_instance_uid) is None


def test_an_instruction_for_another_plan_is_found_before_beam_on(suite: Suite) -> None:
    plan, other = demo_plan(), demo_plan("electron_plan.dcm")
    built = suite.creator.build(plan, FractionRequest(1, datetime.now().astimezone()))
    foreign = suite.creator.build(other, FractionRequest(1, datetime.now().astimezone())).rtbdi
    foreign.SOPInstanceUID = built.rtbdi.SOPInstanceUID
    foreign.SeriesInstanceUID = built.rtbdi.SeriesInstanceUID
    suite.creator.schedule(plan, [replace(built, rtbdi=foreign)]).result(SECONDS)
    (step,) = scheduled(suite)
    with pytest.raises(DatasetError, match="Plan of step and instruction differ"):
        treat(suite.tdd, step, SessionOptions())
    assert state_of(suite, step) is ProcedureStepState.CANCELED


def test_a_refused_record_leaves_the_step_in_progress_with_its_claim(suite: Suite) -> None:
    step = schedule(suite, demo_plan())
    suite.tdd.retrieve_static_inputs(step).result(SECONDS)
    suite.ost.stop()
    with pytest.raises(Refused):
        treat(suite.tdd, step, SessionOptions())
    assert state_of(suite, step) is ProcedureStepState.IN_PROGRESS
    assert suite.tdd.claims.get(step.sop_instance_uid)


def test_a_dead_tms_is_found_before_anything_is_stored(suite: Suite) -> None:
    plan = demo_plan()
    built = suite.creator.build(plan, FractionRequest(1, datetime.now().astimezone()))
    suite.tms.stop()
    with pytest.raises(Refused, match="TMS"):
        suite.creator.schedule(plan, [built]).result(SECONDS)
    assert not suite.ost.instances.present([plan.sop_instance_uid])


def test_events_to_a_dead_subscriber_delay_no_answer_and_arrive_later(
    suite: Suite, recorder
) -> None:
    suite.ppvs.subscribe().result(SECONDS)
    port = suite.ppvs.port
    suite.ppvs.directory.register(ApplicationEntity("PPVS_SCP", "127.0.0.1", 1))
    step = schedule(suite, demo_plan())
    assert state_of(suite, step) is ProcedureStepState.SCHEDULED
    assert not recorder.of(EventReported)
    suite.ppvs.directory.register(ApplicationEntity("PPVS_SCP", "127.0.0.1", port))
    recorder.wait_for(EventReported, lambda e: e.report.event_type == 1)


def test_every_change_of_the_worklist_is_told(suite: Suite, recorder) -> None:
    step = schedule(suite, demo_plan())
    treat(suite.tdd, step, SessionOptions())
    told = [e.change for e in recorder.of(StepChanged)]
    changes = [change for change in told if change.kind is not ChangeKind.ANNOUNCED]
    assert {change.sop_instance_uid for change in changes} == {step.sop_instance_uid}
    assert next(c.state for c in changes) is ProcedureStepState.SCHEDULED
    assert [c.state for c in changes][-1] is ProcedureStepState.COMPLETED
    assert all(isinstance(c.dataset, Dataset) for c in changes)
    assert all("TransactionUID" not in c.dataset for c in changes)
