"""What all objects of the demo patient share: UIDs, patient, study, series, equipment, writing."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian
from pydicom.valuerep import format_number_as_ds

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

DATE: Final = "20260105"
TIME: Final = "090000"
RETRIEVE_AE_TITLE: Final = "OST"

_NAMESPACE: Final = uuid.uuid5(uuid.NAMESPACE_URL, "tdwii_gui/resources/demo_patient")


def demo_uid(name: str) -> UID:
    """Return the UID of a named thing: the same name gives the same UID (PS3.5 B.2)."""
    return UID(f"2.25.{uuid.uuid5(_NAMESPACE, name).int}")


STUDY_INSTANCE_UID: Final = demo_uid("study")
FRAME_OF_REFERENCE_UID: Final = demo_uid("frame of reference")


@dataclass(frozen=True, slots=True)
class Series:
    """A series of the demo study; its UID follows from its number."""

    number: int
    modality: str
    description: str

    @property
    def uid(self) -> UID:
        """The Series Instance UID."""
        return demo_uid(f"series {self.number}")


@dataclass(frozen=True, slots=True)
class Instance:
    """An object of the demo study; its UID follows from its series and number."""

    series: Series
    sop_class_uid: UID
    number: int = 1

    @property
    def uid(self) -> UID:
        """The SOP Instance UID."""
        return demo_uid(f"series {self.series.number} instance {self.number}")


def new_object(instance: Instance) -> Dataset:
    """Return a data set with the modules that every IOD has (PS3.3 C.7.1.1, C.7.2.1, C.12.1)."""
    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.SOPClassUID = instance.sop_class_uid
    dataset.SOPInstanceUID = instance.uid
    dataset.InstanceNumber = instance.number
    dataset.InstanceCreationDate = DATE
    dataset.InstanceCreationTime = TIME
    dataset.PatientName = "DEMO^TDWII"
    dataset.PatientID = "DEMO-0001"
    dataset.PatientBirthDate = "19600401"
    dataset.PatientSex = "O"
    dataset.PatientComments = "Computed phantom, not a person. Not for clinical use."
    dataset.StudyInstanceUID = STUDY_INSTANCE_UID
    dataset.StudyID = "DEMO"
    dataset.StudyDescription = "Head phantom for demonstrations"
    dataset.StudyDate = DATE
    dataset.StudyTime = TIME
    dataset.AccessionNumber = ""
    dataset.ReferringPhysicianName = ""
    dataset.SeriesInstanceUID = instance.series.uid
    dataset.SeriesNumber = instance.series.number
    dataset.SeriesDescription = instance.series.description
    dataset.SeriesDate = DATE
    dataset.SeriesTime = TIME
    dataset.Modality = instance.series.modality
    dataset.OperatorsName = ""
    dataset.Manufacturer = "tdwii_gui"
    dataset.ManufacturerModelName = "Demo patient"
    dataset.DeviceSerialNumber = "1"
    dataset.SoftwareVersions = "1"
    return dataset


def add_frame_of_reference(dataset: Dataset) -> None:
    """Add the Frame of Reference module (PS3.3 C.7.4.1)."""
    dataset.FrameOfReferenceUID = FRAME_OF_REFERENCE_UID
    dataset.PositionReferenceIndicator = ""


def add_approval(dataset: Dataset) -> None:
    """Add the Approval module (PS3.3 C.8.8.16)."""
    dataset.ApprovalStatus = "APPROVED"
    dataset.ReviewDate = DATE
    dataset.ReviewTime = TIME
    dataset.ReviewerName = "DEMO^REVIEWER"


def item(**attributes: object) -> Dataset:
    """Return a sequence item of attributes given by their keywords."""
    dataset = Dataset()
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    return dataset


def reference(instance: Instance) -> Dataset:
    """Return a SOP Instance Reference macro item (PS3.3 10.8)."""
    return item(ReferencedSOPClassUID=instance.sop_class_uid, ReferencedSOPInstanceUID=instance.uid)


def access_reference(instance: Instance) -> Dataset:
    """Return a Referenced Instances and Access macro item (PS3.3 10.9.1)."""
    return item(
        TypeOfInstances="DICOM",
        StudyInstanceUID=STUDY_INSTANCE_UID,
        SeriesInstanceUID=instance.series.uid,
        ReferencedSOPSequence=[reference(instance)],
        DICOMRetrievalSequence=[item(RetrieveAETitle=RETRIEVE_AE_TITLE)],
    )


def decimals(numbers: Iterable[float], digits: int = 2) -> list[str]:
    """Return numbers as Decimal Strings, rounded to a number of digits after the point."""
    return [decimal(number, digits) for number in numbers]


def decimal(number: float, digits: int = 2) -> str:
    """Return a number as a Decimal String, rounded to a number of digits after the point."""
    rounded = round(float(number), digits)
    return str(int(rounded)) if rounded.is_integer() else format_number_as_ds(rounded)


def write(dataset: Dataset, path: Path) -> None:
    """Write a Part 10 file whose bytes depend on the data set alone, on no library version."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = demo_uid("implementation")
    meta.ImplementationVersionName = "TDWII_DEMO"
    dataset.file_meta = meta
    path.parent.mkdir(parents=True, exist_ok=True)
    pydicom.dcmwrite(path, dataset, enforce_file_format=True)
