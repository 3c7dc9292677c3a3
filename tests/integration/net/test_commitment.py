"""Storage commitment on the wire: our SCP and SCU with bare peers (PS3.4 Annex J)."""

from __future__ import annotations

from dataclasses import dataclass, field
from queue import Queue
from typing import TYPE_CHECKING, Any

import pytest
from pynetdicom import build_context, evt

from tdwii_gui.config.ae_directory import AeDirectory, ApplicationEntity
from tdwii_gui.dicom.iod.commitment import (
    Commitment,
    CommitmentResult,
    CommitmentState,
    Reference,
    commitment_request,
    read_result,
)
from tdwii_gui.dicom.net.commitment_scp import CommitmentScp
from tdwii_gui.dicom.net.event_line import Pace
from tdwii_gui.dicom.store.commitment_store import CommitmentStore
from tdwii_gui.dicom.store.database import open_database
from tdwii_gui.dicom.store.instance_store import InstanceStore
from tdwii_gui.dicom.uids import (
    CT_IMAGE,
    RT_PLAN,
    STORAGE_COMMITMENT,
    STORAGE_COMMITMENT_INSTANCE,
    VERIFICATION,
    new_uid,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pydicom.dataset import Dataset
    from pynetdicom.association import Association

    from tdwii_gui.dicom.net.session import LocalAe

SECONDS = 10
QUICK = Pace(first_delay=0.02, last_delay=0.05, linger=0.05)
CLOSED = ApplicationEntity("BARE", "127.0.0.1", 1)
CONTEXT = build_context(STORAGE_COMMITMENT)


def both_roles() -> Any:
    context = build_context(STORAGE_COMMITMENT)
    context.scu_role = context.scp_role = True
    return context


@dataclass(frozen=True)
class Told:
    """A result as its requestor got it."""

    event_type: int
    sop_class_uid: str
    sop_instance_uid: str
    information: Dataset
    sender: str
    role: Any

    @property
    def result(self) -> CommitmentResult:
        return read_result(self.information)


@dataclass
class Requestor:
    """A bare SCP that hears results, and answers with some statuses before success."""

    peer: ApplicationEntity
    told: Queue[Told] = field(default_factory=Queue)
    statuses: list[int] = field(default_factory=list)

    def next(self) -> Told:
        return self.told.get(timeout=SECONDS)


class Archive:
    """A commitment service whose folder outlives it."""

    def __init__(self, folder: Path, directory: AeDirectory, local: LocalAe, **options: Any):
        self._engine = open_database(folder / "services.sqlite")
        self.store = CommitmentStore(self._engine)
        self.instances = InstanceStore(folder / "ost")
        self.changes: Queue[Commitment] = Queue()
        self.scp = CommitmentScp(
            self.store,
            self.instances,
            directory,
            local,
            is_supported={RT_PLAN, CT_IMAGE}.__contains__,
            on_change=self.changes.put,
            **{"pace": QUICK} | options,
        )

    def state_after(self, state: CommitmentState) -> Commitment:
        """Return the first transaction that is told to be in a state."""
        while (change := self.changes.get(timeout=SECONDS)).state is not state:
            pass
        return change

    def close(self) -> None:
        self.scp.stop()
        self.instances.close()
        self._engine.dispose()


@pytest.fixture
def directory() -> AeDirectory:
    return AeDirectory([CLOSED])


@pytest.fixture
def open_archive(tmp_path: Path, directory, patient_local) -> Iterator[Callable[..., Archive]]:
    opened: list[Archive] = []

    def open_(**options: Any) -> Archive:
        opened.append(Archive(tmp_path, directory, patient_local, **options))
        return opened[-1]

    yield open_
    for archive in opened:
        archive.close()


@pytest.fixture
def archive(open_archive) -> Archive:
    archive = open_archive()
    archive.scp.start()
    return archive


@pytest.fixture
def scu(archive: Archive, start_host, bare_scu) -> Association:
    return bare_scu(start_host(archive.scp), [CONTEXT])


@pytest.fixture
def listen(bare_scp, directory: AeDirectory) -> Callable[..., Requestor]:
    """Return a function that has the requestor listen, and makes it known."""

    def listen(*statuses: int) -> Requestor:
        def hear(event: evt.Event) -> tuple[int, None]:
            request, roles = event.request, event.assoc.requestor.role_selection
            told = Told(
                event.event_type,
                request.AffectedSOPClassUID,
                request.AffectedSOPInstanceUID,
                event.event_information,
                event.assoc.requestor.ae_title,
                roles.get(STORAGE_COMMITMENT),
            )
            requestor.told.put(told)
            return requestor.statuses.pop(0) if requestor.statuses else 0x0000, None

        bare = bare_scp([both_roles()], {evt.EVT_N_EVENT_REPORT: hear})
        requestor = Requestor(bare.peer, statuses=list(statuses))
        directory.register(bare.peer)
        return requestor

    return listen


def ask(scu: Association, information: Dataset, action: int = 1, **uids: str) -> Dataset:
    class_uid = uids.get("sop_class", STORAGE_COMMITMENT)
    instance_uid = uids.get("instance", STORAGE_COMMITMENT_INSTANCE)
    command, _ = scu.send_n_action(
        information, action, class_uid, instance_uid, meta_uid=STORAGE_COMMITMENT
    )
    return command


def add(archive: Archive, make_object, number: int) -> list[Reference]:
    """Store some plans and return their references."""
    uids = [f"1.2.3.4.{n}" for n in range(1, number + 1)]
    for uid in uids:
        archive.instances.add_dataset(make_object(uid))
    return [Reference(RT_PLAN, uid) for uid in uids]


def test_stored_instances_are_committed_to(archive, scu, listen, make_object) -> None:
    requestor = listen()
    references = add(archive, make_object, 3)
    uid = new_uid()
    assert ask(scu, commitment_request(uid, references)).Status == 0x0000
    told = requestor.next()
    assert told.event_type == 1
    assert told.sop_class_uid == STORAGE_COMMITMENT
    assert told.sop_instance_uid == STORAGE_COMMITMENT_INSTANCE
    assert told.information.RetrieveAETitle == "OURS"
    assert "FailedSOPSequence" not in told.information
    assert told.result == CommitmentResult(uid, tuple(references), ())
    # On a new association, on which we are the SCP.
    assert told.sender == "OURS"
    assert (told.role.scu_role, told.role.scp_role) == (False, True)
    commitment = archive.state_after(CommitmentState.REPORTED)
    assert commitment.is_safe
    assert archive.store.all() == [commitment]
    assert commitment.uids == tuple(each.sop_instance_uid for each in references)


def spoil(how: str, archive: Archive, uid: str) -> None:
    path = archive.instances.get(uid).path
    content = path.read_bytes()
    if how == "deleted":
        path.unlink()
    elif how == "shortened":
        path.write_bytes(content[:-2])
    elif how == "emptied":
        path.write_bytes(b"")
    else:
        path.write_bytes(content[:-1] + bytes((content[-1] ^ 1,)))


@pytest.mark.parametrize("how", ["deleted", "shortened", "emptied", "changed"])
def test_a_file_that_is_not_whole_is_not_safe(archive, scu, listen, make_object, how) -> None:
    requestor = listen()
    references = add(archive, make_object, 2)
    spoil(how, archive, references[0].sop_instance_uid)
    uid = new_uid()
    ask(scu, commitment_request(uid, references))
    told = requestor.next()
    assert told.event_type == 2
    assert told.result == CommitmentResult(uid, (references[1],), ((references[0], 0x0110),))


@pytest.mark.parametrize(
    ("reference", "reason"),
    [
        (Reference(RT_PLAN, "1.2.3.9"), 0x0112),
        (Reference(CT_IMAGE, "1.2.3.4.1"), 0x0119),
        (Reference(VERIFICATION, "1.2.3.9"), 0x0122),
    ],
)
def test_what_is_not_stored_fails_with_its_reason(
    archive, scu, listen, make_object, reference: Reference, reason: int
) -> None:
    requestor = listen()
    (stored,) = add(archive, make_object, 1)
    uid = new_uid()
    # The same instance twice is in one list all the same.
    information = commitment_request(uid, [stored, reference])
    information.ReferencedSOPSequence.append(information.ReferencedSOPSequence[0])
    ask(scu, information)
    told = requestor.next()
    assert told.event_type == 2
    assert told.result == CommitmentResult(uid, (stored,), ((reference, reason),))
    commitment = archive.state_after(CommitmentState.REPORTED)
    assert commitment.failed == ((reference.sop_instance_uid, reason),)


def test_nothing_stored_is_no_success(scu, listen) -> None:
    requestor = listen()
    ask(scu, commitment_request(new_uid(), [Reference(RT_PLAN, "1.2.9")]))
    told = requestor.next()
    assert told.event_type == 2
    assert "ReferencedSOPSequence" not in told.information
    assert "RetrieveAETitle" not in told.information


def test_a_transaction_uid_is_used_once(archive, scu, listen, make_object) -> None:
    requestor = listen()
    references = add(archive, make_object, 2)
    uid = new_uid()
    ask(scu, commitment_request(uid, references))
    assert requestor.next().event_type == 1
    assert ask(scu, commitment_request(uid, references)).Status == 0x0000
    told = requestor.next()
    assert told.event_type == 2
    assert told.result == CommitmentResult(uid, (), tuple((each, 0x0131) for each in references))


def request_without(keyword: str) -> Dataset:
    information = commitment_request(new_uid(), [Reference(RT_PLAN, "1.2.3")])
    del information[keyword]
    return information


def request_with(**attributes: str) -> Dataset:
    information = commitment_request(new_uid(), [Reference(RT_PLAN, "1.2.3")])
    for keyword, value in attributes.items():
        holder = information if keyword in information else information.ReferencedSOPSequence[0]
        holder[keyword].value = value
    return information


@pytest.mark.parametrize(
    ("information", "options", "status"),
    [
        (request_with(), {"action": 2}, 0x0123),
        (request_with(), {"instance": "1.2.3"}, 0x0112),
        (request_with(), {"sop_class": RT_PLAN}, 0x0118),
        (request_without("TransactionUID"), {}, 0x0115),
        (request_without("ReferencedSOPSequence"), {}, 0x0115),
        (request_with(TransactionUID=""), {}, 0x0115),
        (request_with(ReferencedSOPInstanceUID=""), {}, 0x0115),
        (request_with(ReferencedSOPClassUID=""), {}, 0x0115),
    ],
)
def test_a_wrong_request_is_refused(archive, scu, listen, information, options, status) -> None:
    listen()
    assert ask(scu, information, **options).Status == status
    assert archive.store.all() == []


def test_who_cannot_be_told_is_refused(archive, start_host, bare_scu) -> None:
    scu = bare_scu(start_host(archive.scp), [CONTEXT], ae_title="STRANGER")
    assert ask(scu, request_with()).Status == 0x0124
    assert archive.store.all() == []


def test_many_instances_need_many_pdus(archive, scu, listen) -> None:
    requestor = listen()
    references = [Reference(RT_PLAN, f"1.2.826.0.1.3680043.8.498.{n}") for n in range(400)]
    ask(scu, commitment_request(new_uid(), references))
    assert len(requestor.next().result.failed) == 400


def test_a_result_waits_for_its_requestor(archive, scu, listen, make_object) -> None:
    """Nobody listens yet: the request is answered, the result comes later."""
    references = add(archive, make_object, 1)
    assert ask(scu, commitment_request(new_uid(), references)).Status == 0x0000
    assert archive.state_after(CommitmentState.PENDING).failed == ()
    assert listen().next().event_type == 1
    assert archive.state_after(CommitmentState.REPORTED)


def test_a_result_is_sent_again_while_the_requestor_is_busy(archive, scu, listen) -> None:
    requestor = listen(0x0213, 0x0110)
    ask(scu, request_with())
    assert [requestor.next().event_type for _ in range(3)] == [2, 2, 2]
    assert archive.state_after(CommitmentState.REPORTED)


def test_a_result_that_is_refused_is_given_up(archive, scu, listen) -> None:
    requestor = listen(0x0112)
    ask(scu, request_with())
    requestor.next()
    commitment = archive.state_after(CommitmentState.UNDELIVERED)
    assert "0112H" in commitment.reason
    assert requestor.told.empty()


def test_a_result_is_given_up_in_the_end(open_archive) -> None:
    archive = open_archive(maximum_age=1e-6)
    reference = Reference(RT_PLAN, "1.2.3")
    archive.store.add("1.7", "BARE", [reference])
    (request,) = archive.store.unchecked()
    archive.store.check(request.id, CommitmentResult("1.7", (), ((reference, 0x0112),)))
    archive.scp.start()
    assert archive.state_after(CommitmentState.UNDELIVERED).reason == "not delivered in time"


@pytest.mark.parametrize("is_checked", [False, True])
def test_a_restart_loses_no_result(open_archive, listen, make_object, is_checked: bool) -> None:
    """It stopped before the files were looked at, or before the result was delivered."""
    archive = open_archive()
    references = add(archive, make_object, 2)
    uid = new_uid()
    archive.store.add(uid, "BARE", references)
    if is_checked:
        (request,) = archive.store.unchecked()
        archive.store.check(request.id, CommitmentResult(uid, tuple(references), ()))
    archive.close()

    requestor = listen()
    again = open_archive()
    again.scp.start()
    assert requestor.next().result == CommitmentResult(uid, tuple(references), ())
    assert again.state_after(CommitmentState.REPORTED).transaction_uid == uid
