"""Foreign treatment records against their plan, instruction and earlier records."""

from __future__ import annotations

import random
import re
from contextlib import suppress
from datetime import datetime, timedelta

import pytest

from tdwii_gui.dicom.errors import DatasetError
from tdwii_gui.dicom.iod.part10 import decode_part10, encode_part10
from tdwii_gui.dicom.iod.plan import Plan, read_plan
from tdwii_gui.dicom.iod.record_check import Verdict, check_record, require_met
from tdwii_gui.dicom.iod.rtbdi import (
    BeamTask,
    OmittedBeam,
    RtBeamsDeliveryInstruction,
    SessionTasks,
    TableTopAdjustment,
    TreatmentDeliveryType,
    build_rtbdi,
)
from tdwii_gui.dicom.iod.treatment_record import (
    DeliveredBeam,
    SessionInfo,
    TerminationStatus,
    build_treatment_records,
)

AT = datetime(2026, 1, 2, 10, 0, 0)
CONTINUATION = TreatmentDeliveryType.CONTINUATION


def delivered(number: int, start: float, end: float, total: float) -> DeliveredBeam:
    is_whole = end == total
    return DeliveredBeam(
        number,
        end,
        AT,
        AT + timedelta(seconds=60),
        start_meterset=start,
        termination=TerminationStatus.NORMAL if is_whole else TerminationStatus.OPERATOR,
        delivery_type=CONTINUATION if start else TreatmentDeliveryType.TREATMENT,
    )


def make_record(plan: Plan, spans, fraction=3, prior=(), **session):
    """Return the record of a session of {beam: (start, end)}."""
    group = plan.fraction_group()
    done = [delivered(n, *span, group.beam(n).meterset) for n, span in spans.items()]
    info = SessionInfo(fraction, prior_records=prior, **session)
    (record,) = build_treatment_records(plan, group, done, info)
    return decode_part10(encode_part10(record), source="record.dcm")


def instruction(plan: Plan, *tasks: BeamTask, fraction=3, omitted=()):
    session = SessionTasks(tasks, omitted) if tasks else None
    return RtBeamsDeliveryInstruction.from_dataset(
        build_rtbdi(plan, plan.fraction_group(), fraction, session)
    )


def failed(findings) -> list[str]:
    return [str(finding) for finding in findings if finding.verdict is Verdict.NOT_MET]


def not_told(findings) -> list[str]:
    return [finding.subject for finding in findings if finding.verdict is Verdict.NOT_TOLD]


def the_one(findings, subject):
    (found,) = [finding for finding in findings if finding.subject == subject]
    return found


@pytest.fixture
def plan(photon_plan):
    return photon_plan


def test_a_whole_session_meets_everything(plan):
    record = make_record(plan, {1: (0, 100), 2: (0, 100)})
    findings = check_record(record, plan, instruction(plan))
    assert failed(findings) == []
    assert not_told(findings) == [
        "Beam 1 TreatmentVerificationStatus",
        "Beam 2 TreatmentVerificationStatus",
    ]
    assert the_one(findings, "PatientID").text == "is that of the plan"
    assert the_one(findings, "Beam 2 DeliveredPrimaryMeterset").text == "is 100"


@pytest.mark.parametrize(
    ("name", "share"),
    [
        ("photon_vmat_spine_qa/RPColumna.dcm", 0.17),
        ("photon_monaco/multi_fraction_groups.dcm", 0.999),
        ("ion_pbs_headphantom/RN_headphantom.dcm", 0.5),
        ("ion_pbs_water/sobp_10x10.dcm", 0.17),
        ("ion_passive_scatter/passive_prostate_1beam.dcm", 0.5),
    ],
)
def test_records_of_real_plans_meet_everything(shared_data, name, share):
    plan = read_plan(shared_data / name, meterset=100)
    beams = plan.fraction_group().beams
    first = make_record(plan, {b.number: (0, b.meterset * share) for b in beams}, fraction=1)
    assert failed(check_record(first, plan)) == []
    done = {b.number: plan.fraction_group().beam(b.number).scale for b in beams}
    spans = {b.number: (done[b.number].rounded(b.meterset * share), b.meterset) for b in beams}
    second = make_record(plan, spans, fraction=1, prior=[first])
    tasks = [BeamTask(number, CONTINUATION, *span) for number, span in spans.items()]
    findings = check_record(second, plan, instruction(plan, *tasks, fraction=1), [first])
    assert failed(findings) == []
    assert len([f for f in findings if f.subject.endswith("(all records)")]) == len(beams)


def test_the_continuation_of_a_fraction_is_counted_with_its_earlier_records(plan):
    first = make_record(plan, {1: (0, 60)})
    rtbdi = instruction(plan, BeamTask(1, CONTINUATION, 60, 100), BeamTask(2))
    second = make_record(plan, {1: (60, 100), 2: (0, 100)}, prior=[first])
    findings = check_record(second, plan, rtbdi, [first])
    assert failed(findings) == []
    total = the_one(findings, "Beam 1 DeliveredPrimaryMeterset (all records)")
    assert total.text == "makes 100 of the fraction's 100"
    without = make_record(plan, {1: (60, 100), 2: (0, 100)})
    assert "Prior record record.dcm" in not_told(check_record(without, plan, rtbdi, [first]))
    twice = make_record(plan, {1: (0, 100)}, prior=[first])
    assert failed(check_record(twice, plan, None, [first])) == [
        "Beam 1 TreatmentDeliveryType is TREATMENT, not CONTINUATION",
        "Beam 1 DeliveredMeterset (start) is 0, not 60",
        "Beam 1 DeliveredPrimaryMeterset (all records) makes 160 of the fraction's 100",
    ]


def test_earlier_records_that_cannot_be_counted_are_named(plan, make_plan, make_beam):
    record = make_record(plan, {1: (0, 60)})
    day_before = make_record(plan, {1: (0, 60)}, fraction=2)
    of_other = make_record(make_plan(make_beam(1)), {1: (0, 60)})
    assert failed(check_record(record, plan, None, [day_before, of_other, record])) == [
        "Prior record record.dcm is not of fraction 3",
        "Prior record record.dcm cannot be counted: ReferencedRTPlanSequence does not name the "
        "plan",
        "Prior record record.dcm is the record itself",
    ]


def change(record, **attributes):
    for keyword, value in attributes.items():
        setattr(record, keyword, value)


def change_beam(record, **attributes):
    change(record.TreatmentSessionBeamSequence[0], **attributes)


def change_point(record, **attributes):
    change(record.TreatmentSessionBeamSequence[0].ControlPointDeliverySequence[1], **attributes)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda r: change(r, PatientID="T2"), "PatientID is not that of the plan"),
        (lambda r: change(r, PatientName="Other^One"), "PatientName is not that of the plan"),
        (lambda r: change(r, StudyInstanceUID="1.2.3"), "StudyInstanceUID is 1.2.3, not "),
        (
            lambda r: change(r.ReferencedRTPlanSequence[0], ReferencedSOPInstanceUID="1.2.3"),
            "ReferencedRTPlanSequence names 1.2.3, not the plan ",
        ),
        (
            lambda r: change(r, ReferencedRTPlanSequence=None),
            "ReferencedRTPlanSequence is missing",
        ),
        (
            lambda r: change(r, ReferencedFractionGroupNumber=7),
            "ReferencedFractionGroupNumber is 7, which the plan does not have",
        ),
        (lambda r: change(r, NumberOfFractionsPlanned=9), "NumberOfFractionsPlanned is 9, not 30"),
        (
            lambda r: change(r.TreatmentMachineSequence[0], TreatmentMachineName="TWIN"),
            "TreatmentMachineName is TWIN, not LINAC",
        ),
        (
            lambda r: change(r, PrimaryDosimeterUnit="MINUTE"),
            "PrimaryDosimeterUnit is MINUTE, not MU",
        ),
        (lambda r: change(r, TreatmentSessionBeamSequence=None), "BeamSequence is missing"),
        (lambda r: change_beam(r, ReferencedBeamNumber=9), "Beam 9 ReferencedBeamNumber is not in"),
        (lambda r: change_beam(r, ReferencedBeamNumber=2), "Beam 2 ReferencedBeamNumber is in the"),
        (lambda r: change_beam(r, ReferencedBeamNumber=None), "ReferencedBeamNumber is missing"),
        (lambda r: change_beam(r, BeamName="B"), "Beam 1 BeamName is B, not Beam 1"),
        (lambda r: change_beam(r, RadiationType="ELECTRON"), "Beam 1 RadiationType is ELECTRON"),
        (lambda r: change_beam(r, CurrentFractionNumber=4), "CurrentFractionNumber is 4, not 3"),
        (lambda r: change_beam(r, CurrentFractionNumber=None), "CurrentFractionNumber is missing"),
        (
            lambda r: change_beam(r, TreatmentDeliveryType="CONTINUATION"),
            "Beam 1 TreatmentDeliveryType is CONTINUATION, not TREATMENT",
        ),
        (
            lambda r: change_beam(r, TreatmentTerminationStatus="DONE"),
            "Beam 1 TreatmentTerminationStatus is DONE, none of NORMAL, OPERATOR, MACHINE, UNKNOWN",
        ),
        (
            lambda r: change_beam(r, SpecifiedPrimaryMeterset="90"),
            "Beam 1 SpecifiedPrimaryMeterset is 90, not 100",
        ),
        (
            lambda r: change_beam(r, DeliveredPrimaryMeterset="99.8"),
            "Beam 1 DeliveredPrimaryMeterset is 99.8, not 100",
        ),
        (lambda r: change_beam(r, NumberOfWedges=1), "Beam 1 NumberOfWedges is 1, not 0"),
        (
            lambda r: change_point(r, SpecifiedMeterset="51"),
            "Beam 1 control point 1 SpecifiedMeterset is 51, not 50",
        ),
        (
            lambda r: change_point(r, DeliveredMeterset="49"),
            "Beam 1 control point 1 DeliveredMeterset is 49, not 50",
        ),
        (
            lambda r: change_point(r, NominalBeamEnergy="15"),
            "Beam 1 control point 1 NominalBeamEnergy is 15, not 6, and 1 others differ",
        ),
        (
            lambda r: change_point(r, ReferencedControlPointIndex=8),
            "has 1 control points that the plan does not have",
        ),
        (
            lambda r: change_beam(r, ControlPointDeliverySequence=None),
            "Beam 1 ControlPointDeliverySequence is missing",
        ),
    ],
)
def test_what_is_wrong_is_named_with_beam_and_attribute(plan, spoil, words):
    record = make_record(plan, {1: (0, 100), 2: (0, 100)})
    spoil(record)
    findings = check_record(record, plan, instruction(plan))
    assert any(words in line for line in failed(findings)), failed(findings)
    with pytest.raises(DatasetError, match=r"^record\.dcm: "):
        require_met(findings, "record.dcm")


def test_what_cannot_be_read_is_named_and_the_rest_compared(plan):
    data = encode_part10(make_record(plan, {1: (0, 100), 2: (0, 100)}))
    number = b"DS\x04\x00100 "
    assert number in data
    findings = check_record(decode_part10(data.replace(number, b"DS\x04\x001a0 ", 1)), plan)
    (line,) = failed(findings)
    assert re.fullmatch(r"Beam 1 \w+Meterset is no number", line)
    assert the_one(findings, "Beam 2 DeliveredPrimaryMeterset").verdict is Verdict.MET


def test_one_sentence_tells_the_first_of_many(plan):
    record = make_record(plan, {1: (0, 100)})
    change_beam(record, BeamName="B", RadiationType="ELECTRON", BeamType="DYNAMIC")
    change(record, PatientID="T2", StudyInstanceUID="1.2.3")
    findings = check_record(record, plan)
    with pytest.raises(DatasetError, match=r"^r\.dcm: PatientID is not .*; and 2 more$"):
        require_met(findings, "r.dcm")


def test_the_instruction_has_the_last_word_on_beams_and_ends(plan):
    record = make_record(plan, {1: (0, 100), 2: (0, 60)})
    omitting = instruction(plan, BeamTask(2), omitted=(OmittedBeam(1, "ALREADY_TREATED"),))
    assert failed(check_record(record, plan, omitting)) == [
        "Beam 1 ReferencedBeamNumber is omitted by the instruction"
    ]
    only_first = check_record(record, plan, instruction(plan, BeamTask(1)))
    assert failed(only_first) == ["Beam 2 ReferencedBeamNumber is not in the instruction"]
    change(record.TreatmentSessionBeamSequence[1], TreatmentTerminationStatus="NORMAL")
    assert failed(check_record(record, plan, instruction(plan))) == [
        "Beam 2 DeliveredMeterset (end) is 60 of 100, NORMAL"
    ]
    part = make_record(plan, {2: (0, 100)})
    assert "Beam 1" in not_told(check_record(part, plan, instruction(plan)))
    of_other_fraction = instruction(plan, fraction=4)
    assert failed(check_record(part, plan, of_other_fraction)) == [
        "Beam 2 CurrentFractionNumber is 3, not 4"
    ]


def test_adjusted_positions_are_compared_with_the_instruction(plan):
    rtbdi = instruction(plan, BeamTask(1, adjustment=TableTopAdjustment(vertical=-118.5)))
    record = make_record(plan, {1: (0, 100)}, instruction=rtbdi)
    findings = check_record(record, plan, rtbdi)
    assert failed(findings) == []
    assert the_one(findings, "Beam 1 control point 0 TableTopVerticalPosition").text == "is -118.5"
    record = make_record(plan, {1: (0, 100)})
    record.TreatmentSessionBeamSequence[0].ControlPointDeliverySequence[
        0
    ].TableTopVerticalPosition = "-120"
    assert failed(check_record(record, plan, rtbdi)) == [
        "Beam 1 control point 0 TableTopVerticalPosition is -120, not -118.5"
    ]


def test_metersets_may_differ_by_what_a_machine_misses_them_by(plan):
    record = make_record(plan, {1: (0, 100)})
    points = record.TreatmentSessionBeamSequence[0].ControlPointDeliverySequence
    points[-1].DeliveredMeterset = "99.95"
    change_beam(record, DeliveredPrimaryMeterset="99.95")
    assert failed(check_record(record, plan)) == []
    assert failed(check_record(record, plan, share=0.0001)) == [
        "Beam 1 DeliveredMeterset (end) is 99.95 of 100, NORMAL"
    ]


def test_a_beam_that_is_no_treatment_is_no_error(make_plan, make_beam):
    plan = make_plan(make_beam(1), make_beam(2), groups={1: {1: 100, 2: None}})
    record = make_record(plan, {1: (0, 100)})
    setup = decode_part10(encode_part10(record)).TreatmentSessionBeamSequence[0]
    change(setup, ReferencedBeamNumber=2, TreatmentDeliveryType="SETUP")
    record.TreatmentSessionBeamSequence.append(setup)
    findings = check_record(record, plan)
    assert failed(findings) == []
    assert "Beam 2 ReferencedBeamNumber" in not_told(findings)


def test_what_is_no_treatment_record_is_refused(plan, photon_dataset):
    with pytest.raises(DatasetError, match="is no beams treatment record but RT Plan Storage"):
        check_record(photon_dataset, plan)


def test_what_is_wrong_with_the_plan_names_the_plan(plan, photon_dataset):
    record = make_record(plan, {1: (0, 100)})
    photon_dataset.BeamSequence[1].ControlPointSequence[2].CumulativeMetersetWeight = "0.1"
    words = r"^plan\.dcm: Beam 2 control point 2 CumulativeMetersetWeight falls$"
    with pytest.raises(DatasetError, match=words):
        check_record(record, Plan.from_dataset(photon_dataset, source="plan.dcm"))


def test_an_instruction_of_another_plan_and_patient_is_named(plan, make_plan, make_beam):
    other = make_plan(make_beam(1), make_beam(2))
    other.dataset.PatientID = "T2"
    record = make_record(plan, {1: (0, 100), 2: (0, 100)})
    lines = failed(check_record(record, plan, instruction(other)))
    assert lines[0].startswith("Instruction's ReferencedRTPlanSequence is ")
    assert lines[1:] == ["Instruction's PatientID is not that of the record"]


@pytest.mark.parametrize("seed", range(2))
def test_damaged_records_are_findings_or_refused(plan, seed):
    """Whatever bytes are hit, nothing but findings or a DatasetError may come of it."""
    whole = encode_part10(make_record(plan, {1: (0, 100), 2: (0, 60)}))
    prior = make_record(plan, {2: (0, 1)})
    rtbdi = instruction(plan)
    chance = random.Random(seed)
    for _ in range(80):
        damaged = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            damaged[chance.randrange(128, len(damaged))] = chance.randrange(256)
        with suppress(DatasetError):
            check_record(decode_part10(bytes(damaged)), plan, rtbdi, [prior])
            check_record(prior, plan, rtbdi, [decode_part10(bytes(damaged))])
