"""From the worklist to the timeline: a day when it is wanted, and again when steps have moved."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from tdwii_gui.ui.models.day_plan import DayPlan, entries

if TYPE_CHECKING:
    from collections.abc import Callable

    from tdwii_gui.actors.worker import SerialWorker
    from tdwii_gui.ui.bridge import ActorBridge
    from tdwii_gui.ui.models.worklist import WorklistRow

_SOON_MS: Final = 600


class TimelineFeed(QObject):
    """Lays a day out while somebody looks at it; what changes within a moment is taken together.

    Parameters
    ----------
    rows : Callable
        Returns all rows of the worklist.

    Signals
    -------
    loaded : DayPlan
        The day as it is now.
    """

    loaded = Signal(object)

    def __init__(
        self,
        rows: Callable[[], list[WorklistRow]],
        bridge: ActorBridge,
        background: SerialWorker,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._rows = rows
        self._bridge = bridge
        self._background = background
        self._plan = DayPlan.of(date.today(), {})
        self._day = self._plan.day
        self._is_watched = False
        self._is_stale = True
        self._is_busy = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_SOON_MS)
        self._timer.timeout.connect(self._lay_out)

    @Slot(object)
    def show(self, day: date) -> None:
        """Lay a day out at once, and whenever it changes."""
        self._day = day
        self._is_stale = True
        self._lay_out()

    def watch(self, is_watched: bool) -> None:
        """Say whether somebody looks at it."""
        self._is_watched = is_watched
        if is_watched and self._is_stale:
            self._lay_out()

    def changed(self, rows: list[WorklistRow]) -> None:
        """Lay out soon if a step has come to this day or been moved: states are live anyway."""
        if any(self._is_moved(row) for row in rows):
            self.outdated()

    @Slot(object)
    def gone(self, uids: set[str]) -> None:
        """Lay out soon if one of the steps is shown."""
        if any(uid in self._plan for uid in uids):
            self.outdated()

    @Slot()
    def outdated(self) -> None:
        """Lay out soon."""
        self._is_stale = True
        if self._is_watched and not self._timer.isActive():
            self._timer.start()

    def _is_moved(self, row: WorklistRow) -> bool:
        place, block = self._plan.place(row.uid), self._plan.block(row.uid)
        is_here = row.start is not None and row.start.date() == self._day
        if block is None or place is None:
            return is_here
        times = (row.start, row.expected_end)
        same_times = times == (block.entry.start, block.entry.end)
        return not same_times or self._plan.lanes[place[0]].machine != row.machine

    @Slot()
    def _lay_out(self) -> None:
        if self._is_busy or not self._is_watched:
            return
        self._is_busy, self._is_stale = True, False
        day, rows = self._day, self._rows()
        future = self._background.submit(
            "timeline", "", lambda: DayPlan.of(day, entries(day, rows))
        )
        self._bridge.watch(future, self._on_plan)

    def _on_plan(self, plan: DayPlan) -> None:
        self._is_busy = False
        self._plan = plan
        self.loaded.emit(plan)
        if self._is_stale:
            self._lay_out()
