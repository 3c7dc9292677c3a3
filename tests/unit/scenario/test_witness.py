"""Who hears the actors of a run: waits end with the event, the time limit, or the run."""

from __future__ import annotations

import threading
from concurrent.futures import Future

import pytest

from tdwii_gui.actors.events import ListenFailed, Stopped
from tdwii_gui.scenario.witness import RunStopped, StepFailed, Witness


def test_a_wait_ends_with_the_first_event_that_fits_from_a_number_on() -> None:
    heard: list[object] = []
    witness = Witness(heard.append)
    witness.begin(10)
    for name in ("A", "B", "A"):
        witness.hear(Stopped(name))
    number, event = witness.wait_for(Stopped, lambda one: one.ae_title == "A", 0, "A stops")
    assert (number, event) == (1, heard[0])
    number, event = witness.wait_for(Stopped, lambda one: one.ae_title == "A", number, "again")
    assert (number, event) == (3, heard[2])
    threading.Timer(0.05, lambda: witness.hear(ListenFailed("C", "why"))).start()
    number, late = witness.wait_for(ListenFailed, lambda _: True, number, "C fails")
    assert (number, late.reason, witness.count) == (4, "why", 4)


def test_a_wait_ends_with_the_time_limit() -> None:
    witness = Witness()
    witness.begin(0.05)
    with pytest.raises(StepFailed, match="not in time: it stops"):
        witness.wait_for(Stopped, lambda _: True, 0, "it stops")
    with pytest.raises(StepFailed, match="not done in time"):
        witness.outcome(Future())
    with pytest.raises(StepFailed, match="not in time"):
        witness.pause(1)


def test_a_wait_ends_when_the_run_is_stopped() -> None:
    witness = Witness()
    witness.begin(60)
    threading.Timer(0.05, witness.stop).start()
    with pytest.raises(RunStopped):
        witness.wait_for(Stopped, lambda _: True, 0, "it stops")
    with pytest.raises(RunStopped):
        witness.outcome(Future())
    with pytest.raises(RunStopped):
        witness.pause(1)


def test_of_very_many_events_the_last_are_kept() -> None:
    witness = Witness()
    witness.begin(10)
    event = Stopped("A")
    for _ in range(25_000):
        witness.hear(event)
    kept = witness.events()
    assert len(kept) < 20_001
    assert kept[-1].number == 24_999
    assert [one.number for one in witness.events(24_998)] == [24_998, 24_999]
    assert witness.wait_for(Stopped, lambda _: True, 24_000, "it stops")[0] == 24_001
