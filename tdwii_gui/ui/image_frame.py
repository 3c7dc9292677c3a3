"""Pixels of an image instance, ready to be windowed and painted; decoded on any thread."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtGui import QImage

from tdwii_gui.dicom.iod import tolerant
from tdwii_gui.dicom.iod.image_plane import read_plane
from tdwii_gui.dicom.iod.part10 import PYDICOM_ERRORS

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from tdwii_gui.dicom.iod.image_plane import ImagePlane

_LONGEST_SIDE: Final = 1024
_SOFT_TISSUE: Final = (40.0, 400.0)


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """The first frame of an image.

    Parameters
    ----------
    pixels : numpy.ndarray
        Rows by columns of rescaled values, or rows by columns by 3 of colours.
    aspect : float
        Height of a pixel by its width.
    center, width : float
        The window with which the image is shown first.
    unit : str
        Of the values, e.g. ``"HU"``.
    position : float or None
        Of the slice along its normal, in mm.
    plane : ImagePlane or None
        Where the pixels are in the patient, if the image says so.
    """

    pixels: Any
    aspect: float
    center: float
    width: float
    unit: str
    position: float | None
    plane: ImagePlane | None = None

    @property
    def is_colour(self) -> bool:
        """Whether there is nothing to window."""
        return bool(self.pixels.ndim == 3)

    def image(self, center: float, width: float) -> QImage:
        """Return the frame as it looks in a window of values."""
        import numpy as np

        if self.is_colour:
            octets = np.ascontiguousarray(self.pixels)
            form, stride = QImage.Format.Format_RGB888, octets.shape[1] * 3
        else:
            low = center - width / 2
            scaled = (self.pixels - low) * (255.0 / max(width, 1e-6))
            octets = np.ascontiguousarray(np.clip(scaled, 0, 255).astype(np.uint8))
            form, stride = QImage.Format.Format_Grayscale8, octets.shape[1]
        rows, columns = octets.shape[:2]
        # A copy, for the image does not keep the bytes it is made from.
        return QImage(octets.data, columns, rows, stride, form).copy()


def read_frame(dataset: Dataset) -> Frame | None:
    """Return the first frame of an instance; None if it has none or it cannot be decoded."""
    import numpy as np

    if "PixelData" not in dataset:
        return None
    try:
        pixels = np.asarray(dataset.pixel_array)
    except (*PYDICOM_ERRORS, RuntimeError, MemoryError):
        return None
    is_colour = tolerant.number(dataset, "SamplesPerPixel") == 3
    if pixels.ndim == (4 if is_colour else 3):
        pixels = pixels[0]
    if pixels.ndim != (3 if is_colour else 2) or not pixels.size:
        return None
    step = math.ceil(max(pixels.shape[:2]) / _LONGEST_SIDE)
    pixels = pixels[::step, ::step]
    if is_colour:
        return Frame(pixels.astype(np.uint8), _aspect(dataset), 127.5, 255.0, "", None)
    slope = tolerant.number(dataset, "RescaleSlope")
    intercept = tolerant.number(dataset, "RescaleIntercept") or 0.0
    values = pixels.astype(np.float32) * (1.0 if slope is None else slope) + intercept
    if tolerant.text(dataset, "PhotometricInterpretation") == "MONOCHROME1":
        values = float(values.max()) + float(values.min()) - values
    center, width = _window(dataset, float(values.min()), float(values.max()))
    unit = "HU" if tolerant.text(dataset, "Modality") == "CT" else ""
    position, plane = _position(dataset), read_plane(dataset)
    return Frame(values, _aspect(dataset), center, width, unit, position, plane)


def _window(dataset: Dataset, low: float, high: float) -> tuple[float, float]:
    """Return center and width: those of the image, soft tissue for CT, or all of its values."""
    center, width = (_first(dataset, key) for key in ("WindowCenter", "WindowWidth"))
    if center is not None and width is not None and width > 0:
        return center, width
    if tolerant.text(dataset, "Modality") == "CT":
        return _SOFT_TISSUE
    return (low + high) / 2, max(high - low, 1.0)


def _aspect(dataset: Dataset) -> float:
    values = [_number(part) for part in tolerant.text(dataset, "PixelSpacing").split("\\")]
    if len(values) != 2 or not values[0] or not values[1]:
        return 1.0
    return min(max(values[0] / values[1], 0.05), 20.0)


def _position(dataset: Dataset) -> float | None:
    parts = tolerant.text(dataset, "ImagePositionPatient").split("\\")
    return _number(parts[2]) if len(parts) == 3 else None


def _first(dataset: Dataset, keyword: str) -> float | None:
    return _number(tolerant.text(dataset, keyword).partition("\\")[0])


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
