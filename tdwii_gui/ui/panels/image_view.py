"""Slices of a series: the wheel scrolls, dragging changes the window; dark in both themes."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QImage, QKeyEvent, QMouseEvent, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from tdwii_gui.ui import texts
from tdwii_gui.ui.image_frame import Frame, read_frame
from tdwii_gui.ui.outline_layer import Drawing, OutlineLayer
from tdwii_gui.ui.slice_marks import Anatomy, SliceMarks
from tdwii_gui.ui.theme import DARK
from tdwii_gui.ui.views.slice_painter import Shown, SlicePainter

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
    """Shows one image of a series at a time, with what is known of the patient drawn over it.

    Decoding, and the cut through the structures, happen in the background.

    Parameters
    ----------
    background : SerialWorker
        Decodes.
    read : Callable
        Returns the data set of an instance by its UID; called in the background.

    Signals
    -------
    turned : frozenset[int]
        Another image is shown, or what is over it is known now; the ROI Numbers of the structures
        that it cuts.
    """

    turned = Signal(object)

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
        self._marks: dict[str, SliceMarks] = {}
        self._anatomy = Anatomy()
        self._shown = Shown()
        self._outlines = OutlineLayer(background, bridge, self)
        self._outlines.drawn.connect(self.update)
        self._windowed: tuple[str, float, float, QImage] | None = None
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
                    "Wheel or arrow keys: next slice. I: slice of the isocenter. "
                    "Drag: brightness and contrast. Double-click: reset."
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
    def uid(self) -> str:
        """SOP Instance UID of the one that is shown; empty for none."""
        return self._uids[self._place] if self._uids else ""

    @property
    def frame(self) -> Frame | None:
        """What is shown, once it is decoded."""
        return self._frames.get(self.uid)

    def show_series(self, uids: Sequence[str], wanted: str = "") -> None:
        """Show images in this order: the wanted one first, else the one in sight if it is left."""
        current = wanted or self.uid
        if tuple(uids) == self._uids and current == self.uid:
            return
        same = bool(set(uids) & set(self._uids))
        self._uids = tuple(uids)
        if not same:
            self._window = None
            self._frames.clear()
            self._marks.clear()
        self._place = self._uids.index(current) if current in self._uids else len(uids) // 2
        self._turn()

    @property
    def marks(self) -> SliceMarks:
        """What is known to be over the image that is shown."""
        return self._marks.get(self.uid, SliceMarks())

    def show_anatomy(self, anatomy: Anatomy) -> None:
        """Draw other structures and isocenters over the images."""
        self._anatomy = anatomy
        self._marks.clear()
        self._turn()

    def choose_structures(self, shown: Shown) -> None:
        """Draw these structures, and make one of them stand out."""
        self._shown = shown
        self.update()

    @Slot()
    def show_isocenter(self) -> None:
        """Show the slice of the isocenter, if it is among the images."""
        self.show_image(self._anatomy.image_at_isocenter())

    @Slot(str)
    def show_image(self, uid: str) -> None:
        """Show an image, if it is among these."""
        if uid in self._uids:
            self._place = self._uids.index(uid)
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
        if event.key() == Qt.Key.Key_I and not event.modifiers():
            self.show_isocenter()
            return
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
            place, bounds = self._area(frame), QRectF(self.rect())
            painter.drawImage(place, self._image(frame, center, width))
            if self.marks.outlines and self._shown.structures:
                ratio = self.devicePixelRatioF()
                drawing = Drawing(frame, self.marks, self._shown, place, self.size(), ratio)
                outlines = self._outlines.image(drawing)
                if outlines is not None:
                    painter.drawImage(0, 0, outlines)
            SlicePainter(painter, frame, place, bounds).paint(self.marks, self._shown, self.tr)
            self._paint_words(painter, frame, center, width)
            self._paint_focus(painter)

    def _image(self, frame: Frame, center: float, width: float) -> QImage:
        """Return the image in a window of values; the last one is kept, for it is painted often."""
        key = (self.uid, center, width)
        if self._windowed is None or self._windowed[:3] != key:
            self._windowed = (*key, frame.image(center, width))
        return self._windowed[3]

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
        if self.uid in self._frames:
            return self.tr("This image cannot be shown.")
        return self.tr("Decoding…")

    def _turn(self) -> None:
        self._name()
        self._decode()
        self.turned.emit(frozenset(self.marks.outlines))
        self.update()

    def _name(self) -> None:
        if self._uids:
            place = self.tr("Image {0} of {1}").format(self._place + 1, self.count)
            self.setAccessibleName(place)
        else:
            self.setAccessibleName(self.tr("No image"))
        cut = [one.name for one in self._anatomy.structures if one.number in self.marks.outlines]
        words = self.tr("Structures in it: {0}").format(", ".join(cut)) if cut else ""
        self.setAccessibleDescription(texts.plain(words))

    def _decode(self) -> None:
        """Have what is in sight read; what was scrolled past meanwhile is left out."""
        uid = self.uid
        if not uid or self._pending or (uid in self._frames and uid in self._marks):
            return
        self._pending = uid
        read, known, anatomy = self._read, self._frames.get(uid), self._anatomy
        is_known = uid in self._frames

        def look() -> tuple[Frame | None, SliceMarks]:
            frame = known if is_known else read_frame(read(uid))
            return frame, anatomy.marks(frame.plane if frame else None, uid)

        future = self._background.submit("decode", "", look)
        self._bridge.watch(
            future,
            lambda found: self._keep(uid, anatomy, *found),
            lambda _error: self._keep(uid, anatomy, None, SliceMarks()),
        )

    def _keep(self, uid: str, anatomy: Anatomy, frame: Frame | None, marks: SliceMarks) -> None:
        self._pending = ""
        self._frames[uid] = frame
        if anatomy is self._anatomy:
            self._marks[uid] = marks
        while len(self._frames) > _FRAMES_KEPT:
            gone, _ = self._frames.popitem(last=False)
            self._marks.pop(gone, None)
        self._turn()
