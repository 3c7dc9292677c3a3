"""The beam's eye view: what a beam's devices leave open, or the spots of an ion beam."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QLineF, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QSizePolicy, QWidget

from tdwii_gui.ui import texts
from tdwii_gui.ui.models.beam_path import jaw_pair
from tdwii_gui.ui.views.aperture_painter import AperturePainter
from tdwii_gui.ui.views.spot_painter import SpotPainter, scale_colours

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

    from tdwii_gui.dicom.iod.machine_state import MachineState
    from tdwii_gui.ui.models.beam_path import BeamPath

# The view is dark in both themes, as beam's eye views are.
_FRAME: Final = QColor("#10151b")
_CROSS: Final = QColor(228, 233, 239, 150)
_TICKS: Final = QColor(228, 233, 239, 110)
_WORDS: Final = QColor("#b6c0cb")
_PLATE: Final = QColor(16, 21, 27, 200)

_SIDE: Final = 300
_BORDER: Final = 6.0
_ROUND: Final = 6.0
_ARM: Final = 9.0
_TICK_PIXELS: Final = 24
_TICK_STEPS_MM: Final = (5.0, 10.0, 20.0, 50.0, 100.0)
_LEGEND: Final = QSize(88, 7)


class BeamEyeView(QWidget):
    """What the source sees, in the IEC gantry system: x to the right, y up; the collimator turns.

    The widget shows one moment at a time; who knows the moment calls `show_state`.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("beam_eye_view")
        self.setMinimumSize(180, 180)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._path: BeamPath | None = None
        self._aperture: AperturePainter | None = None
        self._spots: SpotPainter | None = None
        self._state: MachineState | None = None
        self._meterset = 0.0
        self._is_on = False
        self._shows_all = False
        self.describe()

    def show_path(self, path: BeamPath | None) -> None:
        """Show a beam, or none; where it stands is told by `show_state`."""
        self._path, self._state = path, None
        self._aperture = AperturePainter(path) if path else None
        self._spots = SpotPainter(path, path.spots) if path and path.spots else None
        self.describe()
        self.update()

    def show_state(self, state: MachineState, meterset: float, *, is_on: bool) -> None:
        """Show where the machine stands, what is delivered, and whether it radiates."""
        self._state, self._meterset, self._is_on = state, meterset, is_on
        self.update()

    def show_all_layers(self, *, shows_all: bool) -> None:
        """Show the spots of all layers, or those of the one that is delivered."""
        self._shows_all = shows_all
        self.update()

    def sizeHint(self) -> QSize:
        """Return a square."""
        return QSize(_SIDE, _SIDE)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the square, and in it what the beam has."""
        del event
        side = min(self.width(), self.height())
        square = QRectF((self.width() - side) // 2, (self.height() - side) // 2, side, side)
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(_FRAME)
            painter.drawRoundedRect(square, _ROUND, _ROUND)
            inside = square.adjusted(_BORDER, _BORDER, -_BORDER, -_BORDER)
            path, state = self._path, self._state
            if path is None or state is None:
                painter.setPen(_WORDS)
                painter.drawText(inside, Qt.AlignmentFlag.AlignCenter, self.tr("No beam"))
                return
            painter.setClipRect(inside)
            if self._spots is None or path.outlines:
                self._paint_aperture(painter, path, state, inside)
            if self._spots is not None:
                self._paint_spots(painter, path, state, inside)
            _paint_cross(painter, inside, path.extent)
            self._paint_words(painter, path, state, inside)

    def _paint_aperture(
        self, painter: QPainter, path: BeamPath, state: MachineState, inside: QRectF
    ) -> None:
        if self._aperture is None:
            return
        painter.save()
        painter.translate(inside.center())
        scale = inside.width() / 2 / path.extent
        painter.scale(scale, -scale)
        painter.rotate(state.collimator or 0.0)
        self._aperture.paint(painter, state, is_on=self._is_on)
        painter.restore()

    def _paint_spots(
        self, painter: QPainter, path: BeamPath, state: MachineState, inside: QRectF
    ) -> None:
        """Paint the spots: their positions do not turn with the collimator (C.8.8.25.7)."""
        if self._spots is None or path.spots is None:
            return
        layer = None if self._shows_all else path.spots.layer_at(self._meterset)
        now = state.spot if self._is_on else None
        self._spots.paint(painter, inside, self._meterset, layer, now)

    def _paint_words(
        self, painter: QPainter, path: BeamPath, state: MachineState, inside: QRectF
    ) -> None:
        """Say the scale, what the layer is, and what the colours of the spots mean."""
        area = inside.adjusted(8, 6, -8, -6)
        bottom, top = Qt.AlignmentFlag.AlignBottom, Qt.AlignmentFlag.AlignTop
        extent = self.tr("± {0} mm").format(f"{path.extent:.0f}")
        where = bottom if path.spots is None else top
        _paint_line(painter, area, where | Qt.AlignmentFlag.AlignRight, extent)
        if path.spots is None:
            names = [texts.plain(each.name, 24) for each in path.outlines if each.name]
            _paint_line(painter, area, bottom | Qt.AlignmentFlag.AlignLeft, " · ".join(names))
            return
        _paint_line(painter, area, top | Qt.AlignmentFlag.AlignLeft, self._layer_words(path, state))
        _paint_legend(painter, area, self.tr("planned"), self.tr("delivered"))

    def _layer_words(self, path: BeamPath, state: MachineState) -> str:
        if path.spots is None:
            return ""
        count = len(path.spots.layers)
        if self._shows_all:
            return self.tr("All {0} layers").format(count)
        layer = path.spots.layer_at(self._meterset)
        words = self.tr("Layer {0} of {1}").format(layer + 1, count)
        energy = path.spots.layers[layer].energy
        if energy is None:
            energy = state.energy
        return (
            words
            if energy is None
            else f"{words} · " + self.tr("{0} MeV").format(texts.number(energy))
        )

    def describe(self) -> None:
        """Say for a screen reader what is drawn now."""
        name = self.tr("Beam's eye view")
        path, state = self._path, self._state
        if path is None or state is None:
            self.setAccessibleName(name)
            return
        said = []
        if path.spots is not None:
            said.append(self._layer_words(path, state))
        for in_x, words in (
            (True, self.tr("jaws x {0} to {1} mm")),
            (False, self.tr("y {0} to {1} mm")),
        ):
            pair = jaw_pair(state, in_x=in_x)
            if pair is not None:
                said.append(words.format(*(texts.number(each) for each in pair)))
        self.setAccessibleName(": ".join(filter(None, (name, ", ".join(said)))))


def _paint_cross(painter: QPainter, inside: QRectF, extent: float) -> None:
    """Paint the axis, and ticks along it that tell the scale."""
    centre, scale = inside.center(), inside.width() / 2 / extent
    steps = (step for step in _TICK_STEPS_MM if step * scale >= _TICK_PIXELS)
    step = next(steps, _TICK_STEPS_MM[-1])
    lines = []
    for number in range(1, int(extent / step) + 1):
        away = number * step * scale
        for sign in (-away, away):
            lines.append(
                QLineF(centre.x() + sign, centre.y() - 3, centre.x() + sign, centre.y() + 3)
            )
            lines.append(
                QLineF(centre.x() - 3, centre.y() + sign, centre.x() + 3, centre.y() + sign)
            )
    painter.setPen(_TICKS)
    painter.drawLines(lines)
    painter.setPen(_CROSS)
    painter.drawLine(centre - QPointF(_ARM, 0), centre + QPointF(_ARM, 0))
    painter.drawLine(centre - QPointF(0, _ARM), centre + QPointF(0, _ARM))


def _paint_line(painter: QPainter, area: QRectF, where: Qt.AlignmentFlag, words: str) -> None:
    """Paint words on a plate, so that they can be read on whatever is below them."""
    if not words:
        return
    found = painter.boundingRect(area, where, words)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(_PLATE)
    painter.drawRoundedRect(found.adjusted(-5, -2, 5, 2), 4, 4)
    painter.setPen(_WORDS)
    painter.drawText(area, where, words)


def _paint_legend(painter: QPainter, area: QRectF, first: str, last: str) -> None:
    """Paint the scale of the spots' colours, with what its ends mean."""
    metrics = painter.fontMetrics()
    width = (
        metrics.horizontalAdvance(first) + _LEGEND.width() + metrics.horizontalAdvance(last) + 12
    )
    height = metrics.height()
    plate = QRectF(area.left(), area.bottom() - height, width, height)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(_PLATE)
    painter.drawRoundedRect(plate.adjusted(-5, -2, 5, 2), 4, 4)
    painter.setPen(_WORDS)
    painter.drawText(plate, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, first)
    painter.drawText(plate, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, last)
    colours = scale_colours()
    step = _LEGEND.width() / len(colours)
    left = plate.left() + metrics.horizontalAdvance(first) + 6
    top = plate.center().y() - _LEGEND.height() / 2
    for number, colour in enumerate(colours):
        painter.fillRect(QRectF(left + number * step, top, step + 0.5, _LEGEND.height()), colour)
