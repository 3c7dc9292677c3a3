"""Between the faults of an actor and what shows them: the bar and the dialog."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from tdwii_gui.actors.events import FaultsChanged
from tdwii_gui.dicom.errors import ConfigError
from tdwii_gui.ui.models.fault_rows import summary
from tdwii_gui.ui.panels.fault_bar import FaultBar

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from tdwii_gui.actors.actor import Actor
    from tdwii_gui.actors.events import ActorEvent
    from tdwii_gui.actors.faults import FaultState
    from tdwii_gui.ui.bridge import ActorBridge
    from tdwii_gui.ui.panels.fault_dialog import FaultDialog


class FaultControl(QObject):
    """Adds faults to an actor and takes them away, and tells which are on.

    Parameters
    ----------
    role, name : str
        The actor's role, and what people call it.
    window : QWidget
        The parent of the dialog.

    Signals
    -------
    changed : tuple[FaultState, ...]
        These are set now, or one has struck.
    """

    changed = Signal(object)

    def __init__(
        self, role: str, name: str, actor: Actor, bridge: ActorBridge, window: QWidget
    ) -> None:
        super().__init__(window)
        self._role = role
        self._name = name
        self._actor = actor
        self._window = window
        self._dialog: FaultDialog | None = None
        self._told: tuple[FaultState, ...] | None = None
        feed = bridge.feed(self._concerns)
        feed.events.connect(self._on_events)

    @property
    def states(self) -> tuple[FaultState, ...]:
        """The faults that are set."""
        return self._actor.faults.states

    @Slot()
    def open(self) -> None:
        """Show the dialog, or bring it up."""
        if self._dialog is None:
            self._dialog = self._make_dialog()
        self._dialog.show()
        self._dialog.raise_()
        self._dialog.activateWindow()

    @Slot()
    def clear(self) -> None:
        """Take all faults away."""
        self._actor.faults.clear()

    def _concerns(self, event: ActorEvent) -> bool:
        return event.ae_title == self._actor.ae_title and isinstance(event, FaultsChanged)

    def _make_dialog(self) -> FaultDialog:
        from tdwii_gui.ui.panels.fault_dialog import FaultDialog

        peers = sorted(
            entity.ae_title
            for entity in self._actor.directory
            if entity.ae_title != self._actor.ae_title
        )
        made = FaultDialog(self._role, self._name, peers, _judge, self._window)
        made.add_wanted.connect(self._on_add)
        made.remove_wanted.connect(self._on_remove)
        made.clear_wanted.connect(self.clear)
        made.destroyed.connect(self._on_closed)
        made.show_states(self.states)
        return made

    @Slot(object)
    def _on_events(self, _events: list[ActorEvent]) -> None:
        states = self.states
        if states == self._told:
            # There is an event of each strike, and they come in a flood.
            return
        self._told = states
        if self._dialog is not None:
            self._dialog.show_states(states)
        self.changed.emit(states)

    @Slot(dict)
    def _on_add(self, values: dict[str, str | float]) -> None:
        from tdwii_gui.actors.faults import Fault

        try:
            self._actor.faults.add(Fault.from_mapping(values))
        except ConfigError as error:
            if self._dialog is not None:
                self._dialog.form.say(str(error))

    @Slot(object)
    def _on_remove(self, state: FaultState) -> None:
        self._actor.faults.remove(state.fault)

    @Slot()
    def _on_closed(self) -> None:
        self._dialog = None


def bar_of(control: FaultControl) -> FaultBar:
    """Return a bar that is there while faults of an actor are on."""
    bar = FaultBar()
    bar.show_words(summary(control.states))
    control.changed.connect(lambda states: bar.show_words(summary(states)))
    bar.show_wanted.connect(control.open)
    bar.clear_wanted.connect(control.clear)
    return bar


def _judge(values: dict[str, str | float]) -> tuple[str, bool]:
    """Return a fault in words, or what is wrong with it."""
    from tdwii_gui.actors.faults import Fault

    try:
        return Fault.from_mapping(values).describe(), True
    except ConfigError as error:
        return str(error), False
