"""The suite is closed while a large retrieval is under way: how long, and what is left.

``python -m benchmarks.closing`` measures; with more arguments it is the process that is closed.
"""

from __future__ import annotations

import re
import socket
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, Final

from benchmarks.material import demo_plan, fill_ost, fraction_with_images
from benchmarks.measure import metric, middle, note, place, run, tell

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmarks.measure import Place
    from tdwii_gui.app.desktop import SuiteProgram

IMAGES: Final = 400

_RUNS: Final = 3
_ARRIVED_BEFORE: Final = 80
_UNFINISHED: Final = re.compile(r"^\..*|.*\.(part|tmp)$")


def main() -> None:
    """Measure several times, each with fresh data of all actors but the OST."""
    results = [_close_once() for _ in range(_RUNS)]
    metric("closing_took", middle(results, "seconds"), "s", 3)
    metric("closing_threads_left", max(result["threads"] for result in results), "threads", 0)
    metric("closing_ports_left", max(result["ports_left"] for result in results), "ports", 0)
    metric("closing_files_left", max(result["files_left"] for result in results), "files", 0)
    metric("closing_objects_had_arrived", middle(results, "objects"), "objects")


def _close_once() -> dict[str, Any]:
    with place() as where:
        fill_ost(where.data, IMAGES)
        options = ["--data-dir", str(where.data), "--ae-config", str(where.ae_directory)]
        result = run("benchmarks.closing", options, where)
        unfinished = list(_unfinished(where))
        for path in unfinished:
            note(f"left behind: {path}")
        for name in result["thread_names"]:
            note(f"thread left: {name}")
        return result | {
            "seconds": result["ended_at"] - result["closed_at"],
            "ports_left": sum(map(_is_open, result["ports"])),
            "files_left": len(unfinished),
        }


def _unfinished(where: Place) -> Iterator[Path]:
    """Yield files that are under temporary names, or in the folder of temporary files."""
    yield from where.temporary.rglob("*")
    for path in where.data.rglob("*"):
        if path.is_file() and _UNFINISHED.match(path.name):
            yield path


def _is_open(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def close_in_transfer(options: list[str]) -> None:
    """Run the suite, close it when some images have arrived, and tell what is left."""
    from benchmarks.running_suite import play

    play(options, _transfer)
    names = [one.name for one in threading.enumerate() if one is not threading.main_thread()]
    tell({"threads": len(names), "thread_names": names})


def _transfer(program: SuiteProgram) -> None:
    from benchmarks.running_suite import listening, open_windows, wait_until

    suite = listening(program)
    wait_until(lambda: suite.ppvs.subscribed)
    open_windows(program)
    plan = demo_plan()
    images = suite.ost.instances.instances()
    suite.creator.schedule(plan, [fraction_with_images(suite.creator, plan, images)])
    wait_until(lambda: suite.ppvs.instances.count() > _ARRIVED_BEFORE)
    tell(
        {
            "objects": suite.ppvs.instances.count(),
            "ports": [actor.port for actor in suite.actors],
            "closed_at": time.time(),
        }
    )


if __name__ == "__main__":
    close_in_transfer(sys.argv[1:]) if sys.argv[1:] else main()
