"""A part of a recording: its files, which are written from the beginning to the end."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tdwii_gui.recording.capture import Capture
from tdwii_gui.recording.lines import (
    ASSOCIATIONS,
    CAPTURE,
    INDEX,
    INDEX_FILE,
    MESSAGES,
    OBJECTS,
    part_name,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class Part:
    """The files of a part, in a new folder.

    Attributes
    ----------
    capture : Capture
        Its packets.

    Raises
    ------
    OSError
        From all methods, if the files cannot be written.
    """

    def __init__(self, recording: Path, number: int) -> None:
        self.folder = recording / part_name(number)
        self.folder.mkdir()
        (self.folder / OBJECTS).mkdir()
        self._files = {
            name: (self.folder / name).open("xb")
            for name in (CAPTURE, MESSAGES, ASSOCIATIONS, INDEX_FILE)
        }
        self.capture = Capture(self._files[CAPTURE])
        self._lines_end = 0
        self._other_bytes = 0

    @property
    def size(self) -> int:
        """The bytes of its files."""
        return self.capture.size + self._lines_end + self._other_bytes

    def write_message(self, message: dict[str, Any], summary: Mapping[str, object]) -> None:
        """Write the lines of a message.

        Parameters
        ----------
        message : dict[str, Any]
            By the names of `lines.Message`.
        summary : Mapping[str, object]
            By the names of `INDEX`, without where the message is.
        """
        line = _encoded(message)
        place = {"offset": self._lines_end, "length": len(line)}
        index = _encoded([{**summary, **place}[name] for name in INDEX])
        self._files[MESSAGES].write(line + b"\n")
        self._files[INDEX_FILE].write(index + b"\n")
        self._lines_end += len(line) + 1
        self._other_bytes += len(index) + 1

    def write_association(self, event: Mapping[str, object]) -> None:
        """Write the line of an event of an association."""
        self._other_bytes += self._files[ASSOCIATIONS].write(_encoded(event) + b"\n")

    def write_object(self, number: int, content: tuple[bytes, bytes]) -> str:
        """Write the object of a message; return its file's name, relative to the part."""
        name = f"{OBJECTS}/{number}.dcm"
        with (self.folder / name).open("xb", buffering=0) as file:
            for each in content:
                self._other_bytes += file.write(each) or 0
        return name

    def flush(self) -> None:
        """Have all that is written in the files; the index last, it tells of the others."""
        for file in self._files.values():
            file.flush()

    def close(self) -> None:
        """Close the files."""
        for file in self._files.values():
            file.close()


def _encoded(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode("ascii")
