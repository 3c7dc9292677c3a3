"""The steps that a PPVS prepares for: each with how many of its inputs are here.

`StepReader` uses no Qt and may run on any thread.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from tdwii_gui.ui import texts
from tdwii_gui.ui.models.row_model import Column, RowModel
from tdwii_gui.ui.models.worklist import WorklistColumn, WorklistRow, worklist_columns
from tdwii_gui.ui.theme import Tone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tdwii_gui.dicom.iod.references import InputReference
    from tdwii_gui.dicom.iod.ups import Ups

_WITH_INPUTS = 300


@dataclass(frozen=True, slots=True)
class StepReading:
    """What is read of a step at once.

    Parameters
    ----------
    row : WorklistRow
        What a worklist shows of it.
    references : tuple[InputReference, ...] or None
        Its inputs; None where they were not read.
    photos : tuple[InputReference, ...]
        The photographs of the patient, which are no inputs.
    here : frozenset[str]
        SOP Instance UIDs of those of both that are in the store.
    """

    row: WorklistRow
    references: tuple[InputReference, ...] | None
    photos: tuple[InputReference, ...]
    here: frozenset[str]


@dataclass(frozen=True, slots=True)
class StepInputRow:
    """A step and how many of its inputs are here; None as long as that is not counted.

    Parameters
    ----------
    missing, unresolved : int
        What could not be had when it was last asked for: inputs that the step names, and what
        these refer to.
    is_retrieving : bool
        Whether they are asked for now.
    """

    step: WorklistRow
    here: int | None = None
    expected: int | None = None
    missing: int = 0
    unresolved: int = 0
    is_retrieving: bool = False

    @property
    def uid(self) -> str:
        """SOP Instance UID of the step."""
        return self.step.uid

    @property
    def is_complete(self) -> bool:
        """Whether all inputs are here."""
        return self.here is not None and self.here == self.expected


class StepReader:
    """Reads steps one by one as they arrive, for thousands at once take seconds."""

    def __init__(self) -> None:
        self._read: list[StepReading] = []

    def take(self, step: Ups) -> None:
        """Read a step; the inputs only of the first 300."""
        row = WorklistRow.from_step(step, None)
        if len(self._read) < _WITH_INPUTS:
            reading = StepReading(row, step.inputs, step.photos, frozenset())
        else:
            reading = StepReading(row, None, (), frozenset())
        self._read.append(reading)

    def finish(self, present: Callable[[Iterable[str]], set[str]]) -> list[StepReading]:
        """Return what was read.

        Parameters
        ----------
        present : Callable
            Tells which instances are in the store.
        """
        named = [
            {one.sop_instance_uid for one in (*(reading.references or ()), *reading.photos)}
            for reading in self._read
        ]
        here = present(uid for uids in named for uid in uids)
        return [
            replace(reading, here=frozenset(uids & here)) if uids else reading
            for reading, uids in zip(self._read, named, strict=True)
        ]


def step_input_model() -> RowModel[StepInputRow]:
    """Return an empty model of steps with their inputs."""
    state, patient, machine, start, fraction = (
        _of_step(column)
        for column in worklist_columns(
            (
                WorklistColumn.STATE,
                WorklistColumn.PATIENT,
                WorklistColumn.MACHINE,
                WorklistColumn.START,
                WorklistColumn.FRACTION,
            )
        )
    )
    columns = [
        state,
        replace(patient, text=_patient_words, tooltip=patient.text, share=1),
        replace(machine, share=1),
        replace(start, title=_tr("Start"), text=_start_words, tooltip=start.text),
        replace(fraction, title=_tr("Fx"), text=_fraction_words, tooltip=fraction.text),
        Column(_tr("Here"), inputs_words, key=_inputs_order, tone=_tone),
    ]
    return RowModel(columns, key=lambda row: row.uid)


def inputs_words(row: StepInputRow) -> str:
    """Return how many inputs are here, e.g. ``"✓ 33/33"``."""
    if row.here is None or row.expected is None:
        return "…"
    if not row.expected:
        return _tr("none named")
    return f"{_glyph(row)} {row.here}/{row.expected}"


def _patient_words(row: StepInputRow) -> str:
    return texts.person_name(row.step.patient_name) or row.step.patient


def _start_words(row: StepInputRow) -> str:
    """Return when a step begins: the time alone, if that is today."""
    start = row.step.start
    if start is None:
        return texts.plain(row.step.start_value, 20)
    if start.date() == datetime.now().astimezone().date():
        return f"{start:%H:%M}"
    return f"{start.day} {start:%b, %H:%M}"


def _fraction_words(row: StepInputRow) -> str:
    number, planned = row.step.fraction_number, row.step.fractions_planned
    if number is None:
        return ""
    return str(number) if planned is None else f"{number}/{planned}"


def _of_step(column: Column[WorklistRow]) -> Column[StepInputRow]:
    """Return a worklist's column for rows that hold a worklist's row."""
    key, tooltip, tone = column.key, column.tooltip, column.tone
    return Column(
        column.title,
        lambda row: column.text(row.step),
        key=None if key is None else lambda row: key(row.step),
        right=column.right,
        tooltip=None if tooltip is None else lambda row: tooltip(row.step),
        tone=None if tone is None else lambda row: tone(row.step),
        share=min(column.share, 1),
    )


def _glyph(row: StepInputRow) -> str:
    if row.is_complete:
        return "✓"
    if row.is_retrieving:
        return "↓"
    if row.missing:
        return "✕"
    return "⚠" if row.unresolved else "○"


def _tone(row: StepInputRow) -> Tone | None:
    if not row.expected:
        return Tone.NEUTRAL
    if row.is_complete:
        return Tone.DONE
    if row.is_retrieving or (row.unresolved and not row.missing):
        return Tone.PROGRESS
    return Tone.FAULT if row.missing else Tone.ACCENT


def _inputs_order(row: StepInputRow) -> float:
    return (row.here or 0) / row.expected if row.expected else -1.0


def _tr(text: str) -> str:
    return QCoreApplication.translate("StepInputs", text)
