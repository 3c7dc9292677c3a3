"""What a session of the TDD does from RO-59 to RO-65; when it may, `treatment_session` decides."""

from __future__ import annotations

import logging
import math
import threading
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from tdwii_gui.actors.checks import Check, check_inputs, require_agreement
from tdwii_gui.actors.delivery import Delivery, WallClock
from tdwii_gui.actors.inputs import CANCELED, MissingInput, RetrievalResult
from tdwii_gui.actors.progress_updates import ProgressUpdates
from tdwii_gui.dicom.errors import ActionNotAllowed, DatasetError, Finding
from tdwii_gui.dicom.iod.plan import Plan
from tdwii_gui.dicom.iod.rtbdi import RtBeamsDeliveryInstruction
from tdwii_gui.dicom.iod.treatment_record import SessionInfo, build_treatment_records
from tdwii_gui.dicom.iod.ups_update import FinalUpdate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from pydicom.dataset import Dataset

    from tdwii_gui.actors.delivery import Clock, DeliveryProgress
    from tdwii_gui.actors.tdd import Tdd
    from tdwii_gui.dicom.iod.plan import FractionGroup
    from tdwii_gui.dicom.iod.references import InputReference
    from tdwii_gui.dicom.iod.ups import Cancellation, ProcedureStepState, Ups

T = TypeVar("T")

logger = logging.getLogger(__name__)


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


class SessionSteps:
    """The work of one session, and what it has brought so far.

    Every method waits for the peers and raises their errors. Attributes are those of
    `TreatmentSession`.
    """

    def __init__(self, tdd: Tdd, step: Ups, options: SessionOptions) -> None:
        self.tdd = tdd
        self.step = step
        self.options = options
        self.plan: Plan | None = None
        self.group: FractionGroup | None = None
        self.instruction: RtBeamsDeliveryInstruction | None = None
        self.checks: tuple[Check, ...] = ()
        self.records: tuple[Dataset, ...] = ()
        self.delivery: Delivery | None = None
        self.is_ours = False
        self._retrieval: Future[RetrievalResult] | None = None
        self._retrieval_canceled = False
        self._lock = threading.Lock()
        self._uid = step.sop_instance_uid
        self._started: datetime | None = None
        self._progress: DeliveryProgress | None = None

    def retrieve(self) -> RetrievalResult:
        """RO-59: what must be there before the claim, for a claimed step is never SCHEDULED again.

        The plan is read, and compared with the step, when nothing is missing.
        """
        reference = _required(self.step.plan, "RT Plan or RT Ion Plan")
        result = self._retrieved(self.tdd.retrieve_static_inputs, self.step.static_inputs)
        if result.missing:
            return result
        dataset = self.tdd.instances.read(reference.sop_instance_uid)
        plan = Plan.from_dataset(dataset, source="plan of the step", meterset=self.options.meterset)
        self.plan = plan
        self.group = next(group for group in plan.fraction_groups if group.beams)
        self.checks = tuple(check_inputs(self.step, plan, machine=self.tdd.machine))
        self.is_ours = self.tdd.claims.get(self._uid) is not None
        return result

    def claim(self) -> None:
        """RO-60: claim the step, or find that it is ours."""
        self.tdd.start_procedure(self._uid).result()
        self._started = self.options.clock.now()

    def fetch_instruction(self, speed: float) -> None:
        """RO-61: what only the TMS has, and whether it means the same treatment."""
        plan = _present(self.plan)
        reference = _required(self.step.rtbdi, "RT Beams Delivery Instruction")
        inputs = self._retrieved(self.tdd.retrieve_dynamic_inputs, self.step.dynamic_inputs)
        inputs.require_complete()
        instruction = RtBeamsDeliveryInstruction.from_dataset(
            self.tdd.instances.read(reference.sop_instance_uid)
        )
        checks = check_inputs(self.step, plan, instruction, machine=self.tdd.machine)
        self.instruction, self.checks = instruction, tuple(checks)
        require_agreement(checks)
        group = plan.fraction_group(instruction.fraction_group_number)
        self.delivery = Delivery(group, instruction, self.options.clock, speed)
        self.group = group

    def deliver(self, going: threading.Event) -> Delivery:
        """RO-62: play the beams and tell the TMS, while `going` is set."""
        delivery = _present(self.delivery)
        updates = ProgressUpdates(self.tdd, self._uid, self.options.clock)
        for progress in delivery.play():
            self._progress = progress
            updates.tell(progress)
            going.wait()
        updates.finish()
        return delivery

    def store_records(self) -> tuple[Dataset, ...]:
        """RO-63: store the records that were given, or are built now."""
        if not self.records:
            session = SessionInfo(
                fraction_number=_present(self.instruction).fraction_number,
                operators_name=self.options.operators_name,
            )
            beams = _present(self.delivery).delivered
            built = build_treatment_records(
                _present(self.plan), _present(self.group), beams, session
            )
            # When the OST refuses one, the same are stored again.
            self.records = tuple(built)
        self.tdd.store_results(self.records).result()
        return self.records

    def send_final_update(self, cancellation: Cancellation | None = None) -> None:
        """RO-64: what was performed and where its results are."""
        progress = self._progress
        stopped = progress is not None and self.delivery is not None and self.delivery.stopped
        update = FinalUpdate(
            machine=self.tdd.machine or self.step.machine,
            started=self._started,
            ended=self.options.clock.now(),
            outputs=self.records,
            static_ae=self.tdd.ost_ae_title,
            percent=progress.percent if stopped and progress else 100.0,
            beam_number=progress.beam_number if stopped and progress else None,
            cancellation=cancellation,
        )
        self.tdd.send_final_update(self._uid, update).result()

    def send_reason(self, cancellation: Cancellation) -> None:
        """RO-64 where nothing was delivered; if the TMS refuses it, nothing is lost."""
        update = FinalUpdate(
            machine=self.tdd.machine or self.step.machine,
            started=None,
            ended=None,
            outputs=(),
            static_ae=self.tdd.ost_ae_title,
            cancellation=cancellation,
        )
        if error := self.tdd.send_final_update(self._uid, update).exception():
            logger.warning("%s: the TMS has no reason: %s", self.tdd.ae_title, error)

    def finish(self, state: ProcedureStepState) -> None:
        """RO-65: complete or cancel the step."""
        self.tdd.finish_procedure(self._uid, state).result()

    def allow_retrieval(self) -> None:
        """Forget that an earlier retrieval was canceled; before the next one is queued."""
        with self._lock:
            self._retrieval, self._retrieval_canceled = None, False

    def cancel_retrieval(self) -> None:
        """End the retrieval that is queued or under way; from any thread."""
        with self._lock:
            self._retrieval_canceled = True
            retrieval = self._retrieval
        if retrieval is not None and not retrieval.done() and not retrieval.cancel():
            self.tdd.cancel_request()

    def _retrieved(
        self,
        ask: Callable[[Ups], Future[RetrievalResult]],
        references: Iterable[InputReference],
    ) -> RetrievalResult:
        with self._lock:
            self._retrieval = None if self._retrieval_canceled else ask(self.step)
            retrieval = self._retrieval
        if retrieval is not None:
            with suppress(CancelledError):
                return retrieval.result()
        return RetrievalResult((), tuple(MissingInput(one, CANCELED) for one in references))


def _required(reference: InputReference | None, what: str) -> InputReference:
    if reference is None:
        raise DatasetError([Finding("InputInformationSequence", f"names no {what}")], "step")
    return reference


def _present(value: T | None) -> T:
    """Return what the session's state promises."""
    if value is None:
        raise ActionNotAllowed("the session is not that far")
    return value
