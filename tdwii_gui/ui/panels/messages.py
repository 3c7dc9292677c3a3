"""The message area: what the user should know, without a box in the way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from tdwii_gui.ui import texts
from tdwii_gui.ui.panels.labels import strong

if TYPE_CHECKING:
    from collections.abc import Callable

_SHOWN: Final = 3
_SECONDS: Final = 8
_LIMIT: Final = 600
_GLYPHS: Final = {"say": "ℹ", "done": "✓", "warn": "⚠", "fail": "✕"}


class MessageArea(QWidget):
    """Up to three messages; news goes after 8 seconds, warnings and failures stay until closed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("messages")
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(6)
        self._bars: list[QFrame] = []
        self.hide()

    @property
    def shown_texts(self) -> list[str]:
        """The messages in sight, the newest last."""
        return [str(bar.property("text")) for bar in self._bars]

    def say(self, text: str) -> None:
        """Tell news."""
        self._show("say", text)

    def done(self, text: str) -> None:
        """Tell that something has come to its good end."""
        self._show("done", text)

    def warn(self, text: str, action: str = "", call: Callable[[], None] | None = None) -> None:
        """Warn, with a button if there is something to do about it."""
        self._show("warn", text, action, call)

    def fail(self, text: str, action: str = "", call: Callable[[], None] | None = None) -> None:
        """Tell a failure, with a button if there is something to do about it."""
        self._show("fail", text, action, call)

    def clear(self) -> None:
        """Take all messages away."""
        for bar in list(self._bars):
            self._remove(bar)

    def _show(
        self, kind: str, text: str, action: str = "", call: Callable[[], None] | None = None
    ) -> None:
        for bar in [each for each in self._bars if each.property("text") == text]:
            self._remove(bar)
        while len(self._bars) >= _SHOWN:
            self._remove(self._bars[0])
        bar = QFrame(self)
        bar.setProperty("message", kind)
        bar.setProperty("text", text)
        row = QHBoxLayout(bar)
        row.setContentsMargins(12, 5, 6, 5)
        row.addWidget(strong(_GLYPHS[kind]))
        label = QLabel(texts.plain(text, _LIMIT))
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setWordWrap(True)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        row.addWidget(label, 1)
        if call is not None:
            button = QPushButton(action)
            button.setObjectName("message_action")
            button.clicked.connect(call)
            button.clicked.connect(lambda: self._remove(bar))
            row.addWidget(button)
        close = QPushButton("✕")
        close.setProperty("flat", True)
        close.setAccessibleName(self.tr("Close message"))
        close.clicked.connect(lambda: self._remove(bar))
        row.addWidget(close)
        self._layout.addWidget(bar)
        self._bars.append(bar)
        self.show()
        if kind in ("say", "done"):
            timer = QTimer(bar)
            timer.setSingleShot(True)
            timer.timeout.connect(lambda: self._remove(bar))
            timer.start(_SECONDS * 1000)

    def _remove(self, bar: QFrame) -> None:
        if bar in self._bars:
            self._bars.remove(bar)
            self._layout.removeWidget(bar)
            bar.hide()
            bar.deleteLater()
        self.setVisible(bool(self._bars))
