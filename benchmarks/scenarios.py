"""All shipped scenarios, one after the other in one process: how long they take.

``python -m benchmarks.scenarios`` measures.
"""

from __future__ import annotations

import time
from typing import Final

from benchmarks.measure import metric, note, place
from tdwii_gui.config.settings import Settings
from tdwii_gui.scenario.library import shipped
from tdwii_gui.scenario.run import ScenarioRun

_MOST_SECONDS: Final = 180


def main() -> None:
    """Play each once."""
    with place() as where:
        began = time.perf_counter()
        for scenario in shipped():
            with ScenarioRun(scenario, Settings(), where.data / scenario.name) as run:
                if not run.run().passed:
                    note(f"scenarios: {scenario.name} has failed")
        seconds = time.perf_counter() - began
    metric("scenarios_all", seconds, "s", _MOST_SECONDS)


if __name__ == "__main__":
    main()
