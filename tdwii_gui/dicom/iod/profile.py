"""Checks of UPS messages against the rules of IHE-RO TDW-II (content of creation, RO-62, RO-64).

They read what is encoded without decoding it, as a TMS makes them with each message.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from pydicom import uid as sop_classes
from pydicom.tag import Tag

from tdwii_gui.dicom.errors import DatasetError, Finding
from tdwii_gui.dicom.iod import codes
from tdwii_gui.dicom.iod.attributes import Attributes, attributes_of
from tdwii_gui.dicom.iod.requirements import ProfileRule, ups_requirements
from tdwii_gui.dicom.iod.rtbdi import TreatmentDeliveryType
from tdwii_gui.dicom.status import Status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydicom.dataset import Dataset

    from tdwii_gui.dicom.iod.codes import Code

ProfileMessage: TypeAlias = Literal["create", "progress", "final", "completed"]

_NUMERIC: Final = ("NUMERIC", "NUM")
_CODE_VALUES: Final = tuple(
    int(Tag(keyword)) for keyword in ("CodeValue", "LongCodeValue", "URNCodeValue")
)
_SCHEME: Final = int(Tag("CodingSchemeDesignator"))
_CONCEPT_NAME: Final = int(Tag("ConceptNameCodeSequence"))
_VALUE_TYPE: Final = int(Tag("ValueType"))
_TEXT_VALUE: Final = int(Tag("TextValue"))
_NUMERIC_VALUE: Final = int(Tag("NumericValue"))
_PARAMETERS: Final = int(Tag("ScheduledProcessingParametersSequence"))
_SERIES: Final = int(Tag("ReferencedSeriesSequence"))
_INSTANCES: Final = int(Tag("ReferencedSOPSequence"))
_INSTANCE_CLASS: Final = int(Tag("ReferencedSOPClassUID"))
_DELIVERY_TYPE: Final = (codes.TREATMENT_DELIVERY_TYPE.value, codes.TREATMENT_DELIVERY_TYPE.scheme)


@dataclass(frozen=True, slots=True)
class ProfileFinding(Finding):
    """What a message lacks of the profile.

    Parameters
    ----------
    status : Status
        With which a service answers that insists on it: 0120, 0121 or 0106, and C304 where a
        step is to become COMPLETED.
    """

    status: Status = Status.INVALID_ATTRIBUTE_VALUE


def check_profile(dataset: Dataset | Attributes, message: ProfileMessage) -> list[ProfileFinding]:
    """Return what a UPS message lacks of the TDW-II profile.

    Parameters
    ----------
    dataset : Dataset
        The attribute list of an N-CREATE, the modification list of RO-62 or RO-64, or the whole
        step that is to become COMPLETED (RO-65).
    message : str
        Which of them it is: create, progress, final or completed.
    """
    given = attributes_of(dataset)
    found = [finding for rule in _rules(message) for finding in _check(given, rule)]
    if message == "completed":
        return [replace(finding, status=Status.UPS_FINAL_STATE_UNMET) for finding in found]
    return found


@dataclass(frozen=True, slots=True)
class _Content:
    """A content item that is wanted."""

    code: tuple[str, str]
    meaning: str
    value_type: str
    value_types: tuple[str, ...]
    tag: int
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Group:
    """SOP classes, to any one of which a reference is wanted."""

    words: str
    uids: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Rule:
    """A rule of the profile, in the terms of an encoded data set."""

    path: str
    usage: str
    sequences: tuple[int, ...]
    tag: int
    code: Code | None
    content: tuple[_Content, ...]
    classes: tuple[_Group, ...]
    classes_for_continuation: tuple[_Group, ...]


@cache
def _rules(message: ProfileMessage) -> tuple[_Rule, ...]:
    return tuple(_rule(rule) for rule in ups_requirements().profile[message])


def _rule(rule: ProfileRule) -> _Rule:
    *sequences, keyword = rule.path.split(".")
    return _Rule(
        path=rule.path,
        usage=rule.usage,
        sequences=tuple(int(Tag(each)) for each in sequences),
        tag=int(Tag(keyword)),
        code=getattr(codes, rule.code) if rule.code else None,
        content=tuple(_content(*item) for item in rule.items),
        classes=tuple(map(_group, rule.classes)),
        classes_for_continuation=tuple(map(_group, rule.classes_for_continuation)),
    )


def _group(keywords: tuple[str, ...]) -> _Group:
    return _Group(" or ".join(keywords), frozenset(getattr(sop_classes, one) for one in keywords))


def _content(name: str, value_type: str, values: tuple[str, ...]) -> _Content:
    concept: Code = getattr(codes, name)
    is_numeric = value_type == "NUMERIC"
    return _Content(
        code=(concept.value, concept.scheme),
        meaning=concept.meaning,
        value_type=value_type,
        value_types=_NUMERIC if is_numeric else (value_type,),
        tag=_NUMERIC_VALUE if is_numeric else _TEXT_VALUE,
        values=values,
    )


def _check(given: Attributes, rule: _Rule) -> Iterator[ProfileFinding]:
    holder: Attributes | None = given
    for sequence in rule.sequences:
        holder = next(iter(_items(holder, sequence)), None) if holder else None
    if holder is None or not holder.is_valued(rule.tag):
        is_there = holder is not None and rule.tag in holder
        status = Status.MISSING_ATTRIBUTE_VALUE if is_there else Status.MISSING_ATTRIBUTE
        yield ProfileFinding(rule.path, f"has no value ({rule.usage})", status)
        return
    if not (rule.code or rule.content or rule.classes):
        return
    items = _items(holder, rule.tag)
    if rule.code and (not items or _code(items[0]) != (rule.code.value, rule.code.scheme)):
        yield ProfileFinding(rule.path, f"is not ({rule.code.value}, {rule.code.scheme})")
    yield from _check_content(items, rule)
    if rule.classes:
        yield from _check_references(given, items, rule)


def _check_content(items: list[Attributes], rule: _Rule) -> Iterator[ProfileFinding]:
    if not rule.content:
        return
    named: dict[tuple[str, str], Attributes] = {}
    for item in items:
        for name in _items(item, _CONCEPT_NAME)[:1]:
            named.setdefault(_code(name), item)
    for wanted in rule.content:
        found = named.get(wanted.code)
        if found is None:
            yield ProfileFinding(rule.path, f"lacks the {wanted.meaning}")
            continue
        if found.text(_VALUE_TYPE) not in wanted.value_types:
            text = f"has a {wanted.meaning} that is not {wanted.value_type}"
            yield ProfileFinding(rule.path, text)
        value = found.text(wanted.tag)
        if not value or (wanted.values and value not in wanted.values):
            yield ProfileFinding(rule.path, f"has a {wanted.meaning} without a legal value")


def _check_references(
    given: Attributes, items: list[Attributes], rule: _Rule
) -> Iterator[ProfileFinding]:
    groups = rule.classes
    if rule.classes_for_continuation and _is_continuation(given):
        groups += rule.classes_for_continuation
    present = {uid for item in items for uid in _referenced_classes(item)}
    for group in groups:
        if present.isdisjoint(group.uids):
            yield ProfileFinding(rule.path, f"refers to no {group.words}")


def _referenced_classes(item: Attributes) -> Iterator[str]:
    """Yield the SOP classes of an item; some systems name instances in a series alone."""
    instances = _items(item, _INSTANCES)
    if not instances:
        instances = [
            each for series in _items(item, _SERIES)[:1] for each in _items(series, _INSTANCES)
        ]
    for instance in instances:
        yield instance.text(_INSTANCE_CLASS)


def _is_continuation(given: Attributes) -> bool:
    return any(
        item.text(_TEXT_VALUE) == TreatmentDeliveryType.CONTINUATION
        for item in _items(given, _PARAMETERS)
        for name in _items(item, _CONCEPT_NAME)[:1]
        if _code(name) == _DELIVERY_TYPE
    )


def _code(item: Attributes) -> tuple[str, str]:
    value = next(filter(None, map(item.text, _CODE_VALUES)), "")
    return value, item.text(_SCHEME)


def _items(holder: Attributes, sequence: int) -> list[Attributes]:
    """Return the items of a sequence; none where it is none or cannot be read."""
    try:
        return holder.items(sequence)
    except DatasetError:
        return []
