"""Checks before beam on: plan, instruction and step must mean the same treatment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tdwii_gui.dicom.errors import DatasetError, Finding

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tdwii_gui.dicom.iod.plan import Plan
    from tdwii_gui.dicom.iod.rtbdi import RtBeamsDeliveryInstruction
    from tdwii_gui.dicom.iod.ups import Ups


@dataclass(frozen=True, slots=True)
class Check:
    """One comparison and its outcome, in words.

    Parameters
    ----------
    subject : str
        What is compared, e.g. ``"Patient ID"``.
    passed : bool
        Whether it agrees.
    text : str
        What was found; without patient data.
    """

    subject: str
    passed: bool
    text: str


def check_inputs(
    step: Ups,
    plan: Plan,
    instruction: RtBeamsDeliveryInstruction | None = None,
    *,
    machine: str = "",
) -> list[Check]:
    """Compare a step with the plan and, once it is here, the instruction that it references.

    Parameters
    ----------
    machine : str
        The treatment machine that the device stands for; empty for any.
    """
    planned = step.plan.sop_instance_uid if step.plan else ""
    checks = [
        _same("Patient ID of step and plan", step.patient_id, plan.patient_id, private=True),
        _same("Plan of step and file", planned, plan.sop_instance_uid),
    ]
    if machine:
        scheduled = machine if machine in step.machines else step.machine
        checks.append(_same("Treatment machine", scheduled, machine))
    if instruction is None:
        return checks
    return [
        *checks,
        _same(
            "Patient ID of step and instruction",
            step.patient_id,
            instruction.patient_id,
            private=True,
        ),
        _same(
            "Plan of step and instruction", plan.sop_instance_uid, instruction.plan_sop_instance_uid
        ),
        _same("Current Fraction Number", step.fraction_number, instruction.fraction_number),
    ]


def require_agreement(checks: Iterable[Check]) -> None:
    """Raise if a check has failed.

    Raises
    ------
    DatasetError
        With a finding for each that has.
    """
    failed = [Finding(check.subject, check.text) for check in checks if not check.passed]
    if failed:
        raise DatasetError(failed, "inputs of the step")


def _same(subject: str, first: object, second: object, *, private: bool = False) -> Check:
    if first == second:
        return Check(subject, passed=True, text="agree")
    text = "differ" if private else f"differ: {first} and {second}"
    return Check(subject, passed=False, text=text)
