"""What is broken, foreign or hostile gets a clear word and harms nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from pydicom import dcmread
from pynetdicom import AE
from pynetdicom.presentation import AllStoragePresentationContexts, build_context

from tdwii_gui.actors.actor import Surroundings
from tdwii_gui.actors.ost import Ost
from tdwii_gui.app.cli import main
from tdwii_gui.config.ae_directory import AeDirectory
from tdwii_gui.config.resources import resource_path
from tdwii_gui.config.settings import OstSettings
from tdwii_gui.dicom.status import Status
from tdwii_gui.dicom.uids import VERIFICATION

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pydicom.dataset import FileDataset

PHOTON = resource_path("demo_patient", "photon_plan.dcm")


@pytest.fixture
def ost(tmp_path: Path) -> Iterator[Ost]:
    ost = Ost(OstSettings(port=0), Surroundings(AeDirectory(), tmp_path / "data"))
    ost.start()
    yield ost
    ost.stop()


def assert_alive(ost: Ost) -> None:
    ae = AE("BARE")
    association = ae.associate(
        "127.0.0.1", ost.port, contexts=[build_context(VERIFICATION)], ae_title=ost.ae_title
    )
    assert association.send_c_echo().Status == 0
    association.release()


def odd_files(shared_data: Path) -> list[Path]:
    return sorted((shared_data / "odd_files").iterdir())


def test_no_odd_file_is_scheduled_and_none_crashes(
    shared_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in odd_files(shared_data):
        if path.name == "rtplan.dcm":
            continue  # the one whole plan among them
        code = main(["schedule", str(path), "--no-send"])
        complaint = capsys.readouterr().err
        assert code == 2, path.name
        assert complaint.startswith(f"tdwii: {path}"), complaint
        assert complaint.count("\n") == 1, complaint


def test_odd_files_are_stored_or_refused_and_the_server_lives(
    ost: Ost, shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ae_config = tmp_path / "aes.json"
    ae_config.write_text(json.dumps([{"AETitle": "OST", "IPAddr": "127.0.0.1", "Port": ost.port}]))
    for path in odd_files(shared_data):
        code = main(["store", "OST", str(path), "--ae-config", str(ae_config)])
        printed = capsys.readouterr()
        assert code in (0, 1), path.name
        stored = "1 of 1 files stored" in printed.out
        assert stored == (code == 0)
        assert stored or str(path) in printed.err, "a refusal names the file"
        assert "Traceback" not in printed.err
    assert_alive(ost)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"SOPClassUID": "1.2.826.0.1.3680043.2.1"}, "is no RT Plan"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.481.3"}, "RT Structure Set Storage"),
        ({"BeamSequence": []}, "BeamSequence"),
        ({"FractionGroupSequence": []}, "FractionGroupSequence"),
    ],
)
def test_a_plan_that_is_none_is_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], change: dict[str, object], words: str
) -> None:
    plan = dcmread(PHOTON)
    for keyword, value in change.items():
        setattr(plan, keyword, value)
    path = tmp_path / "plan.dcm"
    plan.save_as(path)
    assert main(["schedule", str(path), "--no-send", "--out", str(tmp_path / "out")]) == 2
    complaint = capsys.readouterr().err
    assert complaint.startswith(f"tdwii: {path}: ")
    assert words in complaint
    assert complaint.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_truncated_plan_is_refused_wherever_it_is_cut(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = PHOTON.read_bytes()
    path = tmp_path / "cut.dcm"
    for share in (0.001, 0.01, 0.1, 0.5, 0.9, 0.999):
        path.write_bytes(whole[: int(len(whole) * share)])
        assert main(["schedule", str(path), "--no-send"]) == 2
        assert str(path) in capsys.readouterr().err


def plan_dataset(**changes: object) -> FileDataset:
    plan = dcmread(PHOTON)
    for keyword, value in changes.items():
        setattr(plan, keyword, value)
    return plan


def store_by_bare_scu(ost: Ost, dataset: FileDataset) -> int:
    ae = AE("BARE")
    association = ae.associate(
        "127.0.0.1", ost.port, contexts=AllStoragePresentationContexts[:120], ae_title=ost.ae_title
    )
    assert association.is_established
    status: int = association.send_c_store(dataset).Status
    association.release()
    return status


def test_the_same_instance_again_is_success_and_kept_once(ost: Ost) -> None:
    plan = plan_dataset()
    assert store_by_bare_scu(ost, plan) == Status.SUCCESS
    assert store_by_bare_scu(ost, plan) == Status.SUCCESS
    assert len(list(ost.instances.instances())) == 1


def test_another_instance_of_the_same_uid_is_refused_and_the_first_kept(ost: Ost) -> None:
    assert store_by_bare_scu(ost, plan_dataset()) == Status.SUCCESS
    assert store_by_bare_scu(ost, plan_dataset(RTPlanLabel="OTHER")) == 0x0111
    kept = ost.instances.read(plan_dataset().SOPInstanceUID)
    assert kept.RTPlanLabel == plan_dataset().RTPlanLabel
