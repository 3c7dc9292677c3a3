"""Windows are painted in turns.

While network threads are busy, each of the many small steps of a picture waits for them. Qt paints
all windows that have changed at one go: with six windows in sight, nothing else happened for a
fifth of a second. So one window is painted in a turn of the event loop, and the longer that took,
the longer the next one waits.
"""

from __future__ import annotations

from collections import deque
from time import perf_counter
from typing import TYPE_CHECKING, Final

import shiboken6
from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt, QTimer, Slot

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

_TURN_MS: Final = 1
_QUICK_SECONDS: Final = 0.016
"""A picture that takes no longer has no other wait for it."""
_LONGEST_REST_SECONDS: Final = 0.06


def paint_in_turns(window: QWidget) -> None:
    """Have a window wait for its turn to be painted from now on."""
    application = QCoreApplication.instance()
    turns = application.findChild(PaintTurns) if application is not None else None
    window.installEventFilter(turns or PaintTurns(application))


class PaintTurns(QObject):
    """Lets the windows whose events it filters be painted one after the other."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._waiting: deque[QObject] = deque()
        self._next: QObject | None = None
        self._began: float | None = None
        self._turn = QTimer(self)
        self._turn.setSingleShot(True)
        self._turn.setTimerType(Qt.TimerType.PreciseTimer)
        self._turn.timeout.connect(self._on_turn)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Hold a window's painting back while it is not its turn."""
        if event.type() != QEvent.Type.UpdateRequest:
            return False
        if watched is self._next:
            self._next = None
            self._began = perf_counter()
            self._turn.start(_TURN_MS)
            return False
        if watched not in self._waiting:
            self._waiting.append(watched)
        if not self._turn.isActive():
            self._turn.start(_TURN_MS)
        return True

    @Slot()
    def _on_turn(self) -> None:
        """Let the next window be painted, after a rest if the last one took long."""
        if self._began is not None:
            took = perf_counter() - self._began
            self._began = None
            if took > _QUICK_SECONDS:
                self._turn.start(round(1000 * min(took, _LONGEST_REST_SECONDS)))
                return
        if self._next is not None and shiboken6.isValid(self._next):
            return
        while self._waiting:
            window = self._waiting.popleft()
            if shiboken6.isValid(window):
                self._next = window
                QCoreApplication.postEvent(window, QEvent(QEvent.Type.UpdateRequest))
                return
