"""Attribute matching of C-FIND (PS3.4 C.2.2.2), for UPS and for query/retrieve.

A `Matcher` reads the keys of an identifier once and then decides on any number of data sets.
No key ever becomes a pattern of another language: wildcards are matched in linear space and
without backtracking over more than the last ``*``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pydicom.datadict import keyword_for_tag
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence
from pydicom.tag import Tag

from tdwii_gui.dicom.errors import DimseStatusError
from tdwii_gui.dicom.iod.part10 import PYDICOM_ERRORS
from tdwii_gui.dicom.status import Status
from tdwii_gui.dicom.store.intervals import Interval, parse, parse_range

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    TextTest = Callable[[list[str]], bool]

MAXIMUM_KEYS: Final = 200
MAXIMUM_KEY_LENGTH: Final = 64

NO_KEYS: Final = frozenset(
    Tag(keyword)
    for keyword in (
        "SpecificCharacterSet",
        "TimezoneOffsetFromUTC",
        "QueryRetrieveLevel",
        "RetrieveAETitle",
        "TransactionUID",
    )
)
"""Elements of an identifier that are not matched."""

_NEVER_MATCHED: Final = NO_KEYS | {Tag("CodeMeaning")}
_NEVER_RETURNED: Final = frozenset({Tag("TransactionUID")})
_SINGLE_VALUE_ONLY: Final = frozenset(
    Tag(keyword)
    for keyword in (
        "ScheduledProcedureStepPriority",
        "InputReadinessState",
        "ProcedureStepState",
        "CodeValue",
        "LongCodeValue",
        "URNCodeValue",
        "CodingSchemeDesignator",
    )
)
"""Attributes without wildcard matching (PS3.4 CC.2.8.1.1; standards of coded entries)."""

_CHARACTER_SET: Final = Tag("SpecificCharacterSet")
_TIMEZONE: Final = Tag("TimezoneOffsetFromUTC")
_WILDCARD_VRS: Final = frozenset({"AE", "CS", "LO", "LT", "SH", "ST", "UC", "UR", "UT"})
_MOMENT_VRS: Final = frozenset({"DA", "TM", "DT"})
_NUMBER_VRS: Final = frozenset({"DS", "IS", "FL", "FD", "SL", "SS", "SV", "UL", "US", "UV"})


def matches(identifier: Dataset, dataset: Dataset) -> bool:
    """Return whether a data set matches all keys of an identifier (PS3.4 C.2.2.2).

    Raises
    ------
    DimseStatusError
        A900, naming the keyword, if a key is unusable.
    """
    return Matcher(identifier).matches(dataset)


def return_keys(identifier: Dataset, dataset: Dataset) -> Dataset:
    """Return the attributes of a data set that an identifier asks for (PS3.4 C.4.1.1.3.2).

    Raises
    ------
    DimseStatusError
        A900, naming the keyword, if a key is unusable.
    """
    return Matcher(identifier).return_keys(dataset)


class Matcher:
    """The keys of one identifier.

    Parameters
    ----------
    identifier : Dataset
        The identifier of a C-FIND request.

    Raises
    ------
    DimseStatusError
        A900, naming the keyword, if there are too many keys, or one is too long, is no date or
        time, or is a sequence of several items.
    """

    def __init__(self, identifier: Dataset) -> None:
        _check_decodable(identifier)
        try:
            _check_number(identifier)
            self._keys = _Keys(identifier, _timezone(identifier))
        except PYDICOM_ERRORS as error:
            raise DimseStatusError(Status.DATASET_MISMATCH, "a key cannot be decoded") from error

    def matches(self, dataset: Dataset) -> bool:
        """Return whether a data set matches all keys."""
        return self._keys.match(dataset, _timezone(dataset))

    def return_keys(self, dataset: Dataset) -> Dataset:
        """Return the requested attributes of a data set that matches.

        A requested attribute that it lacks is returned without a value. Specific Character Set
        and Timezone Offset From UTC are added where the data set has them.
        """
        answer = self._keys.answer(dataset, _timezone(dataset))
        for tag in (_CHARACTER_SET, _TIMEZONE):
            if tag in dataset:
                answer[tag] = dataset[tag]
            elif tag in answer:
                del answer[tag]
        return answer


def wildcard_match(pattern: str, text: str) -> bool:
    """Return whether a text matches a pattern with ``*`` and ``?`` (PS3.4 C.2.2.2.4)."""
    p = t = 0
    star, resume = -1, 0
    while t < len(text):
        if p < len(pattern) and pattern[p] == "*":
            star, resume = p, t
            p += 1
        elif p < len(pattern) and pattern[p] in ("?", text[t]):
            p += 1
            t += 1
        elif star >= 0:
            resume += 1
            p, t = star + 1, resume
        else:
            return False
    return all(character == "*" for character in pattern[p:])


def has_wildcard(text: str) -> bool:
    """Return whether a key holds a wildcard character."""
    return "*" in text or "?" in text


def element_texts(element: DataElement) -> list[str]:
    """Return the values of an element as texts without padding; empty ones are left out."""
    value = element.value
    values = value if isinstance(value, MultiValue | list | tuple) else [value]
    texts = ("" if each is None else str(each).strip(" \0") for each in values)
    return [text for text in texts if text]


def name_groups(name: str) -> list[str]:
    """Return the component groups of a person name in the form in which they are compared.

    Case, padding around components and empty components at the end do not count.
    """
    groups = name.casefold().split("=")[:3]
    return [
        "^".join(component.strip() for component in group.split("^")).rstrip("^")
        for group in groups
    ]


def key_test(element: DataElement) -> TextTest | None:
    """Return the test that the values of a data set must pass for a key; None if all do.

    For values that are kept as texts; times are without time zones.

    Raises
    ------
    DimseStatusError
        A900, naming the keyword, if the key is unusable.
    """
    if element.VR == "SQ":
        raise _unusable(element, "is no sequence")
    keys = element_texts(element)
    if not keys or keys == ["*"]:
        return None
    test = _test(element, keys, "")
    return lambda texts: test(texts, "")


class _Keys:
    """The keys of an identifier or of the item of a sequence key."""

    __slots__ = ("_requested", "_sequences", "_tests", "universal")

    def __init__(self, item: Dataset, offset: str) -> None:
        self._requested: list[tuple[int, str]] = []
        self._sequences: dict[int, _Keys | None] = {}
        self._tests: list[tuple[int, Callable[[list[str], str], bool]]] = []
        for element in item:
            if element.tag.group < 0x0008 or element.tag.element == 0:
                continue
            self._requested.append((element.tag, element.VR))
            if element.VR == "SQ":
                self._sequences[element.tag] = _sequence_keys(element, offset)
            elif element.tag not in _NEVER_MATCHED:
                keys = element_texts(element)
                if keys and keys != ["*"]:
                    self._tests.append((element.tag, _test(element, keys, offset)))
        self.universal: bool = not self._tests and all(
            keys is None or keys.universal for keys in self._sequences.values()
        )

    def match(self, dataset: Dataset, offset: str) -> bool:
        for tag, test in self._tests:
            found = _element(dataset, tag)
            if found is None or not test(element_texts(found), offset):
                return False
        for tag, keys in self._sequences.items():
            if keys is None or keys.universal:
                continue
            if not any(keys.match(item, offset) for item in _items(dataset, tag)):
                return False
        return True

    def answer(self, dataset: Dataset, offset: str) -> Dataset:
        # Elements go over as they were read: what nobody looks into is never decoded.
        answer = Dataset()
        implicit_vr, little_endian = dataset.original_encoding
        answer.set_original_encoding(implicit_vr, little_endian, dataset.original_character_set)
        for tag, vr in self._requested:
            if tag in _NEVER_RETURNED:
                continue
            if tag not in dataset:
                answer[tag] = DataElement(tag, vr, [] if vr == "SQ" else None)
                continue
            keys = self._sequences.get(tag)
            if keys is None:
                answer[tag] = dataset.get_item(tag)
                continue
            items = (item for item in _items(dataset, tag) if keys.match(item, offset))
            answer[tag] = DataElement(
                tag, "SQ", Sequence(keys.answer(item, offset) for item in items)
            )
        return answer


def _sequence_keys(element: DataElement, offset: str) -> _Keys | None:
    """Return the keys within a sequence key, or None if it asks for the whole sequence."""
    items = element.value or []
    if len(items) > 1:
        raise _unusable(element, "must have one item")
    return _Keys(items[0], offset) if items and len(items[0]) else None


def _items(dataset: Dataset, tag: int) -> Iterable[Dataset]:
    element = _element(dataset, tag)
    return element.value if element is not None and element.VR == "SQ" else ()


def _element(dataset: Dataset, tag: int) -> DataElement | None:
    """Return an element; None if it is absent or cannot be decoded, as what matches no key."""
    try:
        return dataset.get(tag)
    except PYDICOM_ERRORS:
        return None


def _test(element: DataElement, keys: list[str], offset: str) -> Callable[[list[str], str], bool]:
    """Return the test that a data set's values must pass for a key with a value."""
    _check_length(element, keys)
    if element.VR == "UI":
        wanted = frozenset(keys)
        return lambda found, _offset: not wanted.isdisjoint(found)
    if element.VR in _MOMENT_VRS:
        return _moment_test(element, keys, offset)
    if element.VR == "PN":
        patterns = [name_groups(key) for key in keys]
        return lambda found, _offset: any(
            _names_match(pattern, name_groups(text)) for text in found for pattern in patterns
        )
    if element.VR in _NUMBER_VRS:
        return _number_test(element, keys)
    if element.VR in _WILDCARD_VRS and element.tag not in _SINGLE_VALUE_ONLY:
        return lambda found, _offset: any(
            wildcard_match(key, text) for text in found for key in keys
        )
    exact = frozenset(keys)
    return lambda found, _offset: not exact.isdisjoint(found)


def _moment_test(
    element: DataElement, keys: list[str], offset: str
) -> Callable[[list[str], str], bool]:
    vr = element.VR
    try:
        wanted = [parse_range(vr, key, offset) for key in keys]
    except ValueError as error:
        raise _unusable(element, f"is no {vr} and no range of {vr}") from error

    def test(found: list[str], found_offset: str) -> bool:
        intervals = (_interval(vr, text, found_offset) for text in found)
        return any(
            interval is not None and interval.overlaps(key)
            for interval in intervals
            for key in wanted
        )

    return test


def _interval(vr: str, text: str, offset: str) -> Interval | None:
    """Return what a stored value stands for; None if it is not of its VR and matches nothing."""
    try:
        return parse(vr, text, offset)
    except ValueError:
        return None


def _number_test(element: DataElement, keys: list[str]) -> Callable[[list[str], str], bool]:
    try:
        wanted = frozenset(float(key) for key in keys)
    except ValueError as error:
        raise _unusable(element, "is no number") from error
    return lambda found, _offset: any(_number(text) in wanted for text in found)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _names_match(pattern: list[str], name: list[str]) -> bool:
    """Return whether a name matches a key.

    A key of one component group may meet any group of the name; of several, each of the key's
    groups meets the name's group in the same place.
    """
    if len(pattern) == 1:
        return any(_group_matches(pattern[0], group) for group in name)
    padded = [*name, "", "", ""]
    return all(
        not key or _group_matches(key, group) for key, group in zip(pattern, padded, strict=False)
    )


def _group_matches(pattern: str, group: str) -> bool:
    # Components that the name leaves out at its end are empty ones.
    missing = pattern.count("^") - group.count("^")
    return wildcard_match(pattern, group + "^" * missing)


def _timezone(dataset: Dataset) -> str:
    element = dataset.get(_TIMEZONE)
    return "" if element is None else str(element.value or "").strip()


def _check_decodable(identifier: Dataset) -> None:
    for tag in list(identifier.keys()):
        try:
            identifier[tag]
        except PYDICOM_ERRORS as error:
            name = keyword_for_tag(tag) or str(tag)
            raise DimseStatusError(Status.DATASET_MISMATCH, f"{name} cannot be decoded") from error


def _check_number(identifier: Dataset) -> None:
    for number, element in enumerate(identifier.iterall(), start=1):
        if number > MAXIMUM_KEYS:
            raise _unusable(element, f"is beyond the {MAXIMUM_KEYS} keys that are accepted")


def _check_length(element: DataElement, keys: list[str]) -> None:
    for key in keys:
        parts = key.split("=") if element.VR == "PN" else [key]
        if len(parts) > 3 or any(len(part) > MAXIMUM_KEY_LENGTH for part in parts):
            raise _unusable(element, f"has a key over {MAXIMUM_KEY_LENGTH} characters")


def _unusable(element: DataElement, what: str) -> DimseStatusError:
    name = keyword_for_tag(element.tag) or str(element.tag)
    return DimseStatusError(Status.DATASET_MISMATCH, f"{name} {what}")
