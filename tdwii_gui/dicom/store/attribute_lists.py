"""Attribute and modification lists of DIMSE-N requests: what of them becomes part of an object."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pydicom.datadict import keyword_for_tag
from pydicom.tag import Tag

from tdwii_gui.dicom.store.encoding import duplicate, put

if TYPE_CHECKING:
    from collections.abc import Container

    from pydicom.dataset import Dataset

_UTF_8: Final = "ISO_IR 192"
_OF_THE_COMMAND: Final = (int(Tag("SOPClassUID")), int(Tag("SOPInstanceUID")))
_CHARACTER_SET: Final = Tag("SpecificCharacterSet")


def without_command_elements(
    dataset: Dataset, *, with_uids: bool = True
) -> tuple[Dataset, list[str]]:
    """Return a copy without elements that belong into the command, and the names of these.

    Peers are known to send group 0000 and 0002 elements and the SOP Class and Instance UID within
    the data set, where PS3.4 5.4.2.3 does not want them.

    Parameters
    ----------
    dataset : Dataset
        What came with a request.
    with_uids : bool
        Whether the two UIDs are taken out; where they are keys they are to stay.
    """
    copy = duplicate(dataset)
    uids_of_the_command = _OF_THE_COMMAND if with_uids else ()
    foreign = [
        tag for tag in list(copy.keys()) if tag.group in (0, 2) or tag in uids_of_the_command
    ]
    for tag in foreign:
        del copy[tag]
    return copy, [keyword_for_tag(tag) or str(tag) for tag in foreign]


def merged(stored: Dataset, modifications: Dataset, left_out: Container[int] = ()) -> Dataset:
    """Return an object with the elements of an N-SET, which replace whole sequences.

    Where the character sets differ, all text becomes UTF-8.

    Parameters
    ----------
    left_out : Container of int
        Tags of modifications that are no part of the object.
    """
    result = duplicate(stored)
    given, kept = modifications.get(_CHARACTER_SET), stored.get(_CHARACTER_SET)
    if given is not None and given.value and (kept is None or kept.value != given.value):
        _decode_all(result)
        _decode_all(modifications)
        put(
            result,
            "SpecificCharacterSet",
            _UTF_8 if kept is not None and kept.value else given.value,
        )
    if modifications.original_encoding != stored.original_encoding:
        _decode_all(modifications)
    for tag, element in modifications.items():
        if tag != _CHARACTER_SET and tag not in left_out:
            result[tag] = element
    return result


def _decode_all(dataset: Dataset) -> None:
    """Decode each element, so that none is written in the bytes of another character set."""
    for _ in dataset.iterall():
        pass
