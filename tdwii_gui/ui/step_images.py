"""Which instances can be looked at, and in which order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tdwii_gui.dicom.uids import uid_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tdwii_gui.dicom.store.instance_summary import InstanceSummary


def is_image(sop_class_uid: str) -> bool:
    """Return whether instances of a SOP Class have pixels to look at."""
    return uid_name(sop_class_uid).endswith("Image Storage")


def in_order(summaries: Iterable[InstanceSummary]) -> list[InstanceSummary]:
    """Return instances series by series, each by its Instance Numbers."""
    return sorted(summaries, key=lambda one: (one.series_instance_uid, _whole(one.instance_number)))


def _whole(text: str) -> int:
    try:
        return int(text[:12])
    except ValueError:
        return 0
