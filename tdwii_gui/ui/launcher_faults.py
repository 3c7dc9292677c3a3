"""The faults of all actors in the launcher: the bar, the tiles, the dialogs."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot

from tdwii_gui.ui.fault_control import FaultControl
from tdwii_gui.ui.models.fault_rows import active, summary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tdwii_gui.actors.faults import FaultState
    from tdwii_gui.ui.bridge import ActorBridge
    from tdwii_gui.ui.launcher_window import LauncherWindow
    from tdwii_gui.ui.suite_control import SuiteControl


class LauncherFaults(QObject):
    """Shows in the launcher which faults are on, once the actors run."""

    def __init__(self, window: LauncherWindow, control: SuiteControl, bridge: ActorBridge) -> None:
        super().__init__(window)
        self._window = window
        self._control = control
        self._bridge = bridge
        self._controls: dict[str, FaultControl] = {}
        control.started.connect(self._on_started)
        window.board.faults_wanted.connect(self._on_wanted)
        window.fault_bar.show_wanted.connect(self._on_show)
        window.fault_bar.clear_wanted.connect(self._on_clear)

    @Slot()
    def _on_started(self) -> None:
        for role, name in self._window.names.items():
            actor = self._control.actor(role)
            if actor is not None:
                made = FaultControl(role, name, actor, self._bridge, self._window)
                made.changed.connect(partial(self._on_changed, role))
                self._controls[role] = made
                self._on_changed(role, made.states)

    def _on_changed(self, role: str, states: Sequence[FaultState]) -> None:
        self._window.board.tile(role).show_faults(len(active(states)))
        words = {each: summary(control.states) for each, control in self._controls.items()}
        parts = [f"{self._window.names[each]}: {said}" for each, said in words.items() if said]
        self._window.fault_bar.show_words("   |   ".join(parts))

    @Slot(str)
    def _on_wanted(self, role: str) -> None:
        if role in self._controls:
            self._controls[role].open()

    @Slot()
    def _on_show(self) -> None:
        for control in self._controls.values():
            if active(control.states):
                control.open()

    @Slot()
    def _on_clear(self) -> None:
        for control in self._controls.values():
            control.clear()
