"""Actors with the demo patient."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

import pytest

from tdwii_gui.actors.actor import Actor
from tdwii_gui.actors.rtbdi_creator import FractionRequest
from tdwii_gui.actors.suite import Suite
from tdwii_gui.actors.treatment_session import SessionOptions, TreatmentSession
from tdwii_gui.config.resources import resource_path
from tdwii_gui.config.settings import Settings
from tdwii_gui.dicom.iod.plan import Plan, read_plan
from tdwii_gui.dicom.iod.ups import ProcedureStepState, Ups
from tdwii_gui.dicom.iod.ups_query import WorklistKeys, worklist_query
from tests.integration.sessions import SampleClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

A = TypeVar("A", bound=Actor)
SECONDS = 20


@pytest.fixture
def actors(tmp_path: Path, recorder) -> Iterator[Suite]:
    """Return a running suite."""
    with Suite(Settings(), tmp_path / "data", recorder) as suite:
        yield suite


@pytest.fixture
def start_actor() -> Iterator[Callable[[A], A]]:
    """Return a function that starts an actor, which is stopped after the test."""
    started: list[Actor] = []

    def start(actor: A) -> A:
        started.append(actor)
        actor.start()
        return actor

    yield start
    for actor in reversed(started):
        actor.stop()


@pytest.fixture
def plan() -> Plan:
    return read_plan(resource_path("demo_patient", "photon_plan.dcm"))


@pytest.fixture
def schedule(actors: Suite, plan: Plan) -> Callable[..., Ups]:
    """Return a function that schedules a fraction and returns its step from the worklist."""

    def make(number: int = 1) -> Ups:
        request = FractionRequest(number, datetime.now().astimezone())
        fraction = actors.creator.build(plan, request)
        actors.creator.schedule(plan, [fraction]).result(SECONDS)
        query = worklist_query(WorklistKeys(state=ProcedureStepState.SCHEDULED))
        steps = actors.tdd.query_worklist(query).result(SECONDS)
        return next(s for s in steps if s.sop_instance_uid == fraction.sop_instance_uid)

    return make


@pytest.fixture
def now_of(actors: Suite) -> Callable[[Ups], Ups]:
    """Return a function that gives a step as the TMS has it now."""
    return lambda step: Ups(actors.tms.service.get(step.sop_instance_uid))


@pytest.fixture
def clock() -> Iterator[SampleClock]:
    clock = SampleClock()
    yield clock
    clock.free()


@pytest.fixture
def open_session(actors: Suite, clock: SampleClock) -> Iterator[Callable[..., TreatmentSession]]:
    """Return a function that opens a session on a step, in real time by the test's clock."""
    sessions: list[TreatmentSession] = []

    def open_(step: Ups, **options: object) -> TreatmentSession:
        options = {"speed": 1.0, "clock": clock} | options
        session = TreatmentSession(actors.tdd, step, SessionOptions(**options))
        sessions.append(session)
        return session

    yield open_
    clock.free()
    for session in sessions:
        session.close()
