"""A patient's photograph as an image, decoded without a library for pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QImage

from tdwii_gui.dicom.errors import TdwiiError
from tdwii_gui.dicom.iod import tolerant

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydicom.dataset import Dataset

    from tdwii_gui.actors.tdd import Tdd
    from tdwii_gui.dicom.iod.ups import Ups
    from tdwii_gui.ui.panels.desk import Desk

_LARGEST: Final = 4096
_COLOURS: Final = {
    (1, "MONOCHROME2"): QImage.Format.Format_Grayscale8,
    (3, "RGB"): QImage.Format.Format_RGB888,
}


def fetch_photo(tdd: Tdd, step: Ups, desk: Desk, done: Callable[[QImage | None], None]) -> None:
    """Fetch and decode the photograph of a step's patient, and hand it on."""
    if not step.photos:
        return

    def read(_result: object) -> None:
        image = desk.background.submit("photo", "", lambda: photo_of(tdd, step))
        desk.job(image, QCoreApplication.translate("Photo", "Reading the photo"), done)

    words = QCoreApplication.translate("Photo", "Retrieving the photo")
    desk.job(tdd.retrieve_photos(step), words, read)


def photo_of(tdd: Tdd, step: Ups) -> QImage | None:
    """Return the first photograph of a step's patient that is here; call it off the GUI thread."""
    here = tdd.instances.present(photo.sop_instance_uid for photo in step.photos)
    for reference in step.photos:
        if reference.sop_instance_uid in here:
            try:
                image = decode_photo(tdd.instances.read(reference.sop_instance_uid))
            except TdwiiError:
                continue
            if image is not None:
                return image
    return None


def decode_photo(dataset: Dataset) -> QImage | None:
    """Return an 8 bit grey or RGB image, uncompressed or JPEG; None for what is neither."""
    pixels = dataset.get("PixelData")
    if not isinstance(pixels, bytes) or not pixels:
        return None
    meta = getattr(dataset, "file_meta", None)
    syntax = getattr(meta, "TransferSyntaxUID", None)
    if syntax is not None and syntax.is_encapsulated:
        return _decode_jpeg(pixels)
    rows, columns = tolerant.number(dataset, "Rows"), tolerant.number(dataset, "Columns")
    samples = int(tolerant.number(dataset, "SamplesPerPixel") or 1)
    kind = _COLOURS.get((samples, tolerant.text(dataset, "PhotometricInterpretation")))
    planar = tolerant.number(dataset, "PlanarConfiguration") or 0
    if kind is None or planar or tolerant.number(dataset, "BitsAllocated") != 8:
        return None
    height, width = int(rows or 0), int(columns or 0)
    if not (0 < height <= _LARGEST and 0 < width <= _LARGEST):
        return None
    line = width * samples
    if len(pixels) < line * height:
        return None
    # The image refers to the bytes of Python: a copy owns its own.
    return QImage(pixels, width, height, line, kind).copy()


def _decode_jpeg(pixels: bytes) -> QImage | None:
    start = pixels.find(b"\xff\xd8\xff")
    image = QImage.fromData(pixels[start:]) if start >= 0 else QImage()
    return None if image.isNull() or image.width() > _LARGEST else image
