"""Received objects that could not be stored: each with the reason, in a folder of their own."""

from __future__ import annotations

import json
import logging
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from secrets import token_hex
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from tdwii_gui.dicom.store.instance_files import make_private

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOGGER = logging.getLogger(__name__)

MOST_OBJECTS: Final = 200
MOST_BYTES: Final = 2**30

_OBJECT: Final = ".dcm"
_NOTE: Final = ".json"
_UID_CHARACTERS: Final = 64


@dataclass(frozen=True, slots=True)
class FailedImport:
    """An object that was received and not stored.

    Parameters
    ----------
    path : Path
        The object as a DICOM file, as far as it came and could be written.
    reason : str
        Why it was not stored, in words.
    source_ae : str
        Who sent it.
    at : datetime
        When, with its time zone.
    sop_instance_uid : str
        What its C-STORE command said; it may be no UID.
    """

    path: Path
    reason: str
    source_ae: str
    at: datetime
    sop_instance_uid: str


class FailedImports:
    """The folder of them. When it holds too many, or too many bytes, the oldest are removed.

    Parameters
    ----------
    folder : Path
        Is made when the first one comes.
    """

    def __init__(
        self, folder: Path, *, most_objects: int = MOST_OBJECTS, most_bytes: int = MOST_BYTES
    ) -> None:
        self._folder = folder
        self._most_objects = most_objects
        self._most_bytes = most_bytes
        self._lock = Lock()

    def keep(
        self, temporary: Path, reason: str, source_ae: str, sop_instance_uid: str
    ) -> FailedImport | None:
        """Take over the file of an object; None if it cannot be moved, or is too large."""
        at = datetime.now(UTC)
        # The time leads, so that the names are in the order of arrival. Nothing of a peer is in
        # them.
        name = f"{at:%Y%m%dT%H%M%S.%f}-{token_hex(4)}"
        path = self._folder / f"{name}{_OBJECT}"
        failed = FailedImport(path, reason, source_ae, at, sop_instance_uid[:_UID_CHARACTERS])
        note = json.dumps(
            {
                "reason": reason,
                "source_ae": source_ae,
                "at": at.isoformat(),
                "sop_instance_uid": failed.sop_instance_uid,
            }
        )
        with self._lock:
            try:
                if temporary.stat().st_size > self._most_bytes:
                    return None
                self._folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                make_private(self._folder)
                temporary.replace(path)
                path.with_suffix(_NOTE).write_text(note, encoding="utf-8")
            except OSError as error:
                LOGGER.warning("%s: not kept: %s", self._folder, error.strerror)
                _remove(path)
                return None
            self._remove_oldest()
        return failed

    @property
    def folder(self) -> Path:
        """Where they are; it may not be there yet."""
        return self._folder

    def discard(self, failed: FailedImport) -> None:
        """Remove one, e.g. because it could be stored after all; one that is gone is no error."""
        with self._lock:
            _remove(self._folder / failed.path.name)

    def all(self) -> list[FailedImport]:
        """Return those that are kept, the oldest first."""
        with self._lock:
            return list(self._read())

    def _read(self) -> Iterator[FailedImport]:
        for path in self._objects():
            note: Any = {}
            with suppress(OSError, ValueError):
                note = json.loads(path.with_suffix(_NOTE).read_text(encoding="utf-8"))
            if not isinstance(note, dict):
                note = {}
            texts = {key: str(note.get(key, "")) for key in ("reason", "source_ae")}
            try:
                at = datetime.fromisoformat(str(note.get("at")))
            except ValueError:
                at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
            yield FailedImport(
                path, **texts, at=at, sop_instance_uid=str(note.get("sop_instance_uid", ""))
            )

    def _objects(self) -> list[Path]:
        return sorted(self._folder.glob(f"*{_OBJECT}"))

    def _remove_oldest(self) -> None:
        kept = size = 0
        for path in reversed(self._objects()):
            kept, size = kept + 1, size + path.stat().st_size
            if kept > self._most_objects or size > self._most_bytes:
                _remove(path)


def _remove(path: Path) -> None:
    for each in (path, path.with_suffix(_NOTE)):
        with suppress(OSError):
            each.unlink(missing_ok=True)
