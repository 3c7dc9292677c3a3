"""Icons: strokes of 24 by 24 in the theme's colour."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QObject, QRectF, QSize, Qt, Slot
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from tdwii_gui.config.resources import resource_path
from tdwii_gui.ui.theme import appearance, current_theme

if TYPE_CHECKING:
    from PySide6.QtWidgets import QAbstractButton

    from tdwii_gui.ui.theme import Theme

_SIZES = (16, 24, 32, 48)


def icon(name: str, theme: Theme | None = None) -> QIcon:
    """Return an icon of ``resources/icons`` in the text colour of a theme.

    Parameters
    ----------
    name : str
        File name without its suffix.
    theme : Theme or None
        None for the one in use.
    """
    theme = theme or current_theme()
    result = QIcon()
    for mode, colour in (
        (QIcon.Mode.Normal, theme.text),
        (QIcon.Mode.Disabled, theme.muted),
    ):
        for size in _SIZES:
            result.addPixmap(_pixmap(name, colour, size), mode)
    return result


def set_icon(button: QAbstractButton, name: str) -> None:
    """Give a button an icon that follows the theme."""
    _ThemedIcon(button, name)


class _ThemedIcon(QObject):
    """Draws a button's icon anew when another theme is chosen; lives as long as the button."""

    def __init__(self, button: QAbstractButton, name: str) -> None:
        super().__init__(button)
        self._button = button
        self._name = name
        self._draw()
        look = appearance()
        if look is not None:
            look.changed.connect(self._draw)

    @Slot()
    def _draw(self) -> None:
        self._button.setIcon(icon(self._name))


def _pixmap(name: str, colour: str, size: int) -> QPixmap:
    drawing = resource_path("icons", f"{name}.svg").read_text(encoding="utf-8")
    renderer = QSvgRenderer(QByteArray(drawing.replace("currentColor", colour).encode()))
    pixmap = QPixmap(QSize(size, size))
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    renderer.render(painter, QRectF(0, 0, size, size))
    painter.end()
    return pixmap
