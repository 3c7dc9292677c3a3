"""What testers do by hand: requests to the TMS, and records of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot

from tdwii_gui.dicom.status import status_words
from tdwii_gui.dicom.uids import new_uid
from tdwii_gui.ui import texts
from tdwii_gui.ui.archive_search import record_dialog
from tdwii_gui.ui.models.finding_rows import finding_rows
from tdwii_gui.ui.panels.manual_progress import Key
from tdwii_gui.ui.session_reading import CheckedRecord, take_records

if TYPE_CHECKING:
    from concurrent.futures import Future
    from pathlib import Path

    from tdwii_gui.actors.archive_search import FoundObject
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
        panel.progress.progress_wanted.connect(self._on_progress)
        panel.progress.end_wanted.connect(self._on_end)
        panel.records.files_chosen.connect(self._on_files)
        panel.records.archive_wanted.connect(self._on_archive)
        panel.records.own_wanted.connect(self._on_own)

    @Slot(float, int, str, str)
    def _on_progress(self, percent: float, beam: int, words: str, key: str) -> None:
        if self.session is None:
            return
        uid = self.session.step.sop_instance_uid
        sending = (
            self._tdd.update_progress(uid, percent, beam, words)
            if key == Key.OWN
            else self._tdd.try_progress(uid, percent, beam, _foreign(key))
        )
        self._await(sending, self.tr("Sending progress (RO-62)"))

    @Slot(str)
    def _on_end(self, key: str) -> None:
        """Ask to complete the step without the claim's Transaction UID."""
        if self.session is not None:
            uid = self.session.step.sop_instance_uid
            asking = self._tdd.try_completion(uid, _foreign(key))
            self._await(asking, self.tr("Trying to complete the step (RO-65)"))

    def _await(self, future: Future[int], words: str) -> None:
        """Show what the TMS answers."""
        progress = self._panel.progress
        self._desk.job(
            future,
            words,
            lambda status: progress.show_answer(self._answer_words(status_words(status))),
            lambda error: progress.show_answer(self._answer_words(str(error))),
        )

    def _answer_words(self, words: str) -> str:
        return self.tr("Answer: {0}").format(words)

    @Slot(object)
    def _on_files(self, paths: list[Path]) -> None:
        self._take({path: path.name for path in paths})

    @Slot()
    def _on_own(self) -> None:
        self._take({})

    @Slot()
    def _on_archive(self) -> None:
        """Let the tester choose earlier records of the patient."""
        session = self.session
        if session is not None:
            patient_id = session.step.patient_id
            dialog = record_dialog(self._tdd, self._desk.bridge, self._panel.window(), patient_id)
            dialog.fetched.connect(self._on_fetched)
            dialog.open()

    @Slot(object)
    def _on_fetched(self, fetched: list[tuple[FoundObject, Path]]) -> None:
        self._take({path: f"{found.label} {texts.date(found.date)}" for found, path in fetched})

    def _take(self, names: dict[Path, str]) -> None:
        session = self.session
        if session is None:
            return

        def read() -> list[CheckedRecord]:
            return take_records(session, names)

        reading = self._desk.background.submit("records", "", read)
        self._desk.job(reading, self.tr("Reading records"), self._show_records)

    def _show_records(self, records: list[CheckedRecord]) -> None:
        rows = finding_rows((record.name, record.findings) for record in records)
        self._panel.records.show_records([record.name for record in records], rows)


def _foreign(key: str) -> str:
    """Return a Transaction UID that is not the claim's, or none."""
    return new_uid() if key == Key.WRONG else ""
