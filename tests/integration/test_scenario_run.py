"""Runs of scenarios: step by step, paused, stopped, with another system in an actor's place."""

from __future__ import annotations

import threading
from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from tdwii_gui.actors.actor import Surroundings
from tdwii_gui.actors.events import StepChanged
from tdwii_gui.actors.ost import Ost
from tdwii_gui.actors.rtbdi_creator import FractionRequest, RtbdiCreator
from tdwii_gui.actors.suite import Role, on_free_ports
from tdwii_gui.actors.tdd import Tdd
from tdwii_gui.actors.tms import Tms
from tdwii_gui.actors.treatment_session import SessionOptions
from tdwii_gui.actors.whole_session import treat
from tdwii_gui.config.ae_directory import AeDirectory, ApplicationEntity
from tdwii_gui.config.resources import resource_path
from tdwii_gui.config.settings import (
    CreatorSettings,
    OstSettings,
    Settings,
    TddSettings,
    TmsSettings,
)
from tdwii_gui.dicom.errors import ConfigError
from tdwii_gui.dicom.iod.plan import read_plan
from tdwii_gui.dicom.iod.ups import ProcedureStepState
from tdwii_gui.dicom.iod.ups_query import WorklistKeys, worklist_query
from tdwii_gui.scenario.library import shipped_scenario
from tdwii_gui.scenario.reading import scenario_of
from tdwii_gui.scenario.results import StepOutcome
from tdwii_gui.scenario.run import ScenarioRun

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tdwii_gui.actors.actor import Actor

SECONDS = 20
SMALL = """
title = "Small"
purpose = "Two echoes and a wait."
clauses = []
[[step]]
title = "one"
do = "tdd.echo"
with = { actors = ["tms"] }
[[step]]
title = "two"
do = "tdd.echo"
with = { actors = ["ost"] }
[[step]]
title = "three"
do = "tdd.hears"
with = { event = "scp status change" }
within = 60
[[step]]
title = "four"
do = "tdd.echo"
with = { actors = ["ost"] }
"""


def small(folder: Path, **options: object) -> ScenarioRun:
    return ScenarioRun(scenario_of(SMALL, "small", "small.toml"), Settings(), folder, **options)


@pytest.fixture
def around(tmp_path: Path) -> Surroundings:
    """Return the surroundings of an actor of somebody else's."""
    return Surroundings(AeDirectory(), tmp_path / "theirs")


@pytest.fixture
def against(around: Surroundings, tmp_path: Path) -> Callable[..., ScenarioRun]:
    """Return a function that makes a run in which another system has a role."""

    def make(role: Role, theirs: Actor, name: str, **options: object) -> ScenarioRun:
        return ScenarioRun(
            shipped_scenario(name),
            on_free_ports(Settings()),
            tmp_path / "ours",
            external={role: around.directory.lookup(theirs.ae_title)},
            directory=around.directory,
            **options,
        )

    return make


def test_a_run_goes_step_by_step_pauses_and_is_stopped(tmp_path: Path) -> None:
    told: list[tuple[int, bool]] = []

    def hear(run: ScenarioRun) -> None:
        told.append((run.position, run.busy))
        if run.position == 2 and not run.busy:
            run.pause()
        if run.position == 2 and run.busy:
            threading.Timer(0.1, run.stop).start()

    with small(tmp_path, on_changed=hear) as run:
        first = run.step()
        assert first is not None
        assert (first.title, first.outcome, run.position) == ("one", StepOutcome.PASSED, 1)
        paused = run.run()
        assert (run.position, run.ended, paused.passed) == (2, False, False)
        assert [one.outcome for one in paused.steps] == ["passed"] * 2 + ["skipped"] * 2
        stopped = run.run()
        assert (run.ended, stopped.passed) == (True, False)
        assert [one.words for one in stopped.steps[2:]] == ["the run was stopped"] * 2
        assert run.step() is None
    assert told[:4] == [(0, True), (1, False), (1, True), (2, False)]


def test_a_result_says_who_took_part(tmp_path: Path) -> None:
    with small(tmp_path) as run:
        environment = run.result().environment
    assert environment["tdd"] == "TDD"
    assert {"program", "python", "pydicom", "pynetdicom", "system"} <= set(environment)


def test_what_nobody_can_ask_of_another_system_is_refused_before_the_start(tmp_path: Path) -> None:
    other = {Role.TMS: ApplicationEntity("OTHER", "127.0.0.1", 104)}
    with pytest.raises(ConfigError, match=r"tms_restart_warm\.toml, line .* another TMS: tms\.res"):
        ScenarioRun(shipped_scenario("tms_restart_warm"), Settings(), tmp_path, external=other)


@pytest.mark.parametrize("name", ["handshake_tms", "two_devices_race"])
def test_another_tms_is_asked_what_ours_would_be(name: str, around, start_actor, against) -> None:
    theirs = start_actor(Tms(TmsSettings("THEIR_TMS", port=0), around))
    with against(Role.TMS, theirs, name) as run:
        result = run.run()
        assert not run.stage.suite.tms.listening
    assert result.passed, result.steps
    address = around.directory.lookup("THEIR_TMS")
    assert result.environment["tms"] == f"{address}, not ours"


def test_another_archive_keeps_what_ours_would(around, start_actor, against) -> None:
    theirs = start_actor(Ost(OstSettings("THEIR_OST", port=0), around))
    with against(Role.OST, theirs, "nominal_electron") as run:
        result = run.run()
        assert not run.stage.suite.ost.listening
    assert result.passed, result.steps


def test_another_creator_is_waited_for(around, start_actor, against) -> None:
    theirs = start_actor(RtbdiCreator(CreatorSettings("THEIR_CREATOR", port=0), around))
    plan = read_plan(resource_path("demo_patient", "ion_plan.dcm"))
    with against(Role.CREATOR, theirs, "nominal_ion") as run:
        request = FractionRequest(1, datetime.now().astimezone())
        theirs.schedule(plan, [theirs.build(plan, request)])
        result = run.run()
    assert result.passed, result.steps


@pytest.fixture
def device(around: Surroundings, start_actor: Callable[[Tdd], Tdd]) -> Tdd:
    """Return the device of somebody else."""
    return start_actor(Tdd(TddSettings(ae_title="THEIRS", port=0), around))


def test_what_another_device_does_is_watched(device: Tdd, against) -> None:
    done: list[threading.Thread] = []

    def treat_it() -> None:
        query = worklist_query(WorklistKeys(state=ProcedureStepState.SCHEDULED))
        (step,) = device.query_worklist(query).result(SECONDS)
        treat(device, step, SessionOptions())

    def hear(event: object) -> None:
        if isinstance(event, StepChanged) and event.change.kind == "created":
            done.append(threading.Thread(target=treat_it))
            done[-1].start()

    with against(Role.TDD, device, "handshake_tdd", listener=hear) as run:
        result = run.run()
        done[0].join(SECONDS)
    assert result.passed, result.steps
    skipped = [one.title for one in result.steps if one.outcome is StepOutcome.SKIPPED]
    assert skipped == ["It has the patient confirmed"]


def test_a_device_that_ends_the_step_at_once_is_found_out(device: Tdd, against) -> None:
    done: list[object] = []

    def hear(event: object) -> None:
        if isinstance(event, StepChanged) and event.change.kind == "created":
            uid = event.change.sop_instance_uid
            query = worklist_query(WorklistKeys(state=ProcedureStepState.SCHEDULED))
            done.append(device.query_worklist(query))
            done.append(device.start_procedure(uid))
            done.append(device.finish_procedure(uid, ProcedureStepState.CANCELED))

    with against(Role.TDD, device, "handshake_tdd", listener=hear) as run:
        result = run.run()
    assert not result.passed
    (failed,) = [one for one in result.steps if one.outcome is StepOutcome.FAILED]
    assert "has ended the step; not seen before that: it retrieves" in failed.words
