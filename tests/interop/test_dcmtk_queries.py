"""DCMTK's findscu at our archive: each kind of matching, bad keys, cancellation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydicom import dcmread

from tdwii_gui.config.ae_directory import AeDirectory
from tdwii_gui.config.resources import resource_path
from tdwii_gui.dicom.net.query_retrieve_scp import QueryRetrieveScp
from tdwii_gui.dicom.net.scp_host import ScpHost
from tdwii_gui.dicom.net.session import LocalAe, Timeouts
from tdwii_gui.dicom.store.instance_store import InstanceStore
from tests.interop.peers import Archive
from tests.interop.programs import run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.interop

PATIENT = resource_path("demo_patient")
CT = sorted((PATIENT / "ct").glob("*.dcm"))
IMAGE = dcmread(CT[0], stop_before_pixels=True)
PLAN = dcmread(PATIENT / "photon_plan.dcm")


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    """Return our archive with the demo patient."""
    store = InstanceStore(tmp_path_factory.mktemp("archive"))
    for path in PATIENT.rglob("*.dcm"):
        store.add_file(path)
    service = QueryRetrieveScp(store, AeDirectory(), LocalAe("OST", Timeouts()))
    host = ScpHost("OST", "127.0.0.1", 0, [service])
    host.start()
    yield Archive("OST", host.port)
    host.stop()
    store.close()


UIDS = f"{IMAGE.SOPInstanceUID}\\{PLAN.SOPInstanceUID}"


@pytest.mark.parametrize(
    ("root", "level", "keys", "count"),
    [
        ("-S", "IMAGE", ["SOPInstanceUID"], 36),
        ("-S", "IMAGE", ["SOPInstanceUID=*"], 36),
        ("-S", "IMAGE", [f"SOPInstanceUID={UIDS}"], 2),
        ("-S", "IMAGE", ["SOPInstanceUID", f"SOPClassUID={PLAN.SOPClassUID}"], 2),
        ("-S", "IMAGE", ["SOPInstanceUID", f"RTPlanLabel={PLAN.RTPlanLabel}"], 1),
        ("-S", "IMAGE", ["SOPInstanceUID", f"SliceLocation={IMAGE.SliceLocation}"], 1),
        ("-S", "SERIES", ["SeriesInstanceUID", "Modality=RT?LAN"], 3),
        ("-S", "SERIES", ["SeriesInstanceUID", "Modality=*S*"], 2),
        ("-S", "STUDY", ["StudyInstanceUID", "ModalitiesInStudy=CT"], 1),
        ("-S", "STUDY", ["StudyInstanceUID", "StudyDate=19000101-"], 1),
        ("-S", "STUDY", ["StudyInstanceUID", "StudyTime=-00"], 0),
        ("-P", "PATIENT", ["PatientID", f"PatientName={str(PLAN.PatientName).swapcase()}"], 1),
        ("-P", "IMAGE", [f"PatientID={PLAN.PatientID}", "SOPInstanceUID"], 36),
    ],
)
def test_findscu_finds(
    archive: Archive, tmp_path: Path, root: str, level: str, keys: list[str], count: int
) -> None:
    """Keys of the levels above may be left out."""
    found = archive.find(level, tmp_path / "found", *keys, root=root)
    assert len(found) == count
    assert {one.RetrieveAETitle for one in found} <= {"OST"}


@pytest.mark.parametrize("syntax", ["-xi", "-xe", "-xb"])
def test_findscu_reads_the_answers_in_its_transfer_syntax(archive: Archive, syntax: str) -> None:
    keys = ["QueryRetrieveLevel=IMAGE", f"SOPInstanceUID={PLAN.SOPInstanceUID}", "PatientName"]
    keys += ["NumberOfStudyRelatedInstances", "ReferencedStructureSetSequence"]
    words = said(archive, "-S", syntax, *(part for key in keys for part in ("-k", key)))
    assert f"[{PLAN.PatientName}]" in words
    assert "[36]" in words
    assert PLAN.ReferencedStructureSetSequence[0].ReferencedSOPInstanceUID in words


@pytest.mark.parametrize(
    ("keys", "named"),
    [
        (["QueryRetrieveLevel=PATIENT"], "QueryRetrieveLevel"),
        (["QueryRetrieveLevel=STUDY", "StudyInstanceUID=1.2*"], "StudyInstanceUID"),
        (["QueryRetrieveLevel=STUDY", "SOPInstanceUID=1.2"], "SOPInstanceUID"),
        (["QueryRetrieveLevel=STUDY", "StudyDate=today"], "StudyDate"),
    ],
)
def test_findscu_is_told_what_is_bad(archive: Archive, keys: list[str], named: str) -> None:
    words = said(archive, "-S", "-d", *(part for key in keys for part in ("-k", key)))
    assert "0xa900" in words
    assert any("ErrorComment" in line and named in line for line in words.splitlines())


def test_findscu_is_told_what_is_not_supported(archive: Archive) -> None:
    keys = ["QueryRetrieveLevel=STUDY", "StudyInstanceUID", "0032,000A"]
    words = said(archive, "-S", "-d", *(part for key in keys for part in ("-k", key)))
    assert "0xff01" in words


def test_findscu_cancels(archive: Archive) -> None:
    keys = ["-k", "QueryRetrieveLevel=IMAGE", "-k", "SOPInstanceUID"]
    words = said(archive, "-S", "-v", "--cancel", 2, *keys)
    (final,) = [line for line in words.splitlines() if "Received Final Find Response" in line]
    # All answers may be on their way before the C-CANCEL arrives.
    assert "(Cancel" in final or "(Success" in final


def said(archive: Archive, *arguments: object) -> str:
    """Return what findscu prints."""
    return run("findscu", *arguments, *archive.as_called()).stdout
