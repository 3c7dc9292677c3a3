"""What remains of an interrupted fraction (IHE-RO TDW-II, PS3.3 C.8.8.21.2)."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tdwii_gui.dicom.errors import DatasetError
from tdwii_gui.dicom.iod.continuation import (
    continuation,
    continuation_of_course,
    records_of_fraction,
)
from tdwii_gui.dicom.iod.course_status import CourseStep, course_status
from tdwii_gui.dicom.iod.part10 import read_part10, write_part10
from tdwii_gui.dicom.iod.rtbdi import (
    ALREADY_TREATED,
    BeamTask,
    OmittedBeam,
    RtBeamsDeliveryInstruction,
    TreatmentDeliveryType,
    build_rtbdi,
)
from tdwii_gui.dicom.iod.ups import ProcedureStepState, Ups
from tdwii_gui.dicom.iod.ups_create import StepRequest, build_ups
from tests.treatment_records import foreign_record

CONTINUATION = TreatmentDeliveryType.CONTINUATION
CANCELED = ProcedureStepState.CANCELED


@pytest.fixture
def plan(make_plan, make_beam):
    return make_plan(make_beam(1), make_beam(2), make_beam(3))


@pytest.fixture
def record(plan):
    """Return a function that makes the record of a session of {beam: (start, end)}."""
    return partial(foreign_record, plan, fraction=5)


def rest_of(plan, *records, fraction=5):
    return continuation(plan, plan.fraction_group(), records, fraction)


def refusal(plan, *records, fraction=5) -> str:
    with pytest.raises(DatasetError) as refused:
        rest_of(plan, *records, fraction=fraction)
    return str(refused.value)


def test_finished_beams_are_omitted_interrupted_ones_continued_others_treated(plan, record):
    rest = rest_of(plan, record({1: (0, 100), 2: (0, 60)}))
    assert rest.session.omitted == (OmittedBeam(1, ALREADY_TREATED),)
    assert rest.session.tasks == (BeamTask(2, CONTINUATION, 60, 100), BeamTask(3))
    assert [beam.remaining for beam in rest.beams] == [0, 40, 100]
    read = RtBeamsDeliveryInstruction.from_dataset(build_rtbdi(plan, rest.group, 5, rest.session))
    assert (read.tasks, read.omitted) == (rest.session.tasks, rest.session.omitted)
    assert read.fraction_number == 5


def test_the_new_step_has_the_records_among_its_inputs_and_names_the_old_step(plan, record):
    first = record({1: (0, 100), 2: (0, 60)})
    rest = rest_of(plan, first)
    rtbdi = build_rtbdi(plan, rest.group, 5, rest.session)
    request = StepRequest(
        fraction_number=5,
        group=rest.group,
        start=datetime(2026, 1, 2, 14),
        static_ae="OST",
        dynamic_ae="TMS",
        delivery_type=CONTINUATION,
        records=rest.records,
        replaced_step="2.25.77",
    )
    step = Ups(build_ups(plan, rtbdi, request))
    assert step.delivery_type is CONTINUATION
    assert step.fraction_number == 5
    assert step.replaced_steps == ("2.25.77",)
    assert [(one.sop_instance_uid, one.retrieve_ae_title) for one in step.records] == [
        (first.SOPInstanceUID, "OST")
    ]
    assert [one.retrieve_ae_title for one in step.dynamic_inputs] == ["TMS"]


def test_three_sessions_of_a_fraction_add_up_in_any_order(plan, record):
    records = [record({1: (30, 70.5), 2: (0, 100)}), record({1: (0, 30)})]
    rest = rest_of(plan, *records)
    assert rest.session.tasks == (BeamTask(1, CONTINUATION, 70.5, 100), BeamTask(3))
    assert rest.records == tuple(records)


def test_a_record_given_twice_counts_once(plan, record):
    first = record({1: (0, 30)})
    rest = rest_of(plan, first, first)
    assert rest.session.tasks[0] == BeamTask(1, CONTINUATION, 30, 100)


def test_nothing_delivered_yet_is_a_treatment(plan, record):
    rest = rest_of(plan, record({1: (0, 0)}))
    assert rest.session.tasks == (BeamTask(1), BeamTask(2), BeamTask(3))


def test_records_without_primary_meterset_tell_it_by_their_control_points(plan, record):
    first = record({1: (0, 30)})
    del first.TreatmentSessionBeamSequence[0].DeliveredPrimaryMeterset
    assert rest_of(plan, first).session.tasks[0].start_meterset == 30


def test_a_machine_ends_a_beam_where_it_can(plan, record):
    ended = record({1: (0, 99.96), 2: (0, 100.03), 3: (0, 99.96)})
    ended.TreatmentSessionBeamSequence[0].TreatmentTerminationStatus = "NORMAL"
    rest = rest_of(plan, ended)
    assert [omitted.number for omitted in rest.session.omitted] == [1, 2]
    assert rest.session.tasks == (BeamTask(3, CONTINUATION, 99.96, 100),)


@pytest.mark.parametrize("stop", [0.00001, 99.99999])
def test_however_little_was_delivered_or_remains(plan, record, stop):
    rest = rest_of(plan, record({1: (0, stop)}))
    assert rest.session.tasks[0] == BeamTask(1, CONTINUATION, stop, 100)


def test_port_films_and_setup_beams_are_no_treatment(plan, record):
    session = record({1: (0, 2), 2: (0, 10)})
    session.TreatmentSessionBeamSequence[0].TreatmentDeliveryType = "OPEN_PORTFILM"
    assert [beam.delivered for beam in rest_of(plan, session).beams] == [0, 10, 0]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    meterset=st.decimals("0.5", "9999", places=4),
    stops=st.lists(st.floats(0.01, 0.99), min_size=1, max_size=4, unique=True),
)
def test_the_sessions_of_a_fraction_add_up_exactly(make_plan, make_beam, meterset, stops):
    """Each session begins where those before it have ended, whatever they are."""
    plan = make_plan(make_beam(1), groups={1: {1: meterset}})
    ends = sorted({round(meterset * Decimal(stop), 4) for stop in stops} - {0, meterset})
    records, start = [], Decimal()
    for end in ends:
        record = foreign_record(plan, {1: (float(start), float(end))}, 5)
        item = record.TreatmentSessionBeamSequence[0]
        item.DeliveredPrimaryMeterset = str(end - start)
        records.append(record)
        (beam,) = rest_of(plan, *records).beams
        assert Decimal(repr(beam.delivered)) == end
        assert not beam.is_finished
        assert Decimal(repr(beam.delivered)) + Decimal(repr(beam.remaining)) == meterset
        start = end


def test_of_an_archives_records_those_of_the_fraction_are_taken(plan, record, make_plan, make_beam):
    other = make_plan(make_beam(1))
    records = [
        record({1: (0, 100)}, fraction=4),
        record({2: (0, 10)}),
        foreign_record(other, {1: (0, 50)}, 5),
    ]
    found = records_of_fraction(plan, plan.fraction_group(), records, 5)
    assert found == [records[1]]
    rest = rest_of(plan, *found)
    assert rest.session.tasks == (BeamTask(1), BeamTask(2, CONTINUATION, 10, 100), BeamTask(3))


def test_a_finished_fraction_has_nothing_to_continue(plan, record):
    done = record({1: (0, 100), 2: (0, 100), 3: (0, 100)})
    assert "nothing remains of fraction 5: all beams are delivered" in refusal(plan, done)
    assert "has no treatment record of fraction 5" in refusal(plan)
    assert "fraction 31 is beyond the 30 fractions" in refusal(plan, done, fraction=31)


def test_what_is_no_record_is_refused(plan, photon_dataset):
    assert "is no beams treatment record but RT Plan Storage" in refusal(plan, photon_dataset)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"PatientID": "SOMEBODY"}, "PatientID is not that of the plan"),
        ({"ReferencedRTPlanSequence": []}, "ReferencedRTPlanSequence does not name the plan"),
        ({"PrimaryDosimeterUnit": "MINUTE"}, "Beam 1 PrimaryDosimeterUnit is MINUTE, in the plan"),
        ({"PrimaryDosimeterUnit": None}, "Beam 1 PrimaryDosimeterUnit is missing, in the plan MU"),
        (
            {"ReferencedFractionGroupNumber": 7},
            "ReferencedFractionGroupNumber is 7, which the plan does not have",
        ),
    ],
)
def test_a_record_of_something_else_is_refused_by_its_file(plan, record, tmp_path, change, words):
    path = tmp_path / "record.dcm"
    write_part10(path, record({1: (0, 60)}, **change))
    refused = refusal(plan, read_part10(path))
    assert refused.startswith(f"{path}: ")
    assert words in refused
    assert "SOMEBODY" not in refused


@pytest.mark.parametrize(
    ("keyword", "value", "words"),
    [
        ("CurrentFractionNumber", 4, "Beam 1 CurrentFractionNumber is 4, not 5"),
        ("CurrentFractionNumber", None, "Beam 1 CurrentFractionNumber has no value"),
        ("ReferencedBeamNumber", 9, "Beam 9 ReferencedBeamNumber is not in fraction group 1"),
        ("ReferencedBeamNumber", None, "ReferencedBeamNumber is missing"),
        ("SpecifiedPrimaryMeterset", "90", "SpecifiedPrimaryMeterset is 90, in the plan 100"),
        ("DeliveredPrimaryMeterset", "-1", "Beam 1 DeliveredPrimaryMeterset is -1"),
        (
            "DeliveredPrimaryMeterset",
            "120",
            "Beam 1 DeliveredPrimaryMeterset makes 120 of this fraction, but 100 are specified",
        ),
    ],
)
def test_what_a_beam_tells_has_to_fit_the_plan(plan, record, keyword, value, words):
    first = record({1: (0, 60)})
    setattr(first.TreatmentSessionBeamSequence[0], keyword, value)
    refused = refusal(plan, first)
    assert first.SOPInstanceUID in refused
    assert words in refused


def test_more_than_is_specified_over_all_records_is_refused(plan, record):
    second = record({1: (60, 110)})
    refused = refusal(plan, record({1: (0, 60)}), second)
    assert second.SOPInstanceUID in refused
    assert "Beam 1 DeliveredPrimaryMeterset makes 110 of this fraction" in refused


def test_a_part_delivered_twice_or_told_by_nobody_is_refused(plan, record):
    words = "Beam 1 DeliveredMeterset begins at {}, but the records before tell of {}"
    assert words.format(0, 30) in refusal(plan, record({1: (0, 30)}), record({1: (0, 30)}))
    assert words.format(30, 0) in refusal(plan, record({1: (30, 60)}))


def test_two_fraction_groups_are_not_mixed_up(make_plan, make_beam):
    groups = {1: {1: 100, 2: 100}, 2: {2: 50}}
    plan = make_plan(make_beam(1), make_beam(2), groups=groups)
    boost = plan.fraction_group(2)
    first = foreign_record(plan, {2: (0, 20)}, 1, group=boost)
    assert continuation(plan, boost, [first], 1).beams[0].delivered == 20
    assert "ReferencedFractionGroupNumber is 2, not 1" in refusal(plan, first, fraction=1)
    del first.ReferencedFractionGroupNumber
    assert "the beams do not tell which group" in refusal(plan, first, fraction=1)


def test_which_fraction_is_continued_and_which_step_replaced(plan, record):
    first = record({1: (0, 60)})
    steps = [
        CourseStep("2.25.1", 1, 5, CANCELED, datetime(2026, 1, 2, 8).astimezone()),
        CourseStep("2.25.2", 1, 5, CANCELED, datetime(2026, 1, 2, 9).astimezone()),
        CourseStep("2.25.3", 1, 6, ProcedureStepState.SCHEDULED, None),
    ]
    status = course_status(plan, [first], steps)
    rest = continuation_of_course(plan, status, [first])
    assert (rest.fraction_number, rest.replaced_step) == (5, "2.25.2")


def test_which_fraction_is_meant_has_to_be_clear(plan, record):
    records = [record({1: (0, 60)}), record({1: (0, 60)}, fraction=6)]
    for known, words in (
        ([], "has no interrupted fraction"),
        (records, r"fractions 5 \(group 1\), 6 \(group 1\) are interrupted: name one"),
    ):
        with pytest.raises(DatasetError, match=words):
            continuation_of_course(plan, course_status(plan, known), known)
    status = course_status(plan, records)
    assert continuation_of_course(plan, status, records[1:], 6).fraction_number == 6


@pytest.mark.parametrize(
    ("state", "outputs", "words"),
    [
        (ProcedureStepState.SCHEDULED, (), "has step 2.25.1 already, which is SCHEDULED"),
        (ProcedureStepState.IN_PROGRESS, (), "has step 2.25.1 already, which is IN PROGRESS"),
        (CANCELED, ("2.25.9",), "fraction 5: a treatment record of step 2.25.1 is missing"),
    ],
)
def test_a_fraction_under_way_or_not_wholly_recorded_is_not_continued(
    plan, record, state, outputs, words
):
    first = record({1: (0, 60)})
    status = course_status(plan, [first], [CourseStep("2.25.1", 1, 5, state, None, outputs)])
    with pytest.raises(DatasetError, match=words):
        continuation_of_course(plan, status, [first], 5)
