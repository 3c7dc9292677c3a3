"""Where on the ladder things are, and how an arrow, a life line and a lane are drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPainterPath, QPen, QPolygonF

from tdwii_gui.ui import texts
from tdwii_gui.ui.theme import Tone

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tdwii_gui.ui.models.arrow import Arrow, Lane
    from tdwii_gui.ui.theme import Theme

_MARGIN: Final = 12.0
_LANE_MINIMUM: Final = 106.0
_LANE_MAXIMUM: Final = 230.0
_CHIP_MAXIMUM: Final = 132.0
_GAP: Final = 6.0
_HEAD_LENGTH: Final = 9.0
_HEAD_WIDTH: Final = 4.0
_ROUNDED: Final = 6.0


class Fonts:
    """The fonts of the ladder, derived from a widget's, and their measures."""

    def __init__(self, font: QFont) -> None:
        self.label = _scaled(font, 0.92)
        self.small = _scaled(font, 0.85)
        self.chip = _scaled(font, 0.85)
        self.chip.setWeight(QFont.Weight.DemiBold)
        self.lane = QFont(font)
        self.lane.setWeight(QFont.Weight.DemiBold)
        self.label_metrics = QFontMetricsF(self.label)
        self.small_metrics = QFontMetricsF(self.small)
        self.chip_metrics = QFontMetricsF(self.chip)
        self.lane_metrics = QFontMetricsF(self.lane)


@dataclass(frozen=True, slots=True)
class Geometry:
    """Places in logical pixels, before zooming; rows begin at 0 below the head.

    Parameters
    ----------
    centres : dict[str, float]
        The life lines by lane.
    clock_width : float
        Width of the column of times at the left; 0 where there is no room for it.
    transaction_left : float
        Where the column of transactions begins, at the right.
    """

    width: float
    head_height: float
    row_height: float
    chip_width: float
    centres: dict[str, float]
    clock_width: float
    transaction_left: float

    def centre(self, lane: str) -> float:
        """Return a lane's life line; of a lane that is not shown, the last one."""
        return self.centres.get(lane) or max(self.centres.values(), default=_MARGIN)


def geometry(lanes: Sequence[Lane], width: float, fonts: Fonts) -> Geometry:
    """Return the places of everything; lanes share a width and are never too narrow to read."""
    line = fonts.label_metrics.height()
    transactions = fonts.chip_metrics.horizontalAdvance("RO-00") + 22
    clock = fonts.small_metrics.horizontalAdvance("00:00:00.000") + 16
    count = max(len(lanes), 1)
    free = width - 2 * _MARGIN - transactions
    if (free - clock) / count < _LANE_MINIMUM + 8:
        clock = 0.0
    spacing = min(max((free - clock) / count, _LANE_MINIMUM), _LANE_MAXIMUM)
    first = _MARGIN + clock + spacing / 2
    whole = max(width, first - spacing / 2 + spacing * count + transactions + _MARGIN)
    return Geometry(
        width=whole,
        head_height=fonts.lane_metrics.height() + 30,
        row_height=2 * line + 15,
        chip_width=min(spacing - 14, _CHIP_MAXIMUM),
        centres={lane.key: first + spacing * place for place, lane in enumerate(lanes)},
        clock_width=clock,
        transaction_left=whole - _MARGIN - transactions,
    )


def tone(arrow: Arrow) -> Tone:
    """Return the tone of an arrow's outcome."""
    if arrow.failed:
        return Tone.FAULT
    if arrow.warning:
        return Tone.PROGRESS
    return Tone.NEUTRAL if arrow.canceled else Tone.DONE


class LadderPainter:
    """Draws the parts of a ladder.

    It makes few objects of Qt: each that is made or dropped lets the threads of the network pass
    first, of which there are many while arrows come in.

    Parameters
    ----------
    painter : QPainter
        Already scaled.
    """

    def __init__(self, painter: QPainter, theme: Theme, fonts: Fonts, places: Geometry) -> None:
        self._painter = painter
        self._theme = theme
        self._fonts = fonts
        self._places = places
        self._colours: dict[str, QColor] = {}
        self._pens: dict[str, QPen] = {}
        self._heads = {step: _head(step) for step in (_HEAD_LENGTH, -_HEAD_LENGTH)}
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)

    def life_lines(self, top: float, bottom: float) -> None:
        """Draw the dashed life lines of all lanes."""
        pen = QPen(self._colour(self._theme.line), 1.2)
        pen.setDashPattern([5, 4])
        pen.setDashOffset(top / 1.2)
        self._painter.setPen(pen)
        for centre in self._places.centres.values():
            self._painter.drawLine(QPointF(centre, top), QPointF(centre, bottom))

    def lanes(self, lanes: Sequence[Lane]) -> None:
        """Draw the lanes' chips on a ground of their own, as rows pass under them."""
        places, painter, theme = self._places, self._painter, self._theme
        width, height = round(places.width) + 1, round(places.head_height)
        painter.fillRect(0, 0, width, height, self._colour(theme.card))
        painter.setFont(self._fonts.lane)
        width, height = round(places.chip_width), height - 16
        for lane in lanes:
            left = round(places.centre(lane.key) - places.chip_width / 2)
            self._rounded(left, 4, width, height, self._colour(theme.accent_tint))
            painter.setPen(self._colour(theme.accent))
            title = self._fonts.lane_metrics.elidedText(
                texts.plain(lane.title, 40), Qt.TextElideMode.ElideMiddle, width - 12
            )
            self._centred(left, 4, width, height, title, self._fonts.lane_metrics)

    def ground(self, place: int, *, chosen: bool, focused: bool, fresh: float) -> None:
        """Draw what lies under the row at a place: that it is chosen, or how new it is (0 to 1)."""
        if not chosen and fresh <= 0:
            return
        top, height = round(place * self._places.row_height) + 1, round(self._places.row_height) - 2
        width = round(self._places.width - _MARGIN)
        tint = self._colour(self._theme.accent_tint)
        if chosen:
            edge = self._theme.accent if focused else ""
            self._rounded(round(_MARGIN / 2), top, width, height, tint, edge=edge)
            return
        self._painter.setOpacity(min(fresh, 1.0))
        self._rounded(round(_MARGIN / 2), top, width, height, tint)
        self._painter.setOpacity(1)

    def arrow(self, place: int, arrow: Arrow, ground: QColor) -> None:
        """Draw the arrow at a place; its labels stand on a ground, over the life lines."""
        places, theme = self._places, self._theme
        top = place * places.row_height
        middle = top + places.row_height / 2
        start, end = places.centre(arrow.from_lane), places.centre(arrow.to_lane)
        beside = start == end
        around = start + 34 if beside else (start + end) / 2
        for text, y, colour in (
            (texts.plain(arrow.title, 120), top + 2.5, theme.text),
            (texts.plain(arrow.words, 160), middle + 2, theme.colour(tone(arrow))),
        ):
            self._painter.setPen(self._colour(colour))
            self._label(text, around, round(y), ground, left=beside)
        colour = theme.fault if arrow.failed else theme.accent
        if beside:
            self._loop(start, middle, colour)
        else:
            self._line(start, end, middle, colour)
        self._margins(arrow, top)

    def note(self, place: int, text: str, ground: QColor) -> None:
        """Draw a remark in a row of its own."""
        metrics, places, painter = self._fonts.small_metrics, self._places, self._painter
        width = round(metrics.horizontalAdvance(text) + 2 * _GAP)
        height = round(metrics.height() + 2)
        top = round((place + 0.5) * places.row_height - height / 2)
        left = round((places.width - width) / 2)
        painter.fillRect(left, top, width, height, ground)
        painter.setFont(self._fonts.small)
        painter.setPen(self._colour(self._theme.muted))
        self._centred(left, top, width, height, text, metrics)

    def _margins(self, arrow: Arrow, top: float) -> None:
        places, painter, theme = self._places, self._painter, self._theme
        above, row = round(top), round(places.row_height)
        if places.clock_width:
            painter.setFont(self._fonts.small)
            painter.setPen(self._colour(theme.muted))
            clock = texts.clock(arrow.at)
            rise = self._fonts.small_metrics.ascent() - self._fonts.small_metrics.descent()
            painter.drawText(round(_MARGIN), round(above + (row + rise) / 2), clock)
        if arrow.transaction:
            text = texts.plain(arrow.transaction, 12)
            painter.setFont(self._fonts.chip)
            width = round(self._fonts.chip_metrics.horizontalAdvance(text) + 16)
            height = round(self._fonts.chip_metrics.height() + 4)
            left, chip = round(places.width - _MARGIN - width), above + (row - height) // 2
            tint = self._colour(theme.neutral_tint)
            self._rounded(left, chip, width, height, tint, radius=height / 2)
            painter.setPen(self._colour(theme.neutral))
            self._centred(left, chip, width, height, text, self._fonts.chip_metrics)

    def _label(self, text: str, around: float, top: int, ground: QColor, *, left: bool) -> None:
        metrics, places, painter = self._fonts.label_metrics, self._places, self._painter
        begin = _MARGIN + places.clock_width
        room = places.transaction_left - _GAP - begin
        shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, room)
        width = metrics.horizontalAdvance(shown) + 2 * _GAP
        x = around - _GAP if left else around - width / 2
        place = round(max(begin, min(x, places.transaction_left - width)))
        size, height = round(width), round(places.row_height / 2 - 4.5)
        painter.fillRect(place, top, size, height, ground)
        painter.setFont(self._fonts.label)
        self._centred(place, top, size, height, shown, metrics)

    def _centred(
        self, left: int, top: int, width: int, height: int, text: str, metrics: QFontMetricsF
    ) -> None:
        """Draw text to a point: text in a rectangle lets the threads of the network pass."""
        x = left + (width - metrics.horizontalAdvance(text)) / 2
        y = top + (height + metrics.ascent() - metrics.descent()) / 2
        self._painter.drawText(round(x), round(y), text)

    def _line(self, start: float, end: float, y: float, colour: str) -> None:
        step = _HEAD_LENGTH if end > start else -_HEAD_LENGTH
        self._painter.setPen(self._pen(colour))
        self._painter.translate(0, y)
        self._painter.drawLine(round(start), 0, round(end - step), 0)
        self._painter.translate(0, -y)
        self._point(end, y, step, colour)

    def _loop(self, x: float, y: float, colour: str) -> None:
        """Draw an arrow that comes back to its own life line."""
        self._painter.setPen(self._pen(colour))
        corner = x + 24
        self._painter.drawPolyline(
            QPolygonF(
                [
                    QPointF(x, y - 6),
                    QPointF(corner, y - 6),
                    QPointF(corner, y + 6),
                    QPointF(x + _HEAD_LENGTH, y + 6),
                ]
            )
        )
        self._point(x, y + 6, -_HEAD_LENGTH, colour)

    def _point(self, x: float, y: float, step: float, colour: str) -> None:
        painter = self._painter
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._colour(colour))
        painter.translate(x, y)
        painter.drawPath(self._heads[step])
        painter.translate(-x, -y)

    def _rounded(
        self,
        left: int,
        top: int,
        width: int,
        height: int,
        colour: QColor,
        *,
        edge: str = "",
        radius: float = _ROUNDED,
    ) -> None:
        self._painter.setPen(self._pen(edge) if edge else Qt.PenStyle.NoPen)
        self._painter.setBrush(colour)
        self._painter.drawRoundedRect(left, top, width, height, radius, radius)

    def _colour(self, name: str) -> QColor:
        colour = self._colours.get(name)
        if colour is None:
            colour = self._colours[name] = QColor(name)
        return colour

    def _pen(self, name: str) -> QPen:
        pen = self._pens.get(name)
        if pen is None:
            pen = self._pens[name] = QPen(self._colour(name), 1.8)
        return pen


def _head(step: float) -> QPainterPath:
    """Return an arrow's head that ends at the origin."""
    path = QPainterPath()
    path.lineTo(-step, -_HEAD_WIDTH)
    path.lineTo(-step, _HEAD_WIDTH)
    path.closeSubpath()
    return path


def _scaled(font: QFont, factor: float) -> QFont:
    result = QFont(font)
    if font.pixelSize() > 0:
        result.setPixelSize(max(round(font.pixelSize() * factor), 8))
    else:
        result.setPointSizeF(max(font.pointSizeF() * factor, 6.0))
    return result
