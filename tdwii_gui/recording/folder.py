"""The folder of a recording: parts one after the other, within bounds, and what describes them."""

from __future__ import annotations

import json
import platform
import shutil
import sys
from datetime import UTC, datetime
from importlib import metadata
from typing import TYPE_CHECKING, Any, Final

from tdwii_gui import __version__
from tdwii_gui.dicom.durable import write_temporary
from tdwii_gui.recording.lines import RECORDING, Info
from tdwii_gui.recording.part import Part

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_PACKAGES: Final = ("pydicom", "pynetdicom")
_PLAINTEXT: Final = "Connections with TLS are recorded as plaintext; associations.jsonl names them."
_PACKETS: Final = (
    "The packets are made up around the bytes of each message when it is complete; TCP checksums "
    "are left out. A new part begins with the association requests of open connections again."
)
_PSEUDONYMS: Final = (
    "Names, IDs and dates are pseudonyms of the same length; images and documents are zeros."
)


class RecordingFolder:
    """Writes parts; raises `OSError` where that fails.

    Parameters
    ----------
    folder : Path
        An empty folder.
    part_bytes, most_bytes : int
        When a new part begins, and how much all may have together; the present part and the one
        before it are always there.

    Attributes
    ----------
    part : Part
        The present part.
    messages : int
        How many messages are recorded.
    """

    def __init__(
        self,
        folder: Path,
        *,
        actors: Mapping[str, str],
        patient_data: bool,
        part_bytes: int,
        most_bytes: int,
    ) -> None:
        self._folder = folder
        self._part_bytes = part_bytes
        self._most_bytes = most_bytes
        self._older: list[Part] = []
        self._parts = 1
        self.messages = 0
        self._info: dict[str, Any] = {
            Info.FORMAT: 1,
            Info.VERSIONS: _versions(),
            Info.STARTED: _now(),
            Info.ENDED: None,
            Info.REASON: "",
            Info.ACTORS: dict(actors),
            Info.PATIENT_DATA: patient_data,
            Info.NOTES: [_PLAINTEXT, _PACKETS, *([] if patient_data else [_PSEUDONYMS])],
            Info.MESSAGES: 0,
            Info.REMOVED_PARTS: 0,
        }
        self._write_info()
        self.part = Part(folder, 1)

    @property
    def size(self) -> int:
        """The bytes of all parts that are there."""
        return self.part.size + sum(part.size for part in self._older)

    def make_room(self) -> None:
        """Begin a new part, and remove the oldest, if it is time."""
        if self.part.size < self._part_bytes:
            return
        self.part.close()
        self._older.append(self.part)
        while len(self._older) > 1 and self.size > self._most_bytes:
            shutil.rmtree(self._older.pop(0).folder)
            self._info[Info.REMOVED_PARTS] += 1
        self._parts += 1
        self.part = Part(self._folder, self._parts)
        self._write_info()

    def end(self, reason: str) -> None:
        """Close the files and say why."""
        try:
            self.part.close()
        finally:
            self._info[Info.ENDED] = _now()
            self._info[Info.REASON] = reason
            self._write_info()

    def _write_info(self) -> None:
        self._info[Info.MESSAGES] = self.messages
        text = json.dumps(self._info, indent=1).encode("ascii")
        write_temporary(self._folder, text).replace(self._folder / RECORDING)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")


def _versions() -> dict[str, str]:
    found = {
        "tdwii_gui": __version__,
        "python": platform.python_version(),
        "system": sys.platform,
    }
    for name in _PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = ""
    return found
