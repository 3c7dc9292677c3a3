"""Pseudonyms: encoded data sets that tell no more who the patient is, byte for byte as long.

Values are replaced where they stand, so that PDUs keep their structure and peers the peculiarities
of their encoding. UIDs, AE titles, codes, numbers and times stay. This is no anonymisation: the
pseudonyms are consistent, so who knows one patient of a recording recognises all messages on it.
"""

from __future__ import annotations

import re
import zlib
from datetime import date, timedelta
from hashlib import blake2b
from typing import Final

from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
)

from tdwii_gui.dicom.iod.structure import DEFAULT_LIMITS, registered_vr
from tdwii_gui.recording.encoded_values import EncodedValue, EncodedValues
from tdwii_gui.recording.identifying import (
    Treatment,
    is_about_people,
    is_identifying_code,
    kept_words,
    least_treatment,
    treatment_of,
)

_CHARACTER_SET: Final = 0x00080005
_PEOPLES_CODE: Final = Treatment.IDENTIFIER

# An escape sequence that makes G0 a set of two bytes is taken with all up to the next one: its
# bytes look like letters and delimiters, but are none (PS3.5 6.1.2.5).
_ESCAPED: Final = rb"\x1b\$(?:[@AB]|\([@-_])[^\x1b]*|\x1b[ -/]*[0-~]?"
_WORD: Final = re.compile(rb"(?:[A-Za-z0-9\x80-\xff]|" + _ESCAPED + rb")+", re.DOTALL)
# In GBK and GB18030 the second byte of a character may look like a delimiter (PS3.5 6.1.2.3).
_WIDE_WORD: Final = re.compile(
    rb"(?:[A-Za-z0-9]|[\x81-\xfe][0-\xfe]|[\x80-\xff]|" + _ESCAPED + rb")+", re.DOTALL
)
_MOMENT: Final = rb"(?:\d{4}\.\d\d\.\d\d|\d{4,14}(?:\.\d{1,6})?(?:[+-](?:0\d|1[0-4])\d\d)?)?"
# A peer may send any number of blanks: only a few are looked for.
_MOMENTS: Final = re.compile(rb"(" + _MOMENT + rb")( {0,2}-? {0,2})(" + _MOMENT + rb")")
_SHORTEST_WORD: Final = 3
_SHORTEST_PHRASE: Final = 4
_LONGEST_WORD: Final = 64
_LONGEST_VALUE: Final = 2**16
_MOST_WORDS: Final = 200_000
_MOST_PHRASES: Final = 64


class Pseudonyms:
    """The pseudonyms of a recording: the same value has the same one throughout.

    Letters become other letters and digits other digits; which one depends on those before it in
    the word. So words that begin alike have pseudonyms that begin alike, and a query with
    wildcards still finds what it found. All dates move by the same weeks, 1 to 20 years back.

    Parameters
    ----------
    seed : bytes
        At most 64 bytes; what is replaced by what depends on nothing else. To be kept secret, or
        thrown away.
    """

    def __init__(self, seed: bytes) -> None:
        self._key = blake2b(key=seed, digest_size=4)
        weeks = self._key.copy()
        weeks.update(b"weeks")
        self._back = timedelta(weeks=53 + int.from_bytes(weeks.digest(), "big") % 990)
        self._words: dict[bytes, bytes] = {}
        self._known: dict[bytes, None] = {}

    def replace(self, value: bytes, *, wide: bool = False) -> bytes:
        """Return a value with all its words replaced; what is between them stays.

        Parameters
        ----------
        wide : bool
            Whether characters outside of ASCII have two or four bytes, as in GBK and GB18030.
        """
        return (_WIDE_WORD if wide else _WORD).sub(lambda match: self._word(match[0]), value)

    def shift(self, value: bytes) -> bytes:
        """Return dates or date-times, or ranges of them, shifted; what is none is replaced."""
        return b"\\".join(map(self._shift_one, value.split(b"\\")))

    def clean(self, value: bytes, phrases: re.Pattern[bytes] | None = None) -> bytes:
        """Return a text in which known words are replaced.

        Parameters
        ----------
        phrases : re.Pattern[bytes] or None
            Others that are replaced, inside of words, too.
        """
        if self._known:
            value = _WORD.sub(
                lambda match: self._word(match[0]) if match[0].lower() in self._known else match[0],
                value,
            )
        return phrases.sub(lambda match: self.replace(match[0]), value) if phrases else value

    def remember(self, value: bytes, *, wide: bool = False) -> None:
        """Replace the words of a name or identifier from now on wherever they turn up in texts."""
        for match in (_WIDE_WORD if wide else _WORD).finditer(value):
            word = match[0].lower()
            if _SHORTEST_WORD <= len(word) <= _LONGEST_WORD and word not in kept_words():
                self._known[word] = None
        while len(self._known) > _MOST_WORDS:
            del self._known[next(iter(self._known))]

    def _word(self, word: bytes) -> bytes:
        if len(word) > _LONGEST_WORD:
            return self._word(word[:_LONGEST_WORD]) + b"x" * (len(word) - _LONGEST_WORD)
        known = self._words.get(word)
        if known is None:
            if len(self._words) >= _MOST_WORDS:
                self._words.clear()
            known = self._words[word] = self._new_word(word)
        return known

    def _new_word(self, word: bytes) -> bytes:
        before = self._key.copy()
        replaced = bytearray()
        for byte in word:
            step = int.from_bytes(before.digest(), "big")
            folded = byte | 0x20 if 0x41 <= byte <= 0x5A else byte
            before.update(bytes((folded,)))
            if 0x30 <= byte <= 0x39:
                replaced.append(0x30 + (byte - 0x30 + 1 + step % 9) % 10)
            elif 0x61 <= folded <= 0x7A:
                letter = (folded - 0x61 + 1 + step % 25) % 26
                replaced.append(letter + (0x61 if folded == byte else 0x41))
            else:
                replaced.append(0x61 + int.from_bytes(before.digest(), "big") % 26)
        return bytes(replaced)

    def _shift_one(self, value: bytes) -> bytes:
        stripped = value.strip(b" \0")
        match = _MOMENTS.fullmatch(stripped)
        if match is None:
            return self.replace(value)
        first, between, second = match.groups()
        shifted = self._moment(first) + between + self._moment(second)
        before = len(value) - len(value.lstrip(b" \0"))
        return value[:before] + shifted + value[before + len(stripped) :]

    def _moment(self, moment: bytes) -> bytes:
        if not moment:
            return moment
        dot = b"." if moment[4:5] == b"." else b""
        digits = moment.replace(b".", b"", 2) if dot else moment
        run = len(digits) - len(digits.lstrip(b"0123456789"))
        count = 8 if run >= 8 else 6 if run >= 6 else 4
        year, month, day = int(digits[:4]), int(digits[4:6] or b"7"), int(digits[6:8] or b"15")
        try:
            shifted = date(year, *_known_part(count, month, day)) - self._back
        except (ValueError, OverflowError):
            return self.replace(moment)
        new = f"{shifted:%Y%m%d}".rjust(8, "0").encode("ascii")
        if dot:
            return b".".join((new[:4], new[4:6], new[6:]))
        return new[:count] + moment[count:]


def _known_part(count: int, month: int, day: int) -> tuple[int, int]:
    return (month, day) if count == 8 else (month, 15) if count == 6 else (7, 15)


def pseudonymise(encoded: bytes, transfer_syntax_uid: str, pseudonyms: Pseudonyms) -> bytes:
    """Return an encoded data set, or command set, with pseudonyms, as long as it was.

    Names, identifiers and dates are replaced; private elements, bulk data (pixel data, documents)
    and everything from the first byte that is not understood are blanked. What was deflated is
    deflated anew, and may have another length. Never raises, whatever the bytes are.
    """
    if transfer_syntax_uid == DeflatedExplicitVRLittleEndian:
        return _deflated(encoded, pseudonyms)
    implicit = transfer_syntax_uid == ImplicitVRLittleEndian
    little_endian = transfer_syntax_uid != ExplicitVRBigEndian
    return _DataSet(encoded, implicit, little_endian, pseudonyms).run()


def _deflated(encoded: bytes, pseudonyms: Pseudonyms) -> bytes:
    """Pseudonymise a deflated data set (PS3.5 A.5)."""
    inflater = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
    try:
        inflated = inflater.decompress(encoded, DEFAULT_LIMITS.size)
    except zlib.error:
        return bytes(len(encoded))
    if not inflater.eof:
        return bytes(len(encoded))
    replaced = _DataSet(inflated, False, True, pseudonyms).run()
    deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    deflated = deflater.compress(replaced) + deflater.flush()
    return deflated + b"\0" * (len(deflated) % 2)


class _DataSet:
    """One data set on its way: first all that identifies is learnt, then all is replaced."""

    def __init__(
        self, encoded: bytes, implicit: bool, little_endian: bool, pseudonyms: Pseudonyms
    ) -> None:
        self._data = bytearray(encoded)
        self._values = EncodedValues(self._data, implicit=implicit, little_endian=little_endian)
        self._pseudonyms = pseudonyms
        self._wide = False
        self._phrases: dict[bytes, None] = {}
        self._pattern: re.Pattern[bytes] | None = None

    def run(self) -> bytes:
        found = []
        for value in self._values:
            treatment = _treatment(value)
            length = value.end - value.start
            if length > _LONGEST_VALUE and treatment:
                # No name is so long; to look into it would take long, too.
                treatment = max(treatment, Treatment.MASK)
            if treatment and length:
                found.append((value, treatment))
                if treatment in (Treatment.BIRTH_DATE, Treatment.IDENTIFIER, Treatment.NAME):
                    self._learn(bytes(self._data[value.start : value.end]), treatment)
            elif value.tag == _CHARACTER_SET:
                self._wide |= b"GB" in self._data[value.start : value.end]
        readable = self._values.readable
        # What is cut short may not tell yet which name stands in a description.
        instead = {Treatment.CLEAN: Treatment.MASK} if readable < len(self._data) else {}
        if self._phrases:
            longest_first = sorted(self._phrases, key=len, reverse=True)
            words = b"|".join(map(re.escape, longest_first))
            self._pattern = re.compile(words, re.IGNORECASE)
        for value, treatment in found:
            self._replace(value, instead.get(treatment, treatment))
        self._data[readable:] = bytes(len(self._data) - readable)
        return bytes(self._data)

    def _learn(self, value: bytes, treatment: Treatment) -> None:
        value = value.strip(b" \0")
        if treatment is Treatment.BIRTH_DATE:
            phrases = _written(value)
        else:
            self._pseudonyms.remember(value, wide=self._wide)
            phrases = value.split(b"\\")
            if treatment is Treatment.NAME:
                phrases = (_WIDE_WORD if self._wide else _WORD).findall(value)
        for phrase in phrases:
            phrase = phrase.strip(b" ").lower()
            if (
                len(phrase) >= _SHORTEST_PHRASE
                and len(self._phrases) < _MOST_PHRASES
                and phrase not in kept_words()
                and _WORD.search(phrase)
            ):
                self._phrases[phrase] = None

    def _replace(self, value: EncodedValue, treatment: Treatment) -> None:
        old = bytes(self._data[value.start : value.end])
        match treatment:
            case Treatment.BLANK:
                new = _blank(len(old), value.vr or registered_vr(value.tag))
            case Treatment.MASK:
                new = (_WIDE_WORD if self._wide else _WORD).sub(_masked, old)
            case Treatment.CLEAN:
                new = self._pseudonyms.clean(old, self._pattern)
            case Treatment.DATE | Treatment.BIRTH_DATE:
                new = self._pseudonyms.shift(old)
            case _:
                new = self._pseudonyms.replace(old, wide=self._wide)
        self._data[value.start : value.end] = new


def _treatment(value: EncodedValue) -> Treatment:
    tag, vr, _, _, sequences = value
    treatment = treatment_of(tag, vr)
    if sequences:
        if is_identifying_code(tag) and is_about_people(sequences):
            treatment = max(treatment, _PEOPLES_CODE)
        return max(treatment, least_treatment(sequences))
    return treatment


def _written(birth_date: bytes) -> list[bytes]:
    """Return the ways in which a date is written."""
    digits = birth_date.replace(b".", b"")
    year, month, day = digits[:4], digits[4:6], digits[6:8]
    parts = ((year, month, day), (day, month, year), (month, day, year))
    return [mark.join(order) for order in parts for mark in (b"", b"-", b".", b"/")]


def _masked(word: re.Match[bytes]) -> bytes:
    return b"x" * len(word[0])


def _blank(length: int, vr: str) -> bytes:
    return (b" " if vr in _TEXTS else b"\0") * length


_TEXTS: Final = frozenset(
    {"AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "ST", "TM", "UC", "UT"}
)
