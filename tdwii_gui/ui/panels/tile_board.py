"""The column of the actors' tiles."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from tdwii_gui.ui.panels.actor_tile import ActorTile
from tdwii_gui.ui.panels.labels import caption

_GAP = 9


class TileBoard(QWidget):
    """A tile for each role; scrolls where the screen is low.

    Parameters
    ----------
    names : dict[str, str]
        What people call the actor of each role, translated; in the order of the tiles.

    Signals
    -------
    open_wanted, toggle_wanted, restart_wanted, external_wanted, own_wanted, folder_wanted,
    faults_wanted : str
        As of the tiles.
    """

    open_wanted = Signal(str)
    toggle_wanted = Signal(str)
    restart_wanted = Signal(str)
    external_wanted = Signal(str)
    own_wanted = Signal(str)
    folder_wanted = Signal(str)
    faults_wanted = Signal(str)

    def __init__(self, names: dict[str, str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tiles = {
            role: ActorTile(role, name, f"Ctrl+{number}")
            for number, (role, name) in enumerate(names.items(), start=1)
        }
        holder = QWidget()
        holder.setProperty("transparent", True)
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 4, 0)
        column.setSpacing(_GAP)
        for tile in self._tiles.values():
            column.addWidget(tile)
            tile.open_wanted.connect(self.open_wanted)
            tile.toggle_wanted.connect(self.toggle_wanted)
            tile.restart_wanted.connect(self.restart_wanted)
            tile.external_wanted.connect(self.external_wanted)
            tile.own_wanted.connect(self.own_wanted)
            tile.folder_wanted.connect(self.folder_wanted)
            tile.faults_wanted.connect(self.faults_wanted)
        column.addStretch(1)
        area = QScrollArea()
        area.setObjectName("tiles")
        area.setAccessibleName(self.tr("Actors"))
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(holder)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(caption(self.tr("Actors")))
        layout.addWidget(area, 1)
        self.setMinimumWidth(holder.minimumSizeHint().width() + 6)

    def tile(self, role: str) -> ActorTile:
        """Return the tile of a role."""
        return self._tiles[role]
