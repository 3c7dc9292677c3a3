"""What the position check does: imaging begins and ends at the PPVS, which reports it by MPPS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot

from tdwii_gui.actors.imaging import ImagingPhase, ImagingState
from tdwii_gui.ui import texts

if TYPE_CHECKING:
    from concurrent.futures import Future

    from tdwii_gui.actors.imaging import PositionCheck
    from tdwii_gui.actors.ppvs import Ppvs
    from tdwii_gui.ui.actor_window import ActorWindow
    from tdwii_gui.ui.models.step_input_rows import StepInputRow
    from tdwii_gui.ui.panels.position_panel import PositionPanel


class ImagingControl(QObject):
    """Carries out what the panel asks for, for the step that is selected."""

    def __init__(self, ppvs: Ppvs, panel: PositionPanel, window: ActorWindow) -> None:
        super().__init__(window)
        self._ppvs = ppvs
        self._panel = panel
        self._window = window
        panel.start_wanted.connect(self._on_start)
        panel.finish_wanted.connect(self._on_finish)

    def show_step(self, row: StepInputRow | None) -> None:
        """Show the imaging for a step."""
        if row is None:
            self._panel.show_step("", ImagingState(), self.tr("Select a step first"))
            return
        state, obstacle = self._ppvs.imaging(row.uid), ""
        if row.step.state is not None and row.step.state.is_final:
            words = texts.state_words(row.step.state)
            obstacle = self.tr("The step is {0}").format(words.lower())
        self._panel.show_step(row.uid, state, obstacle)
        # One thing at a time: who is not subscribed does that first.
        self._panel.set_primary(self._ppvs.subscribed and row.is_complete and not obstacle)

    @Slot(str)
    def _on_start(self, uid: str) -> None:
        self._run(self._ppvs.start_imaging(uid), self.tr("Beginning the imaging"))

    @Slot(object)
    def _on_finish(self, check: PositionCheck) -> None:
        self._run(self._ppvs.finish_imaging(check), self.tr("Ending the imaging"))

    def _run(self, future: Future[ImagingState], words: str) -> None:
        self._panel.set_busy(is_busy=True)
        self._window.job(future, words, self._on_done, self._on_failed)

    def _on_done(self, state: ImagingState) -> None:
        self._panel.set_busy(is_busy=False)
        if state.problem:
            why = self.tr("The imaging could not be reported by MPPS: {0}")
            self._window.messages.warn(why.format(state.problem))
        elif state.phase is ImagingPhase.COMPLETED:
            self._window.messages.done(self.tr("The position is accepted"))
        elif state.phase is ImagingPhase.DISCONTINUED:
            self._window.messages.say(self.tr("The position is not accepted"))

    def _on_failed(self, error: BaseException) -> None:
        self._panel.set_busy(is_busy=False)
        self._window.messages.fail(str(error))
