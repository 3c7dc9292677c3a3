"""Manual mode for testers: requests by hand, and records of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tdwii_gui.actors.session_state import SessionState
from tdwii_gui.ui.panels.manual_progress import ManualProgress
from tdwii_gui.ui.panels.manual_records import ManualRecords
from tdwii_gui.ui.panels.tab_card import TabCard

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

_ENDED: Final = (SessionState.DELIVERED, SessionState.STOPPED)


class ManualPanel(TabCard):
    """Shown in the place of the beam's eye view.

    Attributes
    ----------
    progress : ManualProgress
        Progress and the end of the step by hand.
    records : ManualRecords
        Records in the place of the emulator's own.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("manual_tabs", self.tr("Manual mode"), parent)
        self.setObjectName("manual_panel")
        self.progress = ManualProgress()
        self.records = ManualRecords()
        self._state: SessionState | None = None
        self.add_page(self.progress, self.tr("Requests by hand"))
        self.add_page(self.records, self.tr("Own records"))

    def show_state(self, state: SessionState) -> None:
        """Turn to what comes next: requests while the beam is on, then the records."""
        if state is not self._state and state in _ENDED:
            self.show_page(self.records)
        if state is SessionState.READY:
            self.show_page(self.progress)
        self._state = state
