"""What travelled becomes messages, packets, events and objects."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from tdwii_gui.recording import conversation
from tdwii_gui.recording.capture import LONGEST_SEGMENT
from tdwii_gui.recording.frames import FrameKind
from tdwii_gui.recording.lines import CAPTURE, INDEX, INDEX_FILE, MESSAGES, Info, Message
from tdwii_gui.recording.message import AssociationChange
from tdwii_gui.recording.message_assembly import MessageAssembly
from tdwii_gui.recording.pdu import Fragment, Pdu, PduReader, PduType, data_transfer
from tests.unit.recording.packets import Packet, packets
from tests.unit.recording.wire import (
    C_STORE_RQ,
    CT_IMAGE,
    N_CREATE_RQ,
    UPS_PUSH,
    Wire,
    associate,
    command,
    encoded,
    item,
    message,
    step,
)

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

RELEASE_RQ = Pdu(PduType.RELEASE_RQ, 0, bytes(4)).encoded
RELEASE_RP = Pdu(PduType.RELEASE_RP, 0, bytes(4)).encoded


def payload(folder: Path, *, port: int) -> bytes:
    """Return all that went to a port, as the sequence numbers of the capture have it."""
    parts: dict[int, bytes] = {}
    for packet in packets(folder / "0001" / CAPTURE):
        if packet.destination == port and packet.content:
            parts[packet.sequence] = packet.content
    return b"".join(parts[sequence] for sequence in sorted(parts))


def test_a_request_and_its_response(tmp_path: Path) -> None:
    wire = Wire(tmp_path)
    wire.open()
    wire.create(7)
    wire.send(RELEASE_RQ)
    wire.answer(RELEASE_RP)
    wire.frame(FrameKind.CLOSED_BY_REQUESTOR)
    recording = wire.end()

    request, response = recording.messages
    assert (request.kind, request.sender, request.receiver) == ("N-CREATE-RQ", "TDD", "TMS")
    assert (response.kind, response.sender, response.receiver) == ("N-CREATE-RSP", "TMS", "TDD")
    assert (request.number, response.number) == (1, 2)
    assert (request.message_id, response.message_id) == (7, 7)
    assert request.sop_class_uid == UPS_PUSH
    assert request.sop_instance_uid == "1.2.7"
    assert (request.status, response.status) == (None, 0)
    assert request.at < response.at
    content = recording.message(1)
    assert content.dataset == step()
    assert content.context_uid == UPS_PUSH
    assert content.transfer_syntax_uid == ExplicitVRLittleEndian
    assert content.command.CommandField == N_CREATE_RQ
    assert request.dataset_bytes == len(encoded(step()))
    assert recording.message(2).dataset is None
    assert [event.change for event in recording.associations()] == [
        AssociationChange.REQUESTED,
        AssociationChange.ACCEPTED,
        AssociationChange.RELEASED,
    ]


def test_the_capture_has_what_travelled_and_the_frames_of_the_messages(tmp_path: Path) -> None:
    wire = Wire(tmp_path)
    wire.open()
    dataset = encoded(step())
    sent = message(command(N_CREATE_RQ, MessageID=1), dataset, size=20)
    for pdu in sent:
        wire.send(pdu)
    wire.send(RELEASE_RQ)
    wire.answer(RELEASE_RP)
    wire.frame(FrameKind.CLOSED_BY_ACCEPTOR)
    recording = wire.end()

    assert payload(tmp_path, port=11112) == b"".join(
        [associate(PduType.ASSOCIATE_RQ), *sent, RELEASE_RQ]
    )
    assert payload(tmp_path, port=50001) == associate(PduType.ASSOCIATE_AC) + RELEASE_RP
    found = packets(tmp_path / "0001" / CAPTURE)
    assert found[recording.messages[0].frame - 1].content == sent[-1]
    assert [packet.flags for packet in found[:3]] == [Packet.SYN, Packet.SYN | Packet.ACK, 16]
    assert sum(bool(packet.flags & Packet.FIN) for packet in found) == 2
    acknowledged = {50001: 0, 11112: 0}
    for packet in found:
        if packet.flags & Packet.ACK:
            assert packet.acknowledgement == acknowledged[packet.source]
        is_counted = packet.flags & (Packet.SYN | Packet.FIN)
        after = packet.sequence + len(packet.content) + (1 if is_counted else 0)
        acknowledged[packet.destination] = after


def test_a_long_pdu_is_cut_into_packets(tmp_path: Path) -> None:
    wire = Wire(tmp_path)
    wire.open()
    long = Dataset()
    long.EncapsulatedDocument = bytes(150_000)
    (first, second) = message(command(N_CREATE_RQ), encoded(long), size=200_000)
    wire.send(first + second)
    recording = wire.end()

    sizes = [len(packet.content) for packet in packets(tmp_path / "0001" / CAPTURE)]
    assert max(sizes) == LONGEST_SEGMENT
    assert recording.messages[0].frame == len(sizes)
    line = json.loads((tmp_path / "0001" / MESSAGES).read_text())
    assert "Value" not in line[Message.DATASET]["00420011"]


def test_messages_that_travel_at_once_are_not_mixed(tmp_path: Path) -> None:
    wire = Wire(tmp_path)
    wire.open(1)
    wire.open(2)
    first, second = (
        message(command(N_CREATE_RQ, MessageID=number), encoded(step()), size=16)
        for number in (1, 2)
    )
    for one, other in zip(first, second, strict=True):
        wire.send(other, 2)
        wire.send(one, 1)
    recording = wire.end()

    assert [each.association for each in recording.messages] == [2, 1]
    content = [each.content for each in packets(tmp_path / "0001" / CAPTURE) if each.content]
    assert content[-len(first + second) :] == second + first


def test_a_pdu_with_parts_of_two_messages(tmp_path: Path) -> None:
    wire = Wire(tmp_path)
    wire.open()
    echo = command(0x0030, MessageID=1, has_dataset=False)
    create = command(N_CREATE_RQ, MessageID=2)
    both = [Fragment(1, 3, echo), Fragment(1, 3, create)]
    wire.send(Pdu(PduType.P_DATA_TF, 0, data_transfer(both)).encoded)
    wire.send(message(b"", encoded(step()))[1])
    recording = wire.end()

    assert [each.kind for each in recording.messages] == ["C-ECHO-RQ", "N-CREATE-RQ"]
    assert recording.message(2).dataset == step()


def test_an_object_is_a_file(tmp_path: Path) -> None:
    wire = Wire(tmp_path)
    wire.open()
    image = Dataset()
    image.SOPClassUID, image.SOPInstanceUID, image.Rows = CT_IMAGE, "1.2.3", 4
    request = command(
        C_STORE_RQ, MessageID=1, AffectedSOPClassUID=CT_IMAGE, AffectedSOPInstanceUID="1.2.3"
    )
    wire.send(b"".join(message(request, encoded(image), context=3)))
    recording = wire.end()

    recorded = recording.message(1)
    assert recorded.object_file == "0001/objects/1.dcm"
    file = dcmread(recording.folder / recorded.object_file)
    assert file.Rows == 4
    assert file.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
    assert file.file_meta.SourceApplicationEntityTitle == "TDD"
    assert recorded.dataset == image


def test_without_patient_data_the_same_length_travels(tmp_path: Path) -> None:
    wire = Wire(tmp_path, patient_data=False)
    wire.open(user_items=item(0x58, b"\2\0\0\4anna\0\6secret"))
    wire.create(1)
    wire.send(b"no PDU at all: DOE^JANE")
    recording = wire.end()

    written = b"".join(each.read_bytes() for each in tmp_path.rglob("*") if each.is_file())
    for secret in (b"DOE", b"JANE", b"PAT-4711", b"anna", b"secret"):
        assert secret not in written
    dataset = recording.message(1).dataset
    assert dataset is not None
    assert len(str(dataset.PatientName)) == len("DOE^JANE")
    assert dataset.ProcedureStepState == "SCHEDULED"
    assert recording.info[Info.PATIENT_DATA] is False
    assert len(payload(tmp_path, port=11112)) == sum(
        map(
            len,
            (
                associate(PduType.ASSOCIATE_RQ, item(0x58, b"\2\0\0\4anna\0\6secret")),
                *message(
                    command(
                        N_CREATE_RQ,
                        MessageID=1,
                        AffectedSOPClassUID=UPS_PUSH,
                        AffectedSOPInstanceUID="1.2.1",
                    ),
                    encoded(step()),
                ),
                b"no PDU at all: DOE^JANE",
            ),
        )
    )


def test_a_data_set_that_is_too_long_is_left_out_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversation, "LONGEST_DATASET", 1000)
    wire = Wire(tmp_path)
    wire.open()
    long = Dataset()
    long.EncapsulatedDocument = b"secret" * 1000
    for pdu in message(command(N_CREATE_RQ, MessageID=1), encoded(long), size=300):
        wire.send(pdu)
    wire.create(2)
    recording = wire.end()

    assert recording.messages[0].dataset_bytes == len(encoded(long))
    assert recording.message(1).dataset is None
    line = json.loads((tmp_path / "0001" / MESSAGES).read_text().splitlines()[0])
    assert "too long" in line[Message.NOTE]
    assert b"secret" not in (tmp_path / "0001" / CAPTURE).read_bytes()
    assert recording.message(2).dataset == step()


def test_an_abort_within_a_message(tmp_path: Path) -> None:
    wire = Wire(tmp_path)
    wire.open()
    (head, part, *_) = message(command(N_CREATE_RQ, MessageID=1), encoded(step()), size=16)
    abort = Pdu(PduType.ABORT, 0, b"\0\0\2\6").encoded
    wire.send(head + part + part[:5])
    wire.answer(abort)
    wire.frame(FrameKind.CLOSED_BY_ACCEPTOR)
    recording = wire.end()

    assert not recording.messages
    assert payload(tmp_path, port=11112).endswith(head + part + part[:5])
    aborted = recording.associations()[-1]
    assert aborted.change is AssociationChange.ABORTED
    assert not aborted.by_requestor
    assert "invalid PDU parameter" in aborted.detail


def test_a_rejection_and_a_lost_connection(tmp_path: Path) -> None:
    wire = Wire(tmp_path)
    wire.open(1)
    wire.frame(FrameKind.CLOSED_BY_ACCEPTOR)
    ends = {"requestor": ["::1", 1], "acceptor": ["::1", 2], "tls": True}
    wire.frame(FrameKind.OPEN, json.dumps(ends).encode(), 2)
    wire.send(associate(PduType.ASSOCIATE_RQ), 2)
    wire.answer(Pdu(PduType.ASSOCIATE_RJ, 0, b"\0\1\1\7").encoded, 2)
    wire.frame(FrameKind.CLOSED_BY_ACCEPTOR, connection=2)
    events = wire.end().associations()

    assert len(packets(tmp_path / "0001" / CAPTURE)) == 16
    assert [(event.association, event.change) for event in events] == [
        (1, AssociationChange.REQUESTED),
        (1, AssociationChange.ACCEPTED),
        (1, AssociationChange.CLOSED),
        (2, AssociationChange.REQUESTED),
        (2, AssociationChange.REJECTED),
    ]
    assert "called AE title" in events[-1].detail


def test_a_part_is_followed_by_another_and_the_oldest_goes(tmp_path: Path) -> None:
    wire = Wire(tmp_path, part_bytes=20_000, most_bytes=60_000)
    wire.open()
    for number in range(1, 121):
        wire.create(number)
    recording = wire.end()

    assert recording.info[Info.REMOVED_PARTS] > 0
    assert recording.info[Info.MESSAGES] == 240
    assert sum(each.stat().st_size for each in tmp_path.rglob("*")) < 100_000
    assert [each.number for each in recording.messages] == list(
        range(recording.messages[0].number, 241)
    )
    for part in recording.parts:
        found = packets(part / CAPTURE)
        assert [each.content for each in found[3:5]] == [
            associate(PduType.ASSOCIATE_RQ),
            associate(PduType.ASSOCIATE_AC),
        ]
        lines = (part / INDEX_FILE).read_text().splitlines()
        last = dict(zip(INDEX, json.loads(lines[-1]), strict=True))
        assert last["frame"] == len(found)
    assert recording.message(240).command.Status == 0


def test_a_data_set_by_deflation_is_fragmented_anew() -> None:
    assembly = MessageAssembly(1000)
    (made,) = [
        one
        for pdu in message(command(N_CREATE_RQ), bytes(300), size=100)
        for read in PduReader().feed(pdu)
        for one in assembly.take(read)
    ]
    made.put(bytes(40_000), is_command=False)
    again = MessageAssembly(100_000)
    (read,) = [
        one
        for piece in made.pieces
        for pdu in PduReader().feed(piece.encoded)
        for one in again.take(pdu)
    ]
    assert read.command == command(N_CREATE_RQ)
    assert read.dataset == bytes(40_000)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_whatever_comes_is_recorded(tmp_path_factory: pytest.TempPathFactory, data) -> None:
    """Bytes in the middle of an association are changed, cut out or put in."""
    folder = tmp_path_factory.mktemp("any")
    wire = Wire(folder, patient_data=data.draw(st.booleans()))
    wire.open()
    sent = bytearray(b"".join(message(command(N_CREATE_RQ, MessageID=1), encoded(step()))))
    start = data.draw(st.integers(0, len(sent)))
    sent[start : start + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=9))
    wire.send(bytes(sent))
    wire.create(2)
    wire.frame(FrameKind.CLOSED_BY_REQUESTOR)
    recording = wire.end()

    for summary in recording.messages:
        recording.message(summary.number)
    assert len(payload(folder, port=11112)) > len(associate(PduType.ASSOCIATE_RQ))
