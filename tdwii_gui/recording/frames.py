"""Frames: how what travels on connections is handed over to the recording process.

A frame is a header and its content. The stream ends with a frame of kind `STOP`; without one, the
program that is recorded has ended by force.
"""

from __future__ import annotations

import os
import select
import time
from enum import IntEnum
from struct import Struct
from threading import Lock
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_HEADER: Final = Struct("<BIQI")
_MOST_PARTS: Final = 512
_POLLED: Final = hasattr(select, "poll")
"""Windows neither polls pipes nor writes to them in parts."""


class FrameKind(IntEnum):
    """What a frame holds."""

    OPEN = 1
    """A connection, as JSON."""
    FROM_REQUESTOR = 2
    FROM_ACCEPTOR = 3
    CLOSED_BY_REQUESTOR = 4
    CLOSED_BY_ACCEPTOR = 5
    STOP = 6


class Frame(NamedTuple):
    """What was seen of a connection, and when (nanoseconds since 1970)."""

    kind: int
    connection: int
    at: int
    content: bytes


class FrameWriter:
    """Writes frames to a pipe, from any thread; waits while the pipe is full.

    Parameters
    ----------
    descriptor : int
        The pipe; it is not closed.
    patience : float
        Seconds in which at least something has to be taken.
    """

    def __init__(self, descriptor: int, patience: float) -> None:
        self._descriptor = descriptor
        self._patience = patience
        self._lock = Lock()
        self._is_broken = False
        if _POLLED:
            os.set_blocking(descriptor, False)
            self._poll = select.poll()
            self._poll.register(descriptor, select.POLLOUT)

    def write(
        self, kind: FrameKind, connection: int = 0, parts: Sequence[bytes | memoryview] = ()
    ) -> None:
        """Write a frame; does nothing after an error.

        Raises
        ------
        OSError
            If nobody reads.
        """
        size = sum(map(len, parts))
        with self._lock:
            if self._is_broken:
                return
            header = _HEADER.pack(kind, connection, time.time_ns(), size)
            try:
                self._write_all([header, *parts])
            except OSError:
                self._is_broken = True
                raise

    def end(self) -> None:
        """Write nothing more."""
        with self._lock:
            self._is_broken = True

    def _write_all(self, parts: list[bytes | memoryview]) -> None:
        if not _POLLED:
            left = memoryview(b"".join(parts))
            while left:
                left = left[os.write(self._descriptor, left) :]
            return
        start = 0
        while start < len(parts):
            try:
                written = os.writev(self._descriptor, parts[start : start + _MOST_PARTS])
            except BlockingIOError:
                if not self._poll.poll(1000 * self._patience):
                    raise TimeoutError("does not take what travels any more") from None
                continue
            while start < len(parts) and written >= len(parts[start]):
                written -= len(parts[start])
                start += 1
            if written:
                parts[start] = memoryview(parts[start])[written:]


class FrameReader:
    """Cuts frames out of a stream."""

    def __init__(self) -> None:
        self._received = bytearray()

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Yield the frames that are whole now."""
        received = self._received
        received += data
        position = 0
        view = memoryview(received)
        try:
            while len(received) - position >= _HEADER.size:
                kind, connection, at, size = _HEADER.unpack_from(received, position)
                end = position + _HEADER.size + size
                if end > len(received):
                    break
                yield Frame(kind, connection, at, bytes(view[position + _HEADER.size : end]))
                position = end
        finally:
            view.release()
            del received[:position]
