"""What travels on an association, made by hand, and a recording process that is handed it."""

from __future__ import annotations

import json
from io import BytesIO
from itertools import count
from typing import TYPE_CHECKING, Any

from pydicom.dataset import Dataset
from pydicom.filebase import DicomIO
from pydicom.filewriter import write_dataset
from pydicom.uid import ExplicitVRLittleEndian

from tdwii_gui.recording.frames import Frame, FrameKind
from tdwii_gui.recording.pdu import Fragment, Pdu, PduType, data_transfer
from tdwii_gui.recording.process import RecordingProcess
from tdwii_gui.recording.reading import Recording

if TYPE_CHECKING:
    from pathlib import Path

UPS_PUSH = "1.2.840.10008.5.1.4.34.6.1"
CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
CONTEXTS = {1: UPS_PUSH, 3: CT_IMAGE}
N_CREATE_RQ, N_CREATE_RSP, C_STORE_RQ = 0x0140, 0x8140, 0x0001
AT = 1_795_000_000_000_000_000


def item(kind: int, content: bytes) -> bytes:
    return bytes((kind, 0)) + len(content).to_bytes(2, "big") + content


def associate(kind: PduType, user_items: bytes = b"") -> bytes:
    """Return an A-ASSOCIATE-RQ or -AC PDU of TDD and TMS with `CONTEXTS`."""
    content = b"\0\1\0\0" + b"TMS".ljust(16) + b"TDD".ljust(16) + bytes(32)
    content += item(0x10, b"1.2.840.10008.3.1.1.1")
    for number, abstract in CONTEXTS.items():
        syntax = item(0x40, str(ExplicitVRLittleEndian).encode())
        if kind is PduType.ASSOCIATE_RQ:
            syntaxes = item(0x30, abstract.encode()) + syntax
            content += item(0x20, bytes((number, 0, 0, 0)) + syntaxes)
        else:
            content += item(0x21, bytes((number, 0, 0, 0)) + syntax)
    content += item(0x50, item(0x51, (16384).to_bytes(4, "big")) + user_items)
    return Pdu(kind, 0, content).encoded


def encoded(dataset: Dataset, *, implicit: bool = False) -> bytes:
    buffer = BytesIO()
    file = DicomIO(buffer)
    file.is_implicit_VR, file.is_little_endian = implicit, True
    write_dataset(file, dataset)
    return buffer.getvalue()


def command(field: int, *, has_dataset: bool = True, **elements: Any) -> bytes:
    made = Dataset()
    made.CommandField = field
    made.CommandDataSetType = 1 if has_dataset else 0x0101
    for keyword, value in elements.items():
        setattr(made, keyword, value)
    return encoded(made, implicit=True)


def message(
    encoded_command: bytes, dataset: bytes = b"", *, context: int = 1, size: int = 16384
) -> list[bytes]:
    """Return the PDUs of a message, the data set in fragments of so many bytes."""
    pdus = [[Fragment(context, 3, encoded_command)]]
    starts = range(0, len(dataset), size)
    pdus += [
        [Fragment(context, 2 if start == starts[-1] else 0, dataset[start : start + size])]
        for start in starts
    ]
    return [Pdu(PduType.P_DATA_TF, 0, data_transfer(pdu)).encoded for pdu in pdus]


def step(name: str = "DOE^JANE") -> Dataset:
    made = Dataset()
    made.PatientName = name
    made.PatientID = "PAT-4711"
    made.ProcedureStepState = "SCHEDULED"
    return made


class Wire:
    """Hands frames to a recording process within the test."""

    def __init__(self, folder: Path, *, patient_data: bool = True, **bounds: int) -> None:
        self.folder = folder
        self._times = count(AT, 1_000_000)
        self.process = RecordingProcess(
            {
                "folder": str(folder),
                "patient_data": patient_data,
                "actors": {"TDD": "tdd"},
                "part_bytes": bounds.get("part_bytes", 2**20),
                "most_bytes": bounds.get("most_bytes", 2**30),
            }
        )

    def frame(self, kind: FrameKind, content: bytes = b"", connection: int = 1) -> None:
        self.process.take(Frame(kind, connection, next(self._times), content))

    def open(self, connection: int = 1, *, user_items: bytes = b"") -> None:
        ends = {
            "requestor": ["127.0.0.1", 50000 + connection],
            "acceptor": ["127.0.0.1", 11112],
            "tls": False,
        }
        self.frame(FrameKind.OPEN, json.dumps(ends).encode(), connection)
        self.send(associate(PduType.ASSOCIATE_RQ, user_items), connection)
        self.answer(associate(PduType.ASSOCIATE_AC), connection)

    def send(self, data: bytes, connection: int = 1) -> None:
        self.frame(FrameKind.FROM_REQUESTOR, data, connection)

    def answer(self, data: bytes, connection: int = 1) -> None:
        self.frame(FrameKind.FROM_ACCEPTOR, data, connection)

    def create(self, number: int = 1, dataset: Dataset | None = None, connection: int = 1) -> None:
        """Send an N-CREATE of a step, and its answer."""
        uids = {"AffectedSOPClassUID": UPS_PUSH, "AffectedSOPInstanceUID": f"1.2.{number}"}
        request = command(N_CREATE_RQ, MessageID=number, **uids)
        self.send(b"".join(message(request, encoded(dataset or step()))), connection)
        answer = command(
            N_CREATE_RSP, MessageIDBeingRespondedTo=number, Status=0, has_dataset=False, **uids
        )
        self.answer(b"".join(message(answer)), connection)

    def end(self) -> Recording:
        self.process.end()
        return Recording(self.folder)
