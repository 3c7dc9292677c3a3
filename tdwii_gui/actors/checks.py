"""Checks before beam on: plan, instruction and step must mean the same treatment.

Each check has a name, by which the settings say that it only warns.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from tdwii_gui.dicom.errors import DatasetError, Finding
from tdwii_gui.dicom.iod import tolerant
from tdwii_gui.dicom.iod.rtbdi import METERSET_TOLERANCE, TreatmentDeliveryType

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from tdwii_gui.actors.inputs import RetrievalResult
    from tdwii_gui.dicom.iod.plan import FractionGroup, Plan
    from tdwii_gui.dicom.iod.rtbdi import BeamTask, RtBeamsDeliveryInstruction
    from tdwii_gui.dicom.iod.ups import Ups

BY_SCRIPT: Final = ("confirmed by script",)
"""What stands for the identifiers where no person has compared any."""

IDENTIFIERS: Final = 2
"""How many have to be compared at least."""

_APPROVED: Final = "APPROVED"
_PATIENT_OF_PLAN: Final = "Patient ID of step and plan"
_PATIENT_OF_INSTRUCTION: Final = "Patient ID of step and instruction"


class CheckName(StrEnum):
    """What a check is about; the names that the settings know."""

    INPUTS = "inputs"
    PATIENT = "patient"
    PLAN = "plan"
    APPROVAL = "approval"
    MACHINE = "machine"
    PLAN_MACHINE = "plan_machine"
    FRACTION = "fraction"
    BEAMS = "beams"
    METERSETS = "metersets"
    DELIVERED = "delivered"
    IDENTITY = "identity"


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
    name : CheckName
        What it is about.
    blocking : bool
        Whether the beam stays off if it does not agree.
    """

    subject: str
    passed: bool
    text: str
    name: CheckName = CheckName.PLAN
    blocking: bool = True

    @property
    def is_obstacle(self) -> bool:
        """Whether it keeps the beam off."""
        return self.blocking and not self.passed


def with_settings(checks: Iterable[Check], warn_only: Collection[str]) -> tuple[Check, ...]:
    """Return checks of which those with some names only warn."""
    return tuple(
        replace(check, blocking=False) if check.name in warn_only else check for check in checks
    )


def check_retrieval(result: RetrievalResult) -> Check:
    """Return whether all inputs of a step are here."""
    count = len(result.present) + len(result.missing)
    if not result.missing:
        return Check("Inputs", passed=True, text=f"all {count} are here", name=CheckName.INPUTS)
    first = result.missing[0]
    text = f"{len(result.missing)} of {count} are missing, the first because: {first.reason}"
    return Check("Inputs", passed=False, text=text, name=CheckName.INPUTS)


def check_plan(step: Ups, plan: Plan, machine: str = "") -> Iterator[Check]:
    """Compare a step with its plan.

    Parameters
    ----------
    machine : str
        The treatment machine that the device stands for; empty for any.
    """
    planned = step.plan.sop_instance_uid if step.plan else ""
    yield _same(CheckName.PATIENT, _PATIENT_OF_PLAN, step.patient_id, plan.patient_id)
    yield _same(CheckName.PLAN, "Plan of step and file", planned, plan.sop_instance_uid)
    yield _check_approval(plan)
    if machine:
        scheduled = machine if machine in step.machines else step.machine
        yield _same(CheckName.MACHINE, "Treatment machine", scheduled, machine)


def check_instruction(
    step: Ups, plan: Plan, instruction: RtBeamsDeliveryInstruction, machine: str = ""
) -> Iterator[Check]:
    """Compare a step and its plan with the instruction; `machine` as of `check_plan`."""
    yield _same(CheckName.PATIENT, _PATIENT_OF_INSTRUCTION, step.patient_id, instruction.patient_id)
    yield _same(
        CheckName.PLAN,
        "Plan of step and instruction",
        plan.sop_instance_uid,
        instruction.plan_sop_instance_uid,
    )
    yield _same(
        CheckName.FRACTION,
        "Current Fraction Number",
        step.fraction_number,
        instruction.fraction_number,
    )
    try:
        group = plan.fraction_group(instruction.fraction_group_number)
    except DatasetError as error:
        yield Check("Fraction group", passed=False, text=str(error), name=CheckName.BEAMS)
        return
    yield from _check_beams(step, group, instruction)
    if machine:
        yield _check_plan_machine(group, instruction.tasks, machine)


def check_delivered(
    tasks: Iterable[BeamTask], delivered: Mapping[int, float] | str, fraction_number: int
) -> Check:
    """Return whether the beams of an instruction begin where their fraction has come to.

    Parameters
    ----------
    delivered : Mapping[int, float] or str
        By beam number, the meterset that records tell of; a text where the archive cannot tell.
    """
    subject, name = "Fraction not delivered yet", CheckName.DELIVERED
    if isinstance(delivered, str):
        # That nothing is known is no reason to leave a patient untreated.
        return Check(subject, passed=False, text=delivered, name=name, blocking=False)
    for task in tasks:
        done, start = delivered.get(task.beam_number, 0.0), task.start_meterset or 0.0
        if done > start + METERSET_TOLERANCE:
            text = (
                f"does not hold: beam {task.beam_number} of fraction {fraction_number} has "
                f"{done:g} by its treatment records, and is to begin at {start:g}"
            )
            return Check(subject, passed=False, text=text, name=name)
    known = "no record of it" if not delivered else "it goes on where its records end"
    return Check(subject, passed=True, text=known, name=name)


def check_identity(identifiers: Collection[str]) -> Check:
    """Return whether enough identifiers of the patient were compared: two, or `BY_SCRIPT`."""
    count = len(set(identifiers))
    by_script = tuple(identifiers) == BY_SCRIPT
    is_enough = by_script or count >= IDENTIFIERS
    text = BY_SCRIPT[0] if by_script else f"confirmed by {count} identifiers"
    if not is_enough:
        text = f"at least {IDENTIFIERS} identifiers have to be compared"
    return Check("Patient identity", is_enough, text, CheckName.IDENTITY)


def require_agreement(checks: Iterable[Check]) -> None:
    """Raise if a check that keeps the beam off has failed.

    Raises
    ------
    DatasetError
        With a finding for each that has.
    """
    failed = [Finding(check.subject, check.text) for check in checks if check.is_obstacle]
    if failed:
        raise DatasetError(failed, "inputs of the step")


def _check_approval(plan: Plan) -> Check:
    status = tolerant.text(plan.dataset, "ApprovalStatus")
    text = "is approved" if status == _APPROVED else f"is {status or 'without approval status'}"
    return Check("Plan approval", status == _APPROVED, text, CheckName.APPROVAL)


def _check_beams(
    step: Ups, group: FractionGroup, instruction: RtBeamsDeliveryInstruction
) -> Iterator[Check]:
    beams = {beam.number: beam for beam in group.beams}
    unknown = [task.beam_number for task in instruction.tasks if task.beam_number not in beams]
    text = f"{len(instruction.tasks)} of {len(beams)} are to be delivered"
    if unknown:
        text = f"{unknown[0]} is no beam that fraction group {group.number} can deliver"
    yield Check("Beams", not unknown, text, CheckName.BEAMS)
    continues = [
        task
        for task in instruction.tasks
        if task.delivery_type is TreatmentDeliveryType.CONTINUATION
    ]
    if step.delivery_type is TreatmentDeliveryType.TREATMENT and continues:
        text = f"the step is TREATMENT, beam {continues[0].beam_number} is CONTINUATION"
        yield Check("Treatment Delivery Type", passed=False, text=text, name=CheckName.BEAMS)
    for task in continues:
        beam = beams.get(task.beam_number)
        if beam is not None:
            yield _check_continuation(task, beam.meterset)


def _check_continuation(task: BeamTask, meterset: float) -> Check:
    start, end = task.start_meterset or 0.0, task.end_meterset or 0.0
    within = 0 <= start < end <= meterset + METERSET_TOLERANCE
    text = f"from {start:g} to {end:g} of {meterset:g}"
    return Check(f"Continuation of beam {task.beam_number}", within, text, CheckName.METERSETS)


def _check_plan_machine(group: FractionGroup, tasks: Iterable[BeamTask], machine: str) -> Check:
    wanted = {task.beam_number for task in tasks}
    planned = {beam.machine for beam in group.beams if beam.number in wanted and beam.machine}
    other = sorted(planned - {machine})
    text = f"differ: {', '.join(other)} and {machine}" if other else "agree"
    return Check("Treatment machine of plan and device", not other, text, CheckName.PLAN_MACHINE)


def _same(name: CheckName, subject: str, first: object, second: object) -> Check:
    if first == second:
        return Check(subject, passed=True, text="agree", name=name)
    text = "differ" if name is CheckName.PATIENT else f"differ: {first} and {second}"
    return Check(subject, passed=False, text=text, name=name)
