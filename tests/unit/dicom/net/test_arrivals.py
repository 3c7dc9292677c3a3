"""Connections that have not associated yet."""

from __future__ import annotations

import socket

from tdwii_gui.dicom.net.arrivals import Arrivals


def is_ended(connection: socket.socket) -> bool:
    connection.settimeout(0.5)
    try:
        return connection.recv(1) == b""
    except TimeoutError:
        return False


def test_the_oldest_makes_way() -> None:
    pairs = [socket.socketpair() for _ in range(3)]
    arrivals = Arrivals(maximum=2)
    for ours, _ in pairs:
        arrivals.add(ours)
    assert len(arrivals) == 2
    assert is_ended(pairs[0][1])
    assert not is_ended(pairs[2][1])
    for pair in pairs:
        for end in pair:
            end.close()


def test_who_comes_after_the_end_is_ended() -> None:
    first, late = socket.socketpair(), socket.socketpair()
    arrivals = Arrivals()
    arrivals.add(first[0])
    arrivals.end_all()
    arrivals.add(late[0])
    assert is_ended(first[1])
    assert is_ended(late[1])
    for end in (*first, *late):
        end.close()
