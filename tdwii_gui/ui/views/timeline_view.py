"""A day on each treatment machine, painted: one lane a machine, one block a step."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QEvent, QPoint, QRect, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QAccessible, QAccessibleEvent, QHelpEvent, QPainter
from PySide6.QtWidgets import QAbstractScrollArea, QToolTip, QWidget

from tdwii_gui.ui import texts
from tdwii_gui.ui.models.day_plan import DayPlan, visible
from tdwii_gui.ui.theme import appearance
from tdwii_gui.ui.views.timeline_painter import AXIS, HEAD, Scene, TimelinePainter, block_words

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PySide6.QtGui import QKeyEvent, QMouseEvent, QPaintEvent, QResizeEvent, QWheelEvent

    from tdwii_gui.dicom.iod.ups import ProcedureStepState
    from tdwii_gui.ui.models.day_plan import Block
    from tdwii_gui.ui.models.worklist import WorklistRow

_SCALES: Final = (34, 50, 72, 105, 150, 220, 320, 470)
"""Pixels an hour."""

_NATURAL: Final = 5
_LEAST_FITTED: Final = 4
_MARGIN_HOURS: Final = 0.4
_NOW_MS: Final = 20_000
_STEP: Final = 40


class TimelineView(QAbstractScrollArea):
    """Shows the steps of a day; the worklist is its twin in text.

    Arrow keys go from step to step and machine to machine, Home and End to the first and last of
    a machine, Page Up and Page Down to the day before and after, plus and minus zoom.

    Parameters
    ----------
    row_of : Callable
        Returns a step's row of the worklist as it is now, for its state and progress.

    Attributes
    ----------
    plan : DayPlan
        What is shown.

    Signals
    -------
    chosen : str
        A step was clicked, or reached with the keyboard.
    opened : str
        A step was double-clicked, or Enter pressed on it.
    day_turned : int
        The day that many days later is wanted.
    """

    chosen = Signal(str)
    opened = Signal(str)
    day_turned = Signal(int)

    def __init__(
        self, row_of: Callable[[str], WorklistRow | None], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("timeline")
        self.setFrameShape(QAbstractScrollArea.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.plan = DayPlan.of(date.today(), {})
        self._row_of = row_of
        self._zoom = _NATURAL
        self._selected = ""
        self._offsets: list[int] = [0]
        self._row_height = 0
        self._empty = ""
        self._is_placed = False
        self._is_zoomed = False
        self._now_timer = QTimer(self)
        self._now_timer.setInterval(_NOW_MS)
        self._now_timer.timeout.connect(self.viewport().update)
        self._now_timer.start()
        look = appearance()
        if look is not None:
            look.changed.connect(self.viewport().update)
        self._name_it()

    @property
    def selected(self) -> str:
        """The UID of the step that is chosen; empty if none is on this day."""
        return self._selected if self._selected in self.plan else ""

    @property
    def scale(self) -> int:
        """How many pixels an hour has."""
        return _SCALES[self._zoom]

    def show_plan(self, plan: DayPlan, empty: str) -> None:
        """Show a day; `empty` says why there is nothing on it."""
        is_other = plan.day != self.plan.day
        self.plan = plan
        self._empty = empty
        self._measure()
        if is_other or not self._is_placed:
            self._is_placed = plan.count > 0
            self._fit()
            self._go_to_begin()
        self._name_it()
        self.viewport().update()

    def select(self, uid: str, *, scroll: bool = True) -> None:
        """Show a step as chosen, and have it in sight."""
        if uid == self._selected:
            return
        self._selected = uid
        block = self.plan.block(uid)
        if block is not None and scroll:
            self._scroll_to(block)
        self._name_it()
        self.viewport().update()

    @Slot(int)
    def zoom_by(self, step: int) -> None:
        """Show more (1) or less (-1) of an hour; the middle stays."""
        self._is_zoomed = True
        bar = self.horizontalScrollBar()
        middle = (bar.value() + self._room() / 2) / self.scale
        self._zoom = min(max(self._zoom + step, 0), len(_SCALES) - 1)
        self._measure()
        bar.setValue(round(middle * self.scale - self._room() / 2))
        self.viewport().update()

    def show_now(self) -> None:
        """Have the present moment in sight."""
        self.horizontalScrollBar().setValue(self._now() - self._room() // 3)

    def block_at(self, place: QPoint) -> Block | None:
        """Return the block at a place of the viewport."""
        if place.x() < HEAD or place.y() < AXIS:
            return None
        scene = self._scene()
        hour = (place.x() - scene.left) / self.scale
        for lane, top in zip(self.plan.lanes, scene.tops, strict=False):
            row = scene.row_at(top, place.y())
            if 0 <= row < len(lane.rows):
                near = visible(lane.rows[row], hour - 0.5, hour + 0.01)
                for block in near:
                    if scene.block_area(block, top, row).contains(place):
                        return block
        return None

    def area_of(self, uid: str) -> QRect:
        """Return where a step is on the viewport; empty if it is not on this day."""
        place, block = self.plan.place(uid), self.plan.block(uid)
        if place is None or block is None:
            return QRect()
        scene = self._scene()
        return scene.block_area(block, scene.tops[place[0]], place[1])

    def state_of(self, block: Block) -> ProcedureStepState | None:
        """Return the state that a step has now."""
        row = self._row_of(block.uid)
        return row.state if row is not None else block.entry.state

    def describe(self, block: Block) -> str:
        """Return all about a step in words."""
        place = self.plan.place(block.uid)
        machine = self.plan.lanes[place[0]].machine if place else ""
        return block_words(block, self.state_of(block), machine)

    # events

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint what is in sight."""
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paints = TimelinePainter(painter, self._scene(), self.font())
        paints.paint(self.plan, self._row_of, self._selected, self.hasFocus())
        if not self.plan.lanes:
            paints.paint_empty(self._empty)
        painter.end()
        del event

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give the scroll bars their ranges; the chosen step, or else now, stays in sight."""
        room = event.oldSize().width() - HEAD
        block = self.plan.block(self._selected)
        anchor = self._now() if block is None else round(block.begin * self.scale)
        was_seen = self._sees(anchor, room)
        super().resizeEvent(event)
        self._measure()
        if room < 0:
            self._fit()
            self._go_to_begin()
        elif was_seen and not self._sees(anchor, self._room()):
            self.horizontalScrollBar().setValue(anchor - self._room() // 3)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose a step."""
        block = self.block_at(event.position().toPoint())
        if block is not None:
            self._choose(block)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Take the end of a click too."""
        event.accept()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Open a step."""
        block = self.block_at(event.position().toPoint())
        if block is not None:
            self.opened.emit(block.uid)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll; with Ctrl, zoom."""
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.zoom_by(1 if event.angleDelta().y() > 0 else -1)
            event.accept()
        else:
            super().wheelEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Go from step to step."""
        moves: dict[int, Callable[[], None]] = {
            Qt.Key.Key_Left: lambda: self._go(-1),
            Qt.Key.Key_Right: lambda: self._go(1),
            Qt.Key.Key_Up: lambda: self._change_lane(-1),
            Qt.Key.Key_Down: lambda: self._change_lane(1),
            Qt.Key.Key_Home: lambda: self._go_to_end(0),
            Qt.Key.Key_End: lambda: self._go_to_end(-1),
            Qt.Key.Key_PageUp: lambda: self.day_turned.emit(-1),
            Qt.Key.Key_PageDown: lambda: self.day_turned.emit(1),
            Qt.Key.Key_Plus: lambda: self.zoom_by(1),
            Qt.Key.Key_Minus: lambda: self.zoom_by(-1),
            Qt.Key.Key_Return: self._open,
            Qt.Key.Key_Enter: self._open,
        }
        move = moves.get(event.key())
        if move is None:
            super().keyPressEvent(event)
        else:
            move()

    def viewportEvent(self, event: QEvent) -> bool:
        """Tell about the step under the pointer."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            block = self.block_at(event.pos())
            if block is None:
                QToolTip.hideText()
            else:
                QToolTip.showText(event.globalPos(), texts.tooltip(self.describe(block)), self)
            return True
        return super().viewportEvent(event)

    def focusInEvent(self, event: Any) -> None:
        """Show that keys go here."""
        super().focusInEvent(event)
        self.viewport().update()

    def focusOutEvent(self, event: Any) -> None:
        """Show that keys go elsewhere."""
        super().focusOutEvent(event)
        self.viewport().update()

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        """Paint anew: heads stay where they are."""
        del dx, dy
        self.viewport().update()

    # the chosen step

    def _choose(self, block: Block) -> None:
        self.select(block.uid)
        self.chosen.emit(block.uid)

    def _lane_blocks(self) -> tuple[int, Sequence[Block], int]:
        """Return lane, its blocks and the number of the chosen one; -1 if none is chosen."""
        place = self.plan.place(self._selected)
        if place is None:
            return 0, self.plan.lanes[0].blocks if self.plan.lanes else (), -1
        blocks = self.plan.lanes[place[0]].blocks
        number = next(n for n, block in enumerate(blocks) if block.uid == self._selected)
        return place[0], blocks, number

    def _go(self, step: int) -> None:
        _, blocks, number = self._lane_blocks()
        if blocks:
            self._choose(blocks[min(max(number + step, 0), len(blocks) - 1)])

    def _go_to_end(self, number: int) -> None:
        _, blocks, _ = self._lane_blocks()
        if blocks:
            self._choose(blocks[number])

    def _change_lane(self, step: int) -> None:
        lane, blocks, number = self._lane_blocks()
        wanted = lane + step if number >= 0 else lane
        if not 0 <= wanted < len(self.plan.lanes):
            return
        hour = blocks[number].begin if number >= 0 else 0.0
        nearest = min(self.plan.lanes[wanted].blocks, key=lambda each: abs(each.begin - hour))
        self._choose(nearest)

    def _open(self) -> None:
        if self.selected:
            self.opened.emit(self.selected)

    def _name_it(self) -> None:
        day = f"{self.plan.day:%Y-%m-%d}"
        named = self.tr("Timeline of {0}: {1} steps on {2} machines")
        self.setAccessibleName(named.format(day, self.plan.count, len(self.plan.lanes)))
        block = self.plan.block(self._selected)
        self.setAccessibleDescription(self.describe(block) if block is not None else "")
        told = QAccessibleEvent(self, QAccessible.Event.DescriptionChanged)
        QAccessible.updateAccessibility(told)

    # where things are

    def _scene(self) -> Scene:
        view = self.viewport().size()
        return Scene(
            width=view.width(),
            height=view.height(),
            left=HEAD - self.horizontalScrollBar().value(),
            top=AXIS - self.verticalScrollBar().value(),
            scale=self.scale,
            row=self._row_height,
            tops=[AXIS + top - self.verticalScrollBar().value() for top in self._offsets],
        )

    def _room(self) -> int:
        return max(0, self.viewport().width() - HEAD)

    def _measure(self) -> None:
        self._row_height = Scene.row_height(self.plan, self.viewport().height())
        self._offsets = Scene.offsets(self.plan, self._row_height)
        horizontal, vertical = self.horizontalScrollBar(), self.verticalScrollBar()
        horizontal.setRange(0, max(0, round(self.plan.hours * self.scale) - self._room()))
        horizontal.setPageStep(max(1, self._room()))
        horizontal.setSingleStep(_STEP)
        height = self.viewport().height() - AXIS
        vertical.setRange(0, max(0, self._offsets[-1] - height))
        vertical.setPageStep(max(1, height))
        vertical.setSingleStep(_STEP)

    def _span(self) -> tuple[float, float]:
        """Return the hours in which there are steps, with a margin."""
        first = min(lane.blocks[0].begin for lane in self.plan.lanes)
        last = max(row[-1].end for lane in self.plan.lanes for row in lane.rows)
        return first - _MARGIN_HOURS, last + _MARGIN_HOURS

    def _fit(self) -> None:
        """Zoom so that the day's steps fill the room, until the user has zoomed."""
        if self._is_zoomed or not self.plan.lanes:
            return
        first, last = self._span()
        fitting = [n for n, scale in enumerate(_SCALES) if (last - first) * scale <= self._room()]
        self._zoom = max(_LEAST_FITTED, *fitting) if fitting else _LEAST_FITTED
        self._measure()

    def _go_to_begin(self) -> None:
        """Have all steps in sight, or else the chosen step, the present or the first step."""
        if self.plan.lanes:
            first, last = self._span()
            if (last - first) * self.scale <= self._room():
                self.horizontalScrollBar().setValue(round(first * self.scale))
                return
        block = self.plan.block(self._selected)
        if block is not None:
            self._scroll_to(block)
        elif self.plan.day == date.today():
            self.show_now()
        elif self.plan.lanes:
            self.horizontalScrollBar().setValue(round(self._span()[0] * self.scale))

    def _now(self) -> int:
        """Return how far from the begin of the day the present is, in pixels."""
        return round(self.plan.hour_of(datetime.now().astimezone()) * self.scale)

    def _sees(self, pixel: int, room: int) -> bool:
        """Return whether what is so far from the day's begin is in sight in so much room."""
        return 0 <= pixel - self.horizontalScrollBar().value() <= room

    def _scroll_to(self, block: Block) -> None:
        place = self.plan.place(block.uid)
        if place is None:
            return
        bar, room = self.horizontalScrollBar(), self._room()
        left, right = block.begin * self.scale, block.end * self.scale
        if left < bar.value() or right > bar.value() + room:
            bar.setValue(round(left - room / 3))
        area = self.area_of(block.uid)
        vertical = self.verticalScrollBar()
        if area.top() < AXIS:
            vertical.setValue(vertical.value() + area.top() - AXIS)
        elif area.bottom() > self.viewport().height():
            vertical.setValue(vertical.value() + area.bottom() - self.viewport().height() + 6)
