"""Runs all benchmarks, one after the other: ``python -m benchmarks``."""

from __future__ import annotations

import os
import platform

from benchmarks import (
    archive,
    busy_windows,
    closing,
    collection,
    delivery,
    opened_recording,
    recording,
    scenarios,
    start_up,
    tables,
    worklist,
)
from benchmarks.measure import note


def main() -> None:
    """Run all."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    note(f"Python {platform.python_version()}, {os.cpu_count()} processors, load {load:.1f}")
    start_up.main()
    tables.main()
    busy_windows.main([])
    closing.main()
    worklist.main()
    archive.main()
    collection.main()
    delivery.main()
    recording.main()
    opened_recording.main()
    scenarios.main()


if __name__ == "__main__":
    main()
