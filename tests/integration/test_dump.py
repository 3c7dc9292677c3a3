"""`tdwii dump`: every file is shown as far as it can be read, and text becomes DICOM."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from pydicom import dcmread

from tdwii_gui.config.resources import resource_path
from tdwii_gui.dicom.iod.dcmdump import parse_dcmdump, read_dataset
from tdwii_gui.dicom.iod.part10 import read_part10
from tests.conftest import SHARED_DATA

if TYPE_CHECKING:
    from pathlib import Path

QUERY = """# Query of the field
(0008,0005) CS [ISO_IR 192]
(0040,4018) SQ
(fffe,e000) na
(0008,0100) SH [121726]
(0008,0102) SH [DCM]
(fffe,e00d) na
(fffe,e0dd) na
(0074,1000) CS [SCHEDULED]   # 10, 1 ProcedureStepState
(0010,0010) PN (no value available)
"""
PLAN = resource_path("demo_patient", "photon_plan.dcm")
ODD_FILES = sorted((SHARED_DATA / "odd_files").glob("*"))
DAMAGED = {
    "MR_truncated.dcm": "PixelData is cut short",
    "meta_missing_tsyntax.dcm": "SOPClassUID is missing",
    "nested_priv_SQ.dcm": "SOPClassUID is missing",
    "no_meta.dcm": "is no DICOM file",
    "rtplan_truncated.dcm": "BeamSequence is cut short",
}
LEAST_LINES = {"no_meta.dcm": 1, "rtplan_truncated.dcm": 100, "MR_truncated.dcm": 70}


def test_a_file_is_shown_as_dcmdump_shows_it(tdwii) -> None:
    lines = tdwii.done("dump", PLAN).splitlines()
    assert "# Dicom-Meta-Information-Header" in lines
    assert any(line.startswith("(0002,0010) UI [1.2.840.10008.1.2") for line in lines)
    assert any(line.startswith("(300a,00b0) SQ (Sequence with") for line in lines)
    assert any(line.startswith("    (300a,00c0) IS [1] ") for line in lines)


@pytest.mark.parametrize("path", ODD_FILES, ids=lambda path: path.name)
def test_every_odd_file_is_shown_as_far_as_it_goes(tdwii, path: Path) -> None:
    result = tdwii.run("dump", path)
    problem = DAMAGED.get(path.name, "")
    assert result.returncode == bool(problem)
    assert problem in result.stderr
    assert result.stderr.count("\n") == bool(problem)
    assert result.stdout.count("\n") >= LEAST_LINES.get(path.name, 10)


def test_a_long_value_is_cut_off_unless_all_is_wanted(tdwii, tmp_path: Path) -> None:
    plan = dcmread(PLAN)
    plan.RTPlanDescription = "x" * 1000
    plan.save_as(tmp_path / "plan.dcm")
    short = tdwii.done("dump", tmp_path / "plan.dcm")
    assert max(map(len, short.splitlines())) < 200
    full = tdwii.done("dump", tmp_path / "plan.dcm", "--full")
    assert parse_dcmdump(full) == read_part10(tmp_path / "plan.dcm")


def test_a_folder_is_shown_file_by_file(tdwii, tmp_path: Path) -> None:
    (tmp_path / "files" / "deep").mkdir(parents=True)
    (tmp_path / "files" / "deep" / "plan.dcm").write_bytes(PLAN.read_bytes())
    (tmp_path / "files" / "notes.md").write_text("no DICOM, but a long enough text")
    result = tdwii.run("dump", tmp_path / "files")
    assert result.returncode == 1
    heads = [line for line in result.stdout.splitlines() if line.startswith("# /")]
    assert [head.rsplit("/", 1)[1] for head in heads] == ["plan.dcm", "notes.md"]
    assert "notes.md: is no DICOM file" in result.stderr
    empty = tmp_path / "empty"
    empty.mkdir()
    assert tdwii.run("dump", empty).returncode == 2
    assert tdwii.run("dump", tmp_path / "none").returncode == 1


def test_text_becomes_dicom_that_reads_as_the_text_does(tdwii, tmp_path: Path) -> None:
    text, made = tmp_path / "query.txt", tmp_path / "query.dcm"
    text.write_text(QUERY)
    assert "[SCHEDULED]" in tdwii.done("dump", text)
    tdwii.done("dump", text, "--to-dicom", made)
    assert read_dataset(made) == parse_dcmdump(QUERY)
    assert tdwii.done("dump", made).splitlines()[-1].startswith("(0074,1000) CS [SCHEDULED]")
    full = tmp_path / "plan.txt"
    full.write_text(tdwii.done("dump", PLAN, "--full"))
    tdwii.done("dump", full, "--to-dicom", tmp_path / "plan.dcm")
    again = read_part10(tmp_path / "plan.dcm")
    assert again == read_part10(PLAN)
    assert again.file_meta.MediaStorageSOPInstanceUID == again.SOPInstanceUID


@pytest.mark.parametrize("text", ["(0010,0010) PN [open", "(0010,0010) PN [cut off...  # 99"])
def test_text_that_is_cut_off_is_said_and_makes_no_file(tdwii, tmp_path: Path, text: str) -> None:
    source, target = tmp_path / "bad.txt", tmp_path / "bad.dcm"
    source.write_text(f"{text}\n")
    refused = tdwii.run("dump", source, "--to-dicom", target)
    assert (refused.returncode, target.exists()) == (2, False)
    assert "line 1: PatientName" in refused.stderr
    assert "line 1: PatientName" in tdwii.run("dump", source).stderr


def test_json_holds_what_the_file_holds(tdwii, tmp_path: Path) -> None:
    (tmp_path / "junk").write_bytes(b"\xff" * 100)
    result = tdwii.run("dump", PLAN, tmp_path / "junk", "--json")
    assert result.returncode == 1
    plan, junk = json.loads(result.stdout)
    assert plan["dataset"]["300A0002"]["Value"] == [str(read_part10(PLAN).RTPlanLabel)]
    assert plan["meta"]["00020010"]
    assert junk["problem"] == "is no DICOM file"
    assert junk["dataset"] == {}


@pytest.mark.parametrize("path", ODD_FILES, ids=lambda path: path.name)
def test_every_odd_file_has_a_json_form(tdwii, path: Path) -> None:
    told = json.loads(tdwii.run("dump", path, "--json").stdout)
    assert told[0]["file"] == str(path)
