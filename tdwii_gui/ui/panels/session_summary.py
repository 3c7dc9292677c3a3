"""The end of a session: its state, what was delivered and what was stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tdwii_gui.actors.session_state import SessionState
from tdwii_gui.ui.panels.card import Card
from tdwii_gui.ui.panels.fact_grid import FactGrid
from tdwii_gui.ui.panels.labels import Chip
from tdwii_gui.ui.theme import Tone

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtWidgets import QWidget


class SessionSummary(Card):
    """Shown in the place of the beam's eye view when all is over."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(self.tr("Summary"), parent)
        self.setObjectName("session_summary")
        self._outcome = Chip()
        self._outcome.setObjectName("session_outcome")
        self.head.addWidget(self._outcome)
        self._facts = FactGrid()
        self.body.addWidget(self._facts)
        self.body.addStretch(1)

    def show_end(self, state: SessionState, facts: Sequence[tuple[str, str]]) -> None:
        """Show how a session has ended."""
        if state is SessionState.COMPLETED:
            self._outcome.show_state(Tone.DONE, "✓", self.tr("Completed"))
        else:
            self._outcome.show_state(Tone.NEUTRAL, "⊘", self.tr("Canceled"))
        self._facts.show_facts(facts)
