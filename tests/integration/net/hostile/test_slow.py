"""Peers that are slow, silent or half there: nobody else waits for them."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from tdwii_gui.dicom.net import accepted_socket, association_request
from tdwii_gui.dicom.net.arrivals import MAXIMUM_ARRIVALS
from tests.integration.net.hostile.conftest import ECHO_SECONDS, calm, echo_seconds
from tests.integration.net.hostile.raw_peer import ABORT, RawPeer, associate_rq, fragment

if TYPE_CHECKING:
    from tdwii_gui.actors.actor import Actor


def test_thirty_slow_peers_delay_nobody(tms: Actor) -> None:
    """Each sends a byte now and then (slow loris)."""
    peers = [RawPeer(tms.port) for _ in range(30)]
    done = threading.Event()

    def dribble() -> None:
        request = associate_rq(tms.ae_title)
        for byte in request:
            for peer in peers:
                peer.send(bytes([byte]))
            if done.wait(0.05):
                return

    thread = threading.Thread(target=dribble)
    thread.start()
    try:
        assert echo_seconds(tms) < ECHO_SECONDS
        assert {one.calling_ae for one in tms.associations} <= {"GOOD"}
    finally:
        done.set()
        thread.join()
        for peer in peers:
            peer.socket.close()


@pytest.mark.parametrize(
    "sent",
    [b"", b"\x01", b"\x01\x00\x00", associate_rq("TMS")[:40]],
    ids=["nothing", "a byte", "half a header", "half a request"],
)
def test_who_does_not_associate_is_closed_in_time(
    tms: Actor, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setattr("tdwii_gui.dicom.net.host_server.ARRIVAL_SECONDS", 0.5)
    with RawPeer(tms.port) as peer:
        peer.send(sent)
        assert echo_seconds(tms) < ECHO_SECONDS
        assert peer.is_closed()


def test_the_time_to_associate_is_short() -> None:
    assert association_request.ARRIVAL_SECONDS <= 5


def test_one_byte_at_a_time_does_not_extend_the_time(
    tms: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tdwii_gui.dicom.net.host_server.ARRIVAL_SECONDS", 0.5)
    started = time.monotonic()
    with RawPeer(tms.port) as peer:
        closed = threading.Event()
        thread = threading.Thread(target=lambda: peer.is_closed() and closed.set())
        thread.start()
        for byte in associate_rq(tms.ae_title):
            peer.send(bytes([byte]))
            if closed.wait(0.1):
                break
        assert closed.is_set()
        assert time.monotonic() - started < 10
        thread.join()


@pytest.mark.parametrize("sent", [b"\x04", b"\x04\x00\x00", b"\x04\x00\x00\x00\x01\x00abc"])
def test_a_pdu_that_is_begun_must_end(
    tms: Actor, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    assert accepted_socket.PDU_SECONDS <= 20
    monkeypatch.setattr(accepted_socket, "PDU_SECONDS", 0.5)
    with RawPeer(tms.port).associate(tms.ae_title) as peer:
        peer.send(sent)
        assert echo_seconds(tms) < ECHO_SECONDS
        assert peer.is_closed()


def test_a_flood_of_silent_connections_keeps_nobody_out(tms: Actor) -> None:
    """The oldest of them make way."""
    peers = [RawPeer(tms.port) for _ in range(2 * MAXIMUM_ARRIVALS)]
    try:
        assert echo_seconds(tms) < ECHO_SECONDS
        assert peers[0].is_closed()
    finally:
        for peer in peers:
            peer.socket.close()


def test_who_leaves_in_the_middle_of_a_message_is_forgotten(tms: Actor) -> None:
    for _ in range(20):
        with RawPeer(tms.port).associate(tms.ae_title) as peer:
            peer.send(fragment(1, b"\x00\x00", command=True, last=False))
    assert calm(lambda: tms.associations == ())


def test_who_aborts_while_associating_is_forgotten(tms: Actor) -> None:
    """Our answer then has no place in the state table (PS3.8 Table 9-10)."""
    abort = bytes([ABORT, 0, 0, 0, 0, 4, 0, 0, 0, 0])
    for _ in range(30):
        with RawPeer(tms.port) as peer:
            peer.send(associate_rq(tms.ae_title) + abort)
    assert calm(lambda: tms.associations == ())
