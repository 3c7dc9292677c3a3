"""A PPVS that is told of a step, until everything for it is on its disk.

TMS, OST and PPVS are processes of their own. ``python -m benchmarks.collection`` measures; with
more arguments it is the process of the PPVS.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pydicom.dataset import Dataset

from benchmarks.material import demo_plan, fill_ost
from benchmarks.measure import metric, middle, place, spawn, tell
from benchmarks.processes import free_ports, running
from tdwii_gui.actors.actor import Surroundings
from tdwii_gui.actors.events import EventReported, InputsRetrieved
from tdwii_gui.actors.ppvs import Ppvs
from tdwii_gui.actors.rtbdi_creator import FractionRequest, RtbdiCreator
from tdwii_gui.config.ae_directory import load_ae_directory
from tdwii_gui.config.resources import resource_path
from tdwii_gui.config.settings import CreatorSettings, PpvsSettings
from tdwii_gui.dicom.iod.macros import sop_reference
from tdwii_gui.dicom.iod.part10 import read_part10
from tdwii_gui.dicom.iod.related import Kind, kind_of
from tdwii_gui.dicom.store.instance_store import InstanceStore

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.measure import Place
    from tdwii_gui.actors.events import ActorEvent
    from tdwii_gui.dicom.store.instance_store import StoredInstance

IMAGES: Final = 200

_RUNS: Final = 5
_SECONDS: Final = 60.0
_TITLES: Final = ("TMS", "OST", "PPVS_SCP", "CREATOR")


def main() -> None:
    """Measure several times, each with a step and a PPVS of its own."""
    results = []
    with place() as where:
        ports = dict(zip(_TITLES, free_ports(len(_TITLES)), strict=True))
        entries = [{"AETitle": t, "IPAddr": "127.0.0.1", "Port": p} for t, p in ports.items()]
        where.ae_directory.write_text(json.dumps(entries), encoding="utf-8")
        _fill(where.data)
        with _server(where, "tms"), _server(where, "ost"):
            results = [_collect_once(where, number) for number in range(1, _RUNS + 1)]
    objects = IMAGES + len(("plan", "RTBDI", "structure set", "dose"))
    metric("collection_complete", middle(results, "seconds"), "s", 3)
    metric("collection_slowest", max(result["seconds"] for result in results), "s")
    metric("collection_rate", objects / middle(results, "seconds"), "objects/s")
    metric("collection_until_first_image", middle(results, "first_image"), "s")
    metric("collection_images", middle(results, "images"), "s")
    metric("collection_ppvs_processor", middle(results, "processor"), "s")


def _fill(data: Path) -> None:
    """Have the OST hold structure set and dose of the demo patient, and a larger CT series."""
    fill_ost(data, IMAGES)
    store = InstanceStore(data / "ost")
    try:
        structure_set = read_part10(resource_path("demo_patient", "structure_set.dcm"))
        _refer(structure_set, store.instances())
        store.add_dataset(structure_set)
        store.add_file(resource_path("demo_patient", "photon_dose.dcm"))
    finally:
        store.close()


def _refer(structure_set: Dataset, images: Sequence[StoredInstance]) -> None:
    series, study = Dataset(), Dataset()
    series.SeriesInstanceUID = images[0].series_instance_uid
    series.ContourImageSequence = [
        sop_reference(one.sop_class_uid, one.sop_instance_uid) for one in images
    ]
    study.ReferencedSOPInstanceUID = images[0].study_instance_uid
    study.RTReferencedSeriesSequence = [series]
    frame = structure_set.ReferencedFrameOfReferenceSequence[0]
    frame.RTReferencedStudySequence = [study]


@contextmanager
def _server(where: Place, command: str) -> Iterator[None]:
    options = ["--data-dir", str(where.data), "--ae-config", str(where.ae_directory)]
    with running(where, ["tdwii_gui", command, "--headless", *options]):
        yield


def _collect_once(where: Place, number: int) -> dict[str, Any]:
    folder = where.temporary / f"ppvs{number}"
    process = spawn("benchmarks.collection", [str(where.ae_directory), str(folder)], where)
    try:
        if process.stdout is None or "subscribed" not in process.stdout.readline():
            raise RuntimeError("the PPVS is not subscribed")
        _schedule(where, number)
        output, errors = process.communicate(timeout=_SECONDS)
    finally:
        process.kill()
    sys.stderr.write(errors)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, "ppvs")
    result: dict[str, Any] = json.loads(output.partition("RESULT ")[2])
    return result


def _schedule(where: Place, number: int) -> None:
    plan = demo_plan()
    around = Surroundings(load_ae_directory(where.ae_directory), where.data)
    creator = RtbdiCreator(CreatorSettings(ae_title="CREATOR"), around)
    try:
        request = FractionRequest(number, datetime.now().astimezone())
        creator.schedule(plan, [creator.build(plan, request)]).result(_SECONDS)
    finally:
        creator.stop()


class _Watch:
    """When a PPVS was told of a step, and when it had everything."""

    def __init__(self) -> None:
        self.told_at = self.ended_at = 0.0
        self.processor_at_start = self.processor_at_end = 0.0
        self.result: InputsRetrieved | None = None

    def __call__(self, event: ActorEvent) -> None:
        if isinstance(event, EventReported) and not self.told_at:
            self.told_at, self.processor_at_start = time.time(), time.process_time()
        elif isinstance(event, InputsRetrieved) and self.result is None:
            self.ended_at, self.processor_at_end = time.time(), time.process_time()
            self.result = event


def follow_steps(ae_directory: Path, folder: Path) -> None:
    """Run a PPVS until it has the inputs of a step, and tell how long that took."""
    watch = _Watch()
    around = Surroundings(load_ae_directory(ae_directory), folder, listener=watch)
    ppvs = Ppvs(PpvsSettings(auto_download=True), around)
    try:
        ppvs.start()
        ppvs.subscribe().result(_SECONDS)
        sys.stdout.write("subscribed\n")
        sys.stdout.flush()
        limit = time.monotonic() + _SECONDS
        while watch.result is None:
            if time.monotonic() > limit:
                raise TimeoutError("no inputs")
            time.sleep(0.01)
        tell(_figures(ppvs, watch))
    finally:
        ppvs.stop()


def _figures(ppvs: Ppvs, watch: _Watch) -> dict[str, float]:
    assert watch.result is not None
    counts = {count.kind: count.present for count in watch.result.result.counts}
    wanted = dict.fromkeys((Kind.PLAN, Kind.RTBDI, Kind.STRUCTURE_SET, Kind.DOSE), 1)
    if counts != wanted | {Kind.IMAGE: IMAGES}:
        raise RuntimeError(f"the collection is not complete: {watch.result.result}")
    here = ppvs.instances.instances()
    assert all(one.path.stat().st_size == one.size for one in here)
    images = [one.received.timestamp() for one in here if kind_of(one.sop_class_uid) is Kind.IMAGE]
    return {
        "seconds": watch.ended_at - watch.told_at,
        "first_image": min(images) - watch.told_at,
        "images": max(images) - min(images),
        "processor": watch.processor_at_end - watch.processor_at_start,
    }


if __name__ == "__main__":
    follow_steps(*map(Path, sys.argv[1:])) if sys.argv[1:] else main()
