"""Keeps the launcher's tiles true: states, addresses and live lines."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QTimer, Slot

from tdwii_gui.actors.events import AssociationsChanged, ListenFailed, Listening
from tdwii_gui.ui import texts
from tdwii_gui.ui.launcher_window import ROLES
from tdwii_gui.ui.models.live_lines import LiveLines
from tdwii_gui.ui.panels.actor_tile import TileState
from tdwii_gui.ui.panels.external_dialog import ExternalDialog

if TYPE_CHECKING:
    from tdwii_gui.actors.events import ActorEvent
    from tdwii_gui.config.ae_directory import ApplicationEntity
    from tdwii_gui.ui.launcher_window import LauncherWindow
    from tdwii_gui.ui.suite_control import SuiteControl

_COUNT_MS: Final = 300


class TileControl(QObject):
    """Between the launcher's tiles and the suite."""

    def __init__(self, window: LauncherWindow, control: SuiteControl) -> None:
        super().__init__(window)
        self._window = window
        self._board = window.board
        self._control = control
        self._messages = window.messages
        self._names = window.names
        self._lines = LiveLines()
        self._answers: dict[str, str] = {}
        self._reasons: dict[str, str] = {}
        self._old: set[str] = set()
        self._counting = QTimer(self)
        self._counting.setSingleShot(True)
        self._counting.setInterval(_COUNT_MS)
        self._counting.timeout.connect(self._count)
        self._board.toggle_wanted.connect(self._on_toggle)
        self._board.restart_wanted.connect(self._on_restart)
        self._board.external_wanted.connect(self._on_external)
        self._board.own_wanted.connect(self._on_own)
        control.started.connect(self._on_started)
        control.failed.connect(self._on_suite_failed)
        control.changed.connect(self._on_changed)
        control.refused.connect(self._on_refused)

    def hear(self, role: str, event: ActorEvent) -> None:
        """Take an event of our actor of a role."""
        match event:
            case Listening():
                self._reasons.pop(role, None)
                self._show(role)
            case ListenFailed():
                self._reasons[role] = event.reason
                self._show(role)
            case AssociationsChanged() if not event.associations:
                # It may have been stopped from its own window.
                self._show(role)
        if self._lines.is_old(role, event):
            self._old.add(role)
            self._counting.start()
        if self._lines.hear(role, event):
            self._show_line(role)

    def show_stopping(self) -> None:
        """Show that everything stops."""
        self._counting.stop()
        for role in ROLES:
            self._board.tile(role).show_state(TileState.STOPPING)

    @Slot()
    def _on_started(self) -> None:
        for role in ROLES:
            self._show(role)
        for note in self._control.notes:
            self._messages.warn(note)
        self._old.update(("tms", "ost"))
        self._count()

    @Slot(str)
    def _on_suite_failed(self, reason: str) -> None:
        for role in ROLES:
            self._board.tile(role).show_state(TileState.FAILED, reason)

    @Slot(str)
    def _on_toggle(self, role: str) -> None:
        self._show_moving(role)
        self._control.toggle(role)

    @Slot(str)
    def _on_restart(self, role: str) -> None:
        self._show_moving(role)
        self._control.restart(role)

    @Slot(str)
    def _on_own(self, role: str) -> None:
        self._board.tile(role).show_state(TileState.STARTING)
        self._control.use_own(role)

    @Slot(str)
    def _on_changed(self, role: str) -> None:
        self._reasons.pop(role, None)
        self._show(role)
        entity = self._control.external(role)
        if entity is not None and role not in self._answers:
            self._echo(role, entity)

    @Slot(str, str)
    def _on_refused(self, role: str, reason: str) -> None:
        self._show(role)
        self._messages.fail(self.tr("{0}: {1}").format(self._names[role], texts.plain(reason)))

    @Slot(str)
    def _on_external(self, role: str) -> None:
        """Ask which system it is; what is typed is tested before it is used."""
        actor = self._control.actor(role)
        dialog = ExternalDialog(
            self._names[role],
            self._control.external(role),
            actor.ae_title if actor else "",
            self._window,
        )
        dialog.test_by(partial(self._control.echo, role))
        dialog.saved.connect(lambda entity: self._use_external(role, entity))
        dialog.own_wanted.connect(lambda: self._on_own(role))
        dialog.open()

    def _use_external(self, role: str, entity: ApplicationEntity) -> None:
        self._answers.pop(role, None)
        self._board.tile(role).show_state(TileState.STARTING)
        self._control.use_external(role, entity)

    def _echo(self, role: str, entity: ApplicationEntity) -> None:
        """Ask the other system once whether it is there; the tile says it."""

        def answered(words: str) -> None:
            self._answers[role] = words
            self._show(role)

        answered(self.tr("Asking it for an echo …"))
        self._control.echo(
            role,
            entity,
            lambda ms: answered(self.tr("Echo {0} ms").format(texts.number(ms, 0))),
            lambda error: answered(self.tr("✕ {0}").format(texts.plain(error))),
        )

    def _show_moving(self, role: str) -> None:
        tile = self._board.tile(role)
        listening = tile.state is TileState.LISTENING
        tile.show_state(TileState.STOPPING if listening else TileState.STARTING)

    def _show(self, role: str) -> None:
        """Show the tile of a role as its actor is now."""
        actor, tile = self._control.actor(role), self._board.tile(role)
        if actor is None:
            return
        entity = self._control.external(role)
        if entity is not None:
            tile.show_address(entity.ae_title, entity.host, entity.port)
            tile.show_state(TileState.EXTERNAL, self._answers.get(role, ""))
            return
        self._answers.pop(role, None)
        tile.show_address(actor.ae_title, *actor.address)
        if actor.listening:
            tile.show_state(TileState.LISTENING, self._lines.line(role))
            self._show_line(role)
        elif role in self._reasons:
            tile.show_state(TileState.FAILED, self._reasons[role])
        else:
            tile.show_state(TileState.STOPPED)

    def _show_line(self, role: str) -> None:
        tile = self._board.tile(role)
        if tile.state is not TileState.LISTENING:
            return
        tile.show_live(self._lines.line(role))
        activity = self._lines.activity(role)
        if activity is not None:
            tile.show_activity(*activity)
        elif role == "tdd":
            tile.show_state(TileState.LISTENING, self._lines.line(role))

    @Slot()
    def _count(self) -> None:
        """Count anew what has changed, away from the GUI thread."""
        for role in self._old:
            self._control.count(role, partial(self._on_counted, role))
        self._old.clear()

    def _on_counted(self, role: str, numbers: tuple[int, ...]) -> None:
        self._lines.take_numbers(role, numbers)
        self._show_line(role)
