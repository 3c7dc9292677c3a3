"""Values of foreign data sets: typed access with clear errors, and copies in legal form.

Real exports hold values that no standard allows. Views ask here for what they need; builders copy
from here, so that what this suite writes is legal whatever it was made from.
"""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from pydicom.charset import default_encoding
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence

from tdwii_gui.dicom.errors import DatasetError, Finding
from tdwii_gui.dicom.iod.macros import decimal_string
from tdwii_gui.dicom.iod.part10 import PYDICOM_ERRORS
from tdwii_gui.dicom.uids import is_valid_uid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_TEXT_LENGTHS: Final = {"LO": 64, "SH": 16, "ST": 1024, "LT": 10240, "UC": 2**20, "UT": 2**20}
_PATTERNS: Final = {
    "AE": re.compile(r"[ -\[\]-~]{1,16}"),
    "CS": re.compile(r"[A-Z0-9_ ]{1,16}"),
    "DA": re.compile(r"[0-9]{8}"),
    "DT": re.compile(r"[0-9]{4,14}(\.[0-9]{1,6})?([+-][0-9]{4})?"),
    "TM": re.compile(r"[0-9]{2}([0-9]{2}([0-9]{2}(\.[0-9]{1,6})?)?)?"),
}
_DECIMAL: Final = r"(?=[^\\]{1,16}(?:\\|$))-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_DECIMALS: Final = re.compile(rf"{_DECIMAL}(?:\\{_DECIMAL})*".encode())
_CONTROL_CHARACTERS: Final = re.compile(r"[\x00-\x1f\x7f\\]")


def value_of(dataset: Dataset, keyword: str, source: str = "") -> object:
    """Return the decoded value of an attribute, or None where it is missing or empty.

    Raises
    ------
    DatasetError
        If the value cannot be decoded.
    """
    try:
        value: object = dataset.get(keyword)
    except PYDICOM_ERRORS as error:
        raise DatasetError([Finding(keyword, "cannot be decoded")], source) from error
    if isinstance(value, MultiValue | list):
        return value if len(value) else None
    return None if value is None or value == "" or value == b"" else value


def text(dataset: Dataset, keyword: str, source: str = "") -> str:
    """Return an attribute's (first) value as text without padding; empty where it is missing."""
    value = value_of(dataset, keyword, source)
    if isinstance(value, MultiValue | list):
        value = value[0]
    return "" if value is None else str(value).strip(" \0")


def number(dataset: Dataset, keyword: str, source: str = "") -> float | None:
    """Return an attribute's value as a finite number, or None where it is missing or empty.

    Raises
    ------
    DatasetError
        If it is no number, or several.
    """
    value = value_of(dataset, keyword, source)
    if value is None:
        return None
    try:
        result = float(str(value))
    except ValueError as error:
        raise DatasetError([Finding(keyword, "is no number")], source) from error
    if not math.isfinite(result):
        raise DatasetError([Finding(keyword, "is no number")], source)
    return result


def numbers(dataset: Dataset, keyword: str, source: str = "") -> tuple[float, ...]:
    """Return an attribute's values as numbers; none where it is missing or empty.

    Raises
    ------
    DatasetError
        If one of them is no number.
    """
    try:
        raw = dataset.get_item(keyword, keep_deferred=True) if keyword in dataset else None
        decimals = _raw_decimals(raw)
        if decimals is not None:
            return tuple(map(float, decimals.split(b"\\")))
        value = value_of(dataset, keyword, source)
        if value is None:
            return ()
        return tuple(map(float, value if isinstance(value, MultiValue | list) else [str(value)]))
    except (TypeError, ValueError) as error:
        raise DatasetError([Finding(keyword, "is no number")], source) from error


def integer(dataset: Dataset, keyword: str, source: str = "") -> int | None:
    """Return an attribute's value as an integer, or None where it is missing or empty.

    Raises
    ------
    DatasetError
        If it is no integer.
    """
    result = number(dataset, keyword, source)
    if result is None:
        return None
    if not result.is_integer():
        raise DatasetError([Finding(keyword, "is no integer")], source)
    return int(result)


def items(dataset: Dataset, keyword: str, source: str = "") -> tuple[Dataset, ...]:
    """Return the items of a sequence; none where it is missing or empty.

    Raises
    ------
    DatasetError
        If it is no sequence.
    """
    value = value_of(dataset, keyword, source)
    if value is None:
        return ()
    if not isinstance(value, Sequence):
        raise DatasetError([Finding(keyword, "is no sequence")], source)
    return tuple(value)


def copy_legal(source: Dataset, target: Dataset, keywords: Iterable[str]) -> None:
    """Copy attributes in legal form; what is missing, empty or beyond repair is left out."""
    wanted = _tags(tuple(keywords))
    for tag in tuple(source.keys()):
        if tag in wanted:
            copy_legal_element(source, target, tag)


def copy_legal_or_empty(source: Dataset, target: Dataset, keywords: Iterable[str]) -> None:
    """Copy type 2 attributes in legal form; what cannot be copied is present and empty."""
    wanted = tuple(keywords)
    copy_legal(source, target, wanted)
    for keyword in wanted:
        if keyword not in target:
            setattr(target, keyword, None)


def new_item() -> Dataset:
    """Return an empty sequence item that is written without decoding what was copied to it."""
    item = Dataset()
    item.set_original_encoding(False, True, default_encoding)
    return item


def legal_item(item: Dataset) -> Dataset:
    """Return a copy of a sequence item without private, unknown, retired or illegal content."""
    copied = new_item()
    for tag in tuple(item.keys()):
        if tag.element != 0 and _dictionary_vr(tag):
            copy_legal_element(item, copied, tag)
    return copied


def copy_legal_element(source: Dataset, target: Dataset, tag: int) -> None:
    """Copy one element in legal form, or leave it out where that is not possible."""
    raw: object = source.get_item(tag, keep_deferred=True)
    decimals = _raw_decimals(raw)
    if isinstance(raw, RawDataElement) and decimals and _DECIMALS.fullmatch(decimals):
        padded = decimals + b" " * (len(decimals) % 2)
        target[tag] = raw._replace(VR="DS", value=padded, length=len(padded))
        return
    try:
        element = source[tag]
        value = _legal_value(element)
    except PYDICOM_ERRORS:
        return
    if value is not None:
        target.add(DataElement(element.tag, element.VR, value))


def _raw_decimals(raw: object) -> bytes | None:
    """Return a Decimal String not decoded yet; None for all else.

    pydicom decodes each value into an object, which takes most of the time of reading a plan with
    many control points, and of writing its record.
    """
    if not isinstance(raw, RawDataElement) or not raw.value:
        return None
    if (raw.VR or _dictionary_vr(raw.tag)) != "DS":
        return None
    return raw.value.rstrip(b" \0")


@lru_cache(maxsize=256)
def _tags(keywords: tuple[str, ...]) -> frozenset[int]:
    return frozenset(tag for tag in map(tag_for_keyword, keywords) if tag is not None)


@lru_cache(maxsize=4096)
def _dictionary_vr(tag: int) -> str:
    try:
        return dictionary_VR(tag)
    except KeyError:
        return ""


def _legal_value(element: DataElement) -> object:
    if element.VR == "SQ":
        return [legal_item(item) for item in element.value]
    if element.is_empty:
        return None
    legal = _LEGAL_FORMS.get(element.VR)
    if legal is None:
        return element.value
    values = element.value if isinstance(element.value, MultiValue) else [element.value]
    made = [legal(value, element.VR) for value in values]
    if any(value is None for value in made):
        return None
    return made if len(made) > 1 else made[0]


def _legal_decimal(value: object, _vr: str) -> str | None:
    result = float(str(value))
    return decimal_string(result) if math.isfinite(result) else None


def _legal_integer(value: object, _vr: str) -> str | None:
    result = int(float(str(value)))
    return str(result) if -(2**31) <= result < 2**31 else None


def _legal_text(value: object, vr: str) -> str | None:
    cleaned = str(value).strip(" \0")
    if vr in ("LO", "SH"):
        cleaned = _CONTROL_CHARACTERS.sub(" ", cleaned).strip()
    return cleaned[: _TEXT_LENGTHS[vr]] or None


def _legal_pattern(value: object, vr: str) -> str | None:
    cleaned = str(value).strip(" \0")
    return cleaned if _PATTERNS[vr].fullmatch(cleaned) else None


def _legal_name(value: object, _vr: str) -> str | None:
    groups = [
        _CONTROL_CHARACTERS.sub(" ", group).rstrip("^ ")[:64] for group in str(value).split("=")[:3]
    ]
    return "=".join(groups).rstrip("=") or None


def _legal_uid(value: object, _vr: str) -> str | None:
    cleaned = str(value).strip(" \0")
    return cleaned if is_valid_uid(cleaned) else None


_LEGAL_FORMS: Final[dict[str, Callable[[object, str], str | None]]] = {
    "DS": _legal_decimal,
    "IS": _legal_integer,
    "PN": _legal_name,
    "UI": _legal_uid,
    **dict.fromkeys(_TEXT_LENGTHS, _legal_text),
    **dict.fromkeys(_PATTERNS, _legal_pattern),
}
