"""The steps that a PPVS prepares for: each with how many of its inputs are here.

`StepReader` uses no Qt and may run on any thread.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from tdwii_gui.dicom.uids import RT_BEAMS_DELIVERY_INSTRUCTION, VL_PHOTOGRAPHIC_IMAGE
from tdwii_gui.ui import texts
from tdwii_gui.ui.models.input_rows import InputRow, kind_words
from tdwii_gui.ui.models.row_model import Column, RowModel
from tdwii_gui.ui.models.worklist import WorklistColumn, WorklistRow, worklist_columns
from tdwii_gui.ui.theme import Tone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tdwii_gui.dicom.iod.references import InputReference
    from tdwii_gui.dicom.iod.ups import Ups

_COLUMNS = (
    WorklistColumn.STATE,
    WorklistColumn.PATIENT,
    WorklistColumn.MACHINE,
    WorklistColumn.START,
    WorklistColumn.FRACTION,
)

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
    missing : int
        Inputs that could not be had when they were last asked for.
    is_retrieving : bool
        Whether they are asked for now.
    """

    step: WorklistRow
    here: int | None = None
    expected: int | None = None
    missing: int = 0
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
    columns = [_of_step(column) for column in worklist_columns(_COLUMNS)]
    columns.append(Column(_tr("Inputs"), inputs_words, key=_inputs_order, tone=_tone))
    return RowModel(columns, key=lambda row: row.uid)


def inputs_words(row: StepInputRow) -> str:
    """Return how many inputs are here, e.g. ``"✓ 33 of 33 here"``."""
    if row.here is None or row.expected is None:
        return "…"
    if not row.expected:
        return _tr("none named")
    counted = _tr("{0} of {1} here").format(row.here, row.expected)
    return f"{_glyph(row)} {counted}"


def step_kind_model() -> RowModel[InputRow]:
    """Return an empty model of what has arrived of one step, a row for each kind and series."""
    columns: list[Column[InputRow]] = [
        Column(
            _tr("Object"),
            lambda row: _kind(row.sop_class_uid),
            tooltip=lambda row: texts.tooltip(kind_words(row.sop_class_uid)),
            share=1,
        ),
        Column(
            _tr("Here"),
            lambda row: f"{_kind_glyph(row)} {row.here}/{row.expected}",
            key=lambda row: row.here / max(row.expected, 1),
            tone=_kind_tone,
        ),
        Column(
            _tr("From, or why not"),
            lambda row: texts.plain(_kind_reason(row) or row.archive) or "–",
            tooltip=lambda row: texts.tooltip(_kind_reason(row) or row.archive),
            tone=lambda row: Tone.FAULT if _kind_reason(row) else None,
            share=1,
        ),
    ]
    return RowModel(columns, key=lambda row: row.key)


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


def _kind(sop_class_uid: str) -> str:
    """Return what an instance is, the long names shortened."""
    short: dict[str, str] = {
        RT_BEAMS_DELIVERY_INSTRUCTION: _tr("Delivery instruction"),
        VL_PHOTOGRAPHIC_IMAGE: _tr("Photo"),
    }
    return short.get(sop_class_uid) or kind_words(sop_class_uid)


def _kind_glyph(row: InputRow) -> str:
    if row.here >= row.expected:
        return "✓"
    return "✕" if row.reason else "…"


def _kind_tone(row: InputRow) -> Tone:
    if row.here >= row.expected:
        return Tone.DONE
    return Tone.FAULT if row.reason else Tone.ACCENT


def _kind_reason(row: InputRow) -> str:
    return row.reason if row.here < row.expected else ""


def _glyph(row: StepInputRow) -> str:
    if row.is_complete:
        return "✓"
    if row.is_retrieving:
        return "↓"
    return "✕" if row.missing else "○"


def _tone(row: StepInputRow) -> Tone | None:
    if not row.expected:
        return Tone.NEUTRAL
    if row.is_complete:
        return Tone.DONE
    if row.is_retrieving:
        return Tone.PROGRESS
    return Tone.FAULT if row.missing else Tone.ACCENT


def _inputs_order(row: StepInputRow) -> float:
    return (row.here or 0) / row.expected if row.expected else -1.0


def _tr(text: str) -> str:
    return QCoreApplication.translate("StepInputs", text)
