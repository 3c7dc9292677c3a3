"""What the work of every window is framed by, and the panes that it is divided into."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from tdwii_gui.ui.panels.emulator_strip import EmulatorStrip

if TYPE_CHECKING:
    from PySide6.QtCore import Qt
    from PySide6.QtWidgets import QLayout

_HANDLE: Final = 12


def framed(work: QLayout, *bars: QWidget) -> QWidget:
    """Return the whole of a window: the strip of the emulator, bars across it, and its work."""
    frame = QWidget()
    layout = QVBoxLayout(frame)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(0)
    for bar in (EmulatorStrip(), *bars):
        layout.addWidget(bar)
    layout.addLayout(work, 1)
    return frame


def panes(orientation: Qt.Orientation, name: str, *widgets: QWidget) -> QSplitter:
    """Return widgets with borders between them that the user moves."""
    splitter = QSplitter(orientation)
    splitter.setObjectName(name)
    splitter.setHandleWidth(_HANDLE)
    splitter.setChildrenCollapsible(False)
    for widget in widgets:
        splitter.addWidget(widget)
    return splitter
