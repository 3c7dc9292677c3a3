"""Faults of an actor as a whole: its port, its restarts, its clock, and what it tells of them."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from pynetdicom import AE, build_context

from tdwii_gui.actors.actor import Actor, Surroundings
from tdwii_gui.actors.clock import ActorClock
from tdwii_gui.actors.events import (
    EventReported,
    FaultsChanged,
    FaultStruck,
    Listening,
)
from tdwii_gui.actors.faults import Fault, FaultKind, Faults
from tdwii_gui.actors.treatment_session import SessionOptions
from tdwii_gui.actors.whole_session import treat
from tdwii_gui.config.ae_directory import AeDirectory
from tdwii_gui.config.settings import ActorSettings
from tdwii_gui.dicom.errors import ConfigError, DimseStatusError
from tdwii_gui.dicom.iod.macros import from_dt
from tdwii_gui.dicom.iod.ups_event import EventType, ScpStatus
from tdwii_gui.dicom.uids import UPS_PULL, UPS_PUSH, VERIFICATION
from tests.integration.net.keeps_responses import KEEPS_RESPONSES
from tests.integration.sessions import SampleClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pynetdicom.association import Association

    from tdwii_gui.actors.suite import Suite
    from tdwii_gui.dicom.iod.plan import Plan
    from tdwii_gui.dicom.iod.ups import Ups
    from tests.command_line import CommandLine

SECONDS = 20
DAY = 86_400


@pytest.fixture
def actor(tmp_path: Path, recorder) -> Iterator[Actor]:
    actor = Actor(
        ActorSettings("ONE", port=0), Surroundings(AeDirectory(), tmp_path, listener=recorder)
    )
    yield actor
    actor.stop()


def bare(port: int, called: str, *classes: str) -> Association:
    ae = AE("BARE")
    ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = ae.connection_timeout = SECONDS
    contexts = [build_context(uid) for uid in classes]
    return ae.associate(
        "127.0.0.1", port, contexts=contexts, ae_title=called, evt_handlers=[KEEPS_RESPONSES]
    )


def is_answered(port: int) -> bool:
    """Return whether a bare SCU gets an association, and an answer on it."""
    association = bare(port, "ONE", VERIFICATION)
    if not association.is_established:
        return False
    answered = association.send_c_echo().get("Status") == 0
    if association.is_established:
        association.release()
    association.join(SECONDS)
    return answered


def test_the_port_is_closed_until_the_fault_is_removed(actor: Actor, recorder) -> None:
    actor.start()
    port = actor.port
    assert is_answered(port)
    fault = Fault.from_text("close-port")
    actor.faults.add(fault)
    recorder.wait_for(FaultStruck, lambda event: event.fault == fault)
    assert not is_answered(port)
    assert (actor.listening, actor.faults.active) == (False, (fault,))
    actor.faults.remove(fault)
    recorder.wait_for(Listening, lambda _: len(recorder.of(Listening)) == 2)
    assert actor.port == port
    assert is_answered(port)


def test_the_port_is_closed_for_a_while(actor: Actor, recorder) -> None:
    """A fault that was set before the actor listens strikes when it does."""
    actor.faults.set([Fault.from_text("close-port seconds=0.2")])
    actor.start()
    recorder.wait_for(Listening, lambda _: len(recorder.of(Listening)) == 2)
    recorder.wait_for(FaultsChanged, lambda event: not event.states)
    assert is_answered(actor.port)
    assert actor.faults.states == ()


def test_the_program_ends_with_an_answer_that_is_delayed(actor: Actor, recorder) -> None:
    actor.start()
    asked = threading.Thread(target=is_answered, args=(actor.port,))
    actor.faults.add(Fault.from_text("delay seconds=3600 message=C-ECHO"))
    asked.start()
    recorder.wait_for(FaultStruck)
    actor.stop()
    asked.join(SECONDS)
    assert not asked.is_alive()
    assert actor.faults.states == ()


def test_the_program_ends_with_a_closed_port(actor: Actor, recorder) -> None:
    actor.start()
    port = actor.port
    actor.faults.add(Fault.from_text("close-port"))
    recorder.wait_for(FaultStruck)
    actor.stop()
    assert not actor.listening
    assert not is_answered(port)
    assert len(recorder.of(Listening)) == 1


def test_what_an_actor_tells_of_its_faults(actor: Actor, recorder) -> None:
    actor.start()
    fault = Fault(FaultKind.ANSWER_STATUS, message="C-ECHO", status=0x0110, times=2)
    actor.faults.add(fault)
    first = recorder.wait_for(FaultsChanged)
    assert (first.active, first.states[0].hits) == ((fault,), 0)
    for _ in range(2):
        with pytest.raises(DimseStatusError, match="0110H"):
            actor.echo("ONE").result(SECONDS)
    spent = recorder.wait_for(FaultsChanged, lambda event: not event.active)
    assert (spent.states[0].fault, spent.states[0].hits) == (fault, 2)
    struck = recorder.of(FaultStruck)
    assert [each.words for each in struck] == [fault.describe()] * 2
    assert actor.echo("ONE").result(SECONDS) > 0
    with pytest.raises(ConfigError, match="restart-cold is not possible at this actor"):
        actor.faults.add(Fault(FaultKind.RESTART_COLD))
    assert len(actor.faults.states) == 1


def test_any_actor_restarts(actor: Actor, recorder) -> None:
    actor.start()
    port = actor.port
    actor.faults.add(Fault(FaultKind.RESTART_WARM))
    recorder.wait_for(FaultStruck)
    assert (actor.port, len(recorder.of(Listening))) == (port, 2)
    assert is_answered(port)
    assert actor.faults.active == ()


@pytest.mark.parametrize("kind", [FaultKind.RESTART_WARM, FaultKind.RESTART_COLD])
def test_a_tms_restarts_and_tells_its_subscribers(
    actors: Suite, schedule: Callable[..., Ups], recorder, kind: FaultKind
) -> None:
    """PS3.4 CC.2.4.3: after a cold start the steps are gone."""
    actors.tdd.subscribe().result(SECONDS)
    step = schedule()
    actors.tms.faults.add(Fault(kind))
    recorder.wait_for(FaultStruck)

    def is_told(event: EventReported) -> bool:
        about = event.report
        return (
            about.event_type == EventType.SCP_STATUS_CHANGE
            and about.information.SCPStatus == ScpStatus.RESTARTED
            and about.calling_ae == "TMS"
        )

    told = recorder.wait_for(
        EventReported, lambda event: event.ae_title == "TDD" and is_told(event)
    )
    is_warm = kind is FaultKind.RESTART_WARM
    status = "WARM START" if is_warm else "COLD START"
    assert told.report.information.UnifiedProcedureStepListStatus == status
    steps = actors.tms.steps().result(SECONDS)
    assert [each.sop_instance_uid for each in steps] == ([step.sop_instance_uid] if is_warm else [])


def modified(port: int, uid: str) -> datetime:
    """Return when a step was changed last, as the TMS tells a bare SCU."""
    association = bare(port, "TMS", UPS_PULL)
    _, found = association.send_n_get([0x00404010], UPS_PUSH, uid, meta_uid=UPS_PULL)
    association.release()
    association.join(SECONDS)
    return from_dt(found.ScheduledProcedureStepModificationDateTime)


def test_the_clock_is_fast_and_slow(
    actors: Suite, plan: Plan, schedule: Callable[..., Ups], tmp_path: Path
) -> None:
    """What TMS, creator and device write of the time is skewed, each one's own alone."""
    now = datetime.now(UTC)
    margin = timedelta(hours=1)
    actors.tms.faults.add(Fault(FaultKind.CLOCK_SKEW, seconds=10 * DAY))
    actors.creator.faults.add(Fault(FaultKind.CLOCK_SKEW, seconds=-10 * DAY))
    actors.tdd.faults.add(Fault(FaultKind.CLOCK_SKEW, seconds=20 * DAY))
    step = schedule()
    assert abs(modified(actors.tms.port, step.sop_instance_uid) - now) > timedelta(days=9)
    (instruction,) = step.dynamic_inputs
    made = actors.tms.instances.read(instruction.sop_instance_uid)
    assert made.InstanceCreationDate == f"{(now - timedelta(days=10)).astimezone():%Y%m%d}"

    (record,) = treat(actors.tdd, step, SessionOptions())
    then = f"{(now + timedelta(days=20)).astimezone():%Y%m%d}"
    assert (record.TreatmentDate, record.InstanceCreationDate) == (then, then)
    ended = actors.tms.service.get(step.sop_instance_uid)
    performed = ended.UnifiedProcedureStepPerformedProcedureSequence[0]
    at = from_dt(performed.PerformedProcedureStepEndDateTime)
    assert abs(at - now - timedelta(days=20)) < margin

    for one in actors.actors:
        one.faults.clear()
    other = schedule(2)
    assert abs(modified(actors.tms.port, other.sop_instance_uid) - now) < margin


def test_a_skewed_clock_goes_as_the_one_below_it() -> None:
    faults, below = Faults(), SampleClock()
    below.free()
    clock = ActorClock(faults).over(below)
    assert clock.now() == below.now()
    faults.add(Fault(FaultKind.CLOCK_SKEW, seconds=-60))
    assert clock.now() == below.now() - timedelta(seconds=60)
    clock.sleep(5)
    faults.clear()
    assert clock.now() == datetime(2026, 11, 21, 10, 0, 5, tzinfo=UTC)


def test_faults_on_the_command_line(tdwii: CommandLine) -> None:
    server = tdwii.serve(
        "ost",
        "--headless",
        "--fault",
        "answer-status message=C-ECHO status=0122",
        "--fault",
        "refuse-association nth=3",
    )
    assert "0122H" in tdwii.run("echo", "OST").stderr
    server.wait_for_line("by a fault: answers 0122H")
    assert "OST" in tdwii.done("echo", "OST")
    assert "rejects us" in tdwii.run("echo", "OST").stderr
    assert "OST" in tdwii.done("echo", "OST")
    for text, words in (
        ("restart-cold", "restart-cold is not possible at this actor"),
        ("answer-status status=oops", "'oops' is no status such as A700"),
        ("explode", "'explode' is no fault"),
    ):
        result = tdwii.run("ost", "--headless", "--fault", text)
        assert (result.returncode, words in result.stderr) == (2, True), result
