"""A question that waits for its answer without being in the way of the work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from tdwii_gui.ui import texts
from tdwii_gui.ui.panels.labels import strong

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tdwii_gui.ui.panels.verb_dialog import Verb

_LIMIT = 600


class QuestionBar(QFrame):
    """Words and a button for each answer; hidden while there is nothing to ask.

    Parameters
    ----------
    name : str
        Object name.
    verbs : Sequence[Verb]
        The answers; no key but those that press buttons gives one.

    Signals
    -------
    answered : str
        Object name of the verb.
    """

    answered = Signal(str)

    def __init__(self, name: str, verbs: Sequence[Verb], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setProperty("message", "warn")
        line = QHBoxLayout(self)
        line.setContentsMargins(12, 8, 10, 8)
        line.setSpacing(10)
        self._question = strong()
        self._question.setWordWrap(True)
        self._detail = QLabel()
        self._detail.setTextFormat(Qt.TextFormat.PlainText)
        self._detail.setWordWrap(True)
        self._detail.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self._question)
        words.addWidget(self._detail)
        line.addWidget(strong("⚠"), 0, Qt.AlignmentFlag.AlignTop)
        line.addLayout(words, 1)
        self._line = line
        self._buttons: dict[str, QPushButton] = {}
        for verb in verbs:
            self.add_verb(verb)
        self.hide()

    @property
    def words(self) -> str:
        """What is asked, and what is said about it."""
        return "\n".join(filter(None, (self._question.text(), self._detail.text())))

    def ask(self, question: str, detail: str = "") -> None:
        """Ask; what was asked before counts no more."""
        self._question.setText(texts.plain(question, _LIMIT))
        self._detail.setText(texts.plain(detail, _LIMIT))
        self._detail.setVisible(bool(detail))
        self.setAccessibleName(self.words)
        self.show()

    def allow(self, name: str, obstacle: str) -> None:
        """Let an answer be given, or say why it cannot be."""
        self._buttons[name].setEnabled(not obstacle)
        self._buttons[name].setToolTip(texts.tooltip(obstacle))

    def add_verb(self, verb: Verb) -> None:
        """Offer one more answer."""
        button = QPushButton(verb.text)
        button.setObjectName(verb.name)
        button.setAutoDefault(False)
        button.clicked.connect(lambda: self._answer(verb.name))
        self._buttons[verb.name] = button
        self._line.addWidget(button)

    def _answer(self, name: str) -> None:
        self.hide()
        self.answered.emit(name)
