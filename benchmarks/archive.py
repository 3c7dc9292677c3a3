"""The OST as peers see it, beside other archives: how fast it stores, answers and sends.

Our OST, pynetdicom's qrscp, DCMTK's dcmqrscp and Orthanc run side by side and are measured in
turns; who is not installed is left out. ``python -m benchmarks.archive PART`` measures one of
`PARTS` alone.
"""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from statistics import median
from typing import TYPE_CHECKING, Final

from benchmarks import archive_content as content
from benchmarks.archive_peers import RECEIVER, archives, ost
from benchmarks.measure import metric, note, place

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.archive_content import Slice
    from benchmarks.archive_peers import Peer

_RUNS: Final = 3
_IMAGES: Final = 200
_MANY_IMAGES: Final = 400
_FEW_IMAGES: Final = 10
"""For peers whose every message waits 40 ms."""
_ASSOCIATIONS: Final = 4
_QUERIES: Final = 5
_INDEXED: Final = 100_000
_FILES: Final = 10_000
_SERIES: Final = count(1000)

_STORE_RATIO: Final = 2.2
_SEND_RATIO: Final = 3.0
_MEMORY: Final = 94.0


def main(parts: Sequence[str] = ()) -> None:
    """Measure all parts, or some."""
    for name in parts or PARTS:
        PARTS[name]()


def store() -> None:
    """C-STORE of fresh images, on one association and on several."""
    rates: dict[str, list[float]] = {}
    several: dict[str, list[float]] = {}
    with place() as where, archives(where, as_installed=True) as peers:
        for run in range(_RUNS + 1):
            for peer in peers:
                rate = _store_rate(peer, _number(peer, _IMAGES), 1)
                if run:  # the first one warms up
                    rates.setdefault(peer.name, []).append(rate)
                if run and not peer.slow:
                    rate = _store_rate(peer, _IMAGES, _ASSOCIATIONS)
                    several.setdefault(peer.name, []).append(rate)
    _metrics("store", rates, _STORE_RATIO)
    _metrics(f"store_{_ASSOCIATIONS}", several, None)
    for name, measured in several.items():
        value = median(measured) / median(rates[name])
        metric(f"archive_store_{_ASSOCIATIONS}_to_1_{name}", value, "x", **_ours(name, 1.0))


def memory() -> None:
    """Measure the largest memory after 400 images were stored."""
    with place() as where, archives(where) as peers:
        for peer in peers:
            note(f"{peer.name}: {_store_rate(peer, _MANY_IMAGES, 1):.0f} MB/s")
            target = _MEMORY if peer.name == "ost" else None
            metric(f"archive_memory_{peer.name}", peer.memory(), "MiB", target)


def _number(peer: Peer, images: int) -> int:
    return _FEW_IMAGES if peer.slow else images


def _store_rate(peer: Peer, images: int, associations: int) -> float:
    """Store images that the peer does not have, side by side; return MB/s."""
    return _store(peer, content.slices(next(_SERIES), images), associations)


def _store(peer: Peer, images: list[Slice], associations: int = 1) -> float:
    users = [peer.associate() for _ in range(associations)]
    requests = [user.framed(images[number::associations]) for number, user in enumerate(users)]
    size = sum(len(each.encoded) for each in images)
    images.clear()
    with ThreadPoolExecutor(associations) as pool:
        begin = time.perf_counter()
        list(pool.map(lambda user, own: user.store(own), users, requests))
        seconds = time.perf_counter() - begin
    for user in users:
        user.release()
    return size / 1e6 / seconds


def sending() -> None:
    """C-MOVE out to a receiver that keeps nothing, and C-GET out."""
    rates: dict[str, dict[str, list[float]]] = {"move": {}, "get": {}}
    with place() as where, archives(where, as_installed=True) as peers:
        stored = {peer.name: next(_SERIES) for peer in peers}
        sizes = {}
        for peer in peers:
            images = content.slices(stored[peer.name], _number(peer, _IMAGES))
            sizes[peer.name] = sum(len(image.encoded) for image in images)
            _store(peer, images)
        for run in range(_RUNS + 1):
            for peer in peers:
                study = content.study_uid(stored[peer.name])
                wanted = content.identifier("STUDY", StudyInstanceUID=study)
                for kind, retrieve in (
                    ("move", lambda user, asked: user.move(asked, RECEIVER)),
                    ("get", lambda user, asked: user.get(asked)),
                ):
                    user = peer.associate()
                    begin = time.perf_counter()
                    sent = retrieve(user, wanted)
                    seconds = time.perf_counter() - begin
                    user.release()
                    if sent != _number(peer, _IMAGES):
                        raise RuntimeError(f"{peer.name}: {sent} objects by {kind}")
                    if run:
                        rate = sizes[peer.name] / 1e6 / seconds
                        rates[kind].setdefault(peer.name, []).append(rate)
    for kind, measured in rates.items():
        _metrics(kind, measured, _SEND_RATIO)


def queries() -> None:
    """Measure an IMAGE-level C-FIND of 400 instances."""
    with place() as where, archives(where) as peers:
        for peer in peers:
            series = next(_SERIES)
            _store(peer, content.slices(series, _MANY_IMAGES))
            asked = content.identifier(
                "IMAGE",
                StudyInstanceUID=content.study_uid(series),
                SeriesInstanceUID=content.series_uid(series),
                SOPInstanceUID="",
                InstanceNumber="",
            )
            times = [_find_times(peer, asked, _MANY_IMAGES)[1] for _ in range(_QUERIES)]
            metric(
                f"archive_find_{_MANY_IMAGES}_{peer.name}",
                median(times),
                "ms",
                60 if peer.name == "ost" else None,
            )


def index() -> None:
    """Measure a STUDY-level C-FIND among 100,000 instances: its first and its last response."""
    with place() as where:
        begin = time.perf_counter()
        content.fill_index(where.data, _INDEXED)
        note(f"{_INDEXED} instances put in within {time.perf_counter() - begin:.1f} s")
        studies = _INDEXED // content.INSTANCES_OF_STUDY
        keys = {"StudyInstanceUID": "", "PatientID": "", "StudyDescription": ""}
        counted = {"ModalitiesInStudy": "", "NumberOfStudyRelatedInstances": ""}
        asked = {
            "one": (content.identifier("STUDY", **{**keys, "PatientID": "ID000500"}), 1),
            "day": (
                content.identifier("STUDY", **keys, StudyDate="20260105"),
                len(range(4, studies, content.STUDY_DATES)),
            ),
            "wildcard": (content.identifier("STUDY", **keys, **counted, PatientName="*500^*"), 1),
            "counted": (content.identifier("STUDY", **keys, **counted), studies),
            "all": (content.identifier("STUDY", **keys), studies),
        }
        with ost(where) as ours:
            for name, (identifier, matches) in asked.items():
                times = [_find_times(ours, identifier, matches) for _ in range(_QUERIES)]
                first, last = (median(each) for each in zip(*times, strict=True))
                metric(f"archive_find_study_{name}_first", first, "ms", 20)
                metric(f"archive_find_study_{name}_of_{matches}", last, "ms")


def _find_times(peer: Peer, identifier: bytes, matches: int) -> tuple[float, float]:
    """Query; return after how many ms the first and the final response came."""
    user = peer.associate()
    begin = time.perf_counter()
    first, found = 0.0, 0
    for _ in user.find(identifier):
        first = first or time.perf_counter() - begin
        found += 1
    seconds = time.perf_counter() - begin
    user.release()
    if found != matches:
        raise RuntimeError(f"{peer.name}: {found} matches instead of {matches}")
    return 1000 * first, 1000 * seconds


def reindex() -> None:
    """``tdwii ost --reindex`` of 10,000 files."""
    with place() as where:
        content.write_small_files(where.data, _FILES)
        options = ["--data-dir", str(where.data), "--ae-config", str(where.ae_directory)]
        command = [sys.executable, "-m", "tdwii_gui", "ost", "--reindex", *options]
        begin = time.perf_counter()
        said = subprocess.run(
            command, env=where.environment, capture_output=True, text=True, check=True
        )
        metric(f"archive_reindex_{_FILES}", time.perf_counter() - begin, "s", 60)
        note(said.stdout.strip())


def _metrics(what: str, rates: dict[str, list[float]], ratio: float | None) -> None:
    for name, measured in rates.items():
        metric(f"archive_{what}_{name}", median(measured), "MB/s")
    value = median(rates["ost"]) / median(rates["qrscp"])
    metric(f"archive_{what}_ratio", value, "x", at_least=ratio)


def _ours(name: str, at_least: float) -> dict[str, float]:
    return {"at_least": at_least} if name == "ost" else {}


PARTS: Final[dict[str, Callable[[], None]]] = {
    "store": store,
    "memory": memory,
    "sending": sending,
    "queries": queries,
    "index": index,
    "reindex": reindex,
}

if __name__ == "__main__":
    main(sys.argv[1:])
