"""What is drawn over a slice: outlines of structures, isocenters and the patient's directions.

Made on any thread, painted on the GUI thread.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPointF
from PySide6.QtGui import QPainterPath, QPolygonF

from tdwii_gui.dicom.iod.image_plane import direction_letters

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tdwii_gui.dicom.iod.contours import Contour, Structure
    from tdwii_gui.dicom.iod.image_plane import ImagePlane, Vector
    from tdwii_gui.dicom.iod.isocenter import Isocenter

_HALF_PIXEL: Final = 0.5
"""Coordinates of pixels count from their centres, those of a painter from the corner."""


@dataclass(frozen=True, slots=True)
class IsocenterMark:
    """An isocenter as seen in a slice.

    Parameters
    ----------
    place : QPointF
        In pixels from the image's corner.
    distance : float
        Of the isocenter from the slice in mm, along the normal.
    towards : str
        Whither one has to scroll to come to it, e.g. ``"H"``; empty where it is in the slice.
    """

    place: QPointF
    distance: float
    towards: str


@dataclass(frozen=True, slots=True, eq=False)
class SliceMarks:
    """What belongs over one slice.

    Parameters
    ----------
    outlines : dict[int, QPainterPath]
        By ROI Number, in pixels from the image's corner; only what the slice cuts.
    isocenters : tuple[IsocenterMark, ...]
        All of the plan's.
    edges : tuple[str, str, str, str]
        What is left, right, above and below in the patient, as letters.
    """

    outlines: dict[int, QPainterPath] = field(default_factory=dict)
    isocenters: tuple[IsocenterMark, ...] = ()
    edges: tuple[str, str, str, str] = ("", "", "", "")


@dataclass(frozen=True, slots=True, eq=False)
class Anatomy:
    """What is known of a patient besides the images.

    Parameters
    ----------
    structures : tuple[Structure, ...]
        Of the structure set.
    isocenters : tuple[Isocenter, ...]
        Of the plan.
    """

    structures: tuple[Structure, ...] = ()
    isocenters: tuple[Isocenter, ...] = ()

    def marks(self, plane: ImagePlane | None, image_uid: str) -> SliceMarks:
        """Return what belongs over a slice; nothing where nobody knows where it is."""
        if plane is None:
            return SliceMarks()
        outlines: dict[int, QPainterPath] = {}
        for structure in self.structures:
            path = _outline(structure.on_plane(plane, image_uid), plane)
            if not path.isEmpty():
                outlines[structure.number] = path
        marks = tuple(_isocenter(each.position, plane) for each in self.isocenters)
        return SliceMarks(outlines, marks, _edges(plane))

    def image_at_isocenter(self) -> str:
        """Return the image on which the contour nearest to the first isocenter was drawn."""
        drawn = (
            contour
            for structure in self.structures
            for contour in structure.contours
            if contour.image_uid
        )
        if not self.isocenters:
            return ""
        z = self.isocenters[0].position[2]
        nearest = min(drawn, key=lambda one: abs(float(one.points[0][2]) - z), default=None)
        return nearest.image_uid if nearest else ""


def _outline(contours: Iterable[Contour], plane: ImagePlane) -> QPainterPath:
    path = QPainterPath()
    for contour in contours:
        points = [_point((x, y, z), plane) for x, y, z in contour.points.tolist()]
        if len(points) == 1:
            path.addEllipse(points[0], _HALF_PIXEL, _HALF_PIXEL)
            continue
        path.addPolygon(QPolygonF(points))
        if contour.is_closed:
            path.closeSubpath()
    return path


def _point(position: Vector, plane: ImagePlane) -> QPointF:
    column, row = plane.pixel(position)
    return QPointF(column + _HALF_PIXEL, row + _HALF_PIXEL)


def _isocenter(position: Vector, plane: ImagePlane) -> IsocenterMark:
    distance = plane.distance(position)
    is_in_slice = abs(distance) <= plane.thickness / 2
    sign = 1 if distance > 0 else -1
    across = plane.normal
    towards = direction_letters((sign * across[0], sign * across[1], sign * across[2]))
    return IsocenterMark(_point(position, plane), distance, "" if is_in_slice else towards)


def _edges(plane: ImagePlane) -> tuple[str, str, str, str]:
    row, column = plane.along_row, plane.along_column
    return (
        direction_letters((-row[0], -row[1], -row[2])),
        direction_letters(row),
        direction_letters((-column[0], -column[1], -column[2])),
        direction_letters(column),
    )
