"""Which value of one recording stands for which of another: UIDs, times, AE titles, pseudonyms."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from pydicom._uid_dict import UID_dictionary  # as in dicom.uids
from pydicom.datadict import tag_for_keyword

from tdwii_gui.recording.identifying import Treatment, treatment_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tdwii_gui.evidence.attribute_lines import AttributeLine

_TIMES: Final = frozenset({"DA", "TM", "DT"})
_KEYWORD: Final = re.compile(r"\w+$")
_ADDRESS: Final = re.compile(r"[0-9.]+:[0-9]+\b")
"""Host and port, as comments tell them: ports are others in each run."""
_WORD: Final = re.compile(r"[^\W_]+")


class Correspondence:
    """Compares values of a first and of a second recording, and learns which stand for each other.

    A UID that stood for another one once has to do so again. Moments differ from run to run: two
    count as equal where both are there, or both are ranges.

    Parameters
    ----------
    ae_titles : Mapping[str, str]
        The AE title of the first recording by that of the second.
    has_pseudonyms : bool
        Whether names and identifiers are others in each recording, although they mean the same.
    """

    def __init__(self, ae_titles: Mapping[str, str], *, has_pseudonyms: bool) -> None:
        self._ae_titles = ae_titles
        self._has_pseudonyms = has_pseudonyms
        self._uids = _Pairs()
        self._names = _Pairs()
        self._words = _Pairs()

    def same_uid(self, first: str, second: str) -> bool:
        """Return whether two UIDs stand for the same, and take note of it."""
        if first in UID_dictionary or second in UID_dictionary:
            return first == second
        return self._uids.match(first, second)

    def may_be_same(self, first: AttributeLine, second: AttributeLine) -> bool:
        """Return whether two UIDs are not known to stand for different things."""
        pairs = zip(first.value.split("\\"), second.value.split("\\"), strict=False)
        return first.vr != "UI" or all(self._uids.fit(*pair) for pair in pairs)

    def same(self, first: AttributeLine, second: AttributeLine) -> bool:
        """Return whether two values of an attribute mean the same."""
        if first.vr != second.vr:
            return False
        if not first.value or not second.value:
            return first.value == second.value
        match first.vr:
            case "UI":
                ones, others = first.value.split("\\"), second.value.split("\\")
                return len(ones) == len(others) and all(map(self.same_uid, ones, others))
            case "AE":
                titles = second.value.split("\\")
                return first.value == "\\".join(self._ae_titles.get(one, one) for one in titles)
        if first.vr in _TIMES:
            return first.value.count("-") == second.value.count("-")
        if _ADDRESS.sub("", first.value) == _ADDRESS.sub("", second.value):
            return True
        return self._has_pseudonyms and _is_pseudonym(first) and self._same_name(first, second)

    def explains(self, first: str, second: str) -> bool:
        """Return whether texts differ only in words of names, which pseudonyms have replaced.

        To be asked in the end, when all names are known.
        """
        if not self._has_pseudonyms or len(first) != len(second):
            return False
        translated = first.casefold()
        for word, other in self._words.items():
            translated = translated.replace(word, other)
        return translated == second.casefold()

    def _same_name(self, first: AttributeLine, second: AttributeLine) -> bool:
        ours, theirs = (_WORD.findall(one.value.casefold()) for one in (first, second))
        if len(ours) == len(theirs):
            for word, other in zip(ours, theirs, strict=True):
                self._words.match(word, other)
        return self._names.match(first.value, second.value)


class _Pairs:
    """One-to-one pairs of texts."""

    def __init__(self) -> None:
        self._seconds: dict[str, str] = {}
        self._firsts: dict[str, str] = {}

    def fit(self, first: str, second: str) -> bool:
        """Return whether they are a pair, or could become one."""
        return self._seconds.get(first, second) == second and (
            self._firsts.get(second, first) == first
        )

    def items(self) -> Iterable[tuple[str, str]]:
        """Return all pairs."""
        return self._seconds.items()

    def match(self, first: str, second: str) -> bool:
        """Return whether they are a pair; two that are in none become one."""
        if first in self._seconds or second in self._firsts:
            return self._seconds.get(first) == second
        self._seconds[first], self._firsts[second] = second, first
        return True


def _is_pseudonym(line: AttributeLine) -> bool:
    """Return whether a pseudonym is in the place of the value of an attribute."""
    keyword = _KEYWORD.search(line.path)
    tag = tag_for_keyword(keyword.group()) if keyword else None
    return tag is not None and treatment_of(tag, line.vr) in _REPLACED


_REPLACED: Final = (Treatment.REPLACE, Treatment.IDENTIFIER, Treatment.NAME, Treatment.MASK)
