"""A question before an operation on a worklist: what it needs to know, and what will follow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtWidgets import (
    QDialog,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from tdwii_gui.ui import texts
from tdwii_gui.ui.panels.labels import caption, field_label, heading, muted, set_primary, strong
from tdwii_gui.ui.theme import set_property

if TYPE_CHECKING:
    from collections.abc import Callable

    from tdwii_gui.dicom.ups.consequences import Consequences
    from tdwii_gui.ui.panels.verb_dialog import Verb

    Inquiry = Callable[[], Consequences]
    Runner = Callable[
        [Inquiry, Callable[[Consequences], Any], Callable[[BaseException], Any]], None
    ]

_TYPING_MS: Final = 150
_WIDTH: Final = 520
_MANY: Final = 6


@dataclass(frozen=True, slots=True)
class Question:
    """What a dialog says.

    Parameters
    ----------
    name : str
        Its object name.
    title, about : str
        What is asked, and of which step or system; the latter may be empty.
    verb, safe : Verb
        The answers.
    is_danger : bool
        Whether what is done cannot be undone.
    concerns_subscribers : bool
        Whether it is said who is told of it.
    """

    name: str
    title: str
    about: str
    verb: Verb
    safe: Verb
    is_danger: bool = False
    concerns_subscribers: bool = True


class OperationDialog(QDialog):
    """Says what an operation will do, as soon as it is known; only then can it be confirmed.

    Subclasses add fields to `form`, and call `look_ahead` when these have changed.

    Parameters
    ----------
    question : Question
        What is said.
    run : Runner
        Has an inquiry made away from the GUI thread, and its outcome told on it.

    Attributes
    ----------
    form : QFormLayout
        Where fields are.
    """

    def __init__(self, question: Question, run: Runner, parent: QWidget) -> None:
        super().__init__(parent)
        self._run = run
        self._asked = 0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_TYPING_MS)
        self._timer.timeout.connect(self._ask)
        self.setObjectName(question.name)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setModal(True)
        self.setWindowTitle(question.title)
        self.setFixedWidth(_WIDTH)
        self._lines = layout = QVBoxLayout(self)
        layout.setContentsMargins(22, 18, 22, 18)
        layout.setSpacing(12)
        title = heading(texts.plain(question.title, 200))
        title.setWordWrap(True)
        layout.addWidget(title)
        if question.about:
            layout.addWidget(muted(texts.plain(question.about, 200), wraps=True))
        self.form = QFormLayout()
        self.form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self.form.setHorizontalSpacing(12)
        self.form.setVerticalSpacing(8)
        layout.addLayout(self.form)
        self._foreseen = ForeseenPanel(concerns_subscribers=question.concerns_subscribers)
        layout.addWidget(self._foreseen)
        layout.addSpacing(2)
        self._safe = self._button(question.safe)
        self._safe.setDefault(True)
        self._safe.clicked.connect(self.reject)
        self._verb = self._button(question.verb)
        self._verb.setAutoDefault(False)
        self._verb.clicked.connect(self.accept)
        if question.is_danger:
            self._verb.setProperty("danger", True)
        else:
            set_primary(self._verb)
        line = QHBoxLayout()
        line.setSpacing(10)
        line.addStretch(1)
        line.addWidget(self._verb)
        line.addWidget(self._safe)
        layout.addLayout(line)
        self._disable(self.tr("Looking up what this would do…"))

    def inquiry(self) -> Inquiry | str:
        """Return how the consequences are found, or in words what is missing or wrong."""
        raise NotImplementedError

    def add_field(self, text: str, field: QWidget, name: str) -> None:
        """Add a field with its label."""
        field.setObjectName(name)
        label = field_label(text, field)
        label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.form.addRow(label, field)

    @Slot()
    def look_ahead(self) -> None:
        """Find the consequences anew, once for all that is typed within a moment."""
        self._asked += 1
        self._disable(self.tr("Looking up what this would do…"))
        self._timer.start()

    def showEvent(self, event: Any) -> None:
        """Begin to look ahead, with the keyboard on the first field or the safe answer."""
        super().showEvent(event)
        self._settle()
        self._ask()
        first = self.form.itemAt(0, QFormLayout.ItemRole.FieldRole)
        field = first.widget() if first is not None else None
        (field or self._safe).setFocus(Qt.FocusReason.OtherFocusReason)

    def done(self, result: int) -> None:
        """Close; what is still asked for is of no interest any more."""
        self._timer.stop()
        self._asked = -1
        super().done(result)

    def _button(self, verb: Verb) -> QPushButton:
        button = QPushButton(verb.text)
        button.setObjectName(verb.name)
        return button

    @Slot()
    def _ask(self) -> None:
        self._timer.stop()
        inquiry = self.inquiry()
        if isinstance(inquiry, str):
            self._show_hindrance(inquiry)
            return
        self._asked += 1
        number = self._asked

        def answered(consequences: Consequences) -> None:
            if number == self._asked:
                self._show_consequences(consequences)

        def failed(error: BaseException) -> None:
            if number == self._asked:
                self._show_hindrance(str(error))

        self._run(inquiry, answered, failed)

    def _show_consequences(self, consequences: Consequences) -> None:
        self._foreseen.show_consequences(consequences)
        if consequences.is_none:
            self._disable(self.tr("There is nothing that it would change"))
        else:
            self._verb.setEnabled(True)
            self._verb.setToolTip("")
        self._settle()

    def _show_hindrance(self, why: str) -> None:
        self._disable(why)
        self._foreseen.show_hindrance(why)
        self._settle()

    def _disable(self, why: str) -> None:
        self._verb.setEnabled(False)
        self._verb.setToolTip(texts.tooltip(why))

    def _settle(self) -> None:
        """Take the height that the words need."""
        self._lines.activate()
        self.resize(_WIDTH, self._lines.totalHeightForWidth(_WIDTH))


class ConfirmDialog(OperationDialog):
    """Asks whether an operation is wanted that needs to know nothing more.

    Parameters
    ----------
    inquiry : Inquiry
        Tells what it will do.
    """

    def __init__(self, question: Question, run: Runner, parent: QWidget, inquiry: Inquiry) -> None:
        super().__init__(question, run, parent)
        self._inquiry = inquiry

    def inquiry(self) -> Inquiry:
        """Return how the consequences are found."""
        return self._inquiry


class ForeseenPanel(QFrame):
    """What an operation will do: its effect, who is told, and what else should be known."""

    def __init__(self, *, concerns_subscribers: bool = True, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._concerns_subscribers = concerns_subscribers
        self.setObjectName("consequences")
        self.setProperty("inset", True)
        self._effect = strong(self.tr("Looking up what this would do…"))
        self._effect.setObjectName("consequence_effect")
        self._told = muted(wraps=True)
        self._told.setObjectName("consequence_told")
        self._notes = QLabel()
        self._notes.setObjectName("consequence_notes")
        self._notes.setTextFormat(Qt.TextFormat.PlainText)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(14, 10, 14, 12)
        layout.setSpacing(5)
        layout.addWidget(caption(self.tr("What will happen")))
        for label in (self._effect, self._told, self._notes):
            label.setWordWrap(True)
            layout.addWidget(label)
        self._told.hide()
        self._notes.hide()

    def show_consequences(self, consequences: Consequences) -> None:
        """Show what follows."""
        set_property(self._effect, "role", "strong")
        self._effect.setText(_sentence(texts.plain(consequences.effect)))
        self._told.setText(self._receivers(consequences.receivers))
        self._told.setVisible(self._concerns_subscribers)
        notes = (f"⚠ {_sentence(texts.plain(note))}" for note in consequences.notes)
        self._notes.setText("\n".join(notes))
        self._notes.setVisible(bool(consequences.notes))

    def show_hindrance(self, why: str) -> None:
        """Show why it cannot be done."""
        set_property(self._effect, "role", "muted")
        self._effect.setText(_sentence(texts.plain(why)))
        self._told.hide()
        self._notes.hide()

    def _receivers(self, receivers: tuple[str, ...]) -> str:
        if not receivers:
            return self.tr("No subscriber is told of it.")
        names = ", ".join(texts.plain(each, 20) for each in receivers[:_MANY])
        more = "" if len(receivers) <= _MANY else " …"
        one = self.tr("An event goes to {0}.")
        many = self.tr("Events go to {0} subscribers: {1}.")
        if len(receivers) == 1:
            return one.format(names)
        return many.format(len(receivers), names + more)


def _sentence(text: str) -> str:
    """Return words as a sentence; an AE title or UID at the begin stays as it is."""
    begun = text[:1].upper() + text[1:]
    return begun if begun.endswith((".", "…", "!", "?")) else f"{begun}."
