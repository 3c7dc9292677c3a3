"""How the run of a scenario has ended, in a line, with the way to its evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QWidget

from tdwii_gui.scenario.results import StepOutcome
from tdwii_gui.ui import texts
from tdwii_gui.ui.panels.labels import Chip, ElidedLabel
from tdwii_gui.ui.theme import Tone

if TYPE_CHECKING:
    from tdwii_gui.scenario.results import ScenarioResult


class ResultBar(QFrame):
    """The outcome of a run.

    Attributes
    ----------
    evidence : QPushButton
        Writes the evidence pack of it.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("result_bar")
        self.setProperty("card", True)
        self._chip = Chip()
        self._chip.setObjectName("result_chip")
        self._words = ElidedLabel()
        self._words.setObjectName("result_words")
        self.evidence = QPushButton(self.tr("&Evidence…"))
        self.evidence.setObjectName("evidence_button")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(14, 8, 14, 8)
        layout.setSpacing(12)
        layout.addWidget(self._chip)
        layout.addWidget(self._words, 1)
        layout.addWidget(self.evidence)
        self.show_nothing()

    @property
    def words(self) -> str:
        """What it says."""
        return self._words.whole_text

    def show_nothing(self) -> None:
        """Show that nothing has run."""
        self._chip.show_state(Tone.NEUTRAL, "○", self.tr("Not run"))
        self._words.set_text(
            self.tr("Run plays the whole scenario; Step does one step, beside the ladder.")
        )
        self.evidence.setEnabled(False)

    def show_progress(self, words: str, *, paused: bool) -> None:
        """Show what is going on."""
        self._chip.show_state(Tone.PROGRESS, "❚❚" if paused else "▶", words)
        self._words.set_text("")
        self.evidence.setEnabled(False)

    def add_verdict(self, words: str, *, conforms: bool) -> None:
        """Say besides what the judge has found of another system."""
        self._words.set_text("  ·  ".join(filter(None, (self.words, words))))
        if not conforms:
            self._chip.show_state(Tone.FAULT, "✕", self.tr("Does not conform"))

    def show_result(self, result: ScenarioResult, *, can_prove: bool) -> None:
        """Show how a run has ended."""
        self.evidence.setEnabled(can_prove)
        counts = dict.fromkeys(StepOutcome, 0)
        for step in result.steps:
            counts[step.outcome] += 1
        passed = self.tr("{0} of {1} steps passed in {2} s").format(
            counts[StepOutcome.PASSED], len(result.steps), texts.number(result.seconds)
        )
        if result.passed:
            self._chip.show_state(Tone.DONE, "✓", self.tr("Passed"))
            self._words.set_text(passed)
            return
        failed = next((one for one in result.steps if one.outcome is StepOutcome.FAILED), None)
        if failed is None:
            self._chip.show_state(Tone.NEUTRAL, "⊘", self.tr("Stopped"))
            self._words.set_text(passed)
            return
        self._chip.show_state(Tone.FAULT, "✕", self.tr("Failed"))
        what = self.tr("Step {0}: {1}: {2}").format(failed.index + 1, failed.title, failed.words)
        self._words.set_text(f"{passed}  ·  {what}")
