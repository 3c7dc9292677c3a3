"""The steps of a course at a TMS of another make: found, looked at, and moved."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tdwii_gui.actors.actor import Surroundings
from tdwii_gui.actors.rtbdi_creator import FractionRequest, RtbdiCreator
from tdwii_gui.config.ae_directory import AeDirectory
from tdwii_gui.config.resources import resource_path
from tdwii_gui.config.settings import CreatorSettings
from tdwii_gui.dicom.errors import DimseStatusError
from tdwii_gui.dicom.iod.course import plan_course
from tdwii_gui.dicom.iod.course_status import FractionState, course_status
from tdwii_gui.dicom.iod.plan import read_plan
from tdwii_gui.dicom.iod.ups import Ups
from tdwii_gui.dicom.iod.ups_create import as_storable
from tests.integration.net.foreign_tms import CANCELED, ForeignTms, Step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tdwii_gui.dicom.iod.plan import Plan

SECONDS = 20
MONDAY = datetime(2026, 11, 16, 9).astimezone()


@pytest.fixture
def plan() -> Plan:
    return read_plan(resource_path("demo_patient", "electron_plan.dcm"))


@pytest.fixture
def tms(bare_scp: Callable[..., Any]) -> ForeignTms:
    made = ForeignTms(as_dcm4chee=False)
    made.listen(bare_scp)
    return made


@pytest.fixture
def creator(tmp_path: Path, tms: ForeignTms) -> Iterator[RtbdiCreator]:
    around = Surroundings(AeDirectory([tms.peer]), tmp_path)
    made = RtbdiCreator(CreatorSettings(port=0), around)
    yield made
    made.stop()


@pytest.fixture
def scheduled(creator: RtbdiCreator, tms: ForeignTms, plan: Plan) -> list[str]:
    """Return the UIDs of steps for fractions 1 to 3, from Monday on; the first is canceled."""
    uids = []
    for number in (1, 2, 3):
        request = FractionRequest(number, MONDAY + timedelta(days=number - 1))
        fraction = creator.build(plan, request)
        uids.append(fraction.sop_instance_uid)
        tms.steps[uids[-1]] = Step(as_storable(fraction.ups, uids[-1]))
    first = tms.steps[uids[0]]
    first.state = first.dataset.ProcedureStepState = CANCELED
    tms.answers = [(0xFF00, step.dataset) for step in tms.steps.values()]
    return uids


def test_missed_fractions_move(
    creator: RtbdiCreator, tms: ForeignTms, plan: Plan, scheduled: list[str]
) -> None:
    steps = creator.course_steps(plan).result(SECONDS)
    assert sorted((one.fraction_number, one.sop_instance_uid) for one in steps) == list(
        enumerate(scheduled, 1)
    )
    assert [message.uid for message in tms.named("N-GET")] == [scheduled[0]], "it alone is over"
    thursday = MONDAY + timedelta(days=3)
    status = course_status(plan, [], steps, thursday)
    missed = status.of(FractionState.MISSED)
    assert [fraction.number for fraction in missed] == [1, 2, 3]
    course = plan_course(plan, thursday, status=status)
    assert creator.move_steps(course.moved).result(SECONDS) == scheduled[1:]
    for message, day in zip(tms.named("N-SET"), (20, 23), strict=True):
        assert [each.keyword for each in message.dataset] == ["ScheduledProcedureStepStartDateTime"]
        moved = Ups(tms.steps[message.uid].dataset)
        assert moved.start == MONDAY.replace(day=day)


def test_a_step_that_was_claimed_meanwhile_is_not_moved(
    creator: RtbdiCreator, tms: ForeignTms, plan: Plan, scheduled: list[str]
) -> None:
    steps = creator.course_steps(plan).result(SECONDS)
    course = plan_course(plan, MONDAY + timedelta(days=7), status=course_status(plan, [], steps))
    tms.steps[scheduled[2]].state = CANCELED
    with pytest.raises(DimseStatusError, match="C300"):
        creator.move_steps(course.moved).result(SECONDS)
