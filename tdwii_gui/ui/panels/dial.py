"""A dial: an angle on a ring and as a number, and how far it will turn."""

from __future__ import annotations

import math
from typing import Final

from PySide6.QtCore import QLineF, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from tdwii_gui.ui.theme import current_theme

_SIDE: Final = 84
_RING: Final = 5.0
_MARKER: Final = 6.0
_TICKS: Final = 12
_TURN: Final = 360.0


class Dial(QWidget):
    """An angle in degrees, clockwise from the top.

    Parameters
    ----------
    title : str
        What turns, translated.
    """

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = title
        self._degrees: float | None = None
        self._start: float | None = None
        self._turn = 0.0
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.show_angle(None)

    @property
    def words(self) -> str:
        """The angle as it is read."""
        return "\u2013" if self._degrees is None else f"{self._degrees:.1f}°"

    def show_turn(self, start: float | None, turn: float) -> None:
        """Show from where and how far it turns during the beam, clockwise positive."""
        self._start, self._turn = start, turn
        self.update()

    def show_angle(self, degrees: float | None) -> None:
        """Show an angle, or that there is none."""
        before = self.words
        # 359.96 degrees are read as 0.0.
        self._degrees = None if degrees is None else round(degrees, 1) % _TURN
        if self.words != before or not self.accessibleName():
            self.setAccessibleName(f"{self._title} {self.words}")
            self.update()

    def sizeHint(self) -> QSize:
        """Return room for ring and title."""
        return QSize(_SIDE + 22, _SIDE + self.fontMetrics().height() + 4)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint ring, arc, marker, number and title."""
        del event
        theme = current_theme()
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            side = QRectF((self.width() - _SIDE) / 2, 0, _SIDE, _SIDE)
            ring = side.adjusted(_MARKER, _MARKER, -_MARKER, -_MARKER)
            painter.setPen(QPen(QColor(theme.line), _RING))
            painter.drawEllipse(ring)
            _paint_ticks(painter, ring, QColor(theme.muted))
            if self._degrees is not None:
                self._paint_arc(painter, ring, QColor(theme.accent))
                _paint_marker(painter, ring, self._degrees, QColor(theme.accent), theme.card)
            font = QFont(self.font())
            font.setBold(True)
            painter.setFont(font)
            painter.setPen(QColor(theme.text))
            painter.drawText(ring, Qt.AlignmentFlag.AlignCenter, self.words)
            painter.setFont(self.font())
            painter.setPen(QColor(theme.muted))
            below = QRectF(0, _SIDE, self.width(), self.height() - _SIDE)
            painter.drawText(below, Qt.AlignmentFlag.AlignHCenter, self._title)

    def _paint_arc(self, painter: QPainter, ring: QRectF, colour: QColor) -> None:
        """Paint the way of the beam: faint where it will go, strong where it has been."""
        if self._start is None or not self._turn or self._degrees is None:
            return
        done = (self._degrees - self._start) % _TURN
        if self._turn < 0:
            done -= _TURN if done else 0.0
        faint = QColor(colour)
        faint.setAlpha(80)
        for degrees, shade in ((self._turn, faint), (done, colour)):
            pen = QPen(shade, _RING)
            pen.setCapStyle(Qt.PenCapStyle.FlatCap)
            painter.setPen(pen)
            # Qt counts sixteenths of a degree, anticlockwise from the right.
            painter.drawArc(ring, round((90 - self._start) * 16), round(-degrees * 16))


def _paint_ticks(painter: QPainter, ring: QRectF, colour: QColor) -> None:
    """Paint a tick each 30 degrees, longer at the quarters."""
    painter.setPen(QPen(colour, 1))
    outer = ring.width() / 2 - _RING / 2 - 2
    lines = []
    for number in range(_TICKS):
        length = 5.0 if number % 3 == 0 else 2.5
        degrees = number * _TURN / _TICKS
        lines.append(QLineF(_on(ring, degrees, outer), _on(ring, degrees, outer - length)))
    painter.drawLines(lines)


def _paint_marker(
    painter: QPainter, ring: QRectF, degrees: float, colour: QColor, card: str
) -> None:
    painter.setBrush(colour)
    painter.setPen(QPen(QColor(card), 1.5))
    painter.drawEllipse(_on(ring, degrees, ring.width() / 2), _MARKER - 0.5, _MARKER - 0.5)


def _on(ring: QRectF, degrees: float, radius: float) -> QPointF:
    angle = math.radians(degrees)
    return ring.center() + QPointF(math.sin(angle), -math.cos(angle)) * radius
