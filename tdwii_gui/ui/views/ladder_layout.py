"""Where on the ladder things are, and how an arrow, a life line and a lane are drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen, QPolygonF

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
_LEFT, _CENTRE, _RIGHT = (
    int(side | Qt.AlignmentFlag.AlignVCenter)
    for side in (
        Qt.AlignmentFlag.AlignLeft,
        Qt.AlignmentFlag.AlignHCenter,
        Qt.AlignmentFlag.AlignRight,
    )
)


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
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)

    def life_lines(self, top: float, bottom: float) -> None:
        """Draw the dashed life lines of all lanes."""
        pen = QPen(QColor(self._theme.line), 1.2)
        pen.setDashPattern([5, 4])
        pen.setDashOffset(top / 1.2)
        self._painter.setPen(pen)
        for centre in self._places.centres.values():
            self._painter.drawLine(QPointF(centre, top), QPointF(centre, bottom))

    def lanes(self, lanes: Sequence[Lane]) -> None:
        """Draw the lanes' chips on a ground of their own, as rows pass under them."""
        places, painter = self._places, self._painter
        painter.fillRect(QRectF(0, 0, places.width, places.head_height), QColor(self._theme.card))
        painter.setFont(self._fonts.lane)
        for lane in lanes:
            left = places.centre(lane.key) - places.chip_width / 2
            chip = QRectF(left, 4, places.chip_width, places.head_height - 16)
            self._rounded(chip, self._theme.accent_tint)
            painter.setPen(QColor(self._theme.accent))
            title = self._fonts.lane_metrics.elidedText(
                texts.plain(lane.title, 40), Qt.TextElideMode.ElideMiddle, chip.width() - 12
            )
            painter.drawText(chip, _CENTRE, title)

    def ground(self, place: int, *, chosen: bool, focused: bool, fresh: float) -> None:
        """Draw what lies under the row at a place: that it is chosen, or how new it is (0 to 1)."""
        if not chosen and fresh <= 0:
            return
        top = place * self._places.row_height
        row = QRectF(
            _MARGIN / 2, top + 1, self._places.width - _MARGIN, self._places.row_height - 2
        )
        colour = QColor(self._theme.accent_tint)
        if not chosen:
            colour.setAlphaF(min(fresh, 1.0))
        self._rounded(row, colour, QColor(self._theme.accent) if chosen and focused else None)

    def arrow(self, place: int, arrow: Arrow, ground: QColor) -> None:
        """Draw the arrow at a place; its labels stand on a ground, over the life lines."""
        places, theme = self._places, self._theme
        top = place * places.row_height
        middle = top + places.row_height / 2
        start, end = places.centre(arrow.from_lane), places.centre(arrow.to_lane)
        label = texts.plain(arrow.title, 120)
        outcome = texts.plain(arrow.words, 160)
        half = places.row_height / 2 - 4.5
        beside = start == end
        around = start + 34 if beside else (start + end) / 2
        self._label(label, around, top + 2.5, half, QColor(theme.text), ground, left=beside)
        self._label(
            outcome,
            around,
            middle + 2,
            half,
            QColor(theme.colour(tone(arrow))),
            ground,
            left=beside,
        )
        colour = QColor(theme.fault if arrow.failed else theme.accent)
        if beside:
            self._loop(start, middle, colour)
        else:
            self._line(start, end, middle, colour)
        self._margins(arrow, top)

    def note(self, place: int, text: str, ground: QColor) -> None:
        """Draw a remark in a row of its own."""
        metrics, places = self._fonts.small_metrics, self._places
        width, height = metrics.horizontalAdvance(text) + 2 * _GAP, metrics.height() + 2
        top = (place + 0.5) * places.row_height - height / 2
        area = QRectF((places.width - width) / 2, top, width, height)
        self._painter.fillRect(area, ground)
        self._painter.setFont(self._fonts.small)
        self._painter.setPen(QColor(self._theme.muted))
        self._painter.drawText(area, _CENTRE, text)

    def _margins(self, arrow: Arrow, top: float) -> None:
        places, painter, theme = self._places, self._painter, self._theme
        if places.clock_width:
            painter.setFont(self._fonts.small)
            painter.setPen(QColor(theme.muted))
            area = QRectF(_MARGIN, top, places.clock_width, places.row_height)
            painter.drawText(area, _LEFT, texts.clock(arrow.at))
        if arrow.transaction:
            text = texts.plain(arrow.transaction, 12)
            painter.setFont(self._fonts.chip)
            width = self._fonts.chip_metrics.horizontalAdvance(text) + 16
            height = self._fonts.chip_metrics.height() + 4
            left = places.width - _MARGIN - width
            chip = QRectF(left, top + (places.row_height - height) / 2, width, height)
            self._rounded(chip, theme.neutral_tint, radius=height / 2)
            painter.setPen(QColor(theme.neutral))
            painter.drawText(chip, _CENTRE, text)

    def _label(
        self,
        text: str,
        around: float,
        top: float,
        height: float,
        colour: QColor,
        ground: QColor,
        *,
        left: bool,
    ) -> None:
        metrics, places = self._fonts.label_metrics, self._places
        begin = _MARGIN + places.clock_width
        room = places.transaction_left - _GAP - begin
        shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, room)
        width = metrics.horizontalAdvance(shown) + 2 * _GAP
        x = around - _GAP if left else around - width / 2
        x = max(begin, min(x, places.transaction_left - width))
        area = QRectF(x, top, width, height)
        self._painter.fillRect(area, ground)
        self._painter.setFont(self._fonts.label)
        self._painter.setPen(colour)
        self._painter.drawText(area, _CENTRE, shown)

    def _line(self, start: float, end: float, y: float, colour: QColor) -> None:
        step = _HEAD_LENGTH if end > start else -_HEAD_LENGTH
        self._painter.setPen(QPen(colour, 1.8))
        self._painter.drawLine(QPointF(start, y), QPointF(end - step, y))
        self._point(end, y, step, colour)

    def _loop(self, x: float, y: float, colour: QColor) -> None:
        """Draw an arrow that comes back to its own life line."""
        self._painter.setPen(QPen(colour, 1.8))
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

    def _point(self, x: float, y: float, step: float, colour: QColor) -> None:
        self._painter.setPen(Qt.PenStyle.NoPen)
        self._painter.setBrush(colour)
        back = x - step
        corners = [QPointF(x, y), QPointF(back, y - _HEAD_WIDTH), QPointF(back, y + _HEAD_WIDTH)]
        self._painter.drawPolygon(QPolygonF(corners))

    def _rounded(
        self,
        area: QRectF,
        colour: str | QColor,
        edge: QColor | None = None,
        radius: float = _ROUNDED,
    ) -> None:
        self._painter.setPen(QPen(edge, 1.2) if edge else Qt.PenStyle.NoPen)
        self._painter.setBrush(QColor(colour))
        self._painter.drawRoundedRect(area, radius, radius)


def _scaled(font: QFont, factor: float) -> QFont:
    result = QFont(font)
    if font.pixelSize() > 0:
        result.setPixelSize(max(round(font.pixelSize() * factor), 8))
    else:
        result.setPointSizeF(max(font.pointSizeF() * factor, 6.0))
    return result
