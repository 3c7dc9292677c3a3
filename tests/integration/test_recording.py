"""What bare peers and our actors say to each other is recorded, whatever happens meanwhile."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest
from pydicom.dataset import Dataset
from pynetdicom import AE
from pynetdicom.sop_class import CTImageStorage, Verification

from tdwii_gui.actors.actor import Surroundings
from tdwii_gui.actors.ost import Ost
from tdwii_gui.actors.suite import Suite, on_free_ports
from tdwii_gui.config.ae_directory import AeDirectory, ApplicationEntity
from tdwii_gui.config.settings import NetworkSettings, OstSettings, Settings
from tdwii_gui.dicom.errors import Rejected, StoreError
from tdwii_gui.dicom.net.rejection import unread_answer
from tdwii_gui.dicom.uids import new_uid
from tdwii_gui.recording.lines import ASSOCIATIONS, RECORDING, Association, Info
from tdwii_gui.recording.message import AssociationChange
from tdwii_gui.recording.reading import Recording
from tdwii_gui.recording.recorder import Recorder
from tests.integration.net.keeps_responses import KEEPS_RESPONSES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pynetdicom.association import Association as Bare

    from tests.command_line import CommandLine

SECONDS = 20
posix = pytest.mark.skipif(os.name != "posix", reason="signals")
linux = pytest.mark.skipif(sys.platform != "linux", reason="limits of another process")


class Ending:
    """Hears why a recording has ended."""

    def __init__(self) -> None:
        self.reasons: list[str] = []
        self._told = threading.Event()

    def __call__(self, reason: str) -> None:
        self.reasons.append(reason)
        self._told.set()

    def wait(self) -> str:
        assert self._told.wait(SECONDS), "nobody told that the recording has ended"
        return self.reasons[0]


@pytest.fixture
def ended() -> Ending:
    return Ending()


@pytest.fixture
def record(tmp_path: Path, ended: Ending) -> Iterator[Callable[..., Recorder]]:
    """Return a function that begins a recording."""
    recorders: list[Recorder] = []

    def start(**options: object) -> Recorder:
        recorder = Recorder(tmp_path / "recordings", on_ended=ended, **options)
        recorder.start()
        recorders.append(recorder)
        return recorder

    yield start
    for recorder in recorders:
        recorder.stop()


@pytest.fixture
def start_ost(tmp_path: Path, start_actor: Callable[[Ost], Ost]) -> Callable[..., Ost]:
    """Return a function that starts an OST which is tapped."""

    def start(tap: object, network: NetworkSettings | None = None) -> Ost:
        directory = AeDirectory()
        around = Surroundings(directory, tmp_path / "data", network or NetworkSettings(), tap=tap)
        return start_actor(Ost(OstSettings(port=0), around))

    return start


def associate(port: int, called_ae: str = "OST") -> Bare:
    ae = AE("BARE")
    ae.add_requested_context(Verification)
    ae.add_requested_context(CTImageStorage)
    return ae.associate("127.0.0.1", port, ae_title=called_ae, evt_handlers=[KEEPS_RESPONSES])


def image() -> Dataset:
    made = Dataset()
    made.SOPClassUID = CTImageStorage
    made.SOPInstanceUID = new_uid()
    made.PatientName = "SECRET^NAME"
    made.PatientID = "SECRET-ID"
    made.StudyInstanceUID, made.SeriesInstanceUID = new_uid(), new_uid()
    made.PixelData = bytes(range(256)) * 2000
    made["PixelData"].VR = "OW"
    made.ensure_file_meta()
    made.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2"
    made.set_original_encoding(True, True)
    return made


def store(port: int) -> Dataset:
    sent = image()
    association = associate(port)
    assert association.send_c_store(sent).Status == 0
    association.release()
    return sent


def kinds(recording: Recording) -> list[str]:
    return [message.kind for message in recording.messages]


def all_bytes(folder: Path) -> bytes:
    return b"".join(each.read_bytes() for each in sorted(folder.rglob("*")) if each.is_file())


def test_what_a_peer_stores_is_recorded_with_pseudonyms(record, start_ost) -> None:
    recorder = record(actors={"OST": "ost"})
    ost = start_ost(recorder)
    sent = store(ost.port)
    ost.stop()
    recording = Recording(recorder.stop())

    assert kinds(recording) == ["C-STORE-RQ", "C-STORE-RSP"]
    request, response = recording.messages
    assert (request.sender, request.receiver) == ("BARE", "OST")
    assert (response.sender, response.receiver) == ("OST", "BARE")
    assert request.sop_instance_uid == sent.SOPInstanceUID
    assert response.status == 0
    recorded = recording.message(1)
    assert recorded.object_file
    assert recorded.dataset is not None
    assert recorded.dataset.SOPInstanceUID == sent.SOPInstanceUID
    assert len(recorded.dataset.PixelData) == len(sent.PixelData)
    assert b"SECRET" not in all_bytes(recording.folder)
    assert recording.info[Info.ACTORS] == {"OST": "ost"}
    assert recording.info[Info.ENDED]
    assert not recording.info[Info.REASON]
    assert recorder.message_count == 2
    assert not recorder.running
    if os.name == "posix":
        assert not any(each.stat().st_mode & 0o077 for each in recording.folder.rglob("*"))


def test_patient_data_are_recorded_if_asked_for(record, start_ost) -> None:
    recorder = record(patient_data=True)
    ost = start_ost(recorder)
    sent = store(ost.port)
    ost.stop()
    recorded = Recording(recorder.stop()).message(1)

    assert recorded.dataset is not None
    assert recorded.dataset.PatientName == "SECRET^NAME"
    assert recorded.dataset.PixelData == sent.PixelData


def test_an_association_between_our_own_is_recorded_once(record, start_ost) -> None:
    recorder = record()
    ost = start_ost(recorder)
    for _ in range(3):
        ost.echo("OST").result(SECONDS)
    ost.stop()
    recording = Recording(recorder.stop())

    assert kinds(recording) == ["C-ECHO-RQ", "C-ECHO-RSP"] * 3
    changes = [event.change for event in recording.associations()]
    assert changes == 3 * [
        AssociationChange.REQUESTED,
        AssociationChange.ACCEPTED,
        AssociationChange.RELEASED,
    ]


def test_a_rejected_association_is_recorded_from_either_side(record, start_ost) -> None:
    recorder = record()
    ost = start_ost(recorder)
    rejected = associate(ost.port, "NOBODY")
    answer = rejected.acceptor.primitive or unread_answer(rejected)
    assert answer is not None
    assert answer.result == 1
    ost.directory.register(ApplicationEntity("NOBODY", "127.0.0.1", ost.port))
    with pytest.raises(Rejected):
        ost.echo("NOBODY").result(SECONDS)
    ost.stop()
    events = Recording(recorder.stop()).associations()

    assert [(event.calling_ae, event.change) for event in events] == [
        ("BARE", AssociationChange.REQUESTED),
        ("BARE", AssociationChange.REJECTED),
        ("OST", AssociationChange.REQUESTED),
        ("OST", AssociationChange.REJECTED),
    ]
    assert all("AE title" in event.detail for event in events[1::2])


def test_tls_is_recorded_as_plaintext_and_that_is_said(record, start_ost, tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs the openssl program, which makes certificates")
    certificate, key = tmp_path / "our.pem", tmp_path / "our.key"
    arguments = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
    files = ["-subj", "/CN=ours", "-keyout", key, "-out", certificate]
    subprocess.run([openssl, *arguments.split(), *files], check=True, capture_output=True)
    key.chmod(0o600)
    network = NetworkSettings(
        tls_certificate=str(certificate), tls_key=str(key), tls_ca=str(certificate)
    )
    recorder = record()
    ost = start_ost(recorder, network)
    ost.echo("OST").result(SECONDS)
    ost.stop()
    recording = Recording(recorder.stop())

    assert kinds(recording) == ["C-ECHO-RQ", "C-ECHO-RSP"]
    (requested, *_) = (recording.parts[0] / ASSOCIATIONS).read_text().splitlines()
    assert json.loads(requested)[Association.TLS] is True
    assert any("plaintext" in note for note in recording.info[Info.NOTES])


def test_a_recording_begins_and_ends_while_actors_run(tmp_path: Path, recorder) -> None:
    with Suite(on_free_ports(Settings()), tmp_path / "data", recorder) as suite:
        early = associate(suite.ost.port)
        suite.recording.begin(tmp_path / "one")
        with pytest.raises(StoreError, match="already"):
            suite.recording.begin(tmp_path / "two")
        assert early.send_c_echo().Status == 0
        suite.tdd.echo("OST").result(SECONDS)
        folder = suite.recording.end()
        assert suite.recording.end() is None
        suite.tdd.echo("OST").result(SECONDS)
        early.release()
        suite.recording.begin(tmp_path / "one")
        last = suite.recording.recorder

    assert folder is not None
    recording = Recording(folder)
    assert kinds(recording) == ["C-ECHO-RQ", "C-ECHO-RSP"]
    assert recording.messages[0].sender == "TDD"
    assert recording.info[Info.ACTORS]["OST"] == "ost"
    assert last is not None
    assert last.folder != folder
    assert not last.running
    assert Recording(last.folder).info[Info.ENDED]


def test_a_folder_that_cannot_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot record"):
        Recorder(tmp_path / "file").start()


@linux
def test_a_full_disk_ends_the_recording_and_not_the_run(record, start_ost, ended) -> None:
    import resource

    recorder = record()
    ost = start_ost(recorder)
    resource.prlimit(recorder._process.pid, resource.RLIMIT_FSIZE, (100_000, 100_000))
    store(ost.port)
    assert "cannot be written" in ended.wait()
    assert not recorder.running
    store(ost.port)
    assert recorder.stop() == recorder.folder
    assert len(ended.reasons) == 1


def test_a_dead_recording_process_ends_the_recording_and_not_the_run(
    record, start_ost, ended
) -> None:
    recorder = record()
    ost = start_ost(recorder)
    store(ost.port)
    recorder._process.kill()
    assert "ended" in ended.wait()
    store(ost.port)
    recorder.stop()
    assert len(ended.reasons) == 1


@posix
def test_a_recording_process_that_hangs_ends_the_recording_and_not_the_run(
    record, start_ost, ended, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tdwii_gui.recording.recorder._PATIENCE", 0.5)
    recorder = record()
    ost = start_ost(recorder)
    store(ost.port)
    recorder._process.send_signal(signal.SIGSTOP)
    for _ in range(4):
        store(ost.port)
    assert "takes nothing" in ended.wait()
    recorder.stop()
    assert len(ended.reasons) == 1


@posix
def test_a_program_that_is_killed_leaves_its_recording(tdwii: CommandLine) -> None:
    server = tdwii.serve("ost", "--headless", "--record", tdwii.folder / "rec")
    association = associate(tdwii.ports["OST"])
    for _ in range(20):
        assert association.send_c_store(image()).Status == 0
    server.process.kill()
    server.process.wait(SECONDS)
    association.abort()
    (folder,) = (tdwii.folder / "rec").iterdir()
    recording = Recording(_ended(folder))

    assert kinds(recording) == ["C-STORE-RQ", "C-STORE-RSP"] * 20
    assert recording.message(39).dataset is not None
    assert "by force" in recording.info[Info.REASON]
    assert not recording.problems


def _ended(folder: Path) -> Path:
    """Wait until the process that writes a recording has written the end."""
    deadline = time.monotonic() + SECONDS
    while json.loads((folder / RECORDING).read_text())[Info.ENDED] is None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return folder


def test_a_server_records_by_an_option(tdwii: CommandLine) -> None:
    folder = tdwii.folder / "rec"
    server = tdwii.serve("tms", "--headless", "--record", folder, "--record-patient-data")
    association = associate(tdwii.ports["TMS"], "TMS")
    assert association.send_c_echo().Status == 0
    association.release()
    assert server.stop(signal.SIGTERM) == 0
    (one,) = folder.iterdir()
    recording = Recording(one)

    assert f"recorded 2 messages in {one}" in server.wait_for_line("recorded")
    assert kinds(recording) == ["C-ECHO-RQ", "C-ECHO-RSP"]
    assert recording.info[Info.PATIENT_DATA] is True
    assert recording.info[Info.ACTORS]["TMS"] == "tms"
