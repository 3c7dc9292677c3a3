"""What the launcher offers for a rehearsal: scenarios, recordings to look at, evidence."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from tdwii_gui.dicom.errors import TdwiiError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from PySide6.QtWidgets import QWidget

    from tdwii_gui.config.settings import Settings
    from tdwii_gui.judging.verdict import Verdict
    from tdwii_gui.recording.reading import Recording
    from tdwii_gui.scenario.results import ScenarioResult
    from tdwii_gui.ui.scenario_desk import ScenarioDesk
    from tdwii_gui.ui.suite_control import SuiteControl


class Rehearsal:
    """Makes the windows of scenarios and recordings when they are wanted.

    Parameters
    ----------
    settings : Settings
        The actors' settings.
    data_folder : Path
        Recordings and evidence go below it.
    control : SuiteControl
        Of the launcher; asks for echoes.
    """

    def __init__(self, settings: Settings, data_folder: Path, control: SuiteControl) -> None:
        self._settings = settings
        self._data_folder = data_folder
        self._control = control
        self._desk: ScenarioDesk | None = None
        self._recordings: list[QWidget] = []

    @property
    def recordings(self) -> Path:
        """The folder of the recordings."""
        return self._data_folder / "recordings"

    @property
    def windows(self) -> list[QWidget]:
        """The windows that were opened so far."""
        from shiboken6 import isValid

        recordings = [window for window in self._recordings if isValid(window)]
        return [*([self._desk.window] if self._desk else []), *recordings]

    @property
    def desk(self) -> ScenarioDesk:
        """The window of the scenarios with all that stands behind it; made when wanted first."""
        if self._desk is None:
            from tdwii_gui.ui.scenario_desk import ScenarioDesk

            self._desk = ScenarioDesk(
                self._settings,
                self.recordings,
                self._control.echo,
                self.write_evidence,
                self._room,
                self.open_recording,
            )
        return self._desk

    def open_scenarios(self) -> QWidget:
        """Bring up the window of the scenarios."""
        self.desk.open()
        return self.desk.window

    def open_recording(self, folder: Path, number: int = 0) -> QWidget:
        """Show a recording in a window of its own, and in it the message of a number."""
        from PySide6.QtCore import Qt
        from shiboken6 import isValid

        from tdwii_gui.ui.recording_window import RecordingWindow

        window = RecordingWindow(folder)
        window.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._recordings = [each for each in self._recordings if isValid(each)]
        self._recordings.append(window)
        window.show()
        if number:
            window.select(number)
        return window

    def write_evidence(
        self,
        recording: Path,
        result: ScenarioResult | None = None,
        verdicts: Sequence[Verdict] | None = None,
    ) -> Path:
        """Write the evidence of a recording, and return its report; takes seconds.

        Parameters
        ----------
        verdicts : Sequence[Verdict] or None
            None to have all judged that took part.

        Raises
        ------
        OSError, StoreError
            If it cannot be read, or the evidence not be written.
        """
        from tdwii_gui.app.evidence import write_evidence
        from tdwii_gui.config.settings import settings_toml
        from tdwii_gui.evidence.pack import REPORT
        from tdwii_gui.recording.reading import Recording

        recorded = Recording(recording)
        pack = write_evidence(
            self._data_folder / "evidence",
            recorded,
            result,
            self._judge(recorded) if verdicts is None else verdicts,
            configuration=settings_toml(self._settings),
        )
        return pack / REPORT

    def close(self) -> None:
        """Close the windows and end what runs behind them."""
        from shiboken6 import isValid

        if self._desk is not None:
            self._desk.close()
        for window in self._recordings:
            if isValid(window):
                window.close()

    def _judge(self, recording: Recording) -> list[Verdict]:
        """Return the verdicts on our actors, and on the systems in their places."""
        from tdwii_gui.judging.judge import REQUIREMENTS, judge

        ours: dict[str, str] = recording.info["actors"]
        others = {
            entity.ae_title: role
            for role in REQUIREMENTS
            if (entity := self._control.external(role)) is not None
        }
        roles = {title: role for title, role in {**ours, **others}.items() if role in REQUIREMENTS}
        return judge(recording, roles, recorded=set(ours) - set(others))

    @contextmanager
    def _room(self) -> Iterator[None]:
        """Have the launcher's actors leave their ports to those of a run."""
        suite = self._control.suite
        actors = [actor for actor in suite.actors if actor.listening] if suite else []
        for actor in actors:
            actor.stop_listening()
        try:
            yield
        finally:
            for actor in actors:
                with suppress(TdwiiError):
                    actor.start()  # the port may be taken meanwhile; the tile says so
