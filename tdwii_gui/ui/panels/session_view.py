"""All that is seen of a treatment session: first what is verified, then what is delivered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from tdwii_gui.actors.session_state import SessionState
from tdwii_gui.ui.models.delivery_rows import current_row
from tdwii_gui.ui.panels.beam_view import BeamView
from tdwii_gui.ui.panels.beams_panel import BeamsPanel
from tdwii_gui.ui.panels.checks_table import ChecksPanel
from tdwii_gui.ui.panels.identity_check import IdentityCheck
from tdwii_gui.ui.panels.inputs_panel import InputsPanel
from tdwii_gui.ui.panels.manual_panel import ManualPanel
from tdwii_gui.ui.panels.session_summary import SessionSummary

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tdwii_gui.actors.delivery import DeliveryProgress
    from tdwii_gui.dicom.iod.ups import Ups
    from tdwii_gui.ui.models.beam_path import BeamPath
    from tdwii_gui.ui.models.delivery_rows import BeamRow
    from tdwii_gui.ui.panels.session_facts import Facts

_SPACING = 12
_VERIFYING = (
    SessionState.SELECTED,
    SessionState.INPUTS_READY,
    SessionState.CONFIRMED,
    SessionState.CLAIMED,
)


class SessionView(QWidget):
    """The panels of a session, of which those are in sight that its state needs.

    Attributes
    ----------
    inputs, checks, identity : InputsPanel, ChecksPanel, IdentityCheck
        Before the claim.
    beams, beam_view, manual, summary : BeamsPanel, BeamView, ManualPanel, SessionSummary
        After it.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.inputs = InputsPanel()
        self.checks = ChecksPanel()
        self.identity = IdentityCheck()
        self.beams = BeamsPanel()
        self.beam_view = BeamView()
        self.manual = ManualPanel()
        self.summary = SessionSummary()
        self._verify = _columns(_rows(self.inputs, self.checks), self.identity, (3, 2))
        self._side = QStackedWidget()
        for each in (self.beam_view, self.manual, self.summary):
            self._side.addWidget(each)
        self._deliver = _columns(self.beams, self._side, (4, 3))
        self._pages = QStackedWidget()
        self._pages.addWidget(self._verify)
        self._pages.addWidget(self._deliver)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._pages)
        self._is_manual = False
        self._state = SessionState.SELECTED
        self._focused_for: SessionState | None = None

    def show_step(self, step: Ups | None, fallback_ae: str = "") -> None:
        """Begin with a step: nothing of it is here yet."""
        self._focused_for = None
        self.inputs.show_step(step, fallback_ae)
        self.identity.show_step(step)
        self.checks.show_checks(())
        self.show_beams((), {})
        self.manual.records.show_records((), ())

    def show_beams(self, rows: Sequence[BeamRow], paths: Mapping[int, BeamPath]) -> None:
        """Show the beams that the instruction asks for."""
        self.beams.show_beams(rows)
        self.beams.show_inputs(self.inputs.summary())
        self.manual.progress.show_beams(rows)
        self.beam_view.show_paths(paths)
        if rows:
            current = current_row(rows)
            self.beam_view.show_start(current.number, current.delivered)

    def progress(self, progress: DeliveryProgress) -> None:
        """Show how far the delivery has come."""
        self.beams.progress(progress)
        self.beam_view.progress(progress)

    def show_state(self, state: SessionState) -> None:
        """Bring the panels of a state in sight."""
        self._state = state
        self._pages.setCurrentWidget(self._verify if state in _VERIFYING else self._deliver)
        self.beam_view.show_beam_on(is_on=state is SessionState.BEAM_ON)
        self.beams.show_state(state)
        self.manual.show_state(state)
        self._show_side()

    def show_end(self, state: SessionState, facts: Facts) -> None:
        """Show how the session has ended."""
        self.summary.show_end(state, facts)

    def show_manual(self, *, is_manual: bool) -> None:
        """Show the panel for testers in the place of the beam's eye view, or not."""
        self._is_manual = is_manual
        self._show_side()

    def move_focus(self, state: SessionState, target: QWidget) -> None:
        """Bring the keyboard to what comes next, but never away from a tester's fields."""
        if state is SessionState.INPUTS_READY:
            target = self.identity.boxes["name"]
        if state is not self._focused_for and target.isEnabled():
            self._focused_for = state
            if not self.manual.isAncestorOf(self.window().focusWidget()):
                target.setFocus(Qt.FocusReason.OtherFocusReason)

    def _show_side(self) -> None:
        side = self.manual if self._is_manual else self.beam_view
        self._side.setCurrentWidget(self.summary if self._state.is_final else side)


def _rows(upper: QWidget, lower: QWidget) -> QWidget:
    holder = QWidget()
    layout = QVBoxLayout(holder)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(_SPACING)
    layout.addWidget(upper, 1)
    layout.addWidget(lower, 1)
    return holder


def _columns(left: QWidget, right: QWidget, shares: tuple[int, int]) -> QWidget:
    holder = QWidget()
    layout = QHBoxLayout(holder)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(_SPACING)
    layout.addWidget(left, shares[0])
    layout.addWidget(right, shares[1])
    return holder
