"""The keys of a query of stored instances: which of them are supported, and from where.

What a level and the levels above it have in the index is supported, as are their counters. At
IMAGE level every other standard attribute is looked up in the files, but for bulk data. All else
is not: it is neither matched nor returned (PS3.4 C.2.2.1.3), and the status of the matches says
so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pydicom.datadict import dictionary_VR
from pydicom.dataset import Dataset

from tdwii_gui.dicom.errors import DimseStatusError
from tdwii_gui.dicom.status import Status
from tdwii_gui.dicom.store.instance_index import (
    LEVEL_KEYWORDS,
    UNIQUE_KEYS,
    Level,
    check_uids,
    levels_down_to,
)
from tdwii_gui.dicom.store.instance_totals import TOTALS
from tdwii_gui.dicom.store.matching import Matcher, element_texts, key_test

if TYPE_CHECKING:
    from pydicom.dataelem import DataElement

    from tdwii_gui.dicom.store.matching import TextTest

_NEITHER_KEY_NOR_UNSUPPORTED: Final = frozenset(
    {
        "SpecificCharacterSet",
        "TimezoneOffsetFromUTC",
        "QueryRetrieveLevel",
        "RetrieveAETitle",
        "InstanceAvailability",
    }
)
_BULK: Final = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})


class QueryKeys:
    """The keys of one C-FIND identifier.

    Attributes
    ----------
    indexed : list[str]
        Keywords of the index that are asked for, counters among them.
    texts : dict[str, list[str]]
        The values of those of them that are matched.
    tests : dict[str, TextTest]
        What decides whether a text of the index matches.
    in_files : Dataset
        The keys that are looked up in the files.
    unsupported : list[str]
        The rest, by keyword or tag.

    Raises
    ------
    DimseStatusError
        A900, naming the keyword, if a key is unusable: no value of its VR, a UID with a wildcard,
        or the unique key of a level below.
    """

    def __init__(self, identifier: Dataset, level: Level) -> None:
        Matcher(identifier)  # which tells what is unusable
        self.indexed: list[str] = []
        self.texts: dict[str, list[str]] = {}
        self.tests: dict[str, TextTest] = {}
        self.in_files = Dataset()
        self.unsupported: list[str] = []
        levels = levels_down_to(level)
        supported = {*LEVEL_KEYWORDS[level], *(word for one in levels for word in TOTALS[one])}
        for element in identifier:
            if element.tag.group < 0x0008 or element.tag.element == 0:
                continue
            if element.keyword in supported:
                self._add_indexed(element)
            elif element.keyword not in _NEITHER_KEY_NOR_UNSUPPORTED:
                self._add_other(element, level)

    def _add_indexed(self, element: DataElement) -> None:
        keyword = element.keyword
        self.indexed.append(keyword)
        test = key_test(element)
        if test is None:
            return
        texts = element_texts(element)
        if dictionary_VR(keyword) == "UI":
            check_uids(keyword, texts)
        self.texts[keyword] = texts
        self.tests[keyword] = test

    def _add_other(self, element: DataElement, level: Level) -> None:
        if element.keyword in UNIQUE_KEYS.values() and element_texts(element):
            raise DimseStatusError(
                Status.DATASET_MISMATCH, f"{element.keyword} is of a level below {level}"
            )
        if level is Level.IMAGE and element.keyword and element.VR[:2] not in _BULK:
            self.in_files.add(element)
        else:
            self.unsupported.append(element.keyword or str(element.tag))
