"""The index of a part of a recording, read; what it lacks is read from the messages themselves."""

from __future__ import annotations

import json
from array import array
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from operator import add, lt
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from pydicom.datadict import tag_for_keyword

from tdwii_gui.recording.lines import INDEX, INDEX_FILE, MESSAGES, Message
from tdwii_gui.recording.message import MessageSummary

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

_CHUNK: Final = 1000
_LONGEST_INDEX_LINE: Final = 2**16
_LONGEST_MESSAGE: Final = 2**30
_SUMMARY: Final = len(INDEX) - 2
_TEXTS: Final = (
    "at",
    "sender",
    "receiver",
    "kind",
    "sop_class_uid",
    "sop_instance_uid",
    "comment",
)
_TEXT: Final = frozenset({str})
_NUMBER: Final = frozenset({int})
_KINDS: Final = tuple(
    frozenset({int, type(None)}) if name == "status" else _TEXT if name in _TEXTS else _NUMBER
    for name in INDEX
)
_AT: Final = INDEX.index("at")
_REPEATED: Final = tuple(
    INDEX.index(name) for name in ("sender", "receiver", "kind", "sop_class_uid")
)
_SOP_CLASS: Final = ("AffectedSOPClassUID", "RequestedSOPClassUID")
_SOP_INSTANCE: Final = ("AffectedSOPInstanceUID", "RequestedSOPInstanceUID")


@dataclass(slots=True)
class PartIndex:
    """The messages of a part, and where their lines are.

    Parameters
    ----------
    offsets, lengths : array[int]
        Of the lines in ``messages.jsonl``, in bytes, without line feeds.
    unreadable : int
        How many lines were none, the one at the end that is cut short left out.
    """

    messages: list[MessageSummary] = field(default_factory=list)
    offsets: array[int] = field(default_factory=lambda: array("Q"))
    lengths: array[int] = field(default_factory=lambda: array("Q"))
    unreadable: int = 0

    @property
    def end(self) -> int:
        """Where the next line of ``messages.jsonl`` begins."""
        return self.offsets[-1] + self.lengths[-1] + 1 if self.offsets else 0


def read_part_index(folder: Path) -> PartIndex:
    """Return the index of a part.

    The last lines may be cut short, and the index may be absent or shorter than the messages are.

    Raises
    ------
    OSError
        If the messages cannot be read.
    """
    index = PartIndex()
    size = (folder / MESSAGES).stat().st_size
    share: dict[str, str] = {}
    try:
        with (folder / INDEX_FILE).open("rb") as file:
            for rows in _rows(file):
                if not _add_rows(index, rows, size, share):
                    break
    except FileNotFoundError:
        pass  # all is read from the messages
    with (folder / MESSAGES).open("rb") as file:
        _add_lines(index, file, size, share)
    return index


def _rows(file: BinaryIO) -> Iterator[list[Any]]:
    """Yield the lines of an index in chunks; the first that is none ends it."""
    while lines := list(islice(iter(lambda: file.readline(_LONGEST_INDEX_LINE), b""), _CHUNK)):
        try:
            yield json.loads(b"[" + b",".join(lines) + b"]")
        except (RecursionError, ValueError):
            yield list(_readable(lines))
            return


def _readable(lines: Iterable[bytes]) -> Iterator[Any]:
    for line in lines:
        try:
            yield json.loads(line)
        except (RecursionError, ValueError):
            return


def _add_rows(index: PartIndex, rows: list[Any], size: int, share: dict[str, str]) -> bool:
    """Add lines of an index, up to the first that is wrong; return whether all were right."""
    if _add_right_rows(index, rows, size, share):
        return True
    return len(rows) > 1 and all(_add_right_rows(index, [row], size, share) for row in rows)


def _add_right_rows(index: PartIndex, rows: list[Any], size: int, share: dict[str, str]) -> bool:
    """Add lines of an index if all of them are as they must be; by columns, which is quick."""
    if set(map(type, rows)) != {list} or set(map(len, rows)) != {len(INDEX)}:
        return False
    columns: list[Any] = list(zip(*rows, strict=True))
    if not all(map(_are_of, columns, _KINDS)):
        return False
    *fields, offsets, lengths = columns
    numbers = fields[0]
    last = index.messages[-1].number if index.messages else 0
    ends = list(map(add, offsets, lengths))
    if not _rise(last, numbers, numbers) or not _rise(index.end - 1, offsets, ends):
        return False
    if min(lengths) < 0 or ends[-1] > size:
        return False
    try:
        fields[_AT] = list(map(datetime.fromisoformat, fields[_AT]))
    except ValueError:
        return False
    if not all(at.tzinfo for at in fields[_AT]):
        return False
    for place in _REPEATED:
        # The same few words are in all lines: each is kept once.
        fields[place] = map(share.setdefault, fields[place], fields[place])
    index.messages.extend(map(MessageSummary, *fields))
    index.offsets.extend(offsets)
    index.lengths.extend(lengths)
    return True


def _are_of(column: tuple[Any, ...], kinds: frozenset[type]) -> bool:
    return kinds.issuperset(map(type, column))


def _rise(before: int, begins: Sequence[int], ends: Sequence[int]) -> bool:
    """Return whether each begin is greater than the end before it."""
    return begins[0] > before and all(map(lt, ends, begins[1:]))


def _add_lines(index: PartIndex, file: BinaryIO, size: int, share: dict[str, str]) -> None:
    """Add the messages behind the last one of the index."""
    file.seek(position := index.end)
    while line := file.readline(_LONGEST_MESSAGE):
        is_whole = line.endswith(b"\n")
        row = _row(line, position, len(line) - is_whole)
        if not _add_rows(index, [row], size, share) and is_whole:
            index.unreadable += 1
        position += len(line)


def _row(line: bytes, offset: int, length: int) -> list[Any]:
    """Return what the index would hold of a message; a row of nothing if it is none."""
    try:
        message = json.loads(line)
        command = message[Message.COMMAND] or {}
        values = {
            **message,
            "sop_class_uid": _value(command, *_SOP_CLASS) or "",
            "sop_instance_uid": _value(command, *_SOP_INSTANCE) or "",
            "status": _value(command, "Status"),
            "comment": _value(command, "ErrorComment") or "",
            "offset": offset,
            "length": length,
        }
        return [values[name] for name in INDEX]
    except (AttributeError, LookupError, RecursionError, TypeError, ValueError):
        return []


def _value(command: dict[str, Any], *keywords: str) -> Any:
    """Return the value of the first of some elements that a command set in DICOM JSON has."""
    for keyword in keywords:
        values = command.get(f"{tag_for_keyword(keyword):08X}", {}).get("Value")
        if values:
            return values[0]
    return None
