"""The guide's engine: shows what to press next, presses it on request, and notices who did."""

from __future__ import annotations

from enum import StrEnum
from time import monotonic
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QTimer, Signal, Slot
from PySide6.QtGui import QTextDocumentFragment
from PySide6.QtWidgets import QAbstractButton, QComboBox, QWidget
from shiboken6 import isValid

from tdwii_gui.ui.guide_steps import TargetKind
from tdwii_gui.ui.panels.callout import Callout
from tdwii_gui.ui.panels.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tdwii_gui.ui.guide_steps import GuideStep, Target

_LOOK_MS: Final = 150
_PAUSE_SECONDS: Final = 0.5
_TICK_SHARE: Final = 0.4
_STALL_SECONDS: Final = 20.0
_SPEED: Final = 10.0


class GuideState(StrEnum):
    """What the guide does at the moment."""

    IDLE = "idle"
    WAITING = "waiting"
    READY = "ready"
    FAILED = "failed"
    FINISHED = "finished"


class Guide(QObject):
    """Leads through steps by real clicks on the windows' own buttons.

    A timer looks at the target of the moment: no window has to know of the guide. Whoever uses the
    target, a person or the guide, takes it one target further.

    Parameters
    ----------
    open_window : Callable[[str], QWidget | None]
        Brings up the window of a role and returns it; None while it cannot be opened.

    Attributes
    ----------
    pause : float
        Seconds that auto-play waits before each click, so that people can follow.
    speed : float
        How many times faster than real it has the beams delivered.

    Signals
    -------
    changed
        The step, the state or what there is to say is another one.
    finished
        The last step is done.
    """

    changed = Signal()
    finished = Signal()

    def __init__(
        self, open_window: Callable[[str], QWidget | None], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.pause = _PAUSE_SECONDS
        self.speed = _SPEED
        self._open_window = open_window
        self._steps: tuple[GuideStep, ...] = ()
        self._way: list[tuple[int, Target]] = []
        self._at = 0
        self._used = -1
        self._state = GuideState.IDLE
        self._words = ""
        self._told: tuple[object, ...] = ()
        self._auto = False
        self._ending = False
        self._created = ""
        self._window: QWidget | None = None
        self._widget: QWidget | None = None
        self._ready_since = 0.0
        self._moved_at = 0.0
        self._callout = Callout()
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_MS)
        self._timer.timeout.connect(self._look)

    @property
    def state(self) -> GuideState:
        """What it does at the moment."""
        return self._state

    @property
    def steps(self) -> tuple[GuideStep, ...]:
        """The steps; none while the guide is idle."""
        return self._steps

    @property
    def number(self) -> int:
        """The number of the current step, from 1 on."""
        return self._way[self._at][0] + 1 if self._way else 0

    @property
    def step(self) -> GuideStep | None:
        """The current step."""
        return self._steps[self.number - 1] if self._way else None

    @property
    def words(self) -> str:
        """What is missing or went wrong; empty if all is well."""
        return self._words

    @property
    def auto_play(self) -> bool:
        """Whether the guide uses the targets by itself."""
        return self._auto

    def begin(self, steps: Sequence[GuideStep], *, auto_play: bool = False) -> None:
        """Start with the first step."""
        self.leave()
        self._steps = tuple(steps)
        self._way = [
            (number, target) for number, step in enumerate(steps) for target in step.targets
        ]
        self._created = ""
        self._auto = auto_play
        self._go_to(0)
        self._used = -1
        self._timer.start()

    def leave(self) -> None:
        """End the guide; the windows stay as they are."""
        self._timer.stop()
        self._let_go()
        self._steps, self._way, self._at, self._used = (), [], 0, -1
        self._auto = False
        self._window = None
        self._tell(GuideState.IDLE)

    def set_auto_play(self, on: bool) -> None:
        """Begin or end to use the targets by itself."""
        if not self._way or self._state is GuideState.FINISHED:
            return
        self._auto = on
        self._moved_at = monotonic()
        self._tell(GuideState.WAITING if self._state is GuideState.FAILED else self._state)

    def do_it(self) -> None:
        """Use the target for the person; the window comes to the front."""
        step = self.step
        if step is None:
            return
        self._window = self._open_window(step.role)
        if self._state is GuideState.FAILED:
            self._moved_at = monotonic()
            self._tell(GuideState.WAITING)
        if self._widget is not None:
            self._use()

    def back(self) -> None:
        """Return to the step before, to read it or to do it once more."""
        if not self._way:
            return
        self._auto = False
        wanted = max(0, self._way[self._at][0] - 1)
        self._go_to(next(n for n, (number, _) in enumerate(self._way) if number == wanted))
        self._used = self._at - 1

    def note_created(self, sop_instance_uid: str) -> None:
        """Take note of the step that the creator has scheduled: it is the one to treat."""
        self._created = sop_instance_uid
        self._moved_at = monotonic()

    def note_completed(self, sop_instance_uid: str) -> None:
        """Take note that a step is completed: if it is ours, the guide has led to its end."""
        if sop_instance_uid != self._created or self._state is GuideState.IDLE:
            return
        self._timer.stop()
        self._let_go()
        self._at = len(self._way) - 1
        self._auto = False
        self._tell(GuideState.FINISHED)
        self.finished.emit()

    def note_life(self) -> None:
        """Take note that something still goes on, so that waiting for it is no standstill."""
        self._moved_at = monotonic()

    def note_failure(self, role: str, reason: str) -> None:
        """Show an error of the actor of a role, if the guide has just made it do something."""
        if self._state in (GuideState.IDLE, GuideState.FINISHED) or self._used < 0:
            return
        if self._steps[self._way[self._used][0]].role != role:
            return
        self._auto = False
        self._go_to(self._used)
        self._used = self._at - 1
        self._tell(GuideState.FAILED, reason)

    def _go_to(self, at: int) -> None:
        """Make a target the current one; its window comes up with a new step."""
        self._let_go()
        self._ending = False
        before = self._way[self._at][0] if self._window else -1
        self._at = at
        self._moved_at = monotonic()
        if self._way[at][0] != before:
            self._window = None
        self._tell(GuideState.WAITING)

    @Slot()
    def _look(self) -> None:
        """Look whether the target can be used, was used, or is passed already."""
        if self._ending:
            self._stall_or_wait(self.tr("The step is being completed"))
            return
        _, target = self._way[self._at]
        if target.kind is TargetKind.STEP_ROW and not self._created:
            # The step is being scheduled: its window stays in front until then.
            self._stall_or_wait(self.tr("The step is being scheduled"))
            return
        if not self._bring_up():
            self._let_go()
            self._stall_or_wait(self.tr("The window of this step is not open"))
            return
        widget = self._find(target.name)
        if not self._is_usable(widget, target) and self._passed():
            return
        widget = widget or self._on_the_way(target)
        if not self._is_usable(widget, target):
            self._let_go()
            self._stall_or_wait(_missing(widget))
            return
        self._hold(widget)
        if self._is_done(target):
            self._advance()
            return
        if self._state is GuideState.WAITING:
            self._ready_since = monotonic()
            self._tell(GuideState.READY)
        pause = self.pause * (_TICK_SHARE if target.kind is TargetKind.CHECK_BOX else 1.0)
        if self._auto and monotonic() - self._ready_since >= pause:
            self._use()

    def _bring_up(self) -> bool:
        """Bring up the window of the step; one that a person closed only in auto-play."""
        closed = self._window is not None and not self._window.isVisible()
        if self.step and (self._window is None or (closed and self._auto)):
            self._window = self._open_window(self.step.role)
        return self._window is not None and self._window.isVisible()

    def _find(self, name: str) -> QWidget | None:
        if self._window is None:
            return None
        found = self._window.findChildren(QWidget, name)
        return next((widget for widget in found if widget.isVisible()), None)

    def _on_the_way(self, target: Target) -> QWidget | None:
        """Return a button that leads to where the target is."""
        found = map(self._find, target.way)
        return next((widget for widget in found if widget and widget.isEnabled()), None)

    def _is_usable(self, widget: QWidget | None, target: Target) -> bool:
        if widget is None or not widget.isVisible() or not widget.isEnabled():
            return False
        if target.kind is not TargetKind.STEP_ROW:
            return True
        return isinstance(widget, Table) and widget.rows.index_of(self._created).isValid()

    def _is_done(self, target: Target) -> bool:
        """Whether what stays as it is set, was set already."""
        match self._widget:
            case QAbstractButton() as box if target.kind is TargetKind.CHECK_BOX:
                return box.isChecked()
            case Table() as table:
                row = table.rows.index_of(self._created).row()
                return table.selectionModel().isRowSelected(row)
            case _:
                # Whether to hurry is the person's choice.
                return target.kind is TargetKind.SPEED and not self._auto

    def _passed(self) -> bool:
        """Go on to a later target of the same window that a person has reached alone."""
        for at in reversed(self._at_this_window()):
            target = self._way[at][1]
            widget = self._find(target.name) if target.is_milestone else None
            if widget is not None and widget.isEnabled():
                self._used = at - 1
                self._go_to(at)
                return True
        return False

    def _at_this_window(self) -> range:
        """Return the targets after this one, up to the next that is in another window."""
        role = self._steps[self._way[self._at][0]].role
        end = self._at + 1
        while end < len(self._way) and self._steps[self._way[end][0]].role == role:
            end += 1
        return range(self._at + 1, end)

    def _hold(self, widget: QWidget | None) -> None:
        """Point at a widget and notice when it is used."""
        if widget is self._widget:
            self._callout.follow()
            return
        self._let_go()
        self._widget = widget
        if isinstance(widget, QAbstractButton):
            widget.clicked.connect(self._on_clicked)
        if widget is not None and self.step is not None:
            words = self.tr("{0} of {1} · {2}").format(
                self.number, len(self._steps), self.step.title
            )
            self._callout.point_at(widget, words)

    def _let_go(self) -> None:
        widget, self._widget = self._widget, None
        self._callout.hide()
        if isinstance(widget, QAbstractButton) and isValid(widget):
            widget.clicked.disconnect(self._on_clicked)

    def _use(self) -> None:
        """Do with the target what a person would do."""
        match self._widget:
            case QAbstractButton() as button:
                button.click()
            case Table() as table:
                table.select_key(self._created)
            case QComboBox() as choice:
                choice.setCurrentIndex(choice.findData(self.speed))
                self._advance()
            case _:
                return

    @Slot()
    def _on_clicked(self) -> None:
        """Go on, unless it was only a button on the way."""
        widget = self._widget
        if widget is not None and widget.objectName() == self._way[self._at][1].name:
            self._advance()
        else:
            self._go_to(self._at)

    def _advance(self) -> None:
        """Go on to the next target; after the last one only the news of the end is waited for."""
        self._used = self._at
        if self._way[self._at][1].makes_step:
            # The next one is treated, not one before it.
            self._created = ""
        if self._at + 1 < len(self._way):
            self._go_to(self._at + 1)
            return
        self._let_go()
        self._ending = True
        self._moved_at = monotonic()
        self._tell(GuideState.WAITING)

    def _stall_or_wait(self, words: str) -> None:
        """Wait; what auto-play waits for in vain is said."""
        if self._state is GuideState.FAILED:
            return
        if self._auto and monotonic() - self._moved_at > _STALL_SECONDS:
            self._auto = False
            self._tell(GuideState.FAILED, words or self.tr("It does not go on by itself."))
        else:
            self._tell(GuideState.WAITING, words)

    def _tell(self, state: GuideState, words: str = "") -> None:
        news = (state, words, self._at, self._auto, len(self._steps))
        if news != self._told:
            self._state, self._words, self._told = state, words, news
            self.changed.emit()


def _missing(widget: QWidget | None) -> str:
    """Return what a disabled button says that it needs."""
    if widget is None or widget.isEnabled():
        return ""
    return QTextDocumentFragment.fromHtml(widget.toolTip()).toPlainText()
