"""Python's garbage is collected on the GUI thread alone.

A cycle of references may hold a widget, and a widget that is destroyed on another thread takes the
program down. Python collects on whatever thread happens to allocate: with network threads at work
that is rarely the GUI thread. (pyqtgraph has such a collector too, but importing it and numpy
would double the time until the first window is shown.)

Young objects are collected as they come. To look through all that the program holds takes long (a
worklist of 10,000 steps: seconds), so it waits for a pause, and what is still in use then is not
looked at again: almost everything goes by its last reference, without any collector.
"""

from __future__ import annotations

import gc
from typing import Final

from PySide6.QtCore import QObject, QTimer, Slot

_PERIOD_MS: Final = 25
_YOUNG: Final = 0
_MIDDLE: Final = 1
_OFTEN: Final = 3
"""So many collections of what is young are followed by one of what outlived them."""
_PAUSE: Final = 120
"""After so many periods in which hardly anything happens there is a pause."""
_LONG: Final = 12000
"""After so many periods without a pause the collection does not wait for one any more."""


class GarbageCollector(QObject):
    """Takes over from Python's automatic collection, for good."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        gc.disable()
        self._quiet = 0
        self._waiting = 0
        self._has_grown = True
        self._timer = QTimer(self)
        self._timer.setInterval(_PERIOD_MS)
        self._timer.timeout.connect(self.collect_due)
        self._timer.start()

    @Slot()
    def collect_due(self) -> None:
        """Collect what is young, or in a pause all that is new since the last one."""
        counts, thresholds = gc.get_count(), gc.get_threshold()
        self._waiting += 1
        if counts[_YOUNG] > thresholds[_YOUNG]:
            self._quiet = 0
            self._has_grown = True
            gc.collect(_MIDDLE if counts[_MIDDLE] >= _OFTEN else _YOUNG)
        else:
            self._quiet += 1
        if self._has_grown and (self._quiet >= _PAUSE or self._waiting >= _LONG):
            self.settle()

    def settle(self) -> None:
        """Collect all that is new, and leave out what is there now from the collections to come.

        Of what is there at first, modules for the most part, hardly anything is garbage: to look
        through that would only take long.
        """
        self._quiet = self._waiting = 0
        self._has_grown = False
        if gc.get_freeze_count():
            gc.collect()
        gc.freeze()

    def close(self) -> None:
        """Collect no more; nor does Python, for threads may still run as long as widgets exist."""
        self._timer.stop()
        gc.unfreeze()
