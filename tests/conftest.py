"""Fixtures that all tests share."""

from __future__ import annotations

import logging
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import pytest
from pynetdicom.transport import AssociationSocket

from tdwii_gui.actors.events import ActorEvent
from tests.command_line import CommandLine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

E = TypeVar("E", bound=ActorEvent)
SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session", autouse=True)
def bare_peers_close_their_connections() -> Iterator[None]:
    """pynetdicom leaves a connection open that the other side has broken off."""
    shut_down = AssociationSocket._shutdown_socket

    def close(self: AssociationSocket) -> None:
        connection = self.socket
        shut_down(self)
        if connection is not None:
            with suppress(OSError):
                connection.close()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AssociationSocket, "_shutdown_socket", close)
        yield


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real DICOM files, which is kept beside the checkout."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"real test data are not here: {SHARED_DATA}")
    return SHARED_DATA


@pytest.fixture
def tdwii(tmp_path: Path) -> Iterator[CommandLine]:
    """Return the command line with everything of its own."""
    with CommandLine(tmp_path) as command_line:
        yield command_line


class EventRecorder:
    """Hears actors and lets a test wait for what it expects."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._events: list[ActorEvent] = []

    def __call__(self, event: ActorEvent) -> None:
        with self._changed:
            self._events.append(event)
            self._changed.notify_all()

    @property
    def events(self) -> list[ActorEvent]:
        with self._changed:
            return list(self._events)

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    def wait_for(self, kind: type[E], accept: Callable[[E], bool] = lambda _: True) -> E:
        """Return the first event of a kind that is accepted, now or within ten seconds."""

        def find() -> E | None:
            return next((e for e in self._events if isinstance(e, kind) and accept(e)), None)

        with self._changed:
            found = self._changed.wait_for(find, timeout=10)
            assert found, f"no {kind.__name__} as wanted among {self._events}"
            return found


@pytest.fixture
def recorder() -> EventRecorder:
    return EventRecorder()


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    """Fail a test that leaves one of our threads alive; those that are ending get a moment."""
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        thread.join(timeout=3)
    left = [t.name for t in set(threading.enumerate()) - before if t.is_alive()]
    assert not left, f"threads left alive: {left}"


class ErrorLog(logging.Handler):
    """Keeps what our code logs as an error."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    def take(self) -> list[str]:
        """Return the messages so far; a test that expects them takes them."""
        records, self.records = self.records, []
        return [record.getMessage() for record in records]


@pytest.fixture(autouse=True)
def error_log() -> Iterator[ErrorLog]:
    """Fail a test in which our code logs an error that the test does not take."""
    handler = ErrorLog()
    logger = logging.getLogger("tdwii_gui")
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)
    unexpected = handler.take()
    assert not unexpected, f"errors logged: {unexpected}"
