"""A TMS as devices see it: how fast it answers, with how many steps, and tells its subscribers.

The TMS is a process of its own with its default database. Beside it runs a UPS SCP of plain
pynetdicom that does nothing; both are measured in turns. ``python -m benchmarks.worklist PART``
measures one of `PARTS` alone.
"""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from statistics import median, quantiles
from typing import TYPE_CHECKING, Final

from benchmarks import worklist_content as content
from benchmarks.measure import metric, note, place
from benchmarks.upper_layer import (
    C_FIND,
    FIELD,
    N_SET,
    PRIORITY,
    REQUESTED_CLASS,
    REQUESTED_INSTANCE,
    SOP_CLASS,
    STATUS,
    Requestor,
)
from benchmarks.worklist_events import events
from benchmarks.worklist_peers import Peer, accepted, act, create, do_nothing, tms
from tdwii_gui.dicom.uids import UPS_PULL, UPS_PUSH, new_uid

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


_RUNS: Final = 5
_REQUESTS: Final = 150
_ASSOCIATIONS: Final = 8
_QUERIES: Final = 40
_LEVELS: Final = (100, 1_000, 10_000, 100_000)
_PENDING: Final = (0xFF00, 0xFF01)
_NUMBERS: Final = count()


def main(parts: Sequence[str] = ()) -> None:
    """Measure all parts, or some."""
    for name in parts or PARTS:
        PARTS[name]()


def changes() -> None:
    """N-CREATE on one and eight associations, claims, and N-SET, each beside doing nothing."""
    with place() as where, tms(where) as ours, do_nothing(where) as floor:
        rates: dict[tuple[str, str], list[float]] = {}
        waits: dict[str, list[float]] = {ours.name: [], floor.name: []}
        for _ in range(_RUNS):
            for peer in (ours, floor):
                for name, value in _changes_once(peer, waits[peer.name]).items():
                    rates.setdefault((peer.name, name), []).append(value)
        for name, target, ratio in (
            ("ncreate_1", 370, 0.7),
            ("ncreate_8", 430, 0.8),
            ("claims", 315, None),
        ):
            mine, theirs = (median(rates[peer.name, name]) for peer in (ours, floor))
            metric(f"worklist_{name}", mine, "/s", at_least=target)
            metric(f"worklist_{name}_do_nothing", theirs, "/s")
            metric(f"worklist_{name}_ratio", mine / theirs, "x", at_least=ratio)
        for peer in (ours, floor):
            middle, last = median(waits[peer.name]), quantiles(waits[peer.name], n=100)[98]
            is_ours = peer is ours
            suffix = "" if is_ours else "_do_nothing"
            metric(f"worklist_nset_median{suffix}", middle, "ms", 2.5 if is_ours else None)
            metric(f"worklist_nset_p99{suffix}", last, "ms", 5 * middle if is_ours else None)


def _changes_once(peer: Peer, waits: list[float]) -> dict[str, float]:
    attributes = [*content.steps(_REQUESTS, first=next(_NUMBERS) * _REQUESTS)]
    association = peer.associate()
    begin = time.perf_counter()
    made = [create(association, each) for each in attributes]
    one = time.perf_counter() - begin
    transactions = [str(new_uid()) for _ in made]
    claims = [content.claim(each) for each in transactions]
    begin = time.perf_counter()
    for uid, information in zip(made, claims, strict=True):
        act(association, UPS_PULL, uid, 1, information)
    claimed = time.perf_counter() - begin
    for percent in range(100):
        modifications = content.progress(transactions[0], percent)
        begin = time.perf_counter()
        command: dict[int, int | str] = {REQUESTED_CLASS: UPS_PUSH, FIELD: N_SET}
        command[REQUESTED_INSTANCE] = made[0]
        accepted(association.request(UPS_PULL, command, modifications))
        waits.append(1000 * (time.perf_counter() - begin))
    association.release()
    return {
        "ncreate_1": _REQUESTS / one,
        "claims": _REQUESTS / claimed,
        "ncreate_8": _REQUESTS / _side_by_side(peer, attributes),
    }


def _side_by_side(peer: Peer, attributes: Sequence[bytes]) -> float:
    associations = [peer.associate() for _ in range(_ASSOCIATIONS)]

    def send(number: int) -> None:
        for each in attributes[number::_ASSOCIATIONS]:
            create(associations[number], each)

    with ThreadPoolExecutor(_ASSOCIATIONS) as pool:
        begin = time.perf_counter()
        list(pool.map(send, range(_ASSOCIATIONS)))
        seconds = time.perf_counter() - begin
    for association in associations:
        association.release()
    return seconds


def queries() -> None:
    """C-FIND of ten matches among more and more steps; all of 10,000; the memory of 100,000."""
    times: dict[int, float] = {}
    with place() as where:
        with do_nothing(where) as floor:
            final, first = _find_times(floor)
            metric("worklist_find_do_nothing", final, "ms")
            metric("worklist_find_first_do_nothing", first, "ms")
        known = 0
        for level in _LEVELS:
            begin = time.perf_counter()
            content.fill(where.data, level - known, first=known)
            note(f"{level - known} steps put in within {time.perf_counter() - begin:.1f} s")
            known = level
            with tms(where) as ours:
                final, first = _find_times(ours)
                times[level] = final
                metric(f"worklist_find_{level}", final, "ms", 16 if level == 10_000 else None)
                metric(f"worklist_find_{level}_first", first, "ms")
                if level == 10_000:
                    _measure_all(ours, level)
                if level == max(_LEVELS):
                    metric("worklist_memory_100000", ours.memory("VmHWM"), "MB", 150)
    metric("worklist_find_100000_to_100", times[100_000] / times[100], "x", 1.5)


def _find_times(peer: Peer) -> tuple[float, float]:
    association = peer.associate()
    identifier = content.query()
    _expect(association, identifier, content.MATCHES)
    found = [_expect(association, identifier, content.MATCHES) for _ in range(_QUERIES)]
    association.release()
    return median(final for final, _ in found), median(first for _, first in found)


def _measure_all(ours: Peer, level: int) -> None:
    association = ours.associate()
    before = ours.memory("VmHWM")
    found = [_expect(association, content.query_of_all(), level) for _ in range(3)]
    association.release()
    metric("worklist_find_all_10000", median(final for final, _ in found), "ms")
    metric("worklist_find_all_10000_first", median(first for _, first in found), "ms", 20)
    metric("worklist_find_all_10000_grown", ours.memory("VmHWM") - before, "MB", 20)


def _expect(association: Requestor, identifier: bytes, matches: int) -> tuple[float, float]:
    """Query; return after how many ms the final response came, and the first one."""
    begin = time.perf_counter()
    association.send(UPS_PULL, {SOP_CLASS: UPS_PULL, FIELD: C_FIND, PRIORITY: 0}, identifier)
    first = 0.0
    found = 0
    while True:
        status = association.receive()[0][STATUS]
        first = first or time.perf_counter() - begin
        if status not in _PENDING:
            break
        found += 1
    if status or found != matches:
        raise RuntimeError(f"{found} matches instead of {matches}, status {status:04X}H")
    return 1000 * (time.perf_counter() - begin), 1000 * first


PARTS: Final[dict[str, Callable[[], None]]] = {
    "changes": changes,
    "queries": queries,
    "events": events,
}

if __name__ == "__main__":
    main(sys.argv[1:])
