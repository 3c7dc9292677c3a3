"""How a session comes to what it delivers: inputs, claim, instruction, and what was done before."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from tdwii_gui.actors.checks import (
    Check,
    check_delivered,
    check_instruction,
    check_plan,
    check_retrieval,
    require_agreement,
    with_settings,
)
from tdwii_gui.actors.fraction_records import metersets_of_fraction
from tdwii_gui.actors.inputs import CANCELED, MissingInput, RetrievalResult
from tdwii_gui.actors.session_work import SessionWork, present
from tdwii_gui.dicom.errors import DatasetError, Finding, TdwiiError
from tdwii_gui.dicom.iod.plan import Plan
from tdwii_gui.dicom.iod.rtbdi import BeamTask, RtBeamsDeliveryInstruction, TreatmentDeliveryType
from tdwii_gui.dicom.iod.ups import ProcedureStepState
from tdwii_gui.dicom.store.session_entry import SessionBeginning, Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pydicom.dataset import Dataset

    from tdwii_gui.dicom.iod.references import InputReference
    from tdwii_gui.dicom.iod.ups import Ups
    from tdwii_gui.dicom.store.session_entry import SessionEntry

R = TypeVar("R")

logger = logging.getLogger(__name__)


class SessionInputs:
    """RO-59 to RO-61 of one session, and the recovery of what an earlier one has done.

    Every method waits for the peers and raises their errors, unless it says otherwise.

    Parameters
    ----------
    work : SessionWork
        What it is about; the methods fill it.
    """

    def __init__(self, work: SessionWork) -> None:
        self._work = work
        self._tdd = work.tdd
        self._retrieval: Future[Any] | None = None
        self._canceled = False
        self._lock = threading.Lock()
        self._records: Sequence[Dataset] | str = ()
        self._identity: tuple[Check, ...] = ()

    def retrieve(self) -> RetrievalResult:
        """RO-59: what must be there before the claim, for a claimed step is never SCHEDULED again.

        The plan is read, and compared with the step, when nothing is missing. If an earlier
        session on the step has delivered something, it is gone on with.
        """
        work = self._work
        work.is_ours = self._tdd.claims.get(work.uid) is not None
        self._restore()
        if work.over is not None and not work.results.owes_records:
            work.forget()
            return RetrievalResult((), ())
        reference = _required(work.step.plan, "RT Plan or RT Ion Plan")
        result = self._retrieved(self._tdd.retrieve_static_inputs, work.step.static_inputs)
        if result.missing:
            self._check([check_retrieval(result)])
            return result
        dataset = self._tdd.instances.read(reference.sop_instance_uid)
        plan = Plan.from_dataset(dataset, source="plan of the step", meterset=work.options.meterset)
        work.plan = plan
        work.group = next(group for group in plan.fraction_groups if group.beams)
        if work.options.interruption is not None:
            work.options.interruption.check(work.group)
        if work.restored is None:
            self._records = self._recorded(plan)
        checks = [check_retrieval(result), *check_plan(work.step, plan, self._tdd.machine)]
        self._check([*checks, *self._check_delivered_at_all()])
        if work.restored is not None:
            self._read_instruction()
        return result

    def confirm(self, check: Check) -> None:
        """Note whether the patient is the right one."""
        self._identity = (check,)
        self._work.checks = (*self._work.checks, *self._identity)

    def claim(self) -> None:
        """RO-60: claim the step, or find that it is ours; it is in the journal before."""
        work, options = self._work, self._work.options
        if work.journal is None:
            beginning = SessionBeginning(
                options.clock.now(), options.meterset, options.operators_name
            )
            work.journal = self._tdd.sessions.open(work.uid, work.step.dataset, beginning)
            work.started = present(work.journal.entry).beginning.started
        work.is_ours = True
        try:
            self._tdd.start_procedure(work.uid).result()
        except TdwiiError:
            if self._tdd.claims.get(work.uid) is None:
                work.is_ours = False
                work.forget()
            raise

    def fetch_instruction(self) -> None:
        """RO-61: what only the TMS has, and whether it means the same treatment."""
        self._read_instruction()
        require_agreement(self._work.checks)

    def allow_retrieval(self) -> None:
        """Forget that an earlier retrieval was canceled; before the next one is queued."""
        with self._lock:
            self._retrieval, self._canceled = None, False

    def cancel_retrieval(self) -> None:
        """End the retrieval, or the wait for a commitment, that is under way; from any thread."""
        with self._lock:
            self._canceled = True
            retrieval = self._retrieval
        if retrieval is not None and not retrieval.done() and not retrieval.cancel():
            self._tdd.cancel_request()

    def is_canceled(self) -> bool:
        """Whether the retrieval or wait was canceled."""
        return self._canceled

    def _restore(self) -> None:
        """Take over what an earlier session on the step has done, if any."""
        work = self._work
        entry = self._tdd.sessions.get(work.uid)
        if work.journal is not None or entry is None or not entry.stage.has_begun:
            return
        work.journal = self._tdd.sessions.reopen(work.uid)
        entry = present(work.journal).entry
        if entry is not None:
            _fill(work, entry)
            logger.info("%s: session on %s goes on: %s", work.tdd.ae_title, work.uid, entry.stage)
            # The step may have ended meanwhile, or just before that was noted.
            self._tdd.review_claims().result()
            work.is_ours = self._tdd.claims.get(work.uid) is not None
            if not work.is_ours:
                work.over = over(work)

    def _read_instruction(self) -> None:
        work, plan = self._work, present(self._work.plan)
        reference = _required(work.step.rtbdi, "RT Beams Delivery Instruction")
        inputs = self._retrieved(self._tdd.retrieve_dynamic_inputs, work.step.dynamic_inputs)
        inputs.require_complete()
        instruction = RtBeamsDeliveryInstruction.from_dataset(
            self._tdd.instances.read(reference.sop_instance_uid)
        )
        work.instruction = instruction
        checks = [
            check_retrieval(inputs),
            *check_plan(work.step, plan, self._tdd.machine),
            *check_instruction(work.step, plan, instruction, self._tdd.machine),
        ]
        if not any(check.is_obstacle for check in checks):
            work.group = plan.fraction_group(instruction.fraction_group_number)
            if work.restored is None:
                number = instruction.fraction_number
                checks.append(self._check_delivered(instruction.tasks, number))
        self._check([*checks, *self._identity])

    def _check_delivered_at_all(self) -> list[Check]:
        """Check before the claim, where the step alone says what is to be delivered."""
        work, step = self._work, self._work.step
        group, number = present(work.group), step.fraction_number
        is_certain = len(present(work.plan).fraction_groups) == 1
        is_whole = step.delivery_type is TreatmentDeliveryType.TREATMENT
        if work.restored is not None or number is None or not (is_certain and is_whole):
            return []
        return [self._check_delivered([BeamTask(beam.number) for beam in group.beams], number)]

    def _check_delivered(self, tasks: Iterable[BeamTask], fraction_number: int) -> Check:
        records = self._records
        if not isinstance(records, str):
            group = present(self._work.group)
            return check_delivered(
                tasks, metersets_of_fraction(records, group, fraction_number), fraction_number
            )
        return check_delivered(tasks, records, fraction_number)

    def _check(self, checks: Iterable[Check]) -> None:
        self._work.checks = with_settings(checks, self._tdd.settings.warn_only)

    def _retrieved(
        self,
        ask: Callable[[Ups], Future[RetrievalResult]],
        references: Iterable[InputReference],
    ) -> RetrievalResult:
        result = self._unless_canceled(lambda: ask(self._work.step))
        if result is None:
            return RetrievalResult((), tuple(MissingInput(one, CANCELED) for one in references))
        return result

    def _recorded(self, plan: Plan) -> Sequence[Dataset] | str:
        records = self._unless_canceled(lambda: self._tdd.find_fraction_records(plan))
        return CANCELED if records is None else records

    def _unless_canceled(self, ask: Callable[[], Future[R]]) -> R | None:
        """Return what a request to a peer brings; None if it was canceled before it began."""
        with self._lock:
            future = self._retrieval = None if self._canceled else ask()
        if future is not None:
            with suppress(CancelledError):
                return future.result()
        return None


def over(work: SessionWork) -> ProcedureStepState:
    """Return how a step has ended that is not ours any more; CANCELED where that is not known."""
    try:
        state = work.tdd.fetch_step(work.uid).result().state
    except TdwiiError as error:
        logger.warning("%s: how %s ended is not known: %s", work.tdd.ae_title, work.uid, error)
        state = None
    return state if state is not None and state.is_final else ProcedureStepState.CANCELED


def _fill(work: SessionWork, entry: SessionEntry) -> None:
    beginning = entry.beginning
    work.options = replace(
        work.options,
        meterset=work.options.meterset or beginning.supplied_meterset,
        operators_name=work.options.operators_name or beginning.operators_name,
    )
    work.restored = entry.stage
    work.started = beginning.started
    work.percent, work.beam_number = entry.percent, entry.beam_number
    work.cancellation = entry.cancellation
    work.results.runs = list(entry.runs)
    work.results.records = entry.records
    work.results.waived = entry.stage.is_recorded
    work.results.stored = {
        uid: one for one in entry.records if (uid := str(one.SOPInstanceUID)) in entry.stored_uids
    }
    if work.restored is Stage.BEAM_ON:
        logger.warning("%s: the beam was on when it ended: %s", work.tdd.ae_title, work.uid)


def _required(reference: InputReference | None, what: str) -> InputReference:
    if reference is None:
        raise DatasetError([Finding("InputInformationSequence", f"names no {what}")], "step")
    return reference
