"""The interrupted fraction: what remains is found in OST and TMS, and scheduled."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from tdwii_gui.actors.actor import Surroundings
from tdwii_gui.actors.rtbdi_creator import FractionRequest, RtbdiCreator
from tdwii_gui.config.ae_directory import AeDirectory
from tdwii_gui.config.settings import CreatorSettings
from tdwii_gui.dicom.errors import DatasetError, InputsMissing, TdwiiError
from tdwii_gui.dicom.iod.codes import EQUIPMENT_FAILURE
from tdwii_gui.dicom.iod.continuation import BeamStanding
from tdwii_gui.dicom.iod.part10 import decode_part10, encode_part10
from tdwii_gui.dicom.iod.plan_record import read_plan_record
from tdwii_gui.dicom.iod.rtbdi import RtBeamsDeliveryInstruction, TreatmentDeliveryType
from tdwii_gui.dicom.iod.ups import Cancellation, ProcedureStepState, Ups
from tdwii_gui.dicom.iod.ups_update import FinalUpdate
from tdwii_gui.dicom.uids import new_uid
from tests.integration.bare_archive import BareArchive
from tests.integration.interruption import SECONDS, deliver_part
from tests.treatment_records import foreign_record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tdwii_gui.actors.suite import Suite
    from tdwii_gui.dicom.iod.plan import Plan

NOW = FractionRequest(1, datetime.now().astimezone())


def test_three_sessions_of_a_fraction(
    actors: Suite, plan: Plan, schedule: Callable[..., Ups], now_of: Callable[[Ups], Ups]
) -> None:
    """From the worklist to the third session, each the rest of those before."""
    beams = {beam.number: beam.meterset for beam in plan.fraction_group().beams}
    one, two, *others = beams
    interrupted = schedule(3)
    uid = interrupted.sop_instance_uid
    first = deliver_part(actors.tdd, plan, uid, {one: (0, beams[one]), two: (0, 17.25)}, 3)

    rest = actors.creator.plan_continuation(plan).result(SECONDS)
    assert (rest.fraction_number, rest.replaced_step) == (3, uid)
    second_uid = actors.creator.schedule_continuation(plan, rest, NOW).result(SECONDS)

    step = Ups(actors.tms.service.get(second_uid))
    assert step.delivery_type is TreatmentDeliveryType.CONTINUATION
    assert step.fraction_number == 3
    assert step.replaced_steps == (uid,)
    assert [(r.sop_instance_uid, r.retrieve_ae_title) for r in step.records] == [
        (first.SOPInstanceUID, "OST")
    ]
    actors.tdd.retrieve_static_inputs(step).result(SECONDS).require_complete()
    actors.tdd.retrieve_dynamic_inputs(step).result(SECONDS).require_complete()
    dataset = actors.tdd.instances.read(step.rtbdi.sop_instance_uid)
    instruction = RtBeamsDeliveryInstruction.from_dataset(dataset)
    assert [omitted.number for omitted in instruction.omitted] == [one]
    assert (instruction.tasks[0].start_meterset, instruction.tasks[0].end_meterset) == (
        17.25,
        beams[two],
    )
    assert [task.delivery_type for task in instruction.tasks[1:]] == ["TREATMENT"] * len(others)

    with pytest.raises(DatasetError, match=f"has step {second_uid} already, which is SCHEDULED"):
        actors.creator.plan_continuation(plan).result(SECONDS)

    second = deliver_part(actors.tdd, plan, second_uid, {two: (17.25, 60.5)}, 3)
    rest = actors.creator.plan_continuation(plan, 3).result(SECONDS)
    assert rest.replaced_step == second_uid
    assert {r.SOPInstanceUID for r in rest.records} == {first.SOPInstanceUID, second.SOPInstanceUID}
    third_uid = actors.creator.schedule_continuation(plan, rest, NOW).result(SECONDS)
    third = deliver_part(
        actors.tdd,
        plan,
        third_uid,
        {two: (60.5, beams[two])} | {number: (0, beams[number]) for number in others},
        3,
        state=ProcedureStepState.COMPLETED,
    )
    assert Ups(actors.tms.service.get(third_uid)).state is ProcedureStepState.COMPLETED
    total = dict.fromkeys(beams, 0.0)
    for record in (first, second, third):
        for beam in read_plan_record(plan, record).beams:
            total[beam.beam_number] += beam.delivered
    assert total == beams
    with pytest.raises(DatasetError, match="nothing remains of fraction 3"):
        actors.creator.plan_continuation(plan, 3).result(SECONDS)
    with pytest.raises(DatasetError, match="has no interrupted fraction"):
        actors.creator.plan_continuation(plan).result(SECONDS)


def test_a_session_that_was_canceled_before_any_dose_is_replaced(
    actors: Suite, plan: Plan, schedule: Callable[..., Ups]
) -> None:
    """It ended last, though nothing was performed in it."""
    beam = plan.fraction_group().beams[0].number
    deliver_part(actors.tdd, plan, schedule(2).sop_instance_uid, {beam: (0, 10)}, 2)
    rest = actors.creator.plan_continuation(plan).result(SECONDS)
    uid = actors.creator.schedule_continuation(plan, rest, NOW).result(SECONDS)
    actors.tdd.start_procedure(uid).result(SECONDS)
    canceled = Cancellation(EQUIPMENT_FAILURE, "interlock", datetime.now().astimezone())
    update = FinalUpdate("LINAC", None, None, [], actors.ost.ae_title, cancellation=canceled)
    actors.tdd.send_final_update(uid, update).result(SECONDS)
    actors.tdd.finish_procedure(uid, ProcedureStepState.CANCELED).result(SECONDS)
    assert actors.creator.plan_continuation(plan).result(SECONDS).replaced_step == uid


def test_a_record_that_the_ost_lacks_stops_the_continuation(
    actors: Suite, plan: Plan, schedule: Callable[..., Ups]
) -> None:
    """What was delivered and is not known would be delivered twice."""
    beam = plan.fraction_group().beams[0].number
    uid = schedule(2).sop_instance_uid
    deliver_part(actors.tdd, plan, uid, {beam: (0, 10)}, 2, stores=False)
    with pytest.raises(DatasetError, match=f"treatment record of step {uid} is missing"):
        actors.creator.plan_continuation(plan, 2).result(SECONDS)
    with pytest.raises(DatasetError, match="has no interrupted fraction"):
        actors.creator.plan_continuation(plan).result(SECONDS)


def test_a_fraction_that_is_in_progress_is_not_continued(
    actors: Suite, plan: Plan, schedule: Callable[..., Ups]
) -> None:
    step = schedule(2)
    actors.tdd.start_procedure(step.sop_instance_uid).result(SECONDS)
    record = foreign_record(plan, {plan.fraction_group().beams[0].number: (0, 10)}, 2)
    actors.tdd.store_results([record]).result(SECONDS)
    with pytest.raises(DatasetError, match="already, which is IN PROGRESS"):
        actors.creator.plan_continuation(plan, 2).result(SECONDS)


def test_which_of_two_like_groups_a_step_means_its_instruction_tells(
    actors: Suite, plan: Plan
) -> None:
    dataset = deepcopy(plan.dataset)
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = new_uid()
    boost = deepcopy(dataset.FractionGroupSequence[0])
    boost.FractionGroupNumber = 2
    dataset.FractionGroupSequence.append(boost)
    boosted = plan.from_dataset(dataset, source="boosted.dcm")
    fraction = actors.creator.build(boosted, replace(NOW, fraction_group=2))
    (uid,) = actors.creator.schedule(boosted, [fraction]).result(SECONDS)
    status = actors.creator.course_history(boosted).result(SECONDS).status
    assert [status.fraction(group, 1).step_uid for group in (1, 2)] == ["", uid]

    beam = boosted.fraction_group(2).beams[0].number
    deliver_part(actors.tdd, boosted, uid, {beam: (0, 10)}, 1, group=2)
    rest = actors.creator.plan_continuation(boosted).result(SECONDS)
    assert (rest.group.number, rest.fraction_number, rest.replaced_step) == (2, 1, uid)
    again = actors.creator.build_continuation(boosted, rest, NOW)
    numbers = {item.ReferencedFractionGroupNumber for item in again.rtbdi.BeamTaskSequence}
    assert numbers == {2}


@pytest.fixture
def creator(tmp_path: Path) -> Iterator[RtbdiCreator]:
    made = RtbdiCreator(CreatorSettings(port=0), Surroundings(AeDirectory(), tmp_path / "creator"))
    yield made
    made.stop()


@pytest.fixture
def bare(creator: RtbdiCreator, plan: Plan) -> Iterator[BareArchive]:
    """Return an archive that tells little, with a record of this plan and one of another."""
    archive = BareArchive(is_strict=True)
    beam = plan.fraction_group().beams[0].number
    mine = foreign_record(plan, {beam: (0, 10)}, 2)
    other = foreign_record(plan, {beam: (0, 30)}, 2)
    other.ReferencedRTPlanSequence[0].ReferencedSOPInstanceUID = "2.25.99"
    archive.add(decode_part10(encode_part10(one)) for one in (mine, other))
    with archive.listening():
        creator.directory.register(archive.entity)
        creator.ost_ae_title = archive.ae_title
        yield archive


def test_records_come_from_a_foreign_archive_by_c_get(
    creator: RtbdiCreator, bare: BareArchive, plan: Plan
) -> None:
    creator.retriever.by_get = True
    rest = creator.plan_continuation(plan, asks_tms=False).result(SECONDS)
    assert [beam.standing for beam in rest.beams][:2] == [
        BeamStanding.CONTINUATION,
        BeamStanding.TREATMENT,
    ]
    assert rest.beams[0].delivered == 10
    assert rest.replaced_step == ""
    assert "C-GET" in [service for service, _ in bare.requests]
    bare.gets = False
    bare.add([foreign_record(plan, {rest.beams[0].number: (10, 20)}, 2)])
    with pytest.raises(InputsMissing, match="treatment records of the plan"):
        creator.plan_continuation(plan, asks_tms=False).result(SECONDS)


def test_a_peer_that_is_not_there_is_told_of(creator: RtbdiCreator, plan: Plan) -> None:
    for asks_tms, name in ((True, "TMS"), (False, "OST")):
        with pytest.raises(TdwiiError, match=name):
            creator.plan_continuation(plan, asks_tms=asks_tms).result(SECONDS)


def test_it_can_be_canceled(creator: RtbdiCreator, bare: BareArchive, plan: Plan) -> None:
    creator.retriever.by_get = True
    bare.on_sending = lambda _number: creator.cancel_request()
    with pytest.raises(InputsMissing, match="canceled"):
        creator.plan_continuation(plan, asks_tms=False).result(SECONDS)
    bare.on_sending = lambda _number: None
    assert creator.plan_continuation(plan, asks_tms=False).result(SECONDS).fraction_number == 2
