"""Objects on their way in, byte by byte: however a peer cuts them, they are stored as they are."""

from __future__ import annotations

import struct
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from pydicom.uid import ExplicitVRLittleEndian
from pynetdicom import AllStoragePresentationContexts, build_context

from tdwii_gui.dicom.iod.file_meta import read_file_meta
from tdwii_gui.dicom.iod.part10 import encode_part10
from tdwii_gui.dicom.net.storage_scp import STORAGE_SYNTAXES, StorageScp
from tdwii_gui.dicom.status import Status
from tdwii_gui.dicom.store.failed_imports import FailedImport, FailedImports
from tdwii_gui.dicom.store.instance_store import Conflict, InstanceStore
from tdwii_gui.dicom.uids import RT_PLAN, VERIFICATION
from tests.integration.net.hostile.raw_peer import (
    ABORT,
    EXPLICIT,
    IMPLICIT,
    P_DATA,
    RawPeer,
    command,
    fragment,
    pdu,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pydicom.dataset import Dataset

    from tdwii_gui.dicom.net.scp_host import ScpHost

UID = "1.2.3.4.1"
PRIVATE_CLASS = "1.2.826.0.1.3680043.8.498.1"
PLAN = (RT_PLAN, EXPLICIT)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[InstanceStore]:
    with closing(InstanceStore(tmp_path / "store")) as store:
        yield store


@pytest.fixture
def host(start_host: Callable[..., ScpHost], store: InstanceStore) -> ScpHost:
    return start_host(StorageScp(store))


@pytest.fixture
def encoded(make_object: Callable[..., Dataset]) -> bytes:
    """An object's data set of some size, in explicit VR."""
    return in_explicit_vr(make_object(RTPlanDescription="x" * 1000))


def in_explicit_vr(dataset: Dataset) -> bytes:
    part10 = encode_part10(dataset)
    meta = read_file_meta(part10)
    assert meta is not None
    return part10[meta.offset :]


def store_rq(**changes: Any) -> bytes:
    elements = {
        "AffectedSOPClassUID": RT_PLAN,
        "CommandField": 0x0001,
        "MessageID": 1,
        "Priority": 2,
        "CommandDataSetType": 1,
        "AffectedSOPInstanceUID": UID,
    }
    return command(**{**elements, **changes})


def value(data: bytes, *, is_command: bool = False, last: bool = False) -> bytes:
    """Return a presentation data value of context 1, without a PDU around it."""
    return fragment(1, data, command=is_command, last=last)[6:]


def in_portions(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


def whole_message(encoded: bytes) -> bytes:
    data = fragment(1, encoded, command=False, last=True)
    return fragment(1, store_rq(), command=True, last=True) + data


def cut_into(encoded: bytes, size: int) -> bytes:
    parts = in_portions(encoded, size)
    message = fragment(1, store_rq(), command=True, last=True)
    for number, part in enumerate(parts, start=1):
        message += fragment(1, part, command=False, last=number == len(parts))
    return message


def one_pdu(encoded: bytes) -> bytes:
    values = [value(part) for part in in_portions(encoded, 97)]
    start = value(store_rq(), is_command=True, last=True)
    return pdu(P_DATA, start + b"".join(values) + value(b"", last=True))


def many_values_in_pdus(encoded: bytes) -> bytes:
    values = [value(part) for part in in_portions(encoded, 50)]
    message = fragment(1, store_rq(), command=True, last=True)
    for start in range(0, len(values), 3):
        message += pdu(P_DATA, b"".join(values[start : start + 3]))
    return message + pdu(P_DATA, value(b"", last=True))


def command_in_portions(encoded: bytes) -> bytes:
    parts = in_portions(store_rq(), 30)
    message = b""
    for number, part in enumerate(parts, start=1):
        message += fragment(1, part, command=True, last=number == len(parts))
    return message + fragment(1, encoded, command=False, last=True)


@pytest.mark.parametrize(
    "message",
    [
        whole_message,
        lambda encoded: cut_into(encoded, 1),
        lambda encoded: cut_into(encoded, 16_000),
        one_pdu,
        many_values_in_pdus,
        command_in_portions,
    ],
    ids=["whole", "single bytes", "PDUs", "one PDU", "many values", "command in portions"],
)
@pytest.mark.parametrize("slowly", [False, True])
def test_an_object_is_stored_however_it_is_cut(
    host: ScpHost,
    store: InstanceStore,
    encoded: bytes,
    message: Callable[[bytes], bytes],
    slowly: bool,
) -> None:
    content = message(encoded)
    with RawPeer(host.port).associate("OURS", PLAN) as peer:
        # With a break in each header, and in the midst of values.
        for part in in_portions(content, max(len(content) // 40, 3)) if slowly else [content]:
            peer.send(part)
        assert peer.answer().Status == 0
    (instance,) = store.instances()
    assert instance.path.read_bytes().endswith(encoded)
    assert instance.source_ae == "RAW"


def test_messages_follow_each_other_without_a_pause(
    host: ScpHost, store: InstanceStore, make_object: Callable[..., Dataset]
) -> None:
    """The end of one object and the command of the next one may be in one PDU."""
    ids = range(1, 6)
    parts = []
    for number in ids:
        data = in_explicit_vr(make_object(f"1.2.{number}"))
        rq = store_rq(MessageID=number, AffectedSOPInstanceUID=f"1.2.{number}")
        parts += [value(rq, is_command=True, last=True), value(data[:99])]
        parts += [value(data[99:], last=True)]
    with RawPeer(host.port).associate("OURS", PLAN) as peer:
        for start in range(0, len(parts), 4):
            peer.send(pdu(P_DATA, b"".join(parts[start : start + 4])))
        answers = [peer.answer() for _ in ids]
    assert [(one.MessageIDBeingRespondedTo, one.Status) for one in answers] == [
        (number, 0) for number in ids
    ]
    assert store.present([f"1.2.{number}" for number in ids]) == {f"1.2.{n}" for n in ids}


def incoming(store: InstanceStore) -> list[Path]:
    return [path for path in (store.folder / "objects").rglob("*") if path.is_file()]


def broken_off(encoded: bytes) -> bytes:
    return fragment(1, store_rq(), command=True, last=True) + fragment(
        1, encoded[:500], command=False, last=False
    )


@pytest.mark.parametrize(
    "end",
    [
        b"",
        pdu(ABORT, bytes(4)),
        pdu(0x99, bytes(4)),
        pdu(P_DATA, struct.pack(">LBB", 1, 1, 0)),
        pdu(P_DATA, struct.pack(">LBB", 99, 1, 0) + b"less"),
        pdu(P_DATA, b"\0\0"),
        struct.pack(">BxL", P_DATA, 2**31),
    ],
    ids=["closed", "A-ABORT", "no PDU", "no value", "too short", "no header", "too long"],
)
def test_what_breaks_off_leaves_nothing(
    host: ScpHost,
    store: InstanceStore,
    encoded: bytes,
    wait_until: Callable[[Callable[[], bool]], None],
    end: bytes,
) -> None:
    with RawPeer(host.port).associate("OURS", PLAN) as peer:
        peer.send(broken_off(encoded))
        wait_until(lambda: len(incoming(store)) == 1)
        peer.send(end)
        if end:
            assert peer.is_closed()
    wait_until(lambda: incoming(store) == [])
    wait_until(lambda: host.associations == 0)
    assert store.count() == 0


def test_an_object_that_is_too_large_ends_the_association(
    start_host: Callable[..., ScpHost],
    store: InstanceStore,
    make_object: Callable[..., Dataset],
    wait_until: Callable[[Callable[[], bool]], None],
) -> None:
    host = start_host(StorageScp(store), largest_message=20_000)
    encoded = in_explicit_vr(make_object(RTPlanDescription="x" * 50_000))
    with RawPeer(host.port).associate("OURS", PLAN) as peer:
        peer.send(cut_into(encoded, 5000))
        assert peer.is_closed()
    wait_until(lambda: incoming(store) == [])


def test_a_host_that_stops_leaves_nothing(
    host: ScpHost,
    store: InstanceStore,
    encoded: bytes,
    wait_until: Callable[[Callable[[], bool]], None],
) -> None:
    with RawPeer(host.port).associate("OURS", PLAN) as peer:
        peer.send(broken_off(encoded))
        wait_until(lambda: len(incoming(store)) == 1)
        host.stop()
        assert peer.is_closed()
    wait_until(lambda: incoming(store) == [])


def test_a_malformed_request_ends_the_association_and_leaves_nothing(
    host: ScpHost,
    store: InstanceStore,
    encoded: bytes,
    wait_until: Callable[[Callable[[], bool]], None],
) -> None:
    rq = store_rq(AffectedSOPInstanceUID="")
    with RawPeer(host.port).associate("OURS", PLAN) as peer:
        peer.send(fragment(1, rq, command=True, last=True))
        peer.send(fragment(1, encoded, command=False, last=True))
        assert peer.is_closed()
    wait_until(lambda: incoming(store) == [])


def test_an_object_without_a_data_set_is_refused(host: ScpHost, store: InstanceStore) -> None:
    with RawPeer(host.port).associate("OURS", PLAN) as peer:
        peer.send(fragment(1, store_rq(), command=True, last=True))
        peer.send(fragment(1, b"", command=False, last=True))
        answer = peer.answer()
    assert (answer.Status, answer.ErrorComment) == (Status.CANNOT_UNDERSTAND, "no data set")
    assert incoming(store) == []


def test_other_requests_are_answered_between_objects(
    host: ScpHost, store: InstanceStore, encoded: bytes
) -> None:
    echo = command(
        AffectedSOPClassUID=VERIFICATION, CommandField=0x0030, MessageID=9, CommandDataSetType=0x101
    )
    with RawPeer(host.port).associate("OURS", PLAN) as peer:
        for _ in range(2):
            peer.send(whole_message(encoded) + fragment(1, echo, command=True, last=True))
            assert peer.answer().CommandField == 0x8001
            # There is no verification in this context; it is answered all the same.
            assert peer.answer().CommandField == 0x8030
    assert store.count() == 1


def test_every_storage_class_is_taken_in_each_syntax(
    start_host: Callable[..., ScpHost], store: InstanceStore, bare_scu: Callable[..., Any]
) -> None:
    host = start_host(StorageScp(store, private_sop_classes=[PRIVATE_CLASS]))
    classes = [*(str(one.abstract_syntax) for one in AllStoragePresentationContexts), PRIVATE_CLASS]
    accepted = set()
    for start in range(0, len(classes), 128):
        part = [build_context(uid) for uid in classes[start : start + 128]]
        association = bare_scu(host, part)
        accepted |= {str(one.abstract_syntax) for one in association.accepted_contexts}
    assert accepted == set(classes)
    syntaxes = [build_context(RT_PLAN, syntax) for syntax in STORAGE_SYNTAXES]
    association = bare_scu(host, syntaxes)
    taken = {str(one.transfer_syntax[0]) for one in association.accepted_contexts}
    assert taken == set(STORAGE_SYNTAXES)


def test_an_object_of_a_private_class_is_stored(
    start_host: Callable[..., ScpHost],
    store: InstanceStore,
    bare_scu: Callable[..., Any],
    make_object: Callable[..., Dataset],
) -> None:
    host = start_host(StorageScp(store, private_sop_classes=[PRIVATE_CLASS]))
    association = bare_scu(host, [build_context(PRIVATE_CLASS, ExplicitVRLittleEndian)])
    assert association.send_c_store(make_object(SOPClassUID=PRIVATE_CLASS)).Status == 0
    assert [one.sop_class_uid for one in store.instances()] == [PRIVATE_CLASS]


def cut_short(encoded: bytes) -> bytes:
    return encoded[:-1]


@pytest.mark.parametrize(
    ("changes", "spoil", "status", "words"),
    [
        ({"AffectedSOPInstanceUID": "1.2.9"}, bytes, Status.DATASET_MISMATCH, "differs"),
        ({"AffectedSOPInstanceUID": "../1"}, bytes, Status.DATASET_MISMATCH, "is no UID"),
        ({"AffectedSOPClassUID": "1.2.9"}, bytes, Status.DATASET_MISMATCH, "SOP class"),
        ({}, cut_short, Status.CANNOT_UNDERSTAND, "cut short"),
    ],
    ids=["another UID", "no UID", "another class", "cut short"],
)
def test_what_cannot_be_stored_is_kept_aside_with_the_reason(
    start_host: Callable[..., ScpHost],
    store: InstanceStore,
    encoded: bytes,
    tmp_path: Path,
    changes: dict[str, str],
    spoil: Callable[[bytes], bytes],
    status: int,
    words: str,
) -> None:
    failed: list[FailedImport] = []
    aside = FailedImports(tmp_path / "failed")
    host = start_host(StorageScp(store, failed=aside, on_failed=failed.append))
    with RawPeer(host.port).associate("OURS", PLAN) as peer:
        peer.send(fragment(1, store_rq(**changes), command=True, last=True))
        peer.send(fragment(1, spoil(encoded), command=False, last=True))
        answer = peer.answer()
    assert answer.Status == status
    assert words in answer.ErrorComment
    assert aside.all() == failed
    (one,) = failed
    assert words in one.reason
    assert one.source_ae == "RAW"
    assert one.sop_instance_uid == changes.get("AffectedSOPInstanceUID", UID)
    assert one.path.read_bytes().endswith(spoil(encoded))
    assert incoming(store) == []
    assert store.count() == 0


@pytest.mark.parametrize("policy", Conflict)
def test_other_content_is_refused_and_kept_aside_or_replaces_what_is_there(
    start_host: Callable[..., ScpHost],
    store: InstanceStore,
    bare_scu: Callable[..., Any],
    make_object: Callable[..., Dataset],
    tmp_path: Path,
    policy: Conflict,
    caplog: pytest.LogCaptureFixture,
) -> None:
    store.on_conflict = policy
    outcomes: list[Any] = []
    aside = FailedImports(tmp_path / "failed")
    host = start_host(StorageScp(store, outcomes.append, failed=aside))
    association = bare_scu(host, [build_context(RT_PLAN, IMPLICIT)])
    statuses = []
    for label in ("ONE", "ONE", "TWO"):
        plan = make_object(RTPlanLabel=label)
        plan.file_meta.TransferSyntaxUID = IMPLICIT
        statuses.append(association.send_c_store(plan).Status)
    if policy is Conflict.REFUSE:
        assert statuses == [0, 0, Status.DUPLICATE_SOP_INSTANCE]
        assert "another content" in aside.all()[0].reason
        assert "another content" in caplog.text
    else:
        assert statuses == [0, 0, 0]
        assert [one.replaced for one in outcomes] == [False, False, True]
        assert f"{UID} is replaced" in caplog.text
    kept = "ONE" if policy is Conflict.REFUSE else "TWO"
    assert store.read(UID).RTPlanLabel == kept
    assert len(incoming(store)) == 1
