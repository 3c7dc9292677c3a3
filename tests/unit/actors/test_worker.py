from __future__ import annotations

import threading
from concurrent.futures import CancelledError, Future
from typing import TYPE_CHECKING

import pytest

from tdwii_gui.actors.worker import SerialWorker, task

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS = 5.0


class Failures(list[tuple[str, Exception]]):
    def __call__(self, name: str, error: Exception) -> None:
        self.append((name, error))


@pytest.fixture
def failures() -> Failures:
    return Failures()


@pytest.fixture
def worker(failures: Failures) -> Iterator[SerialWorker]:
    worker = SerialWorker("TDD-scu", failures)
    yield worker
    assert worker.stop(SECONDS), "the worker's thread is still alive"


def test_tasks_run_in_order_on_one_daemon_thread(worker: SerialWorker) -> None:
    seen: list[tuple[int, str, bool]] = []

    def note(number: int) -> int:
        thread = threading.current_thread()
        seen.append((number, thread.name, thread.daemon))
        return number

    futures = [worker.submit("note", "", lambda n=n: note(n)) for n in range(20)]
    assert [future.result(SECONDS) for future in futures] == list(range(20))
    assert seen == [(n, "TDD-scu", True) for n in range(20)]


def test_a_failed_task_tells_and_does_not_end_the_worker(
    worker: SerialWorker, failures: Failures
) -> None:
    def fail() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        worker.submit("fail", "", fail).result(SECONDS)
    assert worker.submit("next", "", lambda: 1).result(SECONDS) == 1
    assert [(name, str(error)) for name, error in failures] == [("fail", "no")]


def test_a_task_made_of_tasks_does_not_wait_for_its_own_queue(
    worker: SerialWorker, failures: Failures
) -> None:
    def outer() -> str:
        return worker.submit("inner", "", lambda: worker.transaction).result()

    assert worker.submit("outer", "RO-59", outer).result(SECONDS) == "RO-59"

    def failing() -> None:
        worker.submit("inner", "", lambda: 1 / 0).result()

    with pytest.raises(ZeroDivisionError):
        worker.submit("outer", "", failing).result(SECONDS)
    assert [name for name, _ in failures] == ["outer"], "one failure is told once"


def test_the_transaction_belongs_to_the_workers_thread(worker: SerialWorker) -> None:
    inside = worker.submit("x", "RO-62", lambda: worker.transaction)
    assert inside.result(SECONDS) == "RO-62"
    assert worker.transaction == ""
    assert worker.submit("y", "", lambda: worker.transaction).result(SECONDS) == ""


def test_stopping_cancels_what_waits_and_lets_the_running_task_end(failures: Failures) -> None:
    worker = SerialWorker("TDD-scu", failures)
    running, go_on = threading.Event(), threading.Event()

    def wait() -> str:
        running.set()
        assert go_on.wait(SECONDS)
        return "done"

    first = worker.submit("first", "", wait)
    second = worker.submit("second", "", lambda: "never")
    assert running.wait(SECONDS)
    assert not worker.stop(timeout=0.01), "the first task still runs"
    go_on.set()
    assert first.result(SECONDS) == "done"
    with pytest.raises(CancelledError):
        second.result(SECONDS)
    assert worker.stop(SECONDS)
    assert worker.submit("late", "", lambda: 1).cancelled()


def test_a_task_can_queue_another_one_behind_those_that_wait(worker: SerialWorker) -> None:
    done: list[str] = []
    may_begin = threading.Event()

    def first() -> Future[None]:
        assert may_begin.wait(SECONDS)
        following = worker.post("third", "", lambda: done.append("third"))
        done.append("first")
        return following

    begun = worker.submit("first", "", first)
    worker.submit("second", "", lambda: done.append("second"))
    may_begin.set()
    begun.result(SECONDS).result(SECONDS)
    assert done == ["first", "second", "third"]


class Device:
    def __init__(self, worker: SerialWorker) -> None:
        self.worker = worker

    @task("RO-60")
    def claim(self, uid: str, *, again: bool = False) -> tuple[str, bool, str]:
        """[RO-60] Claim."""
        return uid, again, self.worker.transaction


def test_a_task_method_keeps_its_name_and_returns_a_future(worker: SerialWorker) -> None:
    device = Device(worker)
    future = device.claim("1.2", again=True)
    assert isinstance(future, Future)
    assert future.result(SECONDS) == ("1.2", True, "RO-60")
    assert Device.claim.__name__ == "claim"
    assert Device.claim.__doc__ == "[RO-60] Claim."
