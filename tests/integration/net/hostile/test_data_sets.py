"""Data sets that are cut short, too deep, too many parts or in another encoding than agreed."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest
from pynetdicom.dsutils import encode

from tests.integration.net.hostile.raw_peer import EXPLICIT, IMPLICIT, RawPeer, request

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydicom.dataset import Dataset

    from tdwii_gui.actors.actor import Actor

UPS_PUSH = "1.2.840.10008.5.1.4.34.6.1"
UPS_PULL = "1.2.840.10008.5.1.4.34.6.3"
CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
STUDY_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
VERIFICATION = "1.2.840.10008.1.1"


def implicit_element(group: int, number: int, value: bytes) -> bytes:
    return struct.pack("<HHL", group, number, len(value)) + value


def nested(levels: int) -> bytes:
    """Return a sequence of so many levels, implicit VR."""
    value = b""
    for _ in range(levels):
        value = implicit_element(
            0x0040, 0x4018, struct.pack("<HHL", 0xFFFE, 0xE000, len(value)) + value
        )
    return value


def items(number: int) -> bytes:
    """Return a sequence of so many empty items, implicit VR."""
    return implicit_element(0x0040, 0x4018, struct.pack("<HHL", 0xFFFE, 0xE000, 0) * number)


BAD = {
    "200 deep": nested(200),
    "100,000 items": items(100_000),
    "200,000 elements": implicit_element(0x0010, 0x0020, b"") * 200_000,
    "cut short": implicit_element(0x0010, 0x0020, b"P1")[:-1],
    "4 GB element": struct.pack("<HHL", 0x0010, 0x0020, 0xFFFFFFF0) + b"abc",
    "sequence not closed": struct.pack(
        "<HHLHHL", 0x0040, 0x4018, 0xFFFFFFFF, 0xFFFE, 0xE000, 0xFFFFFFFF
    ),
    "item out of place": struct.pack("<HHL", 0xFFFE, 0xE000, 0),
    "junk": b"\xee" * 1001,
}

COMMANDS = {
    "N-CREATE": (
        1,
        {
            "CommandField": 0x0140,
            "AffectedSOPClassUID": UPS_PUSH,
            "AffectedSOPInstanceUID": "1.2.3.4",
        },
    ),
    "N-SET": (
        1,
        {
            "CommandField": 0x0120,
            "RequestedSOPClassUID": UPS_PUSH,
            "RequestedSOPInstanceUID": "1.2.3.4",
        },
    ),
    "N-ACTION": (
        1,
        {
            "CommandField": 0x0130,
            "RequestedSOPClassUID": UPS_PUSH,
            "RequestedSOPInstanceUID": "1.2.3.4",
            "ActionTypeID": 1,
        },
    ),
    "C-FIND": (3, {"CommandField": 0x0020, "AffectedSOPClassUID": UPS_PULL, "Priority": 0}),
}
STATUSES = {"N-CREATE": 0x0110, "N-SET": 0x0110, "N-ACTION": 0x0110, "C-FIND": 0xC000}


def check_alive(peer: RawPeer, context: int) -> None:
    """Ask for a C-ECHO on the same association."""
    peer.send(
        request(context, None, AffectedSOPClassUID=VERIFICATION, CommandField=0x0030, MessageID=9)
    )
    answer = peer.answer()
    assert (answer.MessageIDBeingRespondedTo, answer.Status) == (9, 0)


@pytest.mark.parametrize("data", BAD.values(), ids=BAD)
@pytest.mark.parametrize("name", COMMANDS)
def test_a_malformed_data_set_is_answered(tms: Actor, name: str, data: bytes) -> None:
    """The association lives on, and nothing is kept."""
    context, elements = COMMANDS[name]
    contexts = ((UPS_PUSH, IMPLICIT), (UPS_PULL, IMPLICIT), (VERIFICATION, IMPLICIT))
    with RawPeer(tms.port).associate(tms.ae_title, *contexts) as peer:
        peer.send(request(context, data, MessageID=1, **elements))
        answer = peer.answer()
        assert answer.Status == STATUSES[name]
        assert 0 < len(answer.ErrorComment) <= 64
        check_alive(peer, 5)


def test_a_step_in_another_encoding_than_agreed_is_refused(
    tms: Actor, make_step: Callable[..., Dataset]
) -> None:
    """Implicit VR where explicit VR was agreed may be read by its looks; never the reverse."""
    context, elements = COMMANDS["N-CREATE"]
    data = encode(make_step(), False, True)
    contexts = ((UPS_PUSH, IMPLICIT), (VERIFICATION, IMPLICIT))
    with RawPeer(tms.port).associate(tms.ae_title, *contexts) as peer:
        peer.send(request(context, data, MessageID=1, **elements))
        assert peer.answer().Status == 0x0110
        check_alive(peer, 3)


def test_big_endian_where_little_endian_was_agreed_is_refused(
    tms: Actor, make_step: Callable[..., Dataset]
) -> None:
    context, elements = COMMANDS["N-CREATE"]
    data = encode(make_step(), False, False)
    contexts = ((UPS_PUSH, EXPLICIT), (VERIFICATION, IMPLICIT))
    with RawPeer(tms.port).associate(tms.ae_title, *contexts) as peer:
        peer.send(request(context, data, MessageID=1, **elements))
        assert peer.answer().Status == 0x0110
        check_alive(peer, 3)


@pytest.mark.parametrize("data", BAD.values(), ids=BAD)
def test_a_malformed_object_is_not_stored(ost: Actor, data: bytes) -> None:
    contexts = ((CT_IMAGE, IMPLICIT), (VERIFICATION, IMPLICIT))
    with RawPeer(ost.port).associate(ost.ae_title, *contexts) as peer:
        peer.send(
            request(
                1,
                data,
                CommandField=0x0001,
                AffectedSOPClassUID=CT_IMAGE,
                AffectedSOPInstanceUID="1.2.3.4",
                MessageID=1,
                Priority=0,
            )
        )
        answer = peer.answer()
        assert answer.Status in (0xA900, 0xC000)
        assert 0 < len(answer.ErrorComment) <= 64
        check_alive(peer, 3)


@pytest.mark.parametrize("data", BAD.values(), ids=BAD)
@pytest.mark.parametrize(("command_field", "model"), [(0x0020, "1"), (0x0021, "2"), (0x0010, "3")])
def test_a_malformed_identifier_is_answered(
    ost: Actor, command_field: int, model: str, data: bytes
) -> None:
    """C-FIND, C-MOVE and C-GET."""
    uid = STUDY_FIND[:-1] + model
    contexts = ((uid, IMPLICIT), (VERIFICATION, IMPLICIT))
    extra = {"MoveDestination": "OST"} if command_field == 0x0021 else {}
    with RawPeer(ost.port).associate(ost.ae_title, *contexts) as peer:
        peer.send(
            request(
                1,
                data,
                CommandField=command_field,
                AffectedSOPClassUID=uid,
                MessageID=1,
                Priority=0,
                **extra,
            )
        )
        answer = peer.answer()
        assert answer.Status == 0xC000
        assert 0 < len(answer.ErrorComment) <= 64
        check_alive(peer, 3)
