"""The ladder as a picture in a file: SVG or PNG."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QBuffer, QCoreApplication, QIODevice, QRect, QSaveFile, QSize
from PySide6.QtGui import QColor, QImage, QImageWriter, QPainter
from PySide6.QtSvg import QSvgGenerator

from tdwii_gui.ui.theme import current_theme
from tdwii_gui.ui.views.ladder_layout import Fonts, LadderPainter, geometry

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from PySide6.QtGui import QFont, QPaintDevice

    from tdwii_gui.ui.models.arrow import Arrow, Lane
    from tdwii_gui.ui.views.ladder_view import LadderView

_WIDTH: Final = 1000.0
_ROWS_AT_TWICE: Final = 150
_ROWS: Final = 400
"""The newest so many: longer pictures can neither be shown nor printed."""


class LadderPicture:
    """The ladder as it is now; later changes do not show in it.

    Parameters
    ----------
    arrows : Sequence[Arrow]
        Of which the newest 400 are drawn.
    """

    def __init__(self, lanes: Sequence[Lane], arrows: Sequence[Arrow], font: QFont) -> None:
        self._lanes = tuple(lanes)
        self._arrows = tuple(arrows[-_ROWS:])
        self._left_out = len(arrows) - len(self._arrows)
        self._fonts = Fonts(font)
        self._theme = current_theme()
        self._places = geometry(self._lanes, _WIDTH, self._fonts)

    @classmethod
    def of(cls, view: LadderView) -> LadderPicture:
        """Return the picture of the arrows that a ladder shows."""
        return cls(view.lanes, view.arrows.shown(), view.font())

    @property
    def size(self) -> QSize:
        """The size in logical pixels."""
        rows = len(self._arrows) + (1 if self._left_out else 0)
        height = self._places.head_height + rows * self._places.row_height + 16
        return QSize(round(self._places.width), round(height))

    def save(self, path: Path) -> None:
        """Write a file, SVG by its suffix, else PNG; may be called on any thread.

        Raises
        ------
        OSError
            If the file cannot be written.
        """
        if path.suffix.lower() == ".svg":
            self.save_svg(path)
        else:
            self.save_png(path)

    def save_svg(self, path: Path) -> None:
        """Write an SVG file.

        Raises
        ------
        OSError
            If the file cannot be written.
        """
        buffer = QBuffer()
        generator = QSvgGenerator()
        generator.setOutputDevice(buffer)
        generator.setSize(self.size)
        generator.setViewBox(QRect(0, 0, self.size.width(), self.size.height()))
        generator.setTitle(QCoreApplication.translate("LadderPicture", "Ladder"))
        self._draw(generator, 1)
        _write(path, buffer)

    def save_png(self, path: Path) -> None:
        """Write a PNG file, at twice the size unless that would be huge.

        Raises
        ------
        OSError
            If the file cannot be written.
        """
        scale = 2 if len(self._arrows) <= _ROWS_AT_TWICE else 1
        image = QImage(self.size * scale, QImage.Format.Format_RGB32)
        self._draw(image, scale)
        buffer = QBuffer()
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        QImageWriter(buffer, b"png").write(image)
        _write(path, buffer)

    def _draw(self, device: QPaintDevice, scale: int) -> None:
        card = QColor(self._theme.card)
        painter = QPainter(device)
        painter.scale(scale, scale)
        painter.fillRect(QRect(0, 0, self.size.width(), self.size.height()), card)
        draw = LadderPainter(painter, self._theme, self._fonts, self._places)
        painter.save()
        painter.translate(0, self._places.head_height)
        notes = 1 if self._left_out else 0
        # Dashes cost by the square of a line's length.
        for place in range(notes + len(self._arrows)):
            top = place * self._places.row_height
            draw.life_lines(top, top + self._places.row_height)
        if notes:
            text = QCoreApplication.translate("LadderPicture", "{0} older exchanges are left out")
            draw.note(0, text.format(f"{self._left_out:,}"), card)
        for place, arrow in enumerate(self._arrows, start=notes):
            draw.arrow(place, arrow, card)
        painter.restore()
        draw.lanes(self._lanes)
        painter.end()


def _write(path: Path, buffer: QBuffer) -> None:
    """Write a file whole or not at all."""
    file = QSaveFile(str(path))
    if not file.open(QIODevice.OpenModeFlag.WriteOnly):
        raise OSError(f"{path}: {file.errorString()}")
    file.write(buffer.data())
    if not file.commit():
        raise OSError(f"{path}: {file.errorString()}")
