"""The dose of the photon plan: a simple model that looks like a dose and is none."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np
from anatomy import ISOCENTRE, PTV, SLICE_POSITIONS, SLICE_THICKNESS, depth_to_skin, skin_sections
from composite import add_frame_of_reference, decimals, new_object, reference
from linac import FIELD_MARGIN, SOURCE_AXIS_DISTANCE, half_field_width
from photon_plan import (
    ARC_GANTRIES,
    BEAMS,
    PHOTON_DOSE,
    PHOTON_PLAN,
    PRESCRIPTION,
    STATIC_GANTRY,
    WINDOW_GANTRY,
    arc_weights,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pydicom.dataset import Dataset

    Grid = NDArray[np.float64]

_COLUMNS: Final = 64
_SPACING: Final = 4.0
_FIRST: Final = -_SPACING * (_COLUMNS - 1) / 2
_ATTENUATION: Final = 0.0046
_PENUMBRA: Final = 2.0
_SCATTER: Final = 0.02
_BUILD_UP: Final = 5.0
_GRAY_PER_STEP: Final = 0.002


def photon_dose() -> Dataset:
    """Return the dose of all fractions, an RT Dose (PS3.3 A.18)."""
    dataset = new_object(PHOTON_DOSE)
    add_frame_of_reference(dataset)
    stored = np.rint(_dose() / _GRAY_PER_STEP).astype("<u2")
    dataset.SliceThickness = decimals([SLICE_THICKNESS])[0]
    dataset.ImagePositionPatient = decimals((_FIRST, _FIRST, SLICE_POSITIONS[0]))
    dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    dataset.PixelSpacing = decimals((_SPACING, _SPACING))
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.NumberOfFrames, dataset.Rows, dataset.Columns = stored.shape
    dataset.FrameIncrementPointer = 0x3004000C
    dataset.GridFrameOffsetVector = decimals(z - SLICE_POSITIONS[0] for z in SLICE_POSITIONS)
    dataset.BitsAllocated = dataset.BitsStored = 16
    dataset.HighBit = 15
    dataset.PixelRepresentation = 0
    dataset.DoseUnits = "GY"
    dataset.DoseType = "PHYSICAL"
    dataset.DoseSummationType = "PLAN"
    dataset.DoseGridScaling = decimals([_GRAY_PER_STEP], 6)[0]
    dataset.TissueHeterogeneityCorrection = "IMAGE"
    dataset.ReferencedRTPlanSequence = [reference(PHOTON_PLAN)]
    dataset.PixelData = stored.tobytes()
    return dataset


def _dose() -> Grid:
    """Return the dose in Gy, of shape (slices, rows, columns): the isocentre gets 70 Gy."""
    axis = _FIRST + _SPACING * np.arange(_COLUMNS)
    z, y, x = np.meshgrid(SLICE_POSITIONS, axis, axis, indexing="ij")
    static, window, arc, _ = (beam.dose or 0.0 for beam in BEAMS)
    dose = static * _beam(x, y, z, STATIC_GANTRY) + window * _beam(x, y, z, WINDOW_GANTRY)
    for gantry, share in zip(ARC_GANTRIES[1:], np.diff(arc_weights()), strict=True):
        dose += arc * share * _beam(x, y, z, gantry)
    dose *= PRESCRIPTION.fractions
    dose[~_inside_body(x, y)] = 0.0
    return dose


def _inside_body(x: Grid, y: Grid) -> NDArray[np.bool_]:
    inside = np.zeros(x.shape, dtype=np.bool_)
    for index, position in enumerate(SLICE_POSITIONS):
        for section in skin_sections(position):
            across = (x[index] - section.x) / section.semi_x
            down = (y[index] - section.y) / section.semi_y
            inside[index] |= across**2 + down**2 <= 1.0
    return inside


def _beam(x: Grid, y: Grid, z: Grid, gantry_angle: float) -> Grid:
    """Return a beam's dose relative to the isocentre: attenuated, divergent, with a penumbra."""
    angle = math.radians(gantry_angle)
    from_x, from_y, from_z = x - ISOCENTRE[0], y - ISOCENTRE[1], z - ISOCENTRE[2]
    towards_source = from_x * math.sin(angle) - from_y * math.cos(angle)
    magnification = SOURCE_AXIS_DISTANCE / (SOURCE_AXIS_DISTANCE - towards_source)
    across = (from_x * math.cos(angle) + from_y * math.sin(angle)) * magnification
    along = from_z * magnification
    half_x = half_field_width(gantry_angle)
    half_z = PTV.semi_axes[2] + FIELD_MARGIN
    beyond_edge = (np.hypot(across / half_x, along / half_z) - 1.0) * half_z
    profile = _SCATTER + (1 - _SCATTER) / (1 + np.exp(beyond_edge / _PENUMBRA))
    depth = np.maximum(depth_to_skin(ISOCENTRE, gantry_angle) - towards_source, 0.0)
    attenuated = np.exp(_ATTENUATION * towards_source) * (1 - 0.6 * np.exp(-depth / _BUILD_UP))
    dose: Grid = profile * attenuated * magnification**2
    return dose
