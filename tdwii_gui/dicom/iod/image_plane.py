"""Where the pixels of an image are in the patient (PS3.3 C.7.6.2.1.1)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tdwii_gui.dicom.iod import tolerant

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

Vector = tuple[float, float, float]

_LETTERS: Final = (("R", "L"), ("A", "P"), ("F", "H"))
"""Of the ends of the patient's axes: x rises to the left, y to the back, z to the head."""
_SLANTED: Final = 0.3
"""An axis with a smaller part in a direction is not named (its cosine; some 17 degrees)."""
_LARGEST_COSINE_ERROR: Final = 0.01
_DEFAULT_THICKNESS: Final = 1.0


@dataclass(frozen=True, slots=True)
class ImagePlane:
    """The plane of an image in the patient coordinate system; all lengths in mm.

    Parameters
    ----------
    origin : Vector
        Centre of the first pixel: Image Position (Patient).
    along_row, along_column : Vector
        Directions in which the column and the row number rise: Image Orientation (Patient).
    row_spacing, column_spacing : float
        Between the centres of neighbouring rows, and of columns: Pixel Spacing.
    rows, columns : int
        Size of the image.
    thickness : float
        Slice Thickness; 1 where the image gives none.
    frame_of_reference_uid : str
        In which the coordinates are meant; may be empty.
    """

    origin: Vector
    along_row: Vector
    along_column: Vector
    row_spacing: float
    column_spacing: float
    rows: int
    columns: int
    thickness: float
    frame_of_reference_uid: str

    @property
    def normal(self) -> Vector:
        """The direction that stands on the plane."""
        (a, b, c), (x, y, z) = self.along_row, self.along_column
        return (b * z - c * y, c * x - a * z, a * y - b * x)

    def distance(self, point: Vector) -> float:
        """Return how far a point is from the plane, in the direction of its normal."""
        return dot(self.normal, self._from_origin(point))

    def pixel(self, point: Vector) -> tuple[float, float]:
        """Return column and row of a point's foot in the plane; centres are whole numbers."""
        offset = self._from_origin(point)
        return (
            dot(self.along_row, offset) / self.column_spacing,
            dot(self.along_column, offset) / self.row_spacing,
        )

    def _from_origin(self, point: Vector) -> Vector:
        return (
            point[0] - self.origin[0],
            point[1] - self.origin[1],
            point[2] - self.origin[2],
        )


def read_plane(dataset: Dataset) -> ImagePlane | None:
    """Return the plane of a single-frame image; None if the image does not say where it is."""
    position = _numbers(dataset, "ImagePositionPatient", 3)
    cosines = _numbers(dataset, "ImageOrientationPatient", 6)
    spacing = _numbers(dataset, "PixelSpacing", 2)
    size = tuple(int(tolerant.number(dataset, key) or 0) for key in ("Rows", "Columns"))
    if not position or not cosines or not spacing or min(*spacing, *size) <= 0:
        return None
    row, column = _vector(cosines[:3]), _vector(cosines[3:])
    errors = (abs(dot(row, row) - 1), abs(dot(column, column) - 1), abs(dot(row, column)))
    if max(errors) > _LARGEST_COSINE_ERROR:
        return None
    thickness = tolerant.number(dataset, "SliceThickness") or 0.0
    return ImagePlane(
        origin=_vector(position),
        along_row=row,
        along_column=column,
        row_spacing=spacing[0],
        column_spacing=spacing[1],
        rows=size[0],
        columns=size[1],
        thickness=thickness if thickness > 0 else _DEFAULT_THICKNESS,
        frame_of_reference_uid=tolerant.text(dataset, "FrameOfReferenceUID"),
    )


def direction_letters(direction: Vector) -> str:
    """Return whither a direction points in the patient, e.g. ``"L"`` or, slanted, ``"LH"``.

    The letters are those of Patient Orientation (PS3.3 C.7.6.1.1.1), the main one first.
    """
    parts = sorted(zip(map(abs, direction), direction, _LETTERS, strict=True), reverse=True)
    return "".join(ends[part > 0] for size, part, ends in parts if size > _SLANTED)


def dot(first: Vector, second: Vector) -> float:
    """Return the scalar product."""
    return first[0] * second[0] + first[1] * second[1] + first[2] * second[2]


def _vector(values: list[float]) -> Vector:
    return (values[0], values[1], values[2])


def _numbers(dataset: Dataset, keyword: str, count: int) -> list[float]:
    """Return so many finite numbers, or none."""
    try:
        values = [float(part) for part in tolerant.text(dataset, keyword).split("\\")]
    except ValueError:
        return []
    return values if len(values) == count and all(map(math.isfinite, values)) else []
