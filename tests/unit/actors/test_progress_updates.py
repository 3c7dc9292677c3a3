from __future__ import annotations

import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING

import pytest

from tdwii_gui.actors import progress_updates
from tdwii_gui.actors.delivery import DeliveryPhase, DeliveryProgress
from tdwii_gui.actors.progress_updates import Note, ProgressUpdates
from tdwii_gui.dicom.errors import DimseStatusError, Refused, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

STARTED, ON, ENDED = DeliveryPhase.BEAM_STARTED, DeliveryPhase.BEAM_ON, DeliveryPhase.BEAM_ENDED
SECONDS = 10


def note(phase: DeliveryPhase, percent: float, beam: int = 1) -> Note:
    return Note(DeliveryProgress(phase, beam, "", percent, 100.0, percent), None)


class Peers:
    """A disk, and a TMS that answers as it is told."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.kept: list[float] = []
        self.told: list[float] = []
        self.open: list[Future[int]] = []
        self.answers: Callable[[], BaseException | int | None] = lambda: 0
        self.disk_error: StoreError | None = None
        self.disk = threading.Event()
        self.disk.set()

    def keep(self, notes: Sequence[Note]) -> None:
        assert self.disk.wait(SECONDS)
        if self.disk_error is not None:
            raise self.disk_error
        with self.changed:
            self.kept += [each.progress.percent for each in notes]
            self.changed.notify_all()

    def tell(self, progress: DeliveryProgress) -> Future[int]:
        future: Future[int] = Future()
        with self.changed:
            assert progress.percent in self.kept, "the disk comes first"
            self.told.append(progress.percent)
            answer = self.answers()
            if answer is None:
                self.open.append(future)
            elif isinstance(answer, BaseException):
                future.set_exception(answer)
            else:
                future.set_result(answer)
            self.changed.notify_all()
        return future

    def wait_until(self, condition: Callable[[], bool]) -> None:
        with self.changed:
            assert self.changed.wait_for(condition, SECONDS), (self.kept, self.told)


@pytest.fixture
def peers() -> Peers:
    return Peers()


@pytest.fixture
def updates(peers: Peers, monkeypatch: pytest.MonkeyPatch) -> Iterator[ProgressUpdates]:
    monkeypatch.setattr(progress_updates, "_FIRST_PAUSE", 0.01)
    monkeypatch.setattr(progress_updates, "UPDATE_SECONDS", 0.01)
    updates = ProgressUpdates("test-progress", peers.keep, peers.tell)
    yield updates
    peers.disk.set()
    updates.close()


def test_start_and_end_of_each_beam_are_kept_and_told(
    updates: ProgressUpdates, peers: Peers
) -> None:
    for each in (note(STARTED, 0), note(ENDED, 50), note(STARTED, 51, 2), note(ENDED, 100, 2)):
        updates.add(each)
    updates.finish()
    assert peers.kept == [0, 50, 51, 100]
    assert peers.told == [0, 50, 51, 100]


def test_the_engine_waits_for_neither_disk_nor_tms(updates: ProgressUpdates, peers: Peers) -> None:
    peers.disk.clear()
    updates.add(note(STARTED, 0))
    for percent in range(1, 50):
        updates.add(note(ON, percent))
    assert peers.told == []
    peers.disk.set()
    peers.answers = lambda: None
    updates.add(note(ENDED, 50))
    peers.wait_until(lambda: 50 in peers.kept)
    assert len(peers.kept) < 10, "values in mid-beam give way to newer ones"
    assert peers.told[0] == 0
    assert len(peers.told) == 1, "one at a time"
    peers.answers = lambda: 0
    peers.open[0].set_result(0)
    updates.finish()
    assert peers.told[-1] == 50


def test_a_lost_tms_hears_the_newest_value_when_it_is_back(
    updates: ProgressUpdates, peers: Peers
) -> None:
    peers.answers = lambda: Refused("TMS is down")
    updates.add(note(STARTED, 0))
    peers.wait_until(lambda: len(peers.told) >= 2)
    for percent in range(10, 60, 10):
        updates.add(note(STARTED if percent % 20 else ENDED, percent, percent))
    updates.finish()  # does not wait for the TMS
    assert peers.kept == [0, 10, 20, 30, 40, 50]
    peers.wait_until(lambda: peers.told[-1] == 50)
    with peers.changed:
        told = len(peers.told)
        peers.answers = lambda: 0
    peers.wait_until(lambda: len(peers.told) > told)
    assert peers.told[told:] == [50]


def test_what_the_tms_refuses_is_not_said_again(updates: ProgressUpdates, peers: Peers) -> None:
    peers.answers = lambda: DimseStatusError(0xC301)
    updates.add(note(STARTED, 0))
    updates.add(note(ENDED, 100))
    updates.finish()
    assert peers.told == [0, 100]


def test_nothing_is_told_that_is_not_kept(
    updates: ProgressUpdates, peers: Peers, error_log
) -> None:
    peers.disk_error = StoreError("the disk is full")
    updates.add(note(STARTED, 0))
    with pytest.raises(StoreError, match="disk is full"):
        updates.finish()
    assert updates.failure is peers.disk_error
    assert peers.told == []
    assert error_log.take() == ["the delivery is not kept any more: the disk is full"]


def test_after_the_end_nothing_is_told_any_more(updates: ProgressUpdates, peers: Peers) -> None:
    peers.answers = lambda: Refused("TMS is down")
    updates.add(note(STARTED, 0))
    updates.finish()
    updates.close()
    told = len(peers.told)
    peers.answers = lambda: 0
    assert not threading.Event().wait(0.05)
    assert len(peers.told) == told
