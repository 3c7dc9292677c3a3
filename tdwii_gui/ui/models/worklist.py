"""The rows of a worklist, as the windows of TMS, TDD and PPVS show them.

`WorklistRow.from_step` uses no Qt and may run on any thread: what costs time is read from the
data set there, so that the model on the GUI thread only passes values on.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Self

from PySide6.QtCore import QCoreApplication

from tdwii_gui.dicom.iod import tolerant
from tdwii_gui.dicom.iod.ups import ProcedureStepState
from tdwii_gui.ui import texts
from tdwii_gui.ui.models.row_model import Column

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from tdwii_gui.dicom.iod.ups import InputReadiness, Priority, TreatmentDeliveryType, Ups

_LONGEST: Final = 300
_SHORT: Final = 18
_STATES: Final = {state: number for number, state in enumerate(ProcedureStepState)}


@dataclass(frozen=True, slots=True)
class WorklistRow:
    """A step as a row shows it; texts are as the peer sent them, cut at 300 characters.

    Parameters
    ----------
    uid : str
        SOP Instance UID, the row's key.
    state : ProcedureStepState or None
        None where it is absent or unknown.
    start : datetime or None
        The scheduled start in local time.
    start_value : str
        The exact DICOM value of the start.
    owner : str
        The AE that claimed the step, as far as it is known.
    changed_at : datetime or None
        The last change that this row shows.
    expected_end : datetime or None
        When it is expected to be over, in local time.
    search : str
        Everything that a text filter looks into, case-folded.
    """

    uid: str
    state: ProcedureStepState | None
    patient_name: str
    patient_id: str
    birth_date: str
    sex: str
    machine: str
    start: datetime | None
    start_value: str
    fraction_number: int | None
    fractions_planned: int | None
    plan_label: str
    label: str
    delivery_type: TreatmentDeliveryType | None
    priority: Priority | None
    readiness: InputReadiness | None
    owner: str
    percent: float | None
    beam_number: int | None
    progress_text: str
    changed_at: datetime | None
    expected_end: datetime | None = None
    search: str = field(repr=False, compare=False, default="")

    @classmethod
    def from_step(cls, step: Ups, changed_at: datetime | None, owner: str = "") -> Self:
        """Return the row of a step.

        Parameters
        ----------
        step : Ups
            A step, or a part of one such as a C-FIND match.
        changed_at : datetime or None
            When it changed; None takes the moment that the step itself names.
        owner : str
            The AE that claimed it.
        """
        start, progress = step.start, step.progress
        name, patient_id = _cut(step.patient_name), _cut(step.patient_id)
        machine, plan_label, label = _cut(step.machine), _cut(step.plan_label), _cut(step.label)
        uid = _cut(step.sop_instance_uid)
        shown_name = texts.person_name(name)
        found = (name, shown_name, patient_id, machine, plan_label, label, owner, uid)
        return cls(
            uid=uid,
            state=step.state,
            patient_name=name,
            patient_id=patient_id,
            birth_date=_cut(step.birth_date),
            sex=_cut(step.sex),
            machine=machine,
            start=_local(start),
            start_value=_cut(tolerant.text(step.dataset, "ScheduledProcedureStepStartDateTime")),
            fraction_number=step.fraction_number,
            fractions_planned=step.fractions_planned,
            plan_label=plan_label,
            label=label,
            delivery_type=step.delivery_type,
            priority=step.priority,
            readiness=step.input_readiness,
            owner=owner,
            percent=progress.percent,
            beam_number=progress.beam_number,
            progress_text=_cut(progress.description),
            changed_at=_local(changed_at or step.modified),
            expected_end=_local(tolerant.moment(step.dataset, "ExpectedCompletionDateTime")),
            search="\n".join(found).casefold(),
        )

    @property
    def patient(self) -> str:
        """The patient's name and ID on one line."""
        name = texts.person_name(self.patient_name)
        return " · ".join(texts.plain(each) for each in (name, self.patient_id) if each)


class WorklistColumn(StrEnum):
    """A column of a worklist."""

    STATE = "state"
    PATIENT = "patient"
    MACHINE = "machine"
    START = "start"
    FRACTION = "fraction"
    PLAN = "plan"
    DELIVERY = "delivery"
    READINESS = "readiness"
    OWNER = "owner"
    PROGRESS = "progress"
    CHANGED = "changed"


def worklist_columns(
    wanted: Sequence[WorklistColumn] = tuple(WorklistColumn),
) -> list[Column[WorklistRow]]:
    """Return columns of a worklist, in the order in which they are wanted.

    Call it when the translators are installed, not at import.
    """
    made = {
        **_identity_columns(),
        **_treatment_columns(),
        **_progress_columns(),
    }
    return [made[each] for each in wanted]


def _identity_columns() -> dict[WorklistColumn, Column[WorklistRow]]:
    return {
        WorklistColumn.STATE: Column(
            _tr("State"),
            lambda row: f"{texts.state_glyph(row.state)} {texts.state_words(row.state)}",
            key=_state_order,
            tone=lambda row: texts.state_tone(row.state),
            tooltip=lambda row: texts.tooltip(_tr("SOP Instance UID {0}").format(row.uid)),
        ),
        WorklistColumn.PATIENT: Column(
            _tr("Patient"),
            lambda row: row.patient,
            key=lambda row: (row.patient_name.casefold(), row.patient_id),
            tooltip=lambda row: texts.tooltip(row.patient),
            share=2,
        ),
        WorklistColumn.MACHINE: Column(
            _tr("Machine"),
            lambda row: texts.plain(row.machine, _SHORT),
            key=lambda row: row.machine.casefold(),
            tooltip=lambda row: texts.tooltip(row.machine),
        ),
        WorklistColumn.START: Column(
            _tr("Scheduled"),
            lambda row: texts.moment(row.start) or texts.plain(row.start_value),
            key=lambda row: _time_order(row.start),
            tooltip=lambda row: texts.tooltip(
                _tr("DICOM value {0}").format(row.start_value) if row.start_value else ""
            ),
        ),
    }


def _treatment_columns() -> dict[WorklistColumn, Column[WorklistRow]]:
    return {
        WorklistColumn.FRACTION: Column(
            _tr("Fraction"),
            fraction_words,
            key=lambda row: _number_order(row.fraction_number),
        ),
        WorklistColumn.PLAN: Column(
            _tr("Plan"),
            lambda row: texts.plain(row.plan_label, _SHORT),
            key=lambda row: row.plan_label.casefold(),
            tooltip=lambda row: texts.tooltip(row.plan_label),
        ),
        WorklistColumn.DELIVERY: Column(
            _tr("Delivery"),
            lambda row: texts.defined_term(row.delivery_type),
        ),
        WorklistColumn.READINESS: Column(
            _tr("Inputs"),
            lambda row: texts.defined_term(row.readiness),
        ),
    }


def _progress_columns() -> dict[WorklistColumn, Column[WorklistRow]]:
    return {
        WorklistColumn.OWNER: Column(
            _tr("Owner"),
            lambda row: texts.plain(row.owner, _SHORT),
            key=lambda row: row.owner.casefold(),
            tooltip=lambda row: texts.tooltip(
                _tr("Claimed by {0}").format(row.owner) if row.owner else ""
            ),
        ),
        WorklistColumn.PROGRESS: Column(
            _tr("Progress"),
            progress_words,
            key=lambda row: _number_order(row.percent),
            tooltip=lambda row: texts.tooltip(row.progress_text),
            share=2,
        ),
        WorklistColumn.CHANGED: Column(
            _tr("Changed"),
            lambda row: texts.clock(row.changed_at).partition(".")[0],
            key=lambda row: _time_order(row.changed_at),
            tooltip=lambda row: texts.tooltip(
                f"{texts.moment(row.changed_at)} ({texts.clock(row.changed_at)})"
                if row.changed_at
                else ""
            ),
        ),
    }


def fraction_words(row: WorklistRow) -> str:
    """Return the fraction of a row as ``"3 of 35"``; empty where it is not known."""
    return texts.fraction(row.fraction_number, row.fractions_planned)


def progress_words(row: WorklistRow) -> str:
    """Return the progress of a row as ``"40 %, beam 2"``; empty where none was reported."""
    if row.percent is None:
        return ""
    percent = _tr("{0} %").format(texts.number(row.percent, 0))
    if row.beam_number is None or (row.state is not None and row.state.is_final):
        return percent
    return _tr("{0} · beam {1}").format(percent, row.beam_number)


@dataclass(frozen=True, slots=True)
class WorklistFilter:
    """Which rows of a worklist are shown; a predicate over rows.

    Parameters
    ----------
    text : str
        Words that all must occur in patient, machine, plan, label, owner or UID.
    machine : str
        The machine; empty for any.
    first, last : date or None
        The days of the scheduled start, in local time; None for any.
    states : frozenset of ProcedureStepState
        The states; empty for any.
    """

    text: str = ""
    machine: str = ""
    first: date | None = None
    last: date | None = None
    states: frozenset[ProcedureStepState] = frozenset()

    def __call__(self, row: WorklistRow) -> bool:
        """Return whether a row is shown."""
        if self.states and row.state not in self.states:
            return False
        if self.machine and row.machine != self.machine:
            return False
        if not self._is_in_days(row.start):
            return False
        return all(word in row.search for word in self.text.casefold().split())

    @property
    def is_empty(self) -> bool:
        """Whether everything is shown."""
        return self == WorklistFilter()

    def words(self) -> str:
        """Return in words what is asked for, e.g. ``"machine 'TR1', state In progress"``."""
        said = []
        if self.text.strip():
            said.append(_tr("text '{0}'").format(texts.plain(self.text.strip(), 60)))
        if self.machine:
            said.append(_tr("machine '{0}'").format(texts.plain(self.machine, 60)))
        if self.first or self.last:
            said.append(self._day_words())
        if self.states:
            chosen = (state for state in ProcedureStepState if state in self.states)
            said.append(_tr("state {0}").format(" / ".join(map(texts.state_words, chosen))))
        return ", ".join(said)

    def _is_in_days(self, start: datetime | None) -> bool:
        if self.first is None and self.last is None:
            return True
        if start is None:
            return False
        day = start.date()
        return (self.first is None or day >= self.first) and (self.last is None or day <= self.last)

    def _day_words(self) -> str:
        days = [f"{day:%Y-%m-%d}" if day else "…" for day in (self.first, self.last)]
        if days[0] == days[1]:
            return _tr("day {0}").format(days[0])
        return _tr("days {0} to {1}").format(*days)


def _cut(text: str) -> str:
    return text[:_LONGEST]


def _local(moment: datetime | None) -> datetime | None:
    """Return a moment in local time, or None for one that has no local time here (year 1)."""
    try:
        return moment.astimezone() if moment else None
    except (OverflowError, OSError, ValueError):
        return None


def _state_order(row: WorklistRow) -> int:
    return _STATES.get(row.state, len(_STATES)) if row.state else len(_STATES)


def _time_order(moment: datetime | None) -> tuple[bool, float]:
    return (moment is None, moment.timestamp() if moment else 0.0)


def _number_order(number: float | None) -> tuple[bool, float]:
    return (number is None, number or 0)


def _tr(text: str) -> str:
    return QCoreApplication.translate("Worklist", text)
