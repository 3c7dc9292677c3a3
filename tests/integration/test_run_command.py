"""`tdwii run`: scenarios from the command line: exit code, recording, evidence, verdicts."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING

import pytest

from tdwii_gui.config.ae_directory import ApplicationEntity
from tdwii_gui.dicom.errors import AssociationError
from tdwii_gui.dicom.iod.ups import ProcedureStepState
from tdwii_gui.dicom.iod.ups_query import WorklistKeys, worklist_query
from tdwii_gui.dicom.net.session import LocalAe
from tdwii_gui.dicom.net.ups_scu import UpsScu
from tdwii_gui.recording.reading import Recording, find_recording
from tdwii_gui.scenario.library import shipped_names
from tests.integration.foreign.device import ForeignTdd

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.command_line import CommandLine

SECONDS = 20
RED = """
title = "Red"
purpose = "Expects what does not come."
clauses = []
[[step]]
title = "Not so"
do = "tdd.query_worklist"
with = { found = 3 }
[[step]]
title = "Never reached"
do = "tdd.subscribe"
"""


def test_the_shipped_scenarios_are_listed(tdwii: CommandLine) -> None:
    lines = tdwii.done("run", "--list").splitlines()
    assert [line.split()[0] for line in lines[1:]] == shipped_names()


def test_a_run_is_recorded_judged_and_reported(tdwii: CommandLine, tmp_path: Path) -> None:
    recordings, reports = tmp_path / "recordings", tmp_path / "reports"
    told = tdwii.done(
        "run", "two_devices_race", "--headless", "--record", recordings, "--report", reports
    )
    assert "passed in " in told
    recording = Recording(find_recording(recordings))
    assert recording.info["actors"]["TDD2"] == "tdd"
    assert {one.kind for one in recording.messages} >= {"N-CREATE-RQ", "N-ACTION-RSP"}
    (pack,) = [each for each in reports.iterdir() if each.is_dir()]
    assert str(pack) in told
    verdict = json.loads((pack / "verdict.json").read_text(encoding="utf-8"))
    assert "Two devices race" in (pack / "scenario.toml").read_text(encoding="utf-8")
    assert verdict


def test_exit_codes_tell_red_from_wrong(tdwii: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "red.toml"
    path.write_text(RED, encoding="utf-8")
    red = tdwii.run("run", path)
    assert red.returncode == 1
    assert "Not so: expected 3 procedure steps; the TMS has 0" in red.stdout
    assert "skipped" in red.stdout
    path.write_text(RED.replace("found", "fund"), encoding="utf-8")
    wrong = tdwii.run("run", "handshake_tms", path)
    assert wrong.returncode == 2
    assert f"{path}, line 8: fund is no argument of query_worklist" in wrong.stderr
    assert "Handshake" not in wrong.stdout
    for arguments in ([], ["nothing"], ["handshake_tms", "--external", "TSM=A@h:1"]):
        assert tdwii.run("run", *arguments).returncode == 2


@pytest.fixture
def foreign(tdwii: CommandLine) -> Iterator[ForeignTdd]:
    """A device of another make that treats the first step that it finds in the worklist."""
    tms, ost = (
        ApplicationEntity(title, "127.0.0.1", tdwii.ports[title]) for title in ("TMS", "OST")
    )
    over = threading.Event()

    def treat() -> None:
        query = worklist_query(WorklistKeys(state=ProcedureStepState.SCHEDULED))
        while not over.wait(0.02):
            try:
                with UpsScu(LocalAe("POLLER"), tms) as scu:
                    found = [step.SOPInstanceUID for step in scu.c_find(query)]
            except AssociationError:
                continue
            if found:
                device.treat(found[0])
                return

    device = ForeignTdd("FOREIGN", tms, ost)
    with device.listening():
        thread = threading.Thread(target=treat)
        thread.start()
        yield device
        over.set()
        thread.join(SECONDS)


def test_another_device_that_is_right_passes(tdwii: CommandLine, foreign: ForeignTdd) -> None:
    other = f"TDD=FOREIGN@127.0.0.1:{foreign.port}"
    told = tdwii.done("run", "handshake_tdd", "--external", other)
    assert "skipped" in told  # the patient is confirmed without any message
    after = told.partition("\nFOREIGN\n")[2].splitlines()
    assert len([line for line in after if line.startswith("  met ")]) > 10
    assert ", 0 not met, " in after[-1]


def test_another_device_that_is_wrong_is_told_what(tdwii: CommandLine, foreign: ForeignTdd) -> None:
    foreign.faults = frozenset({"tdd-retrieves-instruction"})
    other = f"TDD=FOREIGN@127.0.0.1:{foreign.port}"
    result = tdwii.run("run", "handshake_tdd", "--external", other)
    assert result.returncode == 1
    lines = result.stdout.splitlines()
    (unmet,) = [line for line in lines if line.startswith("  not met ")]
    assert "RO-61" in unmet
    assert "(message" in lines[lines.index(unmet) + 1]
