"""A probe of the GUI thread: how long it does not come to its event loop."""

from __future__ import annotations

import gc
import sys
import threading
import time
import traceback
from collections import Counter
from typing import Any, Final

from PySide6.QtCore import QObject, Qt, QTimer, Slot

LIMIT_MS: Final = 50.0
"""The GUI thread is not to be blocked for longer."""

_PERIOD_MS: Final = 5
_WATCH_SECONDS: Final = 0.01
_SUSPICIOUS_SECONDS: Final = 0.035
_DEPTH: Final = 7


class GuiProbe(QObject):
    """A timer that fires every 5 ms; the time between two of its shots is a gap.

    Parameters
    ----------
    watches : bool
        Look from another thread what the GUI thread does in long gaps. That thread costs a
        little itself.
    """

    def __init__(self, *, watches: bool = False, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(_PERIOD_MS)
        self._timer.timeout.connect(self._on_shot)
        self._last = 0.0
        self._worked = 0.0
        self._gaps: list[float] = []
        self._work: list[float] = []
        self._collecting_since = 0.0
        self._collections: list[float] = []
        self._watches = watches
        self._stacks: Counter[str] = Counter()
        self._stopped = threading.Event()

    def start(self) -> None:
        """Begin, with nothing recorded."""
        self._gaps.clear()
        self._work.clear()
        self._collections.clear()
        self._last, self._worked = time.perf_counter(), time.thread_time()
        gc.callbacks.append(self._on_collection)
        self._timer.start()
        if self._watches:
            target = (threading.get_ident(),)
            threading.Thread(target=self._watch, args=target, name="watch", daemon=True).start()

    def stop(self) -> dict[str, Any]:
        """End; return the longest gap, how many were too long, and what the thread did in them.

        Where a gap is long, but the work in it is short, the thread waited: for the interpreter,
        which another thread held, or for a processor.
        """
        self._on_shot()
        self._timer.stop()
        self._stopped.set()
        gc.callbacks.remove(self._on_collection)
        for stack, times in self._stacks.most_common(12):
            sys.stderr.write(f"--- {times} x\n{stack}\n")
        gaps = sorted(1000 * gap for gap in self._gaps)
        return {
            "longest_gap": gaps[-1],
            "long_gaps": sum(gap > LIMIT_MS for gap in gaps),
            "median_gap": gaps[len(gaps) // 2],
            "longest_work": 1000 * max(self._work),
            "share_of_work": sum(self._work) / sum(self._gaps),
            "longest_collection": 1000 * max(self._collections, default=0.0),
            "probed_seconds": sum(gaps) / 1000,
        }

    @Slot()
    def _on_shot(self) -> None:
        now, worked = time.perf_counter(), time.thread_time()
        self._gaps.append(now - self._last)
        self._work.append(worked - self._worked)
        self._last, self._worked = now, worked

    def _on_collection(self, phase: str, _info: dict[str, int]) -> None:
        if threading.current_thread() is not threading.main_thread():
            return
        if phase == "start":
            self._collecting_since = time.perf_counter()
        else:
            self._collections.append(time.perf_counter() - self._collecting_since)

    def _watch(self, thread: int) -> None:
        while not self._stopped.wait(_WATCH_SECONDS):
            if time.perf_counter() - self._last > _SUSPICIOUS_SECONDS:
                stack = traceback.extract_stack(sys._current_frames()[thread])
                lines = [f"{at.filename}:{at.lineno} {at.name}" for at in stack[-_DEPTH:]]
                self._stacks["\n".join(lines)] += 1
