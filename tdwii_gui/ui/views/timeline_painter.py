"""Where the blocks of a timeline are, and how they are painted: state by glyph, edge and colour."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QCoreApplication, QPoint, QRect, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QFontMetrics, QPainter, QPen

from tdwii_gui.dicom.iod.ups import ProcedureStepState
from tdwii_gui.ui import texts
from tdwii_gui.ui.models.day_plan import visible
from tdwii_gui.ui.theme import current_theme

if TYPE_CHECKING:
    from collections.abc import Callable

    from tdwii_gui.ui.models.day_plan import Block, DayPlan, Lane
    from tdwii_gui.ui.models.worklist import WorklistRow

HEAD: Final = 150
"""The width of the machines' names."""

AXIS: Final = 30
"""The height of the hours."""

_LEAST_ROW: Final = 32
_MOST_ROW: Final = 50
_TWO_LINES: Final = 44
_GAP: Final = 4
_PAD: Final = 3
_LEAST: Final = 20
_RADIUS: Final = 5
_STRIPE: Final = 4
_TICKS: Final = ((0.25, 200), (0.5, 130), (1.0, 60), (2.0, 0))
"""Hours between two marks, from so many pixels an hour on."""


@dataclass(frozen=True, slots=True)
class Scene:
    """Where things are on the viewport.

    Parameters
    ----------
    width, height : int
        The viewport.
    left, top : int
        The begin of the day, and of the first lane.
    scale : float
        Pixels an hour.
    row : int
        The height of a row.
    tops : list of int
        The top of each lane, and the bottom of the last one.
    """

    width: int
    height: int
    left: int
    top: int
    scale: float
    row: int
    tops: list[int]

    @staticmethod
    def row_height(plan: DayPlan, height: int) -> int:
        """Return how high rows are: as high as all of them have room for, within limits."""
        rows = sum(len(lane.rows) for lane in plan.lanes)
        room = height - AXIS - 2 * _PAD * len(plan.lanes)
        return min(max(room // max(1, rows), _LEAST_ROW), _MOST_ROW)

    @staticmethod
    def offsets(plan: DayPlan, row: int) -> list[int]:
        """Return how far below the first one each lane begins, and the last one ends."""
        offsets = [0]
        for lane in plan.lanes:
            offsets.append(offsets[-1] + 2 * _PAD + row * len(lane.rows))
        return offsets

    def x(self, hour: float) -> int:
        """Return where an hour is."""
        return self.left + round(hour * self.scale)

    def hour(self, x: int) -> float:
        """Return the hour at a place."""
        return (x - self.left) / self.scale

    def row_at(self, top: int, y: int) -> int:
        """Return the row of a lane at a place; it may be none of its rows."""
        return (y - top - _PAD) // self.row

    def block_area(self, block: Block, top: int, row: int) -> QRect:
        """Return where a block is, in a row of the lane that begins at `top`."""
        left = self.x(block.begin)
        width = max(_LEAST, self.x(block.end) - left - 2)
        return QRect(left, top + _PAD + row * self.row + _GAP // 2, width, self.row - _GAP)


class TimelinePainter:
    """Paints a day.

    Parameters
    ----------
    painter : QPainter
        On the viewport.
    scene : Scene
        Where things are.
    """

    def __init__(self, painter: QPainter, scene: Scene, font: QFont) -> None:
        self._painter = painter
        self._scene = scene
        self._theme = current_theme()
        self._small, self._strong = QFont(font), QFont(font)
        self._small.setPixelSize(12)
        self._strong.setPixelSize(13)
        self._strong.setWeight(QFont.Weight.DemiBold)
        self._body = QFont(font)
        self._body.setPixelSize(13)
        self._metrics = QFontMetrics(self._body)
        self._small_metrics = QFontMetrics(self._small)

    def paint(
        self,
        plan: DayPlan,
        row_of: Callable[[str], WorklistRow | None],
        selected: str,
        has_focus: bool,
    ) -> None:
        """Paint lanes, blocks, the present, and the heads above them."""
        scene, painter = self._scene, self._painter
        painter.fillRect(0, 0, scene.width, scene.height, QColor(self._theme.card))
        self._grid(plan)
        self._now(plan)
        for lane, top, bottom in zip(plan.lanes, scene.tops, scene.tops[1:], strict=False):
            if bottom > AXIS and top < scene.height:
                self._blocks(lane, top, row_of, selected, has_focus)
        self._heads(plan)
        self._axis(plan)

    def paint_empty(self, words: str) -> None:
        """Say why there is nothing."""
        scene = self._scene
        self._painter.setFont(self._body)
        self._painter.setPen(QColor(self._theme.muted))
        area = QRect(24, AXIS, scene.width - 48, scene.height - AXIS)
        flags = int(Qt.AlignmentFlag.AlignCenter) | int(Qt.TextFlag.TextWordWrap)
        self._painter.drawText(area, flags, words)

    def _grid(self, plan: DayPlan) -> None:
        scene, painter = self._scene, self._painter
        line = QColor(self._theme.line)
        if not plan.lanes:
            return
        for hour in self._marks(plan):
            x = scene.x(hour)
            painter.fillRect(x, AXIS, 1, scene.tops[-1] - AXIS, line)
        for bottom in scene.tops[1:]:
            painter.fillRect(0, bottom, scene.width, 1, line)

    def _blocks(
        self,
        lane: Lane,
        top: int,
        row_of: Callable[[str], WorklistRow | None],
        selected: str,
        has_focus: bool,
    ) -> None:
        scene = self._scene
        first, last = scene.hour(HEAD - _LEAST), scene.hour(scene.width)
        above = max(0, scene.row_at(top, AXIS))
        below = min(len(lane.rows), scene.row_at(top, scene.height) + 1)
        for number in range(above, below):
            for block in visible(lane.rows[number], first, last):
                area = scene.block_area(block, top, number)
                now = row_of(block.uid)
                state = now.state if now is not None else block.entry.state
                percent = now.percent if now is not None else None
                self._block(block, area, state, percent)
                if block.uid == selected:
                    self._outline(area, has_focus)

    def _block(
        self,
        block: Block,
        area: QRect,
        state: ProcedureStepState | None,
        percent: float | None,
    ) -> None:
        painter, theme = self._painter, self._theme
        tone = texts.state_tone(state)
        colour, shape = QColor(theme.colour(tone)), QRectF(area).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(_edge(state, colour))
        painter.setBrush(QColor(theme.tint(tone)))
        painter.drawRoundedRect(shape, _RADIUS, _RADIUS)
        if state is ProcedureStepState.CANCELED:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QBrush(QColor(theme.line), Qt.BrushStyle.BDiagPattern))
            painter.drawRoundedRect(shape, _RADIUS, _RADIUS)
        if state is not None and state.is_final:
            stripe = QRect(area.left() + 1, area.top() + 5, _STRIPE - 1, area.height() - 10)
            painter.fillRect(stripe, colour)
        if state is ProcedureStepState.IN_PROGRESS:
            share = min(1.0, max(0.0, (percent or 0.0) / 100))
            track = QRect(area.left() + 7, area.bottom() - 5, area.width() - 14, 3)
            painter.fillRect(track, QColor(theme.line))
            done = QRect(track)
            done.setWidth(round(track.width() * share))
            painter.fillRect(done, colour)
        self._words(block, area, state, colour)

    def _words(
        self, block: Block, area: QRect, state: ProcedureStepState | None, colour: QColor
    ) -> None:
        """Write glyph and patient as far as there is room, beside the begin if that is hidden."""
        painter = self._painter
        left = max(area.left(), HEAD) + _STRIPE + 3
        room = area.right() - left - 3
        glyph = texts.state_glyph(state)
        painter.setPen(colour)
        painter.setFont(self._body)
        base = area.center().y() + (self._metrics.ascent() - self._metrics.descent()) // 2 + 1
        is_tall = area.height() >= _TWO_LINES - _GAP
        if is_tall:
            base -= 9
        elif state is ProcedureStepState.IN_PROGRESS:
            base -= 2
        if room < self._metrics.horizontalAdvance(glyph) - 4:
            return
        painter.drawText(QPoint(left, base), glyph)
        left += self._metrics.horizontalAdvance(glyph) + 5
        room = area.right() - left - 4
        if room > self._metrics.averageCharWidth() * 3:
            painter.setPen(QColor(self._theme.text))
            painter.setFont(self._small)
            painter.drawText(QPoint(left, base), self._name(block, room))
            if is_tall:
                times = _times(block.entry.start, block.entry.end)
                shown = times if self._small_metrics.horizontalAdvance(times) <= room else times[:5]
                painter.drawText(QPoint(left, base + 15), shown)

    def _name(self, block: Block, room: int) -> str:
        """Return the patient, without the given name or cut where there is no room for it."""
        name = texts.person_name(block.entry.patient_name) or texts.plain(block.entry.patient_id)
        metrics = self._small_metrics
        if metrics.horizontalAdvance(name) > room:
            name = name.partition(",")[0]
        return metrics.elidedText(name, Qt.TextElideMode.ElideRight, room)

    def _outline(self, area: QRect, has_focus: bool) -> None:
        theme = self._theme
        self._painter.setPen(QPen(QColor(theme.accent if has_focus else theme.text), 2))
        self._painter.setBrush(Qt.BrushStyle.NoBrush)
        shape = QRectF(area).adjusted(-1, -1, 1, 1)
        self._painter.drawRoundedRect(shape, _RADIUS + 1, _RADIUS + 1)

    def _now(self, plan: DayPlan) -> None:
        scene, painter = self._scene, self._painter
        hour = plan.hour_of(datetime.now().astimezone())
        if not 0 <= hour < plan.hours or not plan.lanes:
            return
        painter.fillRect(
            scene.x(hour), AXIS - 6, 2, scene.tops[-1] - AXIS + 6, QColor(self._theme.text)
        )

    def _heads(self, plan: DayPlan) -> None:
        scene, painter, theme = self._scene, self._painter, self._theme
        painter.fillRect(0, 0, HEAD, scene.height, QColor(theme.card))
        for lane, top, bottom in zip(plan.lanes, scene.tops, scene.tops[1:], strict=False):
            if bottom <= AXIS or top >= scene.height:
                continue
            painter.fillRect(0, bottom, HEAD, 1, QColor(theme.line))
            name = texts.plain(lane.machine, 40) or _tr("No machine named")
            middle = (max(top, AXIS) + min(bottom, scene.height)) // 2
            number = texts.counted(len(lane.blocks), _tr("{0} step"), _tr("{0} steps"))
            self._text(QPoint(4, middle - 2), name, self._strong, theme.text)
            self._text(QPoint(4, middle + 13), number, self._small, theme.muted)
        painter.fillRect(HEAD - 1, AXIS, 1, max(0, scene.tops[-1] - AXIS), QColor(theme.line))

    def _axis(self, plan: DayPlan) -> None:
        scene, painter, theme = self._scene, self._painter, self._theme
        painter.fillRect(0, 0, scene.width, AXIS, QColor(theme.card))
        painter.fillRect(0, AXIS - 1, scene.width, 1, QColor(theme.line))
        now = plan.hour_of(datetime.now().astimezone())
        metrics = QFontMetrics(self._small)
        is_now = 0 <= now < plan.hours and bool(plan.lanes)
        for hour in self._marks(plan):
            words = f"{plan.moment(hour):%H:%M}"
            width = metrics.horizontalAdvance(words)
            x = scene.x(hour)
            # The present has its own mark.
            hidden = is_now and abs(scene.x(now) - x) < width + 8
            if x - width // 2 >= HEAD - 8 and not hidden:
                self._text(QPoint(x - width // 2, AXIS - 11), words, self._small, theme.muted)
        if is_now and scene.x(now) >= HEAD:
            self._chip(scene.x(now), f"{plan.moment(now):%H:%M}")

    def _chip(self, x: int, words: str) -> None:
        """Write the present time above its line."""
        metrics = QFontMetrics(self._small)
        width = metrics.horizontalAdvance(words) + 12
        area = QRectF(x - width / 2 + 1, 4, width, AXIS - 10)
        self._painter.setPen(Qt.PenStyle.NoPen)
        self._painter.setBrush(QColor(self._theme.text))
        self._painter.drawRoundedRect(area, 9, 9)
        base = round(area.center().y()) + (metrics.ascent() - metrics.descent()) // 2
        place = QPoint(round(area.left()) + 6, base)
        self._text(place, words, self._small, self._theme.card)

    def _text(self, place: QPoint, words: str, font: QFont, colour: str) -> None:
        room = HEAD - 10 if place.x() < HEAD else self._scene.width
        self._painter.setFont(font)
        self._painter.setPen(QColor(colour))
        shown = QFontMetrics(font).elidedText(words, Qt.TextElideMode.ElideMiddle, room)
        self._painter.drawText(place, shown)

    def _marks(self, plan: DayPlan) -> list[float]:
        """Return the hours in sight that are marked."""
        scene = self._scene
        step = next(hours for hours, least in _TICKS if scene.scale >= least)
        first = max(0, int(scene.hour(HEAD) / step))
        last = min(plan.hours, scene.hour(scene.width))
        marks = []
        while first * step <= last:
            marks.append(first * step)
            first += 1
        return marks


def block_words(block: Block, state: ProcedureStepState | None, machine: str) -> str:
    """Return all about a step on one line."""
    entry = block.entry
    said = [
        texts.person_name(entry.patient_name),
        texts.plain(entry.patient_id),
        f"{texts.state_glyph(state)} {texts.state_words(state)}",
        texts.plain(machine),
        _times(entry.start, entry.end),
    ]
    return " · ".join(filter(None, said))


def _times(start: datetime, end: datetime | None) -> str:
    first = f"{start.astimezone():%H:%M}"
    return f"{first}–{end.astimezone():%H:%M}" if end is not None else first


def _edge(state: ProcedureStepState | None, colour: QColor) -> QPen | Qt.PenStyle:
    match state:
        case ProcedureStepState.IN_PROGRESS:
            return QPen(colour, 2)
        case ProcedureStepState.CANCELED:
            return QPen(colour, 1, Qt.PenStyle.DashLine)
        case _:
            return QPen(colour, 1)


def _tr(text: str) -> str:
    return QCoreApplication.translate("Timeline", text)
