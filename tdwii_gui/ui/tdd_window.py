"""The console of the treatment delivery device."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QCoreApplication, Slot
from PySide6.QtWidgets import QStackedWidget

from tdwii_gui.actors.events import (
    EventReported,
    ExchangeMade,
    SessionChanged,
    WorklistOutdated,
)
from tdwii_gui.actors.session_state import SessionState
from tdwii_gui.dicom.iod.ups import ProcedureStepState
from tdwii_gui.ui.actor_window import ActorWindow, action
from tdwii_gui.ui.panels.banner import Identity
from tdwii_gui.ui.panels.card import column
from tdwii_gui.ui.panels.finish_dialog import close_dialog
from tdwii_gui.ui.panels.recovery_bar import RecoveryBar
from tdwii_gui.ui.panels.tdd_worklist import WorklistPage
from tdwii_gui.ui.panels.treatment_page import TreatmentPage

if TYPE_CHECKING:
    from tdwii_gui.actors.events import ActorEvent
    from tdwii_gui.actors.tdd import Tdd
    from tdwii_gui.actors.treatment_session import TreatmentSession
    from tdwii_gui.dicom.iod.ups import Ups
    from tdwii_gui.dicom.store.session_entry import SessionEntry
    from tdwii_gui.ui.bridge import ActorBridge

_SELECT: Final = 0
_CLAIM: Final = 3
_STAGES: Final = {
    SessionState.SELECTED: (1, "accent"),
    SessionState.INPUTS_READY: (2, "accent"),
    SessionState.CONFIRMED: (_CLAIM, "accent"),
    SessionState.CLAIMED: (4, "accent"),
    SessionState.READY: (4, "ready"),
    SessionState.BEAM_ON: (5, "progress"),
    SessionState.PAUSED: (5, "progress"),
    SessionState.DELIVERED: (6, "accent"),
    SessionState.STOPPED: (6, "accent"),
    SessionState.RECORDED: (7, "accent"),
    SessionState.UPDATED: (8, "accent"),
    SessionState.COMPLETED: (8, "done"),
}
"""The stage of the strip in which each state is, and its look."""


class TddWindow(ActorWindow):
    """Worklist, and the treatment of the patient who is selected in it.

    Parameters
    ----------
    tdd : Tdd
        The device.
    bridge : ActorBridge
        Its listener.
    owns_actor : bool
        Whether closing the window stops the device.
    """

    def __init__(self, tdd: Tdd, bridge: ActorBridge, *, owns_actor: bool = True) -> None:
        super().__init__(
            tdd,
            bridge,
            name="tdd",
            title=QCoreApplication.translate("TddWindow", "Treatment delivery"),
            owns_actor=owns_actor,
        )
        self._tdd = tdd
        self._strip = self.set_states(
            [
                self.tr("Select"),
                self.tr("Inputs"),
                self.tr("Verify"),
                self.tr("Claimed"),
                self.tr("Ready"),
                self.tr("Beam on"),
                self.tr("Record"),
                self.tr("Final update"),
                self.tr("Completed"),
            ]
        )
        self.worklist = WorklistPage(tdd, self)
        self.treatment = TreatmentPage(tdd, self)
        self._pages = QStackedWidget()
        self._pages.addWidget(self.worklist)
        self._pages.addWidget(self.treatment)
        self.recovery = RecoveryBar()
        self.recovery.finish_wanted.connect(self._on_step_chosen)
        self.recovery.cancel_wanted.connect(self._on_cancel_chosen)
        self.set_work(column(self.recovery, self._pages))
        self.set_actions(self.treatment.bar)
        self.worklist.step_chosen.connect(self._on_step_chosen)
        self.treatment.changed.connect(self._show_session)
        self.treatment.left.connect(self._on_left)
        self._reached = _SELECT
        self._show_session()
        action(self, self.tr("Filter"), "Ctrl+F", self.worklist.filter_bar.focus_text)
        self.restore_layout()
        self._offer_recovery()

    def on_event(self, event: ActorEvent) -> None:
        """Show what happened to the session or to a step of the worklist."""
        match event:
            case SessionChanged():
                self.treatment.refresh()
            case EventReported():
                self.worklist.hear(event)
            case WorklistOutdated():
                self.worklist.outdate()
            case ExchangeMade() if event.exchange.message == "N-ACTION":
                self.worklist.subscription.refresh()
            case _:
                self.treatment.hear(event)

    def may_close(self) -> bool:
        """Return whether nobody is under treatment; else ask what becomes of the step."""
        if not self.treatment.is_claimed:
            return True
        dialog = close_dialog(self, self.treatment.facts())
        dialog.decided.connect(self._on_closing_decided)
        dialog.open()
        return False

    def shut_down(self) -> None:
        """End the session's own work first, then stop the actor and close."""
        session = self.treatment.give_up()
        if session is None:
            super().shut_down()
            return
        closing = self.background.submit("close session", "", session.close)
        self.bridge.watch(closing, lambda _none: super(TddWindow, self).shut_down())

    def stop_for_good(self) -> None:
        """Stop the window's own work and the session's; a claimed step can be continued."""
        session = self.treatment.give_up()
        if session is not None:
            session.close(timeout=0)
        super().stop_for_good()

    @Slot(object)
    def _on_step_chosen(self, step: Ups) -> None:
        self.recovery.hide()
        self._pages.setCurrentWidget(self.treatment)
        self.treatment.begin(step)

    @Slot(object)
    def _on_cancel_chosen(self, step: Ups) -> None:
        self._pages.setCurrentWidget(self.treatment)
        self.treatment.begin(step, to_cancel=True)

    def _offer_recovery(self) -> None:
        """Ask about the sessions that have begun and not ended, and that nobody has open."""
        reading = self.background.submit("recovery", "", self._tdd.unfinished_sessions)
        self.job(reading, self.tr("Looking for interrupted sessions"), self._on_unfinished)

    def _on_unfinished(self, entries: list[SessionEntry]) -> None:
        self.recovery.show_entries(entries if self.treatment.session is None else ())

    @Slot(str)
    def _on_left(self, sop_instance_uid: str) -> None:
        self._pages.setCurrentWidget(self.worklist)
        self.messages.clear()
        self.worklist.revisit(sop_instance_uid)
        self._show_session()
        self._offer_recovery()

    @Slot()
    def _show_session(self) -> None:
        """Show in banner and strip whose session it is and how far it has come."""
        session = self.treatment.session
        self.treatment.bar.setVisible(session is not None)
        if session is None:
            self._reached = _SELECT
            self._strip.show_stage(_SELECT)
            self.banner.show_patient(None)
            return
        state = session.state
        if state is SessionState.CANCELED:
            self._strip.show_stage(self._reached, "neutral", self.tr("Canceled"))
        else:
            self._reached, look = _STAGES[state]
            words = self._stage_words(state)
            if state is SessionState.UPDATED and not session.is_goal_met:
                words = self.tr("Cancel")
            if self.treatment.is_stuck:
                look, words = "fault", self.tr("Missing")
            self._strip.show_stage(self._reached, look, words)
        identity = Identity.of_step(session.step, self.treatment.photo)
        self.banner.show_patient(replace(identity, state=_step_state(session)))

    def _stage_words(self, state: SessionState) -> str:
        """Return what the current stage is called while it is not what its name says."""
        return {
            SessionState.CONFIRMED: self.tr("Claim"),
            SessionState.CLAIMED: self.tr("Starting"),
            SessionState.PAUSED: self.tr("Paused"),
            SessionState.UPDATED: self.tr("Complete"),
        }.get(state, "")

    @Slot(str)
    def _on_closing_decided(self, verb: str) -> None:
        if verb == "cancel_and_close":
            self.treatment.cancel_then(self.shut_down)
        else:
            self.shut_down()


def _step_state(session: TreatmentSession) -> ProcedureStepState | None:
    """Return the state of the step, as far as the session has brought it."""
    match session.state:
        case SessionState.SELECTED | SessionState.INPUTS_READY | SessionState.CONFIRMED:
            return session.step.state
        case SessionState.COMPLETED:
            return ProcedureStepState.COMPLETED
        case SessionState.CANCELED:
            return ProcedureStepState.CANCELED
        case _:
            return ProcedureStepState.IN_PROGRESS
