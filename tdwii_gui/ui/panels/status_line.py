"""The status bar: the SCP's light, the last transaction, and what runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QMenu,
    QProgressBar,
    QPushButton,
    QToolButton,
    QWidget,
)

from tdwii_gui.ui import texts
from tdwii_gui.ui.panels.labels import Chip, muted
from tdwii_gui.ui.theme import Tone

if TYPE_CHECKING:
    from collections.abc import Callable

_SHOWN_AFTER_MS: Final = 150


class ScpLight(QToolButton):
    """Whether the actor's SCP listens, where, and why not; its menu restarts it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("scp_light")
        self.setProperty("flat", True)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self)
        self.listen = menu.addAction(self.tr("Start listening"))
        self.stop = menu.addAction(self.tr("Stop listening"))
        self.restart = menu.addAction(self.tr("Restart"))
        self.setMenu(menu)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(3, 1, 3, 1)
        self._chip = Chip()
        self._chip.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        layout.addWidget(self._chip)
        self.show_waiting(self.tr("Starting"))

    @property
    def text_shown(self) -> str:
        """What the light says."""
        return self._chip.text()

    def show_listening(self, ae_title: str, host: str, port: int) -> None:
        """Show where the SCP listens."""
        where = f"{texts.plain(ae_title)} {host}:{port}"
        self._say(Tone.DONE, "✓", self.tr("Listening: {0}").format(where))
        self._allow(listening=True)

    def show_waiting(self, words: str) -> None:
        """Show that the SCP is about to change."""
        self._say(Tone.ACCENT, "●", words)
        self._allow(listening=None)

    def show_stopped(self) -> None:
        """Show that the SCP was stopped."""
        self._say(Tone.NEUTRAL, "○", self.tr("Not listening"))
        self._allow(listening=False)

    def show_refused(self, reason: str) -> None:
        """Show why the SCP cannot listen."""
        self._say(Tone.FAULT, "✕", self.tr("Not listening: {0}").format(texts.plain(reason, 80)))
        self.setToolTip(texts.tooltip(reason))
        self._allow(listening=False)

    def _say(self, tone: Tone, glyph: str, words: str) -> None:
        self._chip.show_state(tone, glyph, words)
        self.setAccessibleName(self.tr("Server: {0}").format(words))
        self.setToolTip("")
        size = self._chip.sizeHint()
        self.setMinimumSize(size.width() + 8, size.height() + 4)

    def _allow(self, *, listening: bool | None) -> None:
        self.listen.setEnabled(listening is False)
        self.stop.setEnabled(listening is True)
        self.restart.setEnabled(listening is not None)


class RunningJob(QWidget):
    """What runs, with a button that cancels it; what is over at once is not shown."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._jobs: dict[int, tuple[str, Callable[[], object] | None]] = {}
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 14, 0)
        layout.setSpacing(8)
        self._bar = QProgressBar()
        self._bar.setAccessibleName(self.tr("Working"))
        self._bar.setRange(0, 0)
        self._bar.setTextVisible(False)
        self._bar.setFixedSize(70, 8)
        self._text = muted()
        self._cancel = QPushButton(self.tr("Cancel"))
        self._cancel.setObjectName("cancel_job")
        self._cancel.clicked.connect(self._on_cancel)
        self._delay = QTimer(self)
        self._delay.setSingleShot(True)
        self._delay.setInterval(_SHOWN_AFTER_MS)
        self._delay.timeout.connect(self.show)
        layout.addWidget(self._bar)
        layout.addWidget(self._text)
        layout.addWidget(self._cancel)
        self._refresh()

    def begin(self, text: str, cancel: Callable[[], object] | None) -> int:
        """Show a job; return its number."""
        number = max(self._jobs, default=0) + 1
        self._jobs[number] = (text, cancel)
        self._refresh()
        return number

    def retitle(self, number: int, text: str) -> None:
        """Change what a job says."""
        if number in self._jobs:
            self._jobs[number] = (text, self._jobs[number][1])
            self._refresh()

    def end(self, number: int) -> None:
        """Show a job no longer."""
        self._jobs.pop(number, None)
        self._refresh()

    def _on_cancel(self) -> None:
        for text, cancel in reversed(self._jobs.values()):
            if cancel is not None:
                self._text.setText(self.tr("Canceling: {0}").format(text))
                cancel()
                return

    def _refresh(self) -> None:
        if not self._jobs:
            self._delay.stop()
            self.hide()
            return
        if self.isHidden() and not self._delay.isActive():
            self._delay.start()
        self._text.setText(list(self._jobs.values())[-1][0])
        self._cancel.setVisible(any(cancel for _, cancel in self._jobs.values()))


def status_label(name: str) -> QLabel:
    """Return a label of the status bar."""
    label = muted()
    label.setObjectName(name)
    return label
