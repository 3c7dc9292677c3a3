"""A TDD that is killed at any point of a session, and a TMS that is killed in mid-beam."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tdwii_gui.config.resources import resource_path
from tdwii_gui.dicom.iod.delivered import delivered_metersets
from tdwii_gui.dicom.iod.part10 import read_part10
from tdwii_gui.dicom.iod.plan import read_plan
from tests.soak.dying_tdd import POINTS
from tests.soak.lengths import IS_WHOLE

pytestmark = [pytest.mark.soak, pytest.mark.timeout(600)]

PHOTON = resource_path("demo_patient", "photon_plan.dcm")
ROOT = Path(__file__).resolve().parents[2]
SECONDS = 60
SPEED = 40  # so that there are values in mid-beam
SHORT = (("in mid-beam", "finish"), ("a record is sent, that is not noted", "continue"))
WHOLE = tuple((point, how) for point in POINTS for how in ("finish", "continue"))


def test_a_session_that_was_killed_anywhere_ends_properly(tdwii) -> None:
    """COMPLETED or CANCELED; the OST has exactly the records that the step names."""
    tdwii.serve("ost", "--headless")
    tdwii.serve("tms", "--headless")
    known: set[str] = set()
    for fraction, (point, how) in enumerate(WHOLE if IS_WHOLE else SHORT, start=1):
        (scheduled,) = json.loads(tdwii.done("schedule", PHOTON, "--fraction", fraction, "--json"))
        uid = scheduled["sop_instance_uid"]
        kill_at(tdwii, point, uid)
        listed = tdwii.done("deliver", "--recover")
        recovered = tdwii.run("deliver", "--recover", how)
        words = f"{point}, {how}: {listed}{recovered.stdout}{recovered.stderr}"
        if "no unfinished session" not in listed:
            assert recovered.returncode == 0, words
        assert "no unfinished session" in tdwii.done("deliver", "--recover"), words

        step = json.loads(tdwii.done("ups", "get", uid, "--json"))
        state = step["00741000"]["Value"][0]
        assert state == expected_state(point, how), words
        outputs = outputs_of(step)
        records = stored_records(tdwii) - known
        assert sorted(outputs) == sorted(records), f"{words}: none lost, none doubled"
        assert bool(records) == has_dose(point, how), words
        known |= records
        check_metersets(tdwii, records, is_whole=state == "COMPLETED")


def kill_at(tdwii, point: str, uid: str) -> None:
    """Deliver a step, as far as that point."""
    arguments = tdwii._arguments("deliver", "--ups", uid, "--speed", SPEED)
    ended = subprocess.run(
        [sys.executable, "-m", "tests.soak.dying_tdd", point, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        env=tdwii._environment(),
        check=False,
    )
    assert ended.returncode == -signal.SIGKILL, f"{point}: {ended.stdout}{ended.stderr}"


def expected_state(point: str, how: str) -> str:
    """Return how a session ends that was killed at a point and then recovered."""
    is_delivered = list(POINTS).index(point) >= list(POINTS).index("all is delivered")
    return "COMPLETED" if is_delivered or how == "continue" else "CANCELED"


def has_dose(point: str, how: str) -> bool:
    """Return whether there was dose, before the kill as far as it is known, or after it."""
    return list(POINTS).index(point) >= list(POINTS).index("in mid-beam") or how == "continue"


def outputs_of(step: dict) -> list[str]:
    performed = step.get("00741216", {}).get("Value", [])
    items = performed[0].get("00404033", {}).get("Value", []) if performed else []
    return [
        reference["00081155"]["Value"][0]
        for item in items
        for reference in item["00081199"]["Value"]
    ]


def stored_records(tdwii) -> set[str]:
    found = tdwii.done("find", "OST", "--level", "IMAGE", "--json", "-k", "Modality=RTRECORD")
    return {answer["00080018"]["Value"][0] for answer in json.loads(found)}


def check_metersets(tdwii, records: set[str], *, is_whole: bool) -> None:
    """Check that the records of a session add up to no more than the plan, or to all of it."""
    total: dict[int, float] = {}
    for path in (tdwii.folder / "data" / "ost").rglob("*.dcm"):
        dataset = read_part10(path)
        if dataset.SOPInstanceUID in records:
            for beam in delivered_metersets(dataset):
                total[beam.beam_number] = total.get(beam.beam_number, 0.0) + beam.delivered
    planned = {beam.number: beam.meterset for beam in read_plan(PHOTON).fraction_group().beams}
    if is_whole:
        assert total == pytest.approx(planned, abs=1e-6)
    else:
        assert all(0 < total[number] <= planned[number] + 1e-6 for number in total)


def test_a_tms_that_is_killed_in_mid_beam_has_the_whole_progress_at_the_end(tdwii) -> None:
    tdwii.serve("ost", "--headless")
    tms = tdwii.serve("tms", "--headless")
    (scheduled,) = json.loads(tdwii.done("schedule", PHOTON, "--json"))
    device = tdwii.start("deliver", "--speed", 30)
    for _ in range(3):
        device.wait_for_line("RO-62 ")
    tms.stop(signal.SIGKILL)
    device.wait_for_line("none")
    tdwii.serve("tms", "--headless")
    assert device.process.wait(SECONDS) == 0
    step = json.loads(tdwii.done("ups", "get", scheduled["sop_instance_uid"], "--json"))
    assert step["00741000"]["Value"] == ["COMPLETED"]
    progress = step["00741002"]["Value"][0]
    assert float(progress["00741004"]["Value"][0]) == 100
    assert len(outputs_of(step)) == 1
