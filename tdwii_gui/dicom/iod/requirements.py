"""Checks of UPS data sets against the table of attribute requirements (PS3.4 CC.2.5, CC.2.6).

The service checks what it is sent, the builders what they made, and a message inspector shows the
table itself through `ups_requirements`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from pydicom import config
from pydicom.tag import Tag
from pydicom.valuerep import validate_value

from tdwii_gui.dicom.errors import DatasetError
from tdwii_gui.dicom.iod.attributes import Attributes, Encoded, attributes_of
from tdwii_gui.dicom.iod.requirement_table import (
    Condition,
    ProfileRule,
    Requirement,
    UpsRequirements,
    Usage,
    mpps_requirements,
    ups_requirements,
)
from tdwii_gui.dicom.status import Status

if TYPE_CHECKING:
    from collections.abc import Iterable

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
    "check_usage",
    "is_match_key",
    "match_key_type",
    "return_keys",
    "ups_requirements",
]

_VALIDATED_VRS: Final = frozenset({"AE", "DA", "DS", "DT", "IS", "UI"})
_CHECKED_VRS: Final = _VALIDATED_VRS | {"SQ", "US"}
_CHARACTER_SET: Final = "SpecificCharacterSet"
_STATE: Final = Tag("ProcedureStepState")

TableName: TypeAlias = Literal["ups", "mpps"]
Service: TypeAlias = Literal["n_create", "n_set", "final"]
"""The column of a table that a check goes by; "final" is a type in that of MPPS alone."""


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


def check_create(dataset: Dataset | Attributes) -> list[Violation]:
    """Return what the attribute list of an N-CREATE lacks or must not hold (PS3.4 CC.2.5).

    The status is 0120 for a missing type 1 or 2 attribute, 0121 for a type 1 attribute without
    value, 0106 for a value that is not allowed, 0105 for an attribute that is not allowed, and
    C309 for a Procedure Step State other than SCHEDULED. A type 1C or 2C attribute counts only
    where the data set itself tells that its condition holds.
    """
    given = attributes_of(dataset)
    found = check_usage(given, "ups", "n_create")
    if given.text(_STATE) not in ("", "SCHEDULED"):
        found = [each for each in found if each.attribute != "ProcedureStepState"]
        text = "ProcedureStepState is not SCHEDULED"
        found.append(Violation(Status.UPS_NOT_CREATED_SCHEDULED, "ProcedureStepState", text))
    return found


def check_set(dataset: Dataset | Attributes) -> list[Violation]:
    """Return what the modification list of an N-SET must not hold (PS3.4 CC.2.6).

    The status codes are those of `check_create`. The Transaction UID, being the key to the step,
    is left to the service. An attribute that a creation must give a value to cannot be emptied.
    """
    given = attributes_of(dataset)
    found = check_usage(given, "ups", "n_set")
    found.extend(
        _violation(Status.MISSING_ATTRIBUTE_VALUE, each.path, "has no value")
        for each in ups_requirements().top_level
        if each.n_create.scu == "1" and each.n_set.scu != "N"
        if each.tag in given and not given.is_valued(each.tag)
    )
    return found


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
    given = attributes_of(dataset)
    found: list[Violation] = []
    _check_final(given, _final_rows(state), "", found)
    if given.lacks_character_set():
        found.append(_violation(Status.UPS_FINAL_STATE_UNMET, _CHARACTER_SET, "is missing"))
    return found


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


@dataclass(frozen=True, slots=True, eq=False)
class _Row:
    """A requirement as one service or final state has it: what a check looks at, and no more.

    It is equal to itself alone, so that it is found quickly.
    """

    tag: int
    keyword: str
    vr: str
    usage: str
    is_needed: bool
    is_always: bool
    is_checked: bool
    empty: bool
    values: frozenset[str]
    when: _When | None
    children: tuple[_Row, ...]


@dataclass(frozen=True, slots=True)
class _When:
    kind: str
    tags: tuple[int, ...]
    values: tuple[str, ...]

    @classmethod
    def of(cls, condition: Condition | None) -> _When | None:
        if condition is None:
            return None
        tags = tuple(int(Tag(keyword)) for keyword in condition.attributes)
        return cls(condition.kind, tags, condition.values)

    def holds(self, beside: Attributes) -> bool:
        if self.kind == "is":
            return beside.text(self.tags[0]) in self.values
        return any(map(beside.is_valued, self.tags)) == (self.kind == "has")


def check_usage(
    dataset: Dataset | Attributes, table: TableName, service: Service
) -> list[Violation]:
    """Return what a data set lacks or must not hold by a table's column.

    The status codes are those of `check_create`.
    """
    given = attributes_of(dataset)
    found: list[Violation] = []
    _check(given, _rows(table, service), "", found)
    if given.lacks_character_set():
        found.append(_violation(Status.MISSING_ATTRIBUTE, _CHARACTER_SET, "is missing"))
    return found


@cache
def _rows(table: TableName, service: Service) -> tuple[_Row, ...]:
    def of(requirement: Requirement) -> _Row:
        usage: Usage = getattr(requirement, service)
        is_needed = usage.scu in ("1", "2", "1C", "2C")
        return _row(requirement, usage, is_needed, tuple(map(of, requirement.children)))

    return tuple(map(of, ups_requirements().top_level if table == "ups" else mpps_requirements()))


@cache
def _final_rows(state: str) -> tuple[_Row, ...]:
    codes = ("R", "P") if state == "COMPLETED" else ("R", "X")

    def of(requirements: Iterable[Requirement]) -> tuple[_Row, ...]:
        rows = (
            _row(each, each.final, each.final.scu in codes, of(each.children))
            for each in requirements
        )
        return tuple(row for row in rows if row.is_needed or row.children)

    return of(ups_requirements().top_level)


def _row(
    requirement: Requirement, usage: Usage, is_needed: bool, children: tuple[_Row, ...]
) -> _Row:
    return _Row(
        tag=int(requirement.tag),
        keyword=requirement.keyword,
        vr=requirement.vr,
        usage=usage.scu,
        is_needed=is_needed,
        is_always=usage.scu in ("1", "2"),
        is_checked=bool(requirement.vr in _CHECKED_VRS or requirement.values or usage.empty),
        empty=usage.empty,
        values=frozenset(requirement.values + requirement.tolerated),
        when=_When.of(requirement.when),
        children=children,
    )


def _check(given: Attributes, rows: Iterable[_Row], prefix: str, found: list[Violation]) -> None:
    for row in rows:
        if row.tag not in given:
            if row.is_needed and (row.is_always or _holds(row, given)):
                path = prefix + row.keyword
                found.append(_violation(Status.MISSING_ATTRIBUTE, path, "is missing"))
        elif row.usage == "N":
            path = prefix + row.keyword
            found.append(_violation(Status.NO_SUCH_ATTRIBUTE, path, "is not allowed"))
        elif not given.is_valued(row.tag):
            if row.usage == "1" or (row.usage == "1C" and _holds(row, given)):
                path = prefix + row.keyword
                found.append(_violation(Status.MISSING_ATTRIBUTE_VALUE, path, "has no value"))
        elif row.is_checked:
            _check_value(given, row, prefix + row.keyword, found)


def _holds(row: _Row, beside: Attributes) -> bool:
    """Return whether the condition of a type 1C or 2C attribute is known to hold."""
    return row.when is not None and row.when.holds(beside)


def _check_value(given: Attributes, row: _Row, path: str, found: list[Violation]) -> None:
    before = len(found)
    try:
        if row.vr == "SQ":
            shared = given.shared(row.tag)
            if shared is None or not _is_clean(row, shared):
                for position, item in enumerate(given.items(row.tag), start=1):
                    _check(item, row.children, f"{path}[{position}].", found)
        elif not _are_legal(given.texts(row.tag), row):
            found.append(_violation(Status.INVALID_ATTRIBUTE_VALUE, path, "has an illegal value"))
    except DatasetError:
        found.append(_violation(Status.INVALID_ATTRIBUTE_VALUE, path, "cannot be read"))
    if row.empty and len(found) == before:
        found.append(_violation(Status.INVALID_ATTRIBUTE_VALUE, path, "must be empty"))


@lru_cache(maxsize=1024)
def _is_clean(row: _Row, sequence: Encoded) -> bool:
    """Return whether there is nothing to say about a sequence, in whatever data set it is."""
    found: list[Violation] = []
    for item in Attributes({row.tag: sequence}).items(row.tag):
        _check(item, row.children, "", found)
    return not found


def _check_final(
    given: Attributes, rows: Iterable[_Row], prefix: str, found: list[Violation]
) -> None:
    for row in rows:
        path = prefix + row.keyword
        problem = ""
        if row.tag not in given:
            problem = "is missing" if row.is_needed else ""
        elif row.is_needed and not row.empty and not given.is_valued(row.tag):
            problem = "has no value"
        try:
            items = given.items(row.tag) if row.children else []
        except DatasetError:
            items, problem = [], "cannot be read"
        if problem:
            found.append(_violation(Status.UPS_FINAL_STATE_UNMET, path, problem))
        for position, item in enumerate(items, start=1):
            _check_final(item, row.children, f"{path}[{position}].", found)


def _are_legal(texts: list[str], row: _Row) -> bool:
    if row.values:
        return row.values.issuperset(texts)
    if row.vr not in _VALIDATED_VRS:
        return True
    return all(_is_legal(row.vr, text) for text in texts)


@lru_cache(maxsize=4096)
def _is_legal(vr: str, text: str) -> bool:
    try:
        validate_value(vr, text, config.RAISE)
    except ValueError:
        return False
    return True


def _violation(status: Status, path: str, problem: str) -> Violation:
    keyword = path.rpartition(".")[2]
    return Violation(status, path, f"{keyword} {problem}"[:64])
