"""The values of dcmdump text: each VR's form, from text and to text."""

from __future__ import annotations

import re
import struct
from functools import cache
from typing import Final

from pydicom._uid_dict import UID_dictionary
from pydicom.config import IGNORE
from pydicom.datadict import dictionary_has_tag, dictionary_VR, keyword_for_tag
from pydicom.dataelem import DataElement, empty_value_for_VR
from pydicom.multival import MultiValue
from pydicom.tag import BaseTag, Tag
from pydicom.valuerep import STR_VR, VR

from tdwii_gui.dicom.errors import DatasetError

_NUMBERS: Final = {
    "FD": "d", "FL": "f", "SL": "i", "SS": "h", "SV": "q", "UL": "I", "US": "H", "UV": "Q",
}  # fmt: skip
_NUMBERS_AS_BYTES: Final = {"OD": "d", "OF": "f", "OL": "I", "OV": "Q"}
_HEX_DIGITS: Final = {"OB": 2, "OW": 4, "UN": 2}
# Texts of several lines: dump2dcm reads \n as the line end, CR LF (PS3.5 6.1.3).
LONG_TEXTS: Final = frozenset({"LT", "ST", "UT"})

_TAG_VALUE: Final = re.compile(r"\(([0-9a-fA-F]{4}),([0-9a-fA-F]{4})\)")
# The last bracket closes the value where only a comment follows, as dump2dcm has it ...
_LAST_BRACKET: Final = re.compile(r"\]\s*#[^\]]*$")
# ... otherwise the first one that ends the line or is followed by a comment.
_BRACKET: Final = re.compile(r"\]\s*(?:#.*)?$")
_LINE_END: Final = re.compile(r"\r\n|\r|\n")
_CUT_OFF: Final = re.compile(r"\.\.\.\s*#")


# How DCMTK's names of UIDs differ from the keywords of PS3.6.
_DCMTK_NAMES: Final = (
    (r"^DRAFT_(\w+?)(?:SOPClass)?$", r"\1Trial"),
    (r"^RETIRED_", ""),
    (r"^DICOS_", "DICOS"),
    (r"SOPClass$", ""),
    (r"SOPInstance$", "Instance"),
    (r"Multiframe", "MultiFrame"),
    (r"^FIND(\w+)$", r"\1Find"),
    (r"^MOVE(\w+)$", r"\1Move"),
    (r"^GET(\w+)$", r"\1Get"),
    (r"^(Deflated)?(Little|Big)Endian(Implicit|Explicit)$", r"\1\3VR\2Endian"),
)
_CUT_OFF_WORDS: Final = "has a value that is cut off; use dcmdump +L"


class TextError(ValueError):
    """A fault of the text in words, without the value."""


def attribute_name(tag: BaseTag) -> str:
    """Return an attribute's keyword, or its tag where it has none."""
    return keyword_for_tag(tag) or str(tag)


def known_vr(tag: BaseTag, vr: str, value: str) -> str:
    """Return the VR; dcmdump's internal ones and those left out are looked up (PS3.6)."""
    if vr in VR.__members__:
        return vr
    if vr == "??":
        return "UN"
    if not dictionary_has_tag(tag):
        raise TextError("has no valid VR")
    vr = dictionary_VR(tag)
    if vr == "OB or OW":
        first = value.split("\\")[0].split("#")[0].strip()
        return "OW" if len(first) == _HEX_DIGITS["OW"] else "OB"
    if " or " in vr:
        return "SS" if "SS" in vr and "-" in value.split("#")[0] else "US"
    return vr


def element_from_text(tag: BaseTag, vr: str, text: str) -> DataElement:
    """Return an element of a value as text, with the comment that may follow."""
    value = _bracketed(text) if text.startswith("[") else _unbracketed(tag, vr, text)
    if not value:
        return DataElement(tag, vr, empty_value_for_VR(vr), validation_mode=IGNORE)
    return DataElement(tag, vr, _converted(vr, value), validation_mode=IGNORE)


def closing_bracket(text: str) -> int | None:
    """Return where the bracket is that closes a value in its last line; None if there is none."""
    start = text.rfind("\n") + 1
    match = _LAST_BRACKET.search(text, start) or _BRACKET.search(text, start)
    return match.start() if match else None


def closes_with_comment(line: str) -> bool:
    """Return whether a line is the last one of a text of several lines, as dcmdump writes it."""
    return _LAST_BRACKET.search(line) is not None


def is_cut_off(text: str) -> bool:
    """Return whether dcmdump has shortened an open value."""
    return _CUT_OFF.search(text) is not None


def _bracketed(text: str) -> str:
    end = closing_bracket(text)
    if end is None:
        raise TextError(_CUT_OFF_WORDS if is_cut_off(text) else "has no closing bracket")
    return text[1:end]


def _unbracketed(tag: BaseTag, vr: str, text: str) -> str:
    value = text.split("#")[0].strip()
    if value.endswith("..."):
        raise TextError(_CUT_OFF_WORDS)
    if value.startswith("="):
        if vr != "UI":
            raise TextError("has its value in another file, which is not read")
        return _uid(value[1:])
    if value.startswith("(") and vr != "AT":
        if value != "(no value available)":
            raise TextError("has no value in the text")
        return ""
    return "" if value == "(no value available)" else value


def _converted(vr: str, value: str) -> object:
    """Return a value that is not empty as pydicom holds it."""
    if vr in LONG_TEXTS:
        return value.replace("\\n", "\r\n")
    if vr in STR_VR:
        return value
    parts = value.split("\\")
    if vr in _HEX_DIGITS:
        return b"".join(_word(part.strip(), _HEX_DIGITS[vr]) for part in parts)
    if vr == "AT":
        return [_tag_value(part) for part in parts]
    if vr in _NUMBERS_AS_BYTES:
        layout = "<" + _NUMBERS_AS_BYTES[vr]
        return b"".join(struct.pack(layout, _number(layout, part)) for part in parts)
    layout = "<" + _NUMBERS[vr]
    numbers = [_number(layout, part) for part in parts]
    for number in numbers:
        struct.pack(layout, number)  # raises where the VR cannot hold the number
    return numbers


def _number(layout: str, text: str) -> float:
    return float(text) if layout[-1] in "df" else int(text)


def _word(text: str, digits: int) -> bytes:
    """Return a byte or a 16 bit word of hexadecimal digits, in little endian order."""
    if len(text) != digits:
        raise TextError("has no valid value")
    return bytes.fromhex(text)[::-1]


def _tag_value(text: str) -> BaseTag:
    match = _TAG_VALUE.fullmatch(text.strip())
    if match is None:
        raise TextError("has no valid value")
    return Tag(int(match[1], 16), int(match[2], 16))


@cache
def _uids_by_keyword() -> dict[str, str]:
    return {entry[4]: uid for uid, entry in UID_dictionary.items()}


def _uid(name: str) -> str:
    """Return the UID of a name of pydicom or DCMTK."""
    keyword = name
    for pattern, replacement in _DCMTK_NAMES:
        keyword = re.sub(pattern, replacement, keyword)
    known = _uids_by_keyword()
    uid = known.get(name)
    if uid is None and name.startswith("RETIRED_"):
        uid = known.get(keyword + "Retired")
    uid = uid or known.get(keyword)
    if uid is None:
        raise TextError("names a UID that is not known")
    return uid


def tag_text(tag: int) -> str:
    """Return a tag as (gggg,eeee)."""
    return f"({tag >> 16:04x},{tag & 0xFFFF:04x})"


def vr_text(element: DataElement) -> str:
    """Return the VR, one of them where the dictionary leaves a choice that is still open."""
    vr = str(element.VR)
    if " or " not in vr:
        return vr
    if isinstance(element.value, bytes):
        return "OB" if "OB" in vr else "OW"
    return "SS" if "SS" in vr else "US"


def value_text(element: DataElement) -> str:
    """Return the value of an element that is no sequence.

    Raises
    ------
    DatasetError
        If the value has no form as text.
    """
    if element.is_empty:
        return "(no value available)"
    vr, value = vr_text(element), element.value
    if isinstance(value, bytes):
        return _bytes_text(element, vr, value)
    values = list(value) if isinstance(value, list | MultiValue) else [value]
    if vr == "AT":
        return "\\".join(tag_text(tag) for tag in values)
    if vr in _NUMBERS:
        return "\\".join(repr(number) for number in values)
    text = "\\".join("" if part is None else str(part) for part in values)
    if vr in LONG_TEXTS:
        text = _long_text(element, text)
    elif "\n" in text or "\r" in text:
        # It would read as a further attribute.
        raise DatasetError(f"{attribute_name(element.tag)} has a line end: no dcmdump text")
    return f"[{text}]"


def shown_value(element: DataElement) -> str:
    """Return the value of an element that is no sequence for people to read; never fails."""
    try:
        return value_text(element)
    except (DatasetError, KeyError):
        if isinstance(element.value, bytes):
            return f"({len(element.value)} bytes)"
        return f"[{element.value}]".replace("\r", "").replace("\n", "\\n")


def _long_text(element: DataElement, text: str) -> str:
    if "\\n" in text:
        raise DatasetError(
            f"{attribute_name(element.tag)} has a backslash before n: no dcmdump text"
        )
    return _LINE_END.sub(r"\\n", text)


def _bytes_text(element: DataElement, vr: str, value: bytes) -> str:
    if element.is_undefined_length:
        raise DatasetError(f"{attribute_name(element.tag)} is encapsulated: no dcmdump text")
    layout = "<" + _NUMBERS_AS_BYTES.get(vr, "")
    size = struct.calcsize(layout) or _HEX_DIGITS[vr] // 2
    if len(value) % size:
        raise DatasetError(f"{attribute_name(element.tag)} has an incomplete value")
    if vr in _NUMBERS_AS_BYTES:
        return "\\".join(repr(number) for (number,) in struct.iter_unpack(layout, value))
    words = (value[start : start + size] for start in range(0, len(value), size))
    return "\\".join(word[::-1].hex() for word in words)
