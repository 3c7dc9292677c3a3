"""Records what the suite's actors say, when the launcher's user wants it."""

from __future__ import annotations

from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Final, Protocol

from PySide6.QtCore import QObject, QTimer, Slot
from PySide6.QtWidgets import QFileDialog

from tdwii_gui.actors.worker import SerialWorker
from tdwii_gui.ui.panels.open_folder import open_folder

if TYPE_CHECKING:
    from tdwii_gui.recording.recorder import Recorder
    from tdwii_gui.ui.bridge import ActorBridge
    from tdwii_gui.ui.launcher_window import LauncherWindow
    from tdwii_gui.ui.suite_control import SuiteControl

_LOOK_MS: Final = 500


class Recordings(Protocol):
    """Where recordings go, and what becomes of them."""

    @property
    def recordings(self) -> Path:
        """The folder of the recordings."""

    def write_evidence(self, recording: Path) -> Path:
        """Write the evidence of a recording, and return its report; takes seconds."""


class RecordingControl(QObject):
    """Between the record button and the switch of the suite.

    Parameters
    ----------
    recordings : Recordings
        Where they go, until the user names another folder, and how evidence is made of one.
    """

    def __init__(
        self,
        window: LauncherWindow,
        control: SuiteControl,
        bridge: ActorBridge,
        recordings: Recordings,
    ) -> None:
        super().__init__(window)
        self._window = window
        self._button = window.record
        self._control = control
        self._bridge = bridge
        self._recordings = recordings
        self._folder = recordings.recordings
        self._worker = SerialWorker("recording", lambda _name, _error: None)
        self._recorder: Recorder | None = None
        self._last: Path | None = None
        self._begun = 0.0
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_MS)
        self._timer.timeout.connect(self._look)
        control.started.connect(self._on_started)
        self._button.toggled.connect(self._on_toggled)
        self._button.folder_wanted.connect(self._on_folder)
        self._button.place_wanted.connect(self._on_place)
        self._button.evidence_wanted.connect(self._on_evidence)

    @property
    def recording(self) -> bool:
        """Whether something is being recorded."""
        return self._recorder is not None

    @property
    def folder(self) -> Path:
        """Where recordings go."""
        return self._folder

    def close(self) -> None:
        """Look no more; the suite ends what it records when it stops."""
        self._timer.stop()
        self._worker.stop(0)

    @Slot()
    def _on_started(self) -> None:
        """Show what is recorded from the program's start on, if it is."""
        suite = self._control.suite
        recorder = suite.recording.recorder if suite else None
        if recorder is not None:
            self._on_begun(recorder)
        self._button.allow(True)

    @Slot()
    def _on_toggled(self) -> None:
        suite = self._control.suite
        if suite is None:
            return
        self._button.allow(False)
        if self._recorder is not None:
            ending = self._worker.submit("end", "", suite.recording.end)
            self._bridge.watch(ending, self._on_stopped, self._on_failed)
            return
        keeps, folder = self._button.with_patient_data.isChecked(), self._folder

        def begin() -> Recorder:
            return suite.recording.begin(folder, patient_data=keeps, on_ended=self._hear_end)

        self._bridge.watch(self._worker.submit("begin", "", begin), self._on_begun, self._on_failed)

    def _on_begun(self, recorder: Recorder) -> None:
        self._recorder, self._last = recorder, recorder.folder
        self._begun = monotonic()
        self._button.allow(True)
        self._timer.start()
        self._look()

    def _on_stopped(self, folder: Path | None) -> None:
        recorder, self._recorder = self._recorder, None
        self._timer.stop()
        self._button.allow(True)
        words = self.tr("{0} messages recorded").format(recorder.message_count) if recorder else ""
        self._button.show_idle(folder, words)
        if folder is not None:
            self._window.messages.done(self.tr("Recorded: {0}").format(folder))

    def _on_failed(self, error: BaseException) -> None:
        self._recorder = None
        self._timer.stop()
        self._button.allow(True)
        self._button.show_idle(self._last)
        self._window.messages.fail(self.tr("Nothing is recorded: {0}").format(error))

    def _hear_end(self, reason: str) -> None:
        """Hear on the recorder's thread that it has ended by itself."""
        self._bridge.post(lambda: self._on_ended(reason))

    def _on_ended(self, reason: str) -> None:
        if self._recorder is None:
            return
        self._window.messages.warn(
            self.tr("The recording has ended: {0}. The actors go on.").format(reason)
        )
        self._on_toggled()

    @Slot()
    def _look(self) -> None:
        recorder = self._recorder
        if recorder is not None:
            self._button.show_recording(
                recorder.folder,
                monotonic() - self._begun,
                recorder.message_count,
                recorder.bytes_written,
                patient_data=recorder.patient_data,
            )

    @Slot()
    def _on_folder(self) -> None:
        if self._last is not None:
            open_folder(self._last)

    @Slot()
    def _on_place(self) -> None:
        """Let the user choose where recordings go."""
        dialog = QFileDialog(self._window, self.tr("Record into a folder"))
        dialog.setObjectName("record_place_dialog")
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(self._on_place_chosen)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    @Slot(str)
    def _on_place_chosen(self, path: str) -> None:
        self._folder = Path(path)

    @Slot()
    def _on_evidence(self) -> None:
        """Write an evidence pack of the last recording, and open it."""
        folder = self._last
        if folder is None or self._recorder is not None:
            self._window.messages.warn(self.tr("Record something first, then stop recording."))
            return
        self._window.messages.say(self.tr("Writing the evidence …"))
        self._bridge.watch(
            self._worker.submit("evidence", "", lambda: self._recordings.write_evidence(folder)),
            self._on_written,
            lambda error: self._window.messages.fail(
                self.tr("The evidence was not written: {0}").format(error)
            ),
        )

    def _on_written(self, report: Path) -> None:
        self._window.messages.done(self.tr("Evidence: {0}").format(report))
        open_folder(report)
