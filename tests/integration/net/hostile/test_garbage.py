"""Connections that are no DICOM, too many, or larger than anything."""

from __future__ import annotations

import struct
import time
from typing import TYPE_CHECKING

import pytest

from tests.integration.net.hostile.conftest import ECHO_SECONDS, calm, echo_seconds
from tests.integration.net.hostile.raw_peer import (
    ABORT,
    ASSOCIATE_RJ,
    EXPLICIT,
    P_DATA,
    RELEASE_RQ,
    RawPeer,
    associate_rq,
    command,
    fragment,
    pdu,
)

if TYPE_CHECKING:
    from tdwii_gui.actors.actor import Actor, Surroundings

CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
GARBAGE = {
    "HTTP": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
    "zeros": bytes(1000),
    "ones": b"\xff" * 1000,
    "SSH": b"SSH-2.0-OpenSSH_9\r\n",
    "no fixed part": pdu(1, b"abc"),
    "empty request": pdu(1, b""),
    "a P-DATA first": pdu(P_DATA, b"abcdefgh"),
    "a release first": pdu(RELEASE_RQ, bytes(4)),
    "an abort first": pdu(ABORT, bytes(4)),
    "an acceptance first": pdu(2, associate_rq("TMS")[6:]),
    "junk after the titles": pdu(1, associate_rq("TMS")[6:80] + b"\xee" * 300),
    "4 GB of request": pdu(1, bytes(1000), 0xFFFFFFFF),
    "1 MB of request": pdu(1, bytes(1000), 2**20),
}


@pytest.mark.parametrize("sent", GARBAGE.values(), ids=GARBAGE)
def test_garbage_is_closed_at_once(tms: Actor, sent: bytes) -> None:
    with RawPeer(tms.port) as peer:
        peer.send(sent)
        # Less than the time limit of those who say nothing.
        assert peer.seconds_to_close() < 4
    assert {one.calling_ae for one in tms.associations} <= {"GOOD"}


def test_sixty_junk_connections_take_no_association(tms: Actor, surroundings: Surroundings) -> None:
    peers = [RawPeer(tms.port) for _ in range(60)]
    for peer in peers:
        peer.send(GARBAGE["HTTP"])
    for peer in peers:
        peer.socket.close()
    limit = surroundings.network.maximum_associations
    good = [RawPeer(tms.port).associate(tms.ae_title) for _ in range(limit)]
    try:
        with RawPeer(tms.port) as one_more:
            one_more.send(associate_rq(tms.ae_title))
            assert one_more.receive() == (ASSOCIATE_RJ, bytes([0, 2, 3, 2]))
            assert one_more.is_closed()
    finally:
        for peer in good:
            peer.socket.close()
    assert calm(lambda: tms.associations == ())


@pytest.mark.parametrize("length", [0xFFFFFFFF, 2**20])
def test_the_length_of_a_pdu_is_not_believed(tms: Actor, length: int) -> None:
    with RawPeer(tms.port).associate(tms.ae_title) as peer:
        peer.send(pdu(P_DATA, bytes(100), length))
        started = time.monotonic()
        assert peer.is_closed()
        assert time.monotonic() - started < 4


def test_a_data_set_without_end_is_aborted(tms: Actor) -> None:
    """The TMS takes 8 MB of one."""
    ups_push = "1.2.840.10008.5.1.4.34.6.1"
    create = command(
        AffectedSOPClassUID=ups_push,
        AffectedSOPInstanceUID="1.2.3",
        CommandField=0x0140,
        MessageID=1,
        CommandDataSetType=1,
    )
    with RawPeer(tms.port).associate(tms.ae_title, (ups_push, EXPLICIT)) as peer:
        peer.send(fragment(1, create, command=True, last=True))
        part = fragment(1, bytes(16000), command=False, last=False)
        for _ in range(9 * 2**20 // 16000):
            peer.send(part)
        assert peer.is_closed()


def test_an_object_without_end_is_aborted(ost: Actor, surroundings: Surroundings) -> None:
    """The Object Storage takes what the settings say."""
    store = command(
        AffectedSOPClassUID=CT_IMAGE,
        AffectedSOPInstanceUID="1.2.3",
        CommandField=0x0001,
        MessageID=1,
        Priority=0,
        CommandDataSetType=1,
    )
    too_much = (surroundings.network.maximum_message_megabytes + 1) * 2**20
    with RawPeer(ost.port).associate(ost.ae_title, (CT_IMAGE, EXPLICIT)) as peer:
        peer.send(fragment(1, store, command=True, last=True))
        part = fragment(1, bytes(16000), command=False, last=False)
        for _ in range(too_much // 16000 + 1):
            peer.send(part)
        assert peer.is_closed()


def test_a_command_set_without_end_is_aborted(tms: Actor) -> None:
    with RawPeer(tms.port).associate(tms.ae_title) as peer:
        part = fragment(1, bytes(16000), command=True, last=False)
        for _ in range(9 * 2**20 // 16000):
            peer.send(part)
        assert peer.is_closed()


BAD_MESSAGES = {
    "no value": struct.pack(">L", 0),
    "a length beyond the PDU": struct.pack(">LBB", 1000, 1, 3),
    "no command field": fragment(1, command(MessageID=1), command=True, last=True)[6:],
    "an unknown command field": fragment(
        1,
        command(CommandField=0x7777, MessageID=1, CommandDataSetType=0x0101),
        command=True,
        last=True,
    )[6:],
    "no data set type": fragment(
        1, command(CommandField=0x0030, MessageID=1), command=True, last=True
    )[6:],
    "a data set first": fragment(1, bytes(100), command=False, last=True)[6:],
    "a command of junk": fragment(1, b"\xee" * 100, command=True, last=True)[6:],
}


@pytest.mark.parametrize("body", BAD_MESSAGES.values(), ids=BAD_MESSAGES)
def test_a_malformed_message_ends_the_association(tms: Actor, body: bytes) -> None:
    with RawPeer(tms.port).associate(tms.ae_title) as peer:
        peer.send(pdu(P_DATA, body))
        started = time.monotonic()
        assert peer.is_closed()
        assert time.monotonic() - started < 8


REQUESTS = {
    "of a context that was not accepted": (5, {}),
    "of another service": (1, {"CommandField": 0x0020, "CommandDataSetType": 1}),
    "of an unknown class": (1, {"AffectedSOPClassUID": "1.2.3.4"}),
    "without a class": (1, {"AffectedSOPClassUID": ""}),
    "that is a response": (
        1,
        {"CommandField": 0x8030, "MessageIDBeingRespondedTo": 7, "Status": 0},
    ),
}


@pytest.mark.parametrize(("context", "elements"), REQUESTS.values(), ids=REQUESTS)
def test_each_request_is_answered_or_aborted(
    tms: Actor, context: int, elements: dict[str, object]
) -> None:
    values: dict[str, object] = {
        "AffectedSOPClassUID": "1.2.840.10008.1.1",
        "CommandField": 0x0030,
        "MessageID": 1,
        "CommandDataSetType": 0x0101,
    }
    values.update(elements)
    with RawPeer(tms.port).associate(tms.ae_title) as peer:
        peer.send(fragment(context, command(**values), command=True, last=True))
        if values["CommandDataSetType"] == 1:
            peer.send(fragment(context, bytes(0), command=False, last=True))
        started = time.monotonic()
        kind, _ = peer.receive()
        assert kind in (0, P_DATA, ABORT)
        assert time.monotonic() - started < 5


def test_a_good_peer_beside_a_flood(tms: Actor) -> None:
    peers = []
    for number in range(60):
        peers.append(RawPeer(tms.port))
        peers[-1].send(list(GARBAGE.values())[number % len(GARBAGE)])
        if number % 20 == 10:
            assert echo_seconds(tms) < ECHO_SECONDS
    for peer in peers:
        peer.socket.close()
