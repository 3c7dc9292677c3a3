"""Runs a measurement in fresh processes and prints what came of it beside its target."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SPAWNED_AT: Final = "TDWII_BENCHMARK_SPAWNED_AT"
"""The environment variable that tells a process when it was spawned (`time.time`)."""

_RESULT: Final = "RESULT "
_NOISE: Final = "This plugin does not support"  # said by Qt's offscreen platform
_ROOT: Final = Path(__file__).resolve().parents[1]
_LONGEST_SECONDS: Final = 300.0


def metric(
    name: str,
    value: float,
    unit: str,
    target: float | None = None,
    *,
    at_least: float | None = None,
) -> None:
    """Print a figure; one with a target should not be above it, or not be below `at_least`."""
    line = f"METRIC {name} {value:.4g} {unit}"
    if target is not None:
        line += f"  (target <= {target:g}: {'met' if value <= target else 'MISSED'})"
    if at_least is not None:
        line += f"  (target >= {at_least:g}: {'met' if value >= at_least else 'MISSED'})"
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def note(text: str) -> None:
    """Print a line that is no figure."""
    sys.stdout.write(f"# {text}\n")
    sys.stdout.flush()


def tell(result: dict[str, Any]) -> None:
    """Hand figures over to the process that measures."""
    sys.stdout.write(f"{_RESULT}{json.dumps(result)}\n")
    sys.stdout.flush()


def since_spawned() -> float:
    """Return the seconds since this process was spawned."""
    return time.time() - float(os.environ[SPAWNED_AT])


def middle(results: Sequence[dict[str, Any]], name: str) -> float:
    """Return the median of a figure of several runs."""
    return float(median(result[name] for result in results))


@dataclass(frozen=True, slots=True)
class Place:
    """Folders of a run, empty at first: nothing is read from or left in the user's own.

    Parameters
    ----------
    data, temporary : Path
        What the actors keep, and where temporary files go.
    ae_directory : Path
        An AE directory that names none of the actors, so that they take any free port.
    """

    data: Path
    temporary: Path
    ae_directory: Path
    environment: dict[str, str]


@contextmanager
def place() -> Iterator[Place]:
    """Yield folders for a run, and remove them."""
    with TemporaryDirectory(prefix="tdwii-benchmark-") as name:
        folder = Path(name)
        temporary, config = folder / "tmp", folder / "config"
        temporary.mkdir()
        config.mkdir()
        ae_directory = folder / "ae.json"
        entry = {"AETitle": "NOBODY", "IPAddr": "127.0.0.1", "Port": 9}
        ae_directory.write_text(json.dumps([entry]), encoding="utf-8")
        environment = {
            **os.environ,
            "QT_QPA_PLATFORM": "offscreen",
            "TMPDIR": str(temporary),
            "XDG_CONFIG_HOME": str(config),
            "PYTHONFAULTHANDLER": "1",
            "PYTHONPATH": str(_ROOT),
        }
        yield Place(folder / "data", temporary, ae_directory, environment)


def spawn(module: str, arguments: Sequence[str], where: Place) -> subprocess.Popen[str]:
    """Start a module of this package in a process of its own."""
    environment = {**where.environment, SPAWNED_AT: repr(time.time())}
    return subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=_ROOT,
    )


def run(module: str, arguments: Sequence[str], where: Place) -> dict[str, Any]:
    """Run a module to its end; return the figures that it tells.

    Raises
    ------
    RuntimeError
        If it fails.
    """
    process = spawn(module, arguments, where)
    try:
        output, errors = process.communicate(timeout=_LONGEST_SECONDS)
    finally:
        process.kill()
    ended = time.time()
    sys.stderr.writelines(line for line in errors.splitlines(True) if not line.startswith(_NOISE))
    results = [line for line in output.splitlines() if line.startswith(_RESULT)]
    if process.returncode or not results:
        raise RuntimeError(f"{module} {' '.join(arguments)} failed: {process.returncode}")
    result: dict[str, Any] = {"ended_at": ended}
    for line in results:
        result |= json.loads(line.removeprefix(_RESULT))
    return result


def memory() -> float:
    """Return the memory that this process holds (RSS), in MB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
