"""The structures of an RT Structure Set with their contours (PS3.3 C.8.8.5, C.8.8.6)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pydicom.dataelem import RawDataElement

from tdwii_gui.dicom.iod import tolerant
from tdwii_gui.dicom.iod.part10 import PYDICOM_ERRORS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydicom.dataset import Dataset

    from tdwii_gui.dicom.iod.image_plane import ImagePlane, Vector

Colour = tuple[int, int, int]

_CLOSED: Final = frozenset({"CLOSED_PLANAR", "CLOSEDPLANAR_XOR", "CLOSED_PLANAR_XOR"})
_WHITE: Final = (255, 255, 255)
_MOST_POINTS: Final = 1_000_000
"""Of a contour; one that claims more is left out."""
_WITHIN: Final = 0.01


@dataclass(frozen=True, slots=True, eq=False)
class Contour:
    """One contour.

    Parameters
    ----------
    points : numpy.ndarray
        N by 3, in mm in the patient.
    is_closed : bool
        Whether it encloses an area; else it is points or an open line.
    image_uid : str
        SOP Instance UID of the image it was drawn on; may be empty.
    """

    points: Any
    is_closed: bool
    image_uid: str


@dataclass(frozen=True, slots=True, eq=False)
class Structure:
    """A region of interest.

    Parameters
    ----------
    number : int
        ROI Number.
    name, kind : str
        ROI Name and RT ROI Interpreted Type; either may be empty.
    colour : Colour
        ROI Display Color; white where none is given.
    frame_of_reference_uid : str
        In which the contours are meant; may be empty.
    """

    number: int
    name: str
    kind: str
    colour: Colour
    frame_of_reference_uid: str
    contours: tuple[Contour, ...]

    def on_plane(self, plane: ImagePlane, image_uid: str) -> Iterator[Contour]:
        """Yield the contours in the slice of an image: drawn on it, or within its thickness."""
        known = (self.frame_of_reference_uid, plane.frame_of_reference_uid)
        if all(known) and known[0] != known[1]:
            return
        reach = plane.thickness / 2 - _WITHIN
        for contour in self.contours:
            if contour.image_uid:
                if contour.image_uid == image_uid:
                    yield contour
            elif abs(plane.distance(first_point(contour))) <= reach:
                yield contour


def first_point(contour: Contour) -> Vector:
    """Return a point of a contour; that of a planar one tells its plane."""
    x, y, z = contour.points[0].tolist()
    return (x, y, z)


def read_structures(dataset: Dataset) -> tuple[Structure, ...]:
    """Return the structures of a structure set, those without a contour too.

    What cannot be read is left out: this is for looking at.
    """
    kinds = {
        _whole(item, "ReferencedROINumber"): tolerant.text(item, "RTROIInterpretedType")
        for item in tolerant.items(dataset, "RTROIObservationsSequence")
    }
    drawn = {
        _whole(item, "ReferencedROINumber"): item
        for item in tolerant.items(dataset, "ROIContourSequence")
    }
    found = []
    for item in tolerant.items(dataset, "StructureSetROISequence"):
        number = _whole(item, "ROINumber")
        contours = drawn.get(number)
        found.append(
            Structure(
                number=number,
                name=tolerant.text(item, "ROIName"),
                kind=kinds.get(number, ""),
                colour=_WHITE if contours is None else _colour(contours),
                frame_of_reference_uid=tolerant.text(item, "ReferencedFrameOfReferenceUID"),
                contours=() if contours is None else tuple(_contours(contours)),
            )
        )
    return tuple(found)


def _contours(item: Dataset) -> Iterator[Contour]:
    import numpy as np

    for each in tolerant.items(item, "ContourSequence"):
        values = _values(each)
        if not values or len(values) % 3:
            continue
        yield Contour(
            points=np.array(values).reshape(-1, 3),
            is_closed=tolerant.text(each, "ContourGeometricType") in _CLOSED,
            image_uid=tolerant.text(
                tolerant.first_item(each, "ContourImageSequence"), "ReferencedSOPInstanceUID"
            ),
        )


def _values(contour: Dataset) -> list[float]:
    """Return Contour Data; as it is encoded where that is still so, for pydicom takes long."""
    try:
        raw: object = contour.get_item("ContourData")
    except PYDICOM_ERRORS:
        return []
    encoded = raw.value if isinstance(raw, RawDataElement) else None
    if isinstance(encoded, bytes):
        text = encoded.decode("latin-1").strip(" \0")
    else:
        text = tolerant.text(contour, "ContourData")
    parts = text.split("\\")
    if len(parts) > 3 * _MOST_POINTS:
        return []
    try:
        values = [float(part) for part in parts]
    except ValueError:
        return []
    return values if all(map(math.isfinite, values)) else []


def _colour(item: Dataset) -> Colour:
    try:
        values = [int(part) for part in tolerant.text(item, "ROIDisplayColor").split("\\")]
    except ValueError:
        return _WHITE
    if len(values) != 3 or not all(0 <= value <= 255 for value in values):
        return _WHITE
    return (values[0], values[1], values[2])


def _whole(item: Dataset, keyword: str) -> int:
    return int(tolerant.number(item, keyword) or 0)
