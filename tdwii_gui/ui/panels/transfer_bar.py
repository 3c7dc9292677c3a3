"""How far an import or a transfer is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QTimer, Slot
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QWidget

from tdwii_gui.ui.panels.labels import muted

if TYPE_CHECKING:
    from collections.abc import Callable

_PERIOD_MS: Final = 100
_BAR_HEIGHT: Final = 8


class TransferBar(QWidget):
    """Words, a bar and a cancel button; hidden while nothing runs.

    A worker reports how far it is from its own thread; the bar looks ten times a second.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("transfer")
        self._words = ""
        self._progress = (0, 0)
        self._cancel_call: Callable[[], object] = _nothing
        self._text = muted()
        self._text.setObjectName("transfer_text")
        self._bar = QProgressBar()
        self._bar.setObjectName("transfer_progress")
        self._bar.setAccessibleName(self.tr("Progress"))
        self._bar.setTextVisible(False)
        self._bar.setMinimumWidth(120)
        self._bar.setFixedHeight(_BAR_HEIGHT)
        self._cancel = QPushButton(self.tr("&Cancel"))
        self._cancel.setObjectName("cancel_transfer")
        self._cancel.clicked.connect(self._on_cancel)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(10)
        layout.addWidget(self._text)
        layout.addWidget(self._bar, 1)
        layout.addWidget(self._cancel)
        self._timer = QTimer(self)
        self._timer.setInterval(_PERIOD_MS)
        self._timer.timeout.connect(self._refresh)
        self.hide()

    def begin(self, words: str, cancel: Callable[[], object]) -> None:
        """Show that something runs, e.g. ``"Importing"``."""
        self._words, self._cancel_call, self._progress = words, cancel, (0, 0)
        self._cancel.setEnabled(True)
        self._cancel.setToolTip("")
        self._refresh()
        self._timer.start()
        self.show()

    def report(self, done: int, total: int) -> None:
        """Tell how far it is, on any thread."""
        self._progress = (done, total)

    def end(self) -> None:
        """Show nothing any more."""
        self._timer.stop()
        self.hide()

    @Slot()
    def _refresh(self) -> None:
        done, total = self._progress
        self._bar.setRange(0, total)
        self._bar.setValue(done)
        counted = self.tr("{0} of {1}").format(done, total) if total else ""
        self._text.setText(f"{self._words}  {counted}".rstrip())

    @Slot()
    def _on_cancel(self) -> None:
        self._cancel.setEnabled(False)
        self._cancel.setToolTip(self.tr("It ends after the object under way"))
        self._cancel_call()


def _nothing() -> None:
    """Cancel nothing."""
