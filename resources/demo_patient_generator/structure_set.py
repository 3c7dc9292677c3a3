"""The RT Structure Set: the body, the target and organs at risk, on every slice of the CT."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from anatomy import (
    BRAINSTEM,
    EYE_LEFT,
    EYE_RIGHT,
    PTV,
    SLICE_POSITIONS,
    Ellipsoid,
    body_outline,
)
from composite import (
    DATE,
    FRAME_OF_REFERENCE_UID,
    STUDY_INSTANCE_UID,
    TIME,
    Instance,
    Series,
    add_approval,
    add_frame_of_reference,
    decimals,
    item,
    new_object,
    reference,
)
from images import CT_IMAGES
from pydicom._uid_dict import UID_dictionary
from pydicom.uid import RTStructureSetStorage

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

STRUCTURE_SET: Final = Instance(Series(2, "RTSTRUCT", "Structure set"), RTStructureSetStorage)

PTV_ROI: Final = 2
BRAINSTEM_ROI: Final = 3

# Retired, yet it is still what the field puts here (PS3.3 C.8.8.5).
_DETACHED_STUDY: Final = next(
    uid for uid, entry in UID_dictionary.items() if entry[4] == "DetachedStudyManagement"
)
_POINTS: Final = 48


@dataclass(frozen=True, slots=True)
class Roi:
    """A region of interest; the one without a shape is the body."""

    number: int
    name: str
    interpreted_type: str
    colour: tuple[int, int, int]
    shape: Ellipsoid | None = None

    def outline(self, z: float) -> list[tuple[float, float]]:
        """Return the outline in a slice, empty where the slice does not meet the region."""
        if self.shape is None:
            return body_outline(z)
        section = self.shape.section(z)
        return section.polygon(_POINTS) if section else []


ROIS: Final = (
    Roi(1, "BODY", "EXTERNAL", (0, 200, 83)),
    Roi(PTV_ROI, "PTV", "PTV", (229, 57, 53), PTV),
    Roi(BRAINSTEM_ROI, "Brainstem", "ORGAN", (255, 193, 7), BRAINSTEM),
    Roi(4, "Eye_L", "ORGAN", (3, 169, 244), EYE_LEFT),
    Roi(5, "Eye_R", "ORGAN", (0, 121, 191), EYE_RIGHT),
)


def structure_set() -> Dataset:
    """Return the RT Structure Set (PS3.3 A.19)."""
    dataset = new_object(STRUCTURE_SET)
    add_frame_of_reference(dataset)
    add_approval(dataset)
    dataset.StructureSetLabel = "HEAD"
    dataset.StructureSetName = "Head phantom"
    dataset.StructureSetDate = DATE
    dataset.StructureSetTime = TIME
    dataset.ReferencedFrameOfReferenceSequence = [_referenced_images()]
    dataset.StructureSetROISequence = [_structure_set_roi(roi) for roi in ROIS]
    dataset.ROIContourSequence = [_roi_contour(roi) for roi in ROIS]
    dataset.RTROIObservationsSequence = [_observation(roi) for roi in ROIS]
    return dataset


def _referenced_images() -> Dataset:
    series = item(
        SeriesInstanceUID=CT_IMAGES[0].series.uid,
        ContourImageSequence=[reference(image) for image in CT_IMAGES],
    )
    study = item(
        ReferencedSOPClassUID=_DETACHED_STUDY,
        ReferencedSOPInstanceUID=STUDY_INSTANCE_UID,
        RTReferencedSeriesSequence=[series],
    )
    return item(FrameOfReferenceUID=FRAME_OF_REFERENCE_UID, RTReferencedStudySequence=[study])


def _structure_set_roi(roi: Roi) -> Dataset:
    return item(
        ROINumber=roi.number,
        ReferencedFrameOfReferenceUID=FRAME_OF_REFERENCE_UID,
        ROIName=roi.name,
        ROIGenerationAlgorithm="AUTOMATIC",
    )


def _roi_contour(roi: Roi) -> Dataset:
    contours: list[Dataset] = []
    for image, z in zip(CT_IMAGES, SLICE_POSITIONS, strict=True):
        outline = roi.outline(z)
        if outline:
            contours.append(_contour(image, outline, z, number=len(contours) + 1))
    return item(
        ReferencedROINumber=roi.number,
        ROIDisplayColor=list(roi.colour),
        ContourSequence=contours,
    )


def _contour(image: Instance, outline: list[tuple[float, float]], z: float, number: int) -> Dataset:
    coordinates = (value for x, y in outline for value in (x, y, z))
    return item(
        ContourNumber=number,
        ContourImageSequence=[reference(image)],
        ContourGeometricType="CLOSED_PLANAR",
        NumberOfContourPoints=len(outline),
        ContourData=decimals(coordinates),
    )


def _observation(roi: Roi) -> Dataset:
    return item(
        ObservationNumber=roi.number,
        ReferencedROINumber=roi.number,
        ROIObservationLabel=roi.name,
        RTROIInterpretedType=roi.interpreted_type,
        ROIInterpreter="",
    )
