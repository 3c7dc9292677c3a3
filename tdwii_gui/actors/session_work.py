"""What a session of the TDD is about, and what it has brought so far."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar

from tdwii_gui.actors.clock import WallClock
from tdwii_gui.actors.session_results import SessionResults, remaining_tasks
from tdwii_gui.dicom.errors import ActionNotAllowed

if TYPE_CHECKING:
    from datetime import datetime

    from tdwii_gui.actors.checks import Check
    from tdwii_gui.actors.clock import Clock
    from tdwii_gui.actors.interruption import Interruption
    from tdwii_gui.actors.tdd import Tdd
    from tdwii_gui.dicom.iod.plan import FractionGroup, Plan
    from tdwii_gui.dicom.iod.rtbdi import BeamTask, RtBeamsDeliveryInstruction
    from tdwii_gui.dicom.iod.ups import Cancellation, ProcedureStepState, Ups
    from tdwii_gui.dicom.store.session_entry import Stage
    from tdwii_gui.dicom.store.session_journal import OpenSession

T = TypeVar("T")


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
    interruption : Interruption or None
        Where the delivery ends early.
    """

    speed: float = math.inf
    meterset: float | None = None
    operators_name: str = ""
    clock: Clock = field(default_factory=WallClock)
    interruption: Interruption | None = None


@dataclass(slots=True, eq=False)
class SessionWork:
    """A session's work.

    Attributes
    ----------
    plan, group, instruction
        As of `TreatmentSession`.
    checks : tuple[Check, ...]
        What was compared so far.
    results : SessionResults
        What was delivered and recorded.
    journal : OpenSession or None
        Where all that is kept; there from the claim on.
    restored : Stage or None
        How far an earlier session had come that this one goes on with.
    started : datetime or None
        When the step was claimed.
    percent, beam_number : float, int or None
        The progress, and the beam that was last in progress.
    cancellation : Cancellation or None
        Why the step is being canceled.
    is_ours : bool
        Whether the step is claimed by us, or may be.
    over : ProcedureStepState or None
        How the step has ended at the TMS, without us.
    """

    tdd: Tdd
    step: Ups
    options: SessionOptions
    plan: Plan | None = None
    group: FractionGroup | None = None
    instruction: RtBeamsDeliveryInstruction | None = None
    checks: tuple[Check, ...] = ()
    results: SessionResults = field(default_factory=SessionResults)
    journal: OpenSession | None = None
    restored: Stage | None = None
    started: datetime | None = None
    percent: float = 0.0
    beam_number: int | None = None
    cancellation: Cancellation | None = None
    is_ours: bool = False
    over: ProcedureStepState | None = None

    def __post_init__(self) -> None:
        clock = self.tdd.clock.over(self.options.clock)
        self.options = replace(self.options, clock=clock)

    @property
    def uid(self) -> str:
        """SOP Instance UID of the step."""
        return self.step.sop_instance_uid

    def remaining(self) -> tuple[BeamTask, ...]:
        """Return what is still to be delivered."""
        tasks = present(self.instruction).tasks
        return remaining_tasks(tasks, present(self.group), self.results.beams)

    def release(self) -> None:
        """Let another session go on with this one."""
        journal, self.journal = self.journal, None
        if journal is not None:
            journal.release()

    def forget(self) -> None:
        """Forget the session in the journal: it has ended."""
        journal, self.journal = self.journal, None
        if journal is not None:
            journal.forget()


def present(value: T | None) -> T:
    """Return what the session's state promises."""
    if value is None:
        raise ActionNotAllowed("the session is not that far")
    return value
