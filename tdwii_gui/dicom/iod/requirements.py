"""Checks of UPS data sets against the table of attribute requirements (PS3.4 CC.2.5, CC.2.6).

The service checks what it is sent, the builders what they made, and a message inspector shows the
table itself through `ups_requirements`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pydicom import config
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence as ItemSequence
from pydicom.valuerep import validate_value

from tdwii_gui.dicom.iod import tolerant
from tdwii_gui.dicom.iod.legal import has_extended_text
from tdwii_gui.dicom.iod.requirement_table import (
    Condition,
    ProfileRule,
    Requirement,
    UpsRequirements,
    Usage,
    ups_requirements,
)
from tdwii_gui.dicom.status import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from pydicom.dataelem import DataElement
    from pydicom.dataset import Dataset

__all__ = [
    "Condition",
    "ProfileRule",
    "Requirement",
    "UpsRequirements",
    "Usage",
    "Violation",
    "check_create",
    "check_final",
    "check_set",
    "is_match_key",
    "match_key_type",
    "return_keys",
    "ups_requirements",
]

_CHECKED_VRS: Final = frozenset({"AE", "DA", "DS", "DT", "IS", "UI"})


@dataclass(frozen=True, slots=True)
class Violation:
    """A requirement that a data set does not meet.

    Parameters
    ----------
    status : Status
        The status that the service answers with.
    attribute : str
        Path with item numbers from 1, e.g. ``"InputInformationSequence[2].StudyInstanceUID"``.
    text : str
        The last keyword and what is wrong with it, as an Error Comment (at most 64 characters).
    """

    status: Status
    attribute: str
    text: str


def check_create(dataset: Dataset) -> list[Violation]:
    """Return what the attribute list of an N-CREATE lacks or must not hold (PS3.4 CC.2.5).

    The status is 0120 for a missing type 1 or 2 attribute, 0121 for a type 1 attribute without
    value, 0106 for a value that is not allowed, 0105 for an attribute that is not allowed, and
    C309 for a Procedure Step State other than SCHEDULED. A type 1C or 2C attribute counts only
    where the data set itself tells that its condition holds.
    """
    found = list(_check(dataset, ups_requirements().top_level, _creation, ""))
    state = tolerant.text(dataset, "ProcedureStepState")
    if state and state != "SCHEDULED":
        found = [each for each in found if each.attribute != "ProcedureStepState"]
        text = "ProcedureStepState is not SCHEDULED"
        found.append(Violation(Status.UPS_NOT_CREATED_SCHEDULED, "ProcedureStepState", text))
    return found + _character_set_violations(dataset)


def check_set(dataset: Dataset) -> list[Violation]:
    """Return what the modification list of an N-SET must not hold (PS3.4 CC.2.6).

    The status codes are those of `check_create`. The Transaction UID, being the key to the step,
    is left to the service. An attribute that a creation must give a value to cannot be emptied.
    """
    found = list(_check(dataset, ups_requirements().top_level, _modification, ""))
    found.extend(
        _violation(Status.MISSING_ATTRIBUTE_VALUE, each.path, "has no value")
        for each in ups_requirements().top_level
        if each.n_create.scu == "1" and each.n_set.scu != "N" and _is_emptied(dataset, each)
    )
    return found + _character_set_violations(dataset)


def check_final(dataset: Dataset, state: str) -> list[Violation]:
    """Return what a UPS lacks before it may become COMPLETED or CANCELED (PS3.4 CC.2.5.1.1).

    The status is always C304. Attributes of code RC ("if known") are not asked for, except a
    Specific Character Set where a text needs one.

    Parameters
    ----------
    dataset : Dataset
        The whole UPS as the TMS keeps it.
    state : str
        The final state wanted, COMPLETED or CANCELED.
    """
    codes = {"R", "P"} if state == "COMPLETED" else {"R", "X"}
    found = list(_check_final(dataset, ups_requirements().top_level, codes, ""))
    return found + [
        Violation(Status.UPS_FINAL_STATE_UNMET, each.attribute, each.text)
        for each in _character_set_violations(dataset)
    ]


def match_key_type(path: str) -> str:
    """Return whether C-FIND must (R), may (O) or uniquely (U) match an attribute, or ``-``.

    Parameters
    ----------
    path : str
        Keywords from the top level down, joined by dots.
    """
    requirement = ups_requirements().lookup(path)
    known = requirement is not None and requirement.match_key in ("R", "O", "U")
    return requirement.match_key if requirement is not None and known else "-"


def is_match_key(path: str) -> bool:
    """Return whether an attribute, given by its path of keywords, is a matching key of C-FIND."""
    return match_key_type(path) != "-"


def return_keys() -> tuple[Requirement, ...]:
    """Return the top-level attributes that C-FIND returns when they are asked for."""
    return tuple(each for each in ups_requirements().top_level if each.return_key in _RETURNED)


_RETURNED: Final = frozenset({"1", "1C", "2", "2C", "3"})


def _creation(requirement: Requirement) -> Usage:
    return requirement.n_create


def _modification(requirement: Requirement) -> Usage:
    return requirement.n_set


def _check(
    dataset: Dataset,
    requirements: Iterable[Requirement],
    usage_of: Callable[[Requirement], Usage],
    prefix: str,
) -> Iterator[Violation]:
    for requirement in requirements:
        path = prefix + requirement.keyword
        usage = usage_of(requirement)
        if requirement.keyword not in dataset:
            if _is_needed(requirement, usage, dataset):
                yield _violation(Status.MISSING_ATTRIBUTE, path, "is missing")
            continue
        if usage.scu == "N":
            yield _violation(Status.NO_SUCH_ATTRIBUTE, path, "is not allowed")
            continue
        found = tolerant.element(dataset, requirement.keyword)
        if found is None:
            yield _violation(Status.INVALID_ATTRIBUTE_VALUE, path, "cannot be read")
        elif _has_no_value(found):
            if _needs_value(requirement, usage, dataset):
                yield _violation(Status.MISSING_ATTRIBUTE_VALUE, path, "has no value")
        else:
            inner = list(_check_value(found, requirement, usage_of, path))
            yield from inner
            if usage.empty and not inner:
                yield _violation(Status.INVALID_ATTRIBUTE_VALUE, path, "must be empty")


def _check_value(
    found: DataElement,
    requirement: Requirement,
    usage_of: Callable[[Requirement], Usage],
    path: str,
) -> Iterator[Violation]:
    if requirement.vr == "SQ":
        if not isinstance(found.value, ItemSequence):
            yield _violation(Status.INVALID_ATTRIBUTE_VALUE, path, "is no sequence")
            return
        for position, item in enumerate(found.value, start=1):
            yield from _check(item, requirement.children, usage_of, f"{path}[{position}].")
    elif not _is_legal(found, requirement):
        yield _violation(Status.INVALID_ATTRIBUTE_VALUE, path, "has an illegal value")


def _check_final(
    dataset: Dataset, requirements: Iterable[Requirement], codes: set[str], prefix: str
) -> Iterator[Violation]:
    for requirement in requirements:
        path = prefix + requirement.keyword
        wanted = requirement.final.scu in codes
        found = tolerant.element(dataset, requirement.keyword)
        if wanted and found is None:
            yield _violation(Status.UPS_FINAL_STATE_UNMET, path, "is missing")
        elif wanted and found is not None and not requirement.final.empty and _has_no_value(found):
            yield _violation(Status.UPS_FINAL_STATE_UNMET, path, "has no value")
        for position, item in enumerate(tolerant.items(dataset, requirement.keyword), start=1):
            below = f"{path}[{position}]."
            yield from _check_final(item, requirement.children, codes, below)


def _is_needed(requirement: Requirement, usage: Usage, dataset: Dataset) -> bool:
    if usage.scu in ("1", "2"):
        return True
    return usage.scu in ("1C", "2C") and _holds(requirement.when, dataset)


def _needs_value(requirement: Requirement, usage: Usage, dataset: Dataset) -> bool:
    return usage.scu == "1" or (usage.scu == "1C" and _holds(requirement.when, dataset))


def _holds(condition: Condition | None, dataset: Dataset) -> bool:
    if condition is None:
        return False
    if condition.kind == "is":
        return tolerant.text(dataset, condition.attributes[0]) in condition.values
    valued = any(_is_valued(dataset, keyword) for keyword in condition.attributes)
    return valued if condition.kind == "has" else not valued


def _is_valued(dataset: Dataset, keyword: str) -> bool:
    found = tolerant.element(dataset, keyword)
    return found is not None and not _has_no_value(found)


def _is_emptied(dataset: Dataset, requirement: Requirement) -> bool:
    found = tolerant.element(dataset, requirement.keyword)
    return found is not None and _has_no_value(found)


def _has_no_value(found: DataElement) -> bool:
    if isinstance(found.value, ItemSequence):
        return len(found.value) == 0
    return found.value is None or str(found.value).strip(" \0") == "" or found.value == []


def _is_legal(found: DataElement, requirement: Requirement) -> bool:
    single = found.value if isinstance(found.value, MultiValue) else [found.value]
    texts = [str(value).strip(" \0") for value in single]
    if requirement.values:
        return all(text in requirement.values + requirement.tolerated for text in texts)
    if requirement.vr not in _CHECKED_VRS:
        return True
    try:
        for text in texts:
            validate_value(requirement.vr, text, config.RAISE)
    except ValueError:
        return False
    return True


def _character_set_violations(dataset: Dataset) -> list[Violation]:
    """Return the missing type 1C Specific Character Set where a text needs one (PS3.3 C.12.1)."""
    if tolerant.text(dataset, "SpecificCharacterSet") or not has_extended_text(dataset):
        return []
    return [_violation(Status.MISSING_ATTRIBUTE, "SpecificCharacterSet", "is missing")]


def _violation(status: Status, path: str, problem: str) -> Violation:
    keyword = path.rpartition(".")[2]
    return Violation(status, path, f"{keyword} {problem}"[:64])
