"""Recordings, read again: what the index holds of all messages, and each with its content."""

from __future__ import annotations

import json
import re
from bisect import bisect_left, bisect_right
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from pydicom.dataset import Dataset

from tdwii_gui.dicom.errors import NoRecording, StoreError
from tdwii_gui.dicom.iod.part10 import PYDICOM_ERRORS, accept_foreign_values, salvage_part10
from tdwii_gui.recording.lines import (
    ASSOCIATIONS,
    MESSAGES,
    OBJECTS,
    RECORDING,
    Association,
    Message,
)
from tdwii_gui.recording.message import (
    AssociationChange,
    AssociationEvent,
    MessageSummary,
    RecordedMessage,
)
from tdwii_gui.recording.part_index import read_part_index

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

_PART: Final = re.compile(r"[0-9]{4,9}")
_OBJECT: Final = re.compile(rf"{OBJECTS}/[0-9]{{1,18}}\.dcm")


def find_recording(folder: Path) -> Path:
    """Return a folder if it is a recording, or else the newest recording in it.

    Raises
    ------
    NoRecording
        If there is none.
    """
    try:
        if (folder / RECORDING).is_file():
            return folder
        found = [each for each in folder.iterdir() if (each / RECORDING).is_file()]
    except OSError as error:
        raise NoRecording(f"{folder} cannot be read: {error.strerror}") from error
    if not found:
        raise NoRecording(f"{folder} holds no recording: there is no {RECORDING}")
    return max(found, key=lambda each: each.name)


class Recording:
    """A recording, also one that is still being written, or was cut short.

    The messages' content is read from the files when it is asked for. All may be called from any
    thread.

    Parameters
    ----------
    folder : Path
        The one with ``recording.json``.

    Attributes
    ----------
    info : dict
        What ``recording.json`` holds, by the names of `lines.Info`.
    parts : list[Path]
        The folders with the files; the recording itself if it has no parts, as in an evidence pack.
    messages : Sequence[MessageSummary]
        Those of all parts, by number.
    problems : list[str]
        What cannot be read, in words.

    Raises
    ------
    StoreError
        If it is no recording, or cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.problems: list[str] = []
        self.info = _read_info(folder)
        self.parts = _parts(folder)
        self._first: list[int] = []
        """The place of the first message of each part."""
        messages: list[MessageSummary] = []
        self._indexes = []
        for part in self.parts:
            try:
                index = read_part_index(part)
            except OSError as error:
                raise StoreError(f"{part / MESSAGES} cannot be read: {error.strerror}") from error
            if index.unreadable:
                self.problems.append(f"{part.name}: lines that are no messages: {index.unreadable}")
            self._first.append(len(messages))
            self._indexes.append(index)
            messages += index.messages
        self.messages: Sequence[MessageSummary] = messages

    def message(self, number: int) -> RecordedMessage:
        """Return a message with its content.

        Raises
        ------
        StoreError
            If it is not there, or cannot be read.
        """
        place = bisect_left(self.messages, number, key=lambda summary: summary.number)
        if place == len(self.messages) or self.messages[place].number != number:
            raise StoreError(f"message {number} is not in the recording")
        which = bisect_right(self._first, place) - 1
        part, index = self.parts[which], self._indexes[which]
        within = place - self._first[which]
        try:
            with (part / MESSAGES).open("rb") as file:
                file.seek(index.offsets[within])
                line = file.read(index.lengths[within])
            return _message(self.messages[place], line, part, self.folder)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise StoreError(f"message {number} cannot be read: {reason}") from error
        except (AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
            raise StoreError(f"message {number} cannot be read: its line is damaged") from error

    def associations(self) -> list[AssociationEvent]:
        """Return what happened to associations besides messages, in order."""
        events: list[AssociationEvent] = []
        for part in self.parts:
            try:
                with (part / ASSOCIATIONS).open("rb") as file:
                    events += filter(None, map(_event, file))
            except FileNotFoundError:
                continue
            except OSError as error:
                file_name = part / ASSOCIATIONS
                raise StoreError(f"{file_name} cannot be read: {error.strerror}") from error
        return events


def _read_info(folder: Path) -> dict[str, Any]:
    path = folder / RECORDING
    try:
        info = json.loads(path.read_bytes())
    except OSError as error:
        raise NoRecording(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise NoRecording(f"{path} is no description of a recording") from error
    if not isinstance(info, dict):
        raise NoRecording(f"{path} is no description of a recording")
    return info


def _parts(folder: Path) -> list[Path]:
    """Return the parts in their order."""
    if (folder / MESSAGES).is_file():
        return [folder]
    try:
        found = [
            each
            for each in folder.iterdir()
            if _PART.fullmatch(each.name) and (each / MESSAGES).is_file()
        ]
    except OSError as error:
        raise StoreError(f"{folder} cannot be read: {error.strerror}") from error
    return sorted(found, key=lambda each: int(each.name))


def _message(
    summary: MessageSummary, encoded: bytes, part: Path, recording: Path
) -> RecordedMessage:
    line = json.loads(encoded)
    name, note = line[Message.OBJECT], line[Message.NOTE]
    # pydicom looks up the handler's signature for each element.
    handler = _left_out if b'"BulkDataURI"' in encoded else None
    dataset, object_file = None, ""
    if name:
        if not _OBJECT.fullmatch(name):
            raise ValueError(name)
        path = part / name
        object_file = path.relative_to(recording).as_posix()
        salvaged = salvage_part10(path.read_bytes())
        dataset, note = salvaged.dataset, note or salvaged.problem
    elif line[Message.DATASET] is not None:
        dataset = _dataset(line[Message.DATASET], handler)
    return RecordedMessage(
        summary,
        _dataset(line[Message.COMMAND] or {}, handler),
        dataset,
        str(line[Message.CONTEXT]),
        str(line[Message.TRANSFER_SYNTAX]),
        object_file,
        str(note),
    )


def _dataset(content: dict[str, Any], handler: Callable[[str, str, str], bytes] | None) -> Dataset:
    """Return a data set of the DICOM JSON Model; what was left out of it is empty."""
    accept_foreign_values()
    try:
        return Dataset.from_json(content, bulk_data_uri_handler=handler)
    except PYDICOM_ERRORS as error:
        raise ValueError("no data set in DICOM JSON") from error


def _left_out(_tag: str, _vr: str, _uri: str) -> bytes:
    return b""


def _event(line: bytes) -> AssociationEvent | None:
    """Return the event of a line; None if it is none, as the last one may be."""
    try:
        values = json.loads(line)
        at = datetime.fromisoformat(values[Association.AT])
        return AssociationEvent(
            at=at,
            association=int(values[Association.ASSOCIATION]),
            change=AssociationChange(values[Association.CHANGE]),
            calling_ae=str(values[Association.CALLING_AE]),
            called_ae=str(values[Association.CALLED_AE]),
            by_requestor=bool(values[Association.BY_REQUESTOR]),
            after=int(values[Association.AFTER]),
            detail=str(values[Association.DETAIL]),
        )
    except (LookupError, RecursionError, TypeError, ValueError):
        return None
