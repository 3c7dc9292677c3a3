"""How soon subscribers are told, and what they add to the time of an answer."""

from __future__ import annotations

import json
import socket
import time
from collections import defaultdict
from statistics import median
from threading import Condition, Thread
from typing import TYPE_CHECKING, Final

from benchmarks import worklist_content as content
from benchmarks.measure import metric, place
from benchmarks.processes import running
from benchmarks.worklist_peers import act, create, tms
from tdwii_gui.dicom.uids import UPS_GLOBAL_SUBSCRIPTION, UPS_WATCH

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Sequence

    from benchmarks.upper_layer import Requestor

_EVENTS: Final = 20
_MOST_SUBSCRIBERS: Final = 32
_EVENT_SECONDS: Final = 15.0
_REST_SECONDS: Final = 0.25


def events() -> None:
    """From a request to the receipt of its event, and how long the answer takes meanwhile."""
    with place() as where:
        first_port = _ports_in_a_row(_MOST_SUBSCRIBERS + 2)
        names = [f"RECEIVER{number}" for number in range(_MOST_SUBSCRIBERS)]
        entries = [
            {"AETitle": name, "IPAddr": "127.0.0.1", "Port": first_port + number}
            for number, name in enumerate([*names, "HANGS", "REFUSES"])
        ]
        where.ae_directory.write_text(json.dumps(entries), encoding="utf-8")
        arguments = ["benchmarks.upper_layer", str(first_port), str(_MOST_SUBSCRIBERS)]
        hangs = socket.create_server(("127.0.0.1", first_port + _MOST_SUBSCRIBERS), backlog=64)
        with (
            hangs,
            tms(where) as ours,
            place() as elsewhere,
            tms(elsewhere) as without,
            running(where, arguments) as receivers,
        ):
            association, other = ours.associate(), without.associate()
            bounds, receipts = Bounds(association, other), Receipts(receivers)
            subscribed = 0
            for number, target in ((1, 8.0), (8, None), (32, 90.0)):
                for name in names[subscribed:number]:
                    _subscribe(association, name)
                subscribed = number
                answer, last = _event_times(association, receipts, number)
                metric(f"worklist_event_to_last_of_{number}", last, "ms", target)
                bounds.compare(f"with_{number}", answer, is_bounded=number == _MOST_SUBSCRIBERS)
            for name in names:
                _subscribe(association, name, ends=True)
            for name in ("REFUSES", "HANGS"):
                _subscribe(association, name)
                bounds.compare(f"with_one_that_{name.lower()}", median(_answers([association])))
                _subscribe(association, name, ends=True)
            association.release()
            other.release()


class Bounds:
    """What subscribers add to the time of an answer, beside a TMS that has none.

    Requests come one right after the other, or at rest: `_REST_SECONDS` after the last answer, when
    what events there were is delivered, to both in turns.
    """

    def __init__(self, with_subscribers: Requestor, without: Requestor) -> None:
        self._with_subscribers, self._without = with_subscribers, without
        self._in_a_row = median(_answers([without]))
        metric("worklist_answer_without_subscribers", self._in_a_row, "ms")

    def compare(self, what: str, in_a_row: float, *, is_bounded: bool = True) -> None:
        """Report the answers in a row, which were measured, and those at rest."""
        most = 1.2 * self._in_a_row if is_bounded else None
        metric(f"worklist_answer_{what}", in_a_row, "ms", most)
        answers = _answers([self._with_subscribers, self._without], _REST_SECONDS)
        ours, alone = median(answers[::2]), median(answers[1::2])
        metric(f"worklist_answer_at_rest_{what}", ours, "ms")
        metric(f"worklist_answer_at_rest_{what}_without", alone, "ms")
        metric(f"worklist_answer_at_rest_{what}_ratio", ours / alone, "x", 1.2)


def _answers(associations: Sequence[Requestor], rest: float = 0.0) -> list[float]:
    """Return after how many ms N-CREATEs are answered, on the associations in turns."""
    answers = []
    for attributes in content.steps(_EVENTS, first=1_000_000):
        for association in associations:
            time.sleep(rest)
            begin = time.perf_counter()
            create(association, attributes)
            answers.append(1000 * (time.perf_counter() - begin))
    return answers


class Receipts(Thread):
    """When which event was received, as the receivers say it.

    All that they say is read: they would wait, and answer nobody, once their pipe is full.
    """

    def __init__(self, receivers: subprocess.Popen[str]) -> None:
        super().__init__(daemon=True)
        self._said = receivers.stdout or ()
        self._seen: dict[str, dict[str, int]] = defaultdict(dict)
        self._more = Condition()
        self.start()

    def run(self) -> None:
        """Read until the receivers end."""
        for line in self._said:
            arrived, receiver, uid = line.split()
            with self._more:
                self._seen[uid].setdefault(receiver, int(arrived))
                self._more.notify_all()

    def last(self, uid: str, number: int) -> int:
        """Return when the last of so many receivers got its first event about a step, in ns.

        Raises
        ------
        RuntimeError
            If they do not get it.
        """
        with self._more:
            if not self._more.wait_for(lambda: len(self._seen[uid]) >= number, _EVENT_SECONDS):
                missing = number - len(self._seen[uid])
                raise RuntimeError(f"{missing} of {number} subscribers were not told")
            return max(self._seen[uid].values())


def _event_times(association: Requestor, receipts: Receipts, number: int) -> tuple[float, float]:
    """Return after how many ms N-CREATE was answered, and its last event had been received."""
    answers, lasts = [], []
    for attributes in content.steps(_EVENTS, first=1_000_000):
        begin = time.monotonic_ns()
        uid = create(association, attributes)
        answers.append((time.monotonic_ns() - begin) / 1e6)
        lasts.append((receipts.last(uid, number) - begin) / 1e6)
    return median(answers), median(lasts)


def _subscribe(association: Requestor, receiving_ae: str, *, ends: bool = False) -> None:
    information = content.subscription(receiving_ae, ends=ends)
    act(association, UPS_WATCH, UPS_GLOBAL_SUBSCRIPTION, 4 if ends else 3, information)


def _ports_in_a_row(number: int) -> int:
    """Return the first of so many ports that nobody has."""
    while True:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            first: int = probe.getsockname()[1]
        try:
            for port in range(first, first + number):
                socket.create_server(("127.0.0.1", port)).close()
        except (OSError, OverflowError):
            continue
        return first
