"""Modality Performed Procedure Steps: what a device did, as it says itself (PS3.4 Annex F).

Builders make the attribute list of an N-CREATE and the modification list of the N-SET that ends
the step; `Mpps` reads one.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from pydicom.dataset import Dataset

from tdwii_gui.dicom.errors import DatasetError, Finding
from tdwii_gui.dicom.iod import legal, tolerant
from tdwii_gui.dicom.iod.macros import code_item, sop_reference
from tdwii_gui.dicom.iod.modules import date_and_time
from tdwii_gui.dicom.iod.mpps_reader import Mpps, MppsEvent, MppsStatus, PerformedSeries
from tdwii_gui.dicom.iod.references import reference_to
from tdwii_gui.dicom.uids import TREATMENT_RECORD_CLASSES, is_image, is_valid_uid, new_uid

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tdwii_gui.dicom.iod.codes import Code
    from tdwii_gui.dicom.iod.ups import Ups

__all__ = (
    "IMAGING",
    "TREATMENT",
    "Mpps",
    "MppsEvent",
    "MppsStatus",
    "PerformedSeries",
    "imaging_ended",
    "imaging_started",
    "performed_series",
    "treatment_ended",
    "treatment_started",
)

IMAGING: Final = "RTIMAGE"
TREATMENT: Final = "RTRECORD"

_PATIENT: Final = ("PatientName", "PatientID", "PatientBirthDate", "PatientSex")
_EMPTY: Final = (
    "PerformedStationName",
    "PerformedLocation",
    "PerformedProcedureStepDescription",
    "PerformedProcedureTypeDescription",
    "PerformedProcedureStepEndDate",
    "PerformedProcedureStepEndTime",
    "StudyID",
)
_EMPTY_SEQUENCES: Final = (
    "ReferencedPatientSequence",
    "ProcedureCodeSequence",
    "PerformedProtocolCodeSequence",
    "PerformedSeriesSequence",
    # What is not created cannot be set later (PS3.4 F.7.2.2.1).
    "PerformedProcedureStepDiscontinuationReasonCodeSequence",
)
_SCHEDULED_EMPTY: Final = (
    "AccessionNumber",
    "RequestedProcedureID",
    "RequestedProcedureDescription",
    "ScheduledProcedureStepID",
    "ScheduledProcedureStepDescription",
)


def imaging_started(
    step: Ups | None,
    *,
    station_ae_title: str,
    modality: str = IMAGING,
    description: str = "",
    started: datetime | None = None,
    study_instance_uid: str = "",
) -> Dataset:
    """Return the attribute list of an N-CREATE: a device has begun (PS3.4 F.7.2.1).

    Parameters
    ----------
    step : Ups or None
        The scheduled step whose patient and study it is about; None for an unscheduled one.
    station_ae_title : str
        The AE title of the device.
    modality : str
        What kind of series it makes, e.g. ``"RTIMAGE"``, ``"CT"``, ``"RTRECORD"``.
    started : datetime or None
        None is now.
    study_instance_uid : str
        The study of the series; empty for that of the step, or a new one.

    Raises
    ------
    DatasetError
        If a value is not legal.
    """
    start = started or datetime.now().astimezone()
    dataset = Dataset()
    study = study_instance_uid or (step.study_instance_uid if step else "") or new_uid()
    if not is_valid_uid(study):
        raise DatasetError([Finding("StudyInstanceUID", "is no UID")])
    dataset.ScheduledStepAttributesSequence = [_scheduled(step, study)]
    for keyword in _PATIENT:
        value = tolerant.text(step.dataset, keyword) if step else ""
        setattr(dataset, keyword, legal.permit(keyword, value) or None)
    for keyword in _EMPTY:
        setattr(dataset, keyword, None)
    for keyword in _EMPTY_SEQUENCES:
        setattr(dataset, keyword, [])
    dataset.PerformedProcedureStepID = f"PPS{start.strftime('%y%m%d%H%M%S')}"
    dataset.PerformedStationAETitle = legal.require("PerformedStationAETitle", station_ae_title)
    dataset.PerformedProcedureStepStartDate, dataset.PerformedProcedureStepStartTime = (
        date_and_time(start)
    )
    dataset.PerformedProcedureStepStatus = MppsStatus.IN_PROGRESS.value
    keyword = "PerformedProcedureStepDescription"
    label = description or (step.label if step else "")
    dataset.PerformedProcedureStepDescription = legal.permit(keyword, label) or None
    dataset.Modality = legal.require("Modality", modality)
    legal.add_character_set(dataset)
    return dataset


def imaging_ended(
    status: MppsStatus,
    series: Iterable[PerformedSeries],
    *,
    ended: datetime | None = None,
    reason: Code | None = None,
) -> Dataset:
    """Return the modification list of the N-SET that ends a step (PS3.4 F.7.2.2).

    Parameters
    ----------
    status : MppsStatus
        COMPLETED or DISCONTINUED.
    series : Iterable[PerformedSeries]
        At least one, though it may be empty.
    ended : datetime or None
        None is now.
    reason : Code or None
        Why it was discontinued (PS3.16 CID 9300).

    Raises
    ------
    DatasetError
        If the status is not final, there is no series, or a value is not legal.
    """
    items = [_series_item(each) for each in series]
    if not status.is_final:
        raise DatasetError([Finding("PerformedProcedureStepStatus", "is not final")])
    if not items:
        raise DatasetError([Finding("PerformedSeriesSequence", "names no series")])
    dataset = Dataset()
    dataset.PerformedProcedureStepStatus = status.value
    dataset.PerformedProcedureStepEndDate, dataset.PerformedProcedureStepEndTime = date_and_time(
        ended or datetime.now().astimezone()
    )
    dataset.PerformedSeriesSequence = items
    if reason is not None:
        keyword = "PerformedProcedureStepDiscontinuationReasonCodeSequence"
        setattr(dataset, keyword, [code_item(reason)])
    legal.add_character_set(dataset)
    return dataset


def treatment_started(
    step: Ups | None, *, station_ae_title: str, started: datetime | None = None
) -> Dataset:
    """Return the attribute list of an N-CREATE: a treatment has begun; see `imaging_started`."""
    return imaging_started(
        step, station_ae_title=station_ae_title, modality=TREATMENT, started=started
    )


def treatment_ended(
    status: MppsStatus,
    records: Sequence[Dataset],
    *,
    retrieve_ae_title: str = "",
    ended: datetime | None = None,
    reason: Code | None = None,
) -> Dataset:
    """Return the modification list that ends a treatment, with its records; see `imaging_ended`.

    Raises
    ------
    DatasetError
        If one of them is no treatment record or cannot be referenced.
    """
    for record in records:
        if tolerant.text(record, "SOPClassUID") not in TREATMENT_RECORD_CLASSES:
            raise DatasetError([Finding("SOPClassUID", "is not that of a treatment record")])
    series = performed_series(records, "RT Treatment", retrieve_ae_title)
    return imaging_ended(status, series, ended=ended, reason=reason)


def performed_series(
    instances: Iterable[Dataset], protocol_name: str, retrieve_ae_title: str = ""
) -> list[PerformedSeries]:
    """Return what an MPPS says of instances: their series, with images apart from other objects.

    Raises
    ------
    DatasetError
        If an instance lacks one of its UIDs.
    """
    found: dict[str, PerformedSeries] = {}
    for instance in instances:
        # The AE title is checked with the series; a reference needs one.
        reference = reference_to(instance, retrieve_ae_title or "ANY")
        uid = reference.series_instance_uid
        series = found.get(uid) or PerformedSeries(
            uid,
            protocol_name,
            tolerant.text(instance, "SeriesDescription"),
            tolerant.text(instance, "OperatorsName"),
            tolerant.text(instance, "PerformingPhysicianName"),
            retrieve_ae_title,
        )
        pair = (reference.sop_class_uid, reference.sop_instance_uid)
        if is_image(reference.sop_class_uid):
            found[uid] = replace(series, images=(*series.images, pair))
        else:
            found[uid] = replace(series, others=(*series.others, pair))
    return list(found.values())


def _scheduled(step: Ups | None, study_instance_uid: str) -> Dataset:
    """Return the item that tells which scheduled step it is; what an UPS has not stays empty."""
    item = Dataset()
    item.StudyInstanceUID = study_instance_uid
    item.ReferencedStudySequence = []
    item.ScheduledProtocolCodeSequence = []
    for keyword in _SCHEDULED_EMPTY:
        setattr(item, keyword, None)
    if step is not None:
        request = tolerant.first_item(step.dataset, "ReferencedRequestSequence")
        for keyword in _SCHEDULED_EMPTY[:3]:
            value = tolerant.text(request, keyword)
            setattr(item, keyword, legal.permit(keyword, value) or None)
        keyword = "ScheduledProcedureStepDescription"
        item.ScheduledProcedureStepDescription = legal.permit(keyword, step.label) or None
    return item


def _series_item(series: PerformedSeries) -> Dataset:
    item = Dataset()
    item.ProtocolName = legal.require("ProtocolName", series.protocol_name)
    item.SeriesInstanceUID = legal.require("SeriesInstanceUID", series.series_instance_uid)
    for keyword, value in (
        ("PerformingPhysicianName", series.performing_physician),
        ("OperatorsName", series.operators_name),
        ("SeriesDescription", series.description),
        ("RetrieveAETitle", series.retrieve_ae_title),
    ):
        setattr(item, keyword, legal.permit(keyword, value) or None)
    item.ReferencedImageSequence = [sop_reference(*pair) for pair in series.images]
    item.ReferencedNonImageCompositeSOPInstanceSequence = [
        sop_reference(*pair) for pair in series.others
    ]
    return item
