"""What the objects of a treatment refer to: plan, structure set, images, dose, record."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from tdwii_gui.dicom import uids
from tdwii_gui.dicom.iod import tolerant
from tdwii_gui.dicom.iod.references import InputReference

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydicom.dataset import Dataset


class Kind(StrEnum):
    """What an object is for a treatment, in the order in which a collection is put together."""

    PLAN = "plan"
    RTBDI = "RTBDI"
    STRUCTURE_SET = "structure set"
    IMAGE = "image"
    DOSE = "dose"
    RECORD = "record"
    OTHER = "other"


MODALITIES: Final[Mapping[Kind, str]] = {
    Kind.PLAN: "RTPLAN",
    Kind.STRUCTURE_SET: "RTSTRUCT",
    Kind.DOSE: "RTDOSE",
    Kind.RECORD: "RTRECORD",
}
"""The Modality of series of a kind, where there is only one (PS3.3 C.7.3.1.1.1)."""

_KINDS: Final[Mapping[str, Kind]] = {
    **dict.fromkeys(uids.PLAN_CLASSES, Kind.PLAN),
    **dict.fromkeys(uids.TREATMENT_RECORD_CLASSES, Kind.RECORD),
    uids.RT_BEAMS_DELIVERY_INSTRUCTION: Kind.RTBDI,
    uids.RT_STRUCTURE_SET: Kind.STRUCTURE_SET,
    uids.RT_DOSE: Kind.DOSE,
}
_PLANS: Final = ("ReferencedRTPlanSequence", uids.RT_PLAN)
_STRUCTURE_SETS: Final = ("ReferencedStructureSetSequence", uids.RT_STRUCTURE_SET)
_DOSES: Final = ("ReferencedDoseSequence", uids.RT_DOSE)

# A plan's own Referenced RT Plan Sequence names its predecessors, which are not treated.
_SEQUENCES: Final[Mapping[Kind, tuple[tuple[str, str], ...]]] = {
    Kind.PLAN: (_STRUCTURE_SETS, _DOSES),
    Kind.RTBDI: (_PLANS,),
    Kind.DOSE: (_PLANS, _STRUCTURE_SETS),
    Kind.RECORD: (_PLANS,),
}


def kind_of(sop_class_uid: str) -> Kind:
    """Return the kind of the instances of a SOP class."""
    if sop_class_uid in _KINDS:
        return _KINDS[sop_class_uid]
    name = uids.uid_name(sop_class_uid)
    if "Image Storage" in name:
        return Kind.IMAGE
    return Kind.RECORD if name.endswith("Record Storage") else Kind.OTHER


def related_objects(dataset: Dataset) -> list[InputReference]:
    """Return the objects that an object refers to, each once.

    A plan refers to structure sets and doses; a structure set to images; a dose to plans and
    structure sets; a treatment record and an RT Beams Delivery Instruction to plans. Study and
    series are empty where neither the reference nor the Common Instance Reference Module
    (PS3.3 C.12.2) tells them; the Retrieve AE Title always is.
    """
    kind = kind_of(tolerant.text(dataset, "SOPClassUID"))
    if kind is Kind.STRUCTURE_SET:
        found = _images(dataset)
    else:
        found = _named(dataset, _SEQUENCES.get(kind, ()))
    places = {one.sop_instance_uid: one for one in _common_references(dataset)}
    distinct: dict[str, InputReference] = {}
    for reference in found:
        uid = reference.sop_instance_uid
        if uid and uid not in distinct:
            distinct[uid] = _placed(reference, places.get(uid))
    return list(distinct.values())


def _placed(reference: InputReference, place: InputReference | None) -> InputReference:
    if reference.series_instance_uid or place is None:
        return reference
    return replace(
        reference,
        study_instance_uid=place.study_instance_uid,
        series_instance_uid=place.series_instance_uid,
    )


def _named(dataset: Dataset, sequences: tuple[tuple[str, str], ...]) -> Iterator[InputReference]:
    for keyword, usual_class in sequences:
        for item in tolerant.items(dataset, keyword):
            yield _reference(item, usual_class=usual_class)


def _images(structure_set: Dataset) -> Iterator[InputReference]:
    """Yield the images of the frames of reference; where those name none, of the contours."""
    is_named = False
    for frame in tolerant.items(structure_set, "ReferencedFrameOfReferenceSequence"):
        for study in tolerant.items(frame, "RTReferencedStudySequence"):
            study_uid = tolerant.text(study, "ReferencedSOPInstanceUID")
            for series in tolerant.items(study, "RTReferencedSeriesSequence"):
                series_uid = tolerant.text(series, "SeriesInstanceUID")
                for image in tolerant.items(series, "ContourImageSequence"):
                    is_named = True
                    yield _reference(image, study_uid, series_uid)
    if is_named:
        return
    for roi in tolerant.items(structure_set, "ROIContourSequence"):
        for contour in tolerant.items(roi, "ContourSequence"):
            for image in tolerant.items(contour, "ContourImageSequence"):
                yield _reference(image)


def _common_references(dataset: Dataset) -> Iterator[InputReference]:
    others = tolerant.items(dataset, "StudiesContainingOtherReferencedInstancesSequence")
    for study in (dataset, *others):
        study_uid = tolerant.text(study, "StudyInstanceUID")
        for series in tolerant.items(study, "ReferencedSeriesSequence"):
            series_uid = tolerant.text(series, "SeriesInstanceUID")
            for instance in tolerant.items(series, "ReferencedInstanceSequence"):
                yield _reference(instance, study_uid, series_uid)


def _reference(
    item: Dataset, study_uid: str = "", series_uid: str = "", usual_class: str = ""
) -> InputReference:
    return InputReference(
        sop_class_uid=tolerant.text(item, "ReferencedSOPClassUID") or usual_class,
        sop_instance_uid=tolerant.text(item, "ReferencedSOPInstanceUID"),
        study_instance_uid=study_uid,
        series_instance_uid=series_uid,
        retrieve_ae_title="",
    )
