"""Labels of all roles; what they show is plain text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter
from PySide6.QtWidgets import QLabel, QPushButton, QSizePolicy, QWidget

from tdwii_gui.ui import texts
from tdwii_gui.ui.theme import Tone, set_property

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent


def heading(text: str = "") -> QLabel:
    """Return a label for the title of a card or section."""
    return _label(text, "heading")


def caption(text: str = "") -> QLabel:
    """Return a small label in capitals for a group of things."""
    return _label(text.upper(), "caption")


def muted(text: str = "", *, wraps: bool = False) -> QLabel:
    """Return a label for what is secondary."""
    label = _label(text, "muted")
    label.setWordWrap(wraps)
    return label


def strong(text: str = "") -> QLabel:
    """Return a label that stands out."""
    return _label(text, "strong")


def value(text: str = "") -> QLabel:
    """Return a label for a value, which can be selected and copied."""
    label = _label(text, "value")
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label


def field_label(text: str, field: QWidget) -> QLabel:
    """Return the label of a field, with the mnemonic that leads to it."""
    label = _label(text, "field")
    label.setBuddy(field)
    return label


def set_primary(button: QPushButton, is_primary: bool = True) -> QPushButton:
    """Make a button the one thing to do next, or an ordinary one."""
    set_property(button, "primary", is_primary)
    return button


def _label(text: str, role: str) -> QLabel:
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setProperty("role", role)
    return label


class Chip(QLabel):
    """A state: glyph, word and colour."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.setProperty("chip", Tone.NEUTRAL.value)

    def show_state(self, tone: Tone, glyph: str, words: str) -> None:
        """Show a state."""
        self.setText(f"{glyph} {words}" if glyph else words)
        set_property(self, "chip", tone.value)


class ElidedLabel(QLabel):
    """A label that leaves out the middle of what does not fit; the whole is in its tooltip."""

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._whole = ""
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.set_text(text)

    @property
    def whole_text(self) -> str:
        """The text without any omission."""
        return self._whole

    def set_text(self, text: object) -> None:
        """Show a text."""
        self._whole = texts.plain(text, 2000)
        self.setText(self._whole)
        self.setToolTip(texts.tooltip(text))

    def minimumSizeHint(self) -> QSize:
        """Return a width that lets layouts shrink it."""
        return QSize(self.fontMetrics().averageCharWidth() * 4, super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint what fits."""
        del event
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        painter.setFont(self.font())
        metrics = QFontMetrics(self.font())
        shown = metrics.elidedText(
            self._whole, Qt.TextElideMode.ElideMiddle, self.contentsRect().width()
        )
        alignment = self.alignment() | Qt.TextFlag.TextSingleLine
        painter.drawText(self.contentsRect(), int(alignment), shown)
        painter.end()
