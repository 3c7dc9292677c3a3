"""Which attributes of a step can be read and set (PS3.4 CC.2.6, CC.2.7, Table CC.2.5-3).

Each attribute of the table counts as created with the step, with or without a value. Others that
a creator may have added, such as private ones, are there if it did.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from pydicom.datadict import keyword_for_tag
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from tdwii_gui.dicom.iod.requirements import ups_requirements
from tdwii_gui.dicom.store.encoding import duplicate

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tdwii_gui.dicom.iod.requirements import Requirement

_CHARACTER_SET: Final = Tag("SpecificCharacterSet")
_TIMEZONE: Final = Tag("TimezoneOffsetFromUTC")
_TOLD_BY_COMMAND: Final = frozenset({Tag("SOPClassUID"), Tag("SOPInstanceUID")})
_OF_EACH_STEP: Final = frozenset({_CHARACTER_SET, _TIMEZONE})


def selected(ups: Dataset, tags: Iterable[int]) -> Dataset:
    """Return the attributes of a step that an N-GET asks for.

    Of those that it lacks, the ones of type 2 come back without a value (PS3.4 5.4.2.2).
    """
    found = Dataset()
    for tag in {Tag(tag) for tag in (*tags, _CHARACTER_SET)}:
        row = _table().get(tag)
        if tag in ups:
            found[tag] = ups[tag]
        elif row is not None and row.n_get.scp == "2":
            found[tag] = DataElement(tag, row.vr, [] if row.vr == "SQ" else None)
    return found


def left_out(tags: Iterable[int], found: Dataset) -> list[str]:
    """Return which attributes an N-GET asked for in vain: its answer has status 0001 then.

    Attributes of the table are supported whether the step has a value or not, apart from the
    Transaction UID. Those of items are none that could be asked for (PS3.7 10.1.2.1.5).
    """
    return [
        _name(tag)
        for tag in map(Tag, tags)
        if tag not in found and tag not in _TOLD_BY_COMMAND and not _is_returned(tag)
    ]


def settable(modifications: Dataset, ups: Dataset) -> tuple[Dataset, list[str]]:
    """Return what of some modifications a step has, and the names of the rest.

    An N-SET changes attributes and creates none (PS3.4 CC.2.6.2).
    """
    foreign = [
        tag
        for tag in list(modifications.keys())
        if tag not in _table() and tag not in _OF_EACH_STEP and tag not in ups
    ]
    if not foreign:
        return modifications, []
    remaining = duplicate(modifications)
    for tag in foreign:
        del remaining[tag]
    return remaining, [_name(tag) for tag in foreign]


@cache
def _table() -> Mapping[int, Requirement]:
    return {row.tag: row for row in ups_requirements().top_level}


def _is_returned(tag: int) -> bool:
    row = _table().get(tag)
    return tag in _OF_EACH_STEP or (row is not None and row.n_get.scu != "N")


def _name(tag: int) -> str:
    return keyword_for_tag(tag) or str(Tag(tag))
