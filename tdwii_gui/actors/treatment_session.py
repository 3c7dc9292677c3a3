"""A whole session of the TDD, RO-59 to RO-65, step after step without a person."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tdwii_gui.actors.checks import check_inputs
from tdwii_gui.actors.delivery import Delivery, DeliveryPhase, WallClock
from tdwii_gui.actors.events import DeliveryProgressed
from tdwii_gui.dicom.errors import DatasetError, Finding, TdwiiError
from tdwii_gui.dicom.iod.codes import OBJECT_SET_INCOMPLETE
from tdwii_gui.dicom.iod.plan import Plan
from tdwii_gui.dicom.iod.rtbdi import RtBeamsDeliveryInstruction
from tdwii_gui.dicom.iod.treatment_record import SessionInfo, build_treatment_records
from tdwii_gui.dicom.iod.ups import Cancellation, ProcedureStepState, Ups
from tdwii_gui.dicom.iod.ups_update import FinalUpdate

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from tdwii_gui.actors.delivery import Clock
    from tdwii_gui.actors.tdd import Tdd
    from tdwii_gui.dicom.iod.references import InputReference

_UPDATE_SECONDS = 2.0
"""How often the TMS is told of the progress while a beam is on (RO-62)."""


@dataclass(frozen=True, slots=True)
class SessionOptions:
    """How a session is delivered.

    Parameters
    ----------
    speed : float
        1 for real time, infinity for as fast as possible.
    meterset : float or None
        For plans without any Beam Meterset: what each beam delivers.
    operators_name : str
        Operators' Name in the records.
    clock : Clock
        The time that passes.
    """

    speed: float = math.inf
    meterset: float | None = None
    operators_name: str = ""
    clock: Clock = field(default_factory=WallClock)


def treat(tdd: Tdd, step: Ups, options: SessionOptions) -> list[Dataset]:
    """Deliver a scheduled step as a whole and return the treatment records that were stored.

    Raises
    ------
    TdwiiError
        What went wrong. Before the claim the step is left as it was; between claim and beam on it
        is canceled with the reason; after that it stays IN PROGRESS with its claim kept, so that
        it can still be finished.
    """
    plan = _retrieve_plan(tdd, step, options)
    tdd.start_procedure(step.sop_instance_uid).result()
    started = options.clock.now()
    try:
        instruction = _retrieve_instruction(tdd, step, plan)
        group = plan.fraction_group(instruction.fraction_group_number)
        delivery = Delivery(group, instruction, options.clock, options.speed)
    except TdwiiError as error:
        _cancel(tdd, step, str(error))
        raise
    _deliver(tdd, step, delivery, options)
    session = SessionInfo(
        fraction_number=instruction.fraction_number, operators_name=options.operators_name
    )
    records = build_treatment_records(plan, group, delivery.delivered, session)
    tdd.store_results(records).result()
    update = FinalUpdate(
        machine=step.machine,
        started=started,
        ended=options.clock.now(),
        outputs=records,
        static_ae=tdd.ost_ae_title,
        percent=100.0,
    )
    tdd.send_final_update(step.sop_instance_uid, update).result()
    tdd.finish_procedure(step.sop_instance_uid, ProcedureStepState.COMPLETED).result()
    return records


def _retrieve_plan(tdd: Tdd, step: Ups, options: SessionOptions) -> Plan:
    """RO-59: what must be there before the claim, for a claimed step is never SCHEDULED again."""
    reference = _required(step.plan, "RT Plan or RT Ion Plan")
    tdd.retrieve_static_inputs(step).result().require_complete()
    dataset = tdd.instances.read(reference.sop_instance_uid)
    return Plan.from_dataset(dataset, source="plan of the step", meterset=options.meterset)


def _retrieve_instruction(tdd: Tdd, step: Ups, plan: Plan) -> RtBeamsDeliveryInstruction:
    """RO-61: what only the TMS has, and whether it means the same treatment."""
    reference = _required(step.rtbdi, "RT Beams Delivery Instruction")
    tdd.retrieve_dynamic_inputs(step).result().require_complete()
    instruction = RtBeamsDeliveryInstruction.from_dataset(
        tdd.instances.read(reference.sop_instance_uid)
    )
    failed = [check for check in check_inputs(step, plan, instruction) if not check.passed]
    if failed:
        findings = [Finding(check.subject, check.text) for check in failed]
        raise DatasetError(findings, "inputs of the step")
    return instruction


def _required(reference: InputReference | None, what: str) -> InputReference:
    if reference is None:
        raise DatasetError([Finding("InputInformationSequence", f"names no {what}")], "step")
    return reference


def _deliver(tdd: Tdd, step: Ups, delivery: Delivery, options: SessionOptions) -> None:
    """Play the beams and tell the TMS (RO-62); an update that fails does not stop the beam."""
    last = -math.inf
    for progress in delivery.play():
        tdd.emit(DeliveryProgressed(tdd.ae_title, step.sop_instance_uid, progress))
        now = options.clock.now().timestamp()
        if progress.phase is DeliveryPhase.BEAM_ON and now - last < _UPDATE_SECONDS:
            continue
        last = now
        error = tdd.update_progress(
            step.sop_instance_uid, progress.percent, progress.beam_number
        ).exception()
        if error is not None and not isinstance(error, TdwiiError):
            raise error


def _cancel(tdd: Tdd, step: Ups, reason: str) -> None:
    """Give a claimed step back as CANCELED, as far as the TMS can be reached."""
    update = FinalUpdate(
        machine=step.machine,
        started=None,
        ended=None,
        outputs=(),
        static_ae=tdd.ost_ae_title,
        cancellation=Cancellation(OBJECT_SET_INCOMPLETE, reason),
    )
    tdd.send_final_update(step.sop_instance_uid, update).exception()
    tdd.finish_procedure(step.sop_instance_uid, ProcedureStepState.CANCELED).exception()
