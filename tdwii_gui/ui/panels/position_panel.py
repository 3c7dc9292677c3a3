"""The position check: imaging, by how much the patient is off, and whether that is accepted."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QDoubleSpinBox,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QWidget,
)

from tdwii_gui.actors.imaging import ImagingPhase, ImagingState, PositionCheck
from tdwii_gui.ui import texts
from tdwii_gui.ui.panels.card import Card
from tdwii_gui.ui.panels.labels import Chip, ElidedLabel, field_label, set_primary
from tdwii_gui.ui.theme import Tone

_FARTHEST_MM: Final = 999.9
_WIDEST_DEGREES: Final = 180.0
_COMMENT: Final = 200
_NARROWEST: Final = 78
_SHIFTS: Final = ("lateral_mm", "longitudinal_mm", "vertical_mm")
_ANGLES: Final = ("pitch_deg", "roll_deg", "rotation_deg")


class PositionPanel(Card):
    """Starts the imaging for a step and ends it with the outcome.

    Signals
    -------
    start_wanted : str
        Imaging for a step is to begin; SOP Instance UID of the step.
    finish_wanted : PositionCheck
        It is to end with this outcome.
    """

    start_wanted = Signal(str)
    finish_wanted = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.set_title(self.tr("Position check"))
        self.setObjectName("position_panel")
        self._uid = ""
        self._state = ImagingState()
        self._obstacle = ""
        self._is_busy = False
        self._chip = Chip()
        self._chip.setObjectName("imaging_state")
        self.head.addWidget(self._chip)
        self._fields = {name: self._field(name) for name in (*_SHIFTS, *_ANGLES)}
        self._comment = QLineEdit()
        self._comment.setObjectName("position_comment")
        self._comment.setMaxLength(_COMMENT)
        self._comment.setAccessibleName(self.tr("Comment on the position"))
        self._comment.setPlaceholderText(self.tr("Comment"))
        self._comment.textChanged.connect(self._allow)
        self._said = ElidedLabel()
        self._said.setObjectName("imaging_said")
        self._said.setProperty("role", "hint")
        self.start = self._button("start_imaging", self.tr("&Start imaging"), self._on_start)
        self.accept = self._button("accept_position", self.tr("Acce&pt"), self._on_accept)
        self.reject = self._button("reject_position", self.tr("Re&ject"), self._on_reject)
        self._lay_out()
        self.show_step("", ImagingState(), self.tr("Select a step first"))

    def show_step(self, uid: str, state: ImagingState, obstacle: str = "") -> None:
        """Show the imaging for a step; `obstacle` says why it cannot begin."""
        is_new = uid != self._uid or state.mpps_uid != self._state.mpps_uid
        self._uid, self._state, self._obstacle = uid, state, obstacle
        if is_new or state.check is not None:
            self._fill(state.check or PositionCheck(uid))
        self._show_phase()
        self._allow()

    def set_busy(self, *, is_busy: bool) -> None:
        """Wait for the answer to what was asked for."""
        self._is_busy = is_busy
        self._allow()

    @property
    def check(self) -> PositionCheck:
        """What is entered, not accepted."""
        return PositionCheck(
            self._uid,
            lateral_mm=self._fields["lateral_mm"].value(),
            longitudinal_mm=self._fields["longitudinal_mm"].value(),
            vertical_mm=self._fields["vertical_mm"].value(),
            pitch_deg=self._fields["pitch_deg"].value(),
            roll_deg=self._fields["roll_deg"].value(),
            rotation_deg=self._fields["rotation_deg"].value(),
            accepted=False,
            comment=self._comment.text().strip(),
        )

    def _fill(self, check: PositionCheck) -> None:
        for name, field in self._fields.items():
            field.setValue(getattr(check, name))
        self._comment.setText(check.comment)

    def _show_phase(self) -> None:
        state = self._state
        tone, glyph, words = {
            ImagingPhase.NOT_STARTED: (Tone.NEUTRAL, "○", self.tr("Not imaged")),
            ImagingPhase.IN_PROGRESS: (Tone.PROGRESS, "▶", self.tr("Imaging")),
            ImagingPhase.COMPLETED: (Tone.DONE, "✓", self.tr("Accepted")),
            ImagingPhase.DISCONTINUED: (Tone.NEUTRAL, "⊘", self.tr("Rejected")),
        }[state.phase]
        self._chip.show_state(tone, glyph, words)
        self._said.set_text(self._report_words())

    def _report_words(self) -> str:
        """Return what became of the report by MPPS."""
        state = self._state
        if state.phase is ImagingPhase.NOT_STARTED:
            return self.tr("MPPS: none yet")
        phase = self.tr("MPPS {0}").format(state.phase.value)
        if state.problem:
            return self.tr("✕ {0} not reported: {1}").format(phase, texts.plain(state.problem))
        if not state.reported:
            return self.tr("{0}: not reported, by setting").format(phase)
        ended = state.ended or state.started
        return self.tr("✓ {0} reported {1}").format(phase, texts.clock(ended)[:8])

    @Slot()
    def _allow(self) -> None:
        is_imaging = self._state.phase is ImagingPhase.IN_PROGRESS
        busy = self.tr("The answer is awaited") if self._is_busy else ""
        for field in (*self._fields.values(), self._comment):
            field.setEnabled(is_imaging and not busy)
        before = "" if is_imaging else self._obstacle or self.tr("Start the imaging first")
        nothing_said = "" if self._comment.text().strip() else self.tr("Say why in the comment")
        again = self.tr("The imaging is under way") if is_imaging else ""
        for button, why_not in (
            (self.start, busy or again or self._obstacle),
            (self.accept, busy or before),
            (self.reject, busy or before or nothing_said),
        ):
            button.setEnabled(not why_not)
            button.setToolTip(texts.tooltip(why_not))
        is_over = self._state.phase in (ImagingPhase.COMPLETED, ImagingPhase.DISCONTINUED)
        self.start.setText(self.tr("Image &again") if is_over else self.tr("&Start imaging"))
        set_primary(self.accept, is_imaging)

    def set_primary(self, is_primary: bool) -> None:
        """Make the start of the imaging the one thing to do next, or not."""
        is_first = self._state.phase is ImagingPhase.NOT_STARTED
        set_primary(self.start, is_primary and is_first and self.start.isEnabled())

    def _field(self, name: str) -> QDoubleSpinBox:
        field = QDoubleSpinBox()
        field.setObjectName(name)
        is_shift = name in _SHIFTS
        reach = _FARTHEST_MM if is_shift else _WIDEST_DEGREES
        field.setRange(-reach, reach)
        field.setDecimals(1)
        field.setSingleStep(0.5 if is_shift else 0.1)
        field.setAlignment(Qt.AlignmentFlag.AlignRight)
        field.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        field.setMinimumWidth(_NARROWEST)
        return field

    def _button(self, name: str, text: str, call: object) -> QPushButton:
        button = QPushButton(text)
        button.setObjectName(name)
        button.clicked.connect(call)
        return button

    def _lay_out(self) -> None:
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(2)
        words = (
            (self.tr("&Lateral mm"), self.tr("Lon&g. mm"), self.tr("&Vertical mm")),
            (self.tr("Pitc&h °"), self.tr("&Roll °"), self.tr("Rotatio&n °")),
        )
        exact = (
            (self.tr("Lateral in mm"), self.tr("Longitudinal in mm"), self.tr("Vertical in mm")),
            (
                self.tr("Pitch in degrees"),
                self.tr("Roll in degrees"),
                self.tr("Rotation in degrees"),
            ),
        )
        for row, names in enumerate((_SHIFTS, _ANGLES)):
            for column, name in enumerate(names):
                field = self._fields[name]
                field.setAccessibleName(exact[row][column])
                grid.addWidget(field_label(words[row][column], field), 2 * row, column)
                grid.addWidget(field, 2 * row + 1, column)
        line = QHBoxLayout()
        line.setSpacing(8)
        line.addWidget(self.start, 1)
        line.addWidget(self.accept)
        line.addWidget(self.reject)
        self.body.addLayout(grid)
        self.body.addWidget(self._comment)
        self.body.addLayout(line)
        self.body.addWidget(self._said)

    @Slot()
    def _on_start(self) -> None:
        self.start_wanted.emit(self._uid)

    @Slot()
    def _on_accept(self) -> None:
        self._finish(accepted=True)

    @Slot()
    def _on_reject(self) -> None:
        self._finish(accepted=False)

    def _finish(self, *, accepted: bool) -> None:
        self.finish_wanted.emit(replace(self.check, accepted=accepted))
