"""Sessions that a crash or a closed console has interrupted: each can be finished or canceled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Signal, Slot

from tdwii_gui.ui import texts
from tdwii_gui.ui.panels.question_bar import QuestionBar
from tdwii_gui.ui.panels.verb_dialog import Verb

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtWidgets import QWidget

    from tdwii_gui.dicom.store.session_entry import SessionEntry

_FINISH: Final = "finish_session"
_CANCEL: Final = "cancel_session"


class RecoveryBar(QuestionBar):
    """Asks about one session after the other.

    Signals
    -------
    finish_wanted, cancel_wanted : Ups
        The step of a session that is to be gone on with, or to be canceled.
    """

    finish_wanted = Signal(object)
    cancel_wanted = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("recovery", (), parent)
        self.add_verb(Verb(_FINISH, self.tr("Finish it")))
        self.add_verb(Verb(_CANCEL, self.tr("Cancel it…")))
        self._entries: list[SessionEntry] = []
        self.answered.connect(self._on_answered)

    def show_entries(self, entries: Sequence[SessionEntry]) -> None:
        """Ask about sessions; none takes the bar away."""
        self._entries = list(entries)
        if not entries:
            self.hide()
            return
        entry = self._entries[0]
        step = entry.step
        question = self.tr("A session of {0} was interrupted").format(
            texts.person_name(step.patient_name) or texts.plain(step.patient_id)
        )
        started = self.tr("begun {0}").format(texts.moment(entry.beginning.started))
        facts = [texts.plain(step.plan_label, 60), started, self._progress(entry)]
        if len(entries) > 1:
            facts.append(self.tr("{0} more are interrupted").format(len(entries) - 1))
        self.ask(question, "  ·  ".join(filter(None, facts)))

    def _progress(self, entry: SessionEntry) -> str:
        if not entry.stage.has_begun:
            return self.tr("claimed, nothing delivered")
        words = self.tr("{0} % delivered").format(texts.number(entry.percent))
        if entry.owes_records:
            words += ", " + self.tr("record not stored yet")
        return words

    @Slot(str)
    def _on_answered(self, name: str) -> None:
        step = self._entries[0].step
        (self.finish_wanted if name == _FINISH else self.cancel_wanted).emit(step)
