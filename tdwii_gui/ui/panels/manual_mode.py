"""What testers do by hand: progress to the TMS, and records from files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot

from tdwii_gui.ui.session_reading import take_records

if TYPE_CHECKING:
    from pathlib import Path

    from tdwii_gui.actors.tdd import Tdd
    from tdwii_gui.actors.treatment_session import TreatmentSession
    from tdwii_gui.ui.panels.desk import Desk
    from tdwii_gui.ui.panels.manual_panel import ManualPanel


class ManualMode(QObject):
    """Carries out what the panel for testers asks for, in the session of the moment."""

    def __init__(self, tdd: Tdd, desk: Desk, panel: ManualPanel) -> None:
        super().__init__(panel)
        self._tdd = tdd
        self._desk = desk
        self._panel = panel
        self.session: TreatmentSession | None = None
        panel.progress_wanted.connect(self._on_progress)
        panel.files_chosen.connect(self._on_files)

    @Slot(float, int, str)
    def _on_progress(self, percent: float, beam: int, words: str) -> None:
        if self.session is not None:
            uid = self.session.step.sop_instance_uid
            sending = self._tdd.update_progress(uid, percent, beam, words)
            self._desk.job(sending, self.tr("Sending progress (RO-62)"))

    @Slot(object)
    def _on_files(self, paths: list[Path]) -> None:
        session = self.session
        if session is None:
            return
        reading = self._desk.background.submit("records", "", lambda: take_records(session, paths))
        self._desk.job(reading, self.tr("Reading record files"), self._panel.show_files)
