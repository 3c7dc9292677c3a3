"""The `tdwii` command: four servers as four processes, and everything by hand."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from pydicom import dcmread

from tdwii_gui.app.cli import main
from tdwii_gui.config.resources import resource_path

if TYPE_CHECKING:
    from pathlib import Path

PHOTON = resource_path("demo_patient", "photon_plan.dcm")
ION = resource_path("demo_patient", "ion_plan.dcm")


def one_line(text: str) -> str:
    """Check that a complaint is one line without a traceback, and return it."""
    assert "Traceback" not in text
    assert text.count("\n") == 1, text
    return text


def worklist(tdwii, *arguments: str) -> list[dict]:
    return json.loads(tdwii.done("worklist", "--json", *arguments))


def test_schedule_and_deliver_against_four_servers_end_completed(tdwii) -> None:
    """Each a process of its own, as on six terminals."""
    tdwii.serve_all()
    stored = tdwii.run_as_process("store", "OST", resource_path("demo_patient"))
    assert stored.returncode == 0, stored.stderr
    built = tdwii.run_as_process("schedule", PHOTON, "--fraction", 3, "--json")
    scheduled = json.loads(built.stdout)
    assert [(s["fraction"], s["machine"]) for s in scheduled] == [(3, "DEMO-LINAC")]

    delivered = tdwii.run_as_process("deliver", "--machine", "DEMO-LINAC", "--operator", "A^B")
    assert delivered.returncode == 0, delivered.stderr
    for number in range(58, 66):
        assert f"RO-{number} " in delivered.stdout
    assert "COMPLETED" in delivered.stdout.splitlines()[-1]

    (step,) = worklist(tdwii, "--state", "COMPLETED")
    assert step["00080018"]["Value"] == [scheduled[0]["sop_instance_uid"]]
    assert worklist(tdwii, "--state", "SCHEDULED") == []
    for server in tdwii.servers:
        assert server.stop() == 0, "a server ends well on SIGTERM"


def test_servers_say_one_ready_line_and_end_on_sigint(tdwii) -> None:
    server = tdwii.serve("ost", "--headless", "--ae-title", "MY_OST", "--port", 0)
    assert server.stop(signal.SIGINT) == 0
    server = tdwii.serve("events")
    assert server.stop() == 0


def test_a_step_worked_on_by_hand(tdwii, tmp_path: Path) -> None:
    tdwii.serve("ost", "--headless")
    tdwii.serve("tms", "--headless")
    events = tdwii.serve("events")
    tdwii.done("subscribe", "--receiving-ae", "NEVENT_RECEIVER", "--deletion-lock")
    tdwii.done("schedule", ION, "--out", tmp_path / "out")
    assert sorted(path.name.split(".")[0] for path in (tmp_path / "out").iterdir()) == [
        "plan",
        "rtbdi",
        "ups",
    ]
    ((uid,),) = [step["00080018"]["Value"] for step in worklist(tdwii)]
    events.wait_for_line(f"1 UPS State Report  {uid}")
    events.wait_for_line(f"5 UPS Assigned  {uid}")

    assert "[SCHEDULED]" in tdwii.done("ups", "get", uid)
    assert "Transaction UID 2.25." in tdwii.done("ups", "claim", uid)
    events.wait_for_line("1 UPS State Report")
    tdwii.done("ups", "progress", uid, 40, "--beam", 1)
    events.wait_for_line("3 UPS Progress Report")
    refused = tdwii.run("ups", "claim", uid, "--ae-title", "OTHER", "--data-dir", tmp_path / "x")
    assert refused.returncode == 1
    assert "C301H" in one_line(refused.stderr)
    tdwii.done("ups", "cancel", uid, "--reason", "110515", "--text", "pain")
    events.wait_for_line("1 UPS State Report")
    got = json.loads(tdwii.done("ups", "get", uid, "--json"))
    assert got["00741000"]["Value"] == ["CANCELED"]
    reason = got["00741002"]["Value"][0]["0074100E"]["Value"][0]
    assert reason["00080100"]["Value"] == ["110515"]

    late = tdwii.run("ups", "progress", uid, 50)
    assert late.returncode == 2
    assert "is not claimed by TDD" in one_line(late.stderr)
    tdwii.done("unsubscribe", "--receiving-ae", "NEVENT_RECEIVER")


def test_complete_and_request_cancel_by_hand(tdwii) -> None:
    tdwii.serve("ost", "--headless")
    tdwii.serve("tms", "--headless")
    tdwii.done("schedule", PHOTON)
    ((uid,),) = [step["00080018"]["Value"] for step in worklist(tdwii)]
    tdwii.done("ups", "claim", uid)
    tdwii.done("ups", "complete", uid)
    refused = tdwii.run("ups", "request-cancel", uid)
    assert refused.returncode == 1
    assert "C311H the step is already COMPLETED" in one_line(refused.stderr)


def test_an_exported_step_can_be_created_again_from_its_file(tdwii, tmp_path: Path) -> None:
    tdwii.serve("tms", "--headless")
    tdwii.done("schedule", PHOTON, "--no-send", "--out", tmp_path / "out")
    assert worklist(tdwii) == []
    (ups,) = (tmp_path / "out").glob("ups.*.dcm")
    uid = tdwii.done("ups", "create", ups).strip()
    assert uid == dcmread(ups).SOPInstanceUID
    again = tdwii.run("ups", "create", ups)
    assert again.returncode == 1
    assert "0111H duplicate SOP instance" in one_line(again.stderr)


def test_inputs_are_moved_to_an_ae_by_uid_and_by_file(tdwii, tmp_path: Path) -> None:
    tdwii.serve_all()
    tdwii.done("schedule", PHOTON, "--out", tmp_path / "out")
    ((uid,),) = [step["00080018"]["Value"] for step in worklist(tdwii)]
    tdwii.done("store", "OST", resource_path("demo_patient", "photo.dcm"))
    (ups,) = (tmp_path / "out").glob("ups.*.dcm")
    for step in (uid, ups):
        out = tdwii.done("inputs", step, "--to", "TDD")
        assert "TMS: 1 of 1 objects moved to TDD" in out
        assert "OST: 1 of 1 objects moved to TDD" in out
    unknown = tdwii.run("inputs", uid, "--to", "NOBODY")
    assert unknown.returncode == 1
    assert "A801H move destination unknown" in unknown.stderr


def test_a_course_is_scheduled_one_fraction_a_weekday(tdwii) -> None:
    tdwii.serve("ost", "--headless")
    tdwii.serve("tms", "--headless")
    plan = resource_path("demo_patient", "electron_plan.dcm")
    out = tdwii.done("schedule", plan, "--course", "--when", "2026-11-20T09:30", "--json")
    steps = json.loads(out)
    assert [step["fraction"] for step in steps] == list(range(1, 11))
    days = [step["start"][:10] for step in steps]
    assert days[:3] == ["2026-11-20", "2026-11-23", "2026-11-24"]
    assert {step["start"][11:16] for step in steps} == {"09:30"}
    in_range = worklist(tdwii, "--from", "2026-11-23T00:00", "--to", "2026-11-24T23:59")
    assert len(in_range) == 2


def test_the_fields_query_files_work_as_they_are(tdwii, shared_data: Path) -> None:
    tdwii.serve("ost", "--headless")
    tdwii.serve("tms", "--headless")
    tdwii.done("schedule", PHOTON, "--machine", "FX1")
    query = shared_data / "ups_samples" / "UPSCFind_TDWII_SCHEDULED_FX1.dcm"
    assert len(worklist(tdwii, "--query", str(query))) == 1
    text = tdwii.folder / "query.txt"
    text.write_text("(0074,1000) CS [CANCELED]\n(0008,0018) UI (no value available)\n")
    assert worklist(tdwii, "--query", str(text)) == []
    assert "no step matches" in tdwii.done("worklist", "--machine", "TR9")


def test_deliver_says_so_when_the_listening_tdd_has_another_data_folder(
    tdwii, tmp_path: Path
) -> None:
    for actor in ("ost", "tms", "tdd"):
        tdwii.serve(actor, "--headless")
    tdwii.done("schedule", PHOTON)
    failed = tdwii.run("deliver", "--data-dir", tmp_path / "elsewhere")
    assert failed.returncode == 1
    complaint = one_line(failed.stderr)
    assert "OST sent 1 of 1 objects to TDD, which keeps them in another data folder" in complaint
    (step,) = worklist(tdwii, "--state", "SCHEDULED")
    assert step, "nothing was claimed"


def test_an_interrupted_delivery_leaves_a_step_that_can_be_finished(tdwii) -> None:
    tdwii.serve("ost", "--headless")
    tdwii.serve("tms", "--headless")
    tdwii.done("schedule", PHOTON)
    delivery = tdwii.start("deliver", "--speed", "1")
    delivery.wait_for_line("RO-62")
    assert delivery.stop(signal.SIGINT) == 1
    line = delivery.wait_for_line("stays IN PROGRESS")
    (uid,) = worklist(tdwii, "--state", "IN PROGRESS")[0]["00080018"]["Value"]
    assert uid in line
    tdwii.done("ups", "cancel", uid, "--reason", "110501")
    (step,) = worklist(tdwii, "--state", "CANCELED")
    assert step["00080018"]["Value"] == [uid]


def test_a_busy_port_is_one_line_and_the_other_server_lives(tdwii) -> None:
    tdwii.serve("ost", "--headless")
    second = tdwii.run("ost", "--headless")
    assert second.returncode == 1
    assert "in use" in one_line(second.stderr)
    assert "answers in" in tdwii.done("echo", "OST")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("echo", "NOBODY"), 2, "AE title 'NOBODY' is not in"),
        (("echo", "TMS"), 1, "nothing listens"),
        (("worklist",), 1, "nothing listens"),
        (("schedule", "no-such-plan.dcm"), 2, "no-such-plan.dcm: cannot be read"),
        (("schedule", PHOTON), 1, "nothing listens"),
        (("schedule", PHOTON, "--fraction", 36), 2, "fraction 36 is beyond the 35 fractions"),
        (("schedule", PHOTON, "--fraction", 0), 2, "fraction 0"),
        (("schedule", PHOTON, "--fraction-group", 7), 2, "fraction group 7"),
        (("schedule", resource_path("demo_patient", "photo.dcm")), 2, "photo.dcm: is no RT Plan"),
        (("schedule", PHOTON, "--tms", "NOBODY"), 2, "'NOBODY'"),
        (("deliver", "--ups", "1.2.3"), 1, "nothing listens"),
        (("store", "OST", "/nonexistent"), 1, ""),
        (("ups", "claim", "1.2.3"), 1, "nothing listens"),
        (("settings", "--config", "nowhere.toml"), 2, "nowhere.toml: cannot be read"),
    ],
)
def test_bad_input_is_one_line_and_an_exit_code(
    tdwii, arguments: tuple, code: int, words: str
) -> None:
    result = tdwii.run(*arguments)
    assert result.returncode == code, result.stderr
    assert words in one_line(result.stderr)
    assert not (tdwii.folder / "data" / "ost").exists()


def test_nothing_is_written_for_a_plan_that_cannot_be_scheduled(tdwii, tmp_path: Path) -> None:
    tdwii.serve("ost", "--headless")
    failed = tdwii.run("schedule", PHOTON, "--out", tmp_path / "out")
    assert failed.returncode == 1
    assert "TMS" in failed.stderr
    stored = list((tdwii.folder / "data" / "ost").rglob("*.dcm"))
    assert stored == [], "the plan is not in the OST when the TMS is dead"
    assert not (tmp_path / "out").exists(), "no file of a step that does not exist"


@pytest.mark.parametrize("command", ["--nonsense", "nonsense", "tms --port x", "schedule"])
def test_wrong_usage_is_exit_code_2(capsys: pytest.CaptureFixture[str], command: str) -> None:
    try:
        code = main(command.split())
    except SystemExit as end:
        code = end.code
    assert code == 2
    assert "Traceback" not in capsys.readouterr().err


def test_every_command_explains_itself(tdwii, capsys: pytest.CaptureFixture[str]) -> None:
    overview = subprocess.run(
        [sys.executable, "-m", "tdwii_gui", "--help"], capture_output=True, text=True, check=True
    ).stdout
    lines = [line for line in overview.splitlines() if re.match(r" {4}[a-z]", line)]
    commands = [line.split()[0] for line in lines]
    assert len(commands) >= 16
    for command in (*commands, "ups get", "ups cancel"):
        with pytest.raises(SystemExit) as end:
            main([*command.split(), "--help"])
        assert end.value.code == 0
        assert capsys.readouterr().out.startswith(f"usage: tdwii {command}")


def test_the_ppvs_subscribes_even_if_the_tms_comes_later(tdwii) -> None:
    ppvs = tdwii.serve("ppvs", "--headless", "--subscribe", "--auto-download", "-v")
    tdwii.serve("ost", "--headless")
    tdwii.serve("tms", "--headless")
    ppvs.wait_for_line("PPVS_SCP subscribed to TMS")
    tdwii.done("schedule", PHOTON)
    ppvs.wait_for_line("PPVS_SCP has 2 of 2 inputs")


def test_a_server_binds_to_the_loopback_address_unless_told_otherwise(tdwii) -> None:
    server = tdwii.serve("ost", "--headless")
    del server
    addresses = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None)}
    outside = [a for a in addresses if not a.startswith(("127.", "::1", "fe80"))]
    if not outside:
        pytest.skip("this host has no address but the loopback")
    with pytest.raises(OSError, match="refused"):
        socket.create_connection((outside[0], tdwii.ports["OST"]), timeout=2)


def test_a_delivery_is_interrupted_where_the_command_line_says(tdwii) -> None:
    tdwii.serve("ost", "--headless")
    tdwii.serve("tms", "--headless")
    tdwii.done("schedule", PHOTON)
    wrong = tdwii.run("deliver", "--interrupt-at", "1:99999")
    assert wrong.returncode == 2
    assert "cannot be interrupted at 99999" in wrong.stderr
    assert "no BEAM:METERSET" in one_line(tdwii.run("deliver", "--interrupt-at", "x").stderr)
    told = tdwii.done(
        "deliver", "--interrupt-at", "2:50%", "--reason", "110501", "--text", "interlock"
    )
    assert told.splitlines()[-1].endswith("CANCELED, treatment records stored: 1")
    (step,) = worklist(tdwii, "--state", "CANCELED")
    got = json.loads(tdwii.done("ups", "get", step["00080018"]["Value"][0], "--json"))
    (progress,) = got["00741002"]["Value"]
    assert progress["0074100E"]["Value"][0]["00080100"]["Value"] == ["110501"]
    assert progress["00741238"]["Value"] == ["interlock"]
    assert 0 < float(progress["00741004"]["Value"][0]) < 100


def test_what_a_delivery_has_left_is_listed_and_finished(tdwii) -> None:
    ost = tdwii.serve("ost", "--headless")
    tdwii.serve("tms", "--headless")
    tdwii.done("store", "OST", PHOTON)
    tdwii.done("schedule", PHOTON)
    assert tdwii.done("deliver", "--recover").strip() == "there is no unfinished session"
    assert "no unfinished" in one_line(tdwii.run("deliver", "--recover", "finish").stderr)
    tdwii.done("deliver", "--interrupt-at", "0%")
    tdwii.done("schedule", PHOTON, "--fraction", 2)
    # The plan is here since then, so that the OST is missed by the records alone.
    ost.stop()
    refused = tdwii.run("deliver")
    assert refused.returncode == 1
    assert "--recover finish" in refused.stderr
    listed = tdwii.done("deliver", "--recover")
    assert listed.splitlines()[-1].split()[-5:] == ["delivered", "100.0", "%", "3", "1"]
    tdwii.serve("ost", "--headless")
    assert "COMPLETED, treatment records stored: 1" in tdwii.done("deliver", "--recover", "finish")
    assert tdwii.done("deliver", "--recover").strip() == "there is no unfinished session"


def test_a_delivery_ends_when_the_tms_asks_to_cancel(tdwii, tmp_path: Path) -> None:
    settings = tmp_path / "settings.toml"
    settings.write_text("[tdd]\nsubscribe = true\n")
    tdwii.serve("ost", "--headless")
    tdwii.serve("tms", "--headless")
    (scheduled,) = json.loads(tdwii.done("schedule", PHOTON, "--json"))
    uid = scheduled["sop_instance_uid"]
    device = tdwii.start("deliver", "--speed", "2", "--config", settings)
    for _ in range(2):
        device.wait_for_line("RO-62 ")
    tdwii.done("ups", "request-cancel", uid, "--text", "wrong patient", "--contact-name", "Dr. Who")
    device.wait_for_line("TDD asks to cancel: wrong patient; contact: Dr. Who")
    device.wait_for_line("the request to cancel is accepted")
    device.wait_for_line(f"{uid} CANCELED, treatment records stored: 1")
    assert device.process.wait(30) == 0
