"""What waits to be written: while much travels it waits, so that writing disturbs nobody.

Writing takes processor time, and what is on its way to the disk delays others that wait for the
disk (a database at each commit). So it is done in pauses, which every association has.
"""

from __future__ import annotations

import mmap
import time
from contextlib import suppress
from threading import Condition
from typing import Final

MOST_BYTES: Final = 256 * 2**20
QUIET_SECONDS: Final = 0.25
LONGEST_SECONDS: Final = 5.0

_PORTION: Final = 2**20


class Backlog:
    """Bytes on their way from one thread to another, in a ring of memory.

    Memory that was used before is used again, and comes in large pages: the system takes longer to
    give a page than to fill it.

    Parameters
    ----------
    most_bytes : int
        With so many, who adds waits. From the half of it on, what waits is taken at once.
    quiet : float
        Seconds in which nothing is added, after which what waits is taken.
    longest : float
        Seconds after which it is taken anyway.
    """

    def __init__(
        self,
        most_bytes: int = MOST_BYTES,
        quiet: float = QUIET_SECONDS,
        longest: float = LONGEST_SECONDS,
    ) -> None:
        self._ring = _memory(most_bytes)
        self._quiet = quiet
        self._longest = longest
        self._changed = Condition()
        self._start = 0
        self._count = 0
        self._first_at = 0.0
        self._last_at = 0.0
        self._is_ended = False

    def room(self) -> memoryview:
        """Return memory to be filled, 1 MB at most; wait while there is none."""
        with self._changed:
            self._changed.wait_for(lambda: self._count < len(self._ring))
            if not self._count:
                self._start = 0  # here only: who adds may be filling what is at the end
            end = (self._start + self._count) % len(self._ring)
            stop = self._start if end < self._start else len(self._ring)
            return self._ring[end : min(stop, end + _PORTION)]

    def add(self, count: int) -> None:
        """Take note that so many bytes of the room were filled."""
        with self._changed:
            self._last_at = time.monotonic()
            if not self._count:
                self._first_at = self._last_at
            self._count += count
            self._changed.notify_all()

    def end(self) -> None:
        """Take note that nothing more comes."""
        with self._changed:
            self._is_ended = True
            self._changed.notify_all()

    def take(self, seconds: float) -> bytes | None:
        """Return what came next, 1 MB at most, when it is time; empty at the end.

        None if it is not time within these seconds.
        """
        deadline = time.monotonic() + seconds
        with self._changed:
            while (wait := self._wait()) > 0:
                left = deadline - time.monotonic()
                if left <= 0:
                    return None
                self._changed.wait(min(wait, left))
            size = min(self._count, _PORTION, len(self._ring) - self._start)
            portion = bytes(self._ring[self._start : self._start + size])
            self._count -= size
            self._start = (self._start + size) % len(self._ring)
            self._changed.notify_all()
            return portion

    def _wait(self) -> float:
        """Return in how many seconds it will be time, as far as known now."""
        if self._is_ended or self._count >= len(self._ring) / 2:
            return 0.0
        if not self._count:
            return self._longest
        return min(self._last_at + self._quiet, self._first_at + self._longest) - time.monotonic()


def _memory(size: int) -> memoryview:
    memory = mmap.mmap(-1, size)
    large_pages = getattr(mmap, "MADV_HUGEPAGE", None)
    if large_pages is not None:
        with suppress(OSError):
            memory.madvise(large_pages)
    return memoryview(memory)
