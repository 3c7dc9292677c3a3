"""From the threads of the network to the recording process: in order, bounded, never for ever."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tdwii_gui.recording.backlog import Backlog
from tdwii_gui.recording.frames import FrameKind, FrameReader, FrameWriter

if TYPE_CHECKING:
    from collections.abc import Iterator

posix = pytest.mark.skipif(os.name != "posix", reason="pipes of Windows are written to otherwise")


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


def read_frames(descriptor: int, size: int, count: int) -> list[tuple[int, int, bytes]]:
    reader, found = FrameReader(), []
    while len(found) < count:
        for frame in reader.feed(os.read(descriptor, size)):
            found.append((frame.kind, frame.connection, frame.content))
    return found


@pytest.mark.parametrize("size", [7, 100_000])
def test_frames_arrive_as_they_were_written(pipe: tuple[int, int], size: int) -> None:
    writer = FrameWriter(pipe[1], patience=10)
    long = [memoryview(bytes([number]) * 999) for number in range(256)]
    thread = threading.Thread(target=lambda: writer.write(FrameKind.FROM_ACCEPTOR, 2, long * 3))
    writer.write(FrameKind.OPEN, 1, [b"opened"])
    thread.start()
    found = read_frames(pipe[0], size, 2)
    thread.join()

    assert found[0] == (FrameKind.OPEN, 1, b"opened")
    assert found[1] == (FrameKind.FROM_ACCEPTOR, 2, b"".join(long) * 3)


def test_frames_of_many_threads_are_whole(pipe: tuple[int, int]) -> None:
    writer = FrameWriter(pipe[1], patience=10)

    def write(number: int) -> None:
        for size in range(0, 20_000, 1000):
            writer.write(FrameKind.FROM_REQUESTOR, number, [bytes([number]) * size])

    threads = [threading.Thread(target=write, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
    found = read_frames(pipe[0], 5000, 100)
    for thread in threads:
        thread.join()

    for number in range(5):
        own = [content for _, connection, content in found if connection == number]
        assert own == [bytes([number]) * size for size in range(0, 20_000, 1000)]


@posix
def test_a_reader_that_hangs_is_waited_for_a_while_and_once(pipe: tuple[int, int]) -> None:
    writer = FrameWriter(pipe[1], patience=0.05)
    with pytest.raises(TimeoutError):
        writer.write(FrameKind.FROM_REQUESTOR, 1, [bytes(2**22)])
    writer.write(FrameKind.FROM_REQUESTOR, 1, [bytes(2**22)])


def put(backlog: Backlog, data: bytes) -> None:
    while data:
        room = backlog.room()
        count = min(len(room), len(data))
        room[:count] = data[:count]
        backlog.add(count)
        data = data[count:]


def test_what_waits_is_taken_in_pauses() -> None:
    backlog = Backlog(100, quiet=0.5, longest=60)
    put(backlog, b"one")
    assert backlog.take(0) is None
    put(backlog, b"two")
    assert backlog.take(30) == b"onetwo"
    assert backlog.take(0.01) is None


def test_what_waits_is_taken_if_there_is_no_pause() -> None:
    backlog = Backlog(100, quiet=60, longest=0.05)
    put(backlog, b"one")
    assert backlog.take(30) == b"one"


def test_much_is_taken_at_once_and_who_adds_too_much_waits() -> None:
    backlog = Backlog(10, quiet=60, longest=60)
    put(backlog, b"1234")
    assert backlog.take(0) is None
    put(backlog, b"567890")
    added = threading.Event()

    def add() -> None:
        put(backlog, b"more")
        added.set()

    thread = threading.Thread(target=add)
    thread.start()
    assert not added.wait(0.05)
    assert backlog.take(30) == b"1234567890"
    assert added.wait(10)
    thread.join()
    assert backlog.take(0) is None
    backlog.end()
    assert backlog.take(0) == b"more"
    assert backlog.take(0) == b""


def test_what_is_filled_while_all_is_taken_is_not_lost() -> None:
    backlog = Backlog(100, quiet=0, longest=0)
    put(backlog, b"first")
    room = backlog.room()
    assert backlog.take(0) == b"first"
    room[:6] = b"second"
    backlog.add(6)
    assert backlog.take(0) == b"second"


@given(st.lists(st.tuples(st.binary(max_size=12), st.booleans()), max_size=60))
def test_bytes_leave_as_they_came(steps: list[tuple[bytes, bool]]) -> None:
    backlog = Backlog(24, quiet=0, longest=0)
    came = left = b""
    for data, is_taken in steps:
        put(backlog, data)
        came += data
        if is_taken or len(came) - len(left) > 12:
            while portion := backlog.take(0):
                left += portion
    backlog.end()
    while portion := backlog.take(0):
        left += portion
    assert left == came
