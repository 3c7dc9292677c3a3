"""The strip of states: what is done, where the work is, what is still to come."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QWidget

from tdwii_gui.dicom.iod.ups import ProcedureStepState
from tdwii_gui.ui import texts
from tdwii_gui.ui.theme import set_property

_STATES: Final = tuple(ProcedureStepState)[:3]
_GLYPHS = {"waiting": "", "done": "✓", "progress": "▶", "fault": "✕", "ready": "✓", "neutral": "⊘"}


class StateStrip(QWidget):
    """A row of stages, of which one is the current one."""

    def __init__(self, stages: list[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("state_strip")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        self._stages = stages
        self._labels = [QLabel(stage) for stage in stages]
        for label in self._labels:
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            label.setProperty("stage", "waiting")
            layout.addWidget(label, 1)
        self._current = -1

    @property
    def current(self) -> int:
        """The stage in which the work is; -1 for none."""
        return self._current

    def show_stage(self, number: int, look: str = "accent", words: str = "") -> None:
        """Show that the work is in a stage: those before are done, those after wait.

        Parameters
        ----------
        number : int
            Counted from 0; -1 for none.
        look : str
            ``accent``, ``ready``, ``progress``, ``done``, ``fault`` or ``neutral``.
        words : str
            What the stage says instead of its name, translated.
        """
        self._current = number
        for place, label in enumerate(self._labels):
            stage = "done" if place < number else look if place == number else "waiting"
            text = words if words and place == number else self._stages[place]
            glyph = _GLYPHS.get(stage, "●")
            label.setText(f"{glyph} {text}" if glyph else text)
            set_property(label, "stage", stage)
        name = self._labels[number].text() if number >= 0 else ""
        self.setAccessibleName(self.tr("State: {0}").format(name))


class StepStates(StateStrip):
    """The states of a Unified Procedure Step (PS3.4 CC.1.1), of which the last may be canceled."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__([texts.state_words(state) for state in _STATES], parent)

    def show_state(self, state: ProcedureStepState | None) -> None:
        """Show in which state the step is that the window shows; None for no step."""
        match state:
            case None:
                self.show_stage(-1)
            case ProcedureStepState.CANCELED:
                self.show_stage(len(_STATES) - 1, "neutral", texts.state_words(state))
            case ProcedureStepState.IN_PROGRESS:
                self.show_stage(_STATES.index(state), "progress")
            case ProcedureStepState.COMPLETED:
                self.show_stage(_STATES.index(state), "done")
            case _:
                self.show_stage(_STATES.index(state))
