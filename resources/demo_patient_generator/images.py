"""The CT series and the patient's photo."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from anatomy import AIR, PAINTED, SLICE_POSITIONS, SLICE_THICKNESS
from composite import Instance, Series, add_frame_of_reference, decimals, new_object
from portrait import draw_portrait
from pydicom.uid import CTImageStorage, VLPhotographicImageStorage

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pydicom.dataset import Dataset

COLUMNS: Final = 160
PIXEL_SPACING: Final = 1.6
FIRST_PIXEL: Final = -PIXEL_SPACING * (COLUMNS - 1) / 2
_RESCALE_INTERCEPT: Final = -1024
_SUBPIXELS: Final = 3

_CT_SERIES: Final = Series(1, "CT", "Planning CT")
CT_IMAGES: Final = tuple(
    Instance(_CT_SERIES, CTImageStorage, number + 1) for number in range(len(SLICE_POSITIONS))
)
PHOTO: Final = Instance(Series(7, "XC", "Patient photo"), VLPhotographicImageStorage)


def ct_images() -> list[Dataset]:
    """Return the CT images, from the feet to the head."""
    # The generator of this name is frozen: its numbers stay the same in all versions of numpy.
    random = np.random.RandomState(20260105)
    return [
        _ct_image(instance, z, random)
        for instance, z in zip(CT_IMAGES, SLICE_POSITIONS, strict=True)
    ]


def _ct_image(instance: Instance, z: float, random: np.random.RandomState) -> Dataset:
    dataset = new_object(instance)
    add_frame_of_reference(dataset)
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    dataset.PatientPosition = "HFS"
    dataset.BodyPartExamined = "HEAD"
    dataset.AcquisitionNumber = 1
    dataset.AcquisitionDate = dataset.ContentDate = dataset.StudyDate
    dataset.AcquisitionTime = dataset.ContentTime = dataset.StudyTime
    dataset.KVP = 120
    dataset.SliceThickness = decimals([SLICE_THICKNESS])[0]
    dataset.SliceLocation = decimals([z])[0]
    dataset.ImagePositionPatient = decimals((FIRST_PIXEL, FIRST_PIXEL, z))
    dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    dataset.PixelSpacing = decimals((PIXEL_SPACING, PIXEL_SPACING))
    dataset.RescaleIntercept = _RESCALE_INTERCEPT
    dataset.RescaleSlope = 1
    dataset.RescaleType = "HU"
    dataset.WindowCenter = 40
    dataset.WindowWidth = 350
    stored = _hounsfield_units(z, random) - _RESCALE_INTERCEPT
    _add_pixels(dataset, np.clip(stored, 0, 4095).astype("<u2"))
    return dataset


def _hounsfield_units(z: float, random: np.random.RandomState) -> NDArray[np.float64]:
    """Return a slice of shape (rows, columns), smooth at the edges and with a scanner's noise."""
    count = COLUMNS * _SUBPIXELS
    step = PIXEL_SPACING / _SUBPIXELS
    axis = FIRST_PIXEL - PIXEL_SPACING / 2 + step * (np.arange(count) + 0.5)
    x, y = axis[np.newaxis, :], axis[:, np.newaxis]
    image = np.full((count, count), float(AIR))
    for shape, hounsfield in PAINTED:
        section = shape.section(z)
        if section is not None:
            across = (x - section.x) / section.semi_x
            down = (y - section.y) / section.semi_y
            image[across**2 + down**2 <= 1.0] = hounsfield
    smooth = image.reshape(COLUMNS, _SUBPIXELS, COLUMNS, _SUBPIXELS).mean(axis=(1, 3))
    noise = random.randint(-5, 6, size=(2, COLUMNS, COLUMNS)).sum(axis=0)
    hounsfield_units: NDArray[np.float64] = np.rint(smooth) + noise
    return hounsfield_units


def photo() -> Dataset:
    """Return the patient's photo, a VL Photographic Image (PS3.3 A.32.4)."""
    dataset = new_object(PHOTO)
    dataset.ImageType = ["ORIGINAL", "PRIMARY"]
    dataset.BodyPartExamined = "HEAD"
    dataset.PatientOrientation = ""
    dataset.AcquisitionContextSequence = []
    dataset.ContentDate = dataset.StudyDate
    dataset.ContentTime = dataset.StudyTime
    dataset.LossyImageCompression = "00"
    _add_pixels(dataset, draw_portrait())
    return dataset


def _add_pixels(dataset: Dataset, pixels: NDArray[np.uint8] | NDArray[np.uint16]) -> None:
    """Add the Image Pixel module (PS3.3 C.7.6.3) of an array (rows, columns[, colours])."""
    in_colour = pixels.ndim == 3
    dataset.SamplesPerPixel = 3 if in_colour else 1
    dataset.PhotometricInterpretation = "RGB" if in_colour else "MONOCHROME2"
    if in_colour:
        dataset.PlanarConfiguration = 0
    dataset.Rows, dataset.Columns = pixels.shape[:2]
    dataset.BitsAllocated = dataset.BitsStored = pixels.itemsize * 8
    dataset.HighBit = dataset.BitsStored - 1
    dataset.PixelRepresentation = 0
    dataset.PixelData = pixels.tobytes()
