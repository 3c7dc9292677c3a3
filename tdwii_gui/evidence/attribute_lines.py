"""A data set as lines, one per attribute, for reports and comparisons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pydicom.datadict import dictionary_description, keyword_for_tag
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence as ItemSequence

from tdwii_gui.dicom.iod import tolerant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydicom.dataset import Dataset
    from pydicom.tag import BaseTag

_DEEPEST: Final = 32
"""Items in items are followed so far; no message of the profile comes near."""


@dataclass(frozen=True, slots=True)
class AttributeLine:
    """An attribute of a data set or of one of its items.

    Parameters
    ----------
    path : str
        E.g. ``"ScheduledProcessingParametersSequence[0].TextValue"``, items from 0.
    depth : int
        In how many sequences it is.
    tag : str
        E.g. ``"(0040,4018)"``.
    name : str
        The attribute's name in PS3.6; empty if it is not in there.
    value : str
        Several values are joined by backslashes; how many items or bytes there are for those that
        are no text. May be text of a peer.
    """

    path: str
    depth: int
    tag: str
    name: str
    vr: str
    value: str


def attribute_lines(dataset: Dataset, path: str = "", depth: int = 0) -> Iterator[AttributeLine]:
    """Yield the attributes of a data set in their order, those of items after their sequence.

    What cannot be decoded is told as its value.
    """
    for tag in sorted(dataset.keys()):
        name = _path_name(tag)
        own = f"{path}.{name}" if path else name
        found = tolerant.element(dataset, tag)
        vr = "" if found is None else str(found.VR)
        value = "cannot be decoded" if found is None else _text(found.value)
        yield AttributeLine(own, depth, str(tag).replace(" ", ""), _name(tag), vr, value)
        if found is not None and isinstance(found.value, ItemSequence) and depth < _DEEPEST:
            for place, item in enumerate(found.value):
                yield from attribute_lines(item, f"{own}[{place}]", depth + 1)


def _path_name(tag: BaseTag) -> str:
    return keyword_for_tag(tag) or str(tag).replace(" ", "")


def _name(tag: BaseTag) -> str:
    try:
        return dictionary_description(tag)
    except KeyError:
        return ""


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, ItemSequence):
        return f"{len(value)} item{'' if len(value) == 1 else 's'}"
    if isinstance(value, (bytes, bytearray)):
        return f"{len(value):,} bytes" if value else ""
    if isinstance(value, (MultiValue, list)):
        return "\\".join(str(each) for each in value)
    return str(value)
