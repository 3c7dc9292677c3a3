"""Performed procedure steps: what the builders make is what the table asks for."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pydicom.dataset import Dataset

from tdwii_gui.dicom.errors import DatasetError
from tdwii_gui.dicom.iod.codes import discontinuation_reason
from tdwii_gui.dicom.iod.mpps import (
    Mpps,
    MppsEvent,
    MppsStatus,
    PerformedSeries,
    imaging_ended,
    imaging_started,
    performed_series,
    treatment_ended,
    treatment_started,
)
from tdwii_gui.dicom.iod.mpps_rules import event_of, refuse_creation, refuse_final_state
from tdwii_gui.dicom.iod.ups import Ups
from tdwii_gui.dicom.store.attribute_lists import merged
from tdwii_gui.dicom.uids import (
    CT_IMAGE,
    RT_BEAMS_TREATMENT_RECORD,
    RT_PLAN,
    VL_PHOTOGRAPHIC_IMAGE,
    is_image,
)

NOW = datetime(2026, 11, 21, 10, 20, 30, tzinfo=UTC)
SERIES = PerformedSeries("1.2.3", "kV-kV", images=((CT_IMAGE, "1.2.3.1"),))


def step(name: str = "Müller^A", **attributes: str) -> Ups:
    dataset = Dataset()
    dataset.PatientName = name
    dataset.PatientID = "P1"
    dataset.PatientSex = "F"
    dataset.StudyInstanceUID = "1.2.9"
    dataset.ProcedureStepLabel = "Fraction 3"
    request = Dataset()
    request.AccessionNumber = "A7"
    request.RequestedProcedureID = "R7"
    dataset.ReferencedRequestSequence = [request]
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    return Ups(dataset)


def instance(sop_class: str, uid: str, series: str = "1.2.3") -> Dataset:
    dataset = Dataset()
    dataset.SOPClassUID = sop_class
    dataset.SOPInstanceUID = uid
    dataset.StudyInstanceUID = "1.2"
    dataset.SeriesInstanceUID = series
    dataset.SeriesDescription = "setup"
    return dataset


@pytest.mark.parametrize("of", [None, step(), step("A^B")], ids=["unscheduled", "utf-8", "ascii"])
@pytest.mark.parametrize("build", [imaging_started, treatment_started])
def test_what_begins_can_be_created_and_ended(of: Ups | None, build) -> None:
    attributes = build(of, station_ae_title="PPVS", started=NOW)
    refuse_creation(attributes)
    reason = discontinuation_reason("110501")
    end = imaging_ended(MppsStatus.DISCONTINUED, [SERIES], ended=NOW, reason=reason)
    assert all(element.tag in attributes for element in end), "what is set has been created"
    after = merged(attributes, end)
    refuse_final_state(after)
    mpps = Mpps(after)
    assert mpps.started == mpps.ended == NOW
    assert mpps.started.tzinfo is not None
    assert (mpps.status, mpps.reason) == (MppsStatus.DISCONTINUED, reason)
    assert mpps.series == (SERIES,)


def test_a_step_tells_of_patient_study_and_request() -> None:
    mpps = Mpps(imaging_started(step(), station_ae_title="PPVS", modality="CT"))
    assert mpps.patient == "Müller^A P1"
    assert mpps.study_instance_uid == "1.2.9"
    assert mpps.description == "Fraction 3"
    assert (mpps.modality, mpps.station_ae_title) == ("CT", "PPVS")
    (scheduled,) = mpps.dataset.ScheduledStepAttributesSequence
    assert (scheduled.AccessionNumber, scheduled.RequestedProcedureID) == ("A7", "R7")
    assert mpps.dataset.SpecificCharacterSet == "ISO_IR 192"
    assert len(mpps.step_id) <= 16


def test_records_are_objects_that_are_no_images() -> None:
    record = instance(RT_BEAMS_TREATMENT_RECORD, "1.2.5")
    end = treatment_ended(MppsStatus.COMPLETED, [record], retrieve_ae_title="OST", ended=NOW)
    (series,) = Mpps(end).series
    assert series.others == ((RT_BEAMS_TREATMENT_RECORD, "1.2.5"),)
    assert (series.images, series.retrieve_ae_title) == ((), "OST")
    with pytest.raises(DatasetError):
        treatment_ended(MppsStatus.COMPLETED, [instance(RT_PLAN, "1.2.6")])


def test_instances_are_gathered_by_series() -> None:
    series = performed_series(
        [
            instance(CT_IMAGE, "1.1"),
            instance(RT_PLAN, "1.2", "1.2.4"),
            instance(CT_IMAGE, "1.3"),
        ],
        "kV",
    )
    assert [(each.series_instance_uid, each.images, each.others) for each in series] == [
        ("1.2.3", ((CT_IMAGE, "1.1"), (CT_IMAGE, "1.3")), ()),
        ("1.2.4", (), ((RT_PLAN, "1.2"),)),
    ]
    assert {each.description for each in series} == {"setup"}


@pytest.mark.parametrize(
    "build",
    [
        lambda: imaging_started(None, station_ae_title=""),
        lambda: imaging_started(None, station_ae_title="A\\B"),
        lambda: imaging_started(None, station_ae_title="A", study_instance_uid="1.02"),
        lambda: imaging_ended(MppsStatus.IN_PROGRESS, [SERIES]),
        lambda: imaging_ended(MppsStatus.COMPLETED, []),
        lambda: imaging_ended(MppsStatus.COMPLETED, [PerformedSeries("1.2", "")]),
        lambda: imaging_ended(MppsStatus.COMPLETED, [PerformedSeries("x", "kV")]),
        lambda: performed_series([Dataset()], "kV"),
    ],
)
def test_nothing_illegal_is_built(build) -> None:
    with pytest.raises(DatasetError):
        build()


@pytest.mark.parametrize(
    ("before", "after", "event"),
    [
        ("IN PROGRESS", "IN PROGRESS", MppsEvent.UPDATED),
        ("IN PROGRESS", "COMPLETED", MppsEvent.COMPLETED),
        ("IN PROGRESS", "DISCONTINUED", MppsEvent.DISCONTINUED),
    ],
)
def test_the_event_of_a_change(before: str, after: str, event: MppsEvent) -> None:
    def in_status(status: str) -> Mpps:
        dataset = Dataset()
        dataset.PerformedProcedureStepStatus = status
        return Mpps(dataset)

    assert event_of(in_status(before), in_status(after)) is event
    assert event.title.startswith("Performed Procedure Step ")


def test_what_cannot_be_read_is_empty() -> None:
    dataset = Dataset()
    dataset.PerformedProcedureStepStatus = "ODD"
    dataset.PerformedProcedureStepStartTime = "101010"
    mpps = Mpps(dataset)
    assert (mpps.status, mpps.started, mpps.ended, mpps.reason) == (None, None, None, None)
    assert (mpps.uid, mpps.patient, mpps.series) == ("", "", ())


def test_images_are_known_by_their_class() -> None:
    assert is_image(CT_IMAGE)
    assert is_image(VL_PHOTOGRAPHIC_IMAGE)
    assert not is_image(RT_PLAN)
    assert not is_image("")
