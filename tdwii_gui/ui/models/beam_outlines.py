"""What stands still in a beam: blocks and the applicator, as outlines in the isocentric plane."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from tdwii_gui.dicom.iod import tolerant

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from tdwii_gui.dicom.iod.beam import Beam

Points = tuple[tuple[float, float], ...]

_BLOCKS: Final = ("BlockSequence", "IonBlockSequence")
_CIRCLE_POINTS: Final = 72


class OutlineKind(StrEnum):
    """What an outline stands for."""

    APERTURE = "aperture"
    SHIELDING = "shielding"
    APPLICATOR = "applicator"


@dataclass(frozen=True, slots=True)
class Outline:
    """An outline in mm, in the IEC beam limiting device system.

    Parameters
    ----------
    kind : OutlineKind
        Radiation passes inside of an aperture and of an applicator, and outside of a shielding.
    name : str
        Block Name or Applicator ID; may be empty.
    points : tuple[tuple[float, float], ...]
        The corners; the last one is joined to the first.
    """

    kind: OutlineKind
    name: str
    points: Points


def beam_outlines(beam: Beam) -> tuple[Outline, ...]:
    """Return the outlines of a beam's applicator and blocks; what cannot be read is left out."""
    applicators = [_applicator(item) for item in tolerant.items(beam.item, "ApplicatorSequence")]
    blocks = [_block(item) for key in _BLOCKS for item in tolerant.items(beam.item, key)]
    return tuple(each for each in (*applicators, *blocks) if each is not None)


def _block(item: Dataset) -> Outline | None:
    """Return a block; Block Data are pairs, projected onto the isocentric plane (C.8.8.14.4)."""
    numbers = _numbers(item, "BlockData")
    points = tuple(zip(numbers[::2], numbers[1::2], strict=False))
    if len(points) < 3:
        return None
    is_aperture = tolerant.text(item, "BlockType") == "APERTURE"
    kind = OutlineKind.APERTURE if is_aperture else OutlineKind.SHIELDING
    return Outline(kind, tolerant.text(item, "BlockName"), points)


def _applicator(item: Dataset) -> Outline | None:
    """Return the opening of an applicator (Applicator Geometry Sequence, C.8.8.14)."""
    geometry = tolerant.first_item(item, "ApplicatorGeometrySequence")
    opening = tolerant.number(geometry, "ApplicatorOpening")
    width = tolerant.number(geometry, "ApplicatorOpeningX") or opening
    height = tolerant.number(geometry, "ApplicatorOpeningY") or opening
    if not width or not height or width < 0 or height < 0:
        return None
    name = tolerant.text(item, "ApplicatorID")
    if tolerant.text(geometry, "ApplicatorApertureShape") == "SYM_CIRCULAR":
        return Outline(OutlineKind.APPLICATOR, name, _circle(width / 2))
    x, y = width / 2, height / 2
    return Outline(OutlineKind.APPLICATOR, name, ((-x, -y), (x, -y), (x, y), (-x, y)))


def _circle(radius: float) -> Points:
    angles = (2 * math.pi * step / _CIRCLE_POINTS for step in range(_CIRCLE_POINTS))
    return tuple((radius * math.cos(angle), radius * math.sin(angle)) for angle in angles)


def _numbers(item: Dataset, keyword: str) -> list[float]:
    try:
        values = [float(part) for part in tolerant.text(item, keyword).split("\\")]
    except ValueError:
        return []
    return values if all(map(math.isfinite, values)) else []
