"""The head phantom: ellipses that are painted one over the other, slice by slice.

Coordinates are millimetres in the patient system (PS3.3 C.7.6.2.1.1): x to the patient's left,
y to the back, z to the head.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

Point = tuple[float, float, float]

SLICE_POSITIONS: Final = tuple(-72.5 + 5.0 * index for index in range(30))
SLICE_THICKNESS: Final = 5.0

AIR: Final = -1000
BONE: Final = 850


@dataclass(frozen=True, slots=True)
class Ellipse:
    """A section of a shape in one slice."""

    x: float
    y: float
    semi_x: float
    semi_y: float

    def exit_distance(self, x: float, y: float, angle: float) -> float | None:
        """Return how far a ray from a point runs until it leaves the ellipse; None if it misses."""
        step_x, step_y = math.cos(angle) / self.semi_x, math.sin(angle) / self.semi_y
        from_x, from_y = (x - self.x) / self.semi_x, (y - self.y) / self.semi_y
        a = step_x**2 + step_y**2
        b = step_x * from_x + step_y * from_y
        c = from_x**2 + from_y**2 - 1.0
        if b**2 < a * c:
            return None
        distance = (math.sqrt(b**2 - a * c) - b) / a
        return distance if distance > 0 else None

    def polygon(self, points: int) -> list[tuple[float, float]]:
        """Return points on the ellipse, counter-clockwise in x and y."""
        angles = (2 * math.pi * index / points for index in range(points))
        return [
            (self.x + self.semi_x * math.cos(angle), self.y + self.semi_y * math.sin(angle))
            for angle in angles
        ]


@dataclass(frozen=True, slots=True)
class Ellipsoid:
    """An ellipsoid that is parallel to the axes."""

    centre: Point
    semi_axes: Point

    def section(self, z: float) -> Ellipse | None:
        """Return the section with a slice; None where the slice does not meet the ellipsoid."""
        scale_squared = 1.0 - ((z - self.centre[2]) / self.semi_axes[2]) ** 2
        if scale_squared <= 0.0:
            return None
        scale = math.sqrt(scale_squared)
        return Ellipse(
            self.centre[0], self.centre[1], self.semi_axes[0] * scale, self.semi_axes[1] * scale
        )

    def grown(self, margin: float) -> Ellipsoid:
        """Return the ellipsoid with a margin on all sides."""
        x, y, z = self.semi_axes
        return Ellipsoid(self.centre, (x + margin, y + margin, z + margin))


@dataclass(frozen=True, slots=True)
class Cylinder:
    """An elliptic cylinder along z, from the lowest slice up to a height."""

    ellipse: Ellipse
    top: float

    def section(self, z: float) -> Ellipse | None:
        """Return the section with a slice; None above the top."""
        return self.ellipse if z <= self.top else None


Shape = Ellipsoid | Cylinder


def _both_sides(centre: Point, semi_axes: Point) -> list[Ellipsoid]:
    x, y, z = centre
    return [Ellipsoid((x, y, z), semi_axes), Ellipsoid((-x, y, z), semi_axes)]


_HEAD: Final = Ellipsoid((0, 0, 5), (74, 93, 72))
_NOSE_AND_EARS: Final = (
    Ellipsoid((0, -86, -27), (11, 17, 15)),
    *_both_sides((71.5, 12, -14), (7, 13, 18)),
)
_SKIN: Final[tuple[Shape, ...]] = (
    _HEAD,
    Cylinder(Ellipse(0, 22, 56, 62), top=-25),
    Ellipsoid((0, -38, -52), (50, 45, 45)),
    *_NOSE_AND_EARS,
)

TUMOUR: Final = Ellipsoid((28, 10, 12.5), (17, 20, 17.5))
PTV: Final = TUMOUR.grown(5)
BRAINSTEM: Final = Ellipsoid((0, 30, -28), (12, 14, 28))
EYE_LEFT: Final = Ellipsoid((31, -65, -12.5), (12, 12, 12))
EYE_RIGHT: Final = Ellipsoid((-31, -65, -12.5), (12, 12, 12))
ISOCENTRE: Final = PTV.centre


def _painted() -> tuple[tuple[Shape, int], ...]:
    """Return the shapes with their Hounsfield units; a later one covers an earlier one."""
    layers: list[tuple[Shape, int]] = []

    def paint(hounsfield: int, *shapes: Shape) -> None:
        layers.extend((shape, hounsfield) for shape in shapes)

    # The couch.
    paint(150, Ellipsoid((0, 112, 0), (116, 12, 900)))
    paint(-900, Ellipsoid((0, 112, 0), (112, 8, 900)))
    # Skin and muscle, the skull, the jaw.
    paint(-70, *_SKIN)
    paint(25, *_NOSE_AND_EARS)
    paint(45, _HEAD.grown(-3), Cylinder(Ellipse(0, 22, 52, 58), top=-25))
    paint(50, Ellipsoid((0, -38, -52), (46, 41, 42)))
    paint(BONE, Ellipsoid((0, 0, 5), (68, 87, 66)))
    paint(38, Ellipsoid((0, 0, 5), (61.5, 80, 59)))
    paint(BONE, Ellipsoid((0, -40, -58), (41, 36, 22)))
    paint(55, Ellipsoid((0, -34, -58), (34, 34, 26)))
    # The skull base and the spine, the airway.
    paint(BONE, *_both_sides((38, 16, -34), (22, 9, 10)))
    paint(-650, *_both_sides((51, 26, -36), (7, 8, 9)))
    paint(420, Cylinder(Ellipse(0, 20, 17, 12), top=-50))
    paint(600, Cylinder(Ellipse(0, 42, 21, 16), top=-50))
    paint(10, Cylinder(Ellipse(0, 41, 14, 11), top=-50))
    paint(AIR + 30, Cylinder(Ellipse(0, -4, 11, 6), top=-45))
    # The brain: white matter, falx, ventricles, cerebellum, brainstem in its cistern.
    paint(29, *_both_sides((27, 2, 20), (22, 58, 32)))
    paint(62, Ellipsoid((0, 0, 26), (0.9, 79, 48)))
    paint(6, *_both_sides((9, -4, 20), (5, 26, 13)))
    paint(43, Ellipsoid((0, 50, -32), (42, 24, 16)))
    paint(8, BRAINSTEM.grown(4))
    paint(35, BRAINSTEM)
    # The orbits, the nose and its sinuses.
    paint(-85, *_both_sides((31, -59, -12.5), (17, 20, 16)))
    paint(50, *_both_sides((27, -45, -12.5), (2.5, 16, 3.5)))
    paint(12, EYE_LEFT, EYE_RIGHT)
    paint(95, *_both_sides((31, -74.5, -12.5), (5, 2.4, 5)))
    paint(
        AIR + 40, Ellipsoid((0, -64, -34), (13, 17, 15)), *_both_sides((26, -56, -36), (11, 13, 11))
    )
    paint(250, Ellipsoid((0, -64, -34), (1.2, 16, 14)))
    # The tumour: oedema, enhancing rim, necrosis.
    paint(20, TUMOUR.grown(7))
    paint(78, TUMOUR)
    paint(16, Ellipsoid(TUMOUR.centre, (9, 11, 9)))
    return tuple(layers)


PAINTED: Final = _painted()


def skin_sections(z: float) -> list[Ellipse]:
    """Return the sections whose union is the body in a slice."""
    return [section for shape in _SKIN if (section := shape.section(z)) is not None]


def body_outline(z: float, points: int = 96) -> list[tuple[float, float]]:
    """Return the outline of the body in a slice, counter-clockwise in x and y.

    The body is star-shaped as seen from the axis of the head.
    """
    sections = skin_sections(z)
    outline = []
    for index in range(points):
        angle = 2 * math.pi * index / points
        exits = [section.exit_distance(0, 0, angle) for section in sections]
        radius = max((distance for distance in exits if distance is not None), default=0.0)
        outline.append((radius * math.cos(angle), radius * math.sin(angle)))
    return outline


def depth_to_skin(point: Point, gantry_angle: float) -> float:
    """Return the depth of a point below the skin of the head as a beam sees it, in millimetres.

    It is 0 on the skin and outside of the head.
    """
    x, y, z = point
    section = _HEAD.section(z)
    # Towards the source of a supine patient, head first: gantry 0 is above, 90 on the left.
    angle = math.radians(gantry_angle - 90.0)
    distance = section.exit_distance(x, y, angle) if section else None
    return distance or 0.0


def beam_eye_semi_axes(shape: Ellipsoid, gantry_angle: float) -> Point:
    """Return half the extent of an ellipsoid in a gantry's system: across, along z, in depth."""
    angle = math.radians(gantry_angle)
    x, y, z = shape.semi_axes
    across = math.hypot(x * math.cos(angle), y * math.sin(angle))
    in_depth = math.hypot(x * math.sin(angle), y * math.cos(angle))
    return across, z, in_depth
