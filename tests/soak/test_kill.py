"""A TMS that is killed under load loses nothing that it acknowledged, and no event."""

from __future__ import annotations

import random
import signal
import sqlite3
import statistics
import threading
import time
from contextlib import ExitStack, closing

import pytest

from tdwii_gui.dicom.uids import UPS_GLOBAL_SUBSCRIPTION
from tests.soak.lengths import rounds
from tests.soak.load import Device, Journal, seen
from tests.soak.raw_scu import RawScu
from tests.soak.watcher import Watcher

pytestmark = [pytest.mark.soak, pytest.mark.timeout(900)]

DEVICES = 8
SECONDS = 60.0
RESTART_SECONDS = 3.0
MAXIMUM_REPEATED = 2
"""Events at the end of a subscriber's line whose answers a kill may keep from being noted."""


def test_what_was_acknowledged_survives_kill_9_and_each_event_arrives(tdwii) -> None:
    chance = random.Random(20261121)
    journals = [Journal() for _ in range(DEVICES)]
    restarts: list[float] = []
    with ExitStack() as stack:
        watchers = [stack.enter_context(Watcher(f"WATCHER{number}")) for number in range(2)]
        for watcher in watchers:
            tdwii.add_entity(watcher.ae_title, watcher.port)
        started = time.monotonic()
        server = tdwii.serve("tms", "--headless")
        first_start = time.monotonic() - started
        port = tdwii.ports["TMS"]
        with RawScu(port, "TMS", "OPERATOR") as scu:
            for watcher in watchers:
                assert scu.subscribe(UPS_GLOBAL_SUBSCRIPTION, watcher.ae_title) == 0
        heard_before = [0 for _ in watchers]
        for _ in range(rounds(2, 20)):
            devices = [Device(n, port, journal) for n, journal in enumerate(journals)]
            for device in devices:
                device.start()
            wait_for_load(journals, chance.randrange(5, 400))
            server.stop(signal.SIGKILL)
            for device in devices:
                device.join(SECONDS)
            assert [device.failure for device in devices] == [""] * DEVICES
            for number, watcher in enumerate(watchers):
                cut = heard_before[number]
                check_repetitions(watcher.heard[:cut], watcher.heard[cut:])
            heard_before = [len(watcher.heard) for watcher in watchers]
            started = time.monotonic()
            server = tdwii.serve("tms", "--headless")
            restarts.append(time.monotonic() - started)
            for journal in journals:
                check_steps(port, journal)
        expected = {one for journal in journals for one in journal.events()}
        for watcher in watchers:
            watcher.wait_for(expected, SECONDS)
            check_order(watcher, journals)
        server.stop()
    assert all(journal.done for journal in journals), "there was load from each device"
    path = tdwii.folder / "data" / "tms" / "ups.sqlite"
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    # Compared with a start that has nothing to recover, for the machine may be busy with others.
    assert statistics.median(restarts) < first_start + RESTART_SECONDS, restarts


def wait_for_load(journals: list[Journal], operations: int) -> None:
    """Wait until so many more operations were answered."""
    enough = sum(len(journal.done) for journal in journals) + operations
    deadline = time.monotonic() + SECONDS
    ticks = threading.Event()
    while sum(len(journal.done) for journal in journals) < enough:
        assert time.monotonic() < deadline, "no load"
        ticks.wait(0.001)


def check_steps(port: int, journal: Journal) -> None:
    """Check that each step is as the last answer said; what was in doubt may have happened."""
    with RawScu(port, "TMS", "OPERATOR") as scu:
        for uid, what in journal.states().items():
            step = scu.n_get(uid)
            assert step is not None, f"{uid} is lost"
            if journal.in_doubt is None or journal.in_doubt[0] != uid:
                assert seen(step) == what, uid
        if journal.in_doubt is not None:
            uid, doubtful = journal.in_doubt
            step = scu.n_get(uid)
            found = None if step is None else seen(step)
            assert found in (journal.states().get(uid), doubtful)
            if found == doubtful:
                journal.done.append((uid, doubtful))
    journal.in_doubt = None


def check_repetitions(before: list[tuple[str, str]], after: list[tuple[str, str]]) -> None:
    """Check that what came again after a kill is what came last before it."""
    known = list(dict.fromkeys(before))
    again = [one for one in after if one in set(known)]
    assert len(again) == len(set(again)), "an event came twice without a kill in between"
    assert set(again) <= set(known[-MAXIMUM_REPEATED:]), again
    new = [one for one in after if one not in set(known)]
    assert len(new) == len(set(new)), "an event came twice without a kill in between"


def check_order(watcher: Watcher, journals: list[Journal]) -> None:
    """Check that a subscriber heard of each device's operations in their order."""
    first_time = list(dict.fromkeys(watcher.heard))
    for number, journal in enumerate(journals):
        own = [one for one in first_time if one[0].startswith(f"1.2.{number}.")]
        assert own == journal.events(), f"{watcher.ae_title}, device {number}"
