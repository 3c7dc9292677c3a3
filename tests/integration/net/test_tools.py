"""`tdwii find|db|move|get|status|report|push|repack|echo` and chains of them, with our OST."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pydicom import dcmread

from tdwii_gui.actors.actor import Surroundings
from tdwii_gui.actors.ost import Ost
from tdwii_gui.config.ae_directory import AeDirectory, ApplicationEntity
from tdwii_gui.config.resources import resource_path
from tdwii_gui.config.settings import OstSettings
from tdwii_gui.dicom.iod.part10 import write_part10
from tdwii_gui.dicom.store.instance_store import InstanceStore
from tests.command_line import CommandLine, free_ports

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENT = resource_path("demo_patient")
FILES = sorted(PATIENT.rglob("*.dcm"))
SLICES = 30
PLAN = resource_path("demo_patient", "photon_plan.dcm")


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ost]:
    """Return an OST that has the demo patient, and knows TDWII."""
    (port,) = free_ports(1)
    directory = AeDirectory([ApplicationEntity("TDWII", "127.0.0.1", port)])
    ost = Ost(
        OstSettings("ARCHIVE", port=0), Surroundings(directory, tmp_path_factory.mktemp("archive"))
    )
    ost.start()
    assert ost.import_files(FILES).result(30).stored == len(FILES)
    yield ost
    ost.stop()


@pytest.fixture
def tools(tdwii: CommandLine, archive: Ost) -> CommandLine:
    """Return a command line that knows the archive, and has a port of its own."""
    tdwii.add_entity("ARCHIVE", archive.port)
    tdwii.add_entity("TDWII", archive.directory.lookup("TDWII").port)
    return tdwii


@pytest.fixture(scope="module")
def ct_series() -> str:
    return str(dcmread(PATIENT / "ct" / "ct_01.dcm").SeriesInstanceUID)


def kept(tools: CommandLine) -> set[str]:
    """Return the UIDs in the tools' own index."""
    store = InstanceStore(tools.folder / "data" / "received")
    try:
        return {one.sop_instance_uid for one in store.instances()}
    finally:
        store.close()


def loaded(text: str) -> Any:
    return json.loads(text)


@pytest.mark.parametrize(
    ("arguments", "number"),
    [
        (["--level", "PATIENT"], 1),
        (["-k", "Modality=CT"], 1),
        (["-k", "Modality=CT", "--root", "patient"], 1),
        (["-k", "Modality=CT", "--level", "image"], SLICES),
        (["-k", "0008,0060=MR"], 0),
        (["-k", "SOPClassUID=CTImageStorage"], SLICES),
    ],
)
def test_find_asks_at_any_level_in_both_models(
    tools: CommandLine, arguments: list[str], number: int
) -> None:
    found = loaded(tools.done("find", "ARCHIVE", "--json", *arguments))
    assert len(found) == number
    table = tools.done("find", "ARCHIVE", *arguments).splitlines()
    assert len(table) == (number + 1 if number else 1)
    if not number:
        assert table == ["nothing matches"]


def test_a_peer_may_be_given_by_its_address(tools: CommandLine, archive: Ost) -> None:
    for command in ("find", "echo"):
        assert tools.done(command, f"ARCHIVE@127.0.0.1:{archive.port}")


def test_objects_are_moved_into_the_local_index(tools: CommandLine, ct_series: str) -> None:
    key = f"SeriesInstanceUID={ct_series}"
    before = tools.run("status", "ARCHIVE", "-k", key, "--json")
    assert before.returncode == 1
    (row,) = loaded(before.stdout)
    assert (row["state"], row["present"], row["expected"]) == ("missing", 0, SLICES)
    assert len(row["missing"]) == SLICES
    out = tools.done("move", "ARCHIVE", "-k", key)
    assert f"{SLICES} of {SLICES} objects moved to TDWII, {SLICES} of them new" in out
    again = loaded(tools.done("move", "ARCHIVE", "-k", key, "--json"))
    assert (again["completed"], again["new"]) == (SLICES, 0)
    (row,) = loaded(tools.done("status", "ARCHIVE", "-k", key, "--json"))
    assert (row["state"], row["missing"]) == ("complete", [])


def test_status_tells_what_of_a_series_is_missing(tools: CommandLine, ct_series: str) -> None:
    uid = str(dcmread(PATIENT / "ct" / "ct_01.dcm").SOPInstanceUID)
    tools.done("move", "ARCHIVE", "-k", f"SOPInstanceUID={uid}")
    key = f"SeriesInstanceUID={ct_series}"
    partial = tools.run("status", "ARCHIVE", "-k", key, "--missing")
    assert partial.returncode == 1
    lines = partial.stdout.splitlines()
    assert lines[1].split()[:3] == ["partial", "1", str(SLICES)]
    assert len([line for line in lines if line.startswith("missing: ")]) == SLICES - 1
    assert uid not in partial.stdout


def test_an_unknown_destination_is_said_with_the_standards_word(tools: CommandLine) -> None:
    refused = tools.run("move", "ARCHIVE", "-k", "Modality=CT", "--to", "NOBODY")
    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1
    assert "A801H move destination unknown" in refused.stderr


def test_objects_are_got_into_the_local_index_and_into_folders(tools: CommandLine) -> None:
    key = ("-k", "SOPClassUID=RTPlanStorage")
    plans = {
        one["00080018"]["Value"][0] for one in loaded(tools.done("find", "ARCHIVE", "--json", *key))
    }
    assert str(dcmread(PLAN).SOPInstanceUID) in plans
    assert f"{len(plans)} of {len(plans)}" in tools.done("get", "ARCHIVE", *key)
    assert kept(tools) == plans
    out = tools.folder / "out"
    tools.done("get", "ARCHIVE", *key, "--out", out)
    files = list(out.rglob("*.dcm"))
    assert {str(dcmread(path).SOPInstanceUID) for path in files} == plans
    assert tools.done("get", "ARCHIVE", *key, "--out", out)  # what is there already is no failure


def test_a_chain_goes_from_a_query_to_files_and_to_a_peer(tools: CommandLine, archive: Ost) -> None:
    out = tools.folder / "sorted"
    steps = ("move", "status", "report --by study", f"repack --out {out}", "push ARCHIVE", "echo")
    result = tools.done("find", "ARCHIVE", "-k", "PatientID=*", "--json", *then(*steps))
    find, *done = loaded(result)
    assert find["step"] == "find"
    assert [each["step"] for each in done] == [step.split()[0] for step in steps]
    moved, status, report, repacked, pushed, echoed = (each["result"] for each in done)
    assert moved["completed"] == len(FILES) == len(kept(tools))
    assert {row["state"] for row in status} == {"complete"}
    assert sum(row["objects"] for row in report) == len(FILES)
    assert {row["result"] for row in repacked} == {"new"}
    assert len(list(out.rglob("*.dcm"))) == len(FILES)
    assert pushed == {"peer": "ARCHIVE", "stored": len(FILES), "canceled": False, "failed": []}
    assert [row["error"] for row in echoed] == [""]
    words = tools.done("find", "ARCHIVE", *then("status", "report"))
    assert f"{len(FILES)} of {len(FILES)} objects are in" in words


def then(*steps: str) -> list[str]:
    return [part for step in steps for part in ("--then", step)]


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ("dance", "the steps are report, move"),
        ("push", "the following arguments are required: AE"),
        ("report --by moon", "invalid choice: 'moon'"),
        ("report 'x", "No closing quotation"),
    ],
)
def test_a_wrong_step_is_refused_before_anything_is_asked(
    tools: CommandLine, step: str, words: str
) -> None:
    result = tools.run("find", "NOBODY", "--then", step)
    assert result.returncode == 2
    assert words in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_step_that_retrieves_needs_a_peer(tools: CommandLine) -> None:
    tools.done("move", "ARCHIVE", "-k", "Modality=RTDOSE")
    refused = tools.run("db", "--then", "move")
    assert (refused.returncode, refused.stdout.count("\n")) == (2, 3)
    assert "move needs a peer" in refused.stderr


def test_the_local_index_is_looked_up_by_any_key(tools: CommandLine) -> None:
    plan = dcmread(PLAN)
    tools.done("move", "ARCHIVE", "-k", "PatientID=*")
    by_label = loaded(tools.done("db", "--json", "-k", f"RTPlanLabel={plan.RTPlanLabel}"))
    assert [one["00080018"]["Value"] for one in by_label] == [[plan.SOPInstanceUID]]
    machine = plan.BeamSequence[0].TreatmentMachineName
    key = ("-k", f"BeamSequence.TreatmentMachineName={machine}")
    studies = loaded(tools.done("db", "--json", "--level", "STUDY", *key))
    assert [one["0020000D"]["Value"] for one in studies] == [[plan.StudyInstanceUID]]
    assert studies[0]["00201208"]["Value"] == [len(FILES)]
    (path,) = tools.done("db", "--files", "-k", f"RTPlanLabel={plan.RTPlanLabel}").splitlines()
    assert dcmread(path).SOPInstanceUID == plan.SOPInstanceUID
    assert tools.done("db", "-k", "Manufacturer=Nobody").strip() == "nothing matches"


def test_an_index_that_is_not_there_is_said(tools: CommandLine) -> None:
    for index in ("received", "ost", str(tools.folder / "none")):
        result = tools.run("db", "--index", index)
        assert result.returncode == 2
        assert "there is no local index" in result.stderr
    assert not (tools.folder / "none").exists()


def test_an_index_may_be_that_of_an_actor(tools: CommandLine, archive: Ost) -> None:
    out = tools.done("report", "--index", archive.instances.folder, "--by", "patient", "--json")
    (row,) = loaded(out)
    assert (row["objects"], row["studies"]) == (len(FILES), 1)


def test_a_report_is_the_same_in_its_three_forms(tools: CommandLine) -> None:
    for by in ("patient", "study", "series"):
        rows = loaded(tools.done("report", "ARCHIVE", "--by", by, "--json"))
        text = tools.done("report", "ARCHIVE", "--by", by, "--csv")
        as_csv = list(csv.DictReader(io.StringIO(text)))
        assert as_csv == [{key: str(value) for key, value in row.items()} for row in rows]
        table = tools.done("report", "ARCHIVE", "--by", by)
        assert sum(row["objects"] for row in rows) == len(FILES)
        assert all(str(row["objects"]) in table for row in rows)
    assert f"{len(FILES)} objects" in table


def test_cells_of_a_report_are_no_formulas(tools: CommandLine, make_object) -> None:
    store = InstanceStore(tools.folder / "index")
    store.add_dataset(make_object(PatientID="=1+1", StudyDescription='a,"b'))
    store.close()
    text = tools.done("report", "--index", tools.folder / "index", "--csv")
    (row,) = csv.DictReader(io.StringIO(text))
    assert (row["patient_id"], row["study_description"]) == ("'=1+1", 'a,"b')


def test_a_selection_of_the_index_is_pushed(tools: CommandLine) -> None:
    tools.done("move", "ARCHIVE", "-k", "Modality=CT")
    out = tools.done("push", "ARCHIVE", "-k", "Modality=CT")
    assert f"{SLICES} of {SLICES} files stored to ARCHIVE" in out
    for arguments, words in (([], "say which objects"), (["-k", "Modality=MR"], "nothing of it")):
        refused = tools.run("push", "ARCHIVE", *arguments)
        assert refused.returncode == 2
        assert words in refused.stderr


def test_a_folder_is_pushed_with_a_reason_for_each_refusal(
    tools: CommandLine, tmp_path: Path
) -> None:
    changed = dcmread(PLAN)
    changed.RTPlanLabel = "CHANGED"
    changed.save_as(tmp_path / "changed.dcm")
    (tmp_path / "notes.txt").write_text("not DICOM")
    result = tools.run("push", "ARCHIVE", tmp_path / "changed.dcm", tmp_path / "notes.txt", PLAN)
    assert result.returncode == 1
    assert "1 of 3 files stored" in result.stdout
    assert "changed.dcm: C-STORE to ARCHIVE: 0111H" in result.stderr
    assert "notes.txt: is no DICOM file" in result.stderr


def test_several_aes_are_verified(tools: CommandLine) -> None:
    result = tools.run("echo", "ARCHIVE", "OST", "--json")
    assert result.returncode == 1
    good, dead = loaded(result.stdout)
    assert (good["ae"], good["error"]) == ("ARCHIVE", "")
    assert "nothing listens there" in dead["error"]
    assert tools.run("echo").returncode == 2


def test_retrieving_everything_has_to_be_said(tools: CommandLine) -> None:
    for command in ("move", "get"):
        result = tools.run(command, "ARCHIVE")
        assert result.returncode == 2
        assert "say which objects are meant" in result.stderr


def test_our_own_title_has_to_be_in_the_directory(tools: CommandLine) -> None:
    result = tools.run("move", "ARCHIVE", "-k", "Modality=CT", "--ae-title", "STRANGER")
    assert result.returncode == 2
    assert "AE title 'STRANGER' is not in" in result.stderr


class TestRepack:
    @pytest.fixture
    def folder(self, tmp_path: Path, make_object) -> Path:
        folder = tmp_path / "mixed"
        folder.mkdir()
        for number in range(3):
            self.write(folder / f"{number}.dcm", make_object(f"1.2.{number}"))
        (folder / "notes.txt").write_text("not DICOM")
        return folder

    @staticmethod
    def write(path: Path, dataset: Any) -> None:
        write_part10(path, dataset)

    def test_a_dry_run_writes_nothing(self, tdwii: CommandLine, folder: Path) -> None:
        out = folder.parent / "out"
        result = tdwii.run("repack", folder, "--out", out, "--dry-run")
        assert result.returncode == 1
        assert "3 of 4 files would be copied" in result.stdout
        assert "notes.txt: is no DICOM file" in result.stderr
        assert not out.exists()

    def test_files_are_copied_and_a_second_time_nothing_is_new(
        self, tdwii: CommandLine, folder: Path
    ) -> None:
        (folder / "notes.txt").unlink()
        out = folder / "out"  # below what is repacked
        tdwii.done("repack", folder, "--out", out)
        copies = sorted(out.rglob("*.dcm"))
        assert len(copies) == 3
        assert {path.relative_to(out).parts[0][:2] for path in copies} == {"P1"}
        assert "0 of 3 files copied" in (again := tdwii.done("repack", folder, "--out", out))
        assert "3 were there" in again
        assert [path for path in sorted(out.rglob("*")) if path.is_file()] == copies

    def test_moved_files_are_gone_where_they_were(self, tdwii: CommandLine, folder: Path) -> None:
        out = folder.parent / "out"
        assert tdwii.run("repack", folder, "--out", out, "--move").returncode == 1
        assert [path.name for path in folder.iterdir()] == ["notes.txt"]
        assert len(list(out.rglob("*.dcm"))) == 3

    @pytest.mark.parametrize("options", [[], ["--move"], ["--dry-run"]])
    def test_another_content_in_a_place_is_a_collision(
        self, tdwii: CommandLine, folder: Path, make_object, options: list[str]
    ) -> None:
        out = folder.parent / "out"
        self.write(folder / "9.dcm", make_object("1.2.0", RTPlanLabel="OTHER"))
        result = tdwii.run("repack", folder, "--out", out, "--json", *options)
        assert result.returncode == 1
        rows = {Path(row["file"]).name: row["result"] for row in loaded(result.stdout)}
        assert rows == {
            "0.dcm": "new", "1.dcm": "new", "2.dcm": "new",
            "9.dcm": "collision", "notes.txt": "failed",
        }  # fmt: skip
        assert (folder / "9.dcm").exists()

    def test_nothing_leaves_the_folder(
        self, tdwii: CommandLine, tmp_path: Path, make_object
    ) -> None:
        folder, out = tmp_path / "in", tmp_path / "deep" / "out"
        folder.mkdir()
        for number, evil in enumerate(("../../../x", "/etc/x", "..\\x", "nul", "...")):
            dataset = make_object(f"1.5.{number}", patient=evil, StudyDescription=evil)
            self.write(folder / f"{number}.dcm", dataset)
        tdwii.done("repack", folder, "--out", out)
        assert len(list(out.rglob("*.dcm"))) == 5
        assert len(list(tmp_path.rglob("*.dcm"))) == 10
