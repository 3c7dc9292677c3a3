"""A question before what cannot be undone: consequences, and verbs for answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from tdwii_gui.ui import texts
from tdwii_gui.ui.panels.labels import heading, muted, value

if TYPE_CHECKING:
    from collections.abc import Sequence

_WIDTH = 460


@dataclass(frozen=True, slots=True)
class Verb:
    """An answer: a button's object name and text."""

    name: str
    text: str


class VerbDialog(QDialog):
    """Asks, and tells the verb that was chosen; closing it chooses the safe one.

    Parameters
    ----------
    question, explanation : str
        What is asked, and what it means.
    facts : Sequence[tuple[str, str]]
        Titles and values, of one line or several, that the decision rests on.
    verbs : Sequence[Verb]
        The answers; the last one is safe and the default.

    Signals
    -------
    decided : str
        The object name of the verb; never that of the safe one.
    """

    decided = Signal(str)

    def __init__(
        self,
        parent: QWidget,
        question: str,
        explanation: str,
        facts: Sequence[tuple[str, str]],
        verbs: Sequence[Verb],
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(question)
        self.setModal(True)
        self.setMinimumWidth(_WIDTH)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(22, 18, 22, 18)
        layout.setSpacing(12)
        layout.addWidget(heading(question))
        layout.addWidget(muted(explanation, wraps=True))
        for title, fact in facts:
            layout.addLayout(_fact(title, fact))
        self.form = QVBoxLayout()
        self.form.setSpacing(8)
        layout.addLayout(self.form)
        line = QHBoxLayout()
        line.setSpacing(10)
        line.addStretch(1)
        self.buttons = {verb.name: self._button(verb, verbs[-1]) for verb in verbs}
        for button in self.buttons.values():
            line.addWidget(button)
        layout.addSpacing(4)
        layout.addLayout(line)
        self.safe = self.buttons[verbs[-1].name]

    def showEvent(self, event: object) -> None:
        """Give the safe answer the keyboard."""
        super().showEvent(event)  # type: ignore[arg-type]
        self.safe.setFocus(Qt.FocusReason.OtherFocusReason)

    def _button(self, verb: Verb, safe: Verb) -> QPushButton:
        button = QPushButton(verb.text)
        button.setObjectName(verb.name)
        button.setAutoDefault(verb is safe)
        button.setDefault(verb is safe)
        if verb is safe:
            button.clicked.connect(self.reject)
        else:
            button.clicked.connect(lambda: self._decide(verb.name))
        return button

    def _decide(self, name: str) -> None:
        self.accept()
        self.decided.emit(name)


def _fact(title: str, fact: str) -> QHBoxLayout:
    line = QHBoxLayout()
    line.setSpacing(12)
    left = muted(title)
    left.setMinimumWidth(left.fontMetrics().averageCharWidth() * 20)
    left.setAlignment(Qt.AlignmentFlag.AlignTop)
    right = value("\n".join(texts.plain(each, 120) for each in fact.split("\n")))
    right.setWordWrap(True)
    line.addWidget(left)
    line.addWidget(right, 1)
    return line
