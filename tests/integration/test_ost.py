"""The OST's own work: importing files and sending what it keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydicom import dcmread

from tdwii_gui.actors.events import InstanceReceived
from tdwii_gui.actors.suite import Suite
from tdwii_gui.config.ae_directory import ApplicationEntity
from tdwii_gui.config.resources import resource_path
from tdwii_gui.config.settings import OstSettings, Settings
from tdwii_gui.dicom.errors import ConfigError, Refused
from tdwii_gui.dicom.net.scp_host import ScpHost
from tdwii_gui.dicom.net.verification_scp import VerificationScp
from tdwii_gui.dicom.uids import new_uid

if TYPE_CHECKING:
    from pathlib import Path

    from tdwii_gui.dicom.iod.plan import Plan

SECONDS = 20


def demo_files() -> list[Path]:
    return sorted(resource_path("demo_patient").rglob("*.dcm"))


def test_files_and_folders_are_imported(actors: Suite, tmp_path: Path, recorder) -> None:
    files = demo_files()
    progress: list[tuple[int, int]] = []
    result = actors.ost.import_files(
        [resource_path("demo_patient")], lambda done, total: progress.append((done, total))
    ).result(SECONDS)
    # The folder may hold other files besides; each of them is named.
    assert result.stored == len(files)
    assert result.present == 0
    assert not result.canceled
    total = len(files) + len(result.failed)
    assert progress == [(done, total) for done in range(total + 1)]
    assert len(recorder.of(InstanceReceived)) == len(files)

    again = actors.ost.import_files(files).result(SECONDS)
    assert (again.stored, again.present, again.failed) == (0, len(files), ())


def test_what_is_no_dicom_file_does_not_keep_the_others_back(actors: Suite, tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("not DICOM")
    gone = tmp_path / "gone.dcm"
    result = actors.ost.import_files([text, gone, demo_files()[0]]).result(SECONDS)
    assert result.stored == 1
    assert [path for path, _ in result.failed] == [text, gone]
    assert all(reason and str(tmp_path) not in reason for _, reason in result.failed)


def test_an_import_is_canceled(actors: Suite) -> None:
    def cancel_at_two(done: int, _total: int) -> None:
        if done == 2:
            actors.ost.cancel_request()

    result = actors.ost.import_files(demo_files(), cancel_at_two).result(SECONDS)
    assert (result.stored, result.canceled) == (2, True)
    assert actors.ost.import_files(demo_files()[:3]).result(SECONDS).stored == 1


def test_instances_are_sent(actors: Suite) -> None:
    files = demo_files()[:4]
    actors.ost.import_files(files).result(SECONDS)
    uids = [one.sop_instance_uid for one in actors.ost.instances.instances()]
    unknown = new_uid()
    progress: list[tuple[int, int]] = []
    result = actors.ost.send(
        [*uids, unknown], "PPVS_SCP", lambda done, total: progress.append((done, total))
    ).result(SECONDS)
    assert result.sent == len(uids)
    assert result.failed == ((unknown, "is not stored here"),)
    assert progress == [(done, 5) for done in range(1, 6)]
    assert actors.ppvs.instances.present(uids) == set(uids)


def test_sending_is_canceled(actors: Suite) -> None:
    actors.ost.import_files(demo_files()[:4]).result(SECONDS)
    uids = [one.sop_instance_uid for one in actors.ost.instances.instances()]

    def cancel_at_one(done: int, _total: int) -> None:
        if done == 1:
            actors.ost.cancel_request()

    result = actors.ost.send(uids, "PPVS_SCP", cancel_at_one).result(SECONDS)
    assert (result.sent, result.canceled) == (1, True)
    assert len(actors.ppvs.instances.present(uids)) == 1


def test_an_instance_that_the_peer_refuses_is_named_with_the_reason(actors: Suite) -> None:
    actors.ost.import_files(demo_files()[:2]).result(SECONDS)
    uids = [one.sop_instance_uid for one in actors.ost.instances.instances()]
    host = ScpHost("ECHO_ONLY", "127.0.0.1", 0, [VerificationScp()])
    host.start()
    actors.ost.directory.register(ApplicationEntity("ECHO_ONLY", "127.0.0.1", host.port))
    result = actors.ost.send(uids, "ECHO_ONLY").exception(SECONDS)
    host.stop()
    assert "accepts none of" in str(result)


def test_who_cannot_be_sent_to_is_an_error(actors: Suite) -> None:
    actors.ost.import_files(demo_files()[:1]).result(SECONDS)
    uids = [one.sop_instance_uid for one in actors.ost.instances.instances()]
    with pytest.raises(ConfigError):
        actors.ost.send(uids, "NOBODY").result(SECONDS)
    actors.ppvs.stop_listening()
    with pytest.raises(Refused):
        actors.ost.send(uids, "PPVS_SCP").result(SECONDS)


def test_traffic_is_kept_where_the_settings_say_so(tmp_path: Path, plan: Plan, recorder) -> None:
    settings = Settings(ost=OstSettings(keep_traffic=True))
    traffic = tmp_path / "data" / "ost" / "traffic"
    with Suite(settings, tmp_path / "data", recorder) as suite:
        for _ in range(2):
            suite.creator.store_static([plan.dataset]).result(SECONDS)
        suite.ost.send([plan.sop_instance_uid], "PPVS_SCP").result(SECONDS)
        stored = suite.ost.instances.read(plan.sop_instance_uid)
    incoming = sorted((traffic / "incoming").iterdir())
    (outgoing,) = (traffic / "outgoing").iterdir()
    assert [path.name.split("_", 2)[2] for path in incoming] == [
        f"RTBDI_CREATOR_{plan.sop_instance_uid}.dcm"
    ] * 2
    assert outgoing.name.endswith(f"_PPVS_SCP_{plan.sop_instance_uid}.dcm")
    assert all(dcmread(path) == stored for path in (*incoming, outgoing))


def test_traffic_is_not_kept_by_default(actors: Suite, tmp_path: Path, plan: Plan) -> None:
    actors.creator.store_static([plan.dataset]).result(SECONDS)
    assert not (tmp_path / "data" / "ost" / "traffic").exists()
