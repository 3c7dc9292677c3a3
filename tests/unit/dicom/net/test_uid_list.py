"""The Failed SOP Instance UID List, however long."""

from __future__ import annotations

from io import BytesIO
from types import SimpleNamespace
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset
from pydicom.uid import UID, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom.dimse_primitives import C_MOVE

from tdwii_gui.dicom.net.faults import Faults
from tdwii_gui.dicom.net.responses import Responder
from tdwii_gui.dicom.net.retrieve_scu import _result
from tdwii_gui.dicom.net.sub_operations import FAILED_SOP_INSTANCE_UID_LIST
from tdwii_gui.dicom.status import Status


@pytest.mark.parametrize("count", [1, 2, 3, 5000])
@pytest.mark.parametrize(
    "syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian]
)
def test_a_list_is_read_as_it_was_written(syntax: UID, count: int) -> None:
    request = C_MOVE()
    request.MessageID = 1
    context = SimpleNamespace(context_id=1, transfer_syntax=syntax)
    event: Any = SimpleNamespace(assoc=None, context=context, request=request)
    uids = tuple(f"1.2.3.{number}" for number in range(count))
    encoded = Responder(event, Faults()).uid_list(FAILED_SOP_INSTANCE_UID_LIST, uids)
    failed = read_dataset(BytesIO(encoded), syntax.is_implicit_VR, syntax.is_little_endian)
    command = Dataset()
    command.Status = Status.SUBOPERATIONS_WITH_FAILURES
    assert _result(command, failed, []).failed_uids == uids


def test_an_empty_list_is_no_data_set() -> None:
    request = C_MOVE()
    request.MessageID = 1
    context = SimpleNamespace(context_id=1, transfer_syntax=ImplicitVRLittleEndian)
    event: Any = SimpleNamespace(assoc=None, context=context, request=request)
    assert Responder(event, Faults()).uid_list(FAILED_SOP_INSTANCE_UID_LIST, ()) == b""
