"""Which step a PPVS fetches, and whose inputs it retrieves next."""

from __future__ import annotations

from pydicom.dataset import Dataset

from tdwii_gui.actors.step_queue import StepQueue, ToldStep
from tdwii_gui.dicom.iod.ups import Ups


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def step(uid: str, start: str = "") -> Ups:
    dataset = Dataset()
    dataset.SOPInstanceUID = uid
    dataset.ScheduledProcedureStepStartDateTime = start
    return Ups(dataset)


def turn(queue: StepQueue) -> ToldStep | Ups | None:
    assert queue.begin() == 0
    taken = queue.take()
    queue.end()
    return taken


def test_nothing_is_done_where_nothing_is_to_do() -> None:
    assert StepQueue().begin() is None


def test_steps_are_fetched_in_the_order_of_their_events() -> None:
    queue = StepQueue(Clock())
    for uid in ("1.2", "1.1", "1.2"):
        queue.tell(uid, announced=uid == "1.1")
    assert turn(queue) == ToldStep("1.2", announced=False)
    assert turn(queue) == ToldStep("1.1", announced=True)
    assert queue.begin() is None


def test_one_fetch_answers_many_events_and_a_second_one_those_that_came_meanwhile() -> None:
    clock = Clock()
    queue = StepQueue(clock)
    queue.tell("1.1", announced=True)
    assert turn(queue) == ToldStep("1.1", announced=True)
    for _ in range(9):
        queue.tell("1.1", announced=False)
    wait = queue.begin()
    assert wait
    assert queue.take() is None
    clock.now += wait
    assert turn(queue) == ToldStep("1.1", announced=False)
    assert queue.begin() is None
    queue.tell("1.2", announced=False)
    assert queue.begin() == 0, "another step does not wait"


def test_that_a_step_was_announced_is_not_forgotten_by_what_is_told_later() -> None:
    queue = StepQueue(Clock())
    queue.tell("1.1", announced=True)
    queue.tell("1.1", announced=False)
    assert turn(queue) == ToldStep("1.1", announced=True)


def test_only_one_works_at_a_time() -> None:
    queue = StepQueue(Clock())
    queue.tell("1.1", announced=True)
    assert queue.begin() == 0
    queue.tell("1.2", announced=True)
    assert queue.begin() is None
    queue.take()
    queue.end()
    assert queue.begin() == 0


def test_inputs_are_retrieved_after_the_fetches_in_the_order_of_the_starts() -> None:
    queue = StepQueue(Clock())
    steps = [
        step("1.1"),
        step("1.2", "20260102100000+0000"),
        step("1.3", "20260102100000+0100"),
        step("1.4"),
    ]
    for each in steps:
        queue.want_inputs(each)
    queue.want_inputs(step("1.5", "20200101"))
    queue.drop_inputs("1.5")
    queue.drop_inputs("1.6")
    queue.tell("1.9", announced=False)
    assert turn(queue) == ToldStep("1.9", announced=False)
    taken = [turn(queue) for _ in range(4)]
    assert taken == [steps[2], steps[1], steps[0], steps[3]]
    assert queue.begin() is None


def test_what_is_remembered_of_steps_does_not_grow_without_end() -> None:
    clock = Clock()
    queue = StepQueue(clock)
    for number in range(3000):
        clock.now += 1
        queue.tell(f"1.{number}", announced=False)
        turn(queue)
    assert len(queue._quiet_until) <= 1000
