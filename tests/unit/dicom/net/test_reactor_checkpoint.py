"""The reactor of an association never runs while one of our requests waits for its response."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from tdwii_gui.dicom.net.reactor_checkpoint import ReactorCheckpoint

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS = 10


class Association(threading.Thread):
    """The loop of pynetdicom's reactor, in little; it counts its rounds."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._is_paused = False
        self.stopping = False
        self.rounds = 0
        self.has_come = False
        self.checkpoint = ReactorCheckpoint(self, lambda: self.has_come)

    def run(self) -> None:
        while not self.stopping:
            self._is_paused = True
            self.checkpoint.wait()
            self._is_paused = False
            self.rounds += 1


@pytest.fixture
def association() -> Iterator[Association]:
    association = Association()
    association.start()
    yield association
    association.stopping = True
    association.checkpoint.set()
    association.join(SECONDS)
    assert not association.is_alive()


def test_a_halted_reactor_stands_until_it_may_go_on(association: Association) -> None:
    association.checkpoint.halt()
    rounds = association.rounds
    for _ in range(1000):
        assert association._is_paused
    assert association.rounds == rounds
    association.checkpoint.set()
    association.checkpoint.halt()
    assert association._is_paused


def test_requests_in_quick_succession_never_see_it_run(association: Association) -> None:
    """With pynetdicom's own event the reactor makes a round within some of these requests."""
    for _ in range(500):
        association.checkpoint.halt()
        rounds = association.rounds
        time.sleep(0)  # lets the other thread run, as waiting for a response does
        assert association._is_paused
        assert association.rounds == rounds
        association.checkpoint.set()


def test_a_reactor_that_goes_on_is_not_woken_for_nothing(association: Association) -> None:
    association.checkpoint.set()
    association.checkpoint.halt()
    rounds = association.rounds
    # Its own looks at the time limits are so rare that none, or one, falls into this.
    for _ in range(100):
        association.checkpoint.resume()
        association.checkpoint.halt()
    assert association.rounds <= rounds + 50
    association.has_come = True
    begun = association.rounds
    association.checkpoint.resume()
    deadline = time.monotonic() + SECONDS
    while association.rounds == begun and time.monotonic() < deadline:
        time.sleep(0.001)
    assert association.rounds > begun


def test_a_reactor_that_stands_goes_on_when_it_is_resumed(association: Association) -> None:
    association.checkpoint.halt()
    deadline = time.monotonic() + SECONDS
    while not association.checkpoint._stands and time.monotonic() < deadline:
        time.sleep(0.001)
    assert association.checkpoint._stands
    rounds = association.rounds
    association.checkpoint.resume()
    while association.rounds == rounds and time.monotonic() < deadline:
        time.sleep(0.001)
    assert association.rounds > rounds


def test_halting_an_association_that_has_ended_does_not_wait() -> None:
    association = Association()
    association.checkpoint.halt()
    assert not association.checkpoint.is_set()
