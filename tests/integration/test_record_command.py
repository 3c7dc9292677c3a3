"""`tdwii record check`: verdicts, exit codes, and one sentence for what cannot be used."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tdwii_gui.config.resources import resource_path
from tdwii_gui.dicom.iod.part10 import write_part10
from tdwii_gui.dicom.iod.plan import read_plan
from tdwii_gui.dicom.iod.rtbdi import BeamTask, SessionTasks, TreatmentDeliveryType, build_rtbdi
from tdwii_gui.dicom.iod.treatment_record import (
    DeliveredBeam,
    SessionInfo,
    TerminationStatus,
    build_treatment_records,
)

if TYPE_CHECKING:
    from pathlib import Path

AT = datetime(2026, 1, 2, 10, 0, 0)
PLAN = resource_path("demo_patient", "photon_plan.dcm")
ION_PLAN = resource_path("demo_patient", "ion_plan.dcm")
CONTINUATION = TreatmentDeliveryType.CONTINUATION


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """The records of an interrupted and continued fraction, and the second session's RTBDI."""
    plan = read_plan(PLAN)
    group = plan.fraction_group()
    half = {beam.number: beam.meterset / 2 for beam in group.beams}
    ended = AT + timedelta(seconds=60)
    first = [
        DeliveredBeam(n, end, AT, ended, termination=TerminationStatus.MACHINE)
        for n, end in half.items()
    ]
    second = [
        DeliveredBeam(
            beam.number,
            beam.meterset,
            AT,
            ended,
            start_meterset=half[beam.number],
            delivery_type=CONTINUATION,
        )
        for beam in group.beams
    ]
    (record,) = build_treatment_records(plan, group, first, SessionInfo(2))
    (rest,) = build_treatment_records(plan, group, second, SessionInfo(2, prior_records=[record]))
    tasks = [
        BeamTask(beam.number, CONTINUATION, half[beam.number], beam.meterset)
        for beam in group.beams
    ]
    made = {
        "first": record,
        "rest": rest,
        "rtbdi": build_rtbdi(plan, group, 2, SessionTasks(tuple(tasks))),
    }
    for name, dataset in made.items():
        write_part10(tmp_path / f"{name}.dcm", dataset)
    return {name: tmp_path / f"{name}.dcm" for name in made}


def test_an_interrupted_and_continued_fraction_meets_all(tdwii, files) -> None:
    result = tdwii.run("record", "check", files["first"], "--plan", PLAN)
    assert (result.returncode, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert lines[0] == f"# {files['first']}"
    assert lines[1].split() == ["VERDICT", "ATTRIBUTE", "FOUND"]
    assert any(line.startswith("met ") and "names the plan" in line for line in lines)
    assert "0 not met" in lines[-1]
    arguments = ["--plan", PLAN, "--rtbdi", files["rtbdi"], "--prior", files["first"]]
    result = tdwii.run("record", "check", files["rest"], *arguments, "--json")
    assert (result.returncode, result.stderr) == (0, "")
    (found,) = json.loads(result.stdout)
    assert (found["file"], found["met"]) == (str(files["rest"]), True)
    assert {finding["verdict"] for finding in found["findings"]} == {"met", "not told"}


def test_a_record_of_another_plan_is_one_sentence_and_code_1(tdwii, files) -> None:
    result = tdwii.run("record", "check", files["first"], files["rest"], "--plan", ION_PLAN)
    assert result.returncode == 1
    sentences = result.stderr.splitlines()
    for sentence, name in zip(sentences, ("first", "rest"), strict=True):
        assert sentence.startswith(f"tdwii: {files[name]}: ")
    assert "; ReferencedRTPlanSequence names" in result.stderr
    assert "Traceback" not in result.stderr


def test_the_tolerance_is_an_option(tdwii, files) -> None:
    arguments = ("record", "check", files["rest"], "--plan", PLAN, "--rtbdi", files["rtbdi"])
    assert tdwii.run(*arguments, "--tolerance", 1).returncode == 0
    assert tdwii.run(*arguments, "--tolerance", 0).returncode == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("{plan}", "--plan", "{plan}"), "is no beams treatment record but RT Plan Storage"),
        (("{first}", "--plan", "{first}"), "first.dcm: "),
        (("{first}", "--plan", "{plan}", "--rtbdi", "{rest}"), "rest.dcm: is no RT Beams Delivery"),
        (("nowhere.dcm", "--plan", "{plan}"), "nowhere.dcm: cannot be read"),
        (("{first}", "--plan", "{plan}", "--prior", "{text}"), "text.dcm: is no DICOM file"),
    ],
)
def test_what_cannot_be_used_is_one_sentence_and_code_2(
    tdwii, files, tmp_path, arguments, words
) -> None:
    places = {**files, "plan": PLAN, "text": tmp_path / "text.dcm"}
    places["text"].write_text("no DICOM file at all")
    result = tdwii.run("record", "check", *(each.format(**places) for each in arguments))
    assert result.returncode == 2
    assert words in result.stderr
    assert result.stderr.count("\n") == 1
