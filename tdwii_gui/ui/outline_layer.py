"""The outlines over a slice as a picture, drawn away from the GUI thread.

To stroke the contours of a dozen structures takes longer than a window may stand still.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QObject, QRectF, QSize, Signal
from PySide6.QtGui import QImage, QPainter

from tdwii_gui.ui.views.slice_painter import Shown, draw_outlines

if TYPE_CHECKING:
    from tdwii_gui.actors.worker import SerialWorker
    from tdwii_gui.ui.bridge import ActorBridge
    from tdwii_gui.ui.image_frame import Frame
    from tdwii_gui.ui.slice_marks import SliceMarks


class Drawing(NamedTuple):
    """What is drawn: marks over a frame that is painted in an area of a view, in its pixels."""

    frame: Frame
    marks: SliceMarks
    shown: Shown
    area: QRectF
    size: QSize
    ratio: float


class OutlineLayer(QObject):
    """Keeps the last drawing, and has the next one made when it is asked for.

    Signals
    -------
    drawn
        Another drawing is there.
    """

    drawn = Signal()

    def __init__(self, background: SerialWorker, bridge: ActorBridge, parent: QObject) -> None:
        super().__init__(parent)
        self._background = background
        self._bridge = bridge
        self._made: tuple[Drawing, QImage] | None = None
        self._wanted: Drawing | None = None
        self._is_drawing = False

    def image(self, drawing: Drawing) -> QImage | None:
        """Return a drawing; until it is made, what was drawn before over the same slice."""
        if self._made is not None and self._made[0] == drawing:
            return self._made[1]
        self._wanted = drawing
        self._draw()
        if self._made is None:
            return None
        made, image = self._made
        is_near = (made.marks, made.area, made.size) == (drawing.marks, drawing.area, drawing.size)
        return image if is_near else None

    def _draw(self) -> None:
        wanted = self._wanted
        if self._is_drawing or wanted is None:
            return
        self._is_drawing, self._wanted = True, None
        future = self._background.submit("outlines", "", lambda: _picture(wanted))
        self._bridge.watch(future, lambda image: self._keep(wanted, image), self._on_failed)

    def _keep(self, drawing: Drawing, image: QImage) -> None:
        self._is_drawing = False
        self._made = (drawing, image)
        self._draw()
        self.drawn.emit()

    def _on_failed(self, _error: BaseException) -> None:
        self._is_drawing = False


def _picture(drawing: Drawing) -> QImage:
    image = QImage(drawing.size * drawing.ratio, QImage.Format.Format_ARGB32_Premultiplied)
    image.setDevicePixelRatio(drawing.ratio)
    image.fill(0)
    with QPainter(image) as painter:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        draw_outlines(painter, drawing.frame, drawing.area, drawing.marks, drawing.shown)
    return image
