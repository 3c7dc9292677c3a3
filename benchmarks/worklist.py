"""A TMS as devices see it: how fast it answers, with how many steps, and tells its subscribers.

The TMS is a process of its own with its default database. Beside it runs a UPS SCP of plain
pynetdicom that does nothing; both are measured in turns. ``python -m benchmarks.worklist PART``
measures one of `PARTS` alone.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING, Final

from benchmarks import worklist_content as content
from benchmarks.measure import metric, note, place
from benchmarks.upper_layer import (
    ACTION_TYPE,
    C_FIND,
    FIELD,
    INSTANCE,
    N_ACTION,
    N_CREATE,
    N_SET,
    PRIORITY,
    REQUESTED_CLASS,
    REQUESTED_INSTANCE,
    SOP_CLASS,
    STATUS,
    Requestor,
)
from tdwii_gui.dicom.uids import UPS_GLOBAL_SUBSCRIPTION, UPS_PULL, UPS_PUSH, UPS_WATCH, new_uid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from benchmarks.measure import Place

_RUNS: Final = 5
_REQUESTS: Final = 150
_ASSOCIATIONS: Final = 8
_QUERIES: Final = 40
_LEVELS: Final = (100, 1_000, 10_000, 100_000)
_EVENTS: Final = 20
_MOST_SUBSCRIBERS: Final = 32
_EVENT_SECONDS: Final = 15.0
_PENDING: Final = (0xFF00, 0xFF01)
_NUMBERS: Final = count()


@dataclass(frozen=True, slots=True)
class Peer:
    """An SCP that is measured."""

    name: str
    port: int
    ae_title: str
    process: subprocess.Popen[str]

    def associate(self) -> Requestor:
        """Open an association."""
        return Requestor(self.port, self.ae_title, [UPS_PUSH, UPS_PULL, UPS_WATCH])

    def memory(self, name: str = "VmRSS") -> float:
        """Return the memory that the process holds, or with VmHWM held at most, in MB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        line = next(line for line in status.splitlines() if line.startswith(name))
        return int(line.split()[1]) * 1024 / 1e6


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
        _act(association, UPS_PULL, uid, 1, information)
    claimed = time.perf_counter() - begin
    for percent in range(100):
        modifications = content.progress(transactions[0], percent)
        begin = time.perf_counter()
        command: dict[int, int | str] = {REQUESTED_CLASS: UPS_PUSH, FIELD: N_SET}
        command[REQUESTED_INSTANCE] = made[0]
        _accepted(association.request(UPS_PULL, command, modifications))
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


def events() -> None:
    """From a request to the receipt of its event, and how long the answer takes meanwhile."""
    with place() as where:
        first_port = _free_ports(_MOST_SUBSCRIBERS + 2)
        names = [f"RECEIVER{number}" for number in range(_MOST_SUBSCRIBERS)]
        entries = [
            {"AETitle": name, "IPAddr": "127.0.0.1", "Port": first_port + number}
            for number, name in enumerate([*names, "HANGS", "REFUSES"])
        ]
        where.ae_directory.write_text(json.dumps(entries), encoding="utf-8")
        arguments = ["benchmarks.upper_layer", str(first_port), str(_MOST_SUBSCRIBERS)]
        hangs = socket.create_server(("127.0.0.1", first_port + _MOST_SUBSCRIBERS), backlog=64)
        with hangs, tms(where) as ours, _process(where, arguments) as receivers:
            association = ours.associate()
            alone = _event_times(association, receivers, 0)[0]
            metric("worklist_answer_without_subscribers", alone, "ms")
            subscribed = 0
            for number, target in ((1, 8.0), (8, None), (32, 90.0)):
                for name in names[subscribed:number]:
                    _subscribe(association, name)
                subscribed = number
                answer, last = _event_times(association, receivers, number)
                metric(f"worklist_event_to_last_of_{number}", last, "ms", target)
                limit = 1.2 * alone if number == max(1, _MOST_SUBSCRIBERS) else None
                metric(f"worklist_answer_with_{number}", answer, "ms", limit)
            for name in names:
                _subscribe(association, name, ends=True)
            for name in ("REFUSES", "HANGS"):
                _subscribe(association, name)
                answer = _event_times(association, receivers, 0)[0]
                what = f"worklist_answer_with_one_that_{name.lower()}"
                metric(what, answer, "ms", 1.2 * alone)
                _subscribe(association, name, ends=True)
            association.release()


def _event_times(
    association: Requestor, receivers: subprocess.Popen[str], number: int
) -> tuple[float, float]:
    """Return after how many ms N-CREATE was answered, and its last event had been received."""
    answers, lasts = [], []
    for attributes in content.steps(_EVENTS, first=1_000_000):
        begin = time.monotonic_ns()
        uid = create(association, attributes)
        answers.append((time.monotonic_ns() - begin) / 1e6)
        if number:
            lasts.append((_last_receipt(receivers, uid, number) - begin) / 1e6)
    return median(answers), median(lasts) if lasts else 0.0


def _last_receipt(receivers: subprocess.Popen[str], uid: str, number: int) -> int:
    seen: dict[str, int] = {}
    deadline = time.monotonic() + _EVENT_SECONDS
    while len(seen) < number and receivers.stdout is not None:
        arrived, receiver, told = receivers.stdout.readline().split()
        if told == uid:
            seen[receiver] = int(arrived)
        if time.monotonic() > deadline:
            raise RuntimeError(f"{number - len(seen)} of {number} subscribers were not told")
    return max(seen.values())


def create(association: Requestor, attributes: bytes) -> str:
    """Create a step; return its SOP Instance UID."""
    uid = str(new_uid())
    command: dict[int, int | str] = {SOP_CLASS: UPS_PUSH, FIELD: N_CREATE, INSTANCE: uid}
    _accepted(association.request(UPS_PUSH, command, attributes))
    return uid


def _subscribe(association: Requestor, receiving_ae: str, *, ends: bool = False) -> None:
    information = content.subscription(receiving_ae, ends=ends)
    _act(association, UPS_WATCH, UPS_GLOBAL_SUBSCRIPTION, 4 if ends else 3, information)


def _act(
    association: Requestor, context: str, uid: str, action_type: int, information: bytes
) -> None:
    command: dict[int, int | str] = {
        REQUESTED_CLASS: UPS_PUSH,
        FIELD: N_ACTION,
        REQUESTED_INSTANCE: uid,
        ACTION_TYPE: action_type,
    }
    _accepted(association.request(context, command, information))


def _accepted(status: int) -> None:
    if status >> 12 in (0xA, 0xC) or 0x0100 <= status < 0x0300:
        raise RuntimeError(f"refused with status {status:04X}H")


def _free_ports(number: int) -> int:
    """Return the first of some ports in a row that nobody has."""
    while True:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            first: int = probe.getsockname()[1]
        try:
            for port in range(first, first + number):
                socket.create_server(("127.0.0.1", port)).close()
        except (OSError, OverflowError):
            continue
        return first


@contextmanager
def tms(where: Place) -> Iterator[Peer]:
    """Run a TMS without a window."""
    port = _free_ports(1)
    options = ["--data-dir", str(where.data), "--ae-config", str(where.ae_directory)]
    arguments = ["tdwii_gui", "tms", "--headless", "--port", str(port), *options]
    with _process(where, arguments) as process:
        yield Peer("tms", port, "TMS", process)


@contextmanager
def do_nothing(where: Place) -> Iterator[Peer]:
    """Run the SCP that does nothing."""
    port = _free_ports(1)
    with _process(where, ["benchmarks.do_nothing_scp", str(port)]) as process:
        yield Peer("do_nothing", port, "NOTHING", process)


@contextmanager
def _process(where: Place, arguments: Sequence[str]) -> Iterator[subprocess.Popen[str]]:
    """Run a module that says when it listens, until the end of the block."""
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", *arguments],
        env=where.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).resolve().parents[1],
    )
    try:
        said = process.stdout.readline() if process.stdout is not None else ""
        if "listening" not in said:
            raise RuntimeError(f"{arguments[0]} does not listen: {said}")
        yield process
    finally:
        process.terminate()
        process.wait()


PARTS: Final[dict[str, Callable[[], None]]] = {
    "changes": changes,
    "queries": queries,
    "events": events,
}

if __name__ == "__main__":
    main(sys.argv[1:])
