"""A recording of 100,000 messages: how long it takes to open, to find in, and what memory it needs.

A fraction of the demo is recorded; its messages are then repeated under further numbers.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.measure import memory, metric, middle, place, run, since_spawned, tell

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QApplication

    from benchmarks.measure import Place

MESSAGES: Final = 100_000

_RUNS: Final = 3
_READING, _NO_INDEX, _WINDOW = "reading", "no-index", "window"
_TOLD: Final = 3000
_SWITCH_SECONDS: Final = 0.001
_OPEN_SECONDS: Final = 2
_OPEN_MEGABYTES: Final = 300


def main() -> None:
    """Measure in fresh processes."""
    with place() as where:
        folder = str(_recording(where))
        read = [run("benchmarks.opened_recording", [_READING, folder], where) for _ in range(_RUNS)]
        shown = [run("benchmarks.opened_recording", [_WINDOW, folder], where) for _ in range(_RUNS)]
        for index in Path(folder).glob("*/index.jsonl"):
            index.unlink()
        bare = run("benchmarks.opened_recording", [_NO_INDEX, folder], where)
    metric("recording_read", middle(read, "opened"), "s", _OPEN_SECONDS)
    metric("recording_read_processor_time", middle(read, "worked"), "s")
    metric("recording_read_memory", middle(read, "memory"), "MB", _OPEN_MEGABYTES)
    metric("recording_message_read", middle(read, "message"), "ms")
    metric("recording_read_without_index", bare["opened"], "s")
    metric("recording_shown", middle(shown, "shown"), "s", _OPEN_SECONDS)
    metric("recording_shown_from_start_of_program", middle(shown, "since_spawned"), "s")
    metric("recording_shown_memory", middle(shown, "memory"), "MB", _OPEN_MEGABYTES)
    metric("recording_filtered", middle(shown, "filtered"), "ms")
    metric("recording_told_per_1000_exchanges", middle(shown, "told"), "s")
    metric("recording_told_memory", middle(shown, "memory_told"), "MB", _OPEN_MEGABYTES)
    metric("recording_longest_gap", middle(shown, "gap"), "ms")


def _recording(where: Place) -> Path:
    """Record a fraction, and repeat it."""
    recorded = where.data / "recorded"
    where.data.mkdir()
    command = [sys.executable, "-m", "tdwii_gui", "demo", "--headless", "--record", str(recorded)]
    subprocess.run(command, env=where.environment, check=True, stdout=subprocess.DEVNULL)
    [folder] = recorded.iterdir()
    part = folder / "0001"
    rows = [json.loads(line) for line in (part / "index.jsonl").read_bytes().splitlines()]
    lines = [json.loads(line) for line in (part / "messages.jsonl").read_bytes().splitlines()]
    end = 0
    with (part / "messages.jsonl").open("wb") as messages, (part / "index.jsonl").open("wb") as out:
        for number in range(MESSAGES):
            times, which = divmod(number, len(rows))
            row, line = rows[which], lines[which]
            row[0] = line["number"] = number + 1
            line["association"] = row[2] = row[2] + (1000 if times else 0)
            at = datetime.fromisoformat(row[1]) + timedelta(seconds=10 if times else 0)
            line["at"] = row[1] = at.isoformat(timespec="microseconds")
            text = json.dumps(line, separators=(",", ":")).encode("ascii")
            row[-2:] = end, len(text)
            messages.write(text + b"\n")
            out.write(json.dumps(row, separators=(",", ":")).encode("ascii") + b"\n")
            end += len(text) + 1
    return folder


def reading(folder: Path) -> None:
    """Measure the reader alone."""
    from tdwii_gui.recording.reading import Recording

    begun, worked = time.perf_counter(), time.process_time()
    recording = Recording(folder)
    opened, worked = time.perf_counter() - begun, time.process_time() - worked
    assert len(recording.messages) == MESSAGES
    tell({"opened": opened, "worked": worked, "memory": memory()})
    numbers = range(1, MESSAGES, MESSAGES // 200)
    begun = time.perf_counter()
    for number in numbers:
        recording.message(number)
    tell({"message": (time.perf_counter() - begun) / len(numbers) * 1000})


def window(folder: Path) -> None:
    """Measure the window that shows it."""
    from PySide6.QtCore import QTimer

    from tdwii_gui.app.desktop import make_application
    from tdwii_gui.ui.models.recorded_messages import MessageFilter

    application = make_application()
    # What the program imports once is no part of opening a recording.
    from tdwii_gui.ui.garbage import GarbageCollector
    from tdwii_gui.ui.recording_window import RecordingWindow

    begun = time.perf_counter()
    shown = RecordingWindow(folder)
    shown.show()
    application.processEvents()
    # As the program has it.
    collector = GarbageCollector()
    sys.setswitchinterval(_SWITCH_SECONDS)
    gaps = _Gaps()
    clock = QTimer()
    clock.setInterval(5)
    clock.timeout.connect(gaps.look)
    clock.start()
    _wait(application, lambda: shown.table.rows.rowCount() == MESSAGES)
    tell({"shown": time.perf_counter() - begun, "since_spawned": since_spawned()})
    tell({"memory": memory()})
    begun = time.perf_counter()
    shown.filter.ask(MessageFilter(text="n-set-rq"))
    _wait(application, lambda: 0 < shown.table.rows.rowCount() < MESSAGES)
    tell({"filtered": (time.perf_counter() - begun) * 1000})
    shown.filter.clear()
    told: list[int] = []
    begun = time.perf_counter()
    shown.reading.told.connect(lambda known, _total: told.append(known))
    _wait(application, lambda: bool(told))
    first = told[0]
    _wait(application, lambda: told[-1] - first > _TOLD)
    seconds = time.perf_counter() - begun
    tell({"told": seconds / (told[-1] - first) * 1000, "memory_told": memory()})
    tell({"gap": gaps.longest})
    collector.close()


class _Gaps:
    """The longest time in which the GUI thread was away from its event loop, in ms."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._last = 0.0

    def look(self) -> None:
        now = time.perf_counter()
        if self._last:
            self.longest = max(self.longest, (now - self._last) * 1000)
        self._last = now


def _wait(application: QApplication, arrived: Callable[[], bool]) -> None:
    from PySide6.QtCore import QEventLoop

    while not arrived():
        application.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)


def child(kind: str, folder: Path) -> None:
    """Measure in this process."""
    if kind == _WINDOW:
        window(folder)
    else:
        reading(folder)
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    child(sys.argv[1], Path(sys.argv[2])) if sys.argv[1:] else main()
