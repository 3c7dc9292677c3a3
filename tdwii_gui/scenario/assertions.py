"""What a step expects of data sets: where, how it is compared, and what was found instead."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from pydicom.multival import MultiValue
from pydicom.sequence import Sequence as ItemSequence

from tdwii_gui.dicom.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydicom.dataelem import DataElement
    from pydicom.dataset import Dataset

    from tdwii_gui.dicom.iod.attribute_path import AttributePath

_NUMERIC: Final = frozenset({"DS", "IS", "FL", "FD", "US", "SS", "UL", "SL", "UV", "SV"})
_TOLERANCE: Final = 1e-6
_SHOWN: Final = 60

SUBJECTS: Final = ("result", "step", "event", "record", "instruction", "plan")
"""The data sets of a run that an assertion can be about, besides those of messages."""

_MESSAGE: Final = re.compile(
    r"(C-FIND|N-ACTION|N-CREATE|N-SET|N-GET|N-EVENT-REPORT) (request|response)"
)


class Operator(StrEnum):
    """How a value is compared."""

    EQUALS = "equals"
    NOT = "not"
    PRESENT = "present"
    ABSENT = "absent"
    MATCHES = "matches"
    ONE_OF = "one_of"
    BELOW = "below"
    ABOVE = "above"
    COUNT = "count"


@dataclass(frozen=True, slots=True)
class Assertion:
    """One expectation of a data set.

    Parameters
    ----------
    of : str
        One of `SUBJECTS`, or a message of the step such as ``"N-SET request"``.
    path : AttributePath
        The attribute.
    operator : Operator
        How it is compared.
    expected : Any
        With what.
    """

    of: str
    path: AttributePath
    operator: Operator
    expected: Any

    def __post_init__(self) -> None:
        if self.of not in SUBJECTS and not _MESSAGE.fullmatch(self.of):
            raise ConfigError(
                f"there is no data set {self.of!r} ({', '.join(SUBJECTS)}, or a message such as"
                " 'N-SET request')"
            )
        _CHECKS[self.operator](self)

    @property
    def message(self) -> tuple[str, bool] | None:
        """The service of a message, and whether it is the request; None for another data set."""
        found = _MESSAGE.fullmatch(self.of)
        return (found[1], found[2] == "request") if found else None

    def problem(self, dataset: Dataset, fill: Callable[[str], str]) -> str:
        """Return what is not as expected, in words; empty if it is.

        Parameters
        ----------
        fill : Callable[[str], str]
            Puts the run's values into an expected text.
        """
        found = self.path.find(dataset)
        is_valued = found is not None and _has_value(found)
        if self.operator is Operator.PRESENT:
            return "" if is_valued else self._words("is absent or empty")
        if self.operator is Operator.ABSENT:
            return self._words(f"is {_shown(found)}, not absent") if is_valued else ""
        if found is None or not is_valued:
            is_fine = self.operator is Operator.NOT or (
                self.operator is Operator.COUNT and self.expected == 0
            )
            return "" if is_fine else self._words("is absent or empty")
        expected = _filled(self.expected, fill)
        if _COMPARE[self.operator](found, expected):
            return ""
        wanted = " or ".join(map(str, expected)) if isinstance(expected, list) else expected
        return self._words(f"is {_shown(found)}; expected: {_VERBS[self.operator]} {wanted}")

    def _words(self, text: str) -> str:
        return f"{self.of}: {self.path} {text}"


def _has_value(element: DataElement) -> bool:
    if isinstance(element.value, ItemSequence):
        return len(element.value) > 0
    return element.value is not None and element.value not in ("", [])


def _filled(expected: Any, fill: Callable[[str], str]) -> Any:
    if isinstance(expected, list):
        return [_filled(each, fill) for each in expected]
    return fill(expected) if isinstance(expected, str) else expected


def _shown(element: DataElement | None) -> str:
    if element is None:
        return "absent"
    if isinstance(element.value, ItemSequence):
        return f"a sequence of {len(element.value)}"
    text = str(element.value)
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…")


def _values(element: DataElement) -> list[Any]:
    value = element.value
    return list(value) if isinstance(value, MultiValue) else [value]


def _is(value: Any, expected: Any) -> bool:
    if isinstance(expected, int | float):
        try:
            return abs(float(value) - expected) <= _TOLERANCE
        except (TypeError, ValueError):
            return False
    return bool(str(value).strip(" \0") == expected)


def _equals(element: DataElement, expected: Any) -> bool:
    values = _values(element)
    wanted = expected if isinstance(expected, list) else [expected]
    return len(values) == len(wanted) and all(map(_is, values, wanted))


def _matches(element: DataElement, expected: Any) -> bool:
    return re.fullmatch(expected, "\\".join(map(str, _values(element)))) is not None


def _one_of(element: DataElement, expected: Any) -> bool:
    return any(_equals(element, each) for each in expected)


def _below(element: DataElement, expected: Any) -> bool:
    return all(float(value) < expected for value in _values(element))


def _above(element: DataElement, expected: Any) -> bool:
    return all(float(value) > expected for value in _values(element))


def _differs(element: DataElement, expected: Any) -> bool:
    return not _equals(element, expected)


def _has_items(element: DataElement, expected: Any) -> bool:
    return len(element.value) == int(expected)


_COMPARE: Final = {
    Operator.EQUALS: _equals,
    Operator.NOT: _differs,
    Operator.MATCHES: _matches,
    Operator.ONE_OF: _one_of,
    Operator.BELOW: _below,
    Operator.ABOVE: _above,
    Operator.COUNT: _has_items,
}
_VERBS: Final = {
    Operator.EQUALS: "equal to",
    Operator.NOT: "not",
    Operator.MATCHES: "like",
    Operator.ONE_OF: "one of",
    Operator.BELOW: "below",
    Operator.ABOVE: "above",
    Operator.COUNT: "items:",
}


def _check_value(assertion: Assertion) -> None:
    if assertion.path.vr == "SQ":
        raise ConfigError(f"{assertion.path} is a sequence: it is present, absent, or has a count")
    values = assertion.expected if isinstance(assertion.expected, list) else [assertion.expected]
    if not all(isinstance(each, str | int | float) and each is not True for each in values):
        raise ConfigError(f"{assertion.operator} needs a text, a number, or a list of them")


def _check_list(assertion: Assertion) -> None:
    if not isinstance(assertion.expected, list) or not assertion.expected:
        raise ConfigError(f"{assertion.operator} needs a list of values")
    _check_value(assertion)


def _check_pattern(assertion: Assertion) -> None:
    if not isinstance(assertion.expected, str):
        raise ConfigError("matches needs a regular expression")
    try:
        re.compile(assertion.expected)
    except re.error as error:
        raise ConfigError(f"{assertion.expected!r} is no regular expression: {error}") from error


def _check_number(assertion: Assertion) -> None:
    if assertion.path.vr not in _NUMERIC:
        raise ConfigError(f"{assertion.path} is no number ({assertion.path.vr})")
    if not isinstance(assertion.expected, int | float) or isinstance(assertion.expected, bool):
        raise ConfigError(f"{assertion.operator} needs a number")


def _check_count(assertion: Assertion) -> None:
    is_whole = isinstance(assertion.expected, int) and not isinstance(assertion.expected, bool)
    if assertion.path.vr != "SQ" or not is_whole:
        raise ConfigError("count needs a sequence, and a whole number of items")


def _check_switch(assertion: Assertion) -> None:
    if assertion.expected is not True:
        raise ConfigError(f"{assertion.operator} can only be true")


_CHECKS: Final = {
    Operator.EQUALS: _check_value,
    Operator.NOT: _check_value,
    Operator.PRESENT: _check_switch,
    Operator.ABSENT: _check_switch,
    Operator.MATCHES: _check_pattern,
    Operator.ONE_OF: _check_list,
    Operator.BELOW: _check_number,
    Operator.ABOVE: _check_number,
    Operator.COUNT: _check_count,
}
