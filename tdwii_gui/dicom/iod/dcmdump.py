"""Data sets as text, in the form that DCMTK's dcmdump writes and its dump2dcm reads."""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING, Final, NamedTuple

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.tag import BaseTag, Tag

from tdwii_gui.dicom.errors import DatasetError
from tdwii_gui.dicom.iod.dcmdump_values import (
    LONG_TEXTS,
    TextError,
    attribute_name,
    closes_with_comment,
    closing_bracket,
    element_from_text,
    is_cut_off,
    known_vr,
    shown_value,
    tag_text,
    value_text,
    vr_text,
)
from tdwii_gui.dicom.iod.part10 import PYDICOM_ERRORS, decode_part10

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

MAXIMUM_DEPTH: Final = 32

_ITEM: Final = Tag(0xFFFE, 0xE000)
_ITEM_END: Final = Tag(0xFFFE, 0xE00D)
_SEQUENCE_END: Final = Tag(0xFFFE, 0xE0DD)

_TAG_LINE: Final = re.compile(r"\s*\(([0-9a-fA-F]{4}),([0-9a-fA-F]{4})\)(?:\s+|$)(.*)", re.DOTALL)
_VR: Final = re.compile(r"([A-Z]{2}|[a-z]{2}|\?\?)(?:\s+|$)")


def looks_like_dcmdump(data: bytes) -> bool:
    """Return whether the beginning of a file is dcmdump text rather than a DICOM file."""
    for line in data[:65536].decode("latin-1").removeprefix("ï»¿").split("\n"):
        if line.strip() and not line.lstrip().startswith("#"):
            return _TAG_LINE.match(line) is not None
    return False


def read_dataset(path: Path) -> Dataset:
    """Return the data set of a file that is a DICOM file or dcmdump text.

    Raises
    ------
    DatasetError
        If the file cannot be read or is neither.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DatasetError(f"cannot be read: {error.strerror}", str(path)) from error
    if not looks_like_dcmdump(data):
        return decode_part10(data, source=str(path))
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("iso8859-1")
    return parse_dcmdump(text, source=str(path))


def parse_dcmdump(text: str, *, source: str = "") -> Dataset:
    """Return the data set that a dcmdump text describes.

    File Meta Information (group 0002) and command elements (group 0000) are left out. An attribute
    that is given twice has its last value. Values are not checked against the rules of their VR,
    for identifiers hold wildcards and ranges.

    Parameters
    ----------
    text : str
        The text, already decoded.
    source : str
        The file that is meant in messages.

    Raises
    ------
    DatasetError
        If the text is no dcmdump text or holds values that are cut off; the message gives the line.
    """
    reader = _Reader(source)
    for line in _lines(text, source):
        reader.read(line)
    return reader.finish()


def format_dcmdump(dataset: Dataset) -> str:
    """Return a data set as dcmdump text that `parse_dcmdump` and dump2dcm read.

    Lines may be longer than dump2dcm takes unless it is told (``+l``). Every line end in a long
    text becomes CR LF (PS3.5 6.1.3).

    Raises
    ------
    DatasetError
        If a value has no form as text: encapsulated pixel data, a long text with a backslash
        before ``n``, which reads as a line end, or a short text with a line end.
    """
    lines = ["# Dicom-Data-Set", *_formatted(dataset, 0, value_text)]
    return "\n".join(lines) + "\n"


def shown_dcmdump(dataset: Dataset, *, longest: int | None = 64) -> Iterator[str]:
    """Yield the lines of a data set for people to read, whatever is in it; never fails.

    Parameters
    ----------
    longest : int or None
        Characters of a value; a longer one is cut off, which `parse_dcmdump` refuses. None cuts
        nothing.
    """

    def value_of(element: DataElement) -> str:
        value = shown_value(element)
        return value if longest is None or len(value) <= longest else f"{value[:longest]}..."

    return _formatted(dataset, 0, value_of)


class _Line(NamedTuple):
    """A tag with what follows it; the number is the one of its first line in the text."""

    number: int
    tag: BaseTag
    vr: str
    value: str


def _failure(number: int, words: str, source: str) -> DatasetError:
    return DatasetError(f"line {number}: {words}", source)


def _lines(text: str, source: str) -> Iterator[_Line]:
    """Yield the lines that hold a tag, with the further lines of a text of several lines."""
    numbered = enumerate(text.removeprefix("\ufeff").split("\n"), start=1)
    for number, raw in numbered:
        line = raw.removesuffix("\r")
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _TAG_LINE.match(line)
        if match is None:
            raise _failure(number, "no tag (gggg,eeee) found", source)
        vr, value = _split_vr(match[3])
        if vr in LONG_TEXTS and value.startswith("["):
            value = _continued(value, raw[len(line) :], numbered)
        yield _Line(number, Tag(int(match[1], 16), int(match[2], 16)), vr, value)


def _continued(first: str, line_end: str, numbered: Iterator[tuple[int, str]]) -> str:
    """Return a text with its further lines, up to the one that closes the bracket.

    A line that begins with a tag means that the bracket is missing; the text ends there, open.
    """
    if closing_bracket(first) is not None or is_cut_off(first):
        return first
    parts = [first + line_end]
    for _, line in numbered:
        if _TAG_LINE.match(line):
            break
        parts.append(line)
        if closes_with_comment(line):
            break
    return "\n".join(parts)


def _split_vr(rest: str) -> tuple[str, str]:
    """Return the VR, empty where it is left out, and the text after it."""
    match = _VR.match(rest)
    return (match[1], rest[match.end() :]) if match else ("", rest)


class _Reader:
    """Builds a data set from lines; open sequences and items are on stacks, not on calls."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._datasets = [Dataset()]
        self._sequences: list[tuple[BaseTag, list[Dataset]]] = []

    def read(self, line: _Line) -> None:
        """Take in one line."""
        try:
            if line.tag.group == 0xFFFE:
                self._read_delimiter(line.tag)
            elif line.tag.group not in (0x0000, 0x0002):
                self._read_element(line)
        except (ValueError, TypeError, OverflowError, struct.error) as error:
            words = str(error) if isinstance(error, TextError) else "has no valid value"
            raise _failure(
                line.number, f"{attribute_name(line.tag)} {words}", self._source
            ) from error

    def finish(self) -> Dataset:
        """Return the whole data set."""
        if self._sequences:
            tag, _ = self._sequences[-1]
            raise DatasetError(f"the text ends within {attribute_name(tag)}", self._source)
        return self._datasets[0]

    @property
    def _expects_item(self) -> bool:
        return len(self._datasets) == len(self._sequences)

    def _read_delimiter(self, tag: BaseTag) -> None:
        if tag == _ITEM:
            self._require(self._expects_item)
            self._datasets.append(Dataset())
            self._sequences[-1][1].append(self._datasets[-1])
        elif tag == _ITEM_END:
            self._require(not self._expects_item and len(self._datasets) > 1)
            self._datasets.pop()
        elif tag == _SEQUENCE_END:
            self._require(self._expects_item)
            sequence, items = self._sequences.pop()
            self._add(DataElement(sequence, "SQ", Sequence(items)))
        else:
            raise TextError("is no tag of a data set")

    def _read_element(self, line: _Line) -> None:
        self._require(not self._expects_item)
        vr = known_vr(line.tag, line.vr, line.value)
        if vr != "SQ":
            self._add(element_from_text(line.tag, vr, line.value))
        elif len(self._sequences) < MAXIMUM_DEPTH:
            self._sequences.append((line.tag, []))
        else:
            raise TextError(f"is nested deeper than {MAXIMUM_DEPTH} sequences")

    def _add(self, element: DataElement) -> None:
        self._datasets[-1].add(element)

    @staticmethod
    def _require(in_place: bool) -> None:
        if not in_place:
            raise TextError("is not expected here: an item or delimitation is missing")


def _formatted(
    dataset: Dataset, depth: int, value_of: Callable[[DataElement], str]
) -> Iterator[str]:
    indent = "  " * depth
    for tag in sorted(dataset.keys()):
        element = _decoded(dataset, tag)
        if element.VR != "SQ":
            yield f"{indent}{_heading(element)} {value_of(element):<40} {_comment(element)}"
            continue
        if depth >= 2 * MAXIMUM_DEPTH:
            name = attribute_name(element.tag)
            raise DatasetError(f"{name} is nested deeper than {MAXIMUM_DEPTH} sequences")
        items = element.value or []
        count = f"(Sequence with undefined length #={len(items)})"
        yield f"{indent}{_heading(element)} {count} {_comment(element)}"
        for item in items:
            yield f"{indent}  (fffe,e000) na (Item with undefined length #={len(item)})"
            yield from _formatted(item, depth + 2, value_of)
            yield f"{indent}  (fffe,e00d) na (ItemDelimitationItem)"
        yield f"{indent}(fffe,e0dd) na (SequenceDelimitationItem)"


def _decoded(dataset: Dataset, tag: BaseTag) -> DataElement:
    """Return an element; as bytes of an unknown VR where it cannot be decoded."""
    try:
        return dataset[tag]
    except PYDICOM_ERRORS:
        value = dataset.get_item(tag).value
        return DataElement(tag, "UN", value if isinstance(value, bytes) else b"")


def _heading(element: DataElement) -> str:
    return f"{tag_text(element.tag)} {vr_text(element)}"


def _comment(element: DataElement) -> str:
    return f"# {element.VM} {attribute_name(element.tag)}".replace("]", "")
