"""Start: the launcher's window against a trivial one, all actors listening, memory."""

from __future__ import annotations

from typing import Any, Final

from benchmarks.measure import metric, middle, place, run

_RUNS: Final = 7
_WARM_UPS: Final = 1


def main() -> None:
    """Measure; the two windows take turns."""
    trivial: list[dict[str, Any]] = []
    launcher: list[dict[str, Any]] = []
    for _ in range(_WARM_UPS + _RUNS):
        with place() as where:
            trivial.append(run("benchmarks.trivial_window", [], where))
            options = ["--data-dir", str(where.data), "--ae-config", str(where.ae_directory)]
            launcher.append(run("benchmarks.launcher_run", options, where))
    trivial, launcher = trivial[_WARM_UPS:], launcher[_WARM_UPS:]
    peer, ours = middle(trivial, "shown"), middle(launcher, "shown")
    metric("trivial_window_shown", 1000 * peer, "ms")
    metric("launcher_window_shown", 1000 * ours, "ms")
    metric("launcher_to_trivial_window", ours / peer, "x", 1.7)
    metric("five_actors_listening", middle(launcher, "listening"), "s", 2)
    metric("memory_actors_listening", middle(launcher, "memory_listening"), "MB", 250)
    metric("memory_all_windows", middle(launcher, "memory_all_windows"), "MB", 250)


if __name__ == "__main__":
    main()
