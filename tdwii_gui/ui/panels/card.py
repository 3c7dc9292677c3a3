"""A card: the ground on which everything stands."""

from __future__ import annotations

from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from tdwii_gui.ui.panels.labels import ElidedLabel

PADDING = 14
SPACING = 12


class Card(QFrame):
    """A frame with a title line and a body.

    Attributes
    ----------
    head : QHBoxLayout
        Right of the title.
    body : QVBoxLayout
        Below it.
    """

    def __init__(self, title: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("card", True)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(PADDING, PADDING - 2, PADDING, PADDING)
        outer.setSpacing(10)
        line = QHBoxLayout()
        line.setSpacing(8)
        # Its middle is left out where the buttons need the room.
        self._title = ElidedLabel(title)
        self._title.setProperty("role", "heading")
        self._title.setVisible(bool(title))
        line.addWidget(self._title, 1)
        line.addStretch(0)
        self.head = QHBoxLayout()
        self.head.setSpacing(8)
        line.addLayout(self.head)
        outer.addLayout(line)
        self.body = QVBoxLayout()
        self.body.setSpacing(8)
        outer.addLayout(self.body, 1)

    def set_title(self, text: str) -> None:
        """Change the title."""
        self._title.set_text(text)
        self._title.setVisible(bool(text))


def column(*widgets: QWidget, spacing: int = SPACING) -> QWidget:
    """Return widgets one below the other, the last one with the space that is left."""
    holder = QWidget()
    layout = QVBoxLayout(holder)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(spacing)
    for widget in widgets:
        layout.addWidget(widget)
    if widgets:
        layout.setStretch(len(widgets) - 1, 1)
    return holder
