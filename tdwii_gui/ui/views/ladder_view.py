"""The live ladder: an arrow per DIMSE exchange between the lanes of the actors.

One painted scroll area instead of an item per arrow: whatever the number, only the rows in sight
cost anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QPointF, Qt, Signal, Slot
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence
from PySide6.QtWidgets import QMenu, QPushButton, QWidget

from tdwii_gui.ui.models.arrow import LIMIT
from tdwii_gui.ui.views.ladder_canvas import LadderCanvas

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import (
        QContextMenuEvent,
        QKeyEvent,
        QMouseEvent,
        QResizeEvent,
        QWheelEvent,
    )

    from tdwii_gui.ui.models.arrow import Arrow


class LadderView(LadderCanvas):
    """Lanes, life lines and arrows; the newest at the bottom, in sight unless scrolled away.

    Click, Up, Down, Page, Home and End choose an arrow, Enter tells it again; Ctrl with the wheel,
    plus, minus and 0 zoom; dragging moves the ladder.

    Parameters
    ----------
    limit : int
        How many arrows are kept.

    Signals
    -------
    chosen : int
        The key of the arrow that was chosen.
    put : list[Arrow]
        Arrows that are shown from now on, new ones and changed ones.
    counted : ()
        The number of arrows, of problems, or of those that wait has changed.
    lane_asked : (str, QPoint)
        A context menu is asked for on a lane (its key), at a global position.
    clear_asked : ()
        The user wants the ladder empty.
    """

    chosen = Signal(int)
    put = Signal(object)
    counted = Signal()
    lane_asked = Signal(str, QPoint)
    clear_asked = Signal()

    def __init__(self, parent: QWidget | None = None, *, limit: int = LIMIT) -> None:
        super().__init__(parent, limit)
        self._limit = limit
        self.setObjectName("ladder")
        self.setAccessibleName(self.tr("Ladder of the messages between the actors"))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._held: dict[int, Arrow] = {}
        self._paused = False
        self._unseen = 0
        self._pressed: QPoint | None = None
        self._dragged_from = QPoint()
        self._dragging = False
        self._newest = QPushButton(self.tr("Newest"), self)
        self._newest.setObjectName("ladder_newest")
        self._newest.setCursor(Qt.CursorShape.PointingHandCursor)
        self._newest.clicked.connect(self.show_newest)
        self._newest.hide()
        self.verticalScrollBar().valueChanged.connect(self._on_scrolled)
        self._add_actions()

    @property
    def waiting(self) -> int:
        """How many new arrows a pause holds back."""
        return sum(1 for key in self._held if key not in self._arrows)

    @property
    def paused(self) -> bool:
        """Whether new arrows are held back."""
        return self._paused

    def add_arrows(self, arrows: Sequence[Arrow]) -> None:
        """Show arrows below the others, or hold them back while paused."""
        if self._paused:
            self._held.update((arrow.key, arrow) for arrow in arrows)
            for key in list(self._held)[: len(self._held) - self._limit]:
                del self._held[key]
            self.counted.emit()
            return
        before = len(self._arrows)
        dropped = self._arrows.add(arrows)
        added = len(self._arrows) - before + dropped
        self._mark_fresh(arrows)
        if not self.following:
            self._unseen += added
        self._set_ranges(scrolled_out=dropped)
        self._show_unseen()
        self.viewport().update()
        self.put.emit(list(arrows))
        self.counted.emit()

    def replace_arrow(self, arrow: Arrow) -> None:
        """Show an arrow in place of the one with its key."""
        if self._paused:
            if arrow.key in self._held or arrow.key in self._arrows:
                self._held[arrow.key] = arrow
            return
        self._arrows.replace(arrow)
        self.viewport().update()
        self.put.emit([arrow])
        self.counted.emit()

    def clear(self) -> None:
        """Forget all arrows."""
        self._arrows.clear()
        self._held.clear()
        self._fresh.clear()
        self._selected = None
        self.following = True
        self._unseen = 0
        self._set_ranges()
        self._show_unseen()
        self.viewport().update()
        self.counted.emit()

    def set_paused(self, paused: bool) -> None:
        """Hold new arrows back from now on, or show what was held back."""
        self._paused = paused
        held, self._held = list(self._held.values()), {}
        for arrow in held:
            if arrow.key in self._arrows:
                self.replace_arrow(arrow)
        new = [arrow for arrow in held if arrow.key not in self._arrows]
        if new:
            self.add_arrows(new)
        self.counted.emit()

    def set_only_problems(self, only: bool) -> None:
        """Show only failures and warnings, or all."""
        self._arrows.only_problems = only
        self.following = True
        self._unseen = 0
        self._set_ranges()
        self._show_unseen()
        self.viewport().update()

    def select(self, key: int | None) -> None:
        """Choose an arrow without telling it; None for no arrow."""
        self._selected = key
        self._bring_into_sight(self._arrows.place_of(key))
        self.viewport().update()

    @Slot()
    def show_newest(self) -> None:
        """Bring the newest arrow into sight and keep it there."""
        self.following = True
        self._unseen = 0
        self._set_ranges()
        self._show_unseen()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Choose arrows."""
        key, place = event.key(), self._neighbour(event.key())
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            super().keyPressEvent(event)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._selected is not None:
            self.chosen.emit(self._selected)
        elif place is not None:
            self._choose(place)
        else:
            super().keyPressEvent(event)

    def _add_actions(self) -> None:
        standard = QKeySequence.StandardKey
        for name, text, shortcuts, call in (
            (
                "ladder_zoom_in",
                self.tr("Zoom in"),
                [QKeySequence(standard.ZoomIn), QKeySequence("Ctrl+=")],
                lambda: self.set_zoom_step(1),
            ),
            (
                "ladder_zoom_out",
                self.tr("Zoom out"),
                [QKeySequence(standard.ZoomOut)],
                lambda: self.set_zoom_step(-1),
            ),
            (
                "ladder_zoom_natural",
                self.tr("Natural size"),
                [QKeySequence("Ctrl+0")],
                lambda: self.set_zoom_step(0),
            ),
            ("ladder_clear", self.tr("Clear"), [], self.clear_asked.emit),
        ):
            action = QAction(text, self)
            action.setObjectName(name)
            action.setShortcuts(shortcuts)
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
            action.triggered.connect(call)
            self.addAction(action)

    def _neighbour(self, key: int) -> int | None:
        """Return the place that a key leads to from the chosen one."""
        last = len(self._arrows) - 1
        page = max(int(self.viewport().height() / (self._places.row_height * self.zoom)) - 2, 1)
        steps = {
            Qt.Key.Key_Up: -1,
            Qt.Key.Key_Down: 1,
            Qt.Key.Key_PageUp: -page,
            Qt.Key.Key_PageDown: page,
        }
        if last < 0 or (key not in steps and key not in (Qt.Key.Key_Home, Qt.Key.Key_End)):
            return None
        if key == Qt.Key.Key_Home:
            return 0
        place = self._arrows.place_of(self._selected)
        if key == Qt.Key.Key_End or place is None:
            return last
        return min(max(place + steps[Qt.Key(key)], 0), last)

    def _choose(self, place: int) -> None:
        arrow = self._arrows[place]
        self._selected = arrow.key
        self._bring_into_sight(place)
        self.setAccessibleDescription(self.words(arrow))
        self.viewport().update()
        self.chosen.emit(arrow.key)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a click or a drag."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._pressed = event.position().toPoint()
            self._dragging = False
            bars = self.horizontalScrollBar(), self.verticalScrollBar()
            self._dragged_from = QPoint(bars[0].value(), bars[1].value())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Move the ladder with the mouse."""
        if self._pressed is None:
            return
        moved = event.position().toPoint() - self._pressed
        reach = QGuiApplication.styleHints().startDragDistance()
        if not self._dragging and moved.manhattanLength() < reach:
            return
        self._dragging = True
        self.viewport().setCursor(Qt.CursorShape.ClosedHandCursor)
        self.horizontalScrollBar().setValue(self._dragged_from.x() - moved.x())
        self.verticalScrollBar().setValue(self._dragged_from.y() - moved.y())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End a drag, or choose the arrow that was clicked."""
        pressed, self._pressed = self._pressed, None
        self.viewport().unsetCursor()
        if pressed is None or self._dragging or event.button() != Qt.MouseButton.LeftButton:
            return
        place = self._place_at(event.position())
        if place is not None:
            self._choose(place)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom with Ctrl, else scroll."""
        if not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            super().wheelEvent(event)
        elif event.angleDelta().y():
            self.set_zoom_step(1 if event.angleDelta().y() > 0 else -1)
            event.accept()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Tell on which lane a context menu is asked for; elsewhere, show the ladder's own."""
        lane = self.lane_at(QPointF(event.pos()))
        if lane:
            self.lane_asked.emit(lane, event.globalPos())
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addActions(self.actions())
        menu.popup(event.globalPos())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the button at its place."""
        super().resizeEvent(event)
        self._place_button()

    @Slot(int)
    def _on_scrolled(self, value: int) -> None:
        near = round(self._places.row_height * self.zoom / 2)
        self.following = value >= self.verticalScrollBar().maximum() - near
        if self.following and self._unseen:
            self._unseen = 0
            self._show_unseen()

    def _show_unseen(self) -> None:
        self._newest.setVisible(self._unseen > 0)
        if self._unseen:
            self._newest.setText(self.tr("↓ {0} new").format(self._unseen))
            self._place_button()

    def _place_button(self) -> None:
        self._newest.adjustSize()
        area = self.viewport().geometry()
        x = area.center().x() - self._newest.width() // 2
        self._newest.move(x, area.bottom() - self._newest.height() - 10)
