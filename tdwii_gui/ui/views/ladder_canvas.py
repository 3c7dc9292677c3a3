"""The ladder's picture in a scroll area: only the rows in sight are painted."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, QTimer, Slot
from PySide6.QtGui import QColor, QHelpEvent, QPainter
from PySide6.QtWidgets import QAbstractScrollArea, QToolTip, QWidget

from tdwii_gui.ui import texts
from tdwii_gui.ui.models.arrow import ArrowList
from tdwii_gui.ui.theme import appearance, current_theme
from tdwii_gui.ui.views.ladder_layout import Fonts, LadderPainter, geometry

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from PySide6.QtGui import QPaintEvent, QResizeEvent

    from tdwii_gui.ui.models.arrow import Arrow, Lane

_ZOOMS: Final = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.15, 1.3, 1.5, 1.75, 2.0, 2.5, 3.0)
_FRESH_SECONDS: Final = 0.9
_FRESH_MS: Final = 90
_FRESH_ROWS: Final = 40


class LadderCanvas(QAbstractScrollArea):
    """Paints lanes, life lines and arrows; knows where they are.

    Parameters
    ----------
    limit : int
        How many arrows are kept.

    Attributes
    ----------
    following : bool
        Whether the newest arrow is kept in sight.
    """

    def __init__(self, parent: QWidget | None, limit: int) -> None:
        super().__init__(parent)
        self.setFrameShape(QAbstractScrollArea.Shape.NoFrame)
        self.following = True
        self._lanes: tuple[Lane, ...] = ()
        self._arrows = ArrowList(limit)
        self._zoom = _ZOOMS.index(1.0)
        self._selected: int | None = None
        self._fresh: dict[int, float] = {}
        self._fading = QTimer(self)
        self._fading.setInterval(_FRESH_MS)
        self._fading.timeout.connect(self._on_fading)
        self._fonts = Fonts(self.font())
        self._places = geometry(self._lanes, 0, self._fonts)
        look = appearance()
        if look is not None:
            look.changed.connect(self._on_look_changed)

    @property
    def lanes(self) -> tuple[Lane, ...]:
        """The lanes from left to right."""
        return self._lanes

    @property
    def arrows(self) -> ArrowList:
        """The arrows that are kept; for reading only."""
        return self._arrows

    @property
    def zoom(self) -> float:
        """The factor of magnification."""
        return _ZOOMS[self._zoom]

    @property
    def selected(self) -> int | None:
        """The key of the chosen arrow."""
        return self._selected

    def set_lanes(self, lanes: Iterable[Lane]) -> None:
        """Show lanes, from left to right."""
        if tuple(lanes) != self._lanes:
            self._lanes = tuple(lanes)
            self._measure()

    def set_zoom_step(self, step: int) -> None:
        """Zoom in (1), out (-1) or back to the natural size (0)."""
        natural = _ZOOMS.index(1.0)
        wanted = natural if step == 0 else self._zoom + step
        self._zoom = min(max(wanted, 0), len(_ZOOMS) - 1)
        self._measure()

    def _measure(self) -> None:
        self._fonts = Fonts(self.font())
        self._places = geometry(self._lanes, self.viewport().width() / self.zoom, self._fonts)
        self._set_ranges()
        self.viewport().update()

    def _note_rows(self) -> int:
        return 1 if self._arrows.dropped and len(self._arrows) else 0

    def _set_ranges(self, scrolled_out: int = 0) -> None:
        zoom, places, view = self.zoom, self._places, self.viewport().size()
        rows = len(self._arrows) + self._note_rows()
        height = (places.head_height + rows * places.row_height + 10) * zoom
        vertical, horizontal = self.verticalScrollBar(), self.horizontalScrollBar()
        following, value = self.following, vertical.value()
        vertical.setPageStep(view.height())
        vertical.setSingleStep(round(places.row_height * zoom))
        vertical.setRange(0, max(0, round(height) - view.height()))
        horizontal.setPageStep(view.width())
        horizontal.setSingleStep(24)
        horizontal.setRange(0, max(0, round(places.width * zoom) - view.width()))
        if following:
            vertical.setValue(vertical.maximum())
        elif scrolled_out:
            vertical.setValue(value - round(scrolled_out * places.row_height * zoom))
        self.following = following

    def _place_at(self, position: QPointF) -> int | None:
        """Return the place of the arrow at a position of the viewport."""
        if position.y() < self._places.head_height * self.zoom:
            return None
        y = (position.y() + self.verticalScrollBar().value()) / self.zoom
        place = int((y - self._places.head_height) // self._places.row_height) - self._note_rows()
        return place if 0 <= place < len(self._arrows) else None

    def lane_at(self, position: QPointF) -> str:
        """Return the lane whose chip is at a position of the viewport, or an empty text."""
        if position.y() > self._places.head_height * self.zoom:
            return ""
        x = (position.x() + self.horizontalScrollBar().value()) / self.zoom
        reach = self._places.chip_width / 2
        return next((k for k, c in self._places.centres.items() if abs(x - c) <= reach), "")

    def row_rect(self, key: int) -> QRectF:
        """Return where in the viewport an arrow's row is; empty if it is not shown."""
        place = self._arrows.place_of(key)
        if place is None:
            return QRectF()
        zoom, places = self.zoom, self._places
        top = places.head_height + (place + self._note_rows()) * places.row_height
        return QRectF(
            -self.horizontalScrollBar().value(),
            top * zoom - self.verticalScrollBar().value(),
            places.width * zoom,
            places.row_height * zoom,
        )

    def _bring_into_sight(self, place: int | None) -> None:
        if place is None:
            return
        row = self.row_rect(self._arrows[place].key)
        head = self._places.head_height * self.zoom
        bar = self.verticalScrollBar()
        if row.top() < head:
            bar.setValue(bar.value() + int(row.top() - head))
        elif row.bottom() > self.viewport().height():
            bar.setValue(bar.value() + int(row.bottom() - self.viewport().height()) + 1)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the rows in sight."""
        del event
        theme = current_theme()
        with QPainter(self.viewport()) as painter:
            painter.fillRect(self.viewport().rect(), QColor(theme.card))
            if not len(self._arrows):
                self._paint_reason(painter)
            zoom, places = self.zoom, self._places
            painter.translate(-self.horizontalScrollBar().value(), 0)
            painter.scale(zoom, zoom)
            draw = LadderPainter(painter, theme, self._fonts, places)
            offset = self.verticalScrollBar().value() / zoom
            height = self.viewport().height() / zoom
            painter.save()
            painter.translate(0, places.head_height - offset)
            if len(self._arrows):
                self._paint_rows(draw, offset, height)
            painter.restore()
            draw.lanes(self._lanes)

    def _paint_rows(self, draw: LadderPainter, offset: float, height: float) -> None:
        places, note = self._places, self._note_rows()
        first = max(int((offset - places.head_height) // places.row_height) - note, 0)
        last = int((offset + height - places.head_height) // places.row_height) + 1
        rows = list(enumerate(self._arrows.shown(first, last), start=first + note))
        card, tint = QColor(current_theme().card), QColor(current_theme().accent_tint)
        grounds = {}
        for place, arrow in rows:
            chosen, fresh = arrow.key == self._selected, self._freshness(arrow)
            grounds[place] = tint if chosen else _mixed(card, tint, fresh) if fresh else card
            draw.ground(place, chosen=chosen, focused=self.hasFocus(), fresh=fresh)
        draw.life_lines(offset - places.head_height, offset + height)
        if note:
            text = self.tr("{0} older exchanges are no longer kept")
            draw.note(0, text.format(f"{self._arrows.dropped:,}"), card)
        for place, arrow in rows:
            draw.arrow(place, arrow, grounds[place])

    def _freshness(self, arrow: Arrow) -> float:
        """Return how new an arrow is, from 1 to 0."""
        since = self._fresh.get(arrow.key)
        return 0.0 if since is None else max(1 - (monotonic() - since) / _FRESH_SECONDS, 0.0)

    def _paint_reason(self, painter: QPainter) -> None:
        """Say why there are no arrows."""
        if self._arrows.only_problems and self._arrows.total:
            text = self.tr("No problems among {0} exchanges.").format(f"{self._arrows.total:,}")
        else:
            text = self.tr(
                "No messages yet.\nEvery DICOM message between the actors appears here as an arrow."
            )
        painter.setPen(QColor(current_theme().muted))
        painter.setFont(self.font())
        area = self.viewport().rect().adjusted(24, round(self._places.head_height), -24, 0)
        painter.drawText(
            area, int(Qt.AlignmentFlag.AlignCenter) | int(Qt.TextFlag.TextWordWrap), text
        )

    def _mark_fresh(self, arrows: Sequence[Arrow]) -> None:
        """Tint the rows of new arrows for a moment."""
        now = monotonic()
        self._fresh.update((arrow.key, now) for arrow in arrows[-_FRESH_ROWS:])
        self._fading.start()

    @Slot()
    def _on_fading(self) -> None:
        limit = monotonic() - _FRESH_SECONDS
        self._fresh = {key: since for key, since in self._fresh.items() if since > limit}
        if not self._fresh:
            self._fading.stop()
        self.viewport().update()

    def words(self, arrow: Arrow) -> str:
        """Return all that an arrow says, in one line of plain text."""
        titles = {lane.key: lane.title for lane in self._lanes}
        parts = (
            texts.clock(arrow.at),
            arrow.transaction,
            f"{titles.get(arrow.from_lane, '?')} → {titles.get(arrow.to_lane, '?')}",
            arrow.title,
            arrow.words,
        )
        return texts.plain(" · ".join(part for part in parts if part), 600)

    def viewportEvent(self, event: QEvent) -> bool:
        """Show all that an arrow says as a tooltip."""
        if event.type() != QEvent.Type.ToolTip or not isinstance(event, QHelpEvent):
            return super().viewportEvent(event)
        place = self._place_at(QPointF(event.pos()))
        if place is None:
            QToolTip.hideText()
        else:
            words = texts.tooltip(self.words(self._arrows[place]))
            QToolTip.showText(event.globalPos(), words, self.viewport())
        return True

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Share the width among the lanes anew."""
        super().resizeEvent(event)
        self._measure()

    def changeEvent(self, event: QEvent) -> None:
        """Measure anew with another font."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._measure()

    @Slot()
    def _on_look_changed(self) -> None:
        self._measure()


def _mixed(one: QColor, other: QColor, share: float) -> QColor:
    """Return the colour that a translucent one makes on another."""
    share = min(max(share, 0.0), 1.0)
    return QColor(
        round(one.red() + (other.red() - one.red()) * share),
        round(one.green() + (other.green() - one.green()) * share),
        round(one.blue() + (other.blue() - one.blue()) * share),
    )
