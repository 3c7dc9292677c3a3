"""A plan with structure set, images and dose, as small as can be."""

from __future__ import annotations

from dataclasses import dataclass

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage

from tdwii_gui.config.resources import resource_path
from tdwii_gui.dicom.iod.macros import sop_reference
from tdwii_gui.dicom.uids import new_uid


@dataclass
class TreatmentObjects:
    """The objects of a treatment; those of the demo patient, but for the images."""

    plan: Dataset
    structure_set: Dataset
    images: list[Dataset]
    dose: Dataset

    @classmethod
    def make(cls, images: int) -> TreatmentObjects:
        plan, structure_set, dose = (
            dcmread(resource_path("demo_patient", name))
            for name in ("photon_plan.dcm", "structure_set.dcm", "photon_dose.dcm")
        )
        series_uid = new_uid()
        made = [_image(plan, series_uid, number) for number in range(1, images + 1)]
        refer_to_images(structure_set, made)
        return cls(plan, structure_set, made, dose)

    @property
    def all(self) -> list[Dataset]:
        return [self.plan, self.structure_set, *self.images, self.dose]


def refer_to_images(structure_set: Dataset, images: list[Dataset]) -> None:
    """Have the frame of reference of a structure set name images, series by series."""
    by_series: dict[tuple[str, str], list[Dataset]] = {}
    for image in images:
        place = (str(image.StudyInstanceUID), str(image.SeriesInstanceUID))
        by_series.setdefault(place, []).append(image)
    studies = []
    for (study_uid, series_uid), members in by_series.items():
        series = Dataset()
        series.SeriesInstanceUID = series_uid
        series.ContourImageSequence = [
            sop_reference(one.SOPClassUID, one.SOPInstanceUID) for one in members
        ]
        study = Dataset()
        study.ReferencedSOPInstanceUID = study_uid
        study.RTReferencedSeriesSequence = [series]
        studies.append(study)
    frame = structure_set.ReferencedFrameOfReferenceSequence[0]
    frame.RTReferencedStudySequence = studies
    structure_set.ROIContourSequence = []


def _image(plan: Dataset, series_uid: str, number: int) -> Dataset:
    image = Dataset()
    image.SOPClassUID, image.SOPInstanceUID = CTImageStorage, new_uid()
    image.PatientName, image.PatientID = plan.PatientName, plan.PatientID
    image.StudyInstanceUID, image.SeriesInstanceUID = plan.StudyInstanceUID, series_uid
    image.Modality, image.InstanceNumber = "CT", number
    image.Rows = image.Columns = 2
    image.BitsAllocated = 8
    image.PixelData = bytes(4)
    image.file_meta = _meta(image)
    return image


def _meta(image: Dataset) -> Dataset:
    from pydicom.dataset import FileMetaDataset
    from pydicom.uid import ImplicitVRLittleEndian

    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ImplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = image.SOPClassUID
    meta.MediaStorageSOPInstanceUID = image.SOPInstanceUID
    return meta
