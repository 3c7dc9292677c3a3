"""Wireshark finds in the capture of a whole fraction what ``messages.jsonl`` says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

import pytest

from tdwii_gui.recording.lines import CAPTURE, Info
from tdwii_gui.recording.reading import Recording
from tests.interop.programs import done

if TYPE_CHECKING:
    from pathlib import Path

    from tests.command_line import CommandLine

pytestmark = pytest.mark.interop

_COLUMNS: Final = 'gui.column.format:"No.","%m","Stream","%Cus:tcp.stream:0:R","Info","%i"'
_WRONG: Final = (
    "_ws.malformed || tcp.analysis.flags || dicom.pdv.ctx.invalid || dicom.pdv.flags.invalid"
    " || dicom.data.tag.missing || dicom.assoc.item.len.invalid"
)
_COMMAND: Final = re.compile(r"\b([CN]-[A-Z-]+-(?:RQ|RSP)) ID=([0-9]+)([^(]*\(Success\))?")
_TRANSACTIONS: Final = (
    "C-FIND-RQ",
    "C-MOVE-RQ",
    "C-STORE-RQ",
    "N-ACTION-RQ",
    "N-CREATE-RQ",
    "N-EVENT-REPORT-RQ",
    "N-GET-RQ",
    "N-SET-RQ",
)


class Line(NamedTuple):
    """A line of tshark's list of packets."""

    frame: int
    stream: int
    words: str


def lines(capture: Path, shown: str = "dicom") -> list[Line]:
    """Return the packets that a filter shows, as tshark lists them."""
    said = done("tshark", "-n", "-r", capture, "-o", _COLUMNS, "-Y", shown)
    found = [re.fullmatch(r"\s*([0-9]+)\s+([0-9]+)\s+(.*)", line) for line in said.splitlines()]
    return [Line(int(one[1]), int(one[2]), one[3]) for one in found if one is not None]


def test_tshark_finds_the_messages_of_a_fraction_in_their_order(tdwii: CommandLine) -> None:
    folder = tdwii.folder / "rec"
    said = tdwii.done("demo", "--headless", "--record", folder)
    (one,) = folder.iterdir()
    recording = Recording(one)
    (part,) = recording.parts
    messages = recording.messages
    packets = lines(part / CAPTURE)

    assert f"recorded {len(messages)} messages" in said
    assert recording.info[Info.PATIENT_DATA] is False
    assert {message.kind for message in messages} >= set(_TRANSACTIONS)
    commands = [(packet, found) for packet in packets if (found := _COMMAND.search(packet.words))]
    assert [(found[1], int(found[2])) for _, found in commands] == [
        (message.kind, message.message_id) for message in messages
    ]
    streams = {
        (packet.stream, message.association)
        for (packet, _), message in zip(commands, messages, strict=True)
    }
    assert len(streams) == len({stream for stream, _ in streams})
    assert len(streams) == len({association for _, association in streams})
    for (packet, found), message in zip(commands, messages, strict=True):
        assert (found[3] is not None) == (message.status == 0)
        assert (packet.frame == message.frame) == (not message.dataset_bytes)
    of_data = {packet.frame: packet.words for packet in packets}
    for message in messages:
        if message.dataset_bytes and message.kind != "C-STORE-RQ":
            assert f"{message.kind}-DATA" in of_data[message.frame]
    assert not lines(part / CAPTURE, _WRONG)
