"""A treatment session without its peers: a real plan delivered, its record built and written.

``python -m benchmarks.delivery`` measures; with more arguments it is the process that delivers.
The plans are those of the developers' data beside the checkout; without them nothing is measured.
"""

from __future__ import annotations

import resource
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.measure import metric, middle, note, place, run, tell
from tdwii_gui.actors.delivery import Delivery
from tdwii_gui.dicom.iod.machine_state import machine_state
from tdwii_gui.dicom.iod.part10 import write_part10
from tdwii_gui.dicom.iod.plan import read_plan
from tdwii_gui.dicom.iod.rtbdi import RtBeamsDeliveryInstruction, build_rtbdi
from tdwii_gui.dicom.iod.treatment_record import SessionInfo, build_treatment_records

if TYPE_CHECKING:
    from tdwii_gui.dicom.iod.plan import FractionGroup, Plan

PLANS: Final = {
    # name of the figures: the file, and the seconds that a session may take
    "vmat": ("photon_vmat_spine_qa/RPColumna.dcm", 1.0),
    "spots": ("ion_pbs_water/sobp_10x10.dcm", 3.0),
}

_DATA: Final = Path(__file__).resolve().parents[2] / "shared" / "data"
_RUNS: Final = 5
_STATES: Final = 2000


class _Clock:
    """Time that passes only by being slept, and at once."""

    def __init__(self) -> None:
        self.moment = datetime.now(UTC)

    def now(self) -> datetime:
        return self.moment

    def sleep(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


def main() -> None:
    """Measure each plan several times, each in a process of its own."""
    for name, (file, seconds) in PLANS.items():
        plan = _DATA / file
        if not plan.is_file():
            note(f"delivery: {file} is not beside the checkout")
            continue
        with place() as where:
            where.data.mkdir()
            results = [
                run("benchmarks.delivery", [str(plan), str(where.data)], where)
                for _ in range(_RUNS)
            ]
        metric(f"delivery_{name}_session", middle(results, "session"), "s", seconds)
        metric(f"delivery_{name}_engine", middle(results, "engine") * 1e3, "ms")
        metric(f"delivery_{name}_record", middle(results, "record") * 1e3, "ms")
        metric(f"delivery_{name}_memory", middle(results, "memory"), "MB", 200)
        metric(f"delivery_{name}_progress", middle(results, "progress") * 1e3, "ms", 1)
        metric(f"delivery_{name}_machine_state", middle(results, "state") * 1e3, "ms", 0.2)


def deliver(path: Path, folder: Path) -> None:
    """Deliver a plan and write its records; tell how long that took."""
    begin = time.perf_counter()
    plan = read_plan(path)
    group = plan.fraction_group()
    instruction = RtBeamsDeliveryInstruction.from_dataset(build_rtbdi(plan, group, 1))
    planned = time.perf_counter()
    delivery = Delivery(group, instruction, _Clock())
    for _ in delivery.play():
        pass
    delivered = time.perf_counter()
    _write(plan, group, delivery, folder)
    written = time.perf_counter()
    # The largest memory is that of the session; what follows measures the engine alone.
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    tell(
        {
            "session": written - begin,
            "engine": delivered - planned,
            "record": written - delivered,
            "memory": memory,
            "progress": _seconds_per_progress(group, instruction),
            "state": _seconds_per_state(group),
        }
    )


def _write(plan: Plan, group: FractionGroup, delivery: Delivery, folder: Path) -> None:
    records = build_treatment_records(plan, group, delivery.delivered, SessionInfo(1))
    for number, record in enumerate(records):
        write_part10(folder / f"{number}.dcm", record)


def _seconds_per_progress(group: FractionGroup, instruction: RtBeamsDeliveryInstruction) -> float:
    """Return what a progress value in real time costs besides the waiting."""
    delivery = Delivery(group, instruction, _Clock(), speed=1.0)
    begin = time.perf_counter()
    count = sum(1 for _ in delivery.play())
    return (time.perf_counter() - begin) / count


def _seconds_per_state(group: FractionGroup) -> float:
    beam = group.beams[0]
    begin = time.perf_counter()
    for number in range(_STATES):
        machine_state(beam, beam.meterset * number / _STATES)
    return (time.perf_counter() - begin) / _STATES


if __name__ == "__main__":
    deliver(*map(Path, sys.argv[1:])) if sys.argv[1:] else main()
