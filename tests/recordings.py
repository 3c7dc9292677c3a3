"""Recordings made by hand, line by line."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from pydicom.dataset import Dataset

from tdwii_gui.recording.lines import RECORDING, Association, Info, Message
from tdwii_gui.recording.part import Part

if TYPE_CHECKING:
    from pathlib import Path

BEGUN: Final = datetime(2026, 11, 21, 10, 12, tzinfo=UTC)
UPS: Final = "1.2.840.10008.5.1.4.34.6.1"


def at(number: int) -> str:
    """Return when a message was complete."""
    return (BEGUN + timedelta(seconds=number)).isoformat(timespec="microseconds")


def write(
    part: Part,
    number: int,
    kind: str = "N-SET-RQ",
    *,
    ends: tuple[str, str] = ("TDD", "TMS"),
    message_id: int = 0,
    association: int = 1,
    sop_class_uid: str = UPS,
    status: int = 0xC300,
    comment: str = "no such step",
    content: Dataset | None = None,
    **extra: object,
) -> None:
    """Write a message with a data set of its own."""
    command = Dataset()
    if kind.endswith("-RQ"):
        command.RequestedSOPClassUID = sop_class_uid
        command.RequestedSOPInstanceUID = f"1.2.{number}"
        command.MessageID = message_id or number
    else:
        command.AffectedSOPClassUID = sop_class_uid
        command.Status = status
        command.ErrorComment = comment
    if content is None:
        content = Dataset()
        content.ProcedureStepState = "IN PROGRESS"
    shared = {
        Message.NUMBER: number,
        Message.AT: at(number),
        Message.ASSOCIATION: association,
        Message.SENDER: ends[0],
        Message.RECEIVER: ends[1],
        Message.KIND: kind,
        Message.MESSAGE_ID: message_id or number,
        Message.DATASET_BYTES: 20,
        Message.FRAME: number + 3,
    }
    message = {
        **shared,
        Message.CONTEXT_ID: 1,
        Message.CONTEXT: sop_class_uid,
        Message.TRANSFER_SYNTAX: "1.2.840.10008.1.2",
        Message.COMMAND: command.to_json_dict(),
        Message.DATASET: content.to_json_dict(),
        Message.OBJECT: "",
        Message.NOTE: "",
        **extra,
    }
    summary = {
        **shared,
        "sop_class_uid": sop_class_uid,
        "sop_instance_uid": str(command.get("RequestedSOPInstanceUID", "")),
        "status": command.get("Status"),
        "comment": str(command.get("ErrorComment", "")),
    }
    part.write_message(message, summary)


def event(association: int, change: str, **extra: object) -> dict[str, Any]:
    """Return the line of an event of an association."""
    return {
        Association.AT: at(0),
        Association.ASSOCIATION: association,
        Association.CHANGE: change,
        Association.CALLING_AE: "TDD",
        Association.CALLED_AE: "TMS",
        Association.BY_REQUESTOR: False,
        Association.AFTER: 0,
        Association.DETAIL: "",
        **extra,
    }


def write_info(folder: Path, **extra: object) -> None:
    """Write what describes a recording."""
    info = {Info.FORMAT: 1, Info.PATIENT_DATA: False, Info.ENDED: at(9999), **extra}
    (folder / RECORDING).write_text(json.dumps(info))


def write_recording(folder: Path, *parts: range) -> Path:
    """Write parts with messages of these numbers, requests and failed responses in turns."""
    folder.mkdir(parents=True)
    for place, numbers in enumerate(parts, 1):
        part = Part(folder, place)
        for number in numbers:
            write(part, number, "N-SET-RSP" if number % 2 == 0 else "N-SET-RQ")
        part.close()
    write_info(folder)
    return folder
