"""What a session asks while it goes on: above its panels, and in nobody's way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QVBoxLayout, QWidget

from tdwii_gui.actors.session_state import SessionAction
from tdwii_gui.dicom.errors import TdwiiError
from tdwii_gui.ui.panels.question_bar import QuestionBar
from tdwii_gui.ui.panels.session_facts import cancel_request_words
from tdwii_gui.ui.panels.verb_dialog import Verb
from tdwii_gui.ui.session_words import obstacle_words

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future
    from pathlib import Path

    from tdwii_gui.actors.treatment_session import TreatmentSession
    from tdwii_gui.ui.panels.desk import Desk


class Run(Protocol):
    """How an action of the session is shown while it runs."""

    def __call__(
        self, future: Future[Any], words: str, done: Callable[[Any], Any] | None = None
    ) -> None:
        """Show what runs, and hand on what it has brought."""


class SessionQuestions(QWidget):
    """A bar for each question that is open: a request to cancel, unsent records, a lost TMS.

    Parameters
    ----------
    desk : Desk
        Where messages go.
    run : Run
        Carries out what was answered.

    Attributes
    ----------
    failure : str
        Why the records could not be stored.
    """

    def __init__(self, desk: Desk, run: Run, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self._run = run
        self._session: TreatmentSession | None = None
        self.failure = ""
        self._request = QuestionBar(
            "cancel_request",
            (
                Verb("accept_cancellation", self.tr("Accept and cancel")),
                Verb("decline_cancellation", self.tr("Decline")),
            ),
        )
        self._unsent = QuestionBar(
            "unsent_records",
            (
                Verb("store_again", self.tr("Store again")),
                Verb("waive_records", self.tr("Go on without")),
            ),
        )
        self._waiting = QuestionBar("waiting", (Verb("stop_waiting", self.tr("Stop waiting")),))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        for bar in (self._request, self._unsent, self._waiting):
            column.addWidget(bar)
            bar.answered.connect(self._on_answered)
        self.hide()

    def show_session(self, session: TreatmentSession | None, busy: str) -> None:
        """Show what is asked now; `busy` says what must end first."""
        self._session = session
        self._ask_of_request(session, busy)
        self._ask_of_records(session, busy)
        reason = session.waiting if session is not None else ""
        if reason:
            question = self.tr("The TMS cannot be reached: it is tried again until it hears this.")
            self._waiting.ask(question, reason)
        else:
            self._waiting.hide()
        bars = (self._request, self._unsent, self._waiting)
        self.setVisible(any(not bar.isHidden() for bar in bars))

    def _ask_of_request(self, session: TreatmentSession | None, busy: str) -> None:
        request = session.cancel_request if session is not None else None
        if session is None or request is None or session.state.is_final:
            self._request.hide()
            return
        self._request.ask(*cancel_request_words(request))
        obstacle = busy or obstacle_words(session.why_not(SessionAction.CANCEL))
        self._request.allow("accept_cancellation", obstacle)

    def _ask_of_records(self, session: TreatmentSession | None, busy: str) -> None:
        if session is None or busy or session.why_not(SessionAction.WAIVE_RECORDS):
            self._unsent.hide()
            return
        self._unsent.ask(
            self.tr("The treatment record is not stored: {0}").format(self.failure),
            self.tr("It is kept on this device. Without it the final update names no record."),
        )

    @Slot(str)
    def _on_answered(self, answer: str) -> None:
        if self._session is not None:
            try:
                self._carry_out(self._session, answer)
            except TdwiiError as error:  # what was asked is over meanwhile
                self._desk.messages.fail(str(error))

    def _carry_out(self, session: TreatmentSession, answer: str) -> None:
        match answer:
            case "accept_cancellation":
                words = self.tr("Canceling the treatment")
                self._run(session.answer_cancel_request(True), words)
            case "decline_cancellation":
                session.answer_cancel_request(False)
                self._desk.messages.say(self.tr("The request is declined: the treatment goes on."))
            case "store_again":
                self._run(session.store_records(), self.tr("Storing the record (RO-63)"))
            case "waive_records":
                self._run(session.waive_records(), self.tr("Keeping the record"), self._tell_kept)
            case "stop_waiting":
                session.cancel_waiting()

    def _tell_kept(self, files: tuple[Path, ...]) -> None:
        folder = files[0].parent if files else ""
        self._desk.messages.warn(self.tr("The record is kept, not stored: {0}").format(folder))
