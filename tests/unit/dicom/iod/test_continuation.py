"""What remains of an interrupted fraction (IHE-RO TDW-II, PS3.3 C.8.8.21.2)."""

from __future__ import annotations

from datetime import datetime

import pytest

from tdwii_gui.dicom.errors import DatasetError
from tdwii_gui.dicom.iod.continuation import continuation
from tdwii_gui.dicom.iod.rtbdi import (
    ALREADY_TREATED,
    BeamTask,
    OmittedBeam,
    TreatmentDeliveryType,
    build_rtbdi,
)
from tdwii_gui.dicom.iod.treatment_record import (
    DeliveredBeam,
    SessionInfo,
    build_treatment_records,
)

AT = datetime(2026, 1, 2, 10, 0, 0)
CONTINUATION = TreatmentDeliveryType.CONTINUATION


@pytest.fixture
def plan(make_plan, make_beam):
    return make_plan(make_beam(1), make_beam(2), make_beam(3))


@pytest.fixture
def record(plan):
    """Return a function that makes the record of a session of {beam: (start, end)}."""

    def make(metersets, fraction=5):
        delivered = [
            DeliveredBeam(
                number,
                end,
                AT,
                AT,
                start_meterset=start,
                delivery_type=CONTINUATION if start else TreatmentDeliveryType.TREATMENT,
            )
            for number, (start, end) in metersets.items()
        ]
        session = SessionInfo(fraction)
        return build_treatment_records(plan, plan.fraction_group(), delivered, session)[0]

    return make


def test_finished_beams_are_omitted_interrupted_ones_continued_others_treated(plan, record):
    session = continuation(
        plan, plan.fraction_group(), [record({1: (0, 100), 2: (0, 60)})], fraction_number=5
    )
    assert session.omitted == (OmittedBeam(1, ALREADY_TREATED),)
    assert session.tasks == (BeamTask(2, CONTINUATION, 60, 100), BeamTask(3))
    build_rtbdi(plan, plan.fraction_group(), 5, session)


def test_several_records_of_a_fraction_add_up(plan, record):
    records = [record({1: (0, 30)}), record({1: (30, 70.5), 2: (0, 100)})]
    session = continuation(plan, plan.fraction_group(), records, 5)
    assert session.tasks == (BeamTask(1, CONTINUATION, 70.5, 100), BeamTask(3))


def test_a_record_given_twice_counts_once(plan, record):
    first = record({1: (0, 30)})
    session = continuation(plan, plan.fraction_group(), [first, first], 5)
    assert session.tasks[0] == BeamTask(1, CONTINUATION, 30, 100)


def test_nothing_delivered_yet_is_a_treatment(plan, record):
    session = continuation(plan, plan.fraction_group(), [record({1: (0, 0)})], 5)
    assert session.tasks == (BeamTask(1), BeamTask(2), BeamTask(3))


def test_records_without_primary_meterset_tell_it_by_their_control_points(plan, record):
    first = record({1: (0, 30)})
    del first.TreatmentSessionBeamSequence[0].DeliveredPrimaryMeterset
    session = continuation(plan, plan.fraction_group(), [first], 5)
    assert session.tasks[0].start_meterset == 30


def test_other_fractions_and_plans_are_passed_over(plan, record, make_plan, make_beam):
    records = [record({1: (0, 100)}, fraction=4), record({2: (0, 10)})]
    session = continuation(plan, plan.fraction_group(), records, 5)
    assert session.tasks == (BeamTask(1), BeamTask(2, CONTINUATION, 10, 100), BeamTask(3))
    other = make_plan(make_beam(1))
    with pytest.raises(DatasetError, match="no treatment record of fraction 5"):
        continuation(other, other.fraction_group(), records, 5)


def test_a_finished_fraction_has_nothing_to_continue(plan, record):
    done = record({1: (0, 100), 2: (0, 100), 3: (0, 99.9999)})
    with pytest.raises(DatasetError, match="nothing remains of fraction 5"):
        continuation(plan, plan.fraction_group(), [done], 5)


def test_what_is_no_record_is_refused(plan, photon_dataset):
    with pytest.raises(DatasetError, match="no beams treatment record but RT Plan Storage"):
        continuation(plan, plan.fraction_group(), [photon_dataset], 5)
