"""Reading that tolerates every value: what peers send is shown and checked, never a reason to fail.

Absent and unreadable attributes are alike: None, empty text, or no items. `values` is the strict
counterpart for the objects that this suite works from.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence as ItemSequence

from tdwii_gui.dicom.iod.codes import Code
from tdwii_gui.dicom.iod.macros import from_dt
from tdwii_gui.dicom.iod.part10 import PYDICOM_ERRORS

if TYPE_CHECKING:
    from datetime import datetime

    from pydicom.dataelem import DataElement


def element(dataset: Dataset, keyword: str | int) -> DataElement | None:
    """Return an element, or None where it is absent or cannot be read."""
    try:
        return dataset[keyword]
    except PYDICOM_ERRORS:
        return None


def text(dataset: Dataset, keyword: str) -> str:
    """Return a value as text without padding; several values are joined by backslashes."""
    found = element(dataset, keyword)
    if found is None or found.value is None or isinstance(found.value, (ItemSequence, bytes)):
        return ""
    if isinstance(found.value, MultiValue):
        return "\\".join(str(value) for value in found.value)
    return str(found.value).strip(" \0")


def number(dataset: Dataset, keyword: str) -> float | None:
    """Return a value as a finite number, or None."""
    try:
        value = float(text(dataset, keyword))
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def moment(dataset: Dataset, keyword: str, timezone: str = "") -> datetime | None:
    """Return a DT value as an aware moment, or None; see `from_dt`."""
    value = text(dataset, keyword)
    try:
        return from_dt(value, timezone) if value else None
    except (ValueError, OverflowError):
        return None


def items(dataset: Dataset, keyword: str) -> tuple[Dataset, ...]:
    """Return the items of a sequence; none where it is no sequence."""
    found = element(dataset, keyword)
    if found is None or not isinstance(found.value, ItemSequence):
        return ()
    return tuple(found.value)


def first_item(dataset: Dataset, keyword: str) -> Dataset:
    """Return the first item of a sequence, or an empty data set."""
    return next(iter(items(dataset, keyword)), Dataset())


def code(dataset: Dataset, keyword: str) -> Code | None:
    """Return the first item of a Code Sequence, or None where it has none with a value."""
    item = first_item(dataset, keyword)
    texts = (text(item, each) for each in ("CodeValue", "LongCodeValue", "URNCodeValue"))
    value = next(filter(None, texts), "")
    if not value:
        return None
    return Code(value, text(item, "CodingSchemeDesignator"), text(item, "CodeMeaning"))
