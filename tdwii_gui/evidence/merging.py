"""The parts of a recording as one: packets numbered through, files beside each other."""

from __future__ import annotations

import json
import shutil
from struct import Struct
from typing import TYPE_CHECKING, BinaryIO, Final

from tdwii_gui.recording import lines

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_FILE_HEADER_BYTES: Final = 24
_PACKET_HEADER: Final = Struct("<LLLL")
_CHUNK: Final = 1 << 20


def merge_parts(recording: Path, parts: Sequence[Path], target: Path) -> None:
    """Copy a recording to a folder without parts, which can be read like a recording.

    The index is left out: whoever reads the folder makes it anew.

    Parameters
    ----------
    recording : Path
        Its folder.
    parts : Sequence[Path]
        The folders of its parts, the oldest first.
    target : Path
        A folder without any of the files.

    Raises
    ------
    OSError
        If a file cannot be read or written.
    """
    shutil.copyfile(recording / lines.RECORDING, target / lines.RECORDING)
    (target / lines.OBJECTS).mkdir()
    frames = 0
    with (
        (target / lines.CAPTURE).open("wb") as capture,
        (target / lines.MESSAGES).open("wb") as messages,
        (target / lines.ASSOCIATIONS).open("wb") as associations,
    ):
        for part in parts:
            _add_messages(part / lines.MESSAGES, messages, frames)
            _add_lines(part / lines.ASSOCIATIONS, associations)
            frames += _add_packets(part / lines.CAPTURE, capture)
            for file in (part / lines.OBJECTS).glob("*.dcm"):
                shutil.copyfile(file, target / lines.OBJECTS / file.name)


def _add_lines(path: Path, target: BinaryIO) -> None:
    """Add the whole lines of a file: the last one may be cut short."""
    if not path.exists():
        return
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                target.write(line)


def _add_messages(path: Path, target: BinaryIO, frames: int) -> None:
    """Add messages, with their packets numbered through."""
    with path.open("rb") as file:
        for line in file:
            if not line.endswith(b"\n"):
                return
            target.write(_later(line, frames) if frames else line)


def _later(line: bytes, frames: int) -> bytes:
    message = json.loads(line)
    message[lines.Message.FRAME] += frames
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _add_packets(path: Path, target: BinaryIO) -> int:
    """Add the packets of a capture file, the file's header only once; return how many.

    A packet that was cut short at the end of the file is left out.
    """
    count = 0
    with path.open("rb") as file:
        header = file.read(_FILE_HEADER_BYTES)
        if not target.tell():
            target.write(header)
        while len(packet := file.read(_PACKET_HEADER.size)) == _PACKET_HEADER.size:
            content = file.read(_PACKET_HEADER.unpack(packet)[2])
            if len(content) < _PACKET_HEADER.unpack(packet)[2]:
                break
            target.write(packet + content)
            count += 1
    return count
