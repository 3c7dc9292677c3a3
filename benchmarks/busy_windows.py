"""Whether the GUI thread is ever blocked for long while all windows are open and busy.

``python -m benchmarks.busy_windows [SCENE ...]``; with TDWII_BENCHMARK_WATCH=1 it prints where the
GUI thread was in long gaps.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from benchmarks.gui_probe import LIMIT_MS
from benchmarks.material import fill_ost, fill_tms
from benchmarks.measure import Place, metric, middle, place, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

IMAGES: Final = 400
STEPS: Final = 10_000
SCENES: Final = ("retrieve", "events", "dead_peer", "query")

_RUNS: Final = 3
_MB_PER_IMAGE: Final = 0.524


def main(scenes: list[str]) -> None:
    """Play the scenes, each several times in fresh processes."""
    for scene in scenes or SCENES:
        with place() as where:
            if scene == "retrieve":
                fill_ost(where.data, IMAGES)
            with _other_tms(where, scene == "query") as port:
                _tell(scene, [_play(scene, port, where) for _ in range(_RUNS)])


def _play(scene: str, port: int, where: Place) -> dict[str, Any]:
    options = ["--data-dir", str(where.data), "--ae-config", str(where.ae_directory)]
    try:
        return run("benchmarks.scenes", [scene, str(port), *options], where)
    finally:
        _forget(where.data, scene)


def _forget(data: Path, scene: str) -> None:
    """Have the next run begin as the first did: what the actors were given stays."""
    for folder in data.iterdir():
        if (scene, folder.name) != ("retrieve", "ost"):
            shutil.rmtree(folder)


def _tell(scene: str, results: list[dict[str, Any]]) -> None:
    metric(f"{scene}_longest_gap", middle(results, "longest_gap"), "ms", LIMIT_MS)
    metric(f"{scene}_longest_gap_of_all_runs", max(r["longest_gap"] for r in results), "ms")
    metric(f"{scene}_gaps_over_{LIMIT_MS:.0f}_ms", middle(results, "long_gaps"), "gaps", 0)
    metric(f"{scene}_longest_work", middle(results, "longest_work"), "ms")
    metric(f"{scene}_longest_collection", middle(results, "longest_collection"), "ms")
    seconds = middle(results, "seconds")
    metric(f"{scene}_took", seconds, "s")
    if scene == "retrieve":
        metric("retrieve_rate", _MB_PER_IMAGE * IMAGES / seconds, "MB/s")
    for name, unit in (("objects", "objects"), ("events", "events"), ("rows", "rows")):
        if name in results[0]:
            metric(f"{scene}_{name}", middle(results, name), unit)
    if scene == "query":
        metric("query_shown_after_last_answer", middle(results, "shown_after"), "ms", 300)


@contextmanager
def _other_tms(where: Place, is_wanted: bool) -> Iterator[int]:
    """Run a TMS full of steps in a process of its own; yield its port."""
    if not is_wanted:
        yield 0
        return
    folder = where.data.with_name("other")
    fill_tms(folder, STEPS)
    command = ["tms", "--headless", "--ae-title", "OTHER_TMS", "--port", "0"]
    options = ["--data-dir", str(folder), "--ae-config", str(where.ae_directory)]
    with subprocess.Popen(
        [sys.executable, "-m", "tdwii_gui", *command, *options],
        env=where.environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            yield int(re.findall(r":(\d+)$", line)[0])
        finally:
            process.terminate()


if __name__ == "__main__":
    main(sys.argv[1:])
