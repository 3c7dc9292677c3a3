"""A ring around a widget and a word beside it: what the guide points at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPoint, QRect, QSize, Qt, QVariantAnimation
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QScrollArea, QWidget
from shiboken6 import isValid

from tdwii_gui.ui.theme import current_theme

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

_MARGIN: Final = 5
_GAP: Final = 8
_PADDING: Final = 12
_ARRIVAL_MS: Final = 450
_ARRIVAL_EXTRA: Final = 12


class Callout:
    """Points at one widget at a time, in whatever window it is, and lets the mouse through."""

    def __init__(self) -> None:
        self._overlay: _Overlay | None = None

    def point_at(self, widget: QWidget, words: str) -> None:
        """Point at a widget; a scroll area brings it into sight."""
        self.hide()
        parent = widget.parentWidget()
        while parent is not None:
            if isinstance(parent, QScrollArea):
                parent.ensureWidgetVisible(widget)
            parent = parent.parentWidget()
        self._overlay = _Overlay(widget, words)

    def follow(self) -> None:
        """Go along with a widget that has moved."""
        if self._overlay is not None and isValid(self._overlay):
            self._overlay.follow()

    def hide(self) -> None:
        """Point at nothing."""
        overlay, self._overlay = self._overlay, None
        # A dialog that was closed has taken its children with it.
        if overlay is not None and isValid(overlay):
            overlay.end()


class _Overlay(QWidget):
    def __init__(self, target: QWidget, words: str) -> None:
        super().__init__(target.window())
        self._target = target
        self._words = words
        self._extra = _ARRIVAL_EXTRA
        self.setObjectName("guide_callout")
        self.setAccessibleName(words)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.follow()
        self.show()
        self.raise_()
        self._arrival = QVariantAnimation(self)
        self._arrival.setStartValue(_ARRIVAL_EXTRA)
        self._arrival.setEndValue(0)
        self._arrival.setDuration(_ARRIVAL_MS)
        self._arrival.valueChanged.connect(self._on_arriving)
        self._arrival.start()

    def end(self) -> None:
        """Vanish."""
        self._arrival.stop()
        self.hide()
        self.deleteLater()

    def follow(self) -> None:
        """Cover the window in which the target is."""
        if isValid(self._target):
            self.setGeometry(self._target.window().rect())
            self.raise_()
            self.update()

    def _on_arriving(self, extra: int) -> None:
        self._extra = extra
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the ring, and the word on a ground of its own."""
        del event
        if not isValid(self._target):
            return
        theme = current_theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ring = self._ring()
        painter.setPen(QPen(QColor(theme.accent), 2.5))
        painter.drawRoundedRect(ring, 8, 8)
        bubble = self._bubble(ring)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.accent))
        painter.drawRoundedRect(bubble, 6, 6)
        painter.setPen(QColor(theme.on_accent))
        painter.drawText(bubble, Qt.AlignmentFlag.AlignCenter, self._words)

    def _ring(self) -> QRect:
        origin = self._target.mapTo(self._target.window(), QPoint(0, 0))
        margin = _MARGIN + self._extra
        inside = self.rect().adjusted(2, 2, -2, -2)
        ring = QRect(origin, self._target.size())
        return ring.adjusted(-margin, -margin, margin, margin).intersected(inside)

    def _bubble(self, ring: QRect) -> QRect:
        """Return a place for the word above the ring, or below or in it where there is no room."""
        text = self.fontMetrics().boundingRect(self._words).size()
        size = QSize(text.width() + 2 * _PADDING, text.height() + _PADDING)
        left = min(max(ring.left(), _GAP), max(self.width() - size.width() - _GAP, _GAP))
        above = ring.top() - _GAP - size.height()
        below = ring.bottom() + _GAP
        if above >= _GAP:
            top = above
        elif below + size.height() <= self.height() - _GAP:
            top = below
        else:
            top = ring.bottom() - _GAP - size.height()
        return QRect(QPoint(left, top), size)
