"""The checks before beam on: step, plan and instruction must mean the same treatment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tdwii_gui.ui.models.check_rows import check_model
from tdwii_gui.ui.panels.card import Card
from tdwii_gui.ui.panels.labels import Chip
from tdwii_gui.ui.panels.table import Table
from tdwii_gui.ui.theme import Tone

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtWidgets import QWidget

    from tdwii_gui.actors.checks import Check


class ChecksPanel(Card):
    """A row per comparison, and the outcome of all."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(self.tr("Checks"), parent)
        self.setObjectName("checks_panel")
        self._outcome = Chip()
        self._outcome.setObjectName("checks_outcome")
        self.head.addWidget(self._outcome)
        self.model = check_model()
        self.table = Table(
            self.model,
            name="checks",
            accessible_name=self.tr("Checks of step, plan and instruction"),
            empty=lambda: self.tr(
                "The checks run when the plan is here, and again with the instruction."
            ),
        )
        self.body.addWidget(self.table, 1)
        self.show_checks(())

    def show_checks(self, checks: Sequence[Check]) -> None:
        """Show the outcome of checks."""
        self.model.replace_all(checks)
        self._outcome.setVisible(bool(checks))
        blocking = sum(check.is_obstacle for check in checks)
        warning = sum(not check.passed for check in checks) - blocking
        if blocking:
            words = self.tr("{0} of {1} block the beam").format(blocking, len(checks))
            self._outcome.show_state(Tone.FAULT, "✕", words)
        elif warning:
            words = self.tr("{0} of {1} warn").format(warning, len(checks))
            self._outcome.show_state(Tone.PROGRESS, "⚠", words)
        else:
            words = self.tr("All {0} agree").format(len(checks))
            self._outcome.show_state(Tone.DONE, "✓", words)
