"""Which images and photographs of a step are here, read off the GUI thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tdwii_gui.dicom.errors import TdwiiError
from tdwii_gui.dicom.uids import uid_name
from tdwii_gui.ui.photo_image import decode_photo

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from PySide6.QtGui import QImage

    from tdwii_gui.dicom.iod.references import InputReference
    from tdwii_gui.dicom.store.instance_store import InstanceStore
    from tdwii_gui.dicom.store.instance_summary import InstanceSummary


def read_images(
    store: InstanceStore, here: Sequence[InputReference]
) -> tuple[list[str], QImage | None]:
    """Return the images among instances, slice after slice, and the first photograph."""
    pictures = {one.sop_instance_uid for one in here if is_image(one.sop_class_uid)}
    photos = {one.sop_instance_uid for one in here if is_photo(one.sop_class_uid)}
    slices = in_order(store.summaries(pictures - photos))
    return [one.sop_instance_uid for one in slices], _first_photo(store, photos)


def is_image(sop_class_uid: str) -> bool:
    """Return whether instances of a SOP Class have pixels to look at."""
    return uid_name(sop_class_uid).endswith("Image Storage")


def is_photo(sop_class_uid: str) -> bool:
    """Return whether instances of a SOP Class are photographs."""
    return is_image(sop_class_uid) and "Photographic" in uid_name(sop_class_uid)


def in_order(summaries: Iterable[InstanceSummary]) -> list[InstanceSummary]:
    """Return instances series by series, each by its Instance Numbers."""
    return sorted(summaries, key=lambda one: (one.series_instance_uid, _whole(one.instance_number)))


def _first_photo(store: InstanceStore, photos: Iterable[str]) -> QImage | None:
    for uid in photos:
        try:
            image = decode_photo(store.read(uid))
        except TdwiiError:
            continue
        if image is not None:
            return image
    return None


def _whole(text: str) -> int:
    try:
        return int(text[:12])
    except ValueError:
        return 0
