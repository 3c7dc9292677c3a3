"""Scenarios and their steps, as rows."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from tdwii_gui.ui import texts
from tdwii_gui.ui.models.row_model import Column, RowModel
from tdwii_gui.ui.theme import Tone

if TYPE_CHECKING:
    from tdwii_gui.scenario.document import Scenario, ScenarioStep

_LIMIT = 400


class Mark(Enum):
    """How far a scenario or a step has come."""

    WAITING = "waiting"
    RUNNING = "running"
    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"

    @property
    def glyph(self) -> str:
        """The sign that stands before its word."""
        return {"waiting": "○", "running": "▶", "passed": "✓", "failed": "✕", "skipped": "⊘"}[
            self.value
        ]

    @property
    def tone(self) -> Tone:
        """Its colour."""
        return {
            "waiting": Tone.NEUTRAL,
            "running": Tone.PROGRESS,
            "passed": Tone.DONE,
            "failed": Tone.FAULT,
            "skipped": Tone.NEUTRAL,
        }[self.value]

    @property
    def word(self) -> str:
        """What it says, translated."""
        return {
            "waiting": _tr("Not run"),
            "running": _tr("Running"),
            "passed": _tr("Passed"),
            "failed": _tr("Failed"),
            "skipped": _tr("Skipped"),
        }[self.value]


@dataclass(frozen=True, slots=True)
class ScenarioRow:
    """A scenario with how its last run ended.

    Parameters
    ----------
    key : str
        The file, or the name of one that is shipped.
    is_own : bool
        Whether the user has opened it.
    """

    key: str
    scenario: Scenario
    is_own: bool = False
    mark: Mark = Mark.WAITING


@dataclass(frozen=True, slots=True)
class StepRow:
    """A step with its result.

    Parameters
    ----------
    number : int
        From 1.
    words : str
        What came of it.
    seconds : float or None
        How long it took.
    """

    number: int
    step: ScenarioStep
    mark: Mark = Mark.WAITING
    words: str = ""
    seconds: float | None = None


def scenario_model() -> RowModel[ScenarioRow]:
    """Return an empty model of scenarios."""
    columns: list[Column[ScenarioRow]] = [
        Column(
            _tr("Scenario"),
            lambda row: f"{row.mark.glyph}  {texts.plain(row.scenario.title, _LIMIT)}",
            tooltip=lambda row: texts.tooltip(
                f"{row.scenario.title} – {row.mark.word}: {row.scenario.purpose}"
            ),
            tone=lambda row: None if row.mark is Mark.WAITING else row.mark.tone,
            share=1,
        ),
    ]
    return RowModel(columns, key=lambda row: row.key)


def step_model() -> RowModel[StepRow]:
    """Return an empty model of a scenario's steps."""
    columns: list[Column[StepRow]] = [
        Column(
            _tr("#"),
            lambda row: f"{row.mark.glyph} {row.number}",
            key=lambda row: row.number,
            tone=lambda row: row.mark.tone,
        ),
        Column(
            _tr("What is done"),
            lambda row: texts.plain(row.step.title, _LIMIT),
            tooltip=_step_tooltip,
            share=1,
        ),
        Column(_tr("RO"), _numbers_of),
        Column(
            _tr("s"),
            lambda row: "" if row.seconds is None else texts.number(row.seconds, 1),
            key=lambda row: row.seconds or 0,
            right=True,
        ),
    ]
    return RowModel(columns, key=lambda row: row.number)


def _numbers_of(row: StepRow) -> str:
    """Return the transactions of a step without what the head of the column says."""
    return ", ".join(name.removeprefix("RO-") for name in row.step.transactions)


def _step_tooltip(row: StepRow) -> str:
    where = _tr("{0}, line {1}").format(row.step.name, row.step.line)
    return texts.tooltip(f"{where} · {row.words}" if row.words else where)


def _tr(text: str) -> str:
    return QCoreApplication.translate("Scenarios", text)
