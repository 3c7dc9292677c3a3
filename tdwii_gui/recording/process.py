"""The recording process: ``python -m tdwii_gui.recording.process OPTIONS`` with frames as input.

It ends when its input ends, and not before: whoever ends the program that is recorded may not
end this one with it.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
import warnings
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any, Final

from tdwii_gui.recording.backlog import Backlog
from tdwii_gui.recording.conversation import Conversation, Opened
from tdwii_gui.recording.folder import RecordingFolder
from tdwii_gui.recording.frames import Frame, FrameKind, FrameReader
from tdwii_gui.recording.message_writing import MessageWriting
from tdwii_gui.recording.pseudonyms import Pseudonyms

if TYPE_CHECKING:
    from collections.abc import Sequence

_MANY_BYTES: Final = 2**19
_NAP_SECONDS: Final = 0.004
_REPORT_SECONDS: Final = 0.5
_WAIT_SECONDS: Final = 60.0
_SEED_BYTES: Final = 32
_NICENESS: Final = 10
_STOPPED_BY_FORCE: Final = "the recorded program has ended by force"


class RecordingProcess:
    """Writes down what is handed over, until the end."""

    def __init__(self, options: dict[str, Any]) -> None:
        self._folder = RecordingFolder(
            Path(options["folder"]),
            actors=options["actors"],
            patient_data=options["patient_data"],
            part_bytes=options["part_bytes"],
            most_bytes=options["most_bytes"],
        )
        pseudonyms = None if options["patient_data"] else Pseudonyms(os.urandom(_SEED_BYTES))
        self._writing = MessageWriting(self._folder, pseudonyms)
        self._conversations: dict[int, Conversation] = {}
        self._is_stopped = False
        self._reported_at = 0.0
        self._last_at = 0

    def run(self) -> int:
        """Write until the input ends; return the exit code."""
        reason = ""
        try:
            self._record()
            self.end()
        except OSError as error:
            reason = f"it cannot be written: {error.strerror}"
            with suppress(OSError):  # the disk is full, most probably
                self._folder.end(reason)
        self._report(reason)
        return 1 if reason else 0

    def _record(self) -> None:
        backlog = Backlog()
        Thread(target=_read, args=(backlog,), daemon=True).start()
        frames = FrameReader()
        while portion := self._next(backlog):
            for frame in frames.feed(portion):
                self.take(frame)

    def _next(self, backlog: Backlog) -> bytes:
        """Return the next portion; before a wait, have all in the files."""
        portion = backlog.take(0)
        if portion is None:
            self._folder.part.flush()
        elif time.monotonic() - self._reported_at < _REPORT_SECONDS:
            return portion
        self._report()
        while portion is None:
            portion = backlog.take(_WAIT_SECONDS)
        return portion

    def take(self, frame: Frame) -> None:
        """Write what a frame holds.

        Raises
        ------
        OSError
            If it cannot be written.
        """
        kind, number, at, content = frame
        self._last_at = at
        if kind == FrameKind.STOP:
            self._is_stopped = True
        elif kind == FrameKind.OPEN:
            opened = _opened(number, json.loads(content))
            self._conversations[number] = Conversation(opened, self._folder, self._writing)
        elif kind in (FrameKind.FROM_REQUESTOR, FrameKind.FROM_ACCEPTOR):
            is_requestor = kind == FrameKind.FROM_REQUESTOR
            conversation = self._conversations.get(number)
            if conversation is not None:  # a thread may still send on what another has closed
                conversation.take(at, content, by_requestor=is_requestor)
        else:
            is_requestor = kind == FrameKind.CLOSED_BY_REQUESTOR
            conversation = self._conversations.pop(number, None)
            if conversation is not None:
                conversation.close(at, by_requestor=is_requestor)

    def end(self) -> None:
        """Write what has not come to its end, and close the files; errors are as in `take`."""
        for conversation in self._conversations.values():
            conversation.end(self._last_at)
        self._folder.end("" if self._is_stopped else _STOPPED_BY_FORCE)

    def _report(self, reason: str = "") -> None:
        """Tell the recorder how far it is; nobody may be there any more."""
        self._reported_at = time.monotonic()
        report = {"messages": self._folder.messages, "bytes": self._folder.size, "reason": reason}
        with suppress(OSError):  # the program that is recorded has ended
            os.write(sys.stdout.fileno(), json.dumps(report).encode("ascii") + b"\n")


def main(arguments: Sequence[str]) -> int:
    """Record; return the exit code."""
    os.umask(0o077)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    if hasattr(os, "nice"):
        # What is recorded comes first; there is room for what waits.
        os.nice(_NICENESS)
    warnings.simplefilter("ignore")
    return RecordingProcess(json.loads(arguments[0])).run()


def _opened(number: int, content: dict[str, Any]) -> Opened:
    requestor, acceptor = tuple(content["requestor"]), tuple(content["acceptor"])
    return Opened(number, requestor, acceptor, content["tls"])


def _read(backlog: Backlog) -> None:
    """Read the input into memory, until its end."""
    with open(sys.stdin.fileno(), "rb", buffering=0, closefd=False) as pipe:
        while count := pipe.readinto(backlog.room()):
            backlog.add(count)
            if count < _MANY_BYTES:
                # Not to be woken by each message.
                time.sleep(_NAP_SECONDS)
    backlog.end()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
