"""Python's garbage is collected on the GUI thread alone.

A cycle of references may hold a widget, and a widget that is destroyed on another thread takes the
program down. Python collects on whatever thread happens to allocate: with network threads at work
that is rarely the GUI thread. (pyqtgraph has such a collector too, but importing it and numpy
would double the time until the first window is shown.)
"""

from __future__ import annotations

import gc
from typing import Final

from PySide6.QtCore import QObject, QTimer, Slot

_PERIOD_MS: Final = 250
_GENERATIONS: Final = (0, 1, 2)


class GarbageCollector(QObject):
    """Takes over from Python's automatic collection, by the same thresholds, until `close`."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        gc.disable()
        self._timer = QTimer(self)
        self._timer.setInterval(_PERIOD_MS)
        self._timer.timeout.connect(self.collect_due)
        self._timer.start()

    @Slot()
    def collect_due(self) -> None:
        """Collect the oldest generation whose threshold is exceeded, with the younger ones."""
        counts, thresholds = gc.get_count(), gc.get_threshold()
        due = [number for number in _GENERATIONS if counts[number] > thresholds[number] > 0]
        if due:
            gc.collect(due[-1])

    def settle(self) -> None:
        """Leave out what is there now, such as modules, from all collections to come."""
        gc.collect()
        gc.freeze()

    def close(self) -> None:
        """Give the collection back to Python."""
        self._timer.stop()
        gc.unfreeze()
        gc.enable()
