"""The page on which one step is treated, from its inputs to its end."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QVBoxLayout, QWidget

from tdwii_gui.actors.events import (
    CancelRequested,
    DeliveryProgressed,
    InputsRetrieved,
    InstanceReceived,
    SessionWaiting,
)
from tdwii_gui.actors.session_state import SessionAction, SessionState
from tdwii_gui.actors.treatment_session import SessionOptions, TreatmentSession
from tdwii_gui.dicom.errors import TdwiiError
from tdwii_gui.dicom.iod.codes import UNSPECIFIED_REASON
from tdwii_gui.ui.panels.delivery_actions import DeliveryActions, Outlook
from tdwii_gui.ui.panels.finish_dialog import CancelDialog, EndSessionDialog, complete_dialog
from tdwii_gui.ui.panels.manual_mode import ManualMode
from tdwii_gui.ui.panels.session_facts import (
    completion_facts,
    delivery_facts,
    end_facts,
    record_facts,
)
from tdwii_gui.ui.panels.session_questions import SessionQuestions
from tdwii_gui.ui.panels.session_view import SessionView
from tdwii_gui.ui.photo_image import fetch_photo
from tdwii_gui.ui.session_reading import SessionBeams, read_beams
from tdwii_gui.ui.session_words import obstacle_words

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future
    from typing import Any

    from PySide6.QtGui import QImage

    from tdwii_gui.actors.events import ActorEvent
    from tdwii_gui.actors.inputs import RetrievalResult
    from tdwii_gui.actors.tdd import Tdd
    from tdwii_gui.dicom.iod.codes import Code
    from tdwii_gui.dicom.iod.ups import Ups
    from tdwii_gui.ui.panels.desk import Desk
    from tdwii_gui.ui.panels.session_facts import Facts

R = TypeVar("R")

_UNCLAIMED: Final = (SessionState.SELECTED, SessionState.INPUTS_READY, SessionState.CONFIRMED)
_CLAIMED: Final = {state for state in SessionState if not state.is_final} - {*_UNCLAIMED}
_RECORDED: Final = (SessionState.RECORDED, SessionState.UPDATED, SessionState.COMPLETED)


class TreatmentPage(QWidget):
    """A session and what is done with it.

    Signals
    -------
    changed
        The session has another state, or the patient's photo is here.
    left : str
        The session is over or given up; SOP Instance UID of its step.

    Attributes
    ----------
    bar : DeliveryActions
        For the window's bar of actions.
    photo : QImage or None
        The patient's photograph.
    """

    changed = Signal()
    left = Signal(str)

    def __init__(self, tdd: Tdd, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tdd = tdd
        self._desk = desk
        self._busy = ""
        self._cancels_next = False
        self.session: TreatmentSession | None = None
        self.photo: QImage | None = None
        self.view = SessionView()
        self.bar = DeliveryActions()
        self.questions = SessionQuestions(desk, self._run)
        self._manual = ManualMode(tdd, desk, self.view.manual)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(12)
        outer.addWidget(self.questions)
        outer.addWidget(self.view, 1)
        self._connect()

    @property
    def state(self) -> SessionState | None:
        """How far the session is; None without one."""
        return self.session.state if self.session else None

    @property
    def is_claimed(self) -> bool:
        """Whether a step would stay IN PROGRESS if all ended now."""
        return self.state is not None and self.state in _CLAIMED

    @property
    def is_stuck(self) -> bool:
        """Whether something is missing or disagrees, so that it does not go on by itself."""
        failed = self.state is SessionState.CLAIMED and not self._busy
        return failed or bool(self.view.inputs.missing)

    def begin(self, step: Ups, *, to_cancel: bool = False) -> None:
        """Begin a session with a step: its inputs are fetched at once.

        `to_cancel` asks for the reason of its cancellation as soon as it can be canceled.
        """
        self._desk.messages.clear()
        speed = self.bar.chosen_speed
        self.session = TreatmentSession(self._tdd, step, SessionOptions(speed=speed))
        self._manual.session = self.session
        self.photo = None
        self._busy = self.questions.failure = ""
        self._cancels_next = to_cancel
        self.view.beams.show_speed(speed)
        self.view.show_step(step, self._tdd.ost_ae_title)
        self.retrieve()

    def hear(self, event: ActorEvent) -> None:
        """Hear an event of the actor while there is a session."""
        if self.session is None:
            return
        uid = self.session.step.sop_instance_uid
        match event:
            case InstanceReceived():
                self.view.inputs.receive(event.instance.sop_instance_uid)
            case InputsRetrieved() if event.sop_instance_uid == uid:
                self.view.inputs.settle(event.result)
            case DeliveryProgressed() if event.sop_instance_uid == uid:
                self.view.progress(event.progress)
            case SessionWaiting() if event.sop_instance_uid == uid:
                self.refresh()
            case CancelRequested() if event.request.sop_instance_uid == uid:
                self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Show the session as it is now."""
        session = self.session
        if session is None:
            return
        state = session.state
        self.view.show_state(state)
        self.view.checks.show_checks(session.checks)
        self.view.inputs.allow_again(may_ask=state is SessionState.SELECTED)
        if state in (SessionState.SELECTED, SessionState.INPUTS_READY):
            self.view.identity.allow(obstacle_words(session.why_not(SessionAction.CONFIRM)))
        else:
            self.view.identity.show_confirmed()
        unclaimed = "" if self.is_claimed else self.tr("Claim the step first")
        self.view.manual.progress.allow(unclaimed)
        stored = self.tr("The records are stored already") if state in _RECORDED else ""
        self.view.manual.records.allow(unclaimed or stored)
        self.bar.show_session(Outlook(state, session.why_not, self._busy))
        self.questions.show_session(session, self._busy)
        if state.is_final:
            facts = end_facts(session, self.view.beams.rows)
            self.view.show_end(state, facts)
        target = self.bar.back if state is SessionState.SELECTED else self.bar.next_button(state)
        self.view.move_focus(state, target or self.bar.speed)
        self.changed.emit()

    def facts(self) -> Facts:
        """Return what was delivered and recorded so far."""
        if self.session is None:
            return []
        return [*delivery_facts(self.view.beams.rows), *record_facts(self.session)]

    def cancel_then(self, call: Callable[[], None]) -> None:
        """Cancel the step without further questions, then call."""
        if self.session is not None:
            reason = self.tr("The console was closed")
            self._run(
                self.session.cancel(UNSPECIFIED_REASON, reason),
                self.tr("Canceling the treatment"),
                lambda _none: call(),
            )

    def give_up(self) -> TreatmentSession | None:
        """Let go of the session and return it, to be closed; its step stays as it is."""
        session, self.session = self.session, None
        self._manual.session = None
        return session

    @Slot()
    def retrieve(self) -> None:
        """Fetch the inputs (RO-59)."""
        if self.session is None:
            return
        self.view.inputs.begin()
        self._desk.job(
            self.session.retrieve_inputs(),
            self.tr("Retrieving inputs (RO-59)"),
            self._on_retrieved,
            self._on_failed,
            self.session.cancel_retrieval,
        )
        self.refresh()

    @Slot()
    def ask_cancel(self) -> None:
        """Ask why the treatment is canceled."""
        if self.session is None or self.session.why_not(SessionAction.CANCEL):
            return
        request = self.session.cancel_request
        reason = request.reason if request is not None else ""
        dialog = CancelDialog(self.window(), self.facts(), reason)
        dialog.confirmed.connect(self._cancel)
        dialog.open()

    def _connect(self) -> None:
        view, bar = self.view, self.bar
        view.inputs.cancel_wanted.connect(self._on_cancel_retrieval)
        view.inputs.again_wanted.connect(self.retrieve)
        view.identity.confirm_wanted.connect(self._on_confirm)
        bar.manual.toggled.connect(lambda on: view.show_manual(is_manual=on))
        bar.speed.currentIndexChanged.connect(self._on_speed)
        for button, call in (
            (bar.back, self._on_leave),
            (bar.next, self._on_leave),
            (bar.claim, self._on_claim),
            (bar.beam_on, self._on_beam_on),
            (bar.pause, self._on_pause),
            (bar.end, self._on_end_session),
            (bar.store, self._on_store),
            (bar.update_step, self._on_final_update),
            (bar.complete, self._on_complete),
            (bar.cancel, self.ask_cancel),
        ):
            button.clicked.connect(call)

    def _run(self, future: Future[R], words: str, done: Callable[[R], Any] | None = None) -> None:
        """Show what runs; the buttons wait for its end."""
        self._busy = words

        def on_done(result: R) -> None:
            self._busy = ""
            self.refresh()
            if done is not None:
                done(result)

        self._desk.job(future, words, on_done, self._on_failed)
        self.refresh()

    def _on_failed(self, error: BaseException) -> None:
        self._busy = ""
        self.view.inputs.end()
        session = self.session
        if session is not None and not session.why_not(SessionAction.WAIVE_RECORDS):
            self.questions.failure = str(error)
        else:
            self._desk.messages.fail(str(error))
        self.refresh()

    def _on_retrieved(self, result: RetrievalResult) -> None:
        self.view.inputs.end()
        session = self.session
        if session is None:
            return
        # One that was canceled before it began is told by no event.
        self.view.inputs.settle(result)
        if self.view.inputs.missing:
            self._desk.messages.warn(
                self.tr("Inputs are missing: {0}").format(self.view.inputs.missing_words())
            )
        self.refresh()
        if session.instruction is not None:
            self._read_beams()  # it goes on with an earlier one
        else:
            self._cancel_if_wanted()
        if self.photo is None:
            done = partial(self._show_photo, session)
            fetch_photo(self._tdd, session.step, self._desk, done)

    def _show_photo(self, session: TreatmentSession, image: QImage | None) -> None:
        if session is self.session:
            self.photo = image
            self.view.identity.show_photo(image)
            self.changed.emit()

    @Slot(object)
    def _on_confirm(self, identifiers: list[str]) -> None:
        if self.session is None:
            return
        try:
            self.session.confirm_patient(identifiers)
        except TdwiiError as error:
            self._desk.messages.fail(str(error))
        self.refresh()

    @Slot()
    def _on_claim(self) -> None:
        if self.session is not None:
            words = self.tr("Claiming the step (RO-60, RO-61)")
            self._run(self.session.start(), words, lambda _none: self._read_beams())

    def _read_beams(self) -> None:
        """Decode the control points; the beam waits for it, so that nothing of it goes unseen."""
        session = self.session
        if session is not None:
            reading = self._desk.background.submit("beams", "", lambda: read_beams(session))
            self._run(reading, self.tr("Reading the beams"), self._show_beams)

    def _show_beams(self, beams: SessionBeams) -> None:
        self.view.show_beams(beams.rows, beams.paths)
        self._cancel_if_wanted()

    def _cancel_if_wanted(self) -> None:
        if self._cancels_next:
            self._cancels_next = False
            self.ask_cancel()

    @Slot()
    def _on_beam_on(self) -> None:
        session = self.session
        if session is not None:
            is_stopped = session.state is SessionState.STOPPED
            self._desk.job(
                session.continue_delivery() if is_stopped else session.deliver(),
                self.tr("Delivering (RO-62)"),
                lambda _delivered: self.refresh(),
                self._on_failed,
            )
            self.refresh()

    @Slot()
    def _on_pause(self) -> None:
        if self.session is None:
            return
        if self.session.state is SessionState.PAUSED:
            self.session.resume()
        else:
            self.session.pause()
        self.refresh()

    @Slot()
    def _on_end_session(self) -> None:
        session = self.session
        if session is not None:
            dialog = EndSessionDialog(self.window(), delivery_facts(self.view.beams.rows))
            dialog.confirmed.connect(session.stop)
            dialog.open()

    @Slot()
    def _on_store(self) -> None:
        if self.session is not None:
            self._run(self.session.store_records(), self.tr("Storing the record (RO-63)"))

    @Slot()
    def _on_final_update(self) -> None:
        if self.session is not None:
            self._run(self.session.send_final_update(), self.tr("Final update (RO-64)"))

    @Slot()
    def _on_complete(self) -> None:
        session = self.session
        if session is not None:
            facts = completion_facts(session, self.view.beams.rows)
            dialog = complete_dialog(self.window(), facts)
            words = self.tr("Completing the step (RO-65)")
            dialog.decided.connect(lambda _verb: self._run(session.complete(), words))
            dialog.open()

    def _cancel(self, code: Code, reason: str) -> None:
        if self.session is not None:
            self._run(self.session.cancel(code, reason), self.tr("Canceling the treatment"))

    @Slot()
    def _on_leave(self) -> None:
        session = self.give_up()
        if session is not None:
            self._desk.background.submit("close session", "", session.close)
            self.left.emit(session.step.sop_instance_uid)

    @Slot()
    def _on_cancel_retrieval(self) -> None:
        if self.session is not None:
            self.session.cancel_retrieval()

    @Slot()
    def _on_speed(self) -> None:
        if self.session is not None:
            self.session.speed = self.bar.chosen_speed
            self.view.beams.show_speed(self.bar.chosen_speed)
