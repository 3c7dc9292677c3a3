"""`tdwii inject` to a bare pynetdicom SCP."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian
from pynetdicom import build_context, evt

from tdwii_gui.dicom.iod.part10 import write_part10
from tdwii_gui.dicom.uids import (
    CT_IMAGE,
    RAW_DATA,
    RT_BEAMS_DELIVERY_INSTRUCTION,
    RT_BEAMS_TREATMENT_RECORD,
    RT_DOSE,
    RT_PLAN,
    RT_STRUCTURE_SET,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# As files are named, the order of their names is not that of what refers to what.
OBJECTS = {
    "a_record": RT_BEAMS_TREATMENT_RECORD,
    "b_dose": RT_DOSE,
    "c_other": RAW_DATA,
    "d_plan": RT_PLAN,
    "e_rtbdi": RT_BEAMS_DELIVERY_INSTRUCTION,
    "f_structures": RT_STRUCTURE_SET,
    "g/image2": CT_IMAGE,
    "g/image1": CT_IMAGE,
}
IN_ORDER = [
    CT_IMAGE,
    CT_IMAGE,
    RT_STRUCTURE_SET,
    RT_PLAN,
    RT_DOSE,
    RT_BEAMS_DELIVERY_INSTRUCTION,
    RT_BEAMS_TREATMENT_RECORD,
    RAW_DATA,
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "exported"
    for number, (name, sop_class) in enumerate(OBJECTS.items(), start=1):
        dataset = Dataset()
        dataset.SOPClassUID, dataset.SOPInstanceUID = sop_class, f"1.2.{number}"
        dataset.PatientID = "P1"
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        path = folder / f"{name}.dcm"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_part10(path, dataset)
    return folder


@pytest.fixture
def receiver(bare_scp: Callable[..., Any], tdwii: Any) -> Callable[..., Any]:
    """Return a function that starts an SCP, which refuses some classes with a status."""

    def start(refused: dict[str, int] | None = None, without: str = "") -> list[str]:
        came: list[str] = []

        def store(event: evt.Event) -> int:
            sop_class = str(event.request.AffectedSOPClassUID)
            came.append(sop_class)
            return (refused or {}).get(sop_class, 0)

        contexts = [build_context(uid) for uid in set(OBJECTS.values()) - {without}]
        peer = bare_scp(contexts, {evt.EVT_C_STORE: store}).peer
        tdwii.add_entity(peer.ae_title, peer.port)
        return came

    return start


def test_what_is_referred_to_comes_before_what_refers_to_it(
    tdwii: Any, folder: Path, receiver: Callable[..., Any]
) -> None:
    came = receiver()
    out = tdwii.done("inject", folder, "--to", "BARE")
    assert came == IN_ORDER
    assert "image          2      2       0        0" in out
    assert "8 of 8 objects stored" in out


def test_sending_stops_at_the_first_refusal_and_says_why(
    tdwii: Any, folder: Path, receiver: Callable[..., Any]
) -> None:
    came = receiver({RT_PLAN: 0xA700})
    result = tdwii.run("inject", folder, "--to", "BARE", "--json")
    assert result.returncode == 1
    assert came == IN_ORDER[:4]
    told = json.loads(result.stdout)
    kinds = {each["kind"]: each for each in told["kinds"]}
    assert (kinds["plan"]["stored"], kinds["plan"]["refused"]) == (0, 1)
    assert (kinds["dose"]["stored"], kinds["dose"]["not_sent"]) == (0, 1)
    (fault,) = told["faults"]
    assert fault["file"].endswith("d_plan.dcm")
    assert "A700H" in fault["reason"]
    assert fault["reason"] in result.stderr


def test_a_refusal_does_not_keep_the_rest_back_where_that_is_wanted(
    tdwii: Any, folder: Path, receiver: Callable[..., Any]
) -> None:
    """Neither that of an object, nor that of a presentation context."""
    came = receiver({CT_IMAGE: 0xC000}, without=RT_DOSE)
    result = tdwii.run("inject", folder, "--to", "BARE", "--keep-going")
    assert result.returncode == 1
    assert came == [uid for uid in IN_ORDER if uid != RT_DOSE]
    assert "5 of 8 objects stored" in result.stdout
    assert result.stderr.count("\n") == 3


def test_a_context_that_is_not_accepted_is_a_refusal(
    tdwii: Any, folder: Path, receiver: Callable[..., Any]
) -> None:
    came = receiver(without=CT_IMAGE)
    result = tdwii.run("inject", folder, "--to", "BARE")
    assert result.returncode == 1
    assert came == []
    assert "CT Image Storage" in result.stderr


def test_what_is_no_object_is_said_and_passed_over(
    tdwii: Any, folder: Path, receiver: Callable[..., Any]
) -> None:
    (folder / "README.txt").write_text("not DICOM")
    cut = (folder / "d_plan.dcm").read_bytes()[:-1]
    (folder / "cut.dcm").write_bytes(cut)
    came = receiver()
    result = tdwii.run("inject", folder, "--to", "BARE")
    assert result.returncode == 1
    assert came == IN_ORDER
    assert "README.txt: is no DICOM file" in result.stderr
    assert "cut.dcm: " in result.stderr


def test_a_peer_that_is_not_there_is_said_with_the_table(tdwii: Any, folder: Path) -> None:
    result = tdwii.run("inject", folder, "--to", "OST")
    assert result.returncode == 1
    assert "nothing listens" in result.stderr
    assert "0 of 8 objects stored" in result.stdout


def test_an_empty_folder_is_wrong_input(tdwii: Any, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for path in (tmp_path / "empty", tmp_path / "none"):
        assert tdwii.run("inject", path, "--to", "OST").returncode == 2
