"""Events that a fault holds back: until the next one, or for a while."""

from __future__ import annotations

import pytest

from tdwii_gui.dicom.net.event_order import HOLD_SECONDS, EventOrder
from tdwii_gui.dicom.net.fault import Fault
from tdwii_gui.dicom.net.faults import Faults
from tdwii_gui.dicom.ups.outbox import OutboxEvent


class Line:
    """A line of events, and the clock of its order."""

    def __init__(self, *faults: str) -> None:
        self.faults = Faults()
        self.faults.set(Fault.from_text(text) for text in faults)
        self.seconds = 0.0
        self.order = EventOrder(self.faults, "WATCHER", lambda: self.seconds)
        self.due: list[OutboxEvent] = []

    def put(self, *numbers: int) -> None:
        self.due += [OutboxEvent(one, "WATCHER", 1, "1.2.3", b"", 0, 0) for one in numbers]

    def send(self, *, until: int = -1) -> list[int]:
        """Send what is to leave, up to a failure; return what was sent."""
        sent = []
        for event in self.order.arranged(self.due):
            if event.id == until:
                break
            self.order.sent(event)
            self.due = [one for one in self.due if one.id != event.id]
            sent.append(event.id)
        return sent


def test_without_a_fault_all_leave_as_they_come() -> None:
    line = Line()
    line.put(1, 2, 3)
    assert line.send() == [1, 2, 3]
    assert line.order.seconds_left is None


def test_an_event_waits_for_the_one_that_comes_later() -> None:
    line = Line("reorder-event nth=2")
    line.put(1, 2)
    assert line.send() == [1]
    assert line.order.seconds_left == HOLD_SECONDS
    line.seconds += 3
    assert (line.send(), line.order.seconds_left) == ([], HOLD_SECONDS - 3)
    line.put(3, 4)
    assert line.send() == [3, 2, 4]
    assert line.order.seconds_left is None


def test_an_event_that_nothing_overtakes_leaves_in_the_end() -> None:
    line = Line("reorder-event")
    line.put(1)
    assert line.send() == []
    line.seconds += HOLD_SECONDS
    assert line.send() == [1]
    assert line.due == []


def test_it_leaves_when_the_fault_is_removed_and_its_time_is_over() -> None:
    line = Line("reorder-event")
    line.put(1)
    assert line.send() == []
    line.faults.clear()
    line.put(2)
    assert line.send() == [2, 1]


@pytest.mark.parametrize("fails", [1, 2])
def test_nothing_is_lost_or_decided_twice_where_sending_fails(fails: int) -> None:
    line = Line("reorder-event", "drop-event nth=3", "double-event nth=4")
    line.put(1, 2, 3, 4)
    first = line.send(until=fails)
    assert first == ([] if fails == 2 else [2])
    again = line.send()
    assert first + again == [2, 1, 3, 4, 4]
    assert [state.hits for state in line.faults.states] == [1, 1, 1]


def test_what_is_lost_is_not_sent() -> None:
    line = Line("drop-event nth=2")
    line.put(1, 2)
    events = line.order.arranged(line.due)
    assert [line.order.is_lost(event) for event in events] == [False, True]
