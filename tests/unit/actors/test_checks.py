from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tdwii_gui.actors.checks import (
    BY_SCRIPT,
    Check,
    CheckName,
    check_delivered,
    check_identity,
    check_instruction,
    check_plan,
    check_retrieval,
    require_agreement,
    with_settings,
)
from tdwii_gui.actors.inputs import MissingInput, RetrievalResult
from tdwii_gui.config.actor_settings import CHECKS, TddSettings
from tdwii_gui.config.resources import resource_path
from tdwii_gui.dicom.errors import DatasetError
from tdwii_gui.dicom.iod.plan import Plan, read_plan
from tdwii_gui.dicom.iod.rtbdi import (
    BeamTask,
    RtBeamsDeliveryInstruction,
    TreatmentDeliveryType,
    build_rtbdi,
)
from tdwii_gui.dicom.iod.ups import Ups
from tdwii_gui.dicom.iod.ups_create import StepRequest, build_ups

CONTINUATION = TreatmentDeliveryType.CONTINUATION


@pytest.fixture
def plan() -> Plan:
    return read_plan(resource_path("demo_patient", "photon_plan.dcm"))


def step_of(plan: Plan) -> Ups:
    request = StepRequest(
        fraction_number=1,
        group=plan.fraction_group(),
        start=datetime.now(UTC),
        static_ae="OST",
        dynamic_ae="TMS",
    )
    return Ups(build_ups(plan, build_rtbdi(plan, plan.fraction_group(), 1), request))


def instruction_of(plan: Plan) -> RtBeamsDeliveryInstruction:
    return RtBeamsDeliveryInstruction.from_dataset(build_rtbdi(plan, plan.fraction_group(), 1))


def failed(checks: list[Check]) -> list[CheckName]:
    return [check.name for check in checks if not check.passed]


def test_step_plan_and_instruction_that_belong_together_agree(plan: Plan) -> None:
    step = step_of(plan)
    checks = [*check_plan(step, plan, step.machine)]
    checks += check_instruction(step, plan, instruction_of(plan), step.machine)
    assert failed(checks) == []
    require_agreement(checks)


def test_what_differs_is_found_by_name(plan: Plan) -> None:
    step, instruction = step_of(plan), instruction_of(plan)
    plan.dataset.ApprovalStatus = "UNAPPROVED"
    assert failed([*check_plan(step, plan, "OTHER")]) == [CheckName.APPROVAL, CheckName.MACHINE]
    unknown = replace(instruction.tasks[0], beam_number=99)
    wrong = replace(instruction, plan_sop_instance_uid="1.2", fraction_number=2, tasks=(unknown,))
    checks = [*check_instruction(step, plan, wrong)]
    assert failed(checks) == [CheckName.PLAN, CheckName.FRACTION, CheckName.BEAMS]
    assert "99 is no beam" in checks[-1].text


@pytest.mark.parametrize(
    ("start", "end", "passed"),
    [(0.0, 10.0, True), (5.0, 1000.0, False), (10.0, 5.0, False), (-1.0, 5.0, False)],
)
def test_a_continuation_must_be_within_its_beam(
    plan: Plan, start: float, end: float, passed: bool
) -> None:
    step, instruction = step_of(plan), instruction_of(plan)
    task = BeamTask(instruction.tasks[0].beam_number, CONTINUATION, start, end)
    checks = [*check_instruction(step, plan, replace(instruction, tasks=(task,)))]
    (metersets,) = [check for check in checks if check.name is CheckName.METERSETS]
    assert metersets.passed is passed
    # The step says that the whole fraction is to be delivered.
    assert CheckName.BEAMS in failed(checks)


def test_a_machine_of_the_plan_that_is_not_this_one_is_found(plan: Plan) -> None:
    checks = [*check_instruction(step_of(plan), plan, instruction_of(plan), "OTHER")]
    assert failed(checks) == [CheckName.PLAN_MACHINE]


def test_a_beam_must_begin_where_its_fraction_has_come_to() -> None:
    tasks = [BeamTask(1), BeamTask(2, CONTINUATION, 40.0, 100.0)]
    assert check_delivered(tasks, {}, 3).passed
    assert check_delivered(tasks, {2: 40.0, 7: 100.0}, 3).passed
    treated = check_delivered(tasks, {1: 12.5}, 3)
    assert treated.is_obstacle
    assert "beam 1 of fraction 3 has 12.5" in treated.text
    assert check_delivered(tasks, {2: 60.0}, 3).is_obstacle


def test_an_archive_that_cannot_tell_does_not_keep_the_beam_off() -> None:
    check = check_delivered([BeamTask(1)], "OST cannot tell: it is down", 1)
    assert not check.passed
    assert not check.is_obstacle
    assert "it is down" in check.text


def test_missing_inputs_are_told_with_the_first_reason(plan: Plan) -> None:
    reference = step_of(plan).inputs[0]
    assert check_retrieval(RetrievalResult(("1.2",), ())).passed
    check = check_retrieval(RetrievalResult(("1.2",), (MissingInput(reference, "no such"),)))
    assert check.is_obstacle
    assert check.text == "1 of 2 are missing, the first because: no such"


@pytest.mark.parametrize(
    ("identifiers", "passed"),
    [((), False), (("Name",), False), (("Name", "Name"), False), (("Name", "ID"), True)],
)
def test_two_identifiers_are_enough(identifiers: tuple[str, ...], passed: bool) -> None:
    assert check_identity(identifiers).passed is passed
    assert check_identity(BY_SCRIPT).passed


def test_the_settings_know_the_checks_and_say_which_only_warn() -> None:
    assert set(CheckName) == set(CHECKS)
    check = Check("Plan approval", passed=False, text="no", name=CheckName.APPROVAL)
    assert check.is_obstacle
    (warning,) = with_settings([check], TddSettings().warn_only)
    assert not warning.is_obstacle
    require_agreement([warning])
    with pytest.raises(DatasetError, match="Plan approval no"):
        require_agreement(with_settings([check], TddSettings(warn_only_checks="").warn_only))


def test_a_check_that_failed_is_an_error_without_patient_data(plan: Plan) -> None:
    step = step_of(plan)
    step.dataset.PatientID = "SOMEBODY-ELSE"
    with pytest.raises(DatasetError, match="Patient ID of step and plan differ") as caught:
        require_agreement(check_plan(step, plan))
    assert "SOMEBODY" not in str(caught.value)
