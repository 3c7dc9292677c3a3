from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tdwii_gui.actors.checks import Check, check_inputs, require_agreement
from tdwii_gui.config.resources import resource_path
from tdwii_gui.dicom.errors import DatasetError
from tdwii_gui.dicom.iod.plan import Plan, read_plan
from tdwii_gui.dicom.iod.rtbdi import RtBeamsDeliveryInstruction, build_rtbdi
from tdwii_gui.dicom.iod.ups import Ups
from tdwii_gui.dicom.iod.ups_create import StepRequest, build_ups


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


def subjects(checks: list[Check]) -> list[str]:
    return [check.subject for check in checks]


def test_before_the_instruction_is_here_the_plan_is_compared(plan: Plan) -> None:
    checks = check_inputs(step_of(plan), plan)
    assert subjects(checks) == ["Patient ID of step and plan", "Plan of step and file"]
    require_agreement(checks)


def test_with_the_instruction_all_is_compared(plan: Plan) -> None:
    dataset = build_rtbdi(plan, plan.fraction_group(), 1)
    instruction = RtBeamsDeliveryInstruction.from_dataset(dataset)
    checks = check_inputs(step_of(plan), plan, instruction)
    assert "Current Fraction Number" in subjects(checks)
    assert all(check.passed for check in checks)


@pytest.mark.parametrize(("machine", "passed"), [("DEMO-LINAC", True), ("OTHER", False)])
def test_a_device_that_stands_for_a_machine_compares_it(
    plan: Plan, machine: str, passed: bool
) -> None:
    step = step_of(plan)
    wanted = step.machine if passed else machine
    (check,) = [
        c for c in check_inputs(step, plan, machine=wanted) if c.subject == "Treatment machine"
    ]
    assert check.passed is passed


def test_a_check_that_failed_is_an_error_without_patient_data(plan: Plan) -> None:
    step = step_of(plan)
    step.dataset.PatientID = "SOMEBODY-ELSE"
    with pytest.raises(DatasetError, match="Patient ID of step and plan differ") as caught:
        require_agreement(check_inputs(step, plan))
    assert "SOMEBODY" not in str(caught.value)
