"""A dial: an angle as a ring and as a number."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from tdwii_gui.ui.theme import current_theme

_SIDE = 78
_RING = 6.0
_TURN = 360.0


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
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.show_angle(None)

    @property
    def words(self) -> str:
        """The angle as it is read."""
        return "\u2013" if self._degrees is None else f"{self._degrees:.1f}°"

    def show_angle(self, degrees: float | None) -> None:
        """Show an angle, or that there is none."""
        self._degrees = None if degrees is None else degrees % _TURN
        self.setAccessibleName(f"{self._title} {self.words}")
        self.update()

    def sizeHint(self) -> QSize:
        """Return room for ring and title."""
        return QSize(_SIDE + 22, _SIDE + self.fontMetrics().height() + 6)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint ring, number and title."""
        del event
        theme = current_theme()
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            left = (self.width() - _SIDE) / 2
            ring = QRectF(left, 0, _SIDE, _SIDE).adjusted(_RING, _RING, -_RING, -_RING)
            painter.setPen(QPen(QColor(theme.line), _RING))
            painter.drawEllipse(ring)
            if self._degrees is not None:
                pen = QPen(QColor(theme.accent), _RING)
                pen.setCapStyle(Qt.PenCapStyle.RoundCap)
                painter.setPen(pen)
                # Qt counts sixteenths of a degree, anticlockwise from the right.
                painter.drawArc(ring, 90 * 16, -max(1, round(self._degrees * 16)))
            font = QFont(self.font())
            font.setBold(True)
            painter.setFont(font)
            painter.setPen(QColor(theme.text))
            painter.drawText(ring, Qt.AlignmentFlag.AlignCenter, self.words)
            painter.setFont(self.font())
            painter.setPen(QColor(theme.muted))
            below = QRectF(0, _SIDE + 2, self.width(), self.height() - _SIDE - 2)
            painter.drawText(below, Qt.AlignmentFlag.AlignHCenter, self._title)
