"""Messages are read as pynetdicom reads them (PS3.7 6.3.1, E.1), and what is none is refused."""

from __future__ import annotations

import struct
from io import BytesIO
from typing import Any

import pytest
from pynetdicom import dimse_messages, dimse_primitives
from pynetdicom.dimse_messages import DIMSEMessage
from pynetdicom.pdu_primitives import P_DATA

from tdwii_gui.dicom.net.message_reader import ArrivingMessage

PARAMETERS: dict[str, Any] = {
    "MessageID": 7,
    "AffectedSOPClassUID": "1.2.840.10008.5.1.4.34.6.1",
    "RequestedSOPClassUID": "1.2.840.10008.5.1.4.34.6.1",
    "AffectedSOPInstanceUID": "1.2.3",
    "RequestedSOPInstanceUID": "1.2.3.4",
    "Priority": 1,
    "MoveDestination": "DEST",
    "MoveOriginatorApplicationEntityTitle": "ORIGINATOR",
    "MoveOriginatorMessageID": 65535,
    "EventTypeID": 5,
    "ActionTypeID": 2,
    "AttributeIdentifierList": [0x00100010, 0x00741000],
    "NumberOfRemainingSuboperations": 3,
    "NumberOfCompletedSuboperations": 0,
    "NumberOfFailedSuboperations": 1,
    "NumberOfWarningSuboperations": 2,
    "ErrorComment": "an odd comment",
    "ErrorID": 12,
}
DATA_SETS = (
    "DataSet",
    "Identifier",
    "EventInformation",
    "EventReply",
    "AttributeList",
    "ModificationList",
    "ActionInformation",
    "ActionReply",
)
MESSAGES = sorted(
    name for name, kind in vars(dimse_messages).items() if name.endswith(("_RQ", "_RSP"))
)
FIELDS = struct.Struct("<HHL")


def encoded(name: str, size: int, *, with_data_set: bool) -> list[P_DATA]:
    """Return a message in fragments, with all parameters that it has."""
    kind, _, direction = name.rpartition("_")
    primitive = getattr(dimse_primitives, kind)()
    parameters = dict(PARAMETERS)
    if direction == "RSP":
        parameters |= {"MessageIDBeingRespondedTo": 9, "Status": 0xFF01}
    if kind == "C_CANCEL":
        parameters = {"MessageIDBeingRespondedTo": 9}
    for keyword, value in parameters.items():
        if hasattr(primitive, keyword):
            setattr(primitive, keyword, value)
    for keyword in DATA_SETS if with_data_set else ():
        if hasattr(primitive, keyword):
            setattr(primitive, keyword, BytesIO(b"a data set that nobody decodes"))
    message = getattr(dimse_messages, name)()
    message.primitive_to_message(primitive)
    return list(message.encode_msg(5, size))


def read(message: DIMSEMessage, fragments: list[P_DATA]) -> dict[str, Any]:
    """Return the parameters of what a message becomes."""
    complete = [message.decode_msg(each) for each in fragments]
    assert complete == [False] * (len(fragments) - 1) + [True]
    primitive: Any = message.message_to_primitive()
    known = {keyword: getattr(primitive, keyword, None) for keyword in [*PARAMETERS, *DATA_SETS]}
    for keyword in DATA_SETS:
        content = known[keyword]
        known[keyword] = None if content is None else content.getvalue()
    return known | {
        "kind": type(primitive),
        "responds to": primitive.MessageIDBeingRespondedTo,
        "status": getattr(primitive, "Status", None),
        "context": primitive._context_id,
    }


@pytest.mark.parametrize("with_data_set", [True, False])
@pytest.mark.parametrize("size", [0, 40])
@pytest.mark.parametrize("name", MESSAGES)
def test_every_message_is_read_as_pynetdicom_reads_it(
    name: str, size: int, with_data_set: bool
) -> None:
    fragments = encoded(name, size, with_data_set=with_data_set)
    assert read(ArrivingMessage(), fragments) == read(DIMSEMessage(), fragments)


def test_all_messages_of_the_standard_are_among_them() -> None:
    assert len(MESSAGES) == 23


def command(**elements: bytes) -> bytes:
    """Return a command set of elements by their number."""
    return b"".join(
        FIELDS.pack(0, int(name[1:], 16), len(value)) + value for name, value in elements.items()
    )


def arrived(content: bytes) -> ArrivingMessage:
    message = ArrivingMessage()
    fragment = P_DATA()
    fragment.presentation_data_value_list = [[1, b"\x03" + content]]
    assert message.decode_msg(fragment)
    return message


ECHO = {"x0100": b"\x30\x00", "x0800": b"\x01\x01"}


def test_of_several_values_the_first_counts() -> None:
    read = arrived(command(**ECHO, x0002=b"1.2\\1.3\0", x0110=b"\x01\x00\x02\x00"))
    primitive = read.message_to_primitive()
    assert (primitive.AffectedSOPClassUID, primitive.MessageID) == ("1.2", 1)
    assert read.affected_sop_class_uid == "1.2"
    assert read.affected_sop_instance_uid == ""


def test_elements_that_no_parameter_is_for_are_ignored() -> None:
    content = command(**ECHO, x0300=b"RECEIVER", xABCD=b"what?!", x1000=b"")
    content += FIELDS.pack(8, 5, 4) + b"what"
    assert arrived(content).message_to_primitive().MessageID is None


def test_the_command_is_there_as_a_whole() -> None:
    found = arrived(command(**ECHO, x0110=b"\x05\x00")).command_set
    assert (found.CommandField, found.MessageID) == (0x0030, 5)


@pytest.mark.parametrize(
    "content",
    [
        command(**ECHO)[:-1],
        command(**ECHO) + b"\0\0\x10",
        command(x0100=b"\x77\x77", x0800=b"\x01\x01"),
        command(x0100=b"\x30\x00"),
        command(x0800=b"\x01\x01"),
        command(x0100=b"\x30", x0800=b"\x01\x01"),
    ],
    ids=["cut short", "half an element", "unknown", "no type", "no field", "half a number"],
)
def test_what_is_no_command_is_refused(content: bytes) -> None:
    with pytest.raises((ValueError, LookupError, struct.error)):
        arrived(content)


@pytest.mark.parametrize(
    "elements", [{"x0110": b"\x01"}, {"x0002": b"1." * 40}], ids=["half a number", "a long UID"]
)
def test_a_parameter_that_is_none_is_refused(elements: dict[str, bytes]) -> None:
    # pydicom warns of the UID first, and warnings are errors here.
    with pytest.raises((ValueError, struct.error, UserWarning)):
        arrived(command(**ECHO, **elements)).message_to_primitive()
