"""The launcher's tile of an actor: what it is, how it is, and what can be done with it."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QMenu, QPushButton, QVBoxLayout, QWidget

from tdwii_gui.ui import texts
from tdwii_gui.ui.panels.labels import Chip, ElidedLabel
from tdwii_gui.ui.theme import Tone, set_property

if TYPE_CHECKING:
    from PySide6.QtCore import QPoint
    from PySide6.QtGui import QContextMenuEvent

_MARGINS: Final = (14, 9, 14, 11)


class TileState(StrEnum):
    """How an actor is."""

    STARTING = "starting"
    LISTENING = "listening"
    FAILED = "failed"
    EXTERNAL = "external"
    STOPPING = "stopping"
    STOPPED = "stopped"


class ActorTile(QFrame):
    """A tile: name, state, address, a live line, and buttons.

    Parameters
    ----------
    role : str
        The actor's role, which ends the object names.
    name : str
        What people call it, translated.
    shortcut : str
        Keys that open its window.

    Signals
    -------
    open_wanted, toggle_wanted, restart_wanted, external_wanted, own_wanted, folder_wanted,
    faults_wanted : str
        Something is wanted of the actor of this role.
    """

    open_wanted = Signal(str)
    toggle_wanted = Signal(str)
    restart_wanted = Signal(str)
    external_wanted = Signal(str)
    own_wanted = Signal(str)
    folder_wanted = Signal(str)
    faults_wanted = Signal(str)

    def __init__(self, role: str, name: str, shortcut: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.role = role
        self._state = TileState.STARTING
        self.setObjectName(f"tile_{role}")
        self.setAccessibleName(name)
        self.setProperty("card", True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.chip = Chip()
        self.chip.setObjectName(f"state_{role}")
        self._address = ElidedLabel()
        self._address.setProperty("role", "muted")
        self._live = ElidedLabel()
        self._live.setProperty("role", "muted")
        self.faults_button = self._button("faults", "")
        self.faults_button.setProperty("faults", True)
        self.faults_button.clicked.connect(lambda: self.faults_wanted.emit(role))
        self.faults_button.hide()
        self.open_button = self._button("open", self.tr("Open"))
        self.open_button.setShortcut(shortcut)
        self.toggle_button = self._button("toggle", self.tr("Stop"))
        self.external_button = self._button("external", self.tr("Use external…"))
        for button, words in (
            (self.open_button, self.tr("Open the window of {0}")),
            (self.toggle_button, self.tr("Start or stop {0}")),
            (self.external_button, self.tr("Use another system in the place of {0}")),
        ):
            button.setAccessibleName(words.format(name))
        self.open_button.clicked.connect(lambda: self.open_wanted.emit(role))
        self.toggle_button.clicked.connect(lambda: self.toggle_wanted.emit(role))
        self.external_button.clicked.connect(lambda: self.external_wanted.emit(role))
        title = ElidedLabel(name)
        title.setProperty("role", "heading")
        self._lay_out(title)
        self.show_state(TileState.STARTING)

    @property
    def state(self) -> TileState:
        """How the actor is."""
        return self._state

    @property
    def live_text(self) -> str:
        """What the live line says."""
        return self._live.whole_text

    def show_state(self, state: TileState, words: str = "") -> None:
        """Show how the actor is; `words` replace the live line."""
        self._state = state
        tone, glyph, name = {
            TileState.STARTING: (Tone.NEUTRAL, "◌", self.tr("Starting")),
            TileState.LISTENING: (Tone.DONE, "●", self.tr("Listening")),
            TileState.FAILED: (Tone.FAULT, "✕", self.tr("Not listening")),
            TileState.EXTERNAL: (Tone.ACCENT, "↗", self.tr("External")),
            TileState.STOPPING: (Tone.NEUTRAL, "◌", self.tr("Stopping")),
            TileState.STOPPED: (Tone.NEUTRAL, "○", self.tr("Stopped")),
        }[state]
        self.chip.show_state(tone, glyph, name)
        self._live.set_text(words)
        self._enable()

    def show_activity(self, tone: Tone, glyph: str, words: str) -> None:
        """Show in the chip what the actor does, while it listens."""
        if self._state is TileState.LISTENING:
            self.chip.show_state(tone, glyph, words)

    def show_address(self, ae_title: str, host: str, port: int) -> None:
        """Show where the actor is reached."""
        address = f"{host}:{port}" if port else host
        self._address.set_text(f"{ae_title}   {address}")

    def show_live(self, words: str) -> None:
        """Show what there is to say of the actor at the moment."""
        self._live.set_text(words)

    def show_faults(self, number: int) -> None:
        """Show how many faults are on at the actor, if any."""
        one, many = self.tr("⚡ {0} fault active"), self.tr("⚡ {0} faults active")
        self.faults_button.setText(texts.counted(number, one, many))
        self.faults_button.setVisible(number > 0)
        set_property(self, "faults", number > 0)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Offer what is done rarely."""
        self.show_menu(event.globalPos())

    def show_menu(self, where: QPoint) -> None:
        """Offer what is done rarely, at a place of the screen."""
        self._menu().popup(where)

    def _menu(self) -> QMenu:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.setObjectName(f"menu_{self.role}")
        is_external = self._state is TileState.EXTERNAL
        own = self._state in (TileState.LISTENING, TileState.STOPPED, TileState.FAILED)
        for words, signal, enabled in (
            (self.tr("Use external system…"), self.external_wanted, own or is_external),
            (self.tr("Use own again"), self.own_wanted, is_external),
            (self.tr("Restart"), self.restart_wanted, own),
            (self.tr("Faults…"), self.faults_wanted, own),
            (self.tr("Open folder"), self.folder_wanted, own),
        ):
            action = menu.addAction(words)
            action.setEnabled(enabled)
            action.triggered.connect(lambda _checked=False, s=signal: s.emit(self.role))
        return menu

    def _button(self, verb: str, text: str) -> QPushButton:
        button = QPushButton(text)
        button.setObjectName(f"{verb}_{self.role}")
        return button

    def _lay_out(self, title: QWidget) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*_MARGINS)
        layout.setSpacing(4)
        first = QHBoxLayout()
        first.addWidget(title, 1)
        first.addWidget(self.chip)
        layout.addLayout(first)
        layout.addWidget(self._address)
        second = QHBoxLayout()
        second.setSpacing(8)
        second.addWidget(self._live, 1)
        second.addWidget(self.faults_button)
        layout.addLayout(second)
        buttons = QHBoxLayout()
        buttons.setContentsMargins(0, 3, 0, 0)
        buttons.setSpacing(8)
        buttons.addWidget(self.open_button)
        buttons.addWidget(self.toggle_button)
        buttons.addStretch(1)
        buttons.addWidget(self.external_button)
        layout.addLayout(buttons)

    def _enable(self) -> None:
        """Enable what can be done in this state; a disabled button says why."""
        state = self._state
        moving = state in (TileState.STARTING, TileState.STOPPING)
        is_external = state is TileState.EXTERNAL
        listening = state is TileState.LISTENING
        self.toggle_button.setText(self.tr("Stop") if listening or moving else self.tr("Start"))
        wait = self.tr("Wait until it has started or stopped")
        external = self.tr("Another system is in its place")
        why = wait if moving else external if is_external else ""
        for button in (self.open_button, self.toggle_button):
            button.setEnabled(not why)
            button.setToolTip(texts.tooltip(why))
        self.external_button.setEnabled(not moving)
        self.external_button.setToolTip(texts.tooltip(wait if moving else ""))
        if not why:
            keys = self.tr("Open its window ({0})").format(self.open_button.shortcut().toString())
            self.open_button.setToolTip(texts.tooltip(keys))
