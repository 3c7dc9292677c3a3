"""Draws the spots of a scanned ion beam, coloured by what is delivered of the planned meterset.

The spots are a picture of their own, in which only those are painted anew whose colour has changed:
the 12 138 spots of a plan are not painted 30 times a second.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPixmap

from tdwii_gui.ui.models.spot_map import SpotTally

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tdwii_gui.ui.models.beam_path import BeamPath
    from tdwii_gui.ui.models.spot_map import SpotMap

_LEVELS: Final = 10
_PLANNED: Final = (57, 68, 82)
_BEGUN: Final = (122, 88, 28)
_WHOLE: Final = (255, 200, 87)
_NOW: Final = QColor("#ffffff")
_SMALLEST_SHARE: Final = 0.55
_LARGEST_SHARE: Final = 0.94
_SMALLEST_OF_ALL: Final = 0.5
_UNPAINTED: Final = -1


def spot_colour(level: int) -> QColor:
    """Return the colour of a level from 0 (only planned) to `_LEVELS` (delivered)."""
    if level <= 0:
        return QColor(*_PLANNED)
    share = (level - 1) / (_LEVELS - 1)
    return QColor(*(round(a + (b - a) * share) for a, b in zip(_BEGUN, _WHOLE, strict=True)))


def scale_colours() -> list[QColor]:
    """Return the colours of all levels, from planned to delivered."""
    return [spot_colour(level) for level in range(_LEVELS + 1)]


class SpotPainter:
    """Paints the spots of one beam: those of a layer, or of all layers at once.

    Parameters
    ----------
    path : BeamPath
        The beam, with spots.
    """

    def __init__(self, path: BeamPath, spots: SpotMap) -> None:
        self._path = path
        self._spots = spots
        self._tally = SpotTally(spots)
        self._picture: QPixmap | None = None
        self._key: tuple[object, ...] = ()
        self._painted: list[int] = []

    def paint(
        self,
        painter: QPainter,
        area: QRectF,
        meterset: float,
        layer: int | None,
        now: int | None,
    ) -> None:
        """Paint into an area, which shows the extent of the beam.

        Parameters
        ----------
        layer : int or None
            Which layer; None for all of them.
        now : int or None
            The spot of the layer that is delivered now.
        """
        ratio = painter.device().devicePixelRatioF()
        picture = self._picture_for(area, ratio, layer)
        shares = self._shares(meterset, layer)
        levels = [_level(share) for share in shares]
        changed = [
            number
            for number, (level, painted) in enumerate(zip(levels, self._painted, strict=True))
            if level != painted
        ]
        if changed:
            self._repaint(picture, area, layer, levels, changed)
        painter.drawPixmap(area.topLeft(), picture)
        if now is not None:
            current = self._spots.layers[self._spots.layer_at(meterset)]
            if now < len(current.places):
                x, y = self._spots.places[current.places[now]]
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.setPen(_NOW)
                place = area.center() + QPointF(x, -y) * self._scale(area)
                size = self._spots.spacing * self._scale(area) / 2
                painter.drawEllipse(place, size, size)

    def _picture_for(self, area: QRectF, ratio: float, layer: int | None) -> QPixmap:
        """Return the picture that is kept; an empty one where it shows something else."""
        key = (area.size(), ratio, layer)
        picture = self._picture
        if picture is None or key != self._key:
            size = QSize(round(area.width() * ratio), round(area.height() * ratio))
            picture = QPixmap(size)
            picture.setDevicePixelRatio(ratio)
            picture.fill(Qt.GlobalColor.transparent)
            count = len(self._places(layer))
            self._picture, self._key, self._painted = picture, key, [_UNPAINTED] * count
        return picture

    def _places(self, layer: int | None) -> Sequence[int]:
        if layer is None:
            return range(len(self._spots.places))
        return self._spots.layers[layer].places

    def _shares(self, meterset: float, layer: int | None) -> list[float]:
        if layer is None:
            return self._tally.shares(meterset)
        return self._spots.layers[layer].shares(meterset)

    def _repaint(
        self,
        picture: QPixmap,
        area: QRectF,
        layer: int | None,
        levels: list[int],
        changed: list[int],
    ) -> None:
        places, scale = self._places(layer), self._scale(area)
        planned = self._spots.planned if layer is None else self._spots.layers[layer].metersets
        heaviest = max(planned) or 1.0
        widest = self._spots.spacing * scale / 2
        if layer is None:
            # Places of several layers lie between each other.
            most = max(len(each.places) for each in self._spots.layers)
            widest *= max((most / len(places)) ** 0.5, _SMALLEST_OF_ALL)
        colours = scale_colours()
        centre = QPointF(area.width() / 2, area.height() / 2)
        with QPainter(picture) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            for number in changed:
                x, y = self._spots.places[places[number]]
                weight = (planned[number] / heaviest) ** 0.5
                size = widest * (_SMALLEST_SHARE + (_LARGEST_SHARE - _SMALLEST_SHARE) * weight)
                painter.setBrush(colours[levels[number]])
                painter.drawEllipse(centre + QPointF(x, -y) * scale, size, size)
        self._painted = levels

    def _scale(self, area: QRectF) -> float:
        """Return pixels per mm."""
        return area.width() / 2 / self._path.extent


def _level(share: float) -> int:
    """Return the level of a share: the first and the last stand for nothing and for all."""
    if share <= 0:
        return 0
    return _LEVELS if share >= 1 - 1e-9 else 1 + int(share * (_LEVELS - 1))
