"""Recorder: hands over what travels on connections to a process that writes it down.

The threads of the network write to a pipe and do nothing else. What is in the pipe is recorded
even if this program is ended by force.
"""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections import OrderedDict
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from threading import Lock, Thread
from typing import IO, TYPE_CHECKING, Final, cast

from tdwii_gui.dicom.errors import StoreError
from tdwii_gui.dicom.net.tap import NOT_TAPPED
from tdwii_gui.recording.frames import FrameKind, FrameWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tdwii_gui.dicom.net.tap import Connection, ConnectionTap

LOGGER = logging.getLogger(__name__)

PART_BYTES: Final = 256 * 2**20
MOST_BYTES: Final = 2 * 2**30

_PATIENCE: Final = 10.0
_PIPE_BYTES: Final = 2**20
_KNOWN_CONNECTIONS: Final = 4096
_STUCK: Final = "the recording process takes nothing any more"
_ROOT: Final = Path(__file__).resolve().parents[2]


def log_end(reason: str) -> None:
    """Log why a recording has ended."""
    LOGGER.warning("the recording has ended: %s", reason)


class Recorder:
    """Records the connections that it is told of, as a `Tap`.

    A connection between two actors of this program is recorded once.

    Parameters
    ----------
    folder : Path
        Where the folder of the recording is made, named by the time.
    patient_data : bool
        Whether names, IDs and dates are kept; else they become pseudonyms.
    actors : Mapping[str, str]
        Role by AE title, as far as known.
    part_bytes : int
        A new part begins when one has so many bytes.
    most_bytes : int
        The oldest part goes when all have more.
    on_ended : Callable[[str], None]
        Is called once, on a thread of the recorder, with the reason if the recording ends by
        itself: no space is left, say. What is recorded is not disturbed by that.

    Attributes
    ----------
    folder : Path
        The folder of the recording.
    message_count, bytes_written : int
        What is written so far.
    """

    def __init__(
        self,
        folder: Path,
        *,
        patient_data: bool = False,
        actors: Mapping[str, str] | None = None,
        part_bytes: int = PART_BYTES,
        most_bytes: int = MOST_BYTES,
        on_ended: Callable[[str], None] = log_end,
    ) -> None:
        self.folder = _free_name(folder.resolve(), datetime.now().astimezone())
        self.patient_data = patient_data
        self.message_count = 0
        self.bytes_written = 0
        self._options = {
            "folder": str(self.folder),
            "patient_data": patient_data,
            "actors": dict(actors or {}),
            "part_bytes": part_bytes,
            "most_bytes": most_bytes,
        }
        self._on_ended = on_ended
        self._process: subprocess.Popen[bytes] | None = None
        self._frames: FrameWriter | None = None
        self._hearing = Thread(target=self._hear, name="recording", daemon=True)
        self._lock = Lock()
        self._stopping = Lock()
        self._is_over = False
        self._is_stop_asked = False
        self._reason = ""
        self._reports = 0
        self._connections = 0
        self._seen: OrderedDict[tuple[object, object], bool] = OrderedDict()

    @property
    def running(self) -> bool:
        """Whether it records."""
        return self._frames is not None and not self._is_over

    def start(self) -> None:
        """Begin to record connections that are made from now on.

        Raises
        ------
        StoreError
            If the folder cannot be made or the process not be started.
        """
        try:
            self.folder.mkdir(mode=0o700, parents=True)
            process = subprocess.Popen(
                [sys.executable, "-m", "tdwii_gui.recording.process", json.dumps(self._options)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                bufsize=0,
                cwd=_ROOT,
                creationflags=getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0),
            )
        except OSError as error:
            raise StoreError(f"{self.folder}: cannot record there: {error.strerror}") from error
        descriptor = _pipe(process.stdin).fileno()
        _widen(descriptor)
        self._process = process
        self._frames = FrameWriter(descriptor, _PATIENCE)
        self._hearing.start()

    def stop(self) -> Path:
        """End; return the folder when all is written."""
        with self._stopping:
            process, frames = self._process, self._frames
            if process is None or frames is None:
                return self.folder
            self._is_stop_asked = True
            self.hand_over(FrameKind.STOP)
            self._is_over = True
            frames.end()
            _pipe(process.stdin).close()
            self._wait_for_end(process)
            _pipe(process.stdout).close()
            self._process = None
        return self.folder

    def connected(self, connection: Connection) -> ConnectionTap:
        """Return who is told what travels on a connection; nobody if its other end is recorded."""
        if not self.running or self._is_other_end(connection):
            return NOT_TAPPED
        with self._lock:
            self._connections += 1
            number = self._connections
        opened = {
            "requestor": connection.requestor,
            "acceptor": connection.acceptor,
            "tls": connection.tls,
        }
        self.hand_over(FrameKind.OPEN, number, [json.dumps(opened).encode("ascii")])
        return _RecordedConnection(self, number, is_requestor=connection.is_requestor)

    def hand_over(
        self, kind: FrameKind, connection: int = 0, parts: Sequence[bytes | memoryview] = ()
    ) -> None:
        """Have something written down; does nothing when the recording is over."""
        frames, process = self._frames, self._process
        if frames is None or process is None or self._is_over:
            return
        try:
            frames.write(kind, connection, parts)
        except TimeoutError:
            self._give_up(process)
        except OSError:
            pass  # the process has ended: the thread that hears it tells why

    def _is_other_end(self, connection: Connection) -> bool:
        ends = (connection.requestor, connection.acceptor)
        with self._lock:
            if self._seen.get(ends, connection.is_requestor) is not connection.is_requestor:
                del self._seen[ends]
                return True
            self._seen[ends] = connection.is_requestor
            if len(self._seen) > _KNOWN_CONNECTIONS:
                self._seen.popitem(last=False)
            return False

    def _hear(self) -> None:
        """Hear what the process reports, until it ends."""
        process = cast("subprocess.Popen[bytes]", self._process)
        for line in _pipe(process.stdout):
            report = json.loads(line)
            self.message_count = report["messages"]
            self.bytes_written = report["bytes"]
            self._reason = report.get("reason") or self._reason
            self._reports += 1
        code = process.wait()
        if code:
            self._reason = self._reason or f"the recording process has ended with code {code}"
        elif not self._is_stop_asked:
            self._reason = self._reason or "the recording process has ended"
        self._is_over = True
        if self._reason:
            self._on_ended(self._reason)

    def _wait_for_end(self, process: subprocess.Popen[bytes]) -> None:
        """Wait until the process has written all, as long as it goes on with it."""
        while self._hearing.is_alive():
            reports = self._reports
            self._hearing.join(_PATIENCE)
            if self._reports == reports and self._hearing.is_alive():
                self._give_up(process)
                self._hearing.join()

    def _give_up(self, process: subprocess.Popen[bytes]) -> None:
        """End a process that hangs."""
        self._is_over = True
        self._reason = _STUCK
        process.kill()


class _RecordedConnection:
    """Hands over what travels on one connection."""

    def __init__(self, recorder: Recorder, number: int, *, is_requestor: bool) -> None:
        self._recorder = recorder
        self._number = number
        sides = (FrameKind.FROM_REQUESTOR, FrameKind.FROM_ACCEPTOR)
        ends = (FrameKind.CLOSED_BY_REQUESTOR, FrameKind.CLOSED_BY_ACCEPTOR)
        self._own, self._peer = sides if is_requestor else sides[::-1]
        self._own_end, self._peer_end = ends if is_requestor else ends[::-1]
        self._is_closed = False

    def sent(self, parts: Sequence[bytes | memoryview]) -> None:
        self._recorder.hand_over(self._own, self._number, parts)

    def received(self, parts: Sequence[bytes | memoryview]) -> None:
        self._recorder.hand_over(self._peer, self._number, parts)

    def closed(self, *, by_peer: bool) -> None:
        if not self._is_closed:
            self._is_closed = True
            self._recorder.hand_over(self._peer_end if by_peer else self._own_end, self._number)


def _free_name(folder: Path, now: datetime) -> Path:
    """Return the name of a new folder: the time, and a number where that is taken."""
    name = now.strftime("%Y-%m-%dT%H%M%S")
    path, number = folder / name, 1
    while path.exists():
        number += 1
        path = folder / f"{name}-{number}"
    return path


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    """Return a pipe of a process that was started with it."""
    return cast("IO[bytes]", pipe)


def _widen(descriptor: int) -> None:
    """Let more wait in a pipe, where the system can; it is written to in large parts."""
    try:
        from fcntl import F_SETPIPE_SZ, fcntl
    except ImportError:
        return
    with suppress(OSError):
        fcntl(descriptor, F_SETPIPE_SZ, _PIPE_BYTES)
