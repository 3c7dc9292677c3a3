"""The crossing of threads."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING

from PySide6.QtCore import QThread

from tdwii_gui.actors.events import ActorEvent, Stopped

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from tdwii_gui.ui.bridge import ActorBridge


def test_events_arrive_in_order_on_the_gui_thread(qtbot: QtBot, bridge: ActorBridge) -> None:
    heard: list[ActorEvent] = []
    threads: set[QThread] = set()

    def take(events: list[ActorEvent]) -> None:
        threads.add(QThread.currentThread())
        heard.extend(events)

    bridge.feed().events.connect(take)
    sent = [Stopped(f"AE{number}") for number in range(1000)]
    thread = threading.Thread(target=lambda: [bridge.hear(event) for event in sent])
    thread.start()
    thread.join()
    qtbot.waitUntil(lambda: len(heard) == len(sent))
    assert heard == sent
    assert threads == {bridge.thread()}


def test_outcome_comes_after_the_events_before_it(qtbot: QtBot, bridge: ActorBridge) -> None:
    order: list[object] = []
    bridge.feed().events.connect(lambda events: order.extend(events))
    future: Future[int] = Future()
    bridge.watch(future, order.append)
    bridge.hear(Stopped("A"))
    future.set_result(7)
    bridge.hear(Stopped("B"))
    qtbot.waitUntil(lambda: len(order) == 3)
    assert order.index(Stopped("A")) < order.index(7)


def test_failure_is_told_and_cancel_is_not(qtbot: QtBot, bridge: ActorBridge) -> None:
    told: list[object] = []
    failing: Future[None] = Future()
    canceled: Future[None] = Future()
    bridge.watch(canceled, told.append, told.append)
    bridge.watch(failing, told.append, told.append)
    canceled.cancel()
    error = ValueError("no")
    failing.set_exception(error)
    qtbot.waitUntil(lambda: bool(told))
    assert told == [error]


def test_nothing_comes_after_close(qtbot: QtBot, bridge: ActorBridge) -> None:
    heard: list[object] = []
    bridge.feed().events.connect(heard.append)
    bridge.hear(Stopped("A"))
    bridge.close()
    bridge.hear(Stopped("B"))
    qtbot.wait(70)
    assert heard == []
