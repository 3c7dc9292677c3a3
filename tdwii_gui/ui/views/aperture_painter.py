"""Draws what jaws, leaves, blocks and an applicator leave open of a beam.

Each leaf bank is one polygon, and what stands still is a path made once: a picture of 160 leaves
is a dozen calls of Qt, however the collimator turns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainterPath, QPen, QPolygonF

from tdwii_gui.ui.models.beam_outlines import OutlineKind
from tdwii_gui.ui.models.beam_path import jaw_pair, leaf_pairs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from PySide6.QtGui import QPainter

    from tdwii_gui.dicom.iod.machine_state import MachineState
    from tdwii_gui.ui.models.beam_outlines import Outline
    from tdwii_gui.ui.models.beam_path import BeamPath, LeafBank

_FIELD: Final = QColor("#10151b")
_FIELD_ON: Final = QColor("#a87a26")
_EDGE: Final = QColor("#98a4b3")
_EDGE_ON: Final = QColor("#ffc857")
_LEAVES: Final = (QColor("#3a4654"), QColor(58, 70, 84, 170))
_LEAF_LINE: Final = QColor("#2a333e")
_JAW: Final = QColor(29, 37, 46, 190)
_JAW_LINE: Final = QColor("#7cb7ff")
_BLOCK: Final = QColor("#584d3c")
_BLOCK_LINE: Final = QColor("#d8b878")
_APPLICATOR: Final = QColor("#2d3743")
_APPLICATOR_LINE: Final = QColor("#98a4b3")
_CLOSED_MM: Final = 0.5
_APPLICATORS: Final = OutlineKind.APPLICATOR

Point = tuple[float, float]
Pair = tuple[float, float, float, float]
"""Lower and upper leaf, and where the pair begins and ends across them."""


class AperturePainter:
    """Paints one beam, whose geometry does not change.

    Parameters
    ----------
    path : BeamPath
        The beam.
    """

    def __init__(self, path: BeamPath) -> None:
        self._path = path
        self._reach = path.extent * 1.5
        all_of_it = QRectF(-self._reach, -self._reach, 2 * self._reach, 2 * self._reach)
        self._all = all_of_it
        # The applicator covers what it closes of a block.
        sorted_outlines = sorted(path.outlines, key=lambda each: each.kind is _APPLICATORS)
        self._outlines = [(each.kind, *_closed_part(each, all_of_it)) for each in sorted_outlines]

    def paint(self, painter: QPainter, state: MachineState, *, is_on: bool) -> None:
        """Paint where all stands; the painter counts in mm, in the beam limiting device system."""
        field = self._between_jaws(state)
        painter.fillRect(self._all, _FIELD)
        if is_on:
            painter.fillRect(field, _FIELD_ON)
        edge = cosmetic(_EDGE_ON if is_on else _EDGE, 1.2)
        for place, bank in enumerate(self._path.banks):
            colour = _LEAVES[min(place, len(_LEAVES) - 1)]
            self._paint_bank(painter, bank, state, edge, colour)
        for kind, closed, line in self._outlines:
            is_applicator = kind is _APPLICATORS
            painter.fillPath(closed, _APPLICATOR if is_applicator else _BLOCK)
            colour = _APPLICATOR_LINE if is_applicator else _BLOCK_LINE
            painter.strokePath(line, cosmetic(colour, 1.4))
        if field != self._all:
            self._paint_jaws(painter, field)

    def _paint_bank(
        self,
        painter: QPainter,
        bank: LeafBank,
        state: MachineState,
        edge: QPen,
        colour: QColor,
    ) -> None:
        reach, bounds = self._reach, bank.boundaries
        # What is not in sight takes no time.
        seen = [
            (low, high, bottom, top)
            for (low, high), bottom, top in zip(
                leaf_pairs(bank, state), bounds[:-1], bounds[1:], strict=False
            )
            if top > -reach and bottom < reach
        ]
        if not seen:
            return
        point = QPointF if bank.moves_in_x else _turned
        lower, upper = [point(-reach, seen[0][2])], [point(reach, seen[0][2])]
        gaps = []
        for low, high, bottom, top in seen:
            lower += (point(low, bottom), point(low, top))
            upper += (point(high, bottom), point(high, top))
            gaps.append(QLineF(point(-reach, top), point(low, top)))
            gaps.append(QLineF(point(high, top), point(reach, top)))
        lower.append(point(-reach, seen[-1][3]))
        upper.append(point(reach, seen[-1][3]))
        line = cosmetic(_LEAF_LINE, 1)
        painter.setBrush(colour)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.drawPolygon(QPolygonF(lower))
        painter.drawPolygon(QPolygonF(upper))
        painter.setPen(line)
        painter.drawLines(gaps)
        painter.setPen(edge)
        painter.drawLines([QLineF(point(*a), point(*b)) for a, b in _edges(seen)])

    def _between_jaws(self, state: MachineState) -> QRectF:
        """Return what the jaws leave open."""
        x, y = jaw_pair(state, in_x=True), jaw_pair(state, in_x=False)
        left, right = x or (self._all.left(), self._all.right())
        bottom, top = y or (self._all.top(), self._all.bottom())
        return QRectF(QPointF(left, bottom), QPointF(right, top))

    def _paint_jaws(self, painter: QPainter, opening: QRectF) -> None:
        closed = QPainterPath()
        closed.addRect(self._all)
        closed.addRect(opening)
        painter.fillPath(closed, _JAW)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(cosmetic(_JAW_LINE, 1.4, Qt.PenStyle.DashLine))
        painter.drawRect(opening)


def _edges(pairs: Sequence[Pair]) -> Iterator[tuple[Point, Point]]:
    """Return the edges of what leaf pairs leave open; pairs that are closed have none."""
    before: Pair | None = None
    for pair in pairs:
        low, high, bottom, top = pair
        was_open = before is not None and before[1] - before[0] > _CLOSED_MM
        if high - low > _CLOSED_MM:
            yield (low, bottom), (low, top)
            yield (high, bottom), (high, top)
            if before is not None and was_open:
                yield (before[0], bottom), (low, bottom)
                yield (before[1], bottom), (high, bottom)
            else:
                yield (low, bottom), (high, bottom)
        elif before is not None and was_open:
            yield (before[0], bottom), (before[1], bottom)
        before = pair


def cosmetic(colour: QColor, width: float, style: Qt.PenStyle = Qt.PenStyle.SolidLine) -> QPen:
    """Return a pen that is as wide on every scale."""
    pen = QPen(colour, width, style)
    pen.setCosmetic(True)
    return pen


def _closed_part(outline: Outline, whole: QRectF) -> tuple[QPainterPath, QPainterPath]:
    """Return the area that an outline closes, and its line."""
    line = QPainterPath()
    line.addPolygon(QPolygonF([QPointF(x, y) for x, y in outline.points]))
    line.closeSubpath()
    if outline.kind is OutlineKind.SHIELDING:
        return line, line
    closed = QPainterPath()
    closed.addRect(whole)
    closed.addPath(line)
    return closed, line


def _turned(along: float, across: float) -> QPointF:
    """Return a point of leaves that move along Y."""
    return QPointF(across, along)
