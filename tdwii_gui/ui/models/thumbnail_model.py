"""Small pictures of images, made in the background when they come into sight."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QSize,
    Qt,
)
from PySide6.QtGui import QColor, QIcon, QImage, QPixmap

from tdwii_gui.ui import texts
from tdwii_gui.ui.image_frame import read_frame

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pydicom.dataset import Dataset

    from tdwii_gui.actors.worker import SerialWorker
    from tdwii_gui.ui.bridge import ActorBridge

Index = QModelIndex | QPersistentModelIndex

SIDE: Final = 72
"""Pixels of a small picture."""

_NO_INDEX: Final = QModelIndex()
_KEPT: Final = 400
_WAITING: Final = 60
"""So many pictures may be in sight; who scrolls past others does not wait for them."""


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """An image to be shown small.

    Parameters
    ----------
    uid : str
        Its SOP Instance UID.
    title, exact : str
        What stands below it, and what a tooltip says.
    """

    uid: str
    title: str
    exact: str


class ThumbnailModel(QAbstractListModel):
    """Images with their pictures, the last 400 of which are kept.

    Parameters
    ----------
    background : SerialWorker
        Decodes, one picture at a time: other work comes between.
    read : Callable
        Returns the data set of an instance by its UID; called in the background.
    """

    def __init__(
        self,
        background: SerialWorker,
        bridge: ActorBridge,
        read: Callable[[str], Dataset],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._background = background
        self._bridge = bridge
        self._read = read
        self._rows: tuple[Thumbnail, ...] = ()
        self._places: dict[str, int] = {}
        self._pictures: OrderedDict[str, QIcon] = OrderedDict()
        self._wanted: OrderedDict[str, None] = OrderedDict()
        self._pending = ""
        self._blank = _icon(_square(QColor(24, 28, 34)))

    @property
    def rows(self) -> tuple[Thumbnail, ...]:
        """The images."""
        return self._rows

    @property
    def kept(self) -> int:
        """How many pictures are kept."""
        return len(self._pictures)

    def show_images(self, rows: Sequence[Thumbnail]) -> None:
        """Show other images; pictures that were made are used again."""
        if tuple(rows) == self._rows:
            return
        self.beginResetModel()
        self._rows = tuple(rows)
        self._places = {row.uid: place for place, row in enumerate(rows)}
        self._wanted.clear()
        self.endResetModel()

    def index_of(self, uid: str) -> QModelIndex:
        """Return the index of an image; not valid if it is none of these."""
        place = self._places.get(uid)
        return QModelIndex() if place is None else self.index(place)

    def rowCount(self, parent: Index = _NO_INDEX) -> int:
        """Return how many images there are."""
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return what is shown of an image; its picture is made when it is asked for."""
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        row = self._rows[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return texts.plain(row.title, 40)
            case Qt.ItemDataRole.AccessibleTextRole | Qt.ItemDataRole.ToolTipRole:
                is_tip = role == Qt.ItemDataRole.ToolTipRole
                return texts.tooltip(row.exact) if is_tip else texts.plain(row.exact)
            case Qt.ItemDataRole.DecorationRole:
                return self._picture(row.uid)
            case Qt.ItemDataRole.UserRole:
                return row
        return None

    def _picture(self, uid: str) -> QIcon:
        known = self._pictures.get(uid)
        if known is not None:
            self._pictures.move_to_end(uid)
            return known
        self._wanted[uid] = None
        self._wanted.move_to_end(uid)
        while len(self._wanted) > _WAITING:
            self._wanted.popitem(last=False)
        self._make_next()
        return self._blank

    def _make_next(self) -> None:
        """Have the picture made that was asked for last: that is in sight."""
        if self._pending or not self._wanted:
            return
        uid, _ = self._wanted.popitem(last=True)
        self._pending = uid
        read = self._read
        future = self._background.submit("thumbnail", "", lambda: _small(read(uid)))
        self._bridge.watch(
            future, lambda picture: self._keep(uid, picture), lambda _error: self._keep(uid, None)
        )

    def _keep(self, uid: str, picture: QImage | None) -> None:
        self._pending = ""
        self._pictures[uid] = _icon(picture or _square(QColor(74, 24, 24)))
        while len(self._pictures) > _KEPT:
            self._pictures.popitem(last=False)
        index = self.index_of(uid)
        if index.isValid():
            self.dataChanged.emit(index, index, [Qt.ItemDataRole.DecorationRole])
        self._make_next()


def _small(dataset: Dataset) -> QImage | None:
    """Return the first frame as a small picture, in a square; None if it cannot be decoded."""
    frame = read_frame(dataset)
    if frame is None:
        return None
    image = frame.image(frame.center, frame.width)
    high = max(1, round(image.height() * frame.aspect))
    fitted = QSize(image.width(), high).scaled(SIDE, SIDE, Qt.AspectRatioMode.KeepAspectRatio)
    return image.scaled(
        fitted, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
    )


def _icon(picture: QImage) -> QIcon:
    """Return a picture as an icon that looks the same when it is selected."""
    pixels, icon = QPixmap.fromImage(picture), QIcon()
    for mode in (QIcon.Mode.Normal, QIcon.Mode.Selected):
        icon.addPixmap(pixels, mode)
    return icon


def _square(colour: QColor) -> QImage:
    blank = QImage(SIDE, SIDE, QImage.Format.Format_RGB32)
    blank.fill(colour)
    return blank
