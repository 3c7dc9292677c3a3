"""Where the beams of a plan meet (PS3.3 C.8.8.14, C.8.8.25: Isocenter Position)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tdwii_gui.dicom.iod import tolerant

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from tdwii_gui.dicom.iod.image_plane import Vector


@dataclass(frozen=True, slots=True)
class Isocenter:
    """An isocentre, in mm in the patient, and the numbers of the beams that have it."""

    position: Vector
    beam_numbers: tuple[int, ...]


def read_isocenters(dataset: Dataset) -> tuple[Isocenter, ...]:
    """Return the isocentres of an RT Plan or RT Ion Plan, each once, in the order of the beams.

    The position is that of a beam's first control point; beams that give none are left out.
    """
    beams: dict[Vector, list[int]] = {}
    for keyword in ("", "Ion"):
        for beam in tolerant.items(dataset, f"{keyword}BeamSequence"):
            point = tolerant.first_item(beam, f"{keyword}ControlPointSequence")
            position = _position(point)
            if position is not None:
                number = int(tolerant.number(beam, "BeamNumber") or 0)
                beams.setdefault(position, []).append(number)
    return tuple(Isocenter(position, tuple(numbers)) for position, numbers in beams.items())


def _position(point: Dataset) -> Vector | None:
    try:
        values = [float(v) for v in tolerant.text(point, "IsocenterPosition").split("\\")]
    except ValueError:
        return None
    if len(values) != 3 or not all(map(math.isfinite, values)):
        return None
    return (values[0], values[1], values[2])
