"""`tdwii tms-admin`: the worklist of a TMS that runs, and of one that does not."""

from __future__ import annotations

import io
import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tdwii_gui.config.resources import resource_path

if TYPE_CHECKING:
    from tests.command_line import CommandLine, Result

PHOTON = resource_path("demo_patient", "photon_plan.dcm")
WATCHER = "NEVENT_RECEIVER"


def admin(tdwii: CommandLine, *arguments: object) -> Result:
    return tdwii.run("tms-admin", *arguments)


def done(tdwii: CommandLine, *arguments: object) -> str:
    return tdwii.done("tms-admin", *arguments)


def listed(tdwii: CommandLine, *arguments: object) -> Any:
    return json.loads(done(tdwii, *arguments, "--json"))


def scheduled(tdwii: CommandLine, *options: object) -> str:
    tdwii.done("schedule", PHOTON, *options)
    (step,) = listed(tdwii, "list", "--state", "SCHEDULED")
    return str(step["ups"])


def complaint(result: Result, code: int = 1) -> str:
    assert result.returncode == code, result
    assert "Traceback" not in result.stderr
    return result.stderr


@pytest.fixture
def running(tdwii: CommandLine) -> CommandLine:
    tdwii.serve("ost", "--headless")
    tdwii.serve("tms", "--headless")
    return tdwii


def test_a_running_tms_follows_what_its_operator_does(running: CommandLine) -> None:
    events = running.serve("events")
    uid = scheduled(running)
    foreseen = done(running, "subscribe", WATCHER, "--deletion-lock", "--yes")
    assert "events go to 1 subscriber: NEVENT_RECEIVER; its final steps stay" in foreseen
    events.wait_for_line(f"1 UPS State Report  {uid}")

    changes = ("--readiness", "incomplete", "--station", "TR2", "--start", "2026-11-24T10:00")
    unconfirmed = admin(running, "edit", uid, *changes)
    assert "events go to 1 subscriber: NEVENT_RECEIVER" in unconfirmed.stdout
    assert "without a terminal to ask, say --yes" in complaint(unconfirmed, 2)
    (step,) = listed(running, "list")
    assert step["readiness"] == "READY", "nothing was done"
    done(running, "edit", uid, *changes, "--yes")
    events.wait_for_line("1 UPS State Report")
    events.wait_for_line("5 UPS Assigned")
    (step,) = listed(running, "list", "--machine", "TR2")
    assert (step["readiness"], step["start"][:16]) == ("INCOMPLETE", "2026-11-24 10:00")

    running.done("ups", "claim", uid)
    events.wait_for_line("1 UPS State Report")
    assert "# claimed by TDD, performer silent since" in done(running, "show", uid)
    assert "only one that is SCHEDULED can be edited" in complaint(
        admin(running, "edit", uid, "--start", "2026-11-24T11:00", "--yes")
    )
    done(running, "request-cancel", uid, "--text", "late", "--contact", "desk", "--yes")
    events.wait_for_line("2 UPS Cancel Requested")
    cancelled = done(running, "cancel", uid, "--reason", "110501", "--text", "broken", "--yes")
    assert "cancels the step in the place of its performer TDD" in cancelled
    events.wait_for_line("1 UPS State Report")

    kept = admin(running, "delete", uid, "--yes")
    assert kept.returncode == 1
    assert "1 step stays, with a deletion lock of NEVENT_RECEIVER" in kept.stdout
    done(running, "unsubscribe", WATCHER, uid, "--yes")
    assert "1 step deleted" in done(running, "delete", uid, "--yes")
    assert running.run("ups", "get", uid).returncode == 1, "the TMS does not have it any more"
    assert listed(running, "list") == []


def test_history_subscriptions_and_outbox_are_listed(tdwii: CommandLine) -> None:
    tdwii.serve("ost", "--headless")
    tms = tdwii.serve("tms", "--headless")
    uid = scheduled(tdwii, "--machine", "TR5", "--when", "2026-11-23T09:30")
    done(tdwii, "subscribe", WATCHER, uid, "--deletion-lock", "--yes")
    assert tms.stop() == 0

    history = listed(tdwii, "history", uid)
    assert [(one["from"], one["message"]) for one in history[:2]] == [
        ("RTBDI_CREATOR", "N-CREATE"),
        ("TMS", "operator"),
    ]
    assert "with a deletion lock" in done(tdwii, "history", uid)
    (due,) = listed(tdwii, "outbox")
    assert (due["receiver"], due["event"], due["ups"]) == (WATCHER, "UPS State Report", uid)
    (subscription,) = listed(tdwii, "subscriptions")
    assert (subscription["to"], subscription["lock"], subscription["due"]) == (uid, "lock", 1)
    assert "discards 1 event" in done(tdwii, "discard", WATCHER, "--yes")
    assert "no event is due" in done(tdwii, "outbox")

    assert listed(tdwii, "timeline", "--day", "2026-11-23")["TR5"][0]["sop_instance_uid"] == uid
    assert "09:30" in done(tdwii, "timeline", "--day", "2026-11-23")
    assert "no step starts on 2026-11-22" in done(tdwii, "timeline", "--day", "2026-11-22")


def test_a_terminal_is_asked_and_may_say_no(
    running: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    uid = scheduled(running)

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdin", Terminal("n\n"))
    said = done(running, "request-cancel", uid)
    assert "cancels the step, which nobody has begun; nobody is told of it." in said
    assert "nothing was done" in said
    monkeypatch.setattr(sys, "stdin", Terminal("y\n"))
    assert "is accepted" in done(running, "request-cancel", uid)
    assert listed(running, "list")[0]["state"] == "CANCELED"
    monkeypatch.setattr(sys, "stdin", Terminal("yes\n"))
    assert "1 step deleted" in done(running, "purge", "--older-than", "0h")
    monkeypatch.setattr(sys, "stdin", Terminal(""))
    assert "0 steps deleted" in done(running, "purge", "--older-than", "0h"), "nobody is asked"


def test_what_cannot_be_is_said_in_a_line(tdwii: CommandLine) -> None:
    assert "no TMS has kept its worklist here" in complaint(admin(tdwii, "list"), 2)
    server = tdwii.serve("tms", "--headless")
    server.stop()
    assert "C307H" in complaint(admin(tdwii, "show", "1.2.3"))
    assert "C307H" in complaint(admin(tdwii, "cancel", "1.2.3", "--yes"))
    assert "C308H" in complaint(admin(tdwii, "subscribe", "STRANGER", "--yes"))
    assert "is no age" in complaint(admin(tdwii, "purge", "--older-than", "x", "--yes"), 2)
    assert "nobody is subscribed" in done(tdwii, "subscriptions")
    url = "postgresql://nobody:secret@127.0.0.1:1/none"
    refused = complaint(admin(tdwii, "list", "--database", url))
    assert "secret" not in refused


def test_a_fresh_start_says_what_is_lost_and_tells_subscribers(tdwii: CommandLine) -> None:
    tdwii.serve("ost", "--headless")
    tms = tdwii.serve("tms", "--headless")
    events = tdwii.serve("events")
    tdwii.done("subscribe", "--receiving-ae", WATCHER)
    scheduled(tdwii)
    events.wait_for_line("5 UPS Assigned")
    tms.stop()
    tms = tdwii.start("tms", "--headless", "--fresh", "--announce-going-down", "--mode", "strict")
    line = tms.wait_for_line("deletes for ever")
    assert "1 step, 2 subscriptions" in line
    tms.wait_for_line(" listening on ")
    assert "COLD START" in events.wait_for_line("SCP Status RESTARTED")
    assert listed(tdwii, "list") == []
    assert listed(tdwii, "subscriptions") == []
    done(tdwii, "subscribe", WATCHER, "--yes")
    tms.stop()
    events.wait_for_line("SCP Status GOING DOWN")


def test_strangers_are_rejected_by_option(tdwii: CommandLine) -> None:
    tdwii.serve("tms", "--headless", "--known-aes-only")
    refused = tdwii.run("worklist", "--ae-title", "STRANGER")
    assert "our AE title is not known there" in complaint(refused)
    assert tdwii.run("worklist", "--ae-title", "TDD").returncode == 0


def test_a_database_may_be_named(tdwii: CommandLine) -> None:
    url = f"sqlite:///{tdwii.folder}/shared.sqlite"
    tdwii.serve("ost", "--headless")
    tdwii.serve("tms", "--headless", "--database", url)
    tdwii.done("schedule", PHOTON)
    (step,) = listed(tdwii, "list", "--database", url)
    assert step["state"] == "SCHEDULED"
