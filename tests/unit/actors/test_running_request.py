"""Canceling what an actor asks at the moment, or that only if it is about something."""

from __future__ import annotations

from tdwii_gui.actors.running_request import RunningRequest
from tdwii_gui.dicom.net.cancelable_operation import CancelableOperation


class Asking:
    def __init__(self) -> None:
        self.canceled = self.aborted = 0
        self.operation = CancelableOperation()

    def cancel(self) -> None:
        self.canceled += 1

    def abort(self) -> None:
        self.aborted += 1


def test_only_what_is_about_the_subject_is_canceled_and_once() -> None:
    running, session = RunningRequest(), Asking()
    with running.task():
        with running.about("1.2"), running.asking(session):
            running.cancel("1.3")
            assert not running.canceled()
            running.cancel("1.2")
            running.cancel("1.2")
            assert running.canceled()
        assert (session.canceled, session.aborted) == (1, 0)
    with running.task():
        running.cancel("1.2")
        assert not running.canceled(), "the next task is about something else"
    running.cancel("1.2")


def test_what_is_canceled_before_it_asks_stays_canceled() -> None:
    running = RunningRequest()
    with running.task(), running.about("1.2"):
        running.cancel("1.2")
        session = Asking()
        with running.asking(session):
            assert session.operation.is_canceled()
