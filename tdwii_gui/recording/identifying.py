"""Which values identify somebody, and what becomes of them (PS3.15 E)."""

from __future__ import annotations

import json
from enum import IntEnum
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Final

from pydicom.datadict import tag_for_keyword
from pydicom.valuerep import STANDARD_VR

from tdwii_gui.config.resources import resource_path
from tdwii_gui.dicom.iod.structure import registered_vr

if TYPE_CHECKING:
    from collections.abc import Mapping


class Treatment(IntEnum):
    """What becomes of a value; of two, the higher one holds."""

    KEEP = 0
    CLEAN = 1
    """Known names, identifiers and birth dates are replaced where they turn up."""
    DATE = 2
    """Shifted."""
    BIRTH_DATE = 3
    """Shifted, and from now on known."""
    REPLACE = 4
    IDENTIFIER = 5
    """Replaced, and from now on known."""
    NAME = 6
    """As an identifier, and each of its words is known, too."""
    MASK = 7
    """Every letter and digit becomes ``x``."""
    BLANK = 8


_OF_VR: Final = {
    "PN": Treatment.NAME,
    "DA": Treatment.DATE,
    "DT": Treatment.DATE,
    "LO": Treatment.CLEAN,
    "SH": Treatment.CLEAN,
    "UC": Treatment.CLEAN,
    "UR": Treatment.CLEAN,
    "LT": Treatment.MASK,
    "ST": Treatment.MASK,
    "UT": Treatment.MASK,
    "OB": Treatment.BLANK,
    "OW": Treatment.BLANK,
    "OB or OW": Treatment.BLANK,
}
_OF_LIST: Final = {
    "names": Treatment.NAME,
    "identifiers": Treatment.IDENTIFIER,
    "replaced": Treatment.REPLACE,
    "masked": Treatment.MASK,
    "cleaned": Treatment.CLEAN,
    "blanked": Treatment.BLANK,
    "birth_dates": Treatment.BIRTH_DATE,
}
_VRS: Final = frozenset(str(vr) for vr in STANDARD_VR)


@lru_cache(maxsize=8192)
def treatment_of(tag: int, vr: str) -> Treatment:
    """Return what becomes of a value outside of sequences that say more.

    A private element is blanked, as is one that the dictionary does not know: nothing tells what
    it holds. The creator of private elements is a text like others.

    Parameters
    ----------
    vr : str
        As encoded; empty if it is not. Where it is not the registered one, the stricter of the two
        decides: a peer may say anything.
    """
    if tag >> 16 & 1:
        return Treatment.CLEAN if 0x10 <= tag & 0xFFFF <= 0xFF else Treatment.BLANK
    registered = registered_vr(tag)
    if not registered or (vr and vr not in _VRS):
        return Treatment.BLANK
    treatment = _listed().get(tag, _OF_VR.get(registered, Treatment.KEEP))
    if vr in ("", "UN") or vr in registered:
        return treatment
    return max(treatment, _OF_VR.get(vr, Treatment.KEEP))


@lru_cache(maxsize=1024)
def least_treatment(sequences: tuple[int, ...]) -> Treatment:
    """Return what becomes at least of all values in the items of nested sequences."""
    return Treatment.BLANK if any(_is_unknown(tag) for tag in sequences) else Treatment.KEEP


@lru_cache(maxsize=1024)
def is_about_people(sequences: tuple[int, ...]) -> bool:
    """Return whether the codes in the items of nested sequences tell who or where somebody is."""
    return not _tags("people").isdisjoint(sequences)


def is_identifying_code(tag: int) -> bool:
    """Return whether an attribute of a code tells what is coded."""
    return tag in _tags("codes")


@cache
def kept_words() -> frozenset[bytes]:
    """Return the words, in lower case, that stay in texts."""
    return frozenset(word.lower().encode("ascii") for word in _table()["kept_words"])


def edition() -> str:
    """Return which edition of the standard and which of its options the table follows."""
    return str(_table()["edition"])


def _is_unknown(tag: int) -> bool:
    return bool(tag >> 16 & 1) or registered_vr(tag) != "SQ"


@cache
def _listed() -> Mapping[int, Treatment]:
    return {tag: treatment for name, treatment in _OF_LIST.items() for tag in _tags(name)}


@cache
def _tags(name: str) -> frozenset[int]:
    return frozenset(_tag(keyword) for keyword in _table()[name])


def _tag(keyword: str) -> int:
    tag = tag_for_keyword(keyword)
    if tag is None:
        raise KeyError(f"{keyword} is no attribute of the DICOM dictionary")
    return tag


@cache
def _table() -> dict[str, Any]:
    file = resource_path("recording", "pseudonyms.json")
    table: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return table
