"""A friendly drawing of nobody, for the patient's photo."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

WIDTH: Final = 160
HEIGHT: Final = 200
_SUBPIXELS: Final = 4

_SKIN: Final = (236, 190, 158)
_SHADE: Final = (217, 164, 132)
_HAIR: Final = (92, 66, 50)
_SHIRT: Final = (46, 117, 128)
_COLLAR: Final = (36, 96, 106)
_WHITE: Final = (250, 250, 248)
_DARK: Final = (52, 44, 42)
_IRIS: Final = (76, 108, 84)
_LIPS: Final = (178, 92, 84)
_BLUSH: Final = (236, 172, 146)

_LETTERS: Final = {
    "D": ("110", "101", "101", "101", "110"),
    "E": ("111", "100", "110", "100", "111"),
    "M": ("101", "111", "111", "101", "101"),
    "O": ("111", "101", "101", "101", "111"),
}

Colour = tuple[int, int, int]


class _Canvas:
    """A picture that is drawn enlarged, so that its edges become smooth."""

    def __init__(self) -> None:
        shape = (HEIGHT * _SUBPIXELS, WIDTH * _SUBPIXELS)
        self.y, self.x = ((axis + 0.5) / _SUBPIXELS for axis in np.indices(shape, dtype=np.float64))
        self.picture = np.zeros((*shape, 3))

    def ellipse(self, x: float, y: float, semi_x: float, semi_y: float) -> NDArray[np.bool_]:
        """Return where an ellipse is; its centre and semi-axes are in pixels of the photo."""
        inside: NDArray[np.bool_] = (
            ((self.x - x) / semi_x) ** 2 + ((self.y - y) / semi_y) ** 2
        ) <= 1.0
        return inside

    def paint(self, where: NDArray[np.bool_], colour: Colour) -> None:
        self.picture[where] = colour

    def paint_pair(
        self, offset: float, y: float, semi_axes: tuple[float, float], colour: Colour
    ) -> None:
        """Paint two ellipses that lie on both sides of the middle."""
        for x in (WIDTH / 2 - offset, WIDTH / 2 + offset):
            self.paint(self.ellipse(x, y, *semi_axes), colour)

    def pixels(self) -> NDArray[np.uint8]:
        """Return the picture in its final size."""
        blocks = self.picture.reshape(HEIGHT, _SUBPIXELS, WIDTH, _SUBPIXELS, 3)
        pixels: NDArray[np.uint8] = np.rint(blocks.mean(axis=(1, 3))).astype(np.uint8)
        return pixels


def draw_portrait() -> NDArray[np.uint8]:
    """Return a portrait of shape (200, 160, 3), RGB."""
    canvas = _Canvas()
    _draw_background(canvas)
    _draw_hair(canvas)
    _draw_shoulders(canvas)
    _draw_head(canvas)
    _draw_face(canvas)
    _draw_badge(canvas)
    return canvas.pixels()


def _draw_background(canvas: _Canvas) -> None:
    shade = np.hypot((canvas.x - 80) / 110, (canvas.y - 85) / 140)[..., np.newaxis]
    canvas.picture[:] = np.array((222, 230, 236)) - shade * np.array((52, 44, 36))


def _draw_hair(canvas: _Canvas) -> None:
    canvas.paint(canvas.ellipse(80, 70, 46, 52) & (canvas.y < 86), _HAIR)


def _draw_shoulders(canvas: _Canvas) -> None:
    canvas.paint(canvas.ellipse(80, 214, 76, 62), _SHIRT)
    canvas.paint(canvas.ellipse(80, 154, 25, 19), _COLLAR)
    canvas.paint(canvas.ellipse(80, 150, 19, 17), _SHADE)
    neck = (abs(canvas.x - 80) < 17) & (canvas.y > 110) & (canvas.y < 152)
    canvas.paint(neck, _SHADE)


def _draw_head(canvas: _Canvas) -> None:
    canvas.paint_pair(41, 86, (7, 12), _SHADE)
    canvas.paint_pair(40, 86, (5, 9), _SKIN)
    face = canvas.ellipse(80, 84, 39, 49)
    canvas.paint(face, _SKIN)
    # A fringe that is parted on one side.
    fringe = face & ~canvas.ellipse(70, 102, 46, 52) & (canvas.y < 78)
    canvas.paint(fringe | (face & (canvas.y < 47)), _HAIR)


def _draw_face(canvas: _Canvas) -> None:
    canvas.paint_pair(23, 101, (8, 5.5), _BLUSH)
    for x in (63.0, 97.0):
        brow = canvas.ellipse(x, 76, 9.5, 6) & ~canvas.ellipse(x, 78.5, 11, 6)
        canvas.paint(brow, _HAIR)
    canvas.paint_pair(17, 85, (6.8, 4.6), _WHITE)
    canvas.paint_pair(17, 85, (3.9, 3.9), _IRIS)
    canvas.paint_pair(17, 85, (2.0, 2.0), _DARK)
    for x in (64.2, 98.2):
        canvas.paint(canvas.ellipse(x, 83.6, 1.0, 1.0), _WHITE)
    canvas.paint(canvas.ellipse(80, 97, 5.5, 5) & ~canvas.ellipse(80, 95, 6.5, 5), _SHADE)
    smile = canvas.ellipse(80, 109, 16, 11) & ~canvas.ellipse(80, 104, 20, 10)
    canvas.paint(smile, _LIPS)
    canvas.paint(smile & canvas.ellipse(80, 107, 13, 10) & (canvas.y < 117), _WHITE)


def _draw_badge(canvas: _Canvas) -> None:
    left, top, dot = 92.0, 176.0, 1.5
    badge = (abs(canvas.x - 107) < 17) & (abs(canvas.y - 180) < 8.5)
    canvas.paint(badge, _WHITE)
    for place, letter in enumerate("DEMO"):
        for row, dots in enumerate(_LETTERS[letter]):
            for column, is_set in enumerate(dots):
                x = left + 3 + (place * 4.3 + column) * dot
                y = top + 0.5 + row * dot
                within = (canvas.x >= x) & (canvas.x < x + dot)
                if is_set == "1":
                    canvas.paint(within & (canvas.y >= y) & (canvas.y < y + dot), _COLLAR)
