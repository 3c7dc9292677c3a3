"""`tdwii inspect` without a window."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.recordings import write_recording

if TYPE_CHECKING:
    from pathlib import Path

    from tests.command_line import CommandLine


def test_messages_are_listed(tdwii: CommandLine, tmp_path: Path) -> None:
    write_recording(tmp_path / "all" / "2026-11-21T101200", range(1, 4))
    code, output, _ = tdwii.run("inspect", str(tmp_path / "all"), "--headless")
    assert code == 0
    lines = output.splitlines()
    assert len(lines) == 4
    assert "TDD -> TMS" in lines[0]
    assert "N-SET-RQ" in lines[0]
    assert lines[1].endswith(": no such step")
    assert lines[3].startswith("3 messages in ")


def test_problems_are_listed_as_json(tdwii: CommandLine, tmp_path: Path) -> None:
    folder = write_recording(tmp_path / "all" / "2026-11-21T101200", range(1, 4))
    code, output, _ = tdwii.run("inspect", str(folder), "--json", "--problems")
    assert code == 0
    rows = json.loads(output)
    assert [row["number"] for row in rows] == [1, 2, 3]
    assert rows[1]["status"] == "C300"
    assert rows[1]["request"] is None


def test_a_folder_without_a_recording_is_refused(tdwii: CommandLine, tmp_path: Path) -> None:
    for command in (["inspect", "--headless"], ["judge"], ["compare", str(tmp_path)]):
        code, _, errors = tdwii.run(*command, str(tmp_path))
        assert code == 2, command
        assert "holds no recording" in errors


def test_who_is_judged_has_to_be_in_the_recording(tdwii: CommandLine, tmp_path: Path) -> None:
    write_recording(tmp_path / "all" / "2026-11-21T101200", range(1, 4))
    code, output, _ = tdwii.run("judge", str(tmp_path / "all"), "--role", "TDD=tdd")
    assert code in (0, 1)
    assert "RO-60" in output
    code, _, errors = tdwii.run("judge", str(tmp_path / "all"), "--role", "TDD1=tdd")
    assert code == 2
    assert "'TDD1' is not in the recording, but " in errors
    assert "TMS" in errors
