"""Recorded messages made by hand: a builder, and a story with all transactions of the profile."""

from __future__ import annotations

import json
import struct
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

from pydicom.dataset import Dataset

from tdwii_gui.dicom import uids
from tdwii_gui.dicom.status import Status
from tdwii_gui.recording import lines
from tdwii_gui.recording.message import AssociationEvent, MessageSummary, RecordedMessage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

START = datetime(2026, 11, 21, 10, 12, tzinfo=timezone(timedelta(hours=1)))
STEP_UID = "1.2.3.4.5"
TRANSACTION_UID = "1.2.3.4.6"


class HandMade:
    """A `MessageSource` that grows."""

    def __init__(self) -> None:
        self.kept: list[RecordedMessage] = []
        self.events: list[AssociationEvent] = []
        self._id = 0

    @property
    def messages(self) -> Sequence[MessageSummary]:
        return [message.summary for message in self.kept]

    def message(self, number: int) -> RecordedMessage:
        return self.kept[number - 1]

    def add(
        self,
        kind: str,
        sender: str,
        receiver: str,
        *,
        sop_class: str = uids.UPS_PUSH,
        instance: str = STEP_UID,
        status: int | None = None,
        comment: str = "",
        dataset: Dataset | None = None,
        association: int = 1,
        **command: object,
    ) -> RecordedMessage:
        """Add a message 10 ms after the last one; a request gets the next Message ID."""
        self._id += kind.endswith("-RQ")
        number = len(self.kept) + 1
        elements = Dataset()
        elements.AffectedSOPClassUID = sop_class
        elements.MessageID = self._id
        for keyword, value in command.items():
            setattr(elements, keyword, value)
        summary = MessageSummary(
            number, START + timedelta(milliseconds=10 * number), association, sender, receiver,
            kind, self._id, sop_class, instance, status, comment,
            0 if dataset is None else 1234, 3 * number,
        )  # fmt: skip
        made = RecordedMessage(summary, elements, dataset, uids.UPS_PULL, "1.2.840.10008.1.2")
        self.kept.append(made)
        return made

    def ask(
        self,
        service: str,
        sender: str,
        receiver: str,
        *,
        status: int = Status.SUCCESS,
        comment: str = "",
        matches: Sequence[Dataset] = (),
        response: Dataset | None = None,
        counts: dict[str, int] | None = None,
        **request: object,
    ) -> int:
        """Add a request with its responses; return the number of the request."""
        asked = self.add(f"{service}-RQ", sender, receiver, **request)  # type: ignore[arg-type]
        told = {
            "sop_class": asked.summary.sop_class_uid,
            "instance": asked.summary.sop_instance_uid,
            "association": asked.summary.association,
        }
        for match in matches:
            self.add(
                f"{service}-RSP", receiver, sender, status=Status.PENDING, dataset=match, **told
            )
        self.add(
            f"{service}-RSP", receiver, sender, status=status, comment=comment, dataset=response,
            **told, **(counts or {}),
        )  # fmt: skip
        return asked.summary.number


def dataset(**values: object) -> Dataset:
    """Return a data set of keywords; a sequence is a list of data sets."""
    made = Dataset()
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


def progress(percent: float, beam: int) -> Dataset:
    """Return a progress update (RO-62)."""
    parameter = dataset(NumericValue=beam, ValueType="NUMERIC")
    item = dataset(
        ProcedureStepProgress=percent, ProcedureStepProgressParametersSequence=[parameter]
    )
    return dataset(TransactionUID=TRANSACTION_UID, ProcedureStepProgressInformationSequence=[item])


def fraction(
    *,
    patient: str = "DOE^JANE",
    tdd: str = "TDD1",
    final_status: int = Status.SUCCESS,
    alter: Callable[[HandMade], object] = lambda _story: None,
) -> HandMade:
    """Return a fraction in a few messages.

    Parameters
    ----------
    final_status : int
        What the last request, for the state COMPLETED, is answered with.
    alter : Callable[[HandMade], object]
        Adds something after the progress updates.
    """
    story = HandMade()
    step = dataset(PatientName=patient, PatientID="4711", ProcedureStepState="SCHEDULED")
    story.ask("N-CREATE", "CREATOR", "TMS", dataset=step)
    story.ask(
        "C-FIND", tdd, "TMS", sop_class=uids.UPS_PULL, instance="", matches=[step],
        dataset=dataset(ProcedureStepState="SCHEDULED", PatientName=""),
    )  # fmt: skip
    for archive, objects in (("OST", 4), ("TMS", 1)):
        story.ask(
            "C-MOVE", tdd, archive, sop_class=uids.STUDY_ROOT_MOVE, instance="",
            dataset=dataset(QueryRetrieveLevel="IMAGE"),
            counts={"NumberOfCompletedSuboperations": objects},
        )  # fmt: skip
    for _ in range(3):
        story.ask(
            "C-STORE", "OST", tdd, sop_class=uids.CT_IMAGE, association=2,
            MoveOriginatorApplicationEntityTitle=tdd,
        )  # fmt: skip
    claim = dataset(ProcedureStepState="IN PROGRESS", TransactionUID=TRANSACTION_UID)
    story.ask("N-ACTION", tdd, "TMS", dataset=claim, ActionTypeID=1)
    for percent, beam in ((0, 1), (50, 2)):
        story.ask("N-SET", tdd, "TMS", dataset=progress(percent, beam))
    alter(story)
    story.ask("C-STORE", tdd, "OST", sop_class=uids.RT_BEAMS_TREATMENT_RECORD, instance="1.2.9")
    performed = dataset(PerformedProcedureStepEndDateTime="20261121101300")
    final = dataset(
        TransactionUID=TRANSACTION_UID,
        UnifiedProcedureStepPerformedProcedureSequence=[performed],
    )
    story.ask("N-SET", tdd, "TMS", dataset=final)
    over = dataset(ProcedureStepState="COMPLETED", TransactionUID=TRANSACTION_UID)
    story.ask(
        "N-ACTION", tdd, "TMS", dataset=over, ActionTypeID=1, status=final_status,
        comment="" if final_status == Status.SUCCESS else "no performed station",
    )  # fmt: skip
    return story


def write_recording(folder: Path, story: HandMade, *, parts: int = 1, **info: object) -> Path:
    """Write a story as the files of a recording, a packet per message."""
    folder.mkdir()
    told = {"format": 1, "versions": {"pydicom": "3"}, "actors": {}, "patient_data": True, **info}
    (folder / lines.RECORDING).write_text(json.dumps(told))
    each = -(-len(story.kept) // parts)
    for number in range(parts):
        part = folder / lines.part_name(number + 1)
        (part / lines.OBJECTS).mkdir(parents=True)
        with (
            (part / lines.MESSAGES).open("w") as messages,
            (part / lines.CAPTURE).open("wb") as capture,
        ):
            capture.write(b"\xd4\xc3\xb2\xa1\2\0\4\0" + bytes(16))
            kept = story.kept[number * each : (number + 1) * each]
            for frame, message in enumerate(kept, start=1):
                messages.write(json.dumps(_line(message, frame)) + "\n")
                content = b"%d" % message.summary.number
                capture.write(struct.pack("<LLLL", 0, 0, len(content), len(content)) + content)
    last = folder / lines.part_name(parts)
    with (last / lines.ASSOCIATIONS).open("w") as associations:
        for event in story.events:
            associations.write(json.dumps(_event(event)) + "\n")
    return folder


def _line(message: RecordedMessage, frame: int) -> dict[str, object]:
    summary, name = message.summary, lines.Message
    command = Dataset()
    command.update(message.command)
    command.MessageIDBeingRespondedTo = summary.message_id
    if summary.sop_instance_uid:
        command.AffectedSOPInstanceUID = summary.sop_instance_uid
    if summary.status is not None:
        command.Status = summary.status
        if summary.comment:
            command.ErrorComment = summary.comment
    told = None if message.dataset is None else message.dataset.to_json_dict()
    return {
        name.NUMBER: summary.number,
        name.AT: summary.at.astimezone(UTC).isoformat(timespec="microseconds"),
        name.ASSOCIATION: summary.association,
        name.SENDER: summary.sender,
        name.RECEIVER: summary.receiver,
        name.KIND: summary.kind,
        name.MESSAGE_ID: summary.message_id,
        name.CONTEXT_ID: 1,
        name.CONTEXT: message.context_uid,
        name.TRANSFER_SYNTAX: message.transfer_syntax_uid,
        name.COMMAND: command.to_json_dict(),
        name.DATASET: told,
        name.DATASET_BYTES: summary.dataset_bytes,
        name.FRAME: frame,
        name.OBJECT: "",
        name.NOTE: "",
    }


def _event(event: AssociationEvent) -> dict[str, object]:
    name = lines.Association
    return {
        name.AT: event.at.astimezone(UTC).isoformat(timespec="microseconds"),
        name.ASSOCIATION: event.association,
        name.CHANGE: event.change,
        name.CALLING_AE: event.calling_ae,
        name.CALLED_AE: event.called_ae,
        name.BY_REQUESTOR: event.by_requestor,
        name.AFTER: event.after,
        name.DETAIL: event.detail,
    }
