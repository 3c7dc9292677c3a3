"""Slices of a series: the wheel scrolls, dragging changes the window; dark in both themes."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from tdwii_gui.ui import texts
from tdwii_gui.ui.image_frame import Frame, read_frame
from tdwii_gui.ui.theme import DARK

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pydicom.dataset import Dataset
    from PySide6.QtGui import QPaintEvent, QWheelEvent

    from tdwii_gui.actors.worker import SerialWorker
    from tdwii_gui.ui.bridge import ActorBridge

_FRAMES_KEPT: Final = 40
_NOTCH: Final = 120
_PAGE: Final = 5
_BLACK: Final = "#000000"
_RADIUS: Final = 8


class ImageView(QWidget):
    """Shows one image of a series at a time; decoding happens in the background.

    Parameters
    ----------
    background : SerialWorker
        Decodes.
    read : Callable
        Returns the data set of an instance by its UID; called in the background.
    """

    def __init__(
        self,
        background: SerialWorker,
        bridge: ActorBridge,
        read: Callable[[str], Dataset],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._background = background
        self._bridge = bridge
        self._read = read
        self._uids: tuple[str, ...] = ()
        self._place = 0
        self._frames: OrderedDict[str, Frame | None] = OrderedDict()
        self._pending = ""
        self._window: tuple[float, float] | None = None
        self._grip: QPointF | None = None
        self._wheel = 0
        self.setObjectName("image")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setToolTip(
            texts.tooltip(
                self.tr(
                    "Wheel or arrow keys: next slice. Drag: brightness and contrast. "
                    "Double-click: reset."
                )
            )
        )
        self._name()

    @property
    def count(self) -> int:
        """How many images there are."""
        return len(self._uids)

    @property
    def place(self) -> int:
        """Which one is shown, from 0."""
        return self._place

    @property
    def frame(self) -> Frame | None:
        """What is shown, once it is decoded."""
        return self._frames.get(self._uid)

    def show_series(self, uids: Sequence[str], wanted: str = "") -> None:
        """Show images in this order: the wanted one first, else the one in sight if it is left."""
        current = wanted or self._uid
        if tuple(uids) == self._uids and current == self._uid:
            return
        same = bool(set(uids) & set(self._uids))
        self._uids = tuple(uids)
        if not same:
            self._window = None
            self._frames.clear()
        self._place = self._uids.index(current) if current in self._uids else len(uids) // 2
        self._turn()

    def scroll(self, step: int) -> None:  # type: ignore[override]
        """Show the image so many places on, at most the first or last."""
        if self._uids:
            self._place = min(max(self._place + step, 0), len(self._uids) - 1)
            self._turn()

    def sizeHint(self) -> QSize:
        """Return a size at which an image can be judged."""
        return QSize(260, 220)

    def minimumSizeHint(self) -> QSize:
        """Return the least size."""
        return QSize(120, 110)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll through the series."""
        self._wheel += event.angleDelta().y()
        steps = int(self._wheel / _NOTCH)
        self._wheel -= steps * _NOTCH
        if steps:
            self.scroll(-steps)
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Scroll through the series."""
        steps = {
            Qt.Key.Key_Up: -1,
            Qt.Key.Key_Left: -1,
            Qt.Key.Key_Down: 1,
            Qt.Key.Key_Right: 1,
            Qt.Key.Key_PageUp: -_PAGE,
            Qt.Key.Key_PageDown: _PAGE,
            Qt.Key.Key_Home: -self.count,
            Qt.Key.Key_End: self.count,
        }
        step = steps.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
        else:
            self.scroll(step)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take hold of the window."""
        self._grip = event.position()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Change width by going across, center by going up or down."""
        frame = self.frame
        if self._grip is None or frame is None or frame.is_colour:
            return
        moved = event.position() - self._grip
        self._grip = event.position()
        center, width = self._window or (frame.center, frame.width)
        unit = max(width, 1.0) / 200
        self._window = (center - moved.y() * unit, max(width + moved.x() * unit * 2, 1.0))
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go."""
        del event
        self._grip = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Show the window of the image itself."""
        del event
        self._window = None
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the image with what it is."""
        del event
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            outline = QPainterPath()
            outline.addRoundedRect(QRectF(self.rect()), _RADIUS, _RADIUS)
            painter.setClipPath(outline)
            painter.fillRect(self.rect(), QColor(_BLACK))
            frame = self.frame
            if frame is None:
                painter.setPen(QColor(DARK.muted))
                area = self.rect().adjusted(12, 8, -12, -8)
                flags = int(Qt.AlignmentFlag.AlignCenter) | int(Qt.TextFlag.TextWordWrap)
                painter.drawText(area, flags, self._why_empty())
                self._paint_focus(painter)
                return
            center, width = self._window or (frame.center, frame.width)
            painter.drawImage(self._area(frame), frame.image(center, width))
            self._paint_words(painter, frame, center, width)
            self._paint_focus(painter)

    @property
    def _uid(self) -> str:
        return self._uids[self._place] if self._uids else ""

    def _area(self, frame: Frame) -> QRectF:
        rows, columns = frame.pixels.shape[:2]
        high = rows * frame.aspect
        scale = min(self.width() / columns, self.height() / high)
        size = (columns * scale, high * scale)
        return QRectF((self.width() - size[0]) / 2, (self.height() - size[1]) / 2, *size)

    def _paint_words(self, painter: QPainter, frame: Frame, center: float, width: float) -> None:
        painter.setPen(QColor(DARK.text))
        area = self.rect().adjusted(10, 8, -10, -8)
        corner = Qt.AlignmentFlag
        place = self.tr("{0} of {1}").format(self._place + 1, self.count)
        painter.drawText(area, int(corner.AlignTop | corner.AlignLeft), place)
        if frame.position is not None:
            where = self.tr("z {0} mm").format(texts.number(frame.position))
            painter.drawText(area, int(corner.AlignTop | corner.AlignRight), where)
        if not frame.is_colour:
            window = self.tr("C {0}  W {1}").format(texts.number(center, 0), texts.number(width, 0))
            said = f"{window} {frame.unit}".rstrip()
            painter.drawText(area, int(corner.AlignBottom | corner.AlignLeft), said)

    def _paint_focus(self, painter: QPainter) -> None:
        if self.hasFocus():
            painter.setPen(QPen(QColor(DARK.accent), 3))
            painter.drawRoundedRect(QRectF(self.rect()), _RADIUS, _RADIUS)

    def _why_empty(self) -> str:
        if not self._uids:
            return self.tr("No image is here yet.")
        if self._uid in self._frames:
            return self.tr("This image cannot be shown.")
        return self.tr("Decoding…")

    def _turn(self) -> None:
        self._name()
        self._decode()
        self.update()

    def _name(self) -> None:
        if self._uids:
            place = self.tr("Image {0} of {1}").format(self._place + 1, self.count)
            self.setAccessibleName(place)
        else:
            self.setAccessibleName(self.tr("No image"))

    def _decode(self) -> None:
        """Have the image in sight decoded; what was scrolled past meanwhile is left out."""
        uid = self._uid
        if not uid or uid in self._frames or self._pending:
            return
        self._pending = uid
        read = self._read
        future = self._background.submit("decode", "", lambda: read_frame(read(uid)))
        self._bridge.watch(
            future, lambda frame: self._keep(uid, frame), lambda _error: self._keep(uid, None)
        )

    def _keep(self, uid: str, frame: Frame | None) -> None:
        self._pending = ""
        self._frames[uid] = frame
        while len(self._frames) > _FRAMES_KEPT:
            self._frames.popitem(last=False)
        self._decode()
        self.update()
