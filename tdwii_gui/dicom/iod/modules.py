"""General modules of the composite objects that are made from a plan (PS3.3 C.7, C.12)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final

from pydicom.dataset import Dataset

import tdwii_gui
from tdwii_gui.dicom.errors import DatasetError, Finding
from tdwii_gui.dicom.iod.values import copy_legal, copy_legal_or_empty, text
from tdwii_gui.dicom.uids import is_valid_uid, new_uid

if TYPE_CHECKING:
    from tdwii_gui.dicom.iod.plan import Plan

MANUFACTURER: Final = "tdwii_gui"
MODEL_NAME: Final = "TDW-II EMULATOR - NOT FOR CLINICAL USE"

_PATIENT: Final = ("PatientName", "PatientID", "PatientBirthDate", "PatientSex")
_STUDY: Final = ("StudyDate", "StudyTime", "ReferringPhysicianName", "StudyID", "AccessionNumber")
_OPTIONAL: Final = ("IssuerOfPatientID", "StudyDescription")
_SEXES: Final = ("M", "F", "O")


def _now() -> datetime:
    return datetime.now().astimezone()


@dataclass(frozen=True, slots=True)
class Identity:
    """What makes a new instance unique: its UIDs, number and time of creation.

    Parameters
    ----------
    sop_instance_uid, series_instance_uid : str
        New ones by default.
    series_number, instance_number : int
        Series Number and Instance Number.
    created : datetime
        Now by default; a naive moment is local time.
    """

    sop_instance_uid: str = field(default_factory=new_uid)
    series_instance_uid: str = field(default_factory=new_uid)
    series_number: int = 1
    instance_number: int = 1
    created: datetime = field(default_factory=_now)


def new_instance(plan: Plan, sop_class_uid: str, modality: str, identity: Identity) -> Dataset:
    """Return a new instance in the plan's study: patient, study, series, equipment, SOP common.

    Raises
    ------
    DatasetError
        If the plan has no Study Instance UID, or a given UID is none.
    """
    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.SOPClassUID = sop_class_uid
    dataset.SOPInstanceUID = _checked_uid("SOPInstanceUID", identity.sop_instance_uid, plan)
    dataset.InstanceCreationDate, dataset.InstanceCreationTime = date_and_time(identity.created)
    _add_patient_and_study(dataset, plan)
    dataset.Modality = modality
    dataset.SeriesInstanceUID = _checked_uid(
        "SeriesInstanceUID", identity.series_instance_uid, plan
    )
    dataset.SeriesNumber = identity.series_number
    dataset.InstanceNumber = identity.instance_number
    dataset.Manufacturer = MANUFACTURER
    dataset.ManufacturerModelName = MODEL_NAME
    dataset.SoftwareVersions = tdwii_gui.__version__
    return dataset


def date_and_time(moment: datetime) -> tuple[str, str]:
    """Return a moment as DA and TM of local time, with milliseconds (PS3.5 6.2)."""
    local = moment.astimezone()
    return local.strftime("%Y%m%d"), local.strftime("%H%M%S.%f")[:-3]


def _add_patient_and_study(dataset: Dataset, plan: Plan) -> None:
    copy_legal_or_empty(plan.dataset, dataset, _PATIENT + _STUDY)
    copy_legal(plan.dataset, dataset, _OPTIONAL)
    if text(dataset, "PatientSex") not in _SEXES:
        dataset.PatientSex = None
    dataset.StudyInstanceUID = _checked_uid("StudyInstanceUID", plan.study_instance_uid, plan)


def _checked_uid(keyword: str, uid: str, plan: Plan) -> str:
    if not is_valid_uid(uid):
        problem = "is no UID" if uid else "is missing"
        raise DatasetError([Finding(keyword, problem)], plan.source)
    return uid
