"""The evidence pack: its files, their names, and the zip."""

from __future__ import annotations

import json
import re
import zipfile
from typing import TYPE_CHECKING

from tdwii_gui.evidence.comparison import compare
from tdwii_gui.evidence.pack import write_pack
from tdwii_gui.judging.verdict import Outcome
from tdwii_gui.recording.reading import Recording
from tdwii_gui.scenario.results import StepOutcome
from tests.unit.evidence.hand_made import fraction, write_recording
from tests.unit.evidence.judged import run, verdict

if TYPE_CHECKING:
    from pathlib import Path

    from tdwii_gui.evidence.report import Report

OURS = re.compile(r"[a-z]+\.(html|pdf|svg|jsonl|json|pcap|toml)|objects/[0-9]+\.dcm")


def _pack(tmp_path: Path, *, parts: int = 1) -> Path:
    folder = write_recording(tmp_path / "recording", fraction(), parts=parts)
    return write_pack(
        tmp_path / "packs",
        Recording(folder),
        run(StepOutcome.PASSED, StepOutcome.FAILED, StepOutcome.SKIPPED),
        [verdict(Outcome.NOT_MET, 24)],
        configuration="[tms]\nport = 11112\n",
    )


def test_the_folder_is_named_by_time_and_scenario_and_never_overwritten(tmp_path: Path) -> None:
    first = _pack(tmp_path)
    assert re.fullmatch(r"2026-11-21T\d{4}_a-fraction", first.name)
    again = write_pack(
        tmp_path / "packs", Recording(tmp_path / "recording"), run(StepOutcome.PASSED), [],
        configuration="",
    )  # fmt: skip
    assert again.name == f"{first.name}_2"


def test_all_files_are_there_and_their_names_are_ours(tmp_path: Path) -> None:
    pack = _pack(tmp_path)
    names = {each.relative_to(pack).as_posix() for each in pack.rglob("*") if each.is_file()}
    assert names == {
        "report.html", "ladder.svg", "messages.jsonl", "associations.jsonl", "capture.pcap",
        "recording.json", "config.toml", "scenario.toml", "versions.json", "verdict.json",
    }  # fmt: skip
    assert all(OURS.fullmatch(name) for name in names)
    assert "There is no report.pdf" in (pack / "report.html").read_text()


def test_a_scenario_cannot_name_a_path(tmp_path: Path) -> None:
    folder = write_recording(tmp_path / "recording", fraction())
    result = run(StepOutcome.PASSED)
    object.__setattr__(result.scenario, "name", "../../<b>CON" + "x" * 200)
    pack = write_pack(tmp_path / "packs", Recording(folder), result, [], configuration="")
    assert pack.parent == tmp_path / "packs"
    assert re.fullmatch(r"[0-9T-]+_b-conx{1,60}", pack.name)


def test_the_zip_equals_the_folder(tmp_path: Path) -> None:
    pack = _pack(tmp_path)
    with zipfile.ZipFile(pack.with_name(f"{pack.name}.zip")) as file:
        zipped = {name: file.read(name) for name in file.namelist()}
    assert zipped == {
        each.relative_to(pack.parent).as_posix(): each.read_bytes()
        for each in pack.rglob("*")
        if each.is_file()
    }


def test_parts_become_one_and_packets_are_numbered_through(tmp_path: Path) -> None:
    folder = write_recording(tmp_path / "several", fraction(), parts=3)
    (tmp_path / "one").mkdir()
    several, whole = Recording(folder), _pack(tmp_path / "one")
    pack = write_pack(tmp_path / "packs", several, None, [], configuration="")
    merged = Recording(pack)
    assert [one.frame for one in several.messages][-1] == 9
    assert [one.frame for one in merged.messages] == list(range(1, 28))
    assert (pack / "capture.pcap").read_bytes() == (whole / "capture.pcap").read_bytes()
    assert compare(several, merged).equal


def test_the_verdict_for_programs_says_all(tmp_path: Path) -> None:
    told = json.loads((_pack(tmp_path) / "verdict.json").read_text())
    assert (told["scenario"], told["passed"]) == ("a-fraction", False)
    assert [step["outcome"] for step in told["steps"]] == ["passed", "failed", "skipped"]
    assert [one["transaction"] for one in told["transactions"]][:2] == ["RO-58", "RO-59"]
    (requirement,) = told["requirements"]
    assert requirement["outcome"] == "not met"
    assert requirement["links"] == ["report.html#m24"]


def test_who_is_none_of_ours_is_told(tmp_path: Path) -> None:
    reports: list[Report] = []
    folder = write_recording(tmp_path / "recording", fraction(), notes=["Seen from afar."])
    pack = write_pack(
        tmp_path, Recording(folder), run(StepOutcome.PASSED), [], configuration="",
        write_pdf=lambda _path, report: reports.append(report),
    )  # fmt: skip
    (report,) = reports
    assert report.background.external == {"TDD1"}
    assert report.roles["TDD1"] == "tdd"
    assert "Seen from afar." in (pack / "report.html").read_text()


def test_a_password_is_not_handed_on(tmp_path: Path) -> None:
    folder = write_recording(tmp_path / "recording", fraction())
    told = 'database = "postgresql://tms:se:cr@t@db.host:5432/tms"\n'
    pack = write_pack(tmp_path, Recording(folder), None, [], configuration=told)
    assert (
        pack / "config.toml"
    ).read_text() == 'database = "postgresql://tms:…@db.host:5432/tms"\n'
    assert not [each for each in pack.iterdir() if each.is_file() and b"cr@t" in each.read_bytes()]
