"""Our C-GET: from bare archives and from our own."""

from __future__ import annotations

from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.filebase import DicomBytesIO
from pydicom.uid import JPEG2000Lossless, JPEGBaseline8Bit
from pynetdicom import build_context, evt

from tdwii_gui.config.ae_directory import AeDirectory
from tdwii_gui.dicom.errors import Aborted, DimseStatusError, NotAccepted, StoreError
from tdwii_gui.dicom.net.get_scu import GetScu, usual_sop_classes
from tdwii_gui.dicom.net.query_retrieve_scp import QueryRetrieveScp
from tdwii_gui.dicom.net.retrieve_scu import MoveResult
from tdwii_gui.dicom.net.storage_scp import StorageScp
from tdwii_gui.dicom.status import Status
from tdwii_gui.dicom.store.instance_index import Root
from tdwii_gui.dicom.store.instance_store import InstanceStore
from tdwii_gui.dicom.uids import CT_IMAGE, PATIENT_ROOT_GET, RT_PLAN, STUDY_ROOT_GET

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tdwii_gui.config.ae_directory import ApplicationEntity
    from tdwii_gui.dicom.net.scp_host import ScpHost
    from tdwii_gui.dicom.net.session import LocalAe

STUDY = Dataset()
STUDY.QueryRetrieveLevel = "STUDY"
STUDY.StudyInstanceUID = "1.10"
UIDS = [f"1.1.{number}" for number in range(3)]


class Kept:
    """Takes what comes."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.came: dict[str, bytes] = {}

    def __call__(self, part10: bytes, sop_instance_uid: str) -> int:
        self.came[sop_instance_uid] = part10
        return self.statuses.pop(0) if self.statuses else 0


@pytest.fixture
def archive(bare_scp: Callable[..., Any], make_object: Callable[..., Dataset]) -> ApplicationEntity:
    """Return pynetdicom's own C-GET with three objects."""

    def get(_event: evt.Event) -> Iterator[Any]:
        yield len(UIDS)
        for uid in UIDS:
            yield 0xFF00, make_object(uid)

    contexts = [build_context(STUDY_ROOT_GET), build_context(PATIENT_ROOT_GET)]
    storage = build_context(RT_PLAN)
    storage.scu_role = storage.scp_role = True
    peer: ApplicationEntity = bare_scp([*contexts, storage], {evt.EVT_C_GET: get}).peer
    return peer


@pytest.fixture
def store(tmp_path: Path, make_object: Callable[..., Dataset]) -> Iterator[InstanceStore]:
    store = InstanceStore(tmp_path / "store")
    for uid in UIDS:
        store.add_dataset(make_object(uid, study="1.10", series="1.100"))
    yield store
    store.close()


@pytest.fixture
def host(start_host: Callable[..., ScpHost], store: InstanceStore, local: LocalAe) -> ScpHost:
    return start_host(QueryRetrieveScp(store, AeDirectory(), local), StorageScp(store))


@pytest.mark.parametrize("root", [Root.STUDY, Root.PATIENT])
def test_objects_come_as_files(
    local: LocalAe, archive: ApplicationEntity, scu_exchanges: Any, root: Root
) -> None:
    kept = Kept()
    progress: list[MoveResult] = []
    with GetScu(local, archive, [RT_PLAN]) as scu:
        result = scu.c_get(STUDY, kept, root=root, on_progress=progress.append)
    assert result == MoveResult(completed=3)
    assert [one.remaining for one in progress] == [2, 1, 0]
    assert list(kept.came) == UIDS
    for uid, part10 in kept.came.items():
        dataset = dcmread(DicomBytesIO(part10))
        assert (dataset.SOPInstanceUID, dataset.RTPlanLabel) == (uid, "PLAN")
        assert dataset.file_meta.MediaStorageSOPInstanceUID == uid
    assert (scu_exchanges.last.message, scu_exchanges.last.detail) == ("C-GET", "3 of 3 objects")


def test_what_is_not_kept_is_a_failure_of_the_sub_operation(
    local: LocalAe, archive: ApplicationEntity
) -> None:
    with GetScu(local, archive, [RT_PLAN]) as scu:
        result = scu.c_get(STUDY, Kept(0xA700, 0xB007))
    assert result == MoveResult(1, 1, 1, (UIDS[0],), 0, 0xB000)


@pytest.mark.parametrize(
    "error", [DimseStatusError(0xC000, "not readable"), StoreError("the disk is full")]
)
def test_an_error_of_the_store_is_a_status(
    local: LocalAe, archive: ApplicationEntity, error: Exception
) -> None:
    def refuse(_part10: bytes, _uid: str) -> int:
        raise error

    with GetScu(local, archive, [RT_PLAN]) as scu:
        with pytest.raises(DimseStatusError) as caught:
            scu.c_get(STUDY, refuse)
        assert caught.value.status == Status.CANNOT_PERFORM_SUBOPERATIONS
        assert scu.c_get(STUDY, Kept()).completed == 3, "the association goes on"


def test_a_uid_that_is_none_is_refused_and_reaches_nobody(
    local: LocalAe, bare_scp: Callable[..., Any], make_object: Callable[..., Dataset]
) -> None:
    def get(event: evt.Event) -> Iterator[Any]:
        yield 1
        evil = make_object()
        event.assoc.bind(evt.EVT_DIMSE_SENT, rename)
        yield 0xFF00, evil

    def rename(event: evt.Event) -> None:
        if "AffectedSOPInstanceUID" in event.message.command_set:
            event.message.command_set.AffectedSOPInstanceUID = "../../evil"

    storage = build_context(RT_PLAN)
    storage.scu_role = storage.scp_role = True
    bare = bare_scp([build_context(STUDY_ROOT_GET), storage], {evt.EVT_C_GET: get})
    kept = Kept()
    with GetScu(local, bare.peer, [RT_PLAN]) as scu, pytest.raises(DimseStatusError):
        scu.c_get(STUDY, kept)
    assert kept.came == {}


def test_a_model_that_the_archive_does_not_offer_is_named(
    local: LocalAe, bare_scp: Callable[..., Any]
) -> None:
    bare = bare_scp([build_context(RT_PLAN)], {})
    with GetScu(local, bare.peer, [RT_PLAN]) as scu, pytest.raises(NotAccepted, match="GET"):
        scu.c_get(STUDY, Kept())


def test_it_is_cancelled_from_another_thread(
    host: ScpHost, local: LocalAe, peer_of: Callable[[ScpHost], ApplicationEntity]
) -> None:
    started, canceled = Event(), Event()
    with GetScu(local, peer_of(host), [RT_PLAN]) as scu:

        def cancel() -> None:
            started.wait(10)
            scu.cancel()
            canceled.set()

        def keep(_part10: bytes, _uid: str) -> int:
            started.set()
            canceled.wait(10)
            return 0

        thread = Thread(target=cancel)
        thread.start()
        result = scu.c_get(STUDY, keep)
        thread.join(10)
        assert result.status == Status.CANCELLED
        assert result.completed + result.remaining == 3
        assert result.remaining
        assert scu.c_get(STUDY, Kept()).completed == 3, "the association goes on"


def test_it_is_aborted_from_another_thread(
    host: ScpHost, local: LocalAe, peer_of: Callable[[ScpHost], ApplicationEntity]
) -> None:
    with GetScu(local, peer_of(host), [RT_PLAN]) as scu:

        def keep(_part10: bytes, _uid: str) -> int:
            thread = Thread(target=scu.abort)
            thread.start()
            thread.join(10)
            return 0

        with pytest.raises(Aborted, match="by us"):
            scu.c_get(STUDY, keep)


def test_compressed_and_plain_objects_of_a_class_come_each_as_it_is(
    host: ScpHost,
    store: InstanceStore,
    local: LocalAe,
    make_object: Callable[..., Dataset],
    peer_of: Callable[[ScpHost], ApplicationEntity],
) -> None:
    paths = {}
    for number, syntax in enumerate([JPEGBaseline8Bit, JPEG2000Lossless, None]):
        image = make_object(f"1.1.{number + 7}", study="1.12", SOPClassUID=CT_IMAGE)
        if syntax:
            image.file_meta.TransferSyntaxUID = syntax
            image.PixelData = encapsulate([b"not to be decoded "])
            image["PixelData"].VR = "OB"
        instance = store.add_dataset(image).instance
        paths[instance.sop_instance_uid] = instance.path
    kept = Kept()
    identifier = Dataset()
    identifier.QueryRetrieveLevel = "STUDY"
    identifier.StudyInstanceUID = "1.12"
    with GetScu(local, peer_of(host)) as scu:
        assert scu.c_get(identifier, kept).completed == 3
    for uid, part10 in kept.came.items():
        came, sent = dcmread(DicomBytesIO(part10)), dcmread(paths[uid])
        assert came == sent
        assert came.file_meta.TransferSyntaxUID == sent.file_meta.TransferSyntaxUID


def test_private_classes_come_where_they_are_offered(
    start_host: Callable[..., ScpHost],
    store: InstanceStore,
    local: LocalAe,
    make_object: Callable[..., Dataset],
    peer_of: Callable[[ScpHost], ApplicationEntity],
) -> None:
    private = "1.2.826.0.1.3680043.9.9999.1"
    store.add_dataset(make_object("1.1.9", study="1.12", SOPClassUID=private))
    service = QueryRetrieveScp(store, AeDirectory(), local, private_sop_classes=[private])
    identifier = Dataset()
    identifier.QueryRetrieveLevel = "STUDY"
    identifier.StudyInstanceUID = "1.12"
    with GetScu(local, peer_of(start_host(service)), [private]) as scu:
        assert scu.c_get(identifier, Kept()).completed == 1


def test_what_is_usual_fits_into_an_association() -> None:
    classes = usual_sop_classes()
    assert len(classes) == len(set(classes)) < 120
    assert {RT_PLAN, CT_IMAGE} <= set(classes)


def test_many_classes_are_cut_to_what_an_association_holds(
    host: ScpHost, local: LocalAe, peer_of: Callable[[ScpHost], ApplicationEntity]
) -> None:
    classes = [RT_PLAN, *(f"1.2.3.{number}" for number in range(200))]
    with GetScu(local, peer_of(host), classes) as scu:
        assert scu.c_get(STUDY, Kept()).completed == 3
