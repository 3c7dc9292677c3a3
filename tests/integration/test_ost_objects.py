"""What the OST keeps, removes and keeps aside, by its settings; and when the disk is full."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian
from pynetdicom import AE, build_context, build_role, evt

from tdwii_gui.actors.actor import Surroundings
from tdwii_gui.actors.events import ImportFailed, InstancesRemoved
from tdwii_gui.actors.ost import Ost
from tdwii_gui.config.ae_directory import AeDirectory
from tdwii_gui.config.settings import OstSettings
from tdwii_gui.dicom.errors import ConfigError
from tdwii_gui.dicom.status import Status
from tdwii_gui.dicom.uids import CT_IMAGE, STUDY_ROOT_GET
from tests.command_line import SECONDS, Server
from tests.integration.net.keeps_responses import KEEPS_RESPONSES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.command_line import CommandLine

PRIVATE_CLASS = "1.2.826.0.1.3680043.8.498.1"
LARGE = 2**20


def image(uid: str, pixel_bytes: int = 512, **attributes: Any) -> Dataset:
    dataset = Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID = CT_IMAGE, uid
    dataset.PatientID, dataset.PatientName = "P1", "Test^P1"
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = "1.2.3.1", "1.2.3.1.1"
    dataset.Modality = "CT"
    dataset.BitsAllocated, dataset.SamplesPerPixel = 16, 1
    dataset.Rows, dataset.Columns = pixel_bytes // 512, 256
    dataset.PixelData = b"\1\2" * (pixel_bytes // 2)
    dataset["PixelData"].VR = "OW"
    for name, value in attributes.items():
        setattr(dataset, name, value)
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return dataset


@pytest.fixture
def start_ost(tmp_path: Path, recorder, start_actor) -> Callable[..., Ost]:
    def start(**settings: Any) -> Ost:
        around = Surroundings(AeDirectory(), tmp_path / "data", listener=recorder)
        return start_actor(Ost(OstSettings(port=0, **settings), around))

    return start


@contextmanager
def associated(port: int, sop_class: str = CT_IMAGE) -> Iterator[Any]:
    """Associate as a bare SCU, for C-STORE and C-GET."""
    ae = AE("SENDER")
    ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = SECONDS
    got: list[Dataset] = []

    def keep(event: evt.Event) -> int:
        got.append(dcmread(BytesIO(event.encoded_dataset())))
        return 0

    association = ae.associate(
        "127.0.0.1",
        port,
        contexts=[build_context(sop_class, ExplicitVRLittleEndian), build_context(STUDY_ROOT_GET)],
        ae_title="OST",
        ext_neg=[build_role(sop_class, scu_role=True, scp_role=True)],
        evt_handlers=[KEEPS_RESPONSES, (evt.EVT_C_STORE, keep)],
    )
    assert association.is_established
    association.got = got
    try:
        yield association
    finally:
        association.release()
        association.join(SECONDS)


def store(port: int, *datasets: Dataset, sop_class: str = CT_IMAGE) -> list[int]:
    with associated(port, sop_class) as association:
        return [association.send_c_store(one).Status for one in datasets]


def retrieved(port: int, study_uid: str = "1.2.3.1") -> dict[str, Dataset]:
    identifier = Dataset()
    identifier.QueryRetrieveLevel, identifier.StudyInstanceUID = "STUDY", study_uid
    with associated(port) as association:
        answers = list(association.send_c_get(identifier, STUDY_ROOT_GET))
        assert answers[-1][0].Status == 0
        return {str(one.SOPInstanceUID): one for one in association.got}


def test_removed_instances_are_told(start_ost: Callable[..., Ost], recorder) -> None:
    ost = start_ost()
    assert store(ost.port, image("1.2.1"), image("1.2.2")) == [0, 0]
    assert ost.remove(["1.2.1", "1.2.9"]).result(SECONDS) == ["1.2.1"]
    assert recorder.of(InstancesRemoved) == [InstancesRemoved("OST", ("1.2.1",))]
    assert ost.remove(["1.2.9"]).result(SECONDS) == []
    assert len(recorder.of(InstancesRemoved)) == 1
    assert set(retrieved(ost.port)) == {"1.2.2"}


def test_an_object_that_is_refused_is_told_and_kept(
    start_ost: Callable[..., Ost], recorder
) -> None:
    ost = start_ost()
    other = image("1.2.1", PatientID="P2")
    assert store(ost.port, image("1.2.1"), other) == [0, Status.DUPLICATE_SOP_INSTANCE]
    told = recorder.wait_for(ImportFailed).failed
    assert ost.failed_imports() == [told]
    assert told.source_ae == "SENDER"
    assert dcmread(told.path).PatientID == "P2"
    assert ost.instances.read("1.2.1").PatientID == "P1"


def test_other_content_replaces_where_the_settings_say_so(start_ost: Callable[..., Ost]) -> None:
    ost = start_ost(on_conflict="replace", keep_failed=False)
    assert store(ost.port, image("1.2.1"), image("1.2.1", PatientID="P2")) == [0, 0]
    assert ost.instances.read("1.2.1").PatientID == "P2"
    assert ost.failed_imports() == []


def test_failed_imports_are_dropped_where_the_settings_say_so(
    start_ost: Callable[..., Ost], tmp_path: Path
) -> None:
    ost = start_ost(keep_failed=False)
    wrong = image("1.2.1", StudyInstanceUID="")
    assert store(ost.port, wrong) == [Status.DATASET_MISMATCH]
    assert ost.failed_imports() == []
    assert list((tmp_path / "data").rglob("*.dcm")) == []


def test_private_classes_of_the_settings_are_taken(start_ost: Callable[..., Ost]) -> None:
    ost = start_ost(private_sop_classes=f"1.2.3  {PRIVATE_CLASS}")
    private = image("1.2.1", SOPClassUID=PRIVATE_CLASS)
    assert store(ost.port, private, sop_class=PRIVATE_CLASS) == [0]


@pytest.mark.parametrize(
    ("settings", "words"),
    [({"on_conflict": "keep both"}, "keep both"), ({"private_sop_classes": "1.2 x"}, "'x'")],
)
def test_settings_that_cannot_be_are_named(
    start_ost: Callable[..., Ost], settings: dict[str, str], words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        start_ost(**settings)


LIMITED = """
import resource, runpy, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv.pop(1)), resource.RLIM_INFINITY))
runpy.run_module("tdwii_gui", run_name="__main__")
"""


def serve(tdwii: CommandLine, *before: str) -> Server:
    """Start an OST by a command that is given tdwii's arguments."""
    process = subprocess.Popen(
        [*before, *tdwii._arguments("ost", "--headless")],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=tdwii._environment(),
    )
    server = Server(process)
    tdwii.servers.append(server)
    server.wait_for_line(" listening on ")
    return server


def stored_files(folder: Path) -> list[Path]:
    return [path for path in (folder / "ost" / "objects").rglob("*") if path.is_file()]


@pytest.mark.skipif(sys.platform == "win32", reason="has no limit of a file's size")
def test_an_object_that_cannot_be_written_is_a700_and_the_server_goes_on(
    tdwii: CommandLine,
) -> None:
    """A limit of the size of a file stands for a full disk: it needs no rights."""
    serve(tdwii, sys.executable, "-c", LIMITED, str(LARGE))
    port = tdwii.ports["OST"]
    large = image("1.2.9", 2 * LARGE)
    assert store(port, image("1.2.1"), large, image("1.2.2")) == [0, Status.OUT_OF_RESOURCES, 0]
    assert set(retrieved(port)) == {"1.2.1", "1.2.2"}
    assert len(stored_files(tdwii.folder / "data")) == 2
    assert not (tdwii.folder / "data" / "ost" / "failed").exists()


def mounting(folder: Path, size: str) -> list[str]:
    """Return what runs a command with a small file system at a folder; skip where none can be."""
    unshare = shutil.which("unshare")
    if unshare is None:
        pytest.skip("unshare is not installed")
    folder.mkdir(exist_ok=True)
    mount = 'mount -t tmpfs -o "size=$1" tmpfs "$0" && shift && exec "$@"'
    own = [] if os.getuid() == 0 else ["--user", "--map-root-user"]
    command = [unshare, *own, "--mount", "sh", "-c", mount, str(folder), size]
    if subprocess.run([*command, "true"], capture_output=True, check=False).returncode:
        pytest.skip("a file system cannot be mounted here")
    return command


def test_a_full_disk_is_a700_and_what_was_stored_stays(tdwii: CommandLine) -> None:
    """The disk becomes full while objects come, and stays so."""
    before = mounting(tdwii.folder / "data", "4m")
    serve(tdwii, *before, sys.executable, "-m", "tdwii_gui")
    port = tdwii.ports["OST"]
    sent = {f"1.2.{number}": image(f"1.2.{number}", 300_000) for number in range(1, 20)}
    statuses = dict(zip(sent, store(port, *sent.values()), strict=True))
    assert set(statuses.values()) == {0, Status.OUT_OF_RESOURCES}
    kept = {uid for uid, status in statuses.items() if status == 0}
    assert len(kept) > 5
    # A second time: what is there is there, what did not fit does not fit.
    assert dict(zip(sent, store(port, *sent.values()), strict=True)) == statuses
    found = retrieved(port)
    assert set(found) == kept
    for uid in kept:
        assert found[uid].PixelData == sent[uid].PixelData
