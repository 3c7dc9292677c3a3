"""How far the course of a plan is: what its treatment records and its steps tell."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from tdwii_gui.dicom.errors import DatasetError, Finding
from tdwii_gui.dicom.iod.meterset import meterset_sum
from tdwii_gui.dicom.iod.plan_record import read_plan_records, remaining_beams
from tdwii_gui.dicom.iod.ups import ProcedureStepState

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pydicom.dataset import Dataset

    from tdwii_gui.dicom.iod.plan import FractionGroup, Plan
    from tdwii_gui.dicom.iod.plan_record import PlanRecord, RemainingBeam

MOST_FRACTIONS: Final = 999
"""What claims to have more is no plan for a patient."""


class FractionState(StrEnum):
    """Where a fraction of a course stands.

    UNRECORDED is a fraction of which a step names records, or is completed, without the records
    being here: nobody knows what remains of it.
    """

    PLANNED = "PLANNED"
    SCHEDULED = "SCHEDULED"
    MISSED = "MISSED"
    IN_PROGRESS = "IN PROGRESS"
    INTERRUPTED = "INTERRUPTED"
    UNRECORDED = "UNRECORDED"
    DELIVERED = "DELIVERED"


@dataclass(frozen=True, slots=True)
class CourseStep:
    """A treatment delivery step of a plan, as the TMS has it.

    Parameters
    ----------
    sop_instance_uid : str
        Of the step.
    group_number : int or None
        The plan's fraction group, which a step does not name; None where it is not known.
    fraction_number : int
        Current Fraction Number.
    state : ProcedureStepState
        As the TMS has it.
    start : datetime or None
        Scheduled start.
    outputs : tuple[str, ...]
        SOP Instance UIDs of the treatment records that it has brought.
    ended : datetime or None
        When its procedure ended, or it was canceled without any; None where that is not known.
    """

    sop_instance_uid: str
    group_number: int | None
    fraction_number: int
    state: ProcedureStepState
    start: datetime | None
    outputs: tuple[str, ...] = ()
    ended: datetime | None = None


@dataclass(frozen=True, slots=True)
class FractionStatus:
    """Where a fraction stands.

    Parameters
    ----------
    group_number, number : int
        Fraction Group Number, and the fraction's number in the group, from 1.
    state : FractionState
        Where it stands.
    beams : tuple[RemainingBeam, ...]
        How far each beam was delivered.
    steps : tuple[CourseStep, ...]
        Its steps in the order in which they ended, those that are SCHEDULED or IN PROGRESS last.
    treated : tuple[datetime, ...]
        When something of it was delivered, as the records tell.
    """

    group_number: int
    number: int
    state: FractionState
    beams: tuple[RemainingBeam, ...]
    steps: tuple[CourseStep, ...] = ()
    treated: tuple[datetime, ...] = ()

    @property
    def open_step(self) -> CourseStep | None:
        """The step that is SCHEDULED or IN PROGRESS, if any."""
        last = self.steps[-1] if self.steps else None
        return None if last is None or last.state.is_final else last

    @property
    def start(self) -> datetime | None:
        """When its last or next session is scheduled; None where no step is known."""
        return self.steps[-1].start if self.steps else None

    @property
    def step_uid(self) -> str:
        """SOP Instance UID of its last or next step; empty where none is known."""
        return self.steps[-1].sop_instance_uid if self.steps else ""

    @property
    def specified(self) -> float:
        """The meterset of all beams; they may have different dosimeter units."""
        return meterset_sum(beam.specified for beam in self.beams)

    @property
    def delivered(self) -> float:
        """What was delivered of it."""
        return meterset_sum(beam.delivered for beam in self.beams)


@dataclass(frozen=True, slots=True)
class MetersetTotal:
    """The metersets of one dosimeter unit over a course."""

    unit: str
    planned: float
    delivered: float

    @property
    def remaining(self) -> float:
        """What is still to be delivered."""
        return max(meterset_sum((self.planned, -self.delivered)), 0.0)


@dataclass(frozen=True, slots=True)
class GroupStatus:
    """Where the fractions of a fraction group stand, from the first to the last."""

    group: FractionGroup = field(repr=False)
    fractions: tuple[FractionStatus, ...]

    @property
    def metersets(self) -> tuple[MetersetTotal, ...]:
        """The metersets of all its fractions, by dosimeter unit."""
        planned: dict[str, list[float]] = defaultdict(list)
        delivered: dict[str, list[float]] = defaultdict(list)
        for fraction in self.fractions:
            for beam in fraction.beams:
                planned[beam.unit].append(beam.specified)
                delivered[beam.unit].append(beam.delivered)
        return tuple(
            MetersetTotal(unit, meterset_sum(values), meterset_sum(delivered[unit]))
            for unit, values in planned.items()
        )


@dataclass(frozen=True, slots=True)
class CourseStatus:
    """Where the course of a plan stands, fraction group by fraction group."""

    groups: tuple[GroupStatus, ...]

    @property
    def fractions(self) -> tuple[FractionStatus, ...]:
        """The fractions of all groups, in their order."""
        return tuple(fraction for group in self.groups for fraction in group.fractions)

    def fraction(self, group_number: int, number: int) -> FractionStatus | None:
        """Return a fraction; None where the course has none such."""
        for one in self.fractions:
            if (one.group_number, one.number) == (group_number, number):
                return one
        return None

    def of(self, *states: FractionState) -> tuple[FractionStatus, ...]:
        """Return the fractions in some states."""
        return tuple(one for one in self.fractions if one.state in states)


def course_status(
    plan: Plan,
    records: Iterable[Dataset],
    steps: Sequence[CourseStep] = (),
    now: datetime | None = None,
) -> CourseStatus:
    """Return where each fraction of a plan stands.

    A scheduled fraction is missed when its day has passed and nothing of it was delivered.

    Parameters
    ----------
    records : Iterable[Dataset]
        All treatment records of the plan.
    steps : Sequence[CourseStep]
        The plan's steps, as far as they are known.
    now : datetime or None
        The present moment by default.

    Raises
    ------
    DatasetError
        If a record is of another plan or patient, or is not clear, or the plan has too many
        fractions.
    """
    check_fractions(plan)
    read = read_plan_records(plan, records)
    known = {str(record.dataset.SOPInstanceUID) for record in read}
    groups = [group for group in plan.fraction_groups if group.beams]
    by_fraction = _by_fraction(groups, steps)
    today = (now or datetime.now()).astimezone()
    return CourseStatus(
        tuple(
            GroupStatus(
                group,
                tuple(
                    _fraction(group, number, read, by_fraction[group.number, number], known, today)
                    for number in range(1, group.fractions_planned + 1)
                ),
            )
            for group in groups
        )
    )


def check_fractions(plan: Plan) -> None:
    """Check that the fractions of a plan can be counted.

    Raises
    ------
    DatasetError
        If a fraction group has too many.
    """
    for group in plan.fraction_groups:
        if group.fractions_planned > MOST_FRACTIONS:
            text = f"of group {group.number} is more than {MOST_FRACTIONS}"
            raise DatasetError([Finding("NumberOfFractionsPlanned", text)], plan.source)


def _by_fraction(
    groups: Sequence[FractionGroup], steps: Sequence[CourseStep]
) -> dict[tuple[int, int], list[CourseStep]]:
    """Return the steps of each fraction; one of an unknown group goes to the first that fits."""
    found: dict[tuple[int, int], list[CourseStep]] = defaultdict(list)
    for step in sorted(steps, key=_order):
        numbers = [step.group_number] if step.group_number is not None else _free(groups, step)
        free = [n for n in numbers if all(s.state.is_final for s in found[n, step.fraction_number])]
        found[(free or numbers)[0], step.fraction_number].append(step)
    return found


def _free(groups: Sequence[FractionGroup], step: CourseStep) -> list[int]:
    fitting = [group.number for group in groups if step.fraction_number <= group.fractions_planned]
    return fitting or [groups[0].number]


def _order(step: CourseStep) -> tuple[bool, float]:
    moment = step.ended or step.start
    return not step.state.is_final, moment.timestamp() if moment else 0.0


def _fraction(
    group: FractionGroup,
    number: int,
    records: Sequence[PlanRecord],
    steps: Sequence[CourseStep],
    known: set[str],
    now: datetime,
) -> FractionStatus:
    beams = remaining_beams(group, number, records)
    unknown = any(uid not in known for step in steps for uid in step.outputs)
    state = FractionState.UNRECORDED if unknown else _state(beams, steps, now)
    return FractionStatus(
        group.number, number, state, beams, tuple(steps), tuple(_treated(group, number, records))
    )


def _state(
    beams: Sequence[RemainingBeam], steps: Sequence[CourseStep], now: datetime
) -> FractionState:
    states = {step.state for step in steps}
    if all(beam.is_finished for beam in beams):
        return FractionState.DELIVERED
    if ProcedureStepState.IN_PROGRESS in states:
        return FractionState.IN_PROGRESS
    if any(beam.delivered > 0 for beam in beams):
        return FractionState.INTERRUPTED
    if ProcedureStepState.COMPLETED in states:
        return FractionState.UNRECORDED
    start = steps[-1].start if steps else None
    if start is not None and start.astimezone().date() < now.date():
        return FractionState.MISSED
    if ProcedureStepState.SCHEDULED in states:
        return FractionState.SCHEDULED
    return FractionState.PLANNED


def _treated(
    group: FractionGroup, number: int, records: Sequence[PlanRecord]
) -> Iterator[datetime]:
    for record in records:
        numbers = {beam.fraction_number for beam in record.beams}
        if record.group.number == group.number and number in numbers and record.started:
            yield record.started
