"""Recordings are read as they were written, and as far as they were."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tdwii_gui.config.resources import resource_path
from tdwii_gui.dicom.errors import StoreError
from tdwii_gui.recording.lines import (
    ASSOCIATIONS,
    INDEX_FILE,
    MESSAGES,
    RECORDING,
    Info,
    Message,
)
from tdwii_gui.recording.message import AssociationChange
from tdwii_gui.recording.part import Part
from tdwii_gui.recording.reading import Recording, find_recording
from tests.recordings import BEGUN, UPS, event, write, write_recording

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_recording(tmp_path / "recording", range(1, 4), range(4, 7))


def test_all_parts_are_read_in_order(folder):
    recording = Recording(folder)
    assert [message.number for message in recording.messages] == [1, 2, 3, 4, 5, 6]
    assert [part.name for part in recording.parts] == ["0001", "0002"]
    first, second = recording.messages[:2]
    assert first.at == BEGUN + timedelta(seconds=1)
    assert (first.sender, first.receiver, first.kind) == ("TDD", "TMS", "N-SET-RQ")
    assert (first.sop_class_uid, first.sop_instance_uid, first.status) == (UPS, "1.2.1", None)
    assert (second.status, second.comment, second.frame) == (0xC300, "no such step", 5)
    assert recording.info[Info.PATIENT_DATA] is False
    assert recording.problems == []


def test_a_message_has_its_content(folder):
    message = Recording(folder).message(5)
    assert message.summary.number == 5
    assert message.command.RequestedSOPInstanceUID == "1.2.5"
    assert message.dataset.ProcedureStepState == "IN PROGRESS"
    assert message.context_uid == UPS
    assert message.transfer_syntax_uid == "1.2.840.10008.1.2"


def test_without_an_index_all_is_read_from_the_messages(folder):
    with_index = Recording(folder).messages
    for path in folder.glob(f"*/{INDEX_FILE}"):
        path.unlink()
    recording = Recording(folder)
    assert list(recording.messages) == list(with_index)
    assert recording.message(6).command.Status == 0xC300


def test_an_evidence_pack_has_its_files_at_the_root(folder):
    pack = folder.parent / "pack"
    pack.mkdir()
    for name in (MESSAGES, ASSOCIATIONS):
        parts = sorted(folder.glob(f"*/{name}"))
        (pack / name).write_bytes(b"".join(path.read_bytes() for path in parts))
    (pack / RECORDING).write_text("{}")
    assert list(Recording(pack).messages) == list(Recording(folder).messages)
    assert Recording(pack).message(4).dataset is not None


@pytest.mark.parametrize("name", [MESSAGES, INDEX_FILE])
def test_wherever_a_recording_was_cut_short_the_rest_is_read(folder, name):
    path = folder / "0002" / name
    whole = path.read_bytes()
    lines = whole.splitlines(keepends=True)
    for length in range(0, len(whole), 5):
        path.write_bytes(whole[:length])
        numbers = [message.number for message in Recording(folder).messages]
        complete = sum(length >= len(b"".join(lines[: n + 1]).rstrip()) for n in range(3))
        assert numbers == list(range(1, 7 if name == INDEX_FILE else 4 + complete))


def test_a_damaged_index_line_is_made_up_for(folder):
    path = folder / "0001" / INDEX_FILE
    lines = path.read_bytes().splitlines()
    for damaged in (b"x", b"[1]", b"{}", lines[0], lines[1].replace(b'"TDD"', b"5"), b"[" * 9999):
        path.write_bytes(b"\n".join([lines[0], damaged, lines[2], b""]))
        assert [message.number for message in Recording(folder).messages] == [1, 2, 3, 4, 5, 6]


def test_a_line_that_is_no_message_is_counted_and_left_out(folder):
    path = folder / "0001" / MESSAGES
    lines = path.read_bytes().splitlines()
    for damaged in (b"", b"null", b'{"number":"2"}', lines[0], b"\xff"):
        path.write_bytes(b"\n".join([lines[0], damaged, lines[2], b""]))
        (folder / "0001" / INDEX_FILE).unlink(missing_ok=True)
        recording = Recording(folder)
        assert [message.number for message in recording.messages] == [1, 3, 4, 5, 6]
        assert recording.problems == ["0001: lines that are no messages: 1"]
        assert recording.message(3).dataset is not None


def test_a_stored_object_is_read_from_its_file(tmp_path):
    folder = tmp_path / "recording"
    folder.mkdir()
    part = Part(folder, 1)
    plan = resource_path("demo_patient", "photon_plan.dcm").read_bytes()
    name = part.write_object(1, (plan, b""))
    write(part, 1, "C-STORE-RQ", **{Message.OBJECT: name, Message.DATASET: None})
    write(part, 2, "C-STORE-RQ", **{Message.OBJECT: "objects/2.dcm", Message.DATASET: None})
    write(part, 3, "C-STORE-RQ", **{Message.OBJECT: "../../../x.dcm", Message.DATASET: None})
    write(part, 4, **{Message.DATASET: None, Message.NOTE: "left out: too long"})
    write(part, 5, **{Message.DATASET: {"00100010": 5}})
    part.close()
    (folder / RECORDING).write_text("{}")
    recording = Recording(folder)
    message = recording.message(1)
    assert message.dataset.RTPlanLabel
    assert message.object_file == "0001/objects/1.dcm"
    with pytest.raises(StoreError, match="message 2 cannot be read: No such file"):
        recording.message(2)
    with pytest.raises(StoreError, match="line is damaged"):
        recording.message(3)
    assert recording.message(4).dataset is None
    assert recording.message(4).note == "left out: too long"
    with pytest.raises(StoreError, match="line is damaged"):
        recording.message(5)
    with pytest.raises(StoreError, match="message 6 is not in the recording"):
        recording.message(6)


def test_the_first_parts_may_be_gone(tmp_path):
    folder = write_recording(tmp_path / "recording", range(1, 3), range(7, 9))
    for path in (folder / "0001").glob("*.*"):
        path.unlink()
    recording = Recording(folder)
    assert [message.number for message in recording.messages] == [7, 8]
    assert recording.message(8).summary.number == 8
    with pytest.raises(StoreError, match="not in the recording"):
        recording.message(1)


def test_events_of_associations_are_read_up_to_what_is_cut_short(folder):
    line = event(1, "rejected", detail="called AE title not recognised")
    text = json.dumps(line).encode() + b"\n"
    (folder / "0001" / ASSOCIATIONS).write_bytes(text)
    (folder / "0002" / ASSOCIATIONS).write_bytes(text + b"{}\n" + text[:-9])
    first, second = Recording(folder).associations()
    assert first == second
    assert first.change is AssociationChange.REJECTED
    assert first.at == BEGUN


def test_the_newest_recording_of_a_folder_is_found(tmp_path):
    with pytest.raises(StoreError, match="holds no recording"):
        find_recording(tmp_path)
    with pytest.raises(StoreError, match="cannot be read"):
        find_recording(tmp_path / "none")
    write_recording(tmp_path / "2026-11-21T101200", range(1, 2))
    newest = write_recording(tmp_path / "2026-11-22T101200", range(1, 2))
    assert find_recording(tmp_path) == newest
    assert find_recording(newest) == newest


@pytest.mark.parametrize("text", [b"", b"[]", b"{", b"\xff"])
def test_what_is_no_recording_is_said(tmp_path, text):
    (tmp_path / RECORDING).write_bytes(text)
    with pytest.raises(StoreError, match="no description of a recording"):
        Recording(tmp_path)
