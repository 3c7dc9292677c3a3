"""`tdwii schedule --continue` and `--course`, and `tdwii course`."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tdwii_gui.actors.actor import Surroundings
from tdwii_gui.actors.ost import Ost
from tdwii_gui.actors.tdd import Tdd
from tdwii_gui.actors.tms import Tms
from tdwii_gui.config.ae_directory import load_ae_directory
from tdwii_gui.config.resources import resource_path
from tdwii_gui.config.settings import OstSettings, TddSettings, TmsSettings
from tdwii_gui.dicom.iod.part10 import read_part10, write_part10
from tdwii_gui.dicom.iod.plan import read_plan
from tdwii_gui.dicom.iod.rtbdi import TreatmentDeliveryType
from tdwii_gui.dicom.iod.ups import ProcedureStepState, Ups
from tests.integration.interruption import deliver_part
from tests.treatment_records import foreign_record

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.command_line import CommandLine

PHOTON = resource_path("demo_patient", "photon_plan.dcm")
ELECTRON = resource_path("demo_patient", "electron_plan.dcm")
MIDNIGHT = datetime.now().replace(hour=0, minute=0, second=0, microsecond=0)


@pytest.fixture
def around(tdwii: CommandLine, tmp_path: Path) -> Surroundings:
    return Surroundings(load_ae_directory(tdwii.ae_config), tmp_path / "servers")


@pytest.fixture
def servers(tdwii: CommandLine, around: Surroundings) -> Iterator[CommandLine]:
    """Return the command line with an OST and a TMS of this process."""
    ost, tms = Ost(OstSettings(), around), Tms(TmsSettings(), around)
    ost.start()
    tms.start()
    yield tdwii
    tms.stop()
    ost.stop()


@pytest.fixture
def tdd(servers: CommandLine, around: Surroundings) -> Iterator[Tdd]:
    made = Tdd(TddSettings(), around)
    yield made
    made.stop()


def schedule(tdwii: CommandLine, *arguments: object) -> list[dict]:
    return json.loads(tdwii.done("schedule", *arguments, "--json"))


def course(tdwii: CommandLine, plan: Path) -> dict:
    return json.loads(tdwii.done("course", plan, "--json"))


def test_an_interrupted_fraction_is_continued(servers: CommandLine, tdd: Tdd) -> None:
    plan = read_plan(PHOTON)
    beams = {beam.number: beam.meterset for beam in plan.fraction_group().beams}
    one, two = list(beams)[:2]
    (step,) = schedule(servers, PHOTON, "--fraction", 3)
    uid = step["sop_instance_uid"]
    deliver_part(tdd, plan, uid, {one: (0, beams[one]), two: (0, 17.25)}, 3)

    (again,) = schedule(servers, PHOTON, "--continue")
    assert again["fraction"] == 3
    assert [beam["task"] for beam in again["beams"]][:2] == ["ALREADY_TREATED", "CONTINUATION"]
    assert again["beams"][1]["delivered"] == 17.25
    got = json.loads(servers.done("ups", "get", again["sop_instance_uid"], "--json"))
    assert got["00741224"]["Value"][0]["00081155"]["Value"] == [uid]

    refused = servers.run("schedule", PHOTON, "--continue")
    assert refused.returncode == 2
    assert f"fraction 3 has step {again['sop_instance_uid']} already" in refused.stderr

    (group,) = course(servers, PHOTON)["groups"]
    third = group["fractions"][2]
    assert (third["state"], group["interrupted"]) == ("INTERRUPTED", 1)
    assert [step["state"] for step in third["steps"]] == ["CANCELED", "SCHEDULED"]
    assert third["beams"][1]["remaining"] == beams[two] - 17.25
    total = group["metersets"][0]
    assert total["delivered"] == beams[one] + 17.25
    assert total["delivered"] + total["remaining"] == pytest.approx(total["planned"], abs=1e-9)
    shown = servers.done("course", PHOTON)
    assert f"{beams[one] + 17.25:.10g} of {sum(beams.values()):.10g}" in shown
    assert "1 interrupted" in shown


def test_records_in_files_are_taken_and_stored_with_the_plan(
    servers: CommandLine, tmp_path: Path
) -> None:
    plan = read_plan(PHOTON)
    beam = plan.fraction_group().beams[0]
    path = tmp_path / "record.dcm"
    write_part10(path, foreign_record(plan, {beam.number: (0, 10)}, 2))
    (built,) = schedule(servers, PHOTON, "--continue", "--records", path, "--no-send")
    assert built["beams"][0]["delivered"] == 10
    assert course(servers, PHOTON)["groups"][0]["interrupted"] == 0
    servers.done("store", "OST", path)
    schedule(servers, PHOTON, "--continue", "--records", path)
    assert course(servers, PHOTON)["groups"][0]["interrupted"] == 1
    refused = servers.run(
        "schedule", PHOTON, "--continue", "--fraction", 3, "--records", path, "--no-send"
    )
    assert refused.returncode == 2
    assert f"{path}: Beam {beam.number} CurrentFractionNumber is 2, not 3" in refused.stderr


def test_a_course_is_resumed_after_missed_fractions(
    servers: CommandLine, tdd: Tdd, tmp_path: Path
) -> None:
    """Ten fractions from a week ago on: the first delivered, the second interrupted."""
    plan = read_plan(ELECTRON)
    beams = {beam.number: beam.meterset for beam in plan.fraction_group().beams}
    whole = {number: (0, meterset) for number, meterset in beams.items()}
    begin = MIDNIGHT - timedelta(days=MIDNIGHT.weekday() + 7, hours=-9)
    steps = schedule(servers, ELECTRON, "--course", "--when", begin.isoformat())
    uids = [step["sop_instance_uid"] for step in steps]
    done = ProcedureStepState.COMPLETED
    deliver_part(tdd, plan, uids[0], whole, 1, state=done)
    deliver_part(tdd, plan, uids[1], {next(iter(beams)): (0, 5)}, 2)

    (group,) = course(servers, ELECTRON)["groups"]
    states = [fraction["state"] for fraction in group["fractions"]]
    assert states[:4] == ["DELIVERED", "INTERRUPTED", "MISSED", "MISSED"]
    assert (group["planned"], group["delivered"], group["remaining"]) == (10, 1, 9)

    off = tmp_path / "holidays.txt"
    off.write_text("2030-01-01  # Tuesday\n")
    resume = ("--course", "--resume", "--holidays", off, "--holiday", "2030-01-02..2030-01-03")
    moved = schedule(servers, ELECTRON, *resume, "--when", "2029-12-31T10:00")
    assert [step["fraction"] for step in moved] == [3, 4, 5, 6, 7, 8, 9, 10, 2]
    assert moved[-1]["start"].startswith("2029-12-31 10:00")
    assert [step["start"][:10] for step in moved[:3]] == ["2030-01-04", "2030-01-07", "2030-01-08"]
    assert [step["sop_instance_uid"] for step in moved[:8]] == uids[2:]
    listed = json.loads(servers.done("worklist", "--json", "--state", "SCHEDULED"))
    starts = {step["00080018"]["Value"][0]: step["00404005"]["Value"][0] for step in listed}
    assert starts[uids[2]].startswith("20300104100000")
    again = servers.done("schedule", ELECTRON, *resume, "--when", "2029-12-31T10:00")
    assert again.splitlines()[-1] == "0 fractions scheduled"


def test_groups_follow_one_another_and_two_a_day_keep_their_interval(
    tdwii: CommandLine, shared_data: Path
) -> None:
    plan = shared_data / "photon_monaco" / "multi_fraction_groups.dcm"
    options = ("--course", "--no-send", "--when", "2026-11-20T08:00", "--per-day", 2)
    steps = schedule(tdwii, plan, *options)
    assert [step["fraction"] for step in steps] == [*range(1, 17), *range(1, 5)]
    assert [step["start"][5:16] for step in steps[:3]] == [
        "11-20 08:00",
        "11-20 14:00",
        "11-23 08:00",
    ]
    assert len(schedule(tdwii, plan, *options, "--fraction-group", 2)) == 4


def test_a_step_may_replace_one_of_which_nothing_was_delivered(
    tdwii: CommandLine, tmp_path: Path
) -> None:
    tdwii.done("schedule", PHOTON, "--replaces", "2.25.5", "--no-send", "--out", tmp_path)
    (path,) = tmp_path.glob("ups.*.dcm")
    step = Ups(read_part10(path))
    assert step.replaced_steps == ("2.25.5",)
    assert step.delivery_type is TreatmentDeliveryType.TREATMENT


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--course", "--fraction", 2), "--course schedules every fraction"),
        (("--resume",), "--resume needs --course"),
        (("--records", PHOTON), "--records needs --continue or --resume"),
        (("--course", "--continue"), "not allowed with argument"),
        (("--course", "--holiday", "Christmas"), "'Christmas' is no day"),
        (("--course", "--per-day", 0), "0 fractions a day are not in 1 to 24"),
        (("--course", "--interval", "nan"), "nan is no number of hours"),
        (("--continue", "--records", PHOTON), "is no beams treatment record but RT Plan"),
    ],
)
def test_options_that_cannot_be(tdwii: CommandLine, arguments, words: str) -> None:
    refused = tdwii.run("schedule", PHOTON, "--no-send", *arguments)
    assert refused.returncode == 2
    assert words in refused.stderr
