"""Connections wait for data; no thread looks for it all the time."""

from __future__ import annotations

import socket
import threading
import time
from typing import TYPE_CHECKING

import pytest

from tdwii_gui.dicom.net.connection_wait import Doorbell

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS = 10.0


@pytest.fixture
def connection() -> Iterator[tuple[socket.socket, socket.socket]]:
    here, there = socket.socketpair()
    with here, there:
        yield here, there


@pytest.fixture
def bell() -> Iterator[Doorbell]:
    bell = Doorbell()
    yield bell
    bell.close()


def seconds_of_wait(bell: Doorbell, connection: socket.socket) -> float:
    begin = time.monotonic()
    bell.wait(connection, SECONDS)
    return time.monotonic() - begin


def test_data_end_the_wait(connection: tuple[socket.socket, socket.socket], bell: Doorbell) -> None:
    here, there = connection
    there.send(b"data")
    assert seconds_of_wait(bell, here) < SECONDS / 2
    assert here.recv(4) == b"data"


def test_the_bell_ends_one_wait_from_another_thread_or_before_it(
    connection: tuple[socket.socket, socket.socket], bell: Doorbell
) -> None:
    here, _there = connection
    timer = threading.Timer(0.05, bell.ring)
    timer.start()
    assert 0.01 < seconds_of_wait(bell, here) < SECONDS / 2
    timer.join()
    bell.ring()
    bell.ring()
    assert seconds_of_wait(bell, here) < SECONDS / 2
    begin = time.monotonic()
    bell.wait(here, 0.05)
    assert time.monotonic() - begin >= 0.04


def test_what_is_closed_is_not_waited_for(
    connection: tuple[socket.socket, socket.socket], bell: Doorbell
) -> None:
    here, _there = connection
    here.close()
    assert seconds_of_wait(bell, here) < SECONDS / 2
    bell.close()
    bell.ring()
    assert seconds_of_wait(bell, _there) < SECONDS / 2
