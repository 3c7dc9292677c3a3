"""The path of an attribute in a data set, as people write it.

``ScheduledProcessingParametersSequence[0].ConceptNameCodeSequence[0].CodeValue``: keywords of the
dictionary (PS3.6), the items of sequences counted from 0, `-1` for the last one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pydicom.datadict import dictionary_VR, tag_for_keyword

from tdwii_gui.dicom.errors import ConfigError

if TYPE_CHECKING:
    from pydicom.dataelem import DataElement
    from pydicom.dataset import Dataset

_PART: Final = re.compile(r"([A-Za-z0-9]+)(?:\[(-1|[0-9]{1,6})\])?")


@dataclass(frozen=True, slots=True)
class AttributePath:
    """Where an attribute is: the items that lead to it, and its keyword.

    Parameters
    ----------
    items : tuple[tuple[str, int], ...]
        The keyword of each sequence on the way, and the index of its item.
    keyword : str
        Of the attribute.
    """

    items: tuple[tuple[str, int], ...]
    keyword: str

    @classmethod
    def parse(cls, text: str) -> AttributePath:
        """Return the path that a text says.

        Raises
        ------
        ConfigError
            If there can be no such attribute: a keyword is not in the dictionary, what is before a
            point is no sequence or lacks the number of its item, or the last part has one.
        """
        *before, last = text.split(".")
        items = []
        for part in before:
            keyword, index = _part(part, text)
            if _vr(keyword, text) != "SQ":
                raise ConfigError(f"{text!r}: {keyword} is no sequence")
            if index is None:
                raise ConfigError(f"{text!r}: which item of {keyword}? ({keyword}[0] is the first)")
            items.append((keyword, index))
        keyword, index = _part(last, text)
        _vr(keyword, text)
        if index is not None:
            raise ConfigError(f"{text!r}: the path ends with an item, not with an attribute of it")
        return cls(tuple(items), keyword)

    @property
    def vr(self) -> str:
        """The Value Representation by the dictionary; "US or SS" where that depends."""
        return dictionary_VR(self.keyword)

    def holder(self, dataset: Dataset) -> Dataset | None:
        """Return the data set or item that holds the attribute, or could; None if it is absent."""
        here = dataset
        for keyword, index in self.items:
            found = here.get(keyword)
            if not found or not -len(found) <= index < len(found):
                return None
            here = found[index]
        return here

    def find(self, dataset: Dataset) -> DataElement | None:
        """Return the attribute of a data set, or None if it is absent."""
        holder = self.holder(dataset)
        if holder is None or self.keyword not in holder:
            return None
        element: DataElement = holder[self.keyword]
        return element

    def __str__(self) -> str:
        return ".".join([*(f"{keyword}[{index}]" for keyword, index in self.items), self.keyword])


def _part(part: str, text: str) -> tuple[str, int | None]:
    found = _PART.fullmatch(part)
    if found is None:
        raise ConfigError(f"{text!r}: {part!r} is no keyword with an item, such as BeamSequence[0]")
    return found[1], None if found[2] is None else int(found[2])


def _vr(keyword: str, text: str) -> str:
    if tag_for_keyword(keyword) is None:
        raise ConfigError(f"{text!r}: {keyword} is no attribute of the dictionary")
    return dictionary_VR(keyword)
