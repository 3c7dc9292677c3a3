"""C-STORE: bare SCUs to our SCP, our SCU to a bare SCP."""

from __future__ import annotations

import time
from io import BytesIO
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import pytest
from pydicom import dcmread
from pydicom.encaps import encapsulate
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGBaseline8Bit,
    RLELossless,
)
from pynetdicom import build_context, evt
from pynetdicom.dimse_primitives import C_STORE

from tdwii_gui.dicom.errors import Aborted, DatasetError, DimseStatusError, NotAccepted
from tdwii_gui.dicom.iod.part10 import encode_part10
from tdwii_gui.dicom.net.storage_scp import StorageScp
from tdwii_gui.dicom.net.storage_scu import Originator, StorageScu, storage_contexts
from tdwii_gui.dicom.status import Status
from tdwii_gui.dicom.store.instance_store import InstanceStore
from tdwii_gui.dicom.uids import CT_IMAGE, RT_PLAN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pydicom.dataset import Dataset

    from tdwii_gui.dicom.net.scp_host import ScpHost
    from tdwii_gui.dicom.net.session import LocalAe

SYNTAXES = [ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian]
COMPRESSED = [JPEGBaseline8Bit, RLELossless]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[InstanceStore]:
    store = InstanceStore(tmp_path / "store")
    yield store
    store.close()


@pytest.fixture
def host(start_host: Callable[..., ScpHost], store: InstanceStore) -> ScpHost:
    return start_host(StorageScp(store))


def in_syntax(dataset: Dataset, syntax: str) -> Dataset:
    dataset.file_meta.TransferSyntaxUID = syntax
    if syntax in COMPRESSED:
        dataset.PixelData = encapsulate([b"not to be decoded "])
        dataset["PixelData"].VR = "OB"
    return dataset


@pytest.mark.parametrize("syntax", [*SYNTAXES, *COMPRESSED])
def test_an_object_is_stored_in_its_transfer_syntax(
    host: ScpHost,
    store: InstanceStore,
    bare_scu: Callable[..., Any],
    make_object: Callable[..., Dataset],
    syntax: str,
) -> None:
    association = bare_scu(host, [build_context(RT_PLAN, syntax)])
    assert association.send_c_store(in_syntax(make_object(), syntax)).Status == 0
    (instance,) = store.instances()
    assert instance.transfer_syntax_uid == syntax
    assert instance.source_ae == "BARE"
    assert dcmread(instance.path).RTPlanLabel == "PLAN"


def test_deflated_is_not_offered(host: ScpHost, bare_scu: Callable[..., Any]) -> None:
    """Some kilobytes of it can inflate to gigabytes."""
    syntaxes = [DeflatedExplicitVRLittleEndian, ImplicitVRLittleEndian]
    association = bare_scu(host, [build_context(RT_PLAN, syntaxes)])
    assert association.accepted_contexts[0].transfer_syntax == [ImplicitVRLittleEndian]


def test_a_duplicate_is_success_and_other_content_0111(
    host: ScpHost,
    store: InstanceStore,
    bare_scu: Callable[..., Any],
    make_object: Callable[..., Dataset],
) -> None:
    association = bare_scu(host, [build_context(RT_PLAN, ExplicitVRLittleEndian)])
    statuses = [
        association.send_c_store(make_object(RTPlanLabel=label)).Status
        for label in ("ONE", "ONE", "TWO")
    ]
    assert statuses == [0, 0, Status.DUPLICATE_SOP_INSTANCE]
    assert store.read("1.2.3.4.1").RTPlanLabel == "ONE"


@pytest.mark.parametrize("keyword", ["StudyInstanceUID", "SeriesInstanceUID"])
def test_a_missing_uid_is_a900_and_named(
    host: ScpHost,
    bare_scu: Callable[..., Any],
    make_object: Callable[..., Dataset],
    keyword: str,
) -> None:
    dataset = make_object()
    del dataset[keyword]
    association = bare_scu(host, [build_context(RT_PLAN, ExplicitVRLittleEndian)])
    answer = association.send_c_store(dataset)
    assert answer.Status == Status.DATASET_MISMATCH
    assert keyword in answer.ErrorComment


@pytest.mark.parametrize(
    ("uid", "sop_class"),
    [("../../etc/passwd", RT_PLAN), ("1.2.3.4.2", RT_PLAN), ("1.2.3.4.1", CT_IMAGE)],
    ids=["a path", "another UID than in the data set", "another class than of the context"],
)
def test_a_command_that_does_not_fit_is_a900(
    host: ScpHost,
    store: InstanceStore,
    bare_scu: Callable[..., Any],
    make_object: Callable[..., Dataset],
    uid: str,
    sop_class: str,
) -> None:
    association = bare_scu(host, [build_context(RT_PLAN, ExplicitVRLittleEndian)])
    request = C_STORE()
    request.MessageID = 1
    request.Priority = 2
    request.AffectedSOPClassUID = sop_class
    request.AffectedSOPInstanceUID = uid
    encoded = encode_part10(make_object())
    request.DataSet = BytesIO(encoded[encoded.index(b"\x08\x00\x16\x00UI") :])
    association._reactor_checkpoint.clear()
    association.dimse.send_msg(request, 1)
    _, answer = association.dimse.get_msg(block=True)
    association._reactor_checkpoint.set()
    assert answer.Status == Status.DATASET_MISMATCH
    assert store.instances() == []


def test_the_actor_is_told_of_each_object(
    start_host: Callable[..., ScpHost],
    store: InstanceStore,
    bare_scu: Callable[..., Any],
    make_object: Callable[..., Dataset],
) -> None:
    outcomes: list[Any] = []
    host = start_host(StorageScp(store, outcomes.append))
    association = bare_scu(host, [build_context(RT_PLAN, ExplicitVRLittleEndian)])
    for _ in range(2):
        association.send_c_store(make_object())
    assert [(one.added, one.instance.source_ae) for one in outcomes] == [
        (True, "BARE"),
        (False, "BARE"),
    ]


def storing(status: int = 0) -> dict[Any, Any]:
    return {evt.EVT_C_STORE: lambda _event: status}


def write(path: Path, dataset: Dataset) -> Path:
    path.write_bytes(encode_part10(dataset))
    return path


@pytest.mark.parametrize("syntax", [*SYNTAXES, *COMPRESSED])
def test_a_file_is_sent_as_it_is(
    local: LocalAe,
    bare_scp: Callable[..., Any],
    make_object: Callable[..., Dataset],
    tmp_path: Path,
    scu_exchanges: Any,
    syntax: str,
) -> None:
    path = write(tmp_path / "plan.dcm", in_syntax(make_object(), syntax))
    bare = bare_scp([build_context(RT_PLAN, [*SYNTAXES, *COMPRESSED])], storing())
    with StorageScu(local, bare.peer, [path]) as scu:
        assert scu.c_store(path) == 0
    event = bare.requests.get(timeout=10)
    assert event.context.transfer_syntax == syntax
    assert path.read_bytes().endswith(event.encoded_dataset(include_meta=False))
    assert scu_exchanges.last.sop_instance_uid == "1.2.3.4.1"


@pytest.mark.parametrize("as_file", [True, False])
def test_an_object_is_converted_where_no_pixels_are_touched(
    local: LocalAe,
    bare_scp: Callable[..., Any],
    make_object: Callable[..., Dataset],
    tmp_path: Path,
    as_file: bool,
) -> None:
    source: Any = make_object()
    if as_file:
        source = write(tmp_path / "plan.dcm", source)
    bare = bare_scp([build_context(RT_PLAN, ImplicitVRLittleEndian)], storing())
    with StorageScu(local, bare.peer, [source]) as scu:
        assert scu.c_store(source) == 0
    event = bare.requests.get(timeout=10)
    assert event.context.transfer_syntax == ImplicitVRLittleEndian
    assert event.dataset.RTPlanLabel == "PLAN"


def test_a_data_set_without_file_meta_information_is_sent(
    local: LocalAe, bare_scp: Callable[..., Any], make_object: Callable[..., Dataset]
) -> None:
    dataset = make_object()
    del dataset.file_meta
    bare = bare_scp([build_context(RT_PLAN)], storing())
    with StorageScu(local, bare.peer, [dataset]) as scu:
        assert scu.c_store(dataset) == 0
    assert bare.requests.get(timeout=10).dataset.RTPlanLabel == "PLAN"


def test_a_file_without_file_meta_information_is_sent(
    local: LocalAe, bare_scp: Callable[..., Any], shared_data: Path
) -> None:
    path = next(iter(sorted((shared_data / "photon_monaco").glob("*.dcm"))))
    bare = bare_scp([build_context(RT_PLAN)], storing())
    with StorageScu(local, bare.peer, [path]) as scu:
        assert scu.c_store(path) == 0
    assert bare.requests.get(timeout=10).dataset.SOPClassUID == RT_PLAN


def test_only_what_is_sent_is_proposed(
    local: LocalAe, bare_scp: Callable[..., Any], make_object: Callable[..., Dataset]
) -> None:
    bare = bare_scp([build_context(RT_PLAN), build_context(CT_IMAGE)], storing())
    plan = make_object()
    with StorageScu(local, bare.peer, [plan, plan]) as scu:
        association = scu._observed.association
        proposed = association.requestor.requested_contexts if association else []
    assert {(one.abstract_syntax, one.transfer_syntax[0]) for one in proposed} == {
        (RT_PLAN, ExplicitVRLittleEndian),
        (RT_PLAN, ImplicitVRLittleEndian),
    }


def test_a_compressed_object_is_not_accepted_elsewhere(
    local: LocalAe, bare_scp: Callable[..., Any], make_object: Callable[..., Dataset]
) -> None:
    compressed, plain = in_syntax(make_object("1.2"), JPEGBaseline8Bit), make_object("1.3")
    bare = bare_scp([build_context(RT_PLAN, ImplicitVRLittleEndian)], storing())
    with StorageScu(local, bare.peer, [compressed, plain]) as scu:
        with pytest.raises(NotAccepted, match="JPEG"):
            scu.c_store(compressed)
        assert scu.c_store(plain) == 0


@pytest.mark.parametrize(
    ("status", "outcome"), [(0xB007, 0xB007), (0xA700, None), (0x0111, None), (0xC000, None)]
)
def test_warnings_are_returned_and_failures_raised(
    local: LocalAe,
    bare_scp: Callable[..., Any],
    make_object: Callable[..., Dataset],
    status: int,
    outcome: int | None,
) -> None:
    bare = bare_scp([build_context(RT_PLAN)], storing(status))
    plan = make_object()
    with StorageScu(local, bare.peer, [plan]) as scu:
        if outcome is not None:
            assert scu.c_store(plan) == outcome
        else:
            with pytest.raises(DimseStatusError) as caught:
                scu.c_store(plan)
            assert caught.value.status == status


def test_the_move_originator_is_named(
    local: LocalAe, bare_scp: Callable[..., Any], make_object: Callable[..., Dataset]
) -> None:
    bare = bare_scp([build_context(RT_PLAN)], storing())
    plan = make_object()
    with StorageScu(local, bare.peer, [plan]) as scu:
        scu.c_store(plan, originator=Originator("TDD", 7))
    request = bare.requests.get(timeout=10).request
    assert request.MoveOriginatorApplicationEntityTitle == "TDD"
    assert request.MoveOriginatorMessageID == 7


def test_an_object_without_its_class_cannot_be_sent(
    local: LocalAe, make_object: Callable[..., Dataset], bare_scp: Callable[..., Any]
) -> None:
    dataset = make_object()
    del dataset.SOPClassUID
    with pytest.raises(DatasetError, match="SOPClassUID"):
        StorageScu(local, bare_scp([build_context(RT_PLAN)], {}).peer, [dataset])


def test_more_contexts_than_an_association_holds_are_refused() -> None:
    pairs = {(f"1.2.{number}", JPEGBaseline8Bit) for number in range(129)}
    with pytest.raises(DatasetError, match="129"):
        storage_contexts(pairs)


def test_what_the_peer_does_not_read_is_aborted_at_once(
    patient_local: LocalAe, bare_scp: Callable[..., Any], make_object: Callable[..., Dataset]
) -> None:
    """The connection takes no more, and the time limit of a message is far away."""
    held, over = Event(), Event()

    def hold(event: evt.Event) -> None:
        if event.data[0] == 4:
            held.set()
            over.wait(10)

    bare = bare_scp([build_context(RT_PLAN)], {**storing(), evt.EVT_DATA_RECV: hold})
    plan = make_object()
    plan.add_new(0x00091010, "OB", bytes(24_000_000))
    with StorageScu(patient_local, bare.peer, [plan]) as scu:

        def abort() -> None:
            held.wait(10)
            scu.abort()

        thread = Thread(target=abort)
        thread.start()
        started = time.monotonic()
        with pytest.raises(Aborted, match="by us"):
            scu.c_store(plan)
        assert time.monotonic() - started < 5
        thread.join(10)
        over.set()
