"""Ctrl-C as C-CANCEL, and how far a transfer is."""

from __future__ import annotations

import signal
import sys
from contextlib import contextmanager
from threading import Thread, current_thread, main_thread
from typing import TYPE_CHECKING

from tdwii_gui.actors.running_request import RunningRequest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType


@contextmanager
def cancelable() -> Iterator[RunningRequest]:
    """Run a block whose request ends early at Ctrl-C; at a second one the command itself ends."""
    running = RunningRequest()

    def on_interrupt(_number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        # Not on this thread: it may hold the lock that is needed to cancel.
        Thread(target=running.cancel, name="cancel", daemon=True).start()

    if current_thread() is not main_thread():
        with running.task():
            yield running
        return
    before = signal.signal(signal.SIGINT, on_interrupt)
    try:
        with running.task():
            yield running
    finally:
        signal.signal(signal.SIGINT, before)


class ProgressLine:
    """A line of the terminal that says how far a transfer is; none where nobody looks at it."""

    def __init__(self, words: str) -> None:
        self._words = words
        self._is_shown = sys.stderr.isatty()
        self._length = 0

    def show(self, done: int, total: int) -> None:
        """Say how many of how many are done."""
        if self._is_shown:
            self._write(f"{self._words} {done} of {total}")

    def end(self) -> None:
        """Clear the line."""
        if self._length:
            self._write("")

    def _write(self, text: str) -> None:
        sys.stderr.write("\r" + text.ljust(self._length) + ("" if text else "\r"))
        sys.stderr.flush()
        self._length = len(text)
