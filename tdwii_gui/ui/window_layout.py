"""What a window with columns remembers of its layout: its size and place, and their borders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtWidgets import QMainWindow, QSplitter


@dataclass(frozen=True, slots=True)
class WindowLayout:
    """The layout of a window.

    Parameters
    ----------
    key : str
        Where it is kept; it changes when columns do.
    size : tuple[int, int]
        Width and height at first, in pixels.
    widths : Sequence[int]
        Those of the columns at first, in pixels.
    """

    window: QMainWindow
    columns: QSplitter
    key: str
    size: tuple[int, int]
    widths: Sequence[int]

    def restore(self) -> None:
        """Lay the window out as it was, or as at first."""
        settings = QSettings()
        geometry = settings.value(f"{self.key}/geometry")
        if geometry is None or not self.window.restoreGeometry(geometry):
            self.window.resize(*self.size)
        borders = settings.value(f"{self.key}/columns")
        if borders is None or not self.columns.restoreState(borders):
            self.columns.setSizes(self.widths)

    def remember(self) -> None:
        """Keep the layout as it is."""
        settings = QSettings()
        settings.setValue(f"{self.key}/geometry", self.window.saveGeometry())
        settings.setValue(f"{self.key}/columns", self.columns.saveState())

    def reset(self) -> None:
        """Lay the window out as at first, and forget how it was."""
        QSettings().remove(self.key)
        self.window.resize(*self.size)
        self.columns.setSizes(self.widths)
