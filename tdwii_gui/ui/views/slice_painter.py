"""Draws what is over a slice: outlines, isocenter crosses, directions and a ruler."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QPen, QTransform

from tdwii_gui.ui import texts
from tdwii_gui.ui.theme import DARK

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from PySide6.QtGui import QPainter, QPainterPath

    from tdwii_gui.dicom.iod.contours import Structure
    from tdwii_gui.ui.image_frame import Frame
    from tdwii_gui.ui.slice_marks import IsocenterMark, SliceMarks

_HALO: Final = QColor(0, 0, 0, 150)
_PLATE: Final = QColor(0, 0, 0, 170)
_ARM: Final = 16.0
_GAP: Final = 4.0
_TICK: Final = 4.0
_RULERS_MM: Final = (200.0, 100.0, 50.0, 20.0, 10.0, 5.0, 2.0, 1.0)
_WIDEST_RULER: Final = 0.3
_MARGIN: Final = 10
_DARKEST: Final = 110
"""A colour darker than this (its lightness) would not be seen on a CT's black."""


@dataclass(frozen=True, slots=True)
class Shown:
    """Which structures are painted, and which of them stands out.

    Parameters
    ----------
    structures : Collection[Structure]
        Those that are not hidden.
    current : int
        ROI Number of the one that stands out with its name; 0 for none.
    """

    structures: Collection[Structure] = ()
    current: int = 0


class SlicePainter:
    """Paints words and crosses over one image.

    Parameters
    ----------
    area : QRectF
        Where the image is painted.
    bounds : QRectF
        The whole of the view, at whose edges words stand.
    """

    def __init__(self, painter: QPainter, frame: Frame, area: QRectF, bounds: QRectF) -> None:
        self._painter = painter
        self._area = area
        self._bounds = bounds
        self._plane = frame.plane
        self._place = _place(frame, area)

    def paint(self, marks: SliceMarks, shown: Shown, tr: Callable[[str], str]) -> None:
        """Paint all but the outlines; `tr` translates."""
        for structure in shown.structures:
            path = marks.outlines.get(structure.number)
            if path is not None and structure.number == shown.current:
                self._name(structure, self._place.map(path))
        for isocenter in marks.isocenters:
            self._cross(isocenter, tr)
        self._edges(marks.edges)
        self._ruler(tr)

    def _name(self, structure: Structure, path: QPainterPath) -> None:
        bounds = path.boundingRect()
        words = texts.plain(structure.name, 40)
        width = self._painter.fontMetrics().horizontalAdvance(words)
        # Above it, for the words of the isocenter stand beside the target.
        left = min(max(bounds.center().x() - width / 2, 0.0), self._bounds.right() - width)
        above = max(bounds.top() - _MARGIN, self._bounds.top() + 4 * _MARGIN)
        self._words(QPointF(left, above), words, visible(structure.colour))

    def _cross(self, mark: IsocenterMark, tr: Callable[[str], str]) -> None:
        place, painter = self._place.map(mark.place), self._painter
        pen = QPen(QColor(DARK.text), 1.8)
        if mark.towards:
            pen = QPen(QColor(DARK.text), 1.2, Qt.PenStyle.DotLine)
        for each in (QPen(_HALO, pen.widthF() + 2), pen):
            painter.setPen(each)
            for x, y in ((1, 0), (-1, 0), (0, 1), (0, -1)):
                painter.drawLine(
                    place + QPointF(x * _GAP, y * _GAP), place + QPointF(x * _ARM, y * _ARM)
                )
        words = tr("Isocenter")
        if mark.towards:
            away = texts.number(abs(mark.distance))
            words = tr("Isocenter {0} mm to {1}").format(away, mark.towards)
        width = self._painter.fontMetrics().horizontalAdvance(words)
        left = min(place.x() + _GAP + 3, self._bounds.right() - width - 3 * _MARGIN)
        self._words(QPointF(left, place.y() - _GAP - 4), words, pen.color())

    def _edges(self, edges: tuple[str, str, str, str]) -> None:
        left, right, above, below = edges
        middle = self._bounds.center()
        metrics = self._painter.fontMetrics()
        lower = metrics.ascent() / 2
        colour = QColor(DARK.progress)
        for letters, x, y in (
            (left, self._bounds.left() + _MARGIN, middle.y() + lower),
            (
                right,
                self._bounds.right() - _MARGIN - metrics.horizontalAdvance(right),
                middle.y() + lower,
            ),
            (above, middle.x(), self._bounds.top() + _MARGIN + metrics.ascent()),
            (below, middle.x(), self._bounds.bottom() - _MARGIN),
        ):
            if letters:
                self._words(QPointF(x, y), letters, colour)

    def _ruler(self, tr: Callable[[str], str]) -> None:
        if self._plane is None:
            return
        per_mm = self._place.m11() / self._plane.column_spacing
        widest = self._bounds.width() * _WIDEST_RULER
        length = next((mm for mm in _RULERS_MM if mm * per_mm <= widest), None)
        if length is None:
            return
        right = self._bounds.right() - _MARGIN
        left, y = right - length * per_mm, self._bounds.bottom() - _MARGIN - _TICK
        for pen in (QPen(_HALO, 4), QPen(QColor(DARK.text), 1.6)):
            self._painter.setPen(pen)
            self._painter.drawLine(QPointF(left, y), QPointF(right, y))
            for x in (left, right):
                self._painter.drawLine(QPointF(x, y - _TICK), QPointF(x, y + _TICK))
        words = tr("{0} mm").format(texts.number(length, 0))
        width = self._painter.fontMetrics().horizontalAdvance(words)
        place = QPointF((left + right - width) / 2, y - _TICK - 3)
        self._words(place, words, QColor(DARK.text))

    def _words(self, place: QPointF, words: str, colour: QColor) -> None:
        """Paint words on a dark plate, for they stand on bright bone as well as on air."""
        painter, metrics = self._painter, self._painter.fontMetrics()
        size = QSizeF(metrics.horizontalAdvance(words), metrics.height())
        plate = QRectF(place - QPointF(0, metrics.ascent()), size).adjusted(-3, 0, 3, 0)
        painter.fillRect(plate, _PLATE)
        painter.setPen(colour)
        painter.drawText(place, words)


def draw_outlines(
    painter: QPainter, frame: Frame, area: QRectF, marks: SliceMarks, shown: Shown
) -> None:
    """Draw the outlines of the structures that are shown; any thread may do it, on an image."""
    place = _place(frame, area)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for structure in shown.structures:
        path = marks.outlines.get(structure.number)
        if path is not None:
            width = 3.0 if structure.number == shown.current else 1.6
            placed = place.map(path)
            for pen in (QPen(_HALO, width + 2), QPen(visible(structure.colour), width)):
                painter.setPen(pen)
                painter.drawPath(placed)


def _place(frame: Frame, area: QRectF) -> QTransform:
    """Return where the pixels of a frame are in a view that paints it in an area."""
    rows, columns = frame.pixels.shape[:2]
    if frame.plane is not None:
        rows, columns = frame.plane.rows, frame.plane.columns
    placed = QTransform.fromTranslate(area.x(), area.y())
    return placed.scale(area.width() / columns, area.height() / rows)


def visible(colour: tuple[int, int, int]) -> QColor:
    """Return a structure's colour, made light enough to be seen on black."""
    shown = QColor(*colour)
    if shown.lightness() >= _DARKEST:
        return shown
    saturation = shown.hslSaturation() if shown.hslHue() >= 0 else 0
    return QColor.fromHsl(max(shown.hslHue(), 0), saturation, _DARKEST)
