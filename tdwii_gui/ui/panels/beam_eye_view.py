"""The beam's eye view: the opening of jaws and leaves, or the spots of an ion beam's layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from tdwii_gui.ui import texts

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

    from tdwii_gui.ui.models.beam_path import BeamPath, Pose

# The view is dark in both themes, as beam's eye views are.
_FRAME: Final = QColor("#10151b")
_SHIELD: Final = QColor("#3a4654")
_LEAF_LINE: Final = QColor("#232c36")
_FIELD: Final = QColor("#10151b")
_FIELD_ON: Final = QColor("#a87a26")
_JAW: Final = QColor("#7cb7ff")
_CROSS: Final = QColor("#e4e9ef")
_WORDS: Final = QColor("#98a4b3")
_SPOT: Final = QColor("#ffc857")
_SPOT_WAITING: Final = QColor("#5d6b7a")

_SIDE: Final = 300
_BORDER: Final = 6.0
_SPOT_MM: Final = 2.4


class BeamEyeView(QWidget):
    """What the source sees, in the IEC gantry system: x to the right, y up; the collimator turns.

    The widget shows one pose at a time; who knows the meterset calls `show_pose`.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("beam_eye_view")
        self.setMinimumSize(180, 180)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._path: BeamPath | None = None
        self._pose: Pose | None = None
        self._is_on = False
        self._describe()

    def show_path(self, path: BeamPath | None) -> None:
        """Show a beam at its start, or none."""
        self._path = path
        self._pose = path.poses[0] if path else None
        self._describe()
        self.update()

    def show_pose(self, pose: Pose, *, is_on: bool) -> None:
        """Show where the machine stands, and whether it radiates."""
        self._pose, self._is_on = pose, is_on
        self._describe()
        self.update()

    def sizeHint(self) -> QSize:
        """Return a square."""
        return QSize(_SIDE, _SIDE)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the square, and in it what the beam has."""
        del event
        side = min(self.width(), self.height())
        square = QRectF((self.width() - side) / 2, (self.height() - side) / 2, side, side)
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(_FRAME)
            painter.drawRoundedRect(square, 6, 6)
            inside = square.adjusted(_BORDER, _BORDER, -_BORDER, -_BORDER)
            if self._path is None or self._pose is None:
                painter.setPen(_WORDS)
                painter.drawText(inside, Qt.AlignmentFlag.AlignCenter, self.tr("No beam"))
                return
            painter.setClipRect(inside)
            painter.save()
            painter.translate(inside.center())
            scale = inside.width() / 2 / self._path.extent
            painter.scale(scale, -scale)
            painter.rotate(self._pose.collimator or 0.0)
            if self._path.is_ion:
                self._paint_spots(painter)
            else:
                self._paint_opening(painter, self._path, self._pose)
            painter.restore()
            self._paint_cross(painter, inside)
            self._paint_words(painter, inside)

    def _paint_opening(self, painter: QPainter, path: BeamPath, pose: Pose) -> None:
        """Paint leaves and jaws closed, then what they leave open."""
        reach = path.extent * 1.5
        painter.setBrush(_SHIELD)
        painter.drawRect(QRectF(-reach, -reach, 2 * reach, 2 * reach))
        opening = QPainterPath()
        jaws = QRectF(
            QPointF(*_corner(pose.x_jaws, pose.y_jaws, 0, -reach)),
            QPointF(*_corner(pose.x_jaws, pose.y_jaws, 1, reach)),
        )
        opening.addRect(jaws)
        leaves = _leaf_gaps(path, pose)
        if leaves:
            gaps = QPainterPath()
            for gap in leaves:
                gaps.addRect(gap)
            painter.setPen(_line(_LEAF_LINE, 1))
            for edge in path.boundaries:
                ends = ((-reach, edge), (reach, edge))
                first, second = ends if path.leaves_move_in_x else _swapped(ends)
                painter.drawLine(QPointF(*first), QPointF(*second))
            opening = opening.intersected(gaps.simplified())
        painter.setPen(_line(_SPOT if self._is_on else _WORDS, 1.2))
        painter.setBrush(_FIELD_ON if self._is_on else _FIELD)
        painter.drawPath(opening)
        if pose.x_jaws or pose.y_jaws:
            painter.setPen(_line(_JAW, 1.4, Qt.PenStyle.DashLine))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(jaws)

    def _paint_spots(self, painter: QPainter) -> None:
        """Paint all spots of the beam, those of the layer on top."""
        path, pose = self._path, self._pose
        if path is None or pose is None:
            return
        for other in path.poses:
            is_done = other.point < pose.point
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(_FIELD_ON if is_done else _LEAF_LINE)
            for x, y, _ in other.spots:
                painter.drawEllipse(QPointF(x, y), _SPOT_MM * 0.7, _SPOT_MM * 0.7)
        heaviest = max((weight for _, _, weight in pose.spots), default=0.0)
        if heaviest <= 0:
            return
        painter.setBrush(_SPOT if self._is_on else _SPOT_WAITING)
        for x, y, weight in pose.spots:
            radius = _SPOT_MM * (0.6 + 0.7 * weight / heaviest)
            painter.drawEllipse(QPointF(x, y), radius, radius)

    def _paint_cross(self, painter: QPainter, inside: QRectF) -> None:
        centre, arm = inside.center(), 8
        painter.setPen(_line(_CROSS, 1.2))
        painter.drawLine(centre - QPointF(arm, 0), centre + QPointF(arm, 0))
        painter.drawLine(centre - QPointF(0, arm), centre + QPointF(0, arm))

    def _paint_words(self, painter: QPainter, inside: QRectF) -> None:
        """Say the scale, and the energy of an ion beam's layer."""
        path, pose = self._path, self._pose
        if path is None or pose is None:
            return
        words = self.tr("± {0} mm").format(f"{path.extent:.0f}")
        if path.is_ion and pose.energy is not None:
            words = self.tr("{0} MeV").format(texts.number(pose.energy)) + "   " + words
        painter.setPen(_WORDS)
        corner = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignBottom
        painter.drawText(inside.adjusted(8, 6, -8, -6), corner, words)

    def _describe(self) -> None:
        """Say for a screen reader what is drawn."""
        name = self.tr("Beam's eye view")
        pose = self._pose
        if pose is not None and len(pose.x_jaws) == 2 and len(pose.y_jaws) == 2:
            jaws = self.tr("{0}: jaws x {1} to {2} mm, y {3} to {4} mm")
            name = jaws.format(name, *(texts.number(each) for each in (*pose.x_jaws, *pose.y_jaws)))
        self.setAccessibleName(name)


def _leaf_gaps(path: BeamPath, pose: Pose) -> list[QRectF]:
    """Return the gap of each leaf pair that is open, in mm."""
    pairs = len(path.boundaries) - 1
    if pairs < 1 or len(pose.leaves) != 2 * pairs:
        return []
    gaps = []
    for pair in range(pairs):
        low, high = sorted((pose.leaves[pair], pose.leaves[pair + pairs]))
        bottom, top = path.boundaries[pair], path.boundaries[pair + 1]
        if high > low and path.leaves_move_in_x:
            gaps.append(QRectF(low, bottom, high - low, top - bottom))
        elif high > low:
            gaps.append(QRectF(bottom, low, top - bottom, high - low))
    return gaps


def _corner(
    x_jaws: tuple[float, ...], y_jaws: tuple[float, ...], which: int, default: float
) -> tuple[float, float]:
    return (
        x_jaws[which] if len(x_jaws) == 2 else default,
        y_jaws[which] if len(y_jaws) == 2 else default,
    )


def _swapped(
    ends: tuple[tuple[float, float], tuple[float, float]],
) -> tuple[tuple[float, float], tuple[float, float]]:
    return ends[0][::-1], ends[1][::-1]


def _line(colour: QColor, width: float, style: Qt.PenStyle = Qt.PenStyle.SolidLine) -> QPen:
    """Return a pen that is as wide on every scale."""
    pen = QPen(colour, width, style)
    pen.setCosmetic(True)
    return pen
