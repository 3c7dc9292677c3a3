"""Our side as SCU of storage commitment: the request to a bare SCP, and its result (PS3.4 J.3)."""

from __future__ import annotations

from queue import Queue
from typing import TYPE_CHECKING, Final

import pytest
from pynetdicom import build_context, build_role, evt

from tdwii_gui.dicom.errors import DatasetError, DimseStatusError, NotAccepted
from tdwii_gui.dicom.iod.commitment import CommitmentResult, Reference
from tdwii_gui.dicom.net.commitment_scu import CommitmentReceiver, CommitmentScu
from tdwii_gui.dicom.uids import (
    CT_IMAGE,
    RT_PLAN,
    STORAGE_COMMITMENT,
    STORAGE_COMMITMENT_INSTANCE,
    VERIFICATION,
)

if TYPE_CHECKING:
    from pydicom.dataset import Dataset
    from pynetdicom.association import Association

SECONDS: Final = 10
CONTEXT: Final = build_context(STORAGE_COMMITMENT)


@pytest.fixture
def results() -> Queue[tuple[CommitmentResult, str]]:
    return Queue()


@pytest.fixture
def receiver(results, start_host):
    """Return our host with a receiver that knows all transactions but one."""

    def on_result(result: CommitmentResult, sender: str) -> bool:
        results.put((result, sender))
        return result.transaction_uid != "1.9"

    return start_host(CommitmentReceiver(on_result))


def report(association: Association, information: Dataset, event_type: int = 1, **uids: str) -> int:
    instance = uids.get("instance", STORAGE_COMMITMENT_INSTANCE)
    command, _ = association.send_n_event_report(
        information, event_type, STORAGE_COMMITMENT, instance
    )
    return int(command.Status)


def test_our_request_and_its_result(patient_local, bare_scp, bare_scu, receiver, results) -> None:
    bare = bare_scp([CONTEXT], {evt.EVT_N_ACTION: lambda event: (0x0000, None)})
    references = [Reference(RT_PLAN, "1.2.3"), Reference(CT_IMAGE, "1.2.4")]
    with CommitmentScu(patient_local, bare.peer) as scu:
        uid = scu.request(references)
    event = bare.requests.get(timeout=SECONDS)
    assert event.action_type == 1
    assert event.request.RequestedSOPInstanceUID == STORAGE_COMMITMENT_INSTANCE
    assert event.request.RequestedSOPClassUID == STORAGE_COMMITMENT
    assert event.action_information.TransactionUID == uid
    asked = [
        (item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID)
        for item in event.action_information.ReferencedSOPSequence
    ]
    assert asked == references

    roles = [build_role(STORAGE_COMMITMENT, scp_role=True)]
    association = bare_scu(receiver, [CONTEXT], ext_neg=roles, ae_title="ARCHIVE")
    assert association.accepted_contexts[0].as_scp
    answer = CommitmentResult(uid, (references[0],), ((references[1], 0x0213),))
    assert report(association, answer.information(), 2) == 0x0000
    assert results.get(timeout=SECONDS) == (answer, "ARCHIVE")


@pytest.mark.parametrize(
    ("information", "event_type", "options", "status"),
    [
        (CommitmentResult("1.9", (), ()).information(), 1, {}, 0x0115),
        (CommitmentResult("1.8", (), ()).information(), 3, {}, 0x0113),
        (CommitmentResult("1.8", (), ()).information(), 1, {"instance": "1.2"}, 0x0112),
    ],
)
def test_a_wrong_result_is_refused(
    bare_scu, receiver, information, event_type, options, status
) -> None:
    association = bare_scu(receiver, [CONTEXT])
    assert report(association, information, event_type, **options) == status


def test_a_request_that_is_refused(patient_local, bare_scp) -> None:
    bare = bare_scp([CONTEXT], {evt.EVT_N_ACTION: lambda event: (0x0213, None)})
    with CommitmentScu(patient_local, bare.peer) as scu:
        with pytest.raises(DimseStatusError):
            scu.request([Reference(RT_PLAN, "1.2.3")])
        with pytest.raises(DatasetError):
            scu.request([])


def test_a_peer_without_the_service(patient_local, bare_scp) -> None:
    bare = bare_scp([build_context(VERIFICATION)], {})
    with pytest.raises(NotAccepted), CommitmentScu(patient_local, bare.peer):
        pass
